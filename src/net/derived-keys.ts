/**
 * Secrets that every Postern with the same `maskKey` has, without one of them having to tell another: each is
 * a key of its own (HKDF-SHA-256, RFC 5869), so that what is done with it says nothing of the mask key.
 */
import { hkdfSync } from 'node:crypto';

export type Purpose =
  /** Proves that a cancel key was issued, and that a cancel was passed on, by a Postern. */
  | 'postern cancel keys, version 1'
  /** Makes up what an agent that does not exist would have in its verifier. */
  | 'postern unknown agents, version 1'
  /** Tells others on the store which mask key this Postern has, and nothing of the key. */
  | 'postern mask key fingerprint, version 1';

/** As many bytes as the hash puts out. */
const KEY_BYTES = 32;

export function derivedKey(maskKey: Uint8Array, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync('sha256', maskKey, Buffer.alloc(0), purpose, KEY_BYTES));
}
