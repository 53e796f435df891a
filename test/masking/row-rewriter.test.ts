import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { planRow } from '../../src/masking/plan.ts';
import { RowRewriter } from '../../src/masking/row-rewriter.ts';
import type { MaskFunction } from '../../src/policy/rules.ts';
import { dataRow, field, KEY, maskSet, parseRows, planOf, referenceMask, TABLE } from './support.ts';
import type { Value } from './support.ts';

const hmacHex = (value: Buffer): string => createHmac('sha256', KEY).update(value).digest('hex').slice(0, 32);

const maskedValue = (fn: MaskFunction | null, v: Value): Value =>
  fn === null ? v : referenceMask(fn, v, hmacHex);

const maskFunction: fc.Arbitrary<MaskFunction> = fc.oneof(
  fc.constantFrom<MaskFunction>({ kind: 'null' }, { kind: 'redact' }, { kind: 'hash' }, { kind: 'email' }),
  fc.record({ kind: fc.constant('partial' as const), keepFirst: fc.nat(4), keepLast: fc.nat(4) }),
);
const value: fc.Arbitrary<Value> = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 150 }).map((b) => Buffer.from(b)),
    fc.string({ unit: 'grapheme', maxLength: 40 }).map((s) => Buffer.from(s)),
  ),
  { nil: null },
);
const result = fc
  .integer({ min: 1, max: 8 })
  .chain((count) =>
    fc.record({
      fns: fc.array(fc.option(maskFunction, { nil: null }), { minLength: count, maxLength: count }),
      rows: fc.array(fc.array(value, { minLength: count, maxLength: count }), { maxLength: 20 }),
    }),
  )
  .filter(({ fns }) => fns.some((fn) => fn !== null));

