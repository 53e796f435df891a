import { copyBytes } from '../bytes.ts';
import { EMAIL_DOMAIN_BYTES, EMAIL_LOCAL_BYTES } from '../limits.ts';
import { redactWriter } from './redact.ts';
import type { MaskWriter } from './writer.ts';

const AT = 0x40;
const STAR = 0x2a;
const DOT = 0x2e;
const DASH = 0x2d;
const STARS = 4;

/** Of every byte, what it is in an address: dots and dashes stand for themselves, 0 is everything else. */
const KINDS = new Uint8Array(256);
const BLANK = 1;
const LETTER = 2;
const DIGIT = 3;
KINDS.fill(BLANK, 0, 0x21);
KINDS[0x7f] = BLANK;
KINDS.fill(DIGIT, 0x30, 0x3a);
KINDS.fill(LETTER, 0x41, 0x5b);
KINDS.fill(LETTER, 0x61, 0x7b);
KINDS[DOT] = DOT;
KINDS[DASH] = DASH;

/**
 * `****@example.com`: the domain stays, the person goes. Whatever is not plainly a mail address (one `@`, a
 * local part without blanks, a host name of ASCII labels with an alphabetic last one) is redacted whole, and
 * so is an address that would outgrow its column.
 */
export function emailWriter(maxChars: number): MaskWriter {
  const redact = redactWriter(maxChars);
  return (src, start, end, out, at) => {
    const sign = atSign(src, start, end);
    if (sign < 0 || !isHostName(src, sign + 1, end) || STARS + end - sign > maxChars) {
      return redact(src, start, end, out, at);
    }
    for (let i = 0; i < STARS; i++) out[at + i] = STAR;
    return copyBytes(src, sign, end, out, at + STARS) - at;
  };
}

/** The offset of the first `@`, or −1 where no local part stands before it that a mail address may have. */
function atSign(src: Buffer, start: number, end: number): number {
  let sign = start;
  while (sign < end && src[sign] !== AT) if (KINDS[src[sign++]!] === BLANK) return -1;
  const local = sign - start;
  return sign < end && local >= 1 && local <= EMAIL_LOCAL_BYTES ? sign : -1;
}

/** Labels with dots between them, of letters, digits and inner dashes; the last of two letters at least. */
function isHostName(src: Buffer, start: number, end: number): boolean {
  if (end - start > EMAIL_DOMAIN_BYTES) return false;
  let label = start;
  let isAlphabetic = true;
  for (let i = start; i < end; i++) {
    const kind = KINDS[src[i]!];
    if (kind === LETTER) continue;
    if (kind === DOT) {
      if (i === label || src[i - 1] === DASH) return false;
      label = i + 1;
      isAlphabetic = true;
    } else if (kind === DIGIT || (kind === DASH && i > label)) {
      isAlphabetic = false;
    } else {
      return false;
    }
  }
  return label > start && end - label >= 2 && isAlphabetic;
}
