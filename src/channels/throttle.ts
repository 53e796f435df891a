/** An agent that asks until somebody clicks without reading: people are told a bounded number of times. */
import { ANNOUNCE_WINDOW_MS, MAX_ANNOUNCED, MAX_THROTTLED_AGENTS } from './limits.ts';

export class Throttle {
  readonly #nowMs: () => number;
  readonly #agents = new Map<string, { since: number; count: number }>();

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** `hint` once a window, for the first request that is too many. */
  next(agent: string): 'tell' | 'hint' | 'silent' {
    const now = this.#nowMs();
    let entry = this.#agents.get(agent);
    if (entry === undefined || now - entry.since >= ANNOUNCE_WINDOW_MS) {
      this.#agents.delete(agent);
      entry = { since: now, count: 0 };
      this.#agents.set(agent, entry);
      const oldest = this.#agents.size > MAX_THROTTLED_AGENTS ? this.#agents.keys().next() : null;
      if (oldest?.done === false) this.#agents.delete(oldest.value);
    }
    entry.count += 1;
    if (entry.count <= MAX_ANNOUNCED) return 'tell';
    return entry.count === MAX_ANNOUNCED + 1 ? 'hint' : 'silent';
  }
}
