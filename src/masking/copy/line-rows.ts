/**
 * Rows of the two line formats put together again: fields that pass are copied as they came, masked ones
 * get a new value in the format's own writing.
 *
 * Invariant: what a masked field's writing looks like follows from its masked value alone. The agent chooses
 * delimiter, quote and NULL text, so that "it had to be quoted" would otherwise say what the value holds.
 * Masks write straight into the output where there is room, and their value is then quoted or escaped if it must be.
 * Non-goals: finding where fields end (text.ts, csv.ts).
 */
import type { CopyOptions } from '../../sql/statement.ts';
import { growsWithLength, growthOf, safeDefault, writerOf } from '../functions.ts';
import type { FieldMask } from '../functions.ts';
import type { MaskWriter } from '../functions/writer.ts';
import { MASK_GROWTH_BYTES, SLAB_MAX_BYTES } from '../limits.ts';
import type { RowPlan } from '../plan.ts';
import { masked as counted } from '../counted.ts';
import { malformed } from './masker.ts';
import { RunningCopy } from './running-copy.ts';
import type { MaskedCopy } from './masker.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** What a value's writing may have beyond each of its bytes twice. */
const QUOTES = 2;

/** How a format reads and writes one value. */
export type LineFormat = {
  readonly nullText: Buffer;
  /** Whether the raw field stands for NULL and for nothing else. */
  isNull(src: Buffer, start: number, end: number): boolean;
  /** Puts the value that the raw field stands for into `value`. Throws `masking-failed`. */
  decode(src: Buffer, start: number, end: number, value: FieldValue): void;
  /**
   * Makes the value that fills `out[at, at + length)` the raw field of the plan's field `index`, where it lies. It
   * may become twice as long and two bytes more: the room must be there. Returns the field's length.
   */
  encode(out: Buffer, at: number, length: number, index: number): number;
};

const NOTHING = Buffer.alloc(0);

/** Where a field's value lies: in the source if its writing is the value itself, else in memory that is used again. */
export class FieldValue {
  src: Buffer = NOTHING;
  start = 0;
  end = 0;
  #own: Buffer = NOTHING;

  set(src: Buffer, start: number, end: number): void {
    this.src = src;
    this.start = start;
    this.end = end;
  }

  /** Room for a value of at most so many bytes. */
  room(bytes: number): Buffer {
    // A huge value must not cost its memory for the rest of the COPY.
    if (bytes > SLAB_MAX_BYTES) return Buffer.allocUnsafeSlow(bytes);
    if (bytes > this.#own.length) this.#own = Buffer.allocUnsafeSlow(bytes * 2);
    return this.#own;
  }
}

export class LineRows {
  readonly out = new RunningCopy();
  readonly fieldCount: number;
  /** Where field i ends, relative to the row's start; the delimiter stands there, or the newline. */
  readonly ends: Int32Array;
  failures = 0;
  readonly #plan: RowPlan;
  readonly #format: LineFormat;
  readonly #columnNames: readonly string[];
  /** Of the masked fields, ascending. */
  readonly #indexes: Int32Array;
  readonly #constants: readonly (Buffer | null)[];
  readonly #writers: readonly (MaskWriter | null)[];
  readonly #growsWithLength: Uint8Array;
  readonly #value = new FieldValue();
  #headerDue: boolean;

