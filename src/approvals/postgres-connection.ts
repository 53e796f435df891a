/**
 * Connections to the PostgreSQL store: a bounded pool for statements, a second one for locks, so that work
 * under a lock never waits for a connection that another lock holds. Invariants: every wait ends (limits.ts);
 * a commit is on the server's disk before it is answered; names are found without a search path; whatever goes
 * wrong is `store-unavailable`, without values. Reconnecting is the pool's own doing.
 */
import pg from 'pg';
import { PosternError } from '../errors.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { STORE_CONNECT_MS, STORE_LOCK_CONNECTIONS, STORE_CONNECTIONS, STORE_STATEMENT_MS } from './limits.ts';

/** Settings of each connection. A role or database may have others of its own. */
const SETTINGS = `SET search_path = pg_catalog; SET statement_timeout = ${STORE_STATEMENT_MS};
  SET lock_timeout = ${STORE_STATEMENT_MS}; SET idle_in_transaction_session_timeout = ${2 * STORE_STATEMENT_MS};
  SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');`;

export class StoreConnections {
  readonly #config: pg.PoolConfig;
  readonly #pool: pg.Pool;
  readonly #locks: pg.Pool;
  readonly #mutex = new KeyedMutex();
  #problem: string | null = null;
  #closed = false;

  constructor(connection: pg.ClientConfig) {
    this.#config = {
      ...connection,
      application_name: 'postern',
      connectionTimeoutMillis: STORE_CONNECT_MS,
      query_timeout: 2 * STORE_STATEMENT_MS,
      keepAlive: true,
    };
    this.#pool = this.#open(STORE_CONNECTIONS);
    this.#locks = this.#open(STORE_LOCK_CONNECTIONS);
  }

  get problem(): string | null {
    return this.#problem;
  }

  /** @throws PosternError `store-unavailable` */
  async query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    return this.guarded(async () => (await this.#pool.query<R>(text, [...values])).rows);
  }

  /** How many rows a statement gave back, which is how many it changed. */
  async count(text: string, values: readonly unknown[]): Promise<number> {
    return (await this.query(text, values)).length;
  }

  /** Work of its own kind on one connection. @throws PosternError `store-unavailable` */
  async with<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    return this.guarded(async () => {
      const client = await this.#pool.connect();
      try {
        const result = await work(client);
        client.release();
        return result;
      } catch (error) {
        client.release(true);
        throw error;
      }
    });
  }

  /** As `Store.exclusively`. The lock goes with the connection, so a process that dies holds none. */
  exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(key, async () => {
      const client = await this.guarded(() => this.#lock(key));
      try {
        return await work();
      } finally {
        // What the lock was for is done, and waits for nothing: whoever comes next waits for the lock itself. A
        // connection that cannot say so is thrown away, and the lock with it.
        client.query('COMMIT').then(
          () => client.release(),
          () => client.release(true),
        );
      }
    });
  }

  /** A connection outside the pools, not yet connected. */
  dedicated(): pg.Client {
    const client = new pg.Client({ ...this.#config, application_name: 'postern listener' });
    client.on('error', () => undefined);
    return client;
  }

  async settle(client: pg.ClientBase): Promise<void> {
    await client.query(SETTINGS);
  }

  async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      if (this.#closed) throw new Error('it is closed');
      const result = await work();
      this.#problem = null;
      return result;
    } catch (error) {
      if (error instanceof PosternError) throw error;
      const reason = reasonOf(error);
      this.#problem = reason;
      throw new PosternError('store-unavailable', { reason });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#pool.end(), this.#locks.end()]);
  }

  async #lock(key: string): Promise<pg.PoolClient> {
    const client = await this.#locks.connect();
    try {
      // In one message: a decision and the spending that follows it each wait for this.
      const name = client.escapeLiteral(`postern ${key}`);
      await client.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
      return client;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  #open(max: number): pg.Pool {
    const onConnect = (client: pg.ClientBase): Promise<void> => this.settle(client);
    // The pool waits for what it gives back, though its types say that it gives nothing.
    const pool = new pg.Pool({ ...this.#config, max, ...({ onConnect } as object) });
    pool.on('connect', (client) => client.on('error', () => undefined));
    // A connection at rest that breaks is replaced when it is needed.
    pool.on('error', () => undefined);
    return pool;
  }
}

/** PostgreSQL's messages name constraints and relations; the values are in its details, which stay behind. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
