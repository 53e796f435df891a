import { createHmac, createSecretKey, hash } from 'node:crypto';
import { PosternError } from '../../errors.ts';
import { HASH_KEY_BYTES, HMAC_ONE_SHOT_BYTES } from '../limits.ts';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * HMAC-SHA-256 (RFC 2104) of one value after the other. Node's own Hmac is made for streams, and takes three times
 * as long to set up as two hashes of a short value take (measured on Node 24); for long values it is used.
 */
export class Hmac {
  readonly #key: Buffer = Buffer.alloc(HASH_KEY_BYTES);
  /** The padded key and behind it the value. */
  readonly #inner = Buffer.alloc(BLOCK_BYTES + HMAC_ONE_SHOT_BYTES);
  /** The padded key and behind it the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  readonly #digest = Buffer.alloc(DIGEST_BYTES);

  /** `key`: 32 bytes; throws `masking-failed` where it has another length. */
  constructor(key: Uint8Array) {
    this.setKey(key);
  }

  setKey(key: Uint8Array): void {
    if (key.length !== HASH_KEY_BYTES) {
      throw new PosternError('masking-failed', {
        reason: `the hash key is not ${HASH_KEY_BYTES} bytes long`,
      });
    }
    this.#key.set(key);
    for (let i = 0; i < BLOCK_BYTES; i++) {
      const byte = i < HASH_KEY_BYTES ? key[i]! : 0;
      this.#inner[i] = byte ^ INNER_PAD;
      this.#outer[i] = byte ^ OUTER_PAD;
    }
  }

  /** The digest of `src[start, end)`, valid until the next call. */
  digest(src: Buffer, start: number, end: number): Buffer {
    const bytes = end - start;
    if (bytes > HMAC_ONE_SHOT_BYTES)
      return createHmac('sha256', createSecretKey(this.#key)).update(src.subarray(start, end)).digest();
    src.copy(this.#inner, BLOCK_BYTES, start, end);
    // as strings: a buffer for each would cost more than the hash
    const inner = hash('sha256', this.#inner.subarray(0, BLOCK_BYTES + bytes), 'binary');
    this.#outer.write(inner, BLOCK_BYTES, 'latin1');
    this.#digest.write(hash('sha256', this.#outer, 'binary'), 'latin1');
    return this.#digest;
  }
}