  constructor({ options, columnNames, key }: MaskedCopy, plan: RowPlan, format: LineFormat) {
    this.#plan = plan;
    this.#format = format;
    this.#columnNames = columnNames;
    this.fieldCount = plan.fields.length;
    this.ends = new Int32Array(this.fieldCount);
    this.#headerDue = options.header;
    this.#indexes = Int32Array.from(plan.masked, (field) => field.index);
    this.#writers = plan.masked.map((field) => writerOf(field.mask, key));
    this.#growsWithLength = Uint8Array.from(plan.masked, ({ mask }) => (growsWithLength(mask) ? 1 : 0));
    this.#constants = plan.masked.map(({ mask, index }) => {
      if (mask.kind === 'constant') return fieldOf(format, mask.bytes, index);
      return mask.kind === 'null' ? format.nullText : null;
    });
  }

  /**
   * Masks the row that begins at `start` and whose fields end at `ends`.
   * @param plain whether each field's writing is its value
   */
  mask(src: Buffer, start: number, plain: boolean): void {
    if (this.#headerDue) {
      this.#headerDue = false;
      return this.#checkHeader(src, start);
    }
    const indexes = this.#indexes;
    const { ends, out } = this;
    for (let place = 0; place < indexes.length; place++) {
      const index = indexes[place]!;
      const fieldStart = index === 0 ? start : start + ends[index - 1]! + 1;
      const fieldEnd = start + ends[index]!;
      if (this.#format.isNull(src, fieldStart, fieldEnd)) continue;
      out.copyTo(src, fieldStart);
      const constant = this.#constants[place]!;
      if (constant !== null) out.put(src, fieldEnd, constant, 0, constant.length);
      else this.#compute(place, index, src, fieldStart, fieldEnd, plain);
      counted.values += 1;
    }
  }

  #compute(place: number, index: number, src: Buffer, start: number, end: number, plain: boolean): void {
    const format = this.#format;
    const { out } = this;
    const { slab } = out;
    const value = this.#value;
    if (plain) value.set(src, start, end);
    else format.decode(src, start, end, value);
    const bytes = value.end - value.start;
    const { mask } = this.#plan.masked[place]!;
    const growth = this.#growsWithLength[place] === 1 ? growthOf(mask, bytes) : MASK_GROWTH_BYTES;
    const room = 2 * (bytes + growth) + QUOTES;
    const direct = out.hasRoom(room, start);
    // else the slab is where it is tried out
    if (!direct) slab.reserve(room);
    const buffer = direct ? src : slab.buffer;
    const at = direct ? out.to : slab.at;
    let written: number;
    try {
      written = this.#writers[place]!(value.src, value.start, value.end, buffer, at);
    } catch {
      this.failures++;
      written = -1;
    }
    if (written < 0) return out.put(src, end, format.nullText, 0, format.nullText.length);
    const to = at + format.encode(buffer, at, written, index);
    if (direct) out.wrote(to, end);
    else out.put(src, end, buffer, at, to);
  }

  /** A header holds the columns' names and nothing else: names we did not plan for are other columns. */
  #checkHeader(src: Buffer, start: number): void {
    const value = this.#value;
    for (let index = 0; index < this.fieldCount; index++) {
      const from = index === 0 ? start : start + this.ends[index - 1]! + 1;
      this.#format.decode(src, from, start + this.ends[index]!, value);
      const name = value.src.toString('utf8', value.start, value.end);
      const planned = this.#columnNames[index];
      // No column has an empty name: it stands for one that could not be found out, and is masked whole.
      if (planned !== '' && name !== planned) malformed('the header names other columns');
    }
  }
}

function fieldOf(format: LineFormat, value: Buffer, index: number): Buffer {
  const field = Buffer.alloc(value.length * 2 + QUOTES);
  value.copy(field);
  return field.subarray(0, format.encode(field, 0, value.length, index));
}

/** Whether `src[start, end)` is exactly these bytes. */
export function isExactly(src: Buffer, start: number, end: number, bytes: Buffer): boolean {
  if (end - start !== bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) if (src[start + i] !== bytes[i]) return false;
  return true;
}

/** A plan in which masks that look at the value have become their type's safe default. */
export function withoutComputedMasks(plan: RowPlan): RowPlan {
  const simple = (mask: FieldMask): boolean => mask.kind === 'null' || mask.kind === 'constant';
  return {
    fields: plan.fields,
    masked: plan.masked.map((field) =>
      simple(field.mask) ? field : { ...field, mask: safeDefault(plan.fields[field.index]!) },
    ),
  };
}

/**
 * PostgreSQL takes one-byte delimiters, quotes and escapes only, and a NULL text without line breaks and
 * without them. It lets a line break be a quote or escape, with which rows have no certain end: refused here.
 */
export function oneByte(options: CopyOptions, name: 'delimiter' | 'quote' | 'escape'): number {
  const bytes = Buffer.from(options[name], 'utf8');
  if (bytes.length !== 1) malformed(`its ${name} is not one byte`);
  if (bytes[0] === NEWLINE || bytes[0] === RETURN) malformed(`its ${name} is a line break`);
  if (/[\r\n]/.test(options.nullText)) malformed('its NULL text holds a line break');
  if (name !== 'escape' && options.nullText.includes(options[name]))
    malformed(`its NULL text holds the ${name}`);
  return bytes[0]!;
}
