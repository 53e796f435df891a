/** COPY data as it comes: CopyData frames in runs, which rows need not respect. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { copyMasker, type CopyMasker } from '../../src/masking/copy/index.ts';
import type { MaskFunction } from '../../src/policy/rules.ts';
import type { CopyOptions } from '../../src/sql/statement.ts';
import { encodeCopyData } from '../../src/wire/server/copy-data.ts';
import { writeCsv, writeText } from './copy-reference.ts';
import {
  BINARY,
  BINARY_HEAD,
  CSV,
  KEY,
  payloads,
  planOf,
  ranFrames,
  referenceMask,
  TEXT,
  TRAILER,
  tuple,
} from './support.ts';
import type { Value } from './support.ts';

const REDACT: MaskFunction = { kind: 'redact' };
const hmacHex = (value: Buffer): string => createHmac('sha256', KEY).update(value).digest('hex').slice(0, 32);

type Fns = readonly (MaskFunction | null)[];

function maskerFor(options: CopyOptions, fns: Fns, maxRowBytes?: number): CopyMasker {
  const names = fns.map((_, i) => `col ${i}`);
  return copyMasker(options, planOf(fns, options.format === 'binary' ? 1 : 0), names, KEY, maxRowBytes);
}

/** Each row as the data that the server would send for it, what comes before the first and after the last among it. */
function written(options: CopyOptions, rows: readonly (readonly Value[])[]): Buffer[] {
  switch (options.format) {
    case 'text':
      return rows.map((row) => Buffer.from(writeText([row], options)));
    case 'csv':
      return rows.map((row) => Buffer.from(writeCsv([row], options)));
    case 'binary':
      return [BINARY_HEAD, ...rows.map(tuple), TRAILER];
  }
}

