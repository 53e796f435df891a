/**
 * A keyed token for a value: HMAC-SHA-256, the same for the same value in any table, so that joins, groups
 * and counts over masked results still work. The key is all that keeps it from being a lookup table.
 *
 * Canonical bytes: a text's UTF-8, without the blanks that pad a char(n); a UUID's 16 bytes in either format.
 * A column narrower than the token gets as many of its characters as fit: still keyed, less distinct.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { PosternError } from '../../errors.ts';
import { HASH_HEX_CHARS, HASH_KEY_BYTES } from '../limits.ts';
import type { MaskWriter } from './writer.ts';

const BLANK = 0x20;
const DASH = 0x2d;
const UUID_BYTES = 16;
export const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** `key`: 32 bytes; throws `masking-failed` where it has another length. */
export function keyObject(key: Uint8Array): KeyObject {
  if (key.length !== HASH_KEY_BYTES) {
    throw new PosternError('masking-failed', { reason: `the hash key is not ${HASH_KEY_BYTES} bytes long` });
  }
  return createSecretKey(key);
}

export function hashTextWriter(key: Uint8Array, maxChars: number, blankPadded: boolean): MaskWriter {
  const secret = keyObject(key);
  const chars = Math.min(HASH_HEX_CHARS, maxChars);
  return (src, start, paddedEnd, out, at) => {
    let end = paddedEnd;
    if (blankPadded) while (end > start && src[end - 1] === BLANK) end--;
    const digest = createHmac('sha256', secret).update(src.subarray(start, end)).digest();
    for (let i = 0; i < chars; i++) out[at + i] = hexDigit(digest, i);
    return chars;
  };
}

/** UUIDs become version 8 UUIDs ("custom", RFC 9562 section 5.8), so every driver still reads them. */
export function hashUuidWriter(key: Uint8Array, format: 0 | 1): MaskWriter {
  const secret = keyObject(key);
  return (src, start, end, out, at) => {
    const value = format === 1 ? binaryUuid(src, start, end) : parseUuid(src, start, end);
    const digest = createHmac('sha256', secret).update(value).digest();
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

function binaryUuid(src: Buffer, start: number, end: number): Buffer {
  if (end - start !== UUID_BYTES) throw new PosternError('masking-failed', { reason: 'a UUID is malformed' });
  return src.subarray(start, end);
}

function parseUuid(src: Buffer, start: number, end: number): Buffer {
  const text = src.toString('latin1', start, end);
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) {
    throw new PosternError('masking-failed', { reason: 'a UUID is malformed' });
  }
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}
