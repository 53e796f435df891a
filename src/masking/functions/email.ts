import { copyBytes } from '../bytes.ts';
import { EMAIL_DOMAIN_BYTES, EMAIL_LOCAL_BYTES } from '../limits.ts';
import { redactWriter } from './redact.ts';
import type { MaskWriter } from './writer.ts';

const AT = 0x40;
const STAR = 0x2a;
const DOT = 0x2e;
const DASH = 0x2d;
const STARS = 4;

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

/** The offset of the only `@`, or −1 where there is no local part a mail address may have. */
function atSign(src: Buffer, start: number, end: number): number {
  let sign = -1;
  for (let i = start; i < end; i++) {
    const byte = src[i]!;
    if (byte === AT) {
      if (sign >= 0) return -1;
      sign = i;
    } else if (byte <= 0x20 || byte === 0x7f) {
      return -1;
    }
  }
  const local = sign - start;
  return local >= 1 && local <= EMAIL_LOCAL_BYTES ? sign : -1;
}

function isHostName(src: Buffer, start: number, end: number): boolean {
  if (end - start > EMAIL_DOMAIN_BYTES) return false;
  let dots = 0;
  let label = 0;
  let lastIsAlphabetic = true;
  for (let i = start; i < end; i++) {
    const byte = src[i]!;
    const letter = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a);
    if (byte === DOT) {
      if (label === 0 || src[i - 1] === DASH) return false;
      dots++;
      label = 0;
      lastIsAlphabetic = true;
    } else if (letter || (byte >= 0x30 && byte <= 0x39) || (byte === DASH && label > 0)) {
      label++;
      lastIsAlphabetic &&= letter;
    } else {
      return false;
    }
  }
  return dots > 0 && label >= 2 && lastIsAlphabetic;
}
