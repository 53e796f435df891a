import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { MaskFunction } from '../../src/policy/rules.ts';
import { maskedBytes, maskedText } from './support.ts';

const INT2 = 21;
const INT4 = 23;
const INT8 = 20;
const FLOAT4 = 700;
const FLOAT8 = 701;
const NUMERIC = 1700;

const to = (roundTo: number): MaskFunction => ({ kind: 'number', roundTo });
const text = (typeOid: number, value: string, roundTo = 1000): string | null =>
  maskedText(to(roundTo), value, { typeOid, format: 0 });
const binary = (typeOid: number, value: Buffer, roundTo = 1000): Buffer | null =>
  maskedBytes(to(roundTo), value, { typeOid, format: 1 });

function int(bytes: 2 | 4 | 8, value: bigint): Buffer {
  const made = Buffer.alloc(8);
  made.writeBigInt64BE(value);
  return made.subarray(8 - bytes);
}
function float(bytes: 4 | 8, value: number): Buffer {
  const made = Buffer.alloc(bytes);
  if (bytes === 4) made.writeFloatBE(value);
  else made.writeDoubleBE(value);
  return made;
}

/** numeric_send, from decimal text. */
function numeric(written: string): Buffer {
  const [, minus, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(written)!;
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups = (left + right).match(/.{4}/g)!.map(Number);
  let weight = left.length / 4 - 1;
  while (groups[0] === 0) {
    groups.shift();
    weight--;
  }
  while (groups.at(-1) === 0) groups.pop();
  const made = Buffer.alloc(8 + groups.length * 2);
  made.writeInt16BE(groups.length, 0);
  made.writeInt16BE(groups.length === 0 ? 0 : weight, 2);
  made.writeUInt16BE(minus === '-' && groups.length > 0 ? 0x4000 : 0, 4);
  made.writeInt16BE(fraction.length, 6);
  groups.forEach((group, i) => made.writeInt16BE(group, 8 + i * 2));
  return made;
}

describe('number masks', () => {
  it('cut towards zero', () => {
    for (const [value, expected] of [
      ['0', '0'],
      ['999', '0'],
      ['-999', '0'],
      ['1000', '1000'],
      ['12345', '12000'],
      ['-12345', '-12000'],
    ] as const) {
      for (const typeOid of [INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC])
        assert.equal(text(typeOid, value), expected, `${typeOid} ${value}`);
    }
    assert.equal(text(NUMERIC, '-1999.99'), '-1000');
    assert.equal(text(FLOAT8, '1.23456e+06'), '1234000');
    assert.equal(text(INT8, '-9223372036854775808'), '-9223372036854775000');
    assert.equal(text(NUMERIC, '123456789012345678901234567891.5', 7), '123456789012345678901234567890');
  });

  it('give NULL for what has no multiple in its type, and for what is no number', () => {
    for (const value of ['NaN', 'Infinity', '-Infinity', '1e+300', '-9007199254740993'])
      assert.equal(text(FLOAT8, value), null, value);
    for (const value of ['NaN', 'Infinity', '-Infinity', '1'.repeat(1001), '12,5', '12 ', '1e5', ''])
      assert.equal(text(NUMERIC, value), null, value);
    // 123456790 is no float4; the nearest one is the value itself
    assert.equal(text(FLOAT4, '1.2345679e+08', 10), null);
    for (const value of [Number.NaN, Infinity, -Infinity, 1e300])
      assert.equal(binary(FLOAT8, float(8, value)), null);
    for (const sign of [0xc000, 0xd000, 0xf000]) {
      const special = Buffer.alloc(8);
      special.writeUInt16BE(sign, 4);
      assert.equal(binary(NUMERIC, special), null);
    }
    for (const typeOid of [INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC])
      for (const length of [0, 1, 3, 5, 9]) assert.equal(binary(typeOid, Buffer.alloc(length, 1)), null);
  });

  it('tell nothing by the sign of zero', () => {
    assert.deepEqual(binary(FLOAT8, float(8, -5)), Buffer.alloc(8));
    assert.deepEqual(binary(FLOAT4, float(4, -5)), Buffer.alloc(4));
    assert.deepEqual(binary(NUMERIC, numeric('-5.5')), Buffer.alloc(8));
  });

  it('do the same in binary as in text', () => {
    const roundTo = fc.oneof(fc.constantFrom(2, 10, 1000, 5000), fc.integer({ min: 2, max: 1e6 }));
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), roundTo, (large, multiple) => {
        const by = BigInt(multiple);
        for (const [typeOid, bytes] of [
          [INT2, 2],
          [INT4, 4],
          [INT8, 8],
        ] as const) {
          const value = BigInt.asIntN(bytes * 8, large);
          const expected = (value / by) * by;
          assert.equal(text(typeOid, String(value), multiple), String(expected));
          assert.deepEqual(binary(typeOid, int(bytes, value), multiple), int(bytes, expected));
        }
      }),
    );
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 40n), 10n ** 40n),
        fc.nat(99999),
        roundTo,
        (whole, fraction, multiple) => {
          const expected = String((whole / BigInt(multiple)) * BigInt(multiple));
          const value = `${whole}.${fraction}`;
          assert.equal(text(NUMERIC, value, multiple), expected);
          assert.deepEqual(binary(NUMERIC, numeric(value), multiple), numeric(expected));
        },
      ),
    );
    fc.assert(
      fc.property(fc.float(), fc.double(), roundTo, (single, double, multiple) => {
        for (const [typeOid, bytes, value] of [
          [FLOAT4, 4, single],
          [FLOAT8, 8, double],
        ] as const) {
          const sent = binary(typeOid, float(bytes, value), multiple);
          const written = text(typeOid, Object.is(value, -0) ? '-0' : String(value), multiple);
          const result = sent === null ? null : bytes === 4 ? sent.readFloatBE() : sent.readDoubleBE();
          assert.equal(written === null ? null : Number(written), result);
          if (result === null) continue;
          assert.ok(result % multiple === 0 && Math.abs(result) <= Math.abs(value));
          assert.ok(Math.abs(value - result) < multiple);
        }
      }),
    );
  });

  it('give NULL for any other bytes, or a multiple', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), fc.constantFrom<0 | 1>(0, 1), (bytes, format) => {
        for (const typeOid of [INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC])
          maskedBytes(to(1000), Buffer.from(bytes), { typeOid, format });
      }),
    );
  });

  it('round nothing by what no valid rules file says', () => {
    for (const roundTo of [1, 0, -5, 2.5, Number.NaN, Infinity])
      assert.equal(text(INT4, '12345', roundTo), null);
  });
});
