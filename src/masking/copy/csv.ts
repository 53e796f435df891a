/**
 * COPY's CSV format as COPY TO writes it (https://www.postgresql.org/docs/18/sql-copy.html, "CSV Format"):
 * a field is quoted from its first byte to its last or not at all, quotes inside are escaped, newlines may
 * stand inside quotes, an unquoted NULL text is NULL.
 *
 * Invariant: a value equal to the NULL text is always quoted by the server, so an unquoted one is NULL and
 * says nothing. Anything COPY TO would not have written is refused.
 * Non-goals: reading CSV that people wrote.
 */
import type { CopyOptions } from '../../sql/statement.ts';
import type { RowPlan } from '../plan.ts';
import { LineRows, oneByte } from './line-rows.ts';
import type { LineFormat } from './line-rows.ts';
import { malformed, PendingBytes } from './masker.ts';
import type { CopyMasker } from './masker.ts';

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

export class CopyCsvMasker implements CopyMasker {
  readonly #rows: LineRows;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #pending: PendingBytes;
  // where the unfinished row's scan stands, relative to its start
  #scanned = 0;
  #field = 0;
  #state = FIELD_START;

  constructor(
    options: CopyOptions,
    plan: RowPlan,
    columnNames: readonly string[],
    key: Uint8Array,
    maxRowBytes: number,
  ) {
    this.#delimiter = oneByte(options, 'delimiter');
    this.#quote = oneByte(options, 'quote');
    this.#escape = oneByte(options, 'escape');
    if (this.#delimiter === this.#quote) malformed('its delimiter and quote are the same');
    this.#rows = new LineRows(plan, csvFormat(options, columnNames), options.header, columnNames, key);
    this.#pending = new PendingBytes(maxRowBytes);
  }

  get failures(): number {
    return this.#rows.failures;
  }

  push(data: Buffer): Buffer {
    const view = this.#pending.join(data);
    let rowStart = 0;
    let at = this.#scanned;
    for (; at < view.length; at++) {
      const byte = view[at]!;
      if (this.#state === QUOTED || this.#state === ESCAPED) {
        this.#insideQuotes(byte);
        continue;
      }
      if (byte === this.#delimiter) {
        this.#endField(at - rowStart);
        this.#field++;
        this.#state = FIELD_START;
      } else if (byte === NEWLINE) {
        this.#endRow(view, rowStart, at);
        rowStart = at + 1;
      } else {
        this.#outsideQuotes(byte);
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

  #insideQuotes(byte: number): void {
    if (this.#state === ESCAPED) {
      if (byte !== this.#quote && byte !== this.#escape)
        malformed('an escape stands before an ordinary character');
      this.#state = QUOTED;
    } else if (byte === this.#quote) {
      this.#state = QUOTE_SEEN;
    } else if (byte === this.#escape) {
      this.#state = ESCAPED;
    }
  }

  /** Any byte but a delimiter or newline, when not inside quotes. */
  #outsideQuotes(byte: number): void {
    if (byte === this.#quote && this.#state === FIELD_START) this.#state = QUOTED;
    else if (byte === this.#quote && this.#state === QUOTE_SEEN && this.#escape === this.#quote)
      this.#state = QUOTED;
    else if (byte === this.#quote || byte === RETURN || this.#state === QUOTE_SEEN)
      malformed('a quote or line break stands where COPY TO puts none');
    else this.#state = UNQUOTED;
  }

  #endField(end: number): void {
    if (this.#field >= this.#rows.fieldCount) malformed('a row has more fields than columns');
    this.#rows.ends[this.#field] = end;
  }

  #endRow(view: Buffer, start: number, newline: number): void {
    this.#pending.check(newline + 1 - start);
    this.#endField(newline - start);
    if (this.#field !== this.#rows.fieldCount - 1) malformed('a row has fewer fields than columns');
    this.#rows.emit(view, start, newline + 1);
    this.#field = 0;
    this.#state = FIELD_START;
  }
}

function csvFormat(options: CopyOptions, columnNames: readonly string[]): LineFormat {
  const nullBytes = Buffer.from(options.nullText, 'utf8');
  const delimiter = oneByte(options, 'delimiter');
  const quote = oneByte(options, 'quote');
  const escape = oneByte(options, 'escape');
  const { forceQuote } = options;
  const forced = columnNames.map((name) => forceQuote === '*' || forceQuote.includes(name));
  const special = new Set([delimiter, quote, NEWLINE, RETURN]);
  return {
    isNull: (src, start, end) =>
      end - start === nullBytes.length && src.compare(nullBytes, 0, nullBytes.length, start, end) === 0,
    decode(src, start, end) {
      if (end === start || src[start] !== quote) return src.subarray(start, end);
      const value = Buffer.alloc(end - start);
      let length = 0;
      for (let at = start + 1; at < end - 1; at++) {
        // the scan has seen that an escape stands before a quote or an escape only
        if (src[at] === escape) at++;
        value[length++] = src[at]!;
      }
      return value.subarray(0, length);
    },
    encode(value, index) {
      if (value === null) return nullBytes;
      const quoted =
        forced[index] === true ||
        value.equals(nullBytes) ||
        value.equals(END_MARKER) ||
        value.some((byte) => special.has(byte));
      if (!quoted) return value;
      const field = Buffer.alloc(value.length * 2 + 2);
      let length = 0;
      field[length++] = quote;
      for (const byte of value) {
        if (byte === quote || byte === escape) field[length++] = escape;
        field[length++] = byte;
      }
      field[length++] = quote;
      return field.subarray(0, length);
    },
  };
}
