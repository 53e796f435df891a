import { copyBytes } from '../bytes.ts';
import { countCodePoints, isAscii, skipCodePoints } from '../utf8.ts';
import { redactWriter } from './redact.ts';
import type { MaskWriter } from './writer.ts';

const STAR = 0x2a;
const BLANK = 0x20;

/**
 * Keeps the first and last characters and stars the rest, one star a character. A value of which less than
 * half would be hidden, or that is not UTF-8 (where a "character" could be the whole value), gets the plain
 * redaction. Blanks that only pad a char(n) are not part of the value.
 */
export function partialWriter(
  keepFirst: number,
  keepLast: number,
  maxChars: number,
  blankPadded: boolean,
): MaskWriter {
  const redact = redactWriter(maxChars);
  const kept = keepFirst + keepLast;
  return (src, start, paddedEnd, out, at) => {
    let end = paddedEnd;
    if (blankPadded) while (end > start && src[end - 1] === BLANK) end--;
    const ascii = isAscii(src, start, end);
    const count = ascii ? end - start : countCodePoints(src, start, end);
    if (count <= 0 || kept * 2 > count) return redact(src, start, end, out, at);
    const headEnd = ascii ? start + keepFirst : skipCodePoints(src, start, end, keepFirst);
    const tailStart = ascii ? end - keepLast : skipCodePoints(src, headEnd, end, count - kept);
    let to = copyBytes(src, start, headEnd, out, at);
    for (const starsEnd = to + count - kept; to < starsEnd; to++) out[to] = STAR;
    return copyBytes(src, tailStart, end, out, to) - at;
  };
}
