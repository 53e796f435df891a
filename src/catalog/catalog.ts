/**
 * A database's catalog, kept fresh: after DDL that went through Postern by `refresh`, and by polling for DDL
 * that did not.
 *
 * Invariant: until a reading has succeeded the snapshot is empty, so everything is unknown and fails closed;
 * after that a failed reading leaves the last one in force and says so (`failing`). `refresh` never settles
 * with a reading that began before it was called.
 * Non-goals: following DDL inside transactions that have not committed.
 */
import pg from 'pg';
import { PosternError } from '../errors.ts';
import {
  CONTROL_CONNECT_TIMEOUT_MS,
  CONTROL_LOCK_TIMEOUT_MS,
  CONTROL_STATEMENT_TIMEOUT_MS,
  LOOK_AGAIN_MS,
} from './limits.ts';
import { areAsRead, loadSnapshot } from './load.ts';
import { emptySnapshot } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { Unread } from './unread.ts';

export type CatalogLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

export type CatalogOptions = {
  /** Host, port, user, password and TLS of the control connection; asked for at each connecting. */
  readonly connect: () => pg.ClientConfig;
  readonly database: string;
  readonly log: CatalogLog;
  /** Between the end of one reading and the next; 0 turns polling off. */
  readonly pollMs: number;
};

type ChangeListener = (snapshot: Snapshot) => void;

export class Catalog {
  /** What sessions know to be different from the snapshot. */
  readonly unread = new Unread();
  readonly #options: CatalogOptions;
  readonly #listeners = new Set<ChangeListener>();
  #snapshot: Snapshot;
  #client: pg.Client | null = null;
  #running: Promise<Snapshot> | null = null;
  #queued: Promise<Snapshot> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failing = true;
  #readAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  private constructor(options: CatalogOptions) {
    this.#options = options;
    this.#snapshot = emptySnapshot(options.database);
  }

  /** Resolves after the first attempt to read, whether it succeeded or not; polling goes on trying. */
  static async open(options: CatalogOptions): Promise<Catalog> {
    const catalog = new Catalog(options);
    await catalog.refresh().catch(() => undefined);
    return catalog;
  }

  /** The last successful reading; empty, with version 0, before the first. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** The last attempt to read failed, so the snapshot may be out of date. */
  get failing(): boolean {
    return this.#failing;
  }

  /**
   * A reading begun after this call. Calls made while one runs share the one after it. Throws
   * `upstream-unavailable` where the database can't be read; the snapshot is then unchanged.
   */
  refresh(): Promise<Snapshot> {
    if (this.#queued !== null) return this.#queued;
    if (this.#running === null) return this.#start();
    const queued = this.#running
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        this.#queued = null;
        return this.#start();
      });
    this.#queued = queued;
    return queued;
  }

  /**
   * Makes sure, as far as these relations go, that the snapshot is the catalog there is: that each has its name
   * still, and none has come by one of their names or these. Much cheaper than `refresh`, which it falls back to.
   * @throws PosternError `upstream-unavailable`
   */
  confirm(oids: readonly number[], names: readonly string[]): Promise<Snapshot> {
    if (this.#running !== null) return this.refresh();
    const running = this.#isAsRead(oids, names)
      .then((same) => (same ? this.#snapshot : this.#read()))
      .finally(() => {
        if (this.#running === running) this.#running = null;
      });
    this.#running = running;
    return running;
  }

  /**
   * Whether a name nobody knows is worth another reading: not when one has just been made, or a client that
   * keeps misspelling a table would keep the control connection busy.
   */
  mayLookAgain(): boolean {
    return performance.now() - this.#readAt >= LOOK_AGAIN_MS;
  }

  /** A reading in the background, for something the server named and the snapshot does not have. */
  refreshSoon(): void {
    if (this.mayLookAgain()) void this.refresh().catch(() => undefined);
  }

  /** Calls `listener` after each change, until the function returned is called. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends polling and the control connection. A reading under way is waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running?.catch(() => undefined);
    await this.#dropClient();
    this.#listeners.clear();
  }

  #start(): Promise<Snapshot> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const running = this.#read().finally(() => {
      if (this.#running === running) this.#running = null;
      this.#schedule();
    });
    this.#running = running;
    return running;
  }

  #schedule(): void {
    if (this.#closed || this.#options.pollMs <= 0) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh().catch(() => undefined), this.#options.pollMs);
    this.#timer.unref();
  }

  async #read(): Promise<Snapshot> {
    try {
      this.#readAt = performance.now();
      const mark = this.unread.mark;
      const loaded = await this.#load();
      if (this.#failing)
        this.#options.log.info(
          { database: this.#options.database, relations: loaded.relations.size },
          'catalog read',
        );
      this.#failing = false;
      this.#adopt(loaded);
      this.unread.readFrom(mark);
      return loaded;
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      if (!this.#closed)
        this.#options.log.warn({ database: this.#options.database, reason }, 'catalog cannot be read');
      this.#failing = true;
      throw new PosternError('upstream-unavailable', { reason: 'its catalog cannot be read' });
    }
  }

  async #isAsRead(oids: readonly number[], names: readonly string[]): Promise<boolean> {
    if (this.#client === null) return false;
    try {
      return await areAsRead(this.#client, this.#snapshot, { oids, names });
    } catch {
      return false;
    }
  }

  /** A kept connection may have died unseen, so its failure earns one more try on a fresh one. */
  async #load(): Promise<Snapshot> {
    const kept = this.#client;
    if (kept !== null) {
      try {
        return await loadSnapshot(kept, this.#options.database, this.#snapshot);
      } catch {
        void this.#dropClient();
      }
    }
    try {
      return await loadSnapshot(await this.#connect(), this.#options.database, this.#snapshot);
    } catch (error) {
      void this.#dropClient(); // not awaited: a server that hangs must not hang us
      throw error;
    }
  }

  #adopt(loaded: Snapshot): void {
    if (loaded === this.#snapshot) return;
    this.#snapshot = loaded;
    for (const listener of this.#listeners) {
      try {
        listener(loaded);
      } catch (error) {
        const reason = error instanceof Error ? error.message : 'unknown';
        this.#options.log.warn(
          { database: this.#options.database, reason },
          'a listener for catalog changes failed',
        );
      }
    }
  }

  async #connect(): Promise<pg.Client> {
    if (this.#closed) throw new Error('the catalog is closed');
    const client = new pg.Client({
      connectionTimeoutMillis: CONTROL_CONNECT_TIMEOUT_MS,
      query_timeout: CONTROL_STATEMENT_TIMEOUT_MS,
      ...this.#options.connect(),
      database: this.#options.database,
      application_name: 'postern control',
    });
    client.on('error', () => {
      if (this.#client === client) this.#client = null;
    });
    this.#client = client;
    await client.connect();
    await client.query(
      [
        "SET search_path = ''",
        `SET statement_timeout = ${CONTROL_STATEMENT_TIMEOUT_MS}`,
        `SET lock_timeout = ${CONTROL_LOCK_TIMEOUT_MS}`,
        'SET default_transaction_read_only = on',
      ].join('; '),
    );
    return client;
  }

  async #dropClient(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }
}
