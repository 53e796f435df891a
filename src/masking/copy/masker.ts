/**
 * What the three COPY formats share: the interface, and the bytes of a row that has not ended yet.
 *
 * COPY data is a stream: rows need not begin or end where messages do, though the server sends one row a
 * message today. A masker gives back every row that is complete, so those rows keep their messages.
 */
import { PosternError } from '../../errors.ts';

export interface CopyMasker {
  /** Fields sent as NULL because their mask threw. */
  readonly failures: number;
  /** One CopyData's payload → what to send for it, if anything. Throws `masking-failed`, `limit-exceeded`. */
  push(data: Buffer): Buffer;
  /** At CopyDone: throws `masking-failed` where the data stopped inside a row. */
  end(): Buffer;
}

export function malformed(reason: string): never {
  throw new PosternError('masking-failed', { reason: `COPY data: ${reason}` });
}

/** Bytes kept from one push to the next, never more than `maxBytes`. */
export class PendingBytes {
  readonly #maxBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** What is kept followed by `data`: `data` itself where nothing is kept. Valid until `keep`. */
  join(data: Buffer): Buffer {
    if (this.#length === 0) return data;
    this.#append(data, 0);
    return this.#buffer.subarray(0, this.#length);
  }

  /** Keeps `view[from…]`, where `view` came from `join`, and forgets the rest. */
  keep(view: Buffer, from: number): void {
    this.check(view.length - from);
    if (this.#length > 0 && view.buffer === this.#buffer.buffer) {
      if (from > 0) this.#buffer.copyWithin(0, from, this.#length);
      this.#length -= from;
      if (this.#length === 0) this.#buffer = Buffer.alloc(0);
      return;
    }
    this.#length = 0;
    if (from < view.length) this.#append(view, from);
  }

  /** Throws `limit-exceeded` where a row of so many bytes is not to be held. */
  check(bytes: number): void {
    if (bytes > this.#maxBytes) {
      throw new PosternError('limit-exceeded', {
        what: 'a row of COPY data',
        limit: `${this.#maxBytes} bytes`,
      });
    }
  }

  #append(data: Buffer, from: number): void {
    const length = this.#length + data.length - from;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(length * 2);
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    data.copy(this.#buffer, this.#length, from);
    this.#length = length;
  }
}
