/**
 * DataRow frames rewritten under a plan, into one output per chunk: the hot path of a masked result.
 *
 * Invariant: no byte of a masked value gets into the output, and rows and messages keep their order. Nothing
 * is allocated per row or field, but by masks that must compute (hash).
 * Non-goals: finding frames, deciding what is a row, back-pressure. A whole frame must be there, since a
 * row's new length stands before its fields: the caller bounds how large a frame it will hold.
 */
import { PosternError } from '../errors.ts';
import { copyBytes, int32At, putInt32 } from './bytes.ts';
import { InPlace } from './in-place.ts';
import { OutputSlab } from './output-slab.ts';
import type { RowPlan } from './plan.ts';
import { FieldSplicer } from './splice.ts';

const DATA_ROW = 0x44; // 'D'
const HEADER_BYTES = 5; // type byte and int32 length

export class RowRewriter {
  readonly plan: RowPlan;
  readonly #splicer: FieldSplicer;
  readonly #slab: OutputSlab;
  #inPlace: InPlace | null = null;

  /** `key`: 32 bytes for the hashes. `slab` may be shared by a session's rewriters, one at a time. */
  constructor(plan: RowPlan, key: Uint8Array, slab: OutputSlab = new OutputSlab()) {
    this.plan = plan;
    this.#splicer = new FieldSplicer(plan, key);
    this.#slab = slab;
  }

  /** Fields sent as NULL because their mask threw: worth a word in the log. */
  get failures(): number {
    return this.#splicer.failures;
  }

  /** Bytes waiting to be taken. */
  get length(): number {
    return this.#slab.length;
  }

  /** Starts a chunk; output that was never taken is dropped. */
  begin(): void {
    this.#slab.reset();
  }

  /** Appends the DataRow `buf[start, end)`, type byte included, masked; or throws `masking-failed`. */
  rewrite(buf: Buffer, start: number, end: number): void {
    if (
      end - start < HEADER_BYTES ||
      buf[start] !== DATA_ROW ||
      int32At(buf, start + 1) !== end - start - 1
    ) {
      throw new PosternError('masking-failed', { reason: 'a frame is not one whole DataRow' });
    }
    const slab = this.#slab;
    slab.reserve(end - start + this.#splicer.growthFor(end - start));
    const out = slab.buffer;
    const at = slab.at;
    const to = this.#splicer.splice(buf, start + HEADER_BYTES, end, out, at + HEADER_BYTES);
    out[at] = DATA_ROW;
    putInt32(out, at + 1, to - at - 1);
    slab.at = to;
  }

  /** Appends the DataRows that fill `buf[start, end)`, masked. Throws `masking-failed` at the first that is none. */
  rewriteRun(buf: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const next = at + HEADER_BYTES <= end ? at + 1 + int32At(buf, at + 1) : end;
      if (next <= at || next > end)
        throw new PosternError('masking-failed', { reason: 'a run of rows is broken' });
      this.rewrite(buf, at, next);
      at = next;
    }
  }

  /**
   * Masks the DataRows that fill `buf[start, end)` where they lie, as far as they fit: nobody else may read `buf`.
   * @returns where the masked rows end, and where the first row begins that has to be rewritten elsewhere
   */
  inPlace(buf: Buffer, start: number, end: number): { readonly to: number; readonly next: number } {
    this.#inPlace ??= new InPlace(this.#splicer);
    this.#inPlace.rewrite(buf, start, end);
    return this.#inPlace;
  }

  /**
   * Starts a chunk with the DataRows that fill `buf[start, end)`, masked: where they lie as far as they fit, the
   * rest in the output. Nobody else may read `buf`.
   * @returns where the rows end that were masked where they lie
   */
  maskRun(buf: Buffer, start: number, end: number): number {
    const { to, next } = this.inPlace(buf, start, end);
    this.begin();
    if (next < end) this.rewriteRun(buf, next, end);
    return to;
  }

  /** Appends `buf[start, end)` as it is: for messages between rows. */
  append(buf: Buffer, start: number, end: number): void {
    const slab = this.#slab;
    slab.reserve(end - start);
    slab.at = copyBytes(buf, start, end, slab.buffer, slab.at);
  }

  /** The output so far. It is the caller's to keep: no later call writes into it. */
  take(): Buffer {
    return this.#slab.take();
  }
}
