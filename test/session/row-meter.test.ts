/** Counting rows by the lengths of their frames, against limits of a statement and of the hour. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RowAccount } from '../../src/approvals/row-ledger.ts';
import type { RowLimit } from '../../src/policy/row-limits.ts';
import type { Rule } from '../../src/policy/rules.ts';
import { RowMeter, RowTally } from '../../src/session/row-meter.ts';

const ruleNamed = (name: string): Rule => ({
  name,
  when: {},
  then: 'hold',
  approvers: [],
  quorum: 1,
  expiresMs: 1000,
});
const limit = (rows: number, per: RowLimit['per'] = 'statement', name = `${per} ${rows}`): RowLimit => ({
  rule: ruleNamed(name),
  rows,
  per,
});

class Account implements RowAccount {
  rows = 0;
  add(rows: number): void {
    this.rows += rows;
  }
}

function meter(limits: readonly RowLimit[], tally = new RowTally(), accounts = new Map<string, Account>()) {
  const accountOf = (rule: string): Account => {
    const account = accounts.get(rule) ?? new Account();
    accounts.set(rule, account);
    return account;
  };
  return new RowMeter(limits, tally, accountOf);
}

/** DataRows of so many bytes behind type and length. */
function framesOf(sizes: readonly number[]): { buffer: Buffer; ends: number[] } {
  const ends: number[] = [];
  const frames = sizes.map((size) => {
    const frame = Buffer.alloc(5 + size, 0x44);
    frame.writeUInt32BE(size + 4, 1);
    ends.push((ends.at(-1) ?? 0) + frame.length);
    return frame;
  });
  return { buffer: Buffer.concat(frames), ends };
}

test('whatever the rows and the runs, exactly as many pass as the strictest limit lets', () => {
  const sizes = fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      sizes,
      fc.array(fc.integer({ min: 0, max: 70 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(60)),
      (rows, allowed, cuts) => {
        const { buffer, ends } = framesOf(rows);
        const limits = allowed.map((n, i) => limit(n, i % 2 === 0 ? 'statement' : 'hour', `r${i}`));
        const one = meter(limits);
        const may = Math.min(rows.length, ...allowed);
        const borders = [
          ...new Set([...cuts.map((c) => ends[Math.min(c, rows.length - 1)] ?? 0), buffer.length]),
        ].sort((a, b) => a - b);
        let at = 0;
        for (const border of borders) {
          const to = one.pass(buffer, at, border);
          at = to;
          if (to < border) break;
        }
        assert.equal(at, may === 0 ? 0 : ends[may - 1]);
        assert.equal(one.tally.rows, may);
        assert.equal(one.met.length > 0, Math.min(...allowed) <= rows.length);
      },
    ),
  );
});

test('a row that is cut off counts once, with its beginning', () => {
  const { buffer } = framesOf([4, 100]);
  const one = meter([limit(2)]);
  assert.equal(one.pass(buffer, 0, 30), 30);
  assert.equal(one.tally.rows, 2);
  const strict = meter([limit(1)]);
  assert.equal(strict.pass(buffer, 0, 30), 9, 'and does not begin if it may not pass');
});

test('what is lifted limits no more, and its hour counts no more', () => {
  const { buffer, ends } = framesOf(Array.from({ length: 10 }, () => 3));
  const [hour, statement] = [limit(2, 'hour'), limit(5)];
  const accounts = new Map<string, Account>();
  const one = meter([hour, statement], new RowTally(), accounts);
  assert.equal(one.pass(buffer, 0, buffer.length), ends[1]);
  assert.deepEqual(one.met, [hour]);
  one.lift(one.met);
  assert.equal(one.pass(buffer, ends[1] ?? 0, buffer.length), ends[4]);
  assert.deepEqual(one.met, [statement]);
  assert.equal(accounts.get(hour.rule.name)?.rows, 2);
  one.lift(one.met);
  assert.equal(one.passOne(), true);
  // a tally that lives on remembers; the same rule read again is another
  assert.equal(meter([hour, statement], one.tally, accounts).passOne(), true);
  assert.equal(meter([limit(5)], one.tally).passOne(), false);
});
