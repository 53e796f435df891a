/**
 * Deliveries of one channel: tried until they arrive, in order for each key, a few at a time. Invariants: who
 * pushes never waits and never fails; the queue is bounded, and what does not fit or does not arrive is
 * counted and told. Non-goal: surviving the process; what is queued when it dies is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyedMutex } from '../approvals/keyed-mutex.ts';
import {
  CLOSE_GRACE_MS,
  MAX_ATTEMPTS,
  MAX_IN_FLIGHT,
  MAX_QUEUED,
  MAX_RETRY_AFTER_MS,
  RETRY_BASE_MS,
  RETRY_MAX_MS,
} from './limits.ts';

/** How one attempt went. */
export type Attempt =
  | { readonly kind: 'delivered' }
  /** There was nothing to send after all. */
  | { readonly kind: 'skipped' }
  /** Worth another attempt, not before `afterMs` where the service said so. */
  | { readonly kind: 'retry'; readonly why: string; readonly afterMs: number | null }
  | { readonly kind: 'rejected'; readonly why: string };

export type Counts = {
  readonly delivered: number;
  /** Given up, or dropped because the queue was full. */
  readonly failed: number;
  readonly retried: number;
  readonly waiting: number;
};

/** Shorter waits, for tests. */
export type RetryTimes = { readonly baseMs: number; readonly attempts: number };

export type OutboxOptions = {
  /** Told of each delivery that will not arrive. Must not throw. */
  readonly onFailure: (what: string, why: string) => void;
  readonly times?: RetryTimes;
};

export class Outbox {
  readonly #onFailure: (what: string, why: string) => void;
  readonly #times: RetryTimes;
  readonly #mutex = new KeyedMutex();
  readonly #stop = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  readonly #turns: (() => void)[] = [];
  #inFlight = 0;
  #closed = false;
  #delivered = 0;
  #failed = 0;
  #retried = 0;

  constructor({ onFailure, times }: OutboxOptions) {
    this.#onFailure = onFailure;
    this.#times = times ?? { baseMs: RETRY_BASE_MS, attempts: MAX_ATTEMPTS };
  }

  get counts(): Counts {
    const { size: waiting } = this.#pending;
    return { delivered: this.#delivered, failed: this.#failed, retried: this.#retried, waiting };
  }

  /** @param what names the delivery in the log @param attempt may reject; that counts as worth another attempt */
  push(key: string, what: string, attempt: () => Promise<Attempt>): void {
    if (this.#closed) return this.#fail(what, 'Postern is shutting down');
    if (this.#pending.size >= MAX_QUEUED) return this.#fail(what, `${MAX_QUEUED} deliveries are waiting`);
    const done: Promise<void> = this.#mutex
      .run(key, () => this.#deliver(what, attempt))
      .finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  /** Takes nothing more, gives what is under way a moment, and drops the rest. */
  async close(): Promise<void> {
    this.#closed = true;
    const timer = setTimeout(() => this.#stop.abort(), CLOSE_GRACE_MS);
    await Promise.all(this.#pending);
    clearTimeout(timer);
  }

  async #deliver(what: string, attempt: () => Promise<Attempt>): Promise<void> {
    for (let count = 1; ; count += 1) {
      const went = await this.#inTurn(attempt);
      if (went.kind === 'skipped') return;
      if (went.kind === 'delivered') {
        this.#delivered += 1;
        return;
      }
      const { why } = went;
      if (went.kind === 'rejected' || count >= this.#times.attempts) return this.#fail(what, why);
      const delayMs = this.#delayMs(count, went.afterMs);
      if (delayMs === null) return this.#fail(what, `${why}, and it asks to wait too long`);
      this.#retried += 1;
      const rested = await sleep(delayMs, true, { signal: this.#stop.signal, ref: false }).catch(() => false);
      if (!rested) return this.#fail(what, `${why}, and Postern is shutting down`);
    }
  }

  async #inTurn(attempt: () => Promise<Attempt>): Promise<Attempt> {
    if (this.#stop.signal.aborted) return { kind: 'rejected', why: 'Postern is shutting down' };
    if (this.#inFlight >= MAX_IN_FLIGHT) await new Promise<void>((resolve) => this.#turns.push(resolve));
    else this.#inFlight += 1;
    try {
      return await attempt();
    } catch {
      return { kind: 'retry', why: 'something went wrong inside Postern', afterMs: null };
    } finally {
      // The place goes to the next in line, or is given back.
      const next = this.#turns.shift();
      if (next === undefined) this.#inFlight -= 1;
      else next();
    }
  }

  /** Exponential, with up to half of it taken off at random, so that many senders do not come back at once. */
  #delayMs(count: number, afterMs: number | null): number | null {
    if (afterMs !== null && afterMs > MAX_RETRY_AFTER_MS) return null;
    const full = Math.min(this.#times.baseMs * 2 ** (count - 1), RETRY_MAX_MS);
    return Math.max(afterMs ?? 0, full * (0.5 + Math.random() / 2));
  }

  #fail(what: string, why: string): void {
    this.#failed += 1;
    this.#onFailure(what, why);
  }
}
