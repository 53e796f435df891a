/**
 * The rows of a grant that one execution may show: reserved in the store, in batches, before they are shown,
 * so that all sessions of all processes together never show more than the grant has, even if some of them die.
 *
 * Invariants: a row is taken from rows that are reserved and recorded (I7); from the moment a grant ends, or
 * its time is over, nothing more can be taken. Non-goal: what a row is (`session/grant-use.ts`).
 */
import type { Trail } from '../audit/event.ts';
import { FIRST_ROW_BATCH, MAX_ROW_BATCH, MIN_ROW_BATCHES } from './limits.ts';
import type { Grant, GrantStore } from './grant.ts';

/** One execution, as the trail has it. */
export type Use = {
  readonly sessionId: string;
  readonly fingerprint: string;
  readonly relations: readonly string[];
};

export type LeaseParts = {
  readonly store: GrantStore;
  readonly trail: Trail;
  readonly now: () => number;
  /** The execution is over: settle it with the store. */
  readonly settled: (lease: Lease, shown: number, unused: number) => void;
};

export class Lease {
  readonly grant: Grant;
  readonly use: Use;
  readonly #parts: LeaseParts;
  readonly #expiresMs: number;
  #left = 0;
  #shown = 0;
  #batch: number;
  #over: string | null = null;
  #settled = false;
  #onOver: ((why: string) => void) | null = null;

  constructor(grant: Grant, use: Use, parts: LeaseParts) {
    this.grant = grant;
    this.use = use;
    this.#parts = parts;
    this.#expiresMs = Date.parse(grant.expiresAt);
    this.#batch = Math.max(1, Math.min(Math.ceil(grant.maxRows / MIN_ROW_BATCHES), FIRST_ROW_BATCH));
  }

  /** Rows that may be taken now. */
  get left(): number {
    return this.over === null ? this.#left : 0;
  }

  /** Why nothing more may be shown; null while it may. */
  get over(): string | null {
    this.look();
    return this.#over;
  }

  /** The execution is over: nothing is reserved for it any more. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Ends it if its time is over. */
  look(): void {
    if (this.#over === null && this.#parts.now() >= this.#expiresMs) this.end('its time is over');
  }

  /** Called once, when it is over before it is settled. */
  onOver(listener: (why: string) => void): void {
    this.#onOver = listener;
  }

  take(rows: number): void {
    if (rows > this.left) throw new Error('more rows were taken than were reserved');
    this.#left -= rows;
    this.#shown += rows;
  }

  /**
   * Reserves at least `wanted` more where there are as many; over where there is none.
   * @throws PosternError `trail-unavailable`, `store-unavailable`
   */
  async more(wanted = 1): Promise<void> {
    if (this.over !== null || this.#settled) return;
    const { store, trail, now } = this.#parts;
    const { id, agent, database, maxRows, columns } = this.grant;
    const rows = await store.reserve(id, Math.max(wanted, this.#batch), now());
    if (rows === 0) return this.end(`its ${maxRows} rows are used up`);
    try {
      await trail.record({
        kind: 'grant_used',
        grant_id: id,
        agent,
        database,
        session_id: this.use.sessionId,
        fingerprint: this.use.fingerprint,
        relations: this.use.relations,
        columns: columns.map((one) => one.name),
        rows,
      });
    } catch (error) {
      await store.settle(id, 0, rows).catch(() => undefined);
      throw error;
    }
    // Settled meanwhile, nobody would give these back.
    if (this.#settled) return store.settle(id, 0, rows);
    this.#left += rows;
    this.#batch = Math.min(this.#batch * 2, Math.max(1, Math.ceil(maxRows / MIN_ROW_BATCHES)), MAX_ROW_BATCH);
  }

  end(why: string): void {
    if (this.#over !== null || this.#settled) return;
    this.#over = why;
    this.#onOver?.(why);
  }

  /** The execution is over. What was reserved and not shown goes back. */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#onOver = null;
    this.#parts.settled(this, this.#shown, this.#left);
  }
}
