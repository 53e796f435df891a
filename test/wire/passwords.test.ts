import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PosternError, type ErrorCode } from '../../src/errors.ts';
import { md5Password } from '../../src/wire/md5-password.ts';
import { makeVerifier, mockVerifier, parseVerifier, saslprep } from '../../src/wire/scram.ts';

const SALT = Buffer.alloc(16, 3);
const fails =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof PosternError && error.code === code;

describe('verifiers', () => {
  it('of unknown agents look like real ones, stay the same and differ by agent and by secret', async () => {
    const real = await makeVerifier('x', { salt: SALT });
    const mock = mockVerifier('ghost', SALT);
    assert.equal(mock.length, real.length);
    assert.equal(parseVerifier(mock).iterations, parseVerifier(real).iterations);
    assert.equal(parseVerifier(mock).salt.length, parseVerifier(real).salt.length);
    assert.equal(mockVerifier('ghost', SALT), mock);
    assert.notEqual(mockVerifier('ghost2', SALT), mock);
    assert.notEqual(mockVerifier('ghost', Buffer.alloc(16, 4)), mock);
    assert.throws(() => mockVerifier('ghost', Buffer.alloc(15)), fails('bad-input'));
  });

  it('are read strictly, and never repeated in the error', () => {
    const key = Buffer.alloc(32).toString('base64');
    for (const text of [
      '',
      'md5abc',
      `SCRAM-SHA-1$4096:AAAA$${key}:${key}`,
      `SCRAM-SHA-256$0:AAAA$${key}:${key}`,
      `SCRAM-SHA-256$4096:$${key}:${key}`,
      `SCRAM-SHA-256$4096:AAAA$${key}:AAAA`,
      `SCRAM-SHA-256$4096:A*AA$${key}:${key}`,
      `SCRAM-SHA-256$9999999999:AAAA$${key}:${key}`,
      `SCRAM-SHA-256$4096:AAAA$${key}:${key}\n`,
      `x\nSCRAM-SHA-256$1:AAAA$${key}:${key}`,
    ]) {
      assert.throws(
        () => parseVerifier(text),
        (e) => fails('bad-input')(e) && (text === '' || !(e as Error).message.includes(text)),
      );
    }
  });

  it('need a salt and an iteration', async () => {
    await assert.rejects(makeVerifier('x', { salt: Buffer.alloc(0) }), fails('bad-input'));
    await assert.rejects(makeVerifier('x', { salt: SALT, iterations: 0 }), fails('bad-input'));
    await assert.rejects(makeVerifier('x', { salt: SALT, iterations: 1.5 }), fails('bad-input'));
  });
});

describe('saslprep', () => {
  const cases: readonly [string, string, string][] = [
    ['leaves ASCII alone, control characters too', 'a\tb\u{7f}', 'a\tb\u{7f}'],
    ['drops what maps to nothing (RFC 4013 example 1)', 'I\u{AD}X', 'IX'],
    ['normalises (RFC 4013 example 4)', '\u{AA}', 'a'],
    ['normalises (RFC 4013 example 5)', '\u{2168}', 'IX'],
    ['makes spaces of spaces', 'a\u{A0}b\u{3000}c\u{200B}d', 'a b c d'],
    ['composes', 'e\u{301}', '\u{E9}'],
    ['leaves a password with a prohibited character as it was', '\u{AA}\u{85}', '\u{AA}\u{85}'],
    ['leaves a private-use character as it was', '\u{AA}\u{E000}', '\u{AA}\u{E000}'],
    ['leaves one that becomes empty as it was', '\u{AD}', '\u{AD}'],
    [
      'leaves right-to-left that ends in a digit as it was (RFC 4013 example 7)',
      '\u{627}\u{FE8D}1',
      '\u{627}\u{FE8D}1',
    ],
    ['leaves mixed directions as they were', '\u{627}\u{FE8D}b\u{627}', '\u{627}\u{FE8D}b\u{627}'],
    [
      'looks for prohibited characters before it normalises, as PostgreSQL does',
      '\u{AA}\u{340}',
      '\u{AA}\u{340}',
    ],
    ['normalises right-to-left', '\u{627}1\u{FE8D}', '\u{627}1\u{627}'],
  ];
  for (const [what, password, wanted] of cases) {
    it(what, () => assert.equal(saslprep(password), wanted));
  }

  it('throws for nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (password) => typeof saslprep(password) === 'string'),
    );
  });
});

describe('md5Password', () => {
  it('is the hash of the docs, as md5sum computes it', () => {
    assert.equal(md5Password('user', 'secret', Buffer.of(1, 2, 3, 4)), 'md5fccef98e4f1cf6cbe96b743fad4e8bd0');
  });
});
