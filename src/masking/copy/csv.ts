/**
 * COPY's CSV format as COPY TO writes it (https://www.postgresql.org/docs/18/sql-copy.html, "CSV Format"):
 * a field is quoted from its first byte to its last or not at all, quotes inside are escaped, newlines may
 * stand inside quotes, an unquoted NULL text is NULL.
 *
 * Invariant: a value equal to the NULL text is always quoted by the server, so an unquoted one is NULL and
 * says nothing. Anything COPY TO would not have written is refused.
 * Non-goals: reading CSV that people wrote.
 */
import { isExactly, LineRows, oneByte } from './line-rows.ts';
import type { FieldValue, LineFormat } from './line-rows.ts';
import { checkRowBytes, malformed } from './masker.ts';
import type { MaskedCopy, RowScanner } from './masker.ts';
import type { RunningCopy } from './running-copy.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** `\.` alone on a line would end the data for readers of old formats; the server quotes it. */
const END_MARKER = Buffer.from('\\.');

// where the scan stands inside a field
const FIELD_START = 0;
const UNQUOTED = 1;
const QUOTED = 2;
/** After an escape character inside quotes, where it is another than the quote. */
const ESCAPED = 3;
/** After a quote inside quotes: the end, or the first of two where quotes escape themselves. */
const QUOTE_SEEN = 4;

export class CopyCsvRows implements RowScanner {
  readonly out: RunningCopy;
  readonly #rows: LineRows;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #maxRowBytes: number;
  /** Bytes that mean something outside quotes. */
  readonly #special = new Uint8Array(256);
  // where the unfinished row's scan stands, relative to its start
  #scanned = 0;
  #field = 0;
  #state = FIELD_START;

  constructor(copy: MaskedCopy) {
    const { options, plan, columnNames, maxRowBytes } = copy;
    this.#delimiter = oneByte(options, 'delimiter');
    this.#quote = oneByte(options, 'quote');
    this.#escape = oneByte(options, 'escape');
    if (this.#delimiter === this.#quote) malformed('its delimiter and quote are the same');
    const { forceQuote } = options;
    const forced = columnNames.map((name) => forceQuote === '*' || forceQuote.includes(name));
    const nullText = Buffer.from(options.nullText, 'utf8');
    for (const byte of [this.#delimiter, this.#quote, NEWLINE, RETURN]) this.#special[byte] = 1;
    const format = csvFormat(nullText, this.#quote, this.#escape, this.#special, forced);
    this.#rows = new LineRows(copy, plan, format);
    this.out = this.#rows.out;
    this.#maxRowBytes = maxRowBytes;
  }

  get failures(): number {
    return this.#rows.failures;
  }

  scan(src: Buffer, start: number, end: number): number {
    const special = this.#special;
    const delimiter = this.#delimiter;
    const quote = this.#quote;
    const escape = this.#escape;
    const { ends } = this.#rows;
    let row = start;
    let at = start + this.#scanned;
    let field = this.#field;
    let state = this.#state;
    while (at < end) {
      const byte = src[at]!;
      if (state === QUOTED || state === ESCAPED) {
        state = this.#insideQuotes(state, byte);
        if (state === QUOTED) while (at + 1 < end && src[at + 1] !== quote && src[at + 1] !== escape) at++;
      } else if (special[byte] === 0) {
        if (state === QUOTE_SEEN) misplaced();
        state = UNQUOTED;
        while (at + 1 < end && special[src[at + 1]!] === 0) at++;
      } else if (byte === delimiter) {
        // the last field ends with the row
        if (field + 1 >= ends.length) malformed('a row has more fields than columns');
        ends[field++] = at - row;
        state = FIELD_START;
      } else if (byte === NEWLINE) {
        this.#endRow(src, row, at + 1, field);
        row = at + 1;
        field = 0;
        state = FIELD_START;
      } else {
        state = this.#outsideQuotes(state, byte);
      }
      at++;
    }
    this.#scanned = at - row;
    this.#field = field;
    this.#state = state;
    return row;
  }

  end(): void {
    // rows may end after any of them
  }

  #insideQuotes(state: number, byte: number): number {
    if (state === ESCAPED) {
      if (byte !== this.#quote && byte !== this.#escape)
        malformed('an escape stands before an ordinary character');
      return QUOTED;
    }
    if (byte === this.#quote) return QUOTE_SEEN;
    return byte === this.#escape ? ESCAPED : QUOTED;
  }

  /** A quote or carriage return, when not inside quotes. */
  #outsideQuotes(state: number, byte: number): number {
    if (byte !== this.#quote) return misplaced();
    if (state === FIELD_START || (state === QUOTE_SEEN && this.#escape === this.#quote)) return QUOTED;
    return misplaced();
  }

  #endRow(src: Buffer, start: number, end: number, field: number): void {
    checkRowBytes(end - start, this.#maxRowBytes);
    const { ends } = this.#rows;
    if (field + 1 !== ends.length) malformed('a row has fewer fields than columns');
    ends[field] = end - 1 - start;
    this.#rows.mask(src, start, false);
  }
}

function misplaced(): never {
  return malformed('a quote or line break stands where COPY TO puts none');
}

/** @param special bytes for which a field has to be quoted */
function csvFormat(
  nullText: Buffer,
  quote: number,
  escape: number,
  special: Uint8Array,
  forced: readonly boolean[],
): LineFormat {
  return {
    nullText,
    isNull: (src, start, end) => isExactly(src, start, end, nullText),
    decode: (src, start, end, value) => decode(src, start, end, value, quote, escape),
    encode(out, at, length, index) {
      const end = at + length;
      let quoted = forced[index] === true;
      let escapes = 0;
      for (let i = at; i < end; i++) {
        const byte = out[i]!;
        if (byte === quote || byte === escape) escapes++;
        if (special[byte] !== 0) quoted = true;
      }
      if (!quoted && !isExactly(out, at, end, nullText) && !isExactly(out, at, end, END_MARKER))
        return length;
      const bytes = length + escapes + 2;
      spread(out, at, length, bytes, quote, escape);
      return bytes;
    },
  };
}

function decode(
  src: Buffer,
  start: number,
  end: number,
  value: FieldValue,
  quote: number,
  escape: number,
): void {
  const quoted = end > start && src[start] === quote;
  if (!quoted) return value.set(src, start, end);
  let at = start + 1;
  while (at < end - 1 && src[at] !== escape) at++;
  if (at === end - 1) return value.set(src, start + 1, end - 1);
  const out = value.room(end - start);
  let to = 0;
  for (at = start + 1; at < end - 1; at++) {
    // the scan has seen that an escape stands before a quote or an escape only
    if (src[at] === escape) at++;
    out[to++] = src[at]!;
  }
  value.set(out, 0, to);
}

/** Quotes and escapes the value where it lies, from the last byte to the first, so that it has `bytes`. */
function spread(out: Buffer, at: number, length: number, bytes: number, quote: number, escape: number): void {
  let to = at + bytes;
  out[--to] = quote;
  for (let from = at + length - 1; from >= at; from--) {
    const byte = out[from]!;
    out[--to] = byte;
    if (byte === quote || byte === escape) out[--to] = escape;
  }
  out[--to] = quote;
}
