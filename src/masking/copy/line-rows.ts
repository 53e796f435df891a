/**
 * Rows of the two line formats put together again: fields that pass are copied as they came, masked ones
 * get a new value in the format's own writing.
 *
 * Invariant: what a masked field's writing looks like follows from its masked value alone. The agent chooses
 * delimiter, quote and NULL text, so that "it had to be quoted" would otherwise say what the value holds.
 * Non-goals: finding where fields end (text.ts, csv.ts).
 */
import type { CopyOptions } from '../../sql/statement.ts';
import { copyBytes } from '../bytes.ts';
import { growthOf, safeDefault, writerOf } from '../functions.ts';
import type { FieldMask } from '../functions.ts';
import type { MaskWriter } from '../functions/writer.ts';
import { OutputSlab } from '../output-slab.ts';
import type { RowPlan } from '../plan.ts';
import { masked as counted } from '../counted.ts';
import { malformed } from './masker.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** How a format reads and writes one value. */
export type LineFormat = {
  /** Whether the raw field stands for NULL and for nothing else. */
  isNull(src: Buffer, start: number, end: number): boolean;
  /** The value that the raw field stands for; throws `masking-failed`. */
  decode(src: Buffer, start: number, end: number): Buffer;
  /** The raw field for a value; null is SQL NULL. `index` is the field's. */
  encode(value: Buffer | null, index: number): Buffer;
};

export class LineRows {
  readonly slab = new OutputSlab();
  readonly fieldCount: number;
  /** Where field i ends, relative to the row's start; the delimiter stands there, or the newline. */
  readonly ends: Float64Array;
  failures = 0;
  readonly #plan: RowPlan;
  readonly #format: LineFormat;
  readonly #columnNames: readonly string[];
  readonly #constants: readonly (Buffer | null)[];
  readonly #writers: readonly (MaskWriter | null)[];
  #headerDue: boolean;

  constructor(
    plan: RowPlan,
    format: LineFormat,
    header: boolean,
    columnNames: readonly string[],
    key: Uint8Array,
  ) {
    this.#plan = plan;
    this.#format = format;
    this.#columnNames = columnNames;
    this.fieldCount = plan.fields.length;
    this.ends = new Float64Array(this.fieldCount);
    this.#headerDue = header;
    this.#writers = plan.masked.map((field) => writerOf(field.mask, key));
    this.#constants = plan.masked.map(({ mask, index }) => {
      if (mask.kind === 'constant') return format.encode(mask.bytes, index);
      return mask.kind === 'null' ? format.encode(null, index) : null;
    });
  }

  /** Appends the row `src[start, end)`, its newline included, whose fields end at `ends`. */
  emit(src: Buffer, start: number, end: number): void {
    if (this.#headerDue) {
      this.#headerDue = false;
      this.#checkHeader(src, start);
      this.pass(src, start, end);
      return;
    }
    let runStart = start;
    const { masked } = this.#plan;
    for (let place = 0; place < masked.length; place++) {
      const index = masked[place]!.index;
      const fieldStart = this.#fieldStart(index, start);
      const fieldEnd = start + this.ends[index]!;
      if (this.#format.isNull(src, fieldStart, fieldEnd)) continue;
      this.pass(src, runStart, fieldStart);
      const value = this.#constants[place] ?? this.#compute(place, index, src, fieldStart, fieldEnd);
      this.pass(value, 0, value.length);
      counted.values += 1;
      runStart = fieldEnd;
    }
    this.pass(src, runStart, end);
  }

  /** Appends bytes as they are. */
  pass(src: Buffer, start: number, end: number): void {
    this.slab.reserve(end - start);
    this.slab.at = copyBytes(src, start, end, this.slab.buffer, this.slab.at);
  }

  #fieldStart(index: number, rowStart: number): number {
    return index === 0 ? rowStart : rowStart + this.ends[index - 1]! + 1;
  }

  #compute(place: number, index: number, src: Buffer, start: number, end: number): Buffer {
    const value = this.#format.decode(src, start, end);
    const out = Buffer.alloc(value.length + growthOf(this.#plan.masked[place]!.mask, value.length));
    let written: number;
    try {
      written = this.#writers[place]!(value, 0, value.length, out, 0);
    } catch {
      this.failures++;
      written = -1;
    }
    return this.#format.encode(written < 0 ? null : out.subarray(0, written), index);
  }

  /** A header holds the columns' names and nothing else: names we did not plan for are other columns. */
  #checkHeader(src: Buffer, start: number): void {
    for (let index = 0; index < this.fieldCount; index++) {
      const name = this.#format.decode(src, this.#fieldStart(index, start), start + this.ends[index]!);
      const planned = this.#columnNames[index];
      // No column has an empty name: it stands for one that could not be found out, and is masked whole.
      if (planned !== '' && name.toString('utf8') !== planned) malformed('the header names other columns');
    }
  }
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
