/**
 * The load: a process of its own that sends prebuilt messages and counts ReadyForQuery. `pg` authenticates,
 * then its socket is taken over, so that no driver's parsing is measured. One statement is in flight on each
 * connection: what is measured is how many round trips fit into a second.
 */
import type { Socket } from 'node:net';
import pg from 'pg';
import { execute, FrameCounter, prepare, query } from './messages.ts';
import { SMALL_ROWS, SMALL_SQL, WIDE_SQL, type Job, type JobResult, type WorkloadKind } from './job.ts';

const STATEMENT = 'bench';
/** Distinct texts and parameters that are sent over and over: already seen, after the first round. */
const REPEATED = 64;

class Connection {
  readonly #socket: Socket;
  readonly #counter = new FrameCounter();
  #awaited = 0;
  #done: (() => void) | null = null;
  #failed: ((error: Error) => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    for (const event of ['data', 'end', 'error', 'close']) socket.removeAllListeners(event);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', (error) => this.#failed?.(error));
    socket.on('close', () => this.#failed?.(new Error('the connection was closed')));
  }

  static async open(url: string): Promise<Connection> {
    const client = new pg.Client({ connectionString: url, application_name: 'postern-bench' });
    await client.connect();
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    const connection = new Connection(stream);
    await connection.send(prepare(STATEMENT, `${SMALL_SQL}$1`));
    return connection;
  }

  get rows(): number {
    return this.#counter.rows;
  }

  #received(chunk: Buffer): void {
    this.#counter.push(chunk);
    if (this.#counter.errors > 0)
      this.#failed?.(new Error(`the server answered with an error: ${chunk.toString('latin1', 0, 300)}`));
    else if (this.#counter.ready >= this.#awaited) this.#done?.();
  }

  /** One statement, answered. */
  send(message: Buffer): Promise<void> {
    return new Promise((done, failed) => {
      this.start(message, done, failed);
    });
  }

  start(message: Buffer, done: () => void, failed: (error: Error) => void): void {
    this.#awaited = this.#counter.ready + 1;
    this.#done = done;
    this.#failed = failed;
    this.#socket.write(message);
  }

  /** Statements answered until the time is up. No promise a statement: callbacks only. */
  hammer(next: () => Buffer, untilMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let answered = 0;
      const again = (): void => {
        answered += 1;
        if (performance.now() >= untilMs) resolve(answered);
        else this.start(next(), again, reject);
      };
      this.start(next(), again, reject);
    });
  }
}

const pools = new Map<string, Connection[]>();
let literal = 0;

async function pool(job: Job): Promise<Connection[]> {
  const key = `${job.target}/${job.connections}`;
  const kept = pools.get(key);
  if (kept !== undefined) return kept;
  const made = await Promise.all(Array.from({ length: job.connections }, () => Connection.open(job.url)));
  pools.set(key, made);
  return made;
}

function messagesOf(workload: WorkloadKind): () => Buffer {
  const ids = Array.from({ length: REPEATED }, (_, index) => String(1 + ((index * 97) % SMALL_ROWS)));
  const prebuilt = ids.map((id) =>
    workload === 'prepared' ? execute(STATEMENT, id) : query(SMALL_SQL + id),
  );
  let turn = 0;
  if (workload === 'never-seen') {
    // A literal that was never sent before, in a process that never starts over.
    return () => query(`${SMALL_SQL}${1 + (literal % SMALL_ROWS)} and balance > -${(literal += 1)}`);
  }
  return () => prebuilt[(turn = (turn + 1) % REPEATED)] ?? Buffer.alloc(0);
}

async function run(job: Job): Promise<JobResult> {
  const connections = await pool(job);
  const cpu = process.cpuUsage();
  const rowsBefore = connections.reduce((sum, connection) => sum + connection.rows, 0);
  const start = performance.now();
  let statements = connections.length;
  if (job.workload === 'rows') {
    await Promise.all(connections.map((connection) => connection.send(query(WIDE_SQL))));
  } else {
    const counts = connections.map((connection) =>
      connection.hammer(messagesOf(job.workload), start + job.durationMs),
    );
    statements = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const rows = connections.reduce((sum, connection) => sum + connection.rows, 0) - rowsBefore;
  return { kind: 'done', statements, rows, seconds, generatorCpuSeconds: (used.user + used.system) / 1e6 };
}

process.on('message', (job: Job) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) =>
      process.send?.({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
