"""psycopg 3: pipeline mode, server cursors, binary, COPY, prepared statements, notifications, cancel."""
import logging
import os
import threading
import time
from datetime import datetime, timezone
from decimal import Decimal

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

MODE = os.environ['MODE']
conn = psycopg.connect('', autocommit=True)


# Whether a pipeline that failed is told of in the log depends on when it is let go of.
logging.getLogger('psycopg').setLevel(logging.CRITICAL)

def say(label, *values):
    print(label, *(repr(v) for v in values), flush=True)


def attempt(label, action):
    try:
        say(label, action())
    except psycopg.Error as error:
        d = error.diag
        say(label, type(error).__name__, error.sqlstate, *([] if MODE == 'masked' else [d.message_primary, d.statement_position, d.table_name, d.constraint_name]))


def rows(text, values=None, **options):
    return conn.execute(text, values, **options).fetchall()


if MODE == 'masked':
    say('simple', rows('select id, email from people order by id'))
    for _ in range(7):
        rows('select email from people where id = %s', [1], prepare=True)
    say('prepared', rows('select email from people where id = %s', [2], prepare=True))
    say('binary', rows('select email from people order by id', binary=True))
    with conn.transaction(), conn.cursor('named') as cursor:
        cursor.execute('select email from people order by id')
        say('cursor', cursor.fetchmany(2), cursor.fetchall())
    with conn.cursor().copy('copy people (email) to stdout (format binary)') as copy:
        say('copy', b''.join(bytes(d) for d in copy)[19:])
    attempt('held', lambda: conn.execute('delete from doomed').rowcount)
    attempt('denied', lambda: conn.execute('delete from doomed_too').rowcount)
    say('after', rows('select 1'))
    raise SystemExit(0)

say('simple', rows('select 1, null, true'))
say('several', conn.execute('select 1; select 2').nextset())
say('types', rows('select %s, %s, %s::int[], %s, %s, %s, %s', [1, 'é€', [1, 2, None], Decimal('1.50'), datetime(2020, 1, 2, tzinfo=timezone.utc), Jsonb({'a': [1]}), b'\x00\xff']))
say('binary', rows('select %b::int8, %b, %b::float8, %b::timestamptz', [1, 'x', 1.5, datetime(2020, 1, 2, tzinfo=timezone.utc)], binary=True))
say('things', conn.cursor(row_factory=dict_row).execute('select * from things order by id').fetchall())
for i in range(8):
    say('prepared', rows('select name from things where id = %s', [i], prepare=True))
attempt('syntax', lambda: rows('selec 1'))
attempt('zero', lambda: rows('select 1/%s', [0]))
attempt('unique', lambda: rows('insert into things (id) values (1)'))
with conn.transaction():
    conn.execute("insert into scratch values (1, 'one')")
    try:
        with conn.transaction():
            conn.execute("insert into scratch values (2, 'two')")
            conn.execute('select 1/0')
    except psycopg.errors.DivisionByZero:
        pass
say('savepoint', rows('select * from scratch'))
with conn.pipeline() as pipeline:
    cursors = [conn.execute('select %s::int', [i]) for i in range(20)]
    pipeline.sync()
    say('pipeline', [one.fetchone() for one in cursors])
try:
    with conn.pipeline() as pipeline:
        a = conn.execute("insert into scratch values (3, 'three')")
        b = conn.execute('select 1/0')
        d = conn.execute("insert into scratch values (4, 'four')")
        pipeline.sync()
        e = conn.execute('select 5')
        say('after sync', e.fetchone())
except psycopg.Error as error:
    say('pipeline error', error.sqlstate)
say('after pipeline', rows('select * from scratch order by 1'))
with conn.cursor() as cursor:
    cursor.executemany('insert into scratch values (%s, %s) returning a', [(i, str(i)) for i in range(10, 15)], returning=True)
    say('many', cursor.fetchall())
with conn.transaction(), conn.cursor('named', scrollable=True) as cursor:
    cursor.execute('select i from generate_series(1, 100) i')
    say('cursor', cursor.fetchmany(3))
    cursor.scroll(90, mode='absolute')
    say('cursor', cursor.fetchall())
say('stream', [r for r in conn.cursor().stream('select i from generate_series(1, 5) i')])
with conn.cursor().copy('copy scratch from stdin') as copy:
    for i in range(1000):
        copy.write_row((100 + i, f'row {i}'))
with conn.cursor().copy('copy scratch (a, b) from stdin (format binary)') as copy:
    copy.set_types(['int4', 'text'])
    copy.write_row((5000, 'binary'))
try:
    with conn.cursor().copy('copy scratch from stdin') as copy:
        copy.write('not a number\tx\n')
except psycopg.Error as error:
    say('copy error', error.sqlstate)
try:
    with conn.cursor().copy('copy scratch from stdin') as copy:
        raise ValueError('stopped')
except ValueError as error:
    say('copy stopped', str(error))
say('copied', rows('select count(*), max(a) from scratch'))
with conn.cursor().copy('copy (select * from scratch order by 1 limit 5) to stdout') as copy:
    say('copy out', list(copy.rows()))
conn.execute('truncate scratch')
conn.execute('listen news')
with psycopg.connect('', autocommit=True) as other:
    other.execute("notify news, 'hello'")
say('notified', [(n.channel, n.payload) for n in conn.notifies(timeout=3, stop_after=1)])
timer = threading.Timer(0.3, conn.cancel)
timer.start()
attempt('cancelled', lambda: rows('select pg_sleep(20)'))
timer.join()
conn.cancel_safe(timeout=5)
time.sleep(0.1)
attempt('large', lambda: len(rows('select repeat(%s, 100000)', ['abcdefghij'])[0][0]))
attempt('wide', lambda: len(rows('select ' + ','.join(f'{i} as c{i}' for i in range(1600)))[0]))
say('parameters', len(conn.execute('select ' + ','.join(['%s::int'] * 1000), list(range(1000))).fetchone()))
two = psycopg.connect('', autocommit=False)
two.execute('select 1')
say('status', two.info.transaction_status.name)
try:
    two.execute('select 1/0')
except psycopg.Error:
    say('status', two.info.transaction_status.name)
two.rollback()
two.tpc_begin('xid one')
two.execute("insert into scratch values (77, 'tpc')")
two.tpc_prepare()
two.tpc_rollback()
two.close()
say('tpc', rows('select count(*) from scratch'))
