/**
 * The shape of a text: itself with each literal replaced by its kind, so that texts of one shape are read once.
 * A scanner for the small part of PostgreSQL's lexer in which literals can be told by looking at each character
 * once: ASCII, plain strings, whole numbers of up to nine digits, names in quotes or not, operators.
 *
 * Invariant: two texts of one shape differ in the values of literals and in nothing else, as PostgreSQL's own
 * scanner reads them (`test/sql/shape.test.ts` holds the two against each other). What is not surely read alike
 * has no shape: comments, backslashes, dollars, decimals, strings with a prefix or in pieces.
 * Non-goal: which literals make no difference to a judgement (`indifferent.ts`).
 */
export type Shape = {
  /** Equal for two texts that differ only in literals. */
  readonly key: string;
  /** Where each literal starts, ascending. */
  readonly literals: readonly number[];
};

/** Longer texts are not worth a second look. UTF-16 units. */
const MAX_SHAPED_LENGTH = 4096;
/** Whole numbers of so many digits are `int4` to the lexer, whatever they are. */
const MAX_DIGITS = 9;

const BLANK = 1;
const DIGIT = 2;
const WORD = 3;
const QUOTE = 4;
const DOUBLE_QUOTE = 5;
/** Neither blank, name nor literal; no literal touches it in a way that changes it. */
const MARK = 6;
/** `-` and `/`, which can begin a comment. */
const COMMENT = 7;

/** By character code; 0 has no place in a shape. */
const CLASS = new Uint8Array(128);
for (const blank of ' \t\n\r') CLASS[blank.charCodeAt(0)] = BLANK;
for (let code = 0x30; code <= 0x39; code++) CLASS[code] = DIGIT;
for (let code = 0x61; code <= 0x7a; code++) CLASS[code] = CLASS[code - 0x20] = WORD;
CLASS['_'.charCodeAt(0)] = WORD;
CLASS["'".charCodeAt(0)] = QUOTE;
CLASS['"'.charCodeAt(0)] = DOUBLE_QUOTE;
for (const mark of '(),;=<>+*|!.[]%') CLASS[mark.charCodeAt(0)] = MARK;
for (const mark of '-/') CLASS[mark.charCodeAt(0)] = COMMENT;

const DOT = '.'.charCodeAt(0);

/** Stand in for a literal in a key; neither occurs in a text that has a shape. */
const STRING = '\uE000';
const NUMBER = '\uE001';

/** Null where the text has none. */
export function shapeOf(text: string): Shape | null {
  if (text.length > MAX_SHAPED_LENGTH) return null;
  const literals: number[] = [];
  let key = '';
  let kept = 0;
  let at = 0;
  while (at < text.length) {
    const start = at;
    switch (classAt(text, at)) {
      case BLANK:
      case MARK:
        at++;
        break;
      case COMMENT:
        if (classAt(text, ++at) === COMMENT || text[at] === '*') return null;
        break;
      case WORD:
        while (isWord(classAt(text, ++at)));
        if (!endsWord(classAt(text, at))) return null;
        break;
      case DOUBLE_QUOTE:
        at = afterName(text, at);
        if (at < 0 || !endsWord(classAt(text, at))) return null;
        break;
      case DIGIT:
        at = afterNumber(text, at);
        if (at < 0) return null;
        literals.push(start);
        key += text.slice(kept, start) + NUMBER;
        kept = at;
        break;
      case QUOTE:
        at = afterString(text, at);
        if (at < 0) return null;
        literals.push(start);
        key += text.slice(kept, start) + STRING;
        kept = at;
        break;
      default:
        return null;
    }
  }
  return literals.length === 0 ? null : { key: key + text.slice(kept), literals };
}

/** The class of a character; 0 beyond the end and for what has no place in a shape. */
function classAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  // NaN at the end
  return code < 128 ? (CLASS[code] ?? 0) : 0;
}

function isWord(found: number): boolean {
  return found === WORD || found === DIGIT;
}

/** What follows makes no literal with a prefix of it, such as `E'…'`. */
function endsWord(found: number): boolean {
  return found !== QUOTE && found !== DOUBLE_QUOTE;
}

/** @returns -1 where it is not a plain whole number */
function afterNumber(text: string, start: number): number {
  if (text.charCodeAt(start - 1) === DOT) return -1;
  let at = start;
  while (classAt(text, at) === DIGIT) at++;
  const next = classAt(text, at);
  const ends = next !== WORD && next !== QUOTE && next !== DOUBLE_QUOTE && text.charCodeAt(at) !== DOT;
  return ends && at - start <= MAX_DIGITS ? at : -1;
}

/** @returns -1 where it does not end, holds what has no place in a shape, or goes on in another piece */
function afterString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const found = classAt(text, at);
    if (found === QUOTE) {
      if (classAt(text, ++at) !== QUOTE) break;
    } else if (found === 0 && !isHarmless(text.charCodeAt(at))) {
      return -1;
    }
    at++;
  }
  let after = at;
  while (classAt(text, after) === BLANK) after++;
  const next = classAt(text, after);
  return next === QUOTE || next === DOUBLE_QUOTE || (after === at && isWord(next)) ? -1 : at;
}

/** Characters with no meaning to the lexer inside quotes. */
function isHarmless(code: number): boolean {
  return HARMLESS.has(code);
}

const HARMLESS: ReadonlySet<number> = new Set([...'#$&:?@^`{}~'].map((mark) => mark.charCodeAt(0)));

/** Behind a name in double quotes. @returns -1 where it does not end or holds what has no place in a shape */
function afterName(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const found = classAt(text, at);
    if (found === DOUBLE_QUOTE) {
      if (classAt(text, ++at) !== DOUBLE_QUOTE) return at;
    } else if (found === 0) {
      return -1;
    }
    at++;
  }
}
