import { randomBytes } from 'node:crypto';
import { ID_CHARACTERS } from './limits.ts';

/** Crockford's base32 in lower case: digits and letters without i, l, o, u. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A new request id from the system's random source, e.g. `k7f3-9qzm`. */
export function newRequestId(): string {
  // 256 is a multiple of 32, so the remainder is not biased.
  const characters = Array.from(randomBytes(ID_CHARACTERS), (byte) => ALPHABET.charAt(byte % 32));
  return withDash(characters.join(''));
}

/**
 * An id or its beginning as a person typed it, in the store's form: lower case, the dash optional, and the
 * letters that are not in the alphabet read as the digits they look like. Null for what cannot be one.
 */
export function readId(typed: string): string | null {
  const plain = typed.trim().toLowerCase().replace('-', '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  if (plain.length === 0 || plain.length > ID_CHARACTERS) return null;
  for (const character of plain) if (!ALPHABET.includes(character)) return null;
  return withDash(plain);
}

/** Whether `id`, from `readId`, is a whole one. */
export function isWholeId(id: string): boolean {
  return id.length === ID_CHARACTERS + 1;
}

function withDash(characters: string): string {
  const half = ID_CHARACTERS / 2;
  return characters.length <= half ? characters : `${characters.slice(0, half)}-${characters.slice(half)}`;
}
