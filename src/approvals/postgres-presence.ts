/**
 * An instance's presence at a shared store: one connection of its own that listens for what others change, says
 * again and again that the instance lives, and learns the store's time. Invariants: whenever that connection
 * was away, followers are told of the gap, so that a lost notification hangs nobody; time is the store's,
 * carried on by a clock that nobody can set. Non-goals: deciding what to do about the dead (`service.ts`).
 */
import type pg from 'pg';
import type { StoreConnections } from './postgres-connection.ts';
import type { Place } from './postgres-requests.ts';
import type { Follower } from './store.ts';

export type PresenceOptions = {
  readonly name: string;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
};

/** Whoever may NOTIFY can send anything. */
const TOLD = /^(\S{1,64}) (?:(grant )?([0-9a-z]{4}-[0-9a-z]{4})|agent ([a-z][a-z0-9_-]{0,62}))$/;

export class Presence {
  readonly #store: StoreConnections;
  readonly #place: Place;
  readonly #options: PresenceOptions;
  readonly #followers = new Set<Follower>();
  readonly #listeners = new Set<(text: string) => void>();
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> = Promise.resolve();
  /** The store's time less `performance.now()`. */
  #offsetMs = Date.now() - performance.now();
  #problem: string | null = null;
  #closed = false;

  constructor(store: StoreConnections, place: Place, options: PresenceOptions) {
    this.#store = store;
    this.#place = place;
    this.#options = options;
  }

  get problem(): string | null {
    return this.#problem;
  }

  clock(): number {
    return Math.round(performance.now() + this.#offsetMs);
  }

  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** Told what others broadcast. */
  listen(heard: (text: string) => void): () => void {
    this.#listeners.add(heard);
    return () => void this.#listeners.delete(heard);
  }

  /** Takes the place of a former instance of the same name. @throws PosternError `store-unavailable` */
  async open(): Promise<void> {
    const { schema, instance } = this.#place;
    await this.#store.query(`DELETE FROM ${schema}.instances WHERE name = $1 AND id <> $2`, [
      this.#options.name,
      instance,
    ]);
    await this.#store.guarded(() => this.#connect());
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#beating;
    const { schema, instance } = this.#place;
    await this.#store
      .query(`DELETE FROM ${schema}.instances WHERE id = $1`, [instance])
      .catch(() => undefined);
    await this.#client?.end().catch(() => undefined);
  }

  #schedule(delayMs = this.#options.heartbeatMs): void {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#beating = this.#tick();
    }, delayMs).unref();
  }

  async #tick(): Promise<void> {
    try {
      if (this.#client === null) await this.#connect();
      else await this.#beat(this.#client);
      this.#problem = null;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      this.#drop(this.#client);
    }
    this.#schedule();
  }

  async #connect(): Promise<void> {
    const client = this.#store.dedicated();
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === this.#place.broadcasts) this.#overheard(payload);
      else this.#heard(payload);
    });
    try {
      await client.connect();
      await this.#store.settle(client);
      for (const channel of [this.#place.channel, this.#place.broadcasts])
        await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      await this.#beat(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    client.on('end', () => {
      // At once: every moment without it is one in which somebody waits in vain.
      if (this.#drop(client)) this.#schedule(0);
    });
    this.#client = client;
    for (const follower of this.#followers) follower.gap();
  }

  async #beat(client: pg.Client): Promise<void> {
    const { schema, instance } = this.#place;
    const sentAt = performance.now();
    const { rows } = await client.query<{ now: number }>(
      `INSERT INTO ${schema}.instances AS i (id, name, started_at, seen_at)
       VALUES ($1, $2, clock_timestamp(), clock_timestamp())
       ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()
       RETURNING (extract(epoch FROM seen_at) * 1000)::float8 AS now`,
      [instance, this.#options.name],
    );
    const now = rows[0]?.now;
    // The server read its clock somewhere between; the middle is the best guess.
    if (now !== undefined) this.#offsetMs = now - (sentAt + performance.now()) / 2;
    // Rows of the long dead serve nobody.
    await client.query(
      `DELETE FROM ${schema}.instances WHERE seen_at < clock_timestamp() - $1 * interval '1 millisecond'`,
      [10 * this.#options.leaseMs],
    );
  }

  /** False if it is not the one in use. */
  #drop(client: pg.Client | null): boolean {
    if (client === null || this.#client !== client) return false;
    this.#client = null;
    client.end().catch(() => undefined);
    return true;
  }

  #heard(payload: string): void {
    const [, from, grant, id, agent] = TOLD.exec(payload) ?? [];
    if (from === undefined || from === this.#place.instance) return;
    for (const follower of this.#followers)
      if (id === undefined) follower.agentDisabled?.(agent ?? '');
      else if (grant === undefined) follower.changed(id);
      else follower.grantChanged?.(id);
  }

  #overheard(payload: string): void {
    const space = payload.indexOf(' ');
    if (space < 1 || payload.slice(0, space) === this.#place.instance) return;
    for (const heard of this.#listeners) heard(payload.slice(space + 1));
  }
}
