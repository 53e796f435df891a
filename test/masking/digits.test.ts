import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { MaskFunction } from '../../src/policy/rules.ts';
import { maskedText } from './support.ts';

const DIGITS: MaskFunction = { kind: 'digits' };
const TEXT = { typeOid: 25, format: 0 } as const;
const token = (value: string | Buffer): string => maskedText(DIGITS, value, TEXT)!;

describe('digit tokens', () => {
  it('keep form and length, are the same for the same value, and never the value', () => {
    const form = fc.stringMatching(/^[0-9]{4}[0-9 ./()+:,_#*-]{0,40}$/);
    fc.assert(
      fc.property(form, (value) => {
        const made = token(value);
        assert.equal(made.replaceAll(/\d/g, '0'), value.replaceAll(/\d/g, '0'));
        assert.notEqual(made, value);
        assert.equal(token(value), made);
      }),
      { numRuns: 1000 },
    );
  });

  it('redact what has letters, few digits, another script or no end', () => {
    for (const value of [
      '',
      '123',
      '12-3',
      'AB-1234',
      'ext. 1234',
      '１２３４',
      '٠١٢٣',
      '1234\n',
      '1'.repeat(257),
    ])
      assert.equal(token(value), '****', value);
    assert.equal(token(Buffer.from('31323334ff', 'hex')), '****');
  });

  it('use all ten digits about equally, at every place', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      const made = token(String(10_000_000 + i));
      for (const [place, digit] of [...made].entries())
        counts.set(`${place} ${digit}`, (counts.get(`${place} ${digit}`) ?? 0) + 1);
    }
    assert.equal(counts.size, 80);
    // 200 expected, standard deviation 13.4
    for (const [place, count] of counts) assert.ok(count > 130 && count < 270, `${place}: ${count}`);
  });

  it('are the same for a char(n) and a text', () => {
    assert.equal(maskedText(DIGITS, '123-45   ', { typeOid: 1042, format: 1 }), token('123-45'));
  });

  it('have nothing to do with the hash of the same value, and are for texts only', () => {
    assert.ok(!maskedText({ kind: 'hash' }, '12345678', TEXT)!.includes(token('12345678')));
    for (const typeOid of [20, 23, 1700, 114])
      assert.equal(maskedText(DIGITS, '12345', { typeOid, format: 0 }), null);
  });
});
