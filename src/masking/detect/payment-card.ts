import { CARD_MAX_DIGITS, CARD_MIN_DIGITS } from '../limits.ts';
import { beginsNumber, isDigit, skipGap } from './characters.ts';
import type { Finder } from './findings.ts';

const ZERO = 0x30;

/**
 * Payment cards: 13 to 19 digits with spaces or dashes between them that pass the Luhn check (ISO/IEC
 * 7812-1, annex B). Numbers may stand side by side with nothing but a space between, so each group of digits
 * is tried as a card's first: one look ahead of 19 digits each, so time is linear.
 */
export const findPaymentCards: Finder = (src, start, end, found) => {
  for (let at = start; at < end; at++) {
    if (!beginsNumber(src, at, start)) continue;
    const to = cardEnd(src, at, end);
    if (to > at) found.add(at, to, 'payment-card');
  }
};

const digits = new Uint8Array(CARD_MAX_DIGITS);

/** The end of the longest card number that begins at `at`, or −1. */
function cardEnd(src: Buffer, at: number, end: number): number {
  let found = -1;
  let count = 0;
  for (let i = at; i < end && count < CARD_MAX_DIGITS;) {
    digits[count++] = src[i]! - ZERO;
    const after = i + 1;
    if (after < end && isDigit(src[after])) {
      i = after;
      continue;
    }
    if (count >= CARD_MIN_DIGITS && passesLuhn(count)) found = after;
    i = skipGap(src, after, end);
    if (i === after || i >= end || !isDigit(src[i])) break;
  }
  return found;
}

function passesLuhn(count: number): boolean {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const digit = digits[i]!;
    // every second digit from the right is doubled, but not the last
    const doubled = (count - i) % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
