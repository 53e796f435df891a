import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DATE_UNITS } from '../../src/policy/rules.ts';
import type { DateUnit, MaskFunction } from '../../src/policy/rules.ts';
import { maskedBytes, maskedText } from './support.ts';

const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
const MS_PER_DAY = 86_400_000;
const EPOCH_2000 = Date.UTC(2000, 0, 1);

const cut = (truncate: DateUnit): MaskFunction => ({ kind: 'date', truncate });
const text = (typeOid: number, value: string, unit: DateUnit): string | null =>
  maskedText(cut(unit), value, { typeOid, format: 0 });
const binary = (typeOid: number, value: Buffer, unit: DateUnit): Buffer | null =>
  maskedBytes(cut(unit), value, { typeOid, format: 1 });

function us(value: bigint): Buffer {
  const made = Buffer.alloc(8);
  made.writeBigInt64BE(value);
  return made;
}
function days(value: number): Buffer {
  const made = Buffer.alloc(4);
  made.writeInt32BE(value);
  return made;
}

/** The same with JavaScript's own calendar; milliseconds since 1970 in UTC. */
function reference(ms: number, unit: DateUnit): number {
  const date = new Date(ms);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const at = (y: number, m: number, d: number): number => {
    const made = new Date(0);
    made.setUTCFullYear(y, m, d);
    return made.getTime();
  };
  switch (unit) {
    case 'year':
      return at(year, 0, 1);
    case 'quarter':
      return at(year, month - (month % 3), 1);
    case 'month':
      return at(year, month, 1);
    case 'week':
      return at(year, month, day - ((date.getUTCDay() + 6) % 7));
    case 'day':
      return at(year, month, day);
    case 'hour':
      return at(year, month, day) + date.getUTCHours() * 3_600_000;
  }
}
const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

describe('date masks', () => {
  it('cut to the unit', () => {
    const value = '2024-05-16 13:45:59.123456';
    const expected = ['2024-01-01', '2024-04-01', '2024-05-01', '2024-05-13', '2024-05-16', '2024-05-16 13'];
    for (const [index, unit] of DATE_UNITS.entries()) {
      const whole =
        expected[index]!.length === 10 ? `${expected[index]} 00:00:00` : `${expected[index]}:00:00`;
      assert.equal(text(TIMESTAMP, value, unit), whole);
      assert.equal(text(TIMESTAMPTZ, `${value}+00`, unit), `${whole}+00`);
    }
    assert.equal(text(DATE, '2024-05-16', 'quarter'), '2024-04-01');
    assert.equal(text(DATE, '5874897-12-31', 'year'), '5874897-01-01');
    assert.equal(text(DATE, '0001-01-03', 'week'), '0001-01-01');
  });

  it('leave no date column what it is', () => {
    assert.equal(text(DATE, '2024-05-16', 'day'), null);
    assert.equal(text(DATE, '2024-05-16', 'hour'), null);
    assert.equal(binary(DATE, days(5), 'day'), null);
  });

  it('give the same whatever the session’s time zone', () => {
    for (const same of ['2024-07-01 01:30:00+02', '2024-06-30 23:30:00+00', '2024-06-30 18:00:00-05:30'])
      assert.equal(text(TIMESTAMPTZ, same, 'year'), '2024-01-01 00:00:00+00');
    assert.equal(text(TIMESTAMPTZ, '2024-01-01 00:30:00+01', 'year'), '2023-01-01 00:00:00+00');
    assert.equal(text(TIMESTAMPTZ, '1890-01-01 00:00:00+00:53:28', 'hour'), '1889-12-31 23:00:00+00');
  });

  it('give NULL for infinities, years before Christ and other styles', () => {
    for (const value of [
      'infinity',
      '-infinity',
      '0044-03-15 BC',
      '05/16/2024',
      '16.05.2024',
      '16-05-2024',
      '',
      '2024-13-01',
      '2024-02-30',
      '2024-00-10',
      '0000-01-01',
    ])
      assert.equal(text(DATE, value, 'year'), null, value);
    for (const value of [
      '0044-03-15 10:00:00 BC',
      'Thu May 16 13:45:59 2024',
      '2024-05-16',
      '2024-05-16 13:45',
      '2024-05-16 25:00:00',
      '2024-05-16 13:45:59+02',
    ])
      assert.equal(text(TIMESTAMP, value, 'year'), null, value);
    for (const value of ['2024-05-16 13:45:59', '2024-05-16 13:45:59 CEST', '0001-01-01 00:00:00+14'])
      assert.equal(text(TIMESTAMPTZ, value, 'year'), null, value);
    for (const value of [0x7fffffff, -0x80000000, -800_000])
      assert.equal(binary(DATE, days(value), 'month'), null);
    for (const value of [2n ** 63n - 1n, -(2n ** 63n), -(2n ** 62n)])
      assert.equal(binary(TIMESTAMP, us(value), 'month'), null);
    assert.equal(binary(DATE, Buffer.alloc(3), 'month'), null);
    assert.equal(binary(TIMESTAMP, Buffer.alloc(7), 'month'), null);
  });

  it('agree with another calendar, in text and in binary', () => {
    const moment = fc.date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-31'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(
        moment,
        fc.constantFrom(...DATE_UNITS),
        fc.integer({ min: -15, max: 15 }),
        (date, unit, zone) => {
          const ms = date.getTime();
          const expected = reference(ms, unit);
          assert.equal(text(TIMESTAMP, `${iso(ms)}.5`, unit), iso(expected));
          const shown = `${zone < 0 ? '-' : '+'}${String(Math.abs(zone)).padStart(2, '0')}`;
          const local = ms + zone * 3_600_000;
          if (local >= Date.parse('0001-01-01T00:00:00Z') && local < Date.parse('9999-12-31T23:00:00Z'))
            assert.equal(text(TIMESTAMPTZ, iso(local) + shown, unit), `${iso(expected)}+00`);
          const time = us(BigInt(ms - EPOCH_2000) * 1000n + 7n);
          for (const typeOid of [TIMESTAMP, TIMESTAMPTZ])
            assert.deepEqual(binary(typeOid, time, unit), us(BigInt(expected - EPOCH_2000) * 1000n));
          if (unit === 'day' || unit === 'hour') return;
          const day = Math.floor((ms - EPOCH_2000) / MS_PER_DAY);
          assert.deepEqual(binary(DATE, days(day), unit), days((expected - EPOCH_2000) / MS_PER_DAY));
          assert.equal(text(DATE, iso(ms).slice(0, 10), unit), iso(expected).slice(0, 10));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('never throw', () => {
    const written = fc.oneof(fc.string({ maxLength: 30 }), fc.stringMatching(/^[-0-9: .+BC]{0,30}$/));
    fc.assert(
      fc.property(
        written,
        fc.constantFrom(...DATE_UNITS),
        fc.constantFrom<0 | 1>(0, 1),
        (value, unit, format) => {
          for (const typeOid of [DATE, TIMESTAMP, TIMESTAMPTZ]) {
            const masked = maskedText(cut(unit), value, { typeOid, format });
            if (format === 0 && masked !== null)
              assert.match(masked, /^\d{4,7}-\d\d-\d\d( \d\d:00:00(\+00)?)?$/);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
