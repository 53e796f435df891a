import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Hmac } from '../../src/masking/functions/hmac.ts';
import { HMAC_ONE_SHOT_BYTES } from '../../src/masking/limits.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const value = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .integer({ min: HMAC_ONE_SHOT_BYTES - 3, max: HMAC_ONE_SHOT_BYTES + 3 })
    .map((n) => new Uint8Array(n).fill(0x80)),
  fc.uint8Array({ minLength: 1000, maxLength: 3000 }),
);
const expected = (secret: Uint8Array, data: Uint8Array): string =>
  createHmac('sha256', secret).update(data).digest('hex');

describe('Hmac', () => {
  it("is node's HMAC-SHA-256, for one value after the other", () => {
    fc.assert(
      fc.property(key, fc.array(value, { minLength: 1, maxLength: 8 }), key, (secret, values, other) => {
        const hmac = new Hmac(secret);
        for (const data of values) {
          const src = Buffer.concat([Buffer.from('before'), data, Buffer.from('after')]);
          assert.equal(hmac.digest(src, 6, 6 + data.length).toString('hex'), expected(secret, data));
        }
        hmac.setKey(other);
        for (const data of values)
          assert.equal(hmac.digest(Buffer.from(data), 0, data.length).toString('hex'), expected(other, data));
      }),
      { numRuns: 500 },
    );
  });

  it('takes the key that a digest is, and forgets the caller’s', () => {
    const seeds = new Hmac(Buffer.alloc(32, 1));
    const blocks = new Hmac(Buffer.alloc(32, 2));
    const seed = Buffer.from(seeds.digest(Buffer.from('a'), 0, 1));
    blocks.setKey(seeds.digest(Buffer.from('a'), 0, 1));
    seeds.digest(Buffer.from('b'), 0, 1);
    for (const data of [Buffer.from('0'), Buffer.alloc(HMAC_ONE_SHOT_BYTES + 1)])
      assert.equal(blocks.digest(data, 0, data.length).toString('hex'), expected(seed, data));
  });

  it('refuses keys of another length', () => {
    for (const bytes of [0, 31, 33, 64])
      assert.throws(() => new Hmac(Buffer.alloc(bytes)), { code: 'masking-failed' });
  });
});
