/**
 * COPY's text format: fields between delimiters, rows ended by newlines, backslash escapes
 * (https://www.postgresql.org/docs/18/sql-copy.html, "Text Format").
 *
 * Invariant: a raw newline or delimiter ends a row or field, an escaped one never does. The default NULL
 * text `\N` can't be a value's writing, but a NULL text of the agent's choosing can: then a value equal to
 * it looks like NULL, which would answer a guess. So under any other NULL text no field counts as NULL and
 * masks that look at the value give way to constants.
 * Non-goals: octal and hexadecimal escapes, which COPY TO never writes; they are refused.
 */
import type { CopyOptions } from '../../sql/statement.ts';
import type { RowPlan } from '../plan.ts';
import { LineRows, oneByte, withoutComputedMasks } from './line-rows.ts';
import type { LineFormat } from './line-rows.ts';
import { malformed, PendingBytes } from './masker.ts';
import type { CopyMasker } from './masker.ts';

const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const UNAMBIGUOUS_NULL = '\\N';

/** Control characters and the letters that stand for them after a backslash. */
const ESCAPES: readonly (readonly [control: number, letter: number])[] = [
  [0x08, 0x62],
  [0x0c, 0x66],
  [NEWLINE, 0x6e],
  [0x0d, 0x72],
  [0x09, 0x74],
  [0x0b, 0x76],
  [BACKSLASH, BACKSLASH],
];

export class CopyTextMasker implements CopyMasker {
  readonly #rows: LineRows;
  readonly #delimiter: number;
  readonly #pending: PendingBytes;
  // where the unfinished row's scan stands, relative to its start
  #scanned = 0;
  #field = 0;
  #escaped = false;
  #ended = false;

  constructor(
    options: CopyOptions,
    plan: RowPlan,
    columnNames: readonly string[],
    key: Uint8Array,
    maxRowBytes: number,
  ) {
    this.#delimiter = oneByte(options, 'delimiter');
    if (this.#delimiter === BACKSLASH) malformed('its delimiter is a backslash');
    const exactNull = options.nullText === UNAMBIGUOUS_NULL;
    if (!exactNull && options.nullText.includes('\\')) malformed('its NULL text holds a backslash');
    const safePlan = exactNull ? plan : withoutComputedMasks(plan);
    const format = textFormat(this.#delimiter, options.nullText, exactNull);
    this.#rows = new LineRows(safePlan, format, options.header, columnNames, key);
    this.#pending = new PendingBytes(maxRowBytes);
  }

  get failures(): number {
    return this.#rows.failures;
  }

  push(data: Buffer): Buffer {
    if (data.length > 0 && this.#ended) malformed('it goes on after its end');
    const view = this.#pending.join(data);
    let rowStart = 0;
    let at = this.#scanned;
    for (; at < view.length; at++) {
      const byte = view[at]!;
      if (this.#escaped) {
        this.#escaped = false;
      } else if (byte === BACKSLASH) {
        this.#escaped = true;
      } else if (byte === this.#delimiter) {
        this.#endField(at - rowStart);
        this.#field++;
      } else if (byte === NEWLINE) {
        this.#endRow(view, rowStart, at);
        rowStart = at + 1;
        this.#field = 0;
        if (this.#ended && rowStart < view.length) malformed('it goes on after its end');
      }
    }
    this.#scanned = at - rowStart;
    this.#pending.keep(view, rowStart);
    return this.#rows.slab.take();
  }

  end(): Buffer {
    if (this.#pending.length > 0) malformed('it stops inside a row');
    return Buffer.alloc(0);
  }

  #endField(end: number): void {
    if (this.#field >= this.#rows.fieldCount) malformed('a row has more fields than columns');
    this.#rows.ends[this.#field] = end;
  }

  #endRow(view: Buffer, start: number, newline: number): void {
    this.#pending.check(newline + 1 - start);
    // the end marker of old protocols: a backslash that escapes nothing of a value
    if (
      newline - start === 2 &&
      view[start] === BACKSLASH &&
      view[start + 1] === DOT &&
      this.#delimiter !== DOT
    ) {
      this.#ended = true;
      this.#rows.pass(view, start, newline + 1);
      return;
    }
    this.#endField(newline - start);
    if (this.#field !== this.#rows.fieldCount - 1) malformed('a row has fewer fields than columns');
    this.#rows.emit(view, start, newline + 1);
  }
}

function textFormat(delimiter: number, nullText: string, exactNull: boolean): LineFormat {
  const nullBytes = Buffer.from(nullText, 'utf8');
  const decoded = new Map(ESCAPES.map(([control, letter]) => [letter, control]));
  const encoded = new Map(ESCAPES);
  // "\t" could be a tab or an escaped delimiter "t"; PostgreSQL refuses letters it uses as delimiters
  if (!decoded.has(delimiter)) decoded.set(delimiter, delimiter);
  if (!encoded.has(delimiter)) encoded.set(delimiter, delimiter);
  return {
    isNull: (src, start, end) =>
      exactNull &&
      end - start === nullBytes.length &&
      src.compare(nullBytes, 0, nullBytes.length, start, end) === 0,
    decode(src, start, end) {
      const value = Buffer.alloc(end - start);
      let length = 0;
      for (let at = start; at < end; at++) {
        let byte = src[at]!;
        if (byte === BACKSLASH) {
          const meant = at + 1 < end ? decoded.get(src[++at]!) : undefined;
          byte = meant ?? malformed('an escape is not one that COPY TO writes');
        }
        value[length++] = byte;
      }
      return value.subarray(0, length);
    },
    encode(value) {
      if (value === null) return nullBytes;
      const field = Buffer.alloc(value.length * 2);
      let length = 0;
      for (const byte of value) {
        const letter = encoded.get(byte);
        if (letter !== undefined) field[length++] = BACKSLASH;
        field[length++] = letter ?? byte;
      }
      return field.subarray(0, length);
    },
  };
}