describe('the row rewriter', () => {
  it('does what the reference does, and copies all else byte for byte', () => {
    fc.assert(
      fc.property(result, ({ fns, rows }) => {
        const rewriter = new RowRewriter(planOf(fns), KEY);
        rewriter.begin();
        for (const row of rows) {
          const frame = dataRow(row);
          const padded = Buffer.concat([Buffer.from('xy'), frame, Buffer.from('z')]);
          rewriter.rewrite(padded, 2, 2 + frame.length);
        }
        const expected = rows.map((row) => row.map((v, i) => maskedValue(fns[i] ?? null, v)));
        assert.deepEqual(parseRows(rewriter.take()), expected);
        assert.equal(rewriter.failures, 0);
      }),
      { numRuns: 400 },
    );
  });

  it('does the same where the rows lie, as far as they fit, and touches nothing around them', () => {
    const before = Buffer.from('before');
    const after = Buffer.from('after');
    let fitted = 0;
    fc.assert(
      fc.property(result, ({ fns, rows }) => {
        const rewriter = new RowRewriter(planOf(fns), KEY);
        const frames = Buffer.concat(rows.map(dataRow));
        const buffer = Buffer.concat([before, frames, after]);
        const end = before.length + frames.length;
        const { to, next } = rewriter.inPlace(buffer, before.length, end);
        rewriter.begin();
        rewriter.rewriteRun(buffer, next, end);
        const whole = Buffer.concat([buffer.subarray(before.length, to), rewriter.take()]);
        const expected = rows.map((row) => row.map((v, i) => maskedValue(fns[i] ?? null, v)));
        assert.deepEqual(parseRows(whole), expected);
        assert.ok(buffer.subarray(0, before.length).equals(before));
        assert.ok(buffer.subarray(end).equals(after));
        assert.equal(rewriter.failures, 0);
        if (next === end && rows.length > 0) fitted += 1;
      }),
      { numRuns: 600 },
    );
    assert.ok(fitted > 50, `only ${fitted} fitted`);
  });

  it('masks straight where the rows before have left room', () => {
    const long = fc.string({ minLength: 60, maxLength: 250 }).map((s) => Buffer.from(s));
    const short = fc.option(
      fc.string({ maxLength: 6 }).map((s) => Buffer.from(s)),
      { nil: null },
    );
    const fns = [{ kind: 'redact' }, null, { kind: 'hash' }, { kind: 'email' }, { kind: 'null' }] as const;
    const row = fc.oneof(
      fc.tuple(long, short, short, short, long),
      fc.tuple(short, long, short, short, short),
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const rewriter = new RowRewriter(planOf(fns), KEY);
        const frames = Buffer.concat(rows.map(dataRow));
        const to = rewriter.maskRun(frames, 0, frames.length);
        const whole = Buffer.concat([frames.subarray(0, to), rewriter.take()]);
        assert.deepEqual(
          parseRows(whole),
          rows.map((one) => one.map((v, i) => maskedValue(fns[i] ?? null, v))),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('refuses broken runs where they lie', () => {
    const good = dataRow([Buffer.from('open'), Buffer.from('SECRET-1')]);
    const rewriter = new RowRewriter(planOf([null, { kind: 'redact' }]), KEY);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2 * good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(2 * good.length),
        (patches, end) => {
          const run = Buffer.concat([good, good]);
          for (const [at, byte] of patches) run[at] = byte;
          let taken: { to: number; next: number };
          try {
            taken = rewriter.inPlace(run, 0, end);
          } catch (error) {
            assert.equal((error as { code?: unknown }).code, 'masking-failed');
            return;
          }
          for (const row of parseRows(run.subarray(0, taken.to))) assert.equal(row.length, 2);
          assert.ok(taken.to <= taken.next && taken.next <= end);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never writes into what was taken', () => {
    const rewriter = new RowRewriter(planOf([null, { kind: 'redact' }]), KEY);
    const taken: { bytes: Buffer; copy: Buffer }[] = [];
    for (let i = 0; i < 300; i++) {
      rewriter.begin();
      for (let k = 0; k <= i % 7; k++) {
        const frame = dataRow([Buffer.alloc((i * 37) % 900, i), Buffer.from('secret')]);
        rewriter.rewrite(frame, 0, frame.length);
      }
      const bytes = rewriter.take();
      taken.push({ bytes, copy: Buffer.from(bytes) });
    }
    for (const { bytes, copy } of taken) assert.ok(bytes.equals(copy));
  });

  it('keeps messages between rows in their place', () => {
    const rewriter = new RowRewriter(planOf([{ kind: 'redact' }]), KEY);
    const row = dataRow([Buffer.from('secret')]);
    const notice = Buffer.from('N....');
    rewriter.begin();
    rewriter.append(notice, 0, 5);
    rewriter.rewrite(row, 0, row.length);
    rewriter.append(notice, 1, 3);
    assert.deepEqual(
      rewriter.take(),
      Buffer.concat([notice, dataRow([Buffer.from('****')]), notice.subarray(1, 3)]),
    );
  });

  it('drops untaken output at the next beginning', () => {
    const rewriter = new RowRewriter(planOf([{ kind: 'redact' }]), KEY);
    rewriter.append(Buffer.from('stale'), 0, 5);
    rewriter.begin();
    assert.equal(rewriter.take().length, 0);
  });

  it('rewrites rows larger than any slab', () => {
    const rewriter = new RowRewriter(planOf([null, { kind: 'hash' }, null]), KEY);
    const large = Buffer.alloc(3_000_000, 'x');
    const frame = dataRow([large, large, large]);
    rewriter.rewrite(frame, 0, frame.length);
    assert.deepEqual(parseRows(rewriter.take()), [[large, Buffer.from(hmacHex(large)), large]]);
  });

  it('refuses rows that are not what was planned, and appends nothing of them', () => {
    const good = dataRow([Buffer.from('open'), Buffer.from('secret')]);
    const patched = (at: number, byte: number): Buffer => {
      const copy = Buffer.from(good);
      copy[at] = byte;
      return copy;
    };
    const bad: Record<string, Buffer> = {
      'another type': patched(0, 0x64),
      'another frame length': patched(4, 1),
      'fewer fields': dataRow([Buffer.from('secret')]),
      'more fields': dataRow([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]),
      'a field past the end': patched(10, 200),
      'a field that ends early': patched(18, 5),
      'a negative length': patched(7, 0xf0),
      'no room for the count': Buffer.from([0x44, 0, 0, 0, 4]),
      nothing: Buffer.alloc(0),
    };
    const rewriter = new RowRewriter(planOf([null, { kind: 'redact' }]), KEY);
    for (const [what, frame] of Object.entries(bad)) {
      assert.throws(() => rewriter.rewrite(frame, 0, frame.length), { code: 'masking-failed' }, what);
      assert.equal(rewriter.length, 0, what);
    }
    rewriter.rewrite(good, 0, good.length);
    assert.deepEqual(parseRows(rewriter.take()), [[Buffer.from('open'), Buffer.from('****')]]);
  });

  it('survives any bytes: a whole valid frame or an error', () => {
    const rewriter = new RowRewriter(planOf([null, { kind: 'redact' }, { kind: 'null' }]), KEY);
    const good = dataRow([Buffer.from('open'), Buffer.from('SECRET-1'), Buffer.from('SECRET-2')]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 }), (patches) => {
        const frame = Buffer.from(good);
        for (const [at, byte] of patches) frame[at] = byte;
        rewriter.begin();
        try {
          rewriter.rewrite(frame, 0, frame.length);
        } catch {
          assert.equal(rewriter.length, 0);
          return;
        }
        assert.equal(parseRows(rewriter.take())[0]?.length, 3);
      }),
      { numRuns: 2000 },
    );
  });

  it('sends NULL where a mask fails', () => {
    const plan = planRow([field(1, 2950)], maskSet([[TABLE, 1, { kind: 'hash' }]]), 'clean', () => true)!;
    const rewriter = new RowRewriter(plan, KEY);
    const frame = dataRow([Buffer.from('this is no uuid')]);
    rewriter.rewrite(frame, 0, frame.length);
    assert.deepEqual(parseRows(rewriter.take()), [[null]]);
    assert.equal(rewriter.failures, 1);
  });
});
