/**
 * A token in the form of the value: every digit becomes a keyed digit, separators and length stay. Equal
 * values give equal tokens in any table, so joins, groups and programs that check the form still work.
 *
 * Invariant: a token is never its own value. What is not digits and separators (letters are a name as likely
 * as not), has fewer than DIGITS_MIN_DIGITS digits or is longer than DIGITS_MAX_BYTES is redacted.
 * Non-goals: getting the value back, and so also that different values have different tokens: of n values
 * with d digits about n² / 2·10^d pairs share one. FF1 (NIST SP 800-38G; @noble/ciphers has it) would keep
 * them apart, and whoever has the key could undo it: not what a mask is for.
 */
import { copyBytes } from '../bytes.ts';
import { DIGITS_MAX_BYTES, DIGITS_MIN_DIGITS } from '../limits.ts';
import { Hmac } from './hmac.ts';
import { redactWriter } from './redact.ts';
import type { MaskWriter } from './writer.ts';

const BLANK = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
/** Bytes from here on would favour some digits. */
const FAIR_BYTES = 250;
/** Of every byte, what it is here. */
const KINDS = new Uint8Array(256);
const SEPARATOR = 1;
const DIGIT = 2;
for (const byte of Buffer.from(' -./()+:,_#*', 'latin1')) KINDS[byte] = SEPARATOR;
for (let byte = ZERO; byte <= NINE; byte++) KINDS[byte] = DIGIT;
const NO_BLOCK: Buffer = Buffer.alloc(0);
/** Sets these tokens apart from hashes of the same value under the same key. */
const PURPOSE = Buffer.from('digits\0', 'latin1');

/** `key`: 32 bytes. */
export function digitsWriter(key: Uint8Array, maxChars: number, blankPadded: boolean): MaskWriter {
  const seeds = new Hmac(key);
  const blocksOf = new Hmac(key);
  const message = Buffer.alloc(PURPOSE.length + DIGITS_MAX_BYTES);
  PURPOSE.copy(message);
  const redact = redactWriter(maxChars);
  return (src, start, paddedEnd, out, at) => {
    let end = paddedEnd;
    if (blankPadded) while (end > start && src[end - 1] === BLANK) end--;
    if (!isDigitsAndSeparators(src, start, end)) return redact(src, start, end, out, at);
    const messageEnd = copyBytes(src, start, end, message, PURPOSE.length);
    blocksOf.setKey(seeds.digest(message, 0, messageEnd));
    let block = NO_BLOCK;
    let blocks = 0;
    let used = 0;
    for (let same = true; same;) {
      for (let i = start; i < end; i++) {
        const byte = src[i]!;
        let token = byte;
        if (byte >= ZERO && byte <= NINE) {
          do {
            if (used === block.length) {
              block = numbered(blocksOf, blocks++);
              used = 0;
            }
            token = block[used++]!;
          } while (token >= FAIR_BYTES);
          token = ZERO + (token % 10);
          same &&= token === byte;
        }
        out[at + i - start] = token;
      }
    }
    return end - start;
  };
}

function numbered(hmac: Hmac, block: number): Buffer {
  const number = Buffer.from(String(block), 'latin1');
  return hmac.digest(number, 0, number.length);
}

function isDigitsAndSeparators(src: Buffer, start: number, end: number): boolean {
  if (end - start > DIGITS_MAX_BYTES) return false;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const kind = KINDS[src[i]!];
    if (kind === DIGIT) digits++;
    else if (kind !== SEPARATOR) return false;
  }
  return digits >= DIGITS_MIN_DIGITS;
}
