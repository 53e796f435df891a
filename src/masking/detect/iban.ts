/**
 * IBANs (ISO 13616-1): country, two check digits, the country's own number, with spaces or dashes between,
 * that leave 1 when divided by 97. The length is the country's; for countries that are not in the list yet
 * any length will do, but the number must stand alone and in one piece.
 *
 * Tried: ibantools 4.5 and validator 13.15. Both tell whether a whole string is an IBAN and neither looks
 * for one in a text; the tests' list of valid numbers was checked against the first.
 */
import { IBAN_MAX_CHARS, IBAN_MIN_CHARS } from '../limits.ts';
import { byteAt, isAlphanumeric, isDigit, isLetter, skipGap } from './characters.ts';
import type { Finder } from './findings.ts';

/** Characters by country: SWIFT's IBAN registry. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 ' +
    'EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 ' +
    'IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 ' +
    'NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 ' +
    'SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((one) => [one.slice(0, 2), Number(one.slice(2))]),
);
const COUNTRY_LETTERS = 2;
const HEADER_CHARS = 4;
const ALPHABET = 26;
/** The same by number, so that nothing is allocated to look a country up; 0: not in the list. */
const lengths = new Uint8Array(ALPHABET * ALPHABET);
for (const [country, length] of LENGTHS) lengths[countryIndex(Buffer.from(country), 0)] = length;

function countryIndex(src: Buffer, at: number): number {
  return letterValue(src[at]!) * ALPHABET + letterValue(src[at + 1]!);
}

function letterValue(byte: number): number {
  return (byte | 0x20) - 0x61;
}

export const findIbans: Finder = (src, start, end, found) => {
  for (let at = start; at + HEADER_CHARS < end; at++) {
    if (!isLetter(src[at]) || !isLetter(src[at + 1]) || !isDigit(src[at + 2]) || !isDigit(src[at + 3]))
      continue;
    const length = lengths[countryIndex(src, at)]!;
    const to = length > 0 ? ibanEnd(src, at, end, length) : plainIbanEnd(src, at, start, end);
    if (to > at) found.add(at, to, 'iban');
  }
};

function ibanEnd(src: Buffer, at: number, end: number, length: number): number {
  let rest = 0;
  let i = at + HEADER_CHARS;
  for (let count = HEADER_CHARS; count < length; count++, i++) {
    i = skipGap(src, i, end);
    if (i >= end || !isAlphanumeric(src[i])) return -1;
    rest = append(rest, src[i]!);
  }
  return isValid(rest, src, at) ? i : -1;
}

function plainIbanEnd(src: Buffer, at: number, start: number, end: number): number {
  if (isAlphanumeric(byteAt(src, at - 1, start, end))) return -1;
  let rest = 0;
  let i = at + HEADER_CHARS;
  for (; i < end && i - at <= IBAN_MAX_CHARS && isAlphanumeric(src[i]); i++) rest = append(rest, src[i]!);
  const length = i - at;
  return length >= IBAN_MIN_CHARS && length <= IBAN_MAX_CHARS && isValid(rest, src, at) ? i : -1;
}

/** Letters count as 10 to 35; the header is moved to the end. */
function append(rest: number, byte: number): number {
  return isDigit(byte) ? (rest * 10 + byte - 0x30) % 97 : (rest * 100 + letterValue(byte) + 10) % 97;
}

function isValid(rest: number, src: Buffer, at: number): boolean {
  let all = rest;
  for (let i = 0; i < COUNTRY_LETTERS * 2; i++) all = append(all, src[at + i]!);
  return all === 1;
}
