/**
 * A keyed token for a value: HMAC-SHA-256, the same for the same value in any table, so that joins, groups
 * and counts over masked results still work. The key is all that keeps it from being a lookup table.
 *
 * Canonical bytes: a text's UTF-8, without the blanks that pad a char(n); a UUID's 16 bytes in either format.
 * A column narrower than the token gets as many of its characters as fit: still keyed, less distinct.
 */
import { PosternError } from '../../errors.ts';
import { copyBytes } from '../bytes.ts';
import { HASH_HEX_CHARS } from '../limits.ts';
import { Hmac } from './hmac.ts';
import type { MaskWriter } from './writer.ts';

const BLANK = 0x20;
const DASH = 0x2d;
const UUID_BYTES = 16;
/** With its dashes. */
const UUID_CHARS = 36;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** `key`: 32 bytes; throws `masking-failed` where it has another length. */
export function hashTextWriter(key: Uint8Array, maxChars: number, blankPadded: boolean): MaskWriter {
  const hmac = new Hmac(key);
  const chars = Math.min(HASH_HEX_CHARS, maxChars);
  return (src, start, paddedEnd, out, at) => {
    let end = paddedEnd;
    if (blankPadded) while (end > start && src[end - 1] === BLANK) end--;
    const digest = hmac.digest(src, start, end);
    for (let i = 0; i < chars; i++) out[at + i] = hexDigit(digest, i);
    return chars;
  };
}

/** UUIDs become version 8 UUIDs ("custom", RFC 9562 section 5.8), so every driver still reads them. */
export function hashUuidWriter(key: Uint8Array, format: 0 | 1): MaskWriter {
  const hmac = new Hmac(key);
  const value = Buffer.alloc(UUID_BYTES);
  return (src, start, end, out, at) => {
    if (format === 1) binaryUuid(src, start, end, value);
    else parseUuid(src, start, end, value);
    const digest = hmac.digest(value, 0, UUID_BYTES);
    digest[6] = (digest[6]! & 0x0f) | 0x80;
    digest[8] = (digest[8]! & 0x3f) | 0x80;
    if (format === 1) return digest.copy(out, at, 0, UUID_BYTES);
    let to = at;
    for (let i = 0; i < UUID_BYTES * 2; i++) {
      if (i === 8 || i === 12 || i === 16 || i === 20) out[to++] = DASH;
      out[to++] = hexDigit(digest, i);
    }
    return to - at;
  };
}

/** The character of a digest's half byte. */
export function hexDigit(bytes: Buffer, index: number): number {
  const byte = bytes[index >> 1]!;
  return HEX[(index & 1) === 0 ? byte >> 4 : byte & 15]!;
}

function malformed(): never {
  throw new PosternError('masking-failed', { reason: 'a UUID is malformed' });
}

function binaryUuid(src: Buffer, start: number, end: number, value: Buffer): void {
  if (end - start !== UUID_BYTES) malformed();
  copyBytes(src, start, end, value, 0);
}

/** As PostgreSQL writes it: hexadecimal in lower case, with dashes after 8, 12, 16 and 20 digits. */
function parseUuid(src: Buffer, start: number, end: number, value: Buffer): void {
  if (end - start !== UUID_CHARS) malformed();
  let at = start;
  for (let i = 0; i < UUID_BYTES; i++) {
    if ((i === 4 || i === 6 || i === 8 || i === 10) && src[at++] !== DASH) malformed();
    value[i] = (halfByte(src[at++]!) << 4) | halfByte(src[at++]!);
  }
}

function halfByte(digit: number): number {
  if (digit >= 0x30 && digit <= 0x39) return digit - 0x30;
  if (digit >= 0x61 && digit <= 0x66) return digit - 0x61 + 10;
  return malformed();
}
