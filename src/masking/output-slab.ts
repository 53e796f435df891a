import { SLAB_MAX_BYTES, SLAB_MIN_BYTES } from './limits.ts';

/**
 * The output of a rewriter: bytes are appended to a slab and taken as a view of it. A slab's bytes are never
 * written twice, so what was taken may stay in a socket's queue for as long as it likes; a full slab is left
 * to the collector and a new one, sized after recent use, takes its place.
 */
export class OutputSlab {
  /** The slab to write into, from `at`, after `reserve`. */
  buffer: Buffer = Buffer.alloc(0);
  /** The end of what has been written. */
  at = 0;
  #start = 0;
  #slabBytes = SLAB_MIN_BYTES;

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.at - this.#start;
  }

  /** Makes room for `bytes` more after `at`. */
  reserve(bytes: number): void {
    if (this.buffer.length - this.at < bytes) this.#grow(bytes);
  }

  /** What was written since the last time, and is the caller's from now on. */
  take(): Buffer {
    const taken = this.buffer.subarray(this.#start, this.at);
    const wanted = Math.min(Math.max(taken.length * 4, SLAB_MIN_BYTES), SLAB_MAX_BYTES);
    this.#slabBytes = wanted > this.#slabBytes ? wanted : (this.#slabBytes + wanted) >>> 1;
    this.#start = this.at;
    return taken;
  }

  /** Forgets what was written since the last `take`. */
  reset(): void {
    this.at = this.#start;
  }

  #grow(bytes: number): void {
    const pending = this.length;
    const next = Buffer.allocUnsafeSlow(Math.max(this.#slabBytes, pending * 2 + bytes));
    this.buffer.copy(next, 0, this.#start, this.at);
    this.buffer = next;
    this.#start = 0;
    this.at = pending;
  }
}
