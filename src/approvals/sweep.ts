/**
 * What every instance looks for from time to time, for all of them: requests whose instance is dead, whose
 * time is over or that are to be escalated, answers that nobody told, and what is old enough to go. Each is
 * one guarded step, so it does not matter how many look, nor whether one dies in the middle.
 */
import { PRUNE_MS, SWEEP_BATCH } from './limits.ts';
import type { Ending, Endings } from './endings.ts';
import type { RequestStore } from './store.ts';

export type SweepOptions = {
  readonly requests: RequestStore;
  readonly endings: Endings;
  readonly now: () => Date;
  readonly everyMs: number;
  /** How long finished requests are kept. */
  readonly keepMs: number;
  readonly onError: (error: unknown) => void;
  /** Ids that sessions here wait for. */
  readonly waiting: () => readonly string[];
  readonly look: (id: string) => Promise<void>;
  readonly escalate: (id: string) => Promise<unknown>;
};

const ORPHANED: Ending = { why: 'withdrawn', reason: 'the Postern that held it has stopped' };
const OVER: Ending = { why: 'expired', reason: '' };

export class Sweep {
  readonly #options: SweepOptions;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #prunedAtMs = -Infinity;
  #closed = false;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Sweeps now and from now on. */
  start(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => void this.run().finally(() => this.start()),
      this.#options.everyMs,
    ).unref();
  }

  /** One at a time; never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#sweep()
      .catch(this.#options.onError)
      .finally(() => (this.#running = null));
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { requests, endings, now, look, escalate } = this.#options;
    await this.#each(await requests.listOrphans(SWEEP_BATCH), (id) => endings.end(id, ORPHANED));
    await this.#each(await requests.listDue(now().getTime(), SWEEP_BATCH), (id) => endings.end(id, OVER));
    await this.#each(await requests.listEscalating(now().getTime(), SWEEP_BATCH), escalate);
    const waiting = this.#options.waiting();
    if (waiting.length > 0) await this.#each(await requests.listSettled(waiting), look);
    await this.#prune();
  }

  async #each(ids: readonly string[], step: (id: string) => Promise<unknown>): Promise<void> {
    for (const id of ids) {
      if (this.#closed) return;
      await step(id).catch(this.#options.onError);
    }
  }

  /** Batch by batch, with everybody else's turn between. */
  async #prune(): Promise<void> {
    const { requests, now, keepMs } = this.#options;
    const nowMs = now().getTime();
    if (nowMs - this.#prunedAtMs < PRUNE_MS) return;
    this.#prunedAtMs = nowMs;
    while (!this.#closed && (await requests.prune(nowMs - keepMs, SWEEP_BATCH)) === SWEEP_BATCH);
  }
}
