/** PostgreSQL's own tokens of a text, with positions in the JavaScript string. Never on the hot path. */
import { scanText } from './parser.ts';

/** Token numbers of libpg-query 18's scanner; `test/sql/tokens.test.ts` holds them against the library. */
export const TOKEN = {
  FCONST: 260,
  SCONST: 261,
  USCONST: 262,
  BCONST: 263,
  XCONST: 264,
  ICONST: 266,
  SQL_COMMENT: 275,
  C_COMMENT: 276,
} as const;

export type Token = {
  readonly start: number;
  readonly end: number;
  readonly type: number;
  readonly text: string;
};

/** Null where the text cannot be scanned. */
export function tokensOf(text: string): Token[] | null {
  const tokens = scanText(text);
  if (tokens === null) return null;
  const toIndex = byteIndex(text);
  return tokens.map(({ start, end, tokenType }) => {
    const from = toIndex(start);
    const to = toIndex(end);
    return { start: from, end: to, type: tokenType, text: text.slice(from, to) };
  });
}

/** Byte offset in UTF-8 → index in the string. Offsets must be asked for in ascending order to be cheap. */
export function byteIndex(text: string): (offset: number) => number {
  if (Buffer.byteLength(text) === text.length) return (offset) => offset;
  let bytes = 0;
  let index = 0;
  return (offset) => {
    if (offset < bytes) {
      bytes = 0;
      index = 0;
    }
    while (bytes < offset && index < text.length) {
      const code = text.codePointAt(index) as number;
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      index += code < 0x10000 ? 1 : 2;
    }
    return index;
  };
}

/**
 * What a statement holds inside itself: the text after the first `keyword` that is outside parentheses, as
 * in `PREPARE p AS …`. The whole text where it cannot be found.
 */
export function textAfter(text: string, keyword: string): string {
  let depth = 0;
  for (const token of tokensOf(text) ?? []) {
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    else if (depth === 0 && token.text.toLowerCase() === keyword) return text.slice(token.end).trim();
  }
  return text;
}

/** The text between the first parenthesis and the one that closes it. */
export function textInParentheses(text: string): string {
  let depth = 0;
  let from = -1;
  for (const token of tokensOf(text) ?? []) {
    if (token.text === '(') {
      if (depth++ === 0) from = token.end;
    } else if (token.text === ')' && --depth === 0) {
      return text.slice(from, token.start).trim();
    }
  }
  return text;
}
