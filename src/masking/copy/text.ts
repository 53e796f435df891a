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
import { isExactly, LineRows, oneByte, withoutComputedMasks } from './line-rows.ts';
import type { FieldValue, LineFormat } from './line-rows.ts';
import { checkRowBytes, malformed } from './masker.ts';
import type { MaskedCopy, RowScanner } from './masker.ts';
import type { RunningCopy } from './running-copy.ts';

const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const UNAMBIGUOUS_NULL = '\\N';
const END_MARKER = Buffer.from('\\.\n');
const DOT = 0x2e;

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

// what a byte is to the scan
const ORDINARY = 0;
const ENDS_FIELD = 1;
const ENDS_ROW = 2;
const ESCAPES_NEXT = 3;

export class CopyTextRows implements RowScanner {
  readonly out: RunningCopy;
  readonly #rows: LineRows;
  readonly #delimiter: number;
  readonly #maxRowBytes: number;
  readonly #kinds = new Uint8Array(256);
  // where the unfinished row's scan stands, relative to its start
  #scanned = 0;
  #field = 0;
  /** It has no escape so far. */
  #plain = true;
  #ended = false;

  constructor(copy: MaskedCopy) {
    const { options, plan, maxRowBytes } = copy;
    this.#delimiter = oneByte(options, 'delimiter');
    if (this.#delimiter === BACKSLASH) malformed('its delimiter is a backslash');
    const exactNull = options.nullText === UNAMBIGUOUS_NULL;
    if (!exactNull && options.nullText.includes('\\')) malformed('its NULL text holds a backslash');
    const safePlan = exactNull ? plan : withoutComputedMasks(plan);
    this.#rows = new LineRows(copy, safePlan, textFormat(this.#delimiter, options.nullText, exactNull));
    this.out = this.#rows.out;
    this.#maxRowBytes = maxRowBytes;
    this.#kinds[this.#delimiter] = ENDS_FIELD;
    this.#kinds[NEWLINE] = ENDS_ROW;
    this.#kinds[BACKSLASH] = ESCAPES_NEXT;
  }

  get failures(): number {
    return this.#rows.failures;
  }

  scan(src: Buffer, start: number, end: number): number {
    const kinds = this.#kinds;
    const { ends } = this.#rows;
    let row = start;
    let at = start + this.#scanned;
    let field = this.#field;
    let plain = this.#plain;
    while (at < end) {
      while (at < end && kinds[src[at]!] === ORDINARY) at++;
      if (at === end) break;
      const kind = kinds[src[at]!];
      if (kind === ENDS_FIELD) {
        // the last field ends with the row
        if (field + 1 >= ends.length) malformed('a row has more fields than columns');
        ends[field++] = at++ - row;
      } else if (kind === ESCAPES_NEXT) {
        if (at + 1 === end) break;
        at += 2;
        plain = false;
      } else {
        at++;
        this.#endRow(src, row, at, field, plain);
        row = at;
        field = 0;
        plain = true;
      }
    }
    if (this.#ended && row < end) malformed('it goes on after its end');
    this.#scanned = at - row;
    this.#field = field;
    this.#plain = plain;
    return row;
  }

  end(): void {
    // rows may end here, with the old protocols' marker or without
  }

  #endRow(src: Buffer, start: number, end: number, field: number, plain: boolean): void {
    if (this.#ended) malformed('it goes on after its end');
    checkRowBytes(end - start, this.#maxRowBytes);
    // the end marker of old protocols: a backslash that escapes nothing of a value
    if (this.#delimiter !== DOT && isExactly(src, start, end, END_MARKER)) {
      this.#ended = true;
      return;
    }
    const { ends } = this.#rows;
    if (field + 1 !== ends.length) malformed('a row has fewer fields than columns');
    ends[field] = end - 1 - start;
    this.#rows.mask(src, start, plain);
  }
}

function textFormat(delimiter: number, nullText: string, exactNull: boolean): LineFormat {
  const nullBytes = Buffer.from(nullText, 'utf8');
  // "\t" could be a tab or an escaped delimiter "t"; PostgreSQL refuses letters it uses as delimiters
  const pairs = ESCAPES.concat([[delimiter, delimiter]]);
  // the first pair counts; 0 for none, as PostgreSQL has no NUL in a text
  const controls = new Uint8Array(256);
  const letters = new Uint8Array(256);
  const escaped = new Uint8Array(256);
  for (const [control, letter] of pairs) {
    if (controls[letter] === 0) controls[letter] = control;
    if (letters[control] === 0) letters[control] = letter;
    escaped[control] = 1;
  }
  return {
    nullText: nullBytes,
    isNull: (src, start, end) => exactNull && isExactly(src, start, end, nullBytes),
    decode: (src, start, end, value) => decode(src, start, end, value, controls),
    encode(out, at, length) {
      let escapes = 0;
      for (let i = at; i < at + length; i++) escapes += escaped[out[i]!]!;
      if (escapes > 0) spread(out, at, length, escapes, letters);
      return length + escapes;
    },
  };
}

function decode(src: Buffer, start: number, end: number, value: FieldValue, controls: Uint8Array): void {
  let at = start;
  while (at < end && src[at] !== BACKSLASH) at++;
  value.set(src, start, end);
  if (at === end) return;
  const out = value.room(end - start);
  let to = 0;
  for (at = start; at < end; at++) {
    let byte = src[at]!;
    if (byte === BACKSLASH) {
      byte = at + 1 < end ? controls[src[++at]!]! : 0;
      if (byte === 0) malformed('an escape is not one that COPY TO writes');
    }
    out[to++] = byte;
  }
  value.set(out, 0, to);
}

/** Puts a backslash before each of the `escapes` bytes that need one, from the last to the first. */
function spread(out: Buffer, at: number, length: number, escapes: number, letters: Uint8Array): void {
  let to = at + length + escapes;
  for (let from = at + length - 1; from >= at; from--) {
    const byte = out[from]!;
    const letter = letters[byte]!;
    out[--to] = letter === 0 ? byte : letter;
    if (letter !== 0) out[--to] = BACKSLASH;
  }
}
