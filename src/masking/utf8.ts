/** Characters of UTF-8 text counted and walked as bytes, so that no mask needs a string. */

/** Bytes of the code point at `at`, or 0 where the bytes there are not one (RFC 3629 section 4). */
export function codePointBytes(src: Buffer, at: number, end: number): number {
  const lead = src[at]!;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end || !secondFits(lead, src[at + 1]!)) return 0;
  for (let i = 2; i < length; i++) {
    if ((src[at + i]! & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** Some leads narrow the second byte: no overlong forms, no surrogates, nothing above U+10FFFF. */
function secondFits(lead: number, second: number): boolean {
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high;
}

/** Whether every byte is a character. Without a branch a byte: that is what makes it fast. */
export function isAscii(src: Buffer, start: number, end: number): boolean {
  let bits = 0;
  for (let i = start; i < end; i++) bits |= src[i]!;
  return bits < 0x80;
}

/** Code points in `src[start, end)`, or −1 where it is not UTF-8. */
export function countCodePoints(src: Buffer, start: number, end: number): number {
  let count = 0;
  let at = start;
  while (at < end) {
    if (src[at]! < 0x80) {
      at++;
      count++;
      continue;
    }
    const length = codePointBytes(src, at, end);
    if (length === 0) return -1;
    at += length;
    count++;
  }
  return count;
}

/** The offset `count` code points after `start`; the text must have been counted before. */
export function skipCodePoints(src: Buffer, start: number, end: number, count: number): number {
  let at = start;
  for (let i = 0; i < count && at < end; i++) at += codePointBytes(src, at, end);
  return at;
}
