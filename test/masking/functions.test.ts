import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldMask, safeDefault, writerOf } from '../../src/masking/functions.ts';
import type { FieldType } from '../../src/masking/functions.ts';
import type { MaskFunction } from '../../src/policy/rules.ts';
import { KEY, referenceMask } from './support.ts';

function mask(
  fn: MaskFunction,
  value: Buffer | string,
  type: FieldType = { typeOid: 25, format: 0 },
): string | null {
  const made = fieldMask(fn, type);
  if (made.kind === 'null') return null;
  if (made.kind === 'constant') return made.bytes.toString();
  const src = Buffer.from(value);
  const out = Buffer.alloc(src.length + 36);
  const written = writerOf(made, KEY)!(src, 0, src.length, out, 0);
  return written < 0 ? null : out.toString('utf8', 0, written);
}

const partial = (keepFirst: number, keepLast: number): MaskFunction => ({
  kind: 'partial',
  keepFirst,
  keepLast,
});
const varchar = (width: number): FieldType => ({ typeOid: 1043, format: 0, typeModifier: width + 4 });
const hmacHex = (value: Buffer): string => createHmac('sha256', KEY).update(value).digest('hex').slice(0, 32);

describe('mask functions', () => {
  it('keeps first and last characters by code point', () => {
    assert.equal(mask(partial(0, 4), '4111111111111111'), '************1111');
    assert.equal(mask(partial(1, 1), 'grüß😀!'), 'g****!');
    assert.equal(mask(partial(1, 2), '😀éabcd'), '😀***cd');
  });

  it('hides at least half, or everything', () => {
    assert.equal(mask(partial(0, 4), '12345678'), '****5678');
    assert.equal(mask(partial(0, 4), '1234567'), '****');
    assert.equal(mask(partial(0, 4), ''), '****');
    assert.equal(mask(partial(0, 0), 'abcdefgh'), '****');
    assert.equal(mask(partial(-1, 4), 'abcdefgh'), '****');
    assert.equal(mask(partial(Number.NaN, 1), 'abcdefgh'), '****');
  });

  it('does not take invalid UTF-8 for one long character', () => {
    assert.equal(mask(partial(1, 0), Buffer.from('41bfbfbfbfbfbf', 'hex')), '****');
    assert.equal(mask(partial(1, 0), Buffer.from('f0414243444546', 'hex')), '****');
  });

  it('keeps only the domain of a mail address', () => {
    assert.equal(mask({ kind: 'email' }, 'jane@example.com'), '****@example.com');
    for (const other of [
      'jane',
      '@example.com',
      'a@b@c.de',
      'a b@c.de',
      'a@123-45-6789',
      'a@b',
      'a@b.c',
      'a@.de',
      'a@b..de',
      'a@-b.de',
      'a@b-.de',
      'a@b.de.',
      'é@é.de',
      `${'x'.repeat(65)}@b.de`,
    ]) {
      assert.equal(mask({ kind: 'email' }, other), '****', other);
    }
  });

  it('hashes with HMAC-SHA-256, the same in every text type', () => {
    assert.equal(mask({ kind: 'hash' }, 'abc'), hmacHex(Buffer.from('abc')));
    assert.equal(mask({ kind: 'hash' }, 'abc   ', { typeOid: 1042, format: 0 }), hmacHex(Buffer.from('abc')));
    assert.equal(mask({ kind: 'hash' }, 'abc', varchar(10)), hmacHex(Buffer.from('abc')).slice(0, 10));
  });

  it('hashes a UUID to the same valid UUID in text and binary', () => {
    const value = '0e37df36-f698-11e6-8dd4-cb9ced3df976';
    const text = mask({ kind: 'hash' }, value, { typeOid: 2950, format: 0 });
    assert.match(text!, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const src = Buffer.from(value.replaceAll('-', ''), 'hex');
    const out = Buffer.alloc(16);
    assert.equal(
      writerOf(fieldMask({ kind: 'hash' }, { typeOid: 2950, format: 1 }), KEY)!(src, 0, 16, out, 0),
      16,
    );
    assert.equal(out.toString('hex'), text!.replaceAll('-', ''));
    assert.throws(() => mask({ kind: 'hash' }, 'no uuid', { typeOid: 2950, format: 0 }), {
      code: 'masking-failed',
    });
  });

  it('refuses a key of another length', () => {
    assert.throws(
      () => writerOf({ kind: 'hash-text', maxChars: Infinity, blankPadded: false }, Buffer.alloc(31)),
      { code: 'masking-failed' },
    );
  });

  it('gives NULL for every type that is not text', () => {
    for (const typeOid of [16, 17, 20, 21, 23, 114, 700, 1082, 1184, 1700, 3802, 1009, 99999]) {
      for (const kind of ['null', 'redact', 'hash', 'email'] as const)
        assert.equal(mask({ kind }, 'x', { typeOid, format: 1 }), null);
      assert.equal(mask(partial(1, 1), 'x', { typeOid, format: 0 }), null);
      assert.equal(safeDefault({ typeOid, format: 0 }).kind, 'null');
    }
    assert.equal(mask({ kind: 'redact' }, 'x', { typeOid: 2950, format: 0 }), null);
  });

  it('never outgrows the column', () => {
    assert.equal(mask({ kind: 'redact' }, 'abc', varchar(2)), '**');
    assert.equal(mask({ kind: 'redact' }, 'a', { typeOid: 18, format: 1 }), '*');
    assert.equal(mask({ kind: 'email' }, 'a@example.com', varchar(14)), '****');
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.nat(5),
        fc.nat(5),
        fc.constantFrom('redact', 'hash', 'email', 'partial'),
        (value, keepFirst, keepLast, kind) => {
          const fn: MaskFunction = kind === 'partial' ? { kind, keepFirst, keepLast } : { kind };
          const width = Math.max(Array.from(value).length, 1);
          assert.ok(Array.from(mask(fn, value, varchar(width))!).length <= width);
        },
      ),
    );
  });

  it('agrees with the reference on any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((b) => Buffer.from(b)),
      fc.string({ unit: 'grapheme', maxLength: 20 }).map((s) => Buffer.from(s)),
      fc.emailAddress().map((s) => Buffer.from(s)),
      fc.stringMatching(/^[a-z@.-]{0,12}$/).map((s) => Buffer.from(s)),
    );
    fc.assert(
      fc.property(
        bytes,
        fc.nat(6),
        fc.nat(6),
        fc.constantFrom('redact', 'hash', 'email', 'partial'),
        (value, keepFirst, keepLast, kind) => {
          const fn: MaskFunction = kind === 'partial' ? { kind, keepFirst, keepLast } : { kind };
          assert.equal(mask(fn, value), referenceMask(fn, value, hmacHex)!.toString());
        },
      ),
      { numRuns: 1000 },
    );
  });
});
