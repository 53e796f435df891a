/**
 * How requests end otherwise than by a decision: their time is over, they are withdrawn, or trail and store
 * parted ways. Invariants: an ending is in the trail, then in the store, and only then told; one that could
 * not be recorded is dead at once here, and its end is written when both work again. Not here: whose
 * requests an instance has to look after besides its own (`sweep.ts`).
 */
import { PosternError } from '../errors.ts';
import type { Trail } from '../audit/event.ts';
import { MAX_TIMER_MS, RETRY_MS } from './limits.ts';
import type { Request } from './request.ts';
import type { Store } from './store.ts';
import { endingOf } from './transitions.ts';

export type Ending = { readonly why: 'expired' | 'withdrawn'; readonly reason: string };

export type EndingsOptions = {
  readonly store: Store;
  readonly trail: Trail;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  /** After a durable ending. */
  readonly ended: (id: string) => Promise<unknown>;
  /** It could not be recorded; who waits must not wait on. */
  readonly died: (id: string, error: unknown) => void;
};

/** What orders the steps of one request, at all instances. */
export function stepsOf(id: string): string {
  return `request ${id}`;
}

/** What orders who asks for one agent, at all instances. */
export function askingOf(agent: string): string {
  return `agent ${agent}`;
}

/** What the store's guard did not let is no step. @throws PosternError `store-unavailable` */
export function checkChanged(id: string, changed: boolean): void {
  if (!changed) throw new PosternError('store-unavailable', { reason: `request ${id} changed underneath` });
}

export class Endings {
  readonly #options: EndingsOptions;
  /** When each open request that was asked here ends, in ms since the epoch. */
  readonly #deadlines = new Map<string, number>();
  /** Requests that are dead already, but whose end is not yet in trail and store. */
  readonly #dying = new Map<string, Ending>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: EndingsOptions) {
    this.#options = options;
  }

  watch(request: Request): void {
    this.#deadlines.set(request.id, Date.parse(request.expiresAt));
    this.#arm();
  }

  /** It is final. */
  forget(id: string): void {
    this.#deadlines.delete(id);
  }

  /** How it is ending, if it cannot be recorded yet. */
  dying(id: string): Ending | undefined {
    return this.#dying.get(id);
  }

  isOver(request: Request): boolean {
    return this.#options.now().getTime() >= Date.parse(request.expiresAt);
  }

  /** It is over or dying, whatever the store says of it yet. */
  isGone(request: Request): boolean {
    return this.isOver(request) || this.#dying.has(request.id);
  }

  async end(id: string, ending: Ending): Promise<void> {
    try {
      await this.#options.store.exclusively(stepsOf(id), () => this.endNow(id, ending));
    } catch (error) {
      this.letDie(id, ending, error);
      throw error;
    }
  }

  /** Only from within the request's steps. Whoever calls it lets the request die if it fails. */
  async endNow(id: string, ending: Ending): Promise<void> {
    const { store, trail, ended } = this.#options;
    const { requests } = store;
    const state = (await requests.find(id))?.request.state;
    const to = state === undefined ? null : endingOf(state, ending.why);
    if (state !== undefined && to !== null) {
      const { why, reason } = ending;
      await trail.record(
        why === 'expired'
          ? { kind: 'request_expired', request_id: id }
          : { kind: 'request_withdrawn', request_id: id, reason },
      );
      checkChanged(id, await requests.move(id, state, to, reason));
    }
    this.#dying.delete(id);
    this.#deadlines.delete(id);
    if (to !== null) await ended(id);
  }

  /** Nobody may decide or spend it from here on; its end is written when trail and store work again. */
  letDie(id: string, ending: Ending, error: unknown): void {
    this.#dying.set(id, ending);
    this.#deadlines.delete(id);
    this.#options.died(id, error);
    this.#arm();
  }

  /** Ends what is over, and tries again what could not be recorded. */
  async expireDue(): Promise<void> {
    const now = this.#options.now().getTime();
    const due = [...this.#deadlines].filter(([, deadline]) => deadline <= now).map(([id]) => id);
    const ends = [...this.#dying, ...due.map((id): [string, Ending] => [id, { why: 'expired', reason: '' }])];
    await Promise.all(ends.map(([id, ending]) => this.end(id, ending).catch(this.#options.onError)));
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** One timer for the earliest end. It keeps no process alive: others end what a process left. */
  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#closed) return;
    const retryInMs = this.#dying.size > 0 ? RETRY_MS : Infinity;
    const earliest = Math.min(...this.#deadlines.values()) - this.#options.now().getTime();
    const delayMs = Math.min(retryInMs, earliest);
    if (delayMs === Infinity) return;
    const again = (): void => void this.expireDue();
    this.#timer = setTimeout(again, Math.max(1, Math.min(delayMs, MAX_TIMER_MS))).unref();
  }
}