const value: fc.Arbitrary<Value> = fc.option(
  fc
    .oneof(
      fc.string({ maxLength: 12 }),
      fc.stringMatching(/^[,;|"'\\\n\r\tN.*ab@]{0,10}$/),
      fc.stringMatching(/^[a-z]{30,200}$/),
    )
    .filter((s) => !s.includes('\0'))
    .map((s) => Buffer.from(s)),
  { nil: null },
);
const mask: fc.Arbitrary<MaskFunction> = fc.oneof(
  fc.constantFrom<MaskFunction>({ kind: 'null' }, REDACT, { kind: 'hash' }, { kind: 'email' }),
  fc.record({ kind: fc.constant('partial' as const), keepFirst: fc.nat(3), keepLast: fc.nat(3) }),
);
const format = fc.constantFrom<CopyOptions>(
  TEXT,
  { ...TEXT, delimiter: '*' },
  { ...TEXT, delimiter: 'a' },
  CSV,
  { ...CSV, delimiter: '*', quote: "'", escape: '\\' },
  { ...CSV, forceQuote: '*' },
  { ...CSV, nullText: '****' },
  BINARY,
);
const copied = fc
  .integer({ min: 1, max: 4 })
  .chain((count) =>
    fc.record({
      options: format,
      fns: fc.array(fc.option(mask, { nil: null }), { minLength: count, maxLength: count }),
      rows: fc.array(fc.array(value, { minLength: count, maxLength: count }), { maxLength: 20 }),
      runs: fc.array(fc.nat(6), { maxLength: 8 }),
    }),
  )
  .filter(({ fns }) => fns.some((fn) => fn !== null));

/** Sends frames in runs of such lengths; the rest is one run. */
function send(masker: CopyMasker, frames: readonly Buffer[], runs: readonly number[]): Buffer[] {
  const sent: Buffer[] = [];
  let at = 0;
  for (const length of [...runs, frames.length]) {
    sent.push(ranFrames(masker, Buffer.concat(frames.slice(at, at + length))));
    at += length;
  }
  return sent;
}

const referenceMaskOf = (fn: MaskFunction | null, v: Value): Value =>
  fn === null ? v : referenceMask(fn, v, hmacHex);

function masked(fns: Fns, rows: readonly (readonly Value[])[]): Value[][] {
  return rows.map((row) => row.map((v, i) => referenceMaskOf(fns[i] ?? null, v)));
}

describe('runs of COPY data', () => {
  it('keep one message a row, whatever is sent at once', () => {
    fc.assert(
      fc.property(copied, ({ options, fns, rows, runs }) => {
        const masker = maskerFor(options, fns);
        const sent = send(masker, written(options, rows).map(encodeCopyData), runs);
        masker.end();
        assert.deepEqual(payloads(Buffer.concat(sent)), written(options, masked(fns, rows)));
        assert.equal(masker.failures, 0);
      }),
      { numRuns: 1500 },
    );
  });

  it('may be cut anywhere by messages', () => {
    const cuts = fc.array(fc.nat(400), { maxLength: 25 });
    fc.assert(
      fc.property(copied, cuts, ({ options, fns, rows, runs }, places) => {
        const data = Buffer.concat(written(options, rows));
        const ends = [...new Set(places.map((place) => Math.min(place, data.length)))].sort((a, b) => a - b);
        const frames = [...ends, data.length].map((end, i) =>
          encodeCopyData(data.subarray(i === 0 ? 0 : ends[i - 1], end)),
        );
        const masker = maskerFor(options, fns);
        const messages = payloads(Buffer.concat(send(masker, frames, runs)));
        masker.end();
        assert.deepEqual(Buffer.concat(messages), Buffer.concat(written(options, masked(fns, rows))));
        assert.ok(messages.length <= frames.length);
        // a message without data passes; none is made
        const empty = (list: readonly Buffer[]): number => list.filter(({ length }) => length === 0).length;
        assert.equal(empty(messages), empty(payloads(Buffer.concat(frames))));
      }),
      { numRuns: 1500 },
    );
  });

  it('go on behind the run where they outgrow it', () => {
    const rows = Array.from({ length: 40 }, (_, i): Value[] => [
      Buffer.from(i < 20 ? 'a long value that becomes four stars' : '1'),
      Buffer.from(`row ${i}`),
      Buffer.from('x'),
    ]);
    const fns: Fns = [REDACT, null, { kind: 'hash' }];
    for (const options of [TEXT, CSV]) {
      const masker = maskerFor(options, fns);
      const run = Buffer.concat(written(options, rows).map(encodeCopyData));
      const to = masker.run(run, 0, run.length);
      assert.ok(to > 0 && to < run.length, 'the first rows fit');
      const sent = Buffer.concat([run.subarray(0, to), masker.rest.take()]);
      assert.deepEqual(payloads(sent), written(options, masked(fns, rows)));
    }
  });

  it('leave what was taken as it is', () => {
    const masker = maskerFor(TEXT, [{ kind: 'hash' }]);
    const taken: { bytes: Buffer; copy: Buffer }[] = [];
    for (let i = 0; i < 400; i++) {
      const rows = Array.from({ length: i % 9 }, (): Value[] => [
        Buffer.alloc((i * 37) % 900, 0x61 + (i % 26)),
      ]);
      const run = Buffer.concat(written(TEXT, rows).map(encodeCopyData));
      const to = masker.run(run, 0, run.length);
      const rest = masker.rest.take();
      taken.push({ bytes: rest, copy: Buffer.from(rest) });
      assert.equal(payloads(Buffer.concat([run.subarray(0, to), rest])).length, rows.length);
    }
    for (const { bytes, copy } of taken) assert.ok(bytes.equals(copy));
  });

  it('write what a mask leaves as the format has to', () => {
    const keep: MaskFunction = { kind: 'partial', keepFirst: 2, keepLast: 2 };
    const rows: Value[][] = [
      [Buffer.from('\t\\34567\n\t')],
      [null],
      [Buffer.from('"",45,"')],
      [Buffer.from('\\.******')],
      [Buffer.from('')],
    ];
    for (const options of [
      TEXT,
      { ...TEXT, delimiter: '*' },
      CSV,
      { ...CSV, delimiter: '*', escape: '\\' },
    ]) {
      const masker = maskerFor(options, [keep]);
      const sent = send(masker, written(options, rows).map(encodeCopyData), []);
      assert.deepEqual(payloads(Buffer.concat(sent)), written(options, masked([keep], rows)));
    }
  });

  it('check the line of names, and nothing after it', () => {
    const options = { ...CSV, header: true };
    const fns: Fns = [null, REDACT];
    const frames = (...lines: readonly string[]): Buffer =>
      Buffer.concat(lines.map((line) => encodeCopyData(Buffer.from(line))));
    const good = maskerFor(options, fns);
    const sent = ranFrames(good, frames('col 0,col 1\n', 'col 0,col 1\n', '1,\n'));
    assert.deepEqual(payloads(sent).map(String), ['col 0,col 1\n', 'col 0,****\n', '1,\n']);
    const straddling = maskerFor(options, fns);
    assert.equal(payloads(ranFrames(straddling, frames('col 0,c'))).length, 0);
    assert.deepEqual(payloads(ranFrames(straddling, frames('ol 1\n1,2\n', '3,4\n'))).map(String), [
      'col 0,col 1\n1,****\n',
      '3,****\n',
    ]);
    assert.throws(() => ranFrames(maskerFor(options, fns), frames('col 1,col 0\n', '1,2\n')), {
      code: 'masking-failed',
    });
  });

  it('end at the marker of old protocols', () => {
    const frames = (...lines: readonly string[]): Buffer =>
      Buffer.concat(lines.map((line) => encodeCopyData(Buffer.from(line))));
    const masker = maskerFor(TEXT, [REDACT, null]);
    const sent = ranFrames(masker, frames('1\t2\n', '\\.\n', ''));
    assert.deepEqual(payloads(sent).map(String).slice(0, 2), ['****\t2\n', '\\.\n']);
    masker.end();
    for (const more of [['1\t2\n'], ['1'], ['\\.\n']])
      assert.throws(() => ranFrames(maskerFor(TEXT, [REDACT, null]), frames('\\.\n', ...more)), {
        code: 'masking-failed',
      });
    assert.throws(() => ranFrames(maskerFor(TEXT, [REDACT, null]), frames('\\.\n1\t2\n')), {
      code: 'masking-failed',
    });
  });

  it('give nothing out where one row is not what it must be', () => {
    const rows = ['1\tSECRET\n', '2\tSECRET\n', '3\tSECRET\tSECRET\n', '4\tSECRET\n'];
    const run = Buffer.concat(rows.map((row) => encodeCopyData(Buffer.from(row))));
    assert.throws(() => maskerFor(TEXT, [null, REDACT]).run(run, 0, run.length), { code: 'masking-failed' });
    const unfinished = maskerFor(TEXT, [null, REDACT]);
    assert.deepEqual(
      payloads(
        ranFrames(
          unfinished,
          Buffer.concat(['1\tSECRET\n2\tSEC', 'RET'].map((s) => encodeCopyData(Buffer.from(s)))),
        ),
      ).map(String),
      ['1\t****\n'],
    );
    assert.throws(() => unfinished.end(), { code: 'masking-failed' });
  });

  it('bound a row, not a run', () => {
    const row = encodeCopyData(Buffer.from(`${'x'.repeat(90)}\n`));
    const run = Buffer.concat(Array.from({ length: 20 }, () => row));
    assert.equal(payloads(ranFrames(maskerFor(TEXT, [REDACT], 91), run)).length, 20);
    assert.throws(() => ranFrames(maskerFor(TEXT, [REDACT], 90), run), { code: 'limit-exceeded' });
    const part = encodeCopyData(Buffer.from('x'.repeat(40)));
    assert.throws(() => ranFrames(maskerFor(TEXT, [REDACT], 90), Buffer.concat([part, part, part])), {
      code: 'limit-exceeded',
    });
  });

  it('are refused where they are broken', () => {
    const row = encodeCopyData(Buffer.from('open\tSECRET-1\n'));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2 * row.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(2 * row.length),
        (patches, end) => {
          const run = Buffer.concat([row, row]);
          for (const [at, byte] of patches) run[at] = byte;
          const masker = maskerFor(TEXT, [null, REDACT]);
          let to: number;
          try {
            to = masker.run(run, 0, end);
          } catch (error) {
            assert.equal((error as { code?: unknown }).code, 'masking-failed');
            return;
          }
          assert.ok(to <= end);
          const sent = Buffer.concat([run.subarray(0, to), masker.rest.take()]);
          const lines = Buffer.concat(payloads(sent)).toString('latin1').split('\n').slice(0, -1);
          for (const line of lines) assert.match(line, /^([^\t]*\t(?:\*{4}|\\N)|\\\.)$/);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
