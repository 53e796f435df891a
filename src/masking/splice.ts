/**
 * The heart of masking: one row's fields, each an int32 length and its bytes, copied with the masked ones
 * replaced. DataRow and binary COPY tuples are both made like this.
 *
 * Invariant: a row that does not have exactly the plan's fields, or whose lengths do not end where the row
 * ends, is refused whole. A mask that throws yields NULL and counts as a failure.
 * Non-goals: framing and buffers; the caller makes room and knows where a row begins and ends.
 */
import { PosternError } from '../errors.ts';
import { masked as counted } from './counted.ts';
import { copyBytes, int32At, putInt32 } from './bytes.ts';
import { growsWithLength, growthOf, writerOf } from './functions.ts';
import { MASK_GROWTH_BYTES } from './limits.ts';
import type { MaskWriter } from './functions/writer.ts';
import type { RowPlan } from './plan.ts';

export class FieldSplicer {
  readonly fieldCount: number;
  /** Fields sent as NULL because their mask threw. */
  failures = 0;
  readonly #plan: RowPlan;
  /** Of the masked fields, ascending. */
  readonly indexes: Int32Array;
  /** Length and bytes, ready to copy; null where a writer is needed. */
  readonly #constants: readonly (Buffer | null)[];
  readonly #writers: readonly (MaskWriter | null)[];

  /** By how much any row may grow; −1 where that depends on its length. */
  readonly #fixedGrowth: number;

  constructor(plan: RowPlan, key: Uint8Array) {
    this.fieldCount = plan.fields.length;
    this.#plan = plan;
    this.indexes = Int32Array.from(plan.masked, (field) => field.index);
    this.#fixedGrowth = plan.masked.some(({ mask }) => growsWithLength(mask))
      ? -1
      : plan.masked.length * MASK_GROWTH_BYTES;
    this.#writers = plan.masked.map((field) => writerOf(field.mask, key));
    this.#constants = plan.masked.map(({ mask }) => {
      if (mask.kind === 'constant') return framed(mask.bytes);
      return mask.kind === 'null' ? Buffer.from([0xff, 0xff, 0xff, 0xff]) : null;
    });
  }

  /** By how much a row of so many bytes may grow, at most. */
  growthFor(rowBytes: number): number {
    if (this.#fixedGrowth >= 0) return this.#fixedGrowth;
    const { masked } = this.#plan;
    let growth = 0;
    for (let i = 0; i < masked.length; i++) growth += growthOf(masked[i]!.mask, rowBytes);
    return growth;
  }

  /**
   * Copies the row `src[start, end)`, which begins with its int16 field count, to `out[at…]`, where there
   * must be room for its length plus `growthFor` it. Returns the offset after it; throws `masking-failed`.
   */
  splice(src: Buffer, start: number, end: number, out: Buffer, at: number): number {
    const count = this.fieldCount;
    if (end - start < 2) malformed('a row ends before its fields');
    this.checkCount(src, start);
    const { indexes } = this;
    let to = at;
    let from = start + 2;
    let runStart = start;
    let place = 0;
    let next = indexes[0]!;
    for (let index = 0; index < count; index++) {
      if (from + 4 > end) malformed('a row ends before its last field');
      const length = int32At(src, from);
      const value = from + 4;
      from = length > 0 ? value + length : value;
      if (from > end || length < -1) malformed('a field is longer than its row');
      if (index !== next) continue;
      if (length >= 0) {
        to = copyBytes(src, runStart, value - 4, out, to);
        const constant = this.#constants[place]!;
        to =
          constant !== null
            ? copyBytes(constant, 0, constant.length, out, to)
            : this.#write(this.#writers[place]!, src, value, from, out, to);
        runStart = from;
      }
      place++;
      next = place < indexes.length ? indexes[place]! : -1;
    }
    counted.values += place;
    if (from !== end) malformed('a row goes on after its last field');
    return copyBytes(src, runStart, end, out, to);
  }

  /** Refuses a row whose int16 field count, at `at`, is not the plan's. */
  checkCount(src: Buffer, at: number): void {
    if (((src[at]! << 8) | src[at + 1]!) !== this.fieldCount)
      malformed('a row has another number of fields than its description');
  }

  /** Bytes that the masked values of one row may have, if none of them is longer than `valueBytes`. */
  roomFor(valueBytes: number): number {
    const { masked } = this.#plan;
    return masked.reduce((sum, { mask }) => sum + valueBytes + growthOf(mask, valueBytes), 0);
  }

  /**
   * Writes what stands in place of the value `src[start, end)` of the masked field number `place`.
   * @returns its length; −1 for NULL
   */
  maskInto(place: number, src: Buffer, start: number, end: number, out: Buffer, at: number): number {
    const constant = this.#constants[place]!;
    if (constant === null) return this.#run(this.#writers[place]!, src, start, end, out, at);
    if (constant[0] === 0xff) return -1;
    return copyBytes(constant, 4, constant.length, out, at) - at;
  }

  #run(writer: MaskWriter, src: Buffer, start: number, end: number, out: Buffer, at: number): number {
    try {
      return writer(src, start, end, out, at);
    } catch {
      this.failures++;
      return -1;
    }
  }

  #write(writer: MaskWriter, src: Buffer, start: number, end: number, out: Buffer, at: number): number {
    const written = this.#run(writer, src, start, end, out, at + 4);
    putInt32(out, at, written);
    return written < 0 ? at + 4 : at + 4 + written;
  }
}

function framed(bytes: Buffer): Buffer {
  const field = Buffer.alloc(4 + bytes.length);
  putInt32(field, 0, bytes.length);
  bytes.copy(field, 4);
  return field;
}

export function malformed(reason: string): never {
  throw new PosternError('masking-failed', { reason });
}
