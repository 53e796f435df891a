/** Kinds of bytes that finders ask for, and the gaps people leave inside numbers. */
import { GAP_MAX_CHARS, PHONE_MIN_DIGITS } from '../limits.ts';
import { codePointBytes } from '../utf8.ts';

const DIGIT = 1;
const LETTER = 2;
const TOKEN_MARK = 4;
const KINDS = new Uint8Array(256);
for (let byte = 0x30; byte <= 0x39; byte++) KINDS[byte] = DIGIT;
for (let byte = 0x41; byte <= 0x5a; byte++) KINDS[byte] = KINDS[byte | 0x20] = LETTER;
KINDS[0x2d] = KINDS[0x5f] = TOKEN_MARK;

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && KINDS[byte] === DIGIT;
}

/** ASCII. */
export function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && KINDS[byte] === LETTER;
}

export function isAlphanumeric(byte: number | undefined): boolean {
  return byte !== undefined && (KINDS[byte]! & (DIGIT | LETTER)) !== 0;
}

/** Of base64url, RFC 4648 section 5; also most of what keys are made of. */
export function isTokenByte(byte: number | undefined): boolean {
  return byte !== undefined && KINDS[byte] !== 0;
}

/** What a text must hold for some finders to find anything; bits of what `survey` returns. */
export const NEEDS_NOTHING = 0;
export const NEEDS_AT = 1;
export const NEEDS_DIGITS = 2;
export const NEEDS_DOTS = 4;
export const NEEDS_DASHES = 8;

/** One look at a text: what is in it, or −1 where it is not UTF-8. */
export function survey(src: Buffer, start: number, end: number): number {
  let signs = 0;
  let digits = 0;
  let dots = 0;
  let dashes = 0;
  for (let at = start; at < end;) {
    const byte = src[at]!;
    if (byte >= 0x80) {
      const bytes = codePointBytes(src, at, end);
      if (bytes === 0) return -1;
      at += bytes;
      continue;
    }
    at++;
    if (byte > 0x40 || byte < 0x2d) continue;
    if (byte >= 0x30 && byte <= 0x39) digits++;
    else if (byte === 0x40) signs++;
    else if (byte === 0x2e) dots++;
    else if (byte === 0x2d) dashes++;
  }
  return (
    (signs > 0 ? NEEDS_AT : 0) |
    (digits >= PHONE_MIN_DIGITS ? NEEDS_DIGITS : 0) |
    (dots >= 2 ? NEEDS_DOTS : 0) |
    (dashes >= 10 ? NEEDS_DASHES : 0)
  );
}

/** Of `src[start, end)`, or undefined outside. */
export function byteAt(src: Buffer, at: number, start: number, end: number): number | undefined {
  return at >= start && at < end ? src[at] : undefined;
}

/** The offset after the spaces and dashes at `at`, at most GAP_MAX_CHARS of them; `at` where there are none. */
export function skipGap(src: Buffer, at: number, end: number): number {
  let to = at;
  for (let i = 0; i < GAP_MAX_CHARS && to < end; i++) {
    const bytes = gapBytes(src, to, end);
    if (bytes === 0) break;
    to += bytes;
  }
  return to;
}

/** A space, a no-break space (U+00A0, U+202F), a hyphen or dash (U+2010 to U+2015) or a minus (U+2212). */
function gapBytes(src: Buffer, at: number, end: number): number {
  const byte = src[at]!;
  if (byte === 0x20 || byte === 0x2d) return 1;
  if (byte === 0xc2) return at + 1 < end && src[at + 1] === 0xa0 ? 2 : 0;
  if (byte !== 0xe2 || at + 2 >= end) return 0;
  const second = src[at + 1]!;
  const third = src[at + 2]!;
  if (second === 0x80) return (third >= 0x90 && third <= 0x95) || third === 0xaf ? 3 : 0;
  return second === 0x88 && third === 0x92 ? 3 : 0;
}

/** Whether a number may begin at `at`: a digit that no digit stands before. */
export function beginsNumber(src: Buffer, at: number, start: number): boolean {
  return isDigit(src[at]) && !(at > start && isDigit(src[at - 1]));
}
