/** How many cancels may be passed on to other Posterns, by the second. */
import type { Provenance } from './cancel-keys.ts';
import { MAX_PROVEN_CANCELS, MAX_UNPROVEN_CANCELS, MAX_UNPROVEN_CANCELS_PER_ADDRESS } from './limits.ts';

const WINDOW_MS = 1000;
/** How often it is worth a line in the log that some were dropped. */
const TELL_MS = 10_000;

export class CancelLimit {
  readonly #now: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  #proven = 0;
  #unproven = 0;
  /** No more entries than there are unproven cancels. */
  readonly #byAddress = new Map<string, number>();

  /** @param now in ms, by any clock that does not go back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts one that is passed on, if it may be. */
  admits(provenance: Exclude<Provenance, 'made-up'>, address: string): boolean {
    const now = this.#now();
    if (now - this.#since >= WINDOW_MS) {
      this.#since = now;
      this.#proven = 0;
      this.#unproven = 0;
      this.#byAddress.clear();
    }
    if (provenance === 'issued') {
      if (this.#proven >= MAX_PROVEN_CANCELS) return false;
      this.#proven += 1;
      return true;
    }
    const before = this.#byAddress.get(address) ?? 0;
    if (this.#unproven >= MAX_UNPROVEN_CANCELS || before >= MAX_UNPROVEN_CANCELS_PER_ADDRESS) return false;
    this.#unproven += 1;
    this.#byAddress.set(address, before + 1);
    return true;
  }

  /** True once in a while. */
  worthTelling(): boolean {
    const now = this.#now();
    if (now - this.#toldAt < TELL_MS) return false;
    this.#toldAt = now;
    return true;
  }
}
