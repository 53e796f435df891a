/**
 * What the three COPY formats share: CopyData frames in, CopyData frames out, and the bytes of a row that has
 * not ended yet.
 *
 * COPY data is a stream: rows need not begin or end where messages do, though the server sends one row a
 * message today. For each message the rows that it completes are given back, in one message of their own.
 *
 * Invariants: nothing of a row gets out before the whole row was understood; what is kept of the source once `run`
 * has returned is a copy. Nothing is allocated per row but where rows and messages do not meet.
 * Non-goals: what a row is (text.ts, csv.ts, binary.ts).
 */
import { PosternError } from '../../errors.ts';
import type { CopyOptions } from '../../sql/statement.ts';
import { int32At } from '../bytes.ts';
import type { OutputSlab } from '../output-slab.ts';
import type { RowPlan } from '../plan.ts';
import { HEADER_BYTES, type RunningCopy } from './running-copy.ts';

const COPY_DATA = 0x64; // 'd'

/** What is known of a COPY before its data comes. `key`: 32 bytes for the hashes. */
export type MaskedCopy = {
  readonly options: CopyOptions;
  readonly plan: RowPlan;
  readonly columnNames: readonly string[];
  readonly key: Uint8Array;
  readonly maxRowBytes: number;
};

/**
 * One format's: finds the rows in a stretch of data and masks them on their way out. What passes is moved in long
 * stretches, over the ends of rows and messages.
 */
export type RowScanner = {
  readonly out: RunningCopy;
  /** Fields sent as NULL because their mask threw. */
  readonly failures: number;
  /**
   * Masks the rows that end in `src[start, end)`, up to which `out` has come or will come. What begins at `start`
   * is a row, or as much of it as the last call was not done with, and more.
   * @returns where the first row begins that has not ended: `out` has not come further
   * @throws PosternError `masking-failed`, `limit-exceeded`
   */
  scan(src: Buffer, start: number, end: number): number;
  /** At the end of the data, all of which was scanned. @throws PosternError `masking-failed` where it is too early */
  end(): void;
};

export class CopyMasker {
  readonly #scanner: RowScanner;
  readonly #out: RunningCopy;
  readonly #pending: PendingBytes;

  constructor(scanner: RowScanner, maxRowBytes: number) {
    this.#scanner = scanner;
    this.#out = scanner.out;
    this.#pending = new PendingBytes(maxRowBytes);
  }

  /** Fields sent as NULL because their mask threw. */
  get failures(): number {
    return this.#scanner.failures;
  }

  /** What of the last run is not where it lay; it comes behind that. */
  get rest(): OutputSlab {
    return this.#out.slab;
  }

  /**
   * Makes of the whole CopyData frames that fill `buf[start, end)` the frames to send for them, maybe none: where
   * they lie as far as they fit, and then in `rest`. Nobody else may read `buf`.
   * @returns where the frames end that stayed in `buf`
   * @throws PosternError `masking-failed`, `limit-exceeded`: the data must end here
   */
  run(buf: Buffer, start: number, end: number): number {
    const out = this.#out;
    out.begin(start);
    let at = start;
    while (at < end) {
      const next = at + HEADER_BYTES <= end ? at + 1 + int32At(buf, at + 1) : -1;
      if (next < at + HEADER_BYTES || next > end || buf[at] !== COPY_DATA) malformed('a run of it is broken');
      const head = out.placeOf(at);
      if (this.#pending.length > 0) this.#straddling(buf, at, next);
      else {
        const rest = this.#scanner.scan(buf, at + HEADER_BYTES, next);
        if (rest < next) this.#keep(buf, rest, next);
      }
      const bytes = out.placeOf(next) - head;
      if (bytes !== next - at) out.setFrame(buf, head, bytes);
      at = next;
    }
    out.copyTo(buf, end);
    return out.to;
  }

  /** At CopyDone. @throws PosternError `masking-failed` where the data stopped inside a row */
  end(): void {
    if (this.#pending.length > 0) malformed('it stops inside a row');
    this.#scanner.end();
  }

  /** The frame ends inside a row, of which nothing may get out. */
  #keep(buf: Buffer, rest: number, end: number): void {
    this.#out.copyTo(buf, rest);
    this.#pending.append(buf, rest, end);
    this.#out.from = end;
  }

  /** The frame `buf[start, end)` goes on with a row that was kept. */
  #straddling(buf: Buffer, start: number, end: number): void {
    const out = this.#out;
    const pending = this.#pending;
    out.copyTo(buf, start + HEADER_BYTES);
    out.leave();
    pending.append(buf, start + HEADER_BYTES, end);
    out.from = 0;
    const rest = this.#scanner.scan(pending.bytes, 0, pending.length);
    out.copyTo(pending.bytes, rest);
    pending.drop(rest);
    out.from = end;
  }
}

export function malformed(reason: string): never {
  throw new PosternError('masking-failed', { reason: `COPY data: ${reason}` });
}

/** Throws `limit-exceeded` where a row of so many bytes is not to be held. */
export function checkRowBytes(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes)
    throw new PosternError('limit-exceeded', { what: 'a row of COPY data', limit: `${maxBytes} bytes` });
}

const NOTHING = Buffer.alloc(0);

/** Copies of bytes kept from one message to the next: of a row at most `maxBytes`. */
class PendingBytes {
  readonly #maxBytes: number;
  /** From 0 to `length`. */
  bytes: Buffer = NOTHING;
  length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  append(src: Buffer, start: number, end: number): void {
    if (this.length === 0) checkRowBytes(end - start, this.#maxBytes);
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(length * 2);
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    src.copy(this.bytes, this.length, start, end);
    this.length = length;
  }

  /** Forgets the first so many; what is left is the beginning of one row. */
  drop(count: number): void {
    checkRowBytes(this.length - count, this.#maxBytes);
    if (count > 0) this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
    if (this.length === 0) this.bytes = NOTHING;
  }
}
