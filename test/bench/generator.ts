/**
 * The load: a process of its own that sends prebuilt messages and counts ReadyForQuery. One message is in flight
 * on each connection (a pipelined one holds several statements): what is measured is how many round trips fit
 * into a second. Before each measurement the same load runs unmeasured for a while, so that new connections and
 * texts are known.
 */
import { Connection } from './connection.ts';
import { execute, pipeline, prepare, query, executeOnce, copyDone, copyRows } from './messages.ts';
import { PIPELINE, SMALL_ROWS, SMALL_SQL, type Job, type JobResult, type Load } from './job.ts';

const STATEMENT = 'bench';
/** Distinct texts and parameters that are sent over and over: already seen, after the first round. */
const REPEATED = 64;
/** Share of the duration that small statements run unmeasured first. */
const WARM_UP = 0.2;
/** Connections that are kept for the next job; more would only cost the server memory. */
const KEPT = 8;
const COPY_IN_PIECE_ROWS = 1000;

const pools = new Map<string, Connection[]>();
let literal = 0;

async function open({ url, tls }: Job): Promise<Connection> {
  const connection = await Connection.open(url, tls);
  await connection.send(prepare(STATEMENT, `${SMALL_SQL}$1`));
  return connection;
}

async function pool(job: Job): Promise<Connection[]> {
  const key = `${job.target}/${job.tls}`;
  const kept = pools.get(key) ?? [];
  pools.set(key, kept);
  while (kept.length < Math.min(job.connections, KEPT)) kept.push(await open(job));
  const more = await Promise.all(
    Array.from({ length: Math.max(0, job.connections - KEPT) }, () => open(job)),
  );
  return [...kept.slice(0, job.connections), ...more];
}

function messagesOf(way: Extract<Load, { kind: 'small' }>['way']): () => Buffer {
  if (way === 'never-seen') {
    // A literal that was never sent before, in a process that never starts over.
    return () => query(`${SMALL_SQL}${1 + (literal % SMALL_ROWS)} and balance > -${(literal += 1)}`);
  }
  const ids = Array.from({ length: REPEATED }, (_, index) => String(1 + ((index * 97) % SMALL_ROWS)));
  const make = {
    simple: (id: string) => query(SMALL_SQL + id),
    prepared: (id: string) => execute(STATEMENT, id),
    pipelined: (id: string) =>
      pipeline(
        STATEMENT,
        Array.from({ length: PIPELINE }, (_, i) => String(Number(id) + i)),
      ),
  }[way];
  const prebuilt = ids.map(make);
  let turn = 0;
  return () => prebuilt[(turn = (turn + 1) % REPEATED)] ?? Buffer.alloc(0);
}

async function hammer(
  connections: readonly Connection[],
  load: Extract<Load, { kind: 'small' }>,
  ms: number,
): Promise<number> {
  const until = performance.now() + ms;
  const next = messagesOf(load.way);
  const counts = await Promise.all(connections.map((connection) => connection.hammer(next, until)));
  return counts.reduce((sum, count) => sum + count, 0) * (load.way === 'pipelined' ? PIPELINE : 1);
}

async function reconnect(job: Job): Promise<number> {
  const until = performance.now() + job.durationMs;
  let count = 0;
  const one = async (): Promise<void> => {
    do {
      await (await Connection.open(job.url, job.tls)).close();
      count += 1;
    } while (performance.now() < until);
  };
  await Promise.all(Array.from({ length: job.connections }, one));
  return count;
}

/** Rolled back, so that the table does not grow from round to round. */
async function copyIn(connection: Connection, rows: number): Promise<number> {
  const piece = copyRows(COPY_IN_PIECE_ROWS);
  await connection.send(query('begin'));
  await connection.send(query('truncate sink'));
  connection.start(
    query('copy sink from stdin'),
    () => undefined,
    () => undefined,
  );
  await connection.stream(Array.from({ length: rows / COPY_IN_PIECE_ROWS - 1 }, () => piece));
  await connection.send(Buffer.concat([piece, copyDone()]));
  await connection.send(query('rollback'));
  return rows;
}

async function bulk(
  connection: Connection,
  load: Exclude<Load, { kind: 'small' | 'connect' }>,
): Promise<number> {
  if (load.kind === 'copy-in') return copyIn(connection, load.rows);
  const before = connection.rows;
  const binary = load.kind === 'rows' && load.format === 'binary';
  await connection.send(binary ? executeOnce(load.sql) : query(load.sql));
  return connection.rows - before;
}

async function run(job: Job): Promise<JobResult> {
  const { load } = job;
  const connections = load.kind === 'connect' ? [] : await pool(job);
  const [first] = connections;
  if (load.kind === 'small') await hammer(connections, load, job.durationMs * WARM_UP);
  process.send?.({ kind: 'started' });
  const cpu = process.cpuUsage();
  const start = performance.now();
  let count = 0;
  if (load.kind === 'small') count = await hammer(connections, load, job.durationMs);
  else if (load.kind === 'connect') count = await reconnect(job);
  else if (first !== undefined) count = await bulk(first, load);
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  await Promise.all(connections.slice(KEPT).map((connection) => connection.close()));
  return { kind: 'done', count, seconds, generatorCpuSeconds: (used.user + used.system) / 1e6 };
}

process.on('message', (job: Job) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) =>
      process.send?.({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
