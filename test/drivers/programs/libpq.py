"""libpq itself, by ctypes: pipeline, single-row and chunked rows, cancel, COPY, notices; LIBPQ names the library."""
import ctypes as c
import os
import select
import threading
import time

pq = c.CDLL(os.environ.get('LIBPQ') or 'libpq.so.5')
P = c.c_void_p
for name in ('PQconnectdb', 'PQexec', 'PQexecParams', 'PQgetResult', 'PQprepare', 'PQexecPrepared', 'PQdescribePrepared',
             'PQgetCancel', 'PQnotifies', 'PQclosePrepared', 'PQcancelCreate'):
    if hasattr(pq, name):
        getattr(pq, name).restype = P
for name in ('PQgetvalue', 'PQcmdStatus', 'PQresultErrorField', 'PQerrorMessage', 'PQfname', 'PQparameterStatus'):
    getattr(pq, name).restype = c.c_char_p
MODE = os.environ['MODE']
STATUS = ['EMPTY', 'COMMAND', 'TUPLES', 'COPY_OUT', 'COPY_IN', 'BAD', 'NONFATAL', 'FATAL', 'BOTH', 'SINGLE', 'SYNC', 'ABORTED', 'CHUNK']


def show(label, r):
    r = P(r)
    status = STATUS[pq.PQresultStatus(r)]
    rows = [[None if pq.PQgetisnull(r, i, j) else c.string_at(value(r, i, j), pq.PQgetlength(r, i, j))
             for j in range(pq.PQnfields(r))] for i in range(pq.PQntuples(r))]
    names = [pq.PQfname(r, j) for j in range(pq.PQnfields(r))]
    state = pq.PQresultErrorField(r, ord('C'))
    at = pq.PQresultErrorField(r, ord('P'))
    what = f'{state} at {at} {pq.PQresultErrorField(r, ord("M"))}' if state else f'{pq.PQcmdStatus(r)} {names} {rows}'
    print(label, status, what if len(what) < 2000 else f'{len(what)} characters', flush=True)
    pq.PQclear(r)


# A prototype of its own: as c_char_p the bytes would end at the first zero.
value = c.CFUNCTYPE(P, P, c.c_int, c.c_int)(('PQgetvalue', pq))


def results(label, conn, limit=100):
    for _ in range(limit):
        r = pq.PQgetResult(conn)
        if not r:
            print(label, 'null')
            return
        status = pq.PQresultStatus(P(r))
        show(label, r)
        if status == 10:
            return


def params(values):
    return (c.c_char_p * len(values))(*values)


conn = P(pq.PQconnectdb(os.environ.get('LIBPQ_CONNINFO', '').encode()))
if pq.PQstatus(conn) != 0:
    raise SystemExit(pq.PQerrorMessage(conn).decode())
PROC = c.CFUNCTYPE(None, P, c.c_char_p)
quiet = PROC(lambda _arg, message: print('notice', message.split(b'\n')[0]) if b'Postern' not in message and b'request' not in message else None)
pq.PQsetNoticeProcessor(conn, quiet, None)


def execp(text, values=(), result_format=0):
    return pq.PQexecParams(conn, text, len(values), None, params(values), None, None, result_format)


if MODE == 'masked':
    show('simple', pq.PQexec(conn, b'select id, email from people order by id'))
    show('binary', execp(b'select id, email from people where id < $1 order by id', [b'9'], 1))
    pq.PQprepare(conn, b'p', b'select email from people where id = $1', 0, None)
    for one in (b'1', b'2'):
        show('prepared', pq.PQexecPrepared(conn, b'p', 1, params([one]), None, None, 0))
    show('held', execp(b'delete from doomed'))
    show('denied', execp(b'delete from doomed_too'))
    show('after', execp(b'select 1'))
    pq.PQenterPipelineMode(conn)
    for text in (b'select 1', b'delete from doomed', b'select email from people where id = 1'):
        pq.PQsendQueryParams(conn, text, 0, None, None, None, None, 0)
    pq.PQpipelineSync(conn)
    for _ in range(4):
        results('pipeline', conn)
    raise SystemExit(0)

show('simple', pq.PQexec(conn, b'select 1 as a, null as b, \'x\'::text as c'))
show('several', pq.PQexec(conn, b'select 1; select 2'))
show('empty', pq.PQexec(conn, b''))
show('empty extended', execp(b''))
show('binary', execp(b'select $1::int4, $2::text, now() is not null, array[1,2], 1.5::numeric', [b'7', b'h\xc3\xa9'], 1))
show('error', pq.PQexec(conn, b'select 1/0'))
show('syntax', execp(b'selec 1'))
show('position', execp(b'select nothing'))
show('prepare', pq.PQprepare(conn, b'p', b'select name from things where id = $1', 0, None))
show('describe', pq.PQdescribePrepared(conn, b'p'))
show('execute', pq.PQexecPrepared(conn, b'p', 1, params([b'2']), None, None, 0))
show('missing', pq.PQexecPrepared(conn, b'no such', 0, None, None, None, 0))
if hasattr(pq, 'PQclosePrepared'):
    show('close', pq.PQclosePrepared(conn, b'p'))
else:
    show('close', pq.PQexec(conn, b'deallocate p'))
show('closed', pq.PQexecPrepared(conn, b'p', 1, params([b'2']), None, None, 0))

# pipeline: success, an error in the middle, recovery, prepared statements, implicit transactions
pq.PQenterPipelineMode(conn)
for text in (b'select 1', b'create temp table t(i int)', b'insert into t values (1)', b'select * from t'):
    pq.PQsendQueryParams(conn, text, 0, None, None, None, None, 0)
