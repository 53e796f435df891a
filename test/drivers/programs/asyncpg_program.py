"""asyncpg: binary everywhere, its own type introspection, cursors, COPY, executemany, cancellation by timeout."""
import asyncio
import io
import os
from datetime import datetime, timezone
from decimal import Decimal

import asyncpg

MODE = os.environ['MODE']


def say(label, *values):
    print(label, *(repr(v) for v in values), flush=True)


async def attempt(label, action):
    try:
        say(label, await action)
    except asyncpg.PostgresError as error:
        say(label, type(error).__name__, error.sqlstate, *([] if MODE == 'masked' else [str(error)]))


async def masked(conn):
    say('rows', [tuple(r) for r in await conn.fetch('select id, email from people order by id')])
    say('again', [tuple(r) for r in await conn.fetch('select id, email from people order by id')])
    async with conn.transaction():
        say('cursor', [tuple(r) async for r in conn.cursor('select email from people order by id', prefetch=2)])
    out = io.BytesIO()
    await conn.copy_from_query('select email from people order by id', output=out)
    say('copy', out.getvalue())
    await attempt('held', conn.execute('delete from doomed'))
    await attempt('denied', conn.execute('delete from doomed_too'))
    say('after', await conn.fetchval('select 1'))


async def everything(conn):
    say('types', tuple(await conn.fetchrow('select $1::int, $2::text, $3::int[], $4::numeric, $5::timestamptz, $6::jsonb, $7::bytea, $8::float8, $9::uuid is null',
        1, 'é€', [1, None, 3], Decimal('1.5'), datetime(2020, 1, 2, tzinfo=timezone.utc), '{"a": 1}', b'\x00\xff', 1.25, None)))
    say('composite', await conn.fetchval('select row(1, null, $1::text)', 'x'))
    say('domain and enum', tuple(await conn.fetchrow("select 'sad'::mood, array['sad','happy']::mood[], int4range(1, 5)")))
    say('things', [tuple(r) for r in await conn.fetch('select * from things order by id')])
    say('script', await conn.execute('select 1; select 2; create temp table u(i int); drop table u'))
    await attempt('syntax', conn.fetch('selec 1'))
    await attempt('zero', conn.fetch('select 1 / $1::int', 0))
    await attempt('unique', conn.execute('insert into things (id) values ($1)', 1))
    statement = await conn.prepare('select i, $1::text from generate_series(1, $2) i')
    say('prepared', [tuple(r) for r in await statement.fetch('x', 3)], [a.name for a in statement.get_attributes()], [p.name for p in statement.get_parameters()])
    say('again', [tuple(r) for r in await statement.fetch('y', 2)])
    async with conn.transaction():
        say('cursor', [r[0] async for r in conn.cursor('select i from generate_series(1, 25) i', prefetch=10)])
        cursor = await conn.cursor('select i from generate_series(1, 100) i')
        say('fetch', [r[0] for r in await cursor.fetch(3)], await cursor.forward(10), [r[0] for r in await cursor.fetch(2)])
    try:
        async with conn.transaction():
            await conn.execute("insert into scratch values (1, 'x')")
            try:
                async with conn.transaction():
                    await conn.fetch('select 1/0')
            except asyncpg.DivisionByZeroError:
                say('savepoint', await conn.fetchval('select count(*) from scratch'))
            raise ValueError('undo')
    except ValueError:
        say('rolled back', await conn.fetchval('select count(*) from scratch'))
    await conn.executemany('insert into scratch values ($1, $2)', [(i, str(i)) for i in range(500)])
    await attempt('many fails', conn.executemany('insert into scratch values (1/$1::int, $2)', [(1, 'a'), (0, 'b')]))
    if hasattr(conn, 'fetchmany'):
        say('fetchmany', [tuple(r) for r in await conn.fetchmany('select $1::int', [(1,), (2,)])])
    say('count', await conn.fetchval('select count(*) from scratch'))
    say('copy in', await conn.copy_records_to_table('scratch', records=[(1000 + i, 'c') for i in range(100)]))
    say('copy csv', await conn.copy_to_table('scratch', source=io.BytesIO(b'2000,csv\n'), format='csv'))
    out = io.BytesIO()
    say('copy out', await conn.copy_from_query('select a, b from scratch where a > $1 order by 1', 1097, output=out, format='csv'), out.getvalue())
    out = io.BytesIO()
    say('copy table', await conn.copy_from_table('things', columns=['id', 'name'], output=out), sorted(out.getvalue().split(b'\n')))
    await conn.execute('truncate scratch')
    got = asyncio.get_running_loop().create_future()
    await conn.add_listener('news', lambda _c, _pid, channel, payload: got.set_result((channel, payload)))
    await conn.execute("select pg_notify('news', 'hello')")
    say('notified', await asyncio.wait_for(got, 5))
    try:
        await conn.fetch('select pg_sleep(20)', timeout=0.3)
    except asyncio.TimeoutError:
        say('timed out')
    say('after cancel', await conn.fetchval('select 1'))
    logs = []
    conn.add_log_listener(lambda _c, m: logs.append(m.message))
    await conn.execute("do $$ begin raise notice 'hi'; end $$")
    await asyncio.sleep(0.05)
    say('notice', logs)
    say('large', len(await conn.fetchval("select repeat('x', 3000000)")), await conn.fetchval('select length($1::text)', 'y' * 3000000))
    await conn.reset()
    say('reset', await conn.fetchval('select 1'))
    pool = await asyncpg.create_pool(min_size=2, max_size=4)
    say('pool', sorted(await asyncio.gather(*(pool.fetchval('select $1::int', i) for i in range(20)))))
    await pool.close()


async def main():
    conn = await asyncpg.connect()
    await (masked if MODE == 'masked' else everything)(conn)
    await conn.close()


asyncio.run(main())
