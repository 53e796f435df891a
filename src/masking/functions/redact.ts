import type { MaskWriter } from './writer.ts';

const STAR = 0x2a;
const STARS = 4;

/** `****`, or fewer stars where the column is narrower. Always the same length, so it tells nothing. */
export function redaction(maxChars: number): Buffer {
  return Buffer.alloc(Math.min(STARS, maxChars), STAR);
}

/** The same, for masks that fall back to it after having looked at a value. */
export function redactWriter(maxChars: number): MaskWriter {
  const stars = Math.min(STARS, maxChars);
  return (_src, _start, _end, out, at) => {
    for (let i = 0; i < stars; i++) out[at + i] = STAR;
    return stars;
  };
}
