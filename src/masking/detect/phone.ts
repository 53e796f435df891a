/**
 * Telephone numbers: international ones (`+` or `00`, then 7 to 15 digits), North American ones (ten digits,
 * area and exchange from 200, perhaps a 1 before) and national ones with a leading 0 (nine to twelve
 * digits), with spaces, dashes, dots, slashes and brackets between.
 *
 * Non-goal: telling a number that is dialled from one that is not. Without knowing the country nobody can,
 * so some numbers of other kinds are taken, too. Tried: libphonenumber-js 1.13; it wants one default country,
 * leaves the national numbers of all others, and takes five times as long as all finders here together.
 */
import { PHONE_MAX_DIGITS, PHONE_MIN_DIGITS } from '../limits.ts';
import { beginsNumber, byteAt, isDigit, skipGap } from './characters.ts';
import type { Finder } from './findings.ts';

const PLUS = 0x2b;
const OPEN = 0x28;
const CLOSE = 0x29;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const DASH = 0x2d;
const YEAR_FIRST = '####-##-##';
const YEAR_LAST = '##-##-####';
const INTERNATIONAL_PREFIX_DIGITS = 2; // 00
const NATIONAL_MIN_DIGITS = 9;
const NATIONAL_MAX_DIGITS = 12;
const NANP_DIGITS = 10;
const MAX_DIGITS = INTERNATIONAL_PREFIX_DIGITS + PHONE_MAX_DIGITS;

const digits = new Uint8Array(MAX_DIGITS);

export const findPhones: Finder = (src, start, end, found) => {
  for (let at = start; at < end; at++) {
    if (!beginsNumber(src, at, start) || isDate(src, at, end)) continue;
    const bracket = byteAt(src, at - 1, start, end) === OPEN ? at - 1 : at;
    const plus = byteAt(src, bracket - 1, start, end) === PLUS;
    const to = phoneEnd(src, at, end, plus);
    if (to > at) found.add(plus ? bracket - 1 : bracket, to, 'phone');
  }
};

/** The end of the longest number that begins at `at`, or −1. */
function phoneEnd(src: Buffer, at: number, end: number, plus: boolean): number {
  let found = -1;
  let count = 0;
  for (let i = at; i < end && count < MAX_DIGITS;) {
    digits[count++] = src[i]! - ZERO;
    const after = i + 1;
    if (after < end && isDigit(src[after])) {
      i = after;
      continue;
    }
    if (isPhone(count, plus)) found = after;
    i = skipSeparators(src, after, end);
    if (i === after || i >= end || !isDigit(src[i])) break;
  }
  return found;
}

function isPhone(count: number, plus: boolean): boolean {
  if (plus) return count >= PHONE_MIN_DIGITS && count <= PHONE_MAX_DIGITS;
  const first = digits[0]!;
  if (first !== 0) {
    const area = first === 1 ? 1 : 0;
    return count === NANP_DIGITS + area && digits[area]! >= 2 && digits[area + 3]! >= 2;
  }
  if (digits[1] === 0) return count >= INTERNATIONAL_PREFIX_DIGITS + PHONE_MIN_DIGITS;
  return count >= NATIONAL_MIN_DIGITS && count <= NATIONAL_MAX_DIGITS;
}

/** ` (0) `, `) `, `/`: a gap, at most one dot, slash or bracket, another gap, twice at most. */
function skipSeparators(src: Buffer, at: number, end: number): number {
  let to = skipGap(src, at, end);
  for (let i = 0; i < 2 && to < end; i++) {
    const byte = src[to]!;
    if (byte !== DOT && byte !== SLASH && byte !== OPEN && byte !== CLOSE) break;
    to = skipGap(src, to + 1, end);
  }
  return to;
}

/** `2024-05-16`, `01.02.2024`, `01/02/2024` and `0.25` begin like numbers that are dialled and are none. */
function isDate(src: Buffer, at: number, end: number): boolean {
  if (src[at] !== ZERO) return isDateOf(src, at, end, YEAR_FIRST);
  return (at + 1 < end && src[at + 1] === DOT) || isDateOf(src, at, end, YEAR_LAST);
}

/** `#`: a digit, `-`: the same dash, dot or slash each time. */
function isDateOf(src: Buffer, at: number, end: number, form: string): boolean {
  if (at + form.length > end || (at + form.length < end && isDigit(src[at + form.length]))) return false;
  const mark = src[at + form.indexOf('-')];
  if (mark !== DOT && mark !== SLASH && mark !== DASH) return false;
  for (let i = 0; i < form.length; i++) {
    if (form[i] === '#' ? !isDigit(src[at + i]) : src[at + i] !== mark) return false;
  }
  return true;
}