pq.PQpipelineSync(conn)
for text in (b'insert into t values (2)', b'select 1/0', b'insert into t values (3)'):
    pq.PQsendQueryParams(conn, text, 0, None, None, None, None, 0)
pq.PQpipelineSync(conn)
pq.PQsendPrepare(conn, b'q', b'select count(*) from t where i > $1', 0, None)
pq.PQsendDescribePrepared(conn, b'q')
pq.PQsendQueryPrepared(conn, b'q', 1, params([b'0']), None, None, 0)
pq.PQsendFlushRequest(conn)
pq.PQflush(conn)
for _ in range(5):
    results('pipeline 1', conn)
for _ in range(4):
    results('pipeline 2', conn)
for _ in range(3):
    results('pipeline 3', conn)
pq.PQpipelineSync(conn)
results('pipeline 3', conn)
for i in range(300):
    pq.PQsendQueryParams(conn, b'select $1::int', 1, None, params([str(i).encode()]), None, None, 0)
    if i % 50 == 49:
        pq.PQpipelineSync(conn)
count = 0
for _ in range(306):
    r = pq.PQgetResult(conn)
    while r:
        if pq.PQresultStatus(P(r)) == 2:
            count += 1
        last = pq.PQresultStatus(P(r))
        pq.PQclear(P(r))
        r = None if last == 10 else pq.PQgetResult(conn)
print('pipelined', count, pq.PQexitPipelineMode(conn))

# rows one at a time, then in chunks
pq.PQsendQuery(conn, b'select i, repeat(\'r\', i) from generate_series(1, 5) i')
print('single', pq.PQsetSingleRowMode(conn))
results('single', conn)
pq.PQsendQuery(conn, b'select 1/(3-i) from generate_series(1, 5) i')
pq.PQsetSingleRowMode(conn)
results('single error', conn)
if hasattr(pq, 'PQsetChunkedRowsMode'):
    pq.PQsendQuery(conn, b'select i from generate_series(1, 7) i')
    print('chunked', pq.PQsetChunkedRowsMode(conn, 3))
    results('chunked', conn)

# COPY
show('copy in', pq.PQexec(conn, b'copy scratch from stdin'))
for line in (b'1\tone\n2\t', b'two\n'):
    pq.PQputCopyData(conn, line, len(line))
pq.PQputCopyEnd(conn, None)
results('copied', conn)
show('copy fails', pq.PQexec(conn, b'copy scratch from stdin'))
pq.PQputCopyEnd(conn, b'changed my mind')
results('failed', conn)
pq.PQsendQueryParams(conn, b'copy scratch from stdin', 0, None, None, None, None, 0)
results('copy in extended', conn, 1)
pq.PQputCopyData(conn, b'3\tthree\n', 8)
pq.PQputCopyEnd(conn, None)
results('copied', conn)
show('copy out', pq.PQexec(conn, b'copy (select * from scratch order by 1) to stdout (format csv)'))
buffer = c.c_void_p()
while (n := pq.PQgetCopyData(conn, c.byref(buffer), 0)) > 0:
    print('row', c.string_at(buffer, n))
    pq.PQfreemem(buffer)
results('copied out', conn)
show('cleanup', pq.PQexec(conn, b'truncate scratch'))

# LISTEN, notices, settings, cancel, transactions
show('listen', pq.PQexec(conn, b'listen news; notify news, \'extra\''))
n = pq.PQnotifies(conn)


class Notify(c.Structure):
    _fields_ = [('relname', c.c_char_p), ('be_pid', c.c_int), ('extra', c.c_char_p)]


if n:
    note = Notify.from_address(n)
    print('notified', note.relname, note.extra, note.be_pid == pq.PQbackendPID(conn) or 'another pid')
show('notice', pq.PQexec(conn, b'do $$ begin raise notice \'hello %\', 1; end $$'))
show('set', pq.PQexec(conn, b'set application_name = \'renamed\''))
print('parameter', pq.PQparameterStatus(conn, b'application_name'), pq.PQparameterStatus(conn, b'server_version'))
cancel = P(pq.PQgetCancel(conn))
error = c.create_string_buffer(256)
timer = threading.Timer(0.3, lambda: pq.PQcancel(cancel, error, 256))
timer.start()
started = time.time()
show('cancelled', pq.PQexec(conn, b'select pg_sleep(20)'))
print('in time', time.time() - started < 10)
timer.join()
if hasattr(pq, 'PQcancelCreate'):
    other = P(pq.PQcancelCreate(conn))
    pq.PQsendQuery(conn, b'select pg_sleep(20)')
    time.sleep(0.3)
    print('cancel', pq.PQcancelBlocking(other))
    results('cancelled', conn)
    pq.PQcancelFinish(other)
for text in (b'begin', b'select 1/0', b'select 1', b'commit'):
    show('transaction', pq.PQexec(conn, text))
    print('status', pq.PQtransactionStatus(conn))
show('large', execp(b'select repeat(\'x\', 5000000)'))
show('large in', execp(b'select length($1::text)', [b'y' * 4000000]))
pq.PQreset(conn)
show('reset', pq.PQexec(conn, b'select 1'))
print('non-blocking', pq.PQsetnonblocking(conn, 1), pq.PQsendQuery(conn, b'select 1'))
while pq.PQflush(conn) == 1:
    select.select([], [pq.PQsocket(conn)], [], 1)
results('non-blocking', conn)
pq.PQfinish(conn)
