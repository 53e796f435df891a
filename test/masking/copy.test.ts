import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { copyMasker } from '../../src/masking/copy/index.ts';
import type { MaskFunction } from '../../src/policy/rules.ts';
import type { CopyOptions } from '../../src/sql/statement.ts';
import {
  BINARY,
  BINARY_HEAD,
  CSV,
  KEY,
  parseTuple,
  planOf,
  pushed,
  referenceMask,
  TEXT,
  TRAILER,
  tuple,
} from './support.ts';
import { readText, writeCsv, writeText } from './copy-reference.ts';
import type { Value } from './support.ts';

const hmacHex = (value: Buffer): string => createHmac('sha256', KEY).update(value).digest('hex').slice(0, 32);

const maskedValue = (fn: MaskFunction | null, v: Value): Value =>
  fn === null ? v : referenceMask(fn, v, hmacHex);

type Fns = readonly (MaskFunction | null)[];
const names = (fns: Fns): string[] => fns.map((_, i) => `col ${i}`);

/** Masks `data` cut at `cuts`. */
function masked(
  options: CopyOptions,
  fns: Fns,
  data: Buffer | string,
  cuts: readonly number[] = [],
  maxRowBytes = 1e6,
): Buffer {
  const bytes = Buffer.from(data);
  const masker = copyMasker(
    options,
    planOf(fns, options.format === 'binary' ? 1 : 0),
    names(fns),
    KEY,
    maxRowBytes,
  );
  const out: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length);
    if (to > from) out.push(pushed(masker, bytes.subarray(from, to)));
    from = Math.max(from, to);
  }
  out.push(pushed(masker, bytes.subarray(from)));
  masker.end();
  return Buffer.concat(out);
}

const text = fc
  .oneof(
    fc.string({ maxLength: 12 }),
    fc.stringMatching(/^[,;|"'\\\n\r\tN.*ab@]{0,10}$/),
    fc.string({ unit: 'grapheme', maxLength: 10 }),
  )
  .filter((s) => !s.includes('\0') && Buffer.from(s).toString() === s);
const value: fc.Arbitrary<Value> = fc.option(
  text.map((s) => Buffer.from(s)),
  { nil: null },
);
const maskFunction: fc.Arbitrary<MaskFunction> = fc.oneof(
  fc.constantFrom<MaskFunction>({ kind: 'null' }, { kind: 'redact' }, { kind: 'hash' }, { kind: 'email' }),
  fc.record({ kind: fc.constant('partial' as const), keepFirst: fc.nat(3), keepLast: fc.nat(3) }),
);
const table = fc
  .integer({ min: 1, max: 5 })
  .chain((count) =>
    fc.record({
      fns: fc.array(fc.option(maskFunction, { nil: null }), { minLength: count, maxLength: count }),
      rows: fc.array(fc.array(value, { minLength: count, maxLength: count }), { maxLength: 8 }),
      cuts: fc.array(fc.nat(200), { maxLength: 12 }),
    }),
  )
  .filter(({ fns }) => fns.some((fn) => fn !== null));

function expected(fns: Fns, rows: readonly (readonly Value[])[]): Value[][] {
  return rows.map((row) => row.map((v, i) => maskedValue(fns[i] ?? null, v)));
}
const strings = (rows: readonly (readonly Value[])[]): (string | null)[][] =>
  rows.map((row) => row.map((v) => v?.toString() ?? null));

describe('COPY in text', () => {
  it('does what the reference does, however it is cut', () => {
    const delimiter = fc.constantFrom('\t', ',', '|', '*', '"', ';', '@');
    fc.assert(
      fc.property(table, delimiter, fc.boolean(), ({ fns, rows, cuts }, d, header) => {
        const o = { ...TEXT, delimiter: d, header };
        const head = header ? writeText([names(fns).map((n) => Buffer.from(n))], o) : '';
        const out = masked(o, fns, head + writeText(rows, o), cuts).toString();
        assert.ok(out.startsWith(head));
        assert.equal(out.slice(head.length), writeText(expected(fns, rows), o));
        assert.deepEqual(readText(out.slice(head.length), o), strings(expected(fns, rows)));
      }),
      { numRuns: 500 },
    );
  });

  it('gives each complete row back at once', () => {
    const masker = copyMasker(TEXT, planOf([null, { kind: 'redact' }]), ['a', 'b'], KEY);
    assert.equal(pushed(masker, Buffer.from('1\tsecret\n')).toString(), '1\t****\n');
    assert.equal(pushed(masker, Buffer.from('2\tsec')).toString(), '');
    assert.equal(pushed(masker, Buffer.from('ret\n3')).toString(), '2\t****\n');
    assert.throws(() => masker.end(), { code: 'masking-failed' });
  });

  it('does not answer a guess made through the NULL text', () => {
    for (const fn of [
      { kind: 'redact' },
      { kind: 'hash' },
      { kind: 'partial', keepFirst: 1, keepLast: 1 },
    ] as const) {
      const out = masked({ ...TEXT, nullText: 'guess' }, [null, fn], '1\tguess\n2\tother\n').toString();
      assert.equal(out, '1\t****\n2\t****\n');
    }
    assert.equal(
      masked({ ...TEXT, nullText: 'guess' }, [{ kind: 'null' }], 'guess\nother\n').toString(),
      'guess\nguess\n',
    );
    assert.equal(masked({ ...TEXT, nullText: '' }, [{ kind: 'redact' }], '\nx\n').toString(), '****\n****\n');
  });

  it('refuses a NULL text that would move values into other columns', () => {
    // three columns, the second masked; \ as NULL makes the next delimiter or newline look escaped
    const data = '\\\t123-45-6789\t\\\n\\\tw\tz\n';
    for (const nullText of ['\\', 'x\\', '\\\\', '\\n']) {
      assert.throws(() => masked({ ...TEXT, nullText }, [null, { kind: 'redact' }, null], data), {
        code: 'masking-failed',
      });
    }
  });

  it('refuses what COPY TO does not write', () => {
    const fns: Fns = [null, { kind: 'hash' }];
    for (const data of ['1\n', '1\t2\t3\n', '1\t2', '\\.\n1\t2\n', '1\t\\x41\n', '1\t2\\\n', '\n']) {
      assert.throws(() => masked(TEXT, fns, data), { code: 'masking-failed' }, JSON.stringify(data));
    }
    assert.equal(masked(TEXT, fns, '\\.\n').toString(), '\\.\n');
    assert.throws(() => masked({ ...TEXT, header: true }, fns, 'col 0\tother\n'), { code: 'masking-failed' });
  });
});

describe('COPY in CSV', () => {
  it('does what the reference does, however it is cut', () => {
    const style = fc.constantFrom<Partial<CopyOptions>>(
      {},
      { quote: "'" },
      { escape: '\\' },
      { delimiter: ';', quote: '|', escape: 'b' },
      { delimiter: 'a' },
      { delimiter: '*' },
      { nullText: '****' },
      { nullText: 'NULL' },
      { nullText: '\\N' },
      { forceQuote: '*' },
      { forceQuote: ['col 1'] },
      { escape: ',' },
    );
    fc.assert(
      fc.property(table, style, fc.boolean(), ({ fns, rows, cuts }, change, header) => {
        const o: CopyOptions = { ...CSV, ...change, header };
        // the server quotes no header, whatever forceQuote says
        const head = header
          ? writeCsv([names(fns).map((n) => Buffer.from(n))], { ...o, forceQuote: [] })
          : '';
        const out = masked(o, fns, head + writeCsv(rows, o), cuts).toString();
        assert.equal(out, head + writeCsv(expected(fns, rows), o));
      }),
      { numRuns: 1000 },
    );
  });

  it('does not tell by quoting what a value holds', () => {
    const out = masked(
      { ...CSV, delimiter: '7' },
      [{ kind: 'redact' }, null],
      '"123-45-6789"7x\nplain7y\n',
    ).toString();
    assert.equal(out, '****7x\n****7y\n');
  });

  it('tells NULL from an empty string', () => {
    assert.equal(masked(CSV, [{ kind: 'redact' }, null], ',1\n"",2\n').toString(), ',1\n****,2\n');
    assert.equal(
      masked({ ...CSV, nullText: '****' }, [{ kind: 'redact' }], '****\nx\n').toString(),
      '****\n"****"\n',
    );
  });

  it('refuses what COPY TO does not write', () => {
    const fns: Fns = [null, { kind: 'redact' }];
    for (const data of ['1\n', '1,2,3\n', '1,2', '1,"2', 'a"b,2\n', '"a"b,2\n', '1,2\r\n', '"a""b"c,2\n']) {
      assert.throws(() => masked(CSV, fns, data), { code: 'masking-failed' }, JSON.stringify(data));
    }
    assert.throws(() => masked({ ...CSV, escape: '\\' }, fns, '"a\\b",2\n'), { code: 'masking-failed' });
    for (const change of [
      { quote: '\n' },
      { escape: '\r' },
      { delimiter: 'é' },
      { quote: ',' },
      { nullText: 'a,b' },
      { nullText: 'a\nb' },
      { nullText: '"' },
    ]) {
      assert.throws(
        () => masked({ ...CSV, ...change }, fns, '1,2\n'),
        { code: 'masking-failed' },
        JSON.stringify(change),
      );
    }
  });
});

describe('COPY in binary', () => {
  it('does what the reference does, however it is cut', () => {
    fc.assert(
      fc.property(table, ({ fns, rows, cuts }) => {
        const data = Buffer.concat([BINARY_HEAD, ...rows.map(tuple), TRAILER]);
        const out = masked(BINARY, fns, data, cuts);
        let at = BINARY_HEAD.length;
        assert.ok(out.subarray(0, at).equals(BINARY_HEAD));
        for (const row of expected(fns, rows)) {
          const { values, end } = parseTuple(out, at);
          assert.deepEqual(values, row);
          at = end;
        }
        assert.deepEqual(out.subarray(at), TRAILER);
      }),
      { numRuns: 500 },
    );
  });

  it('copies a header extension', () => {
    const head = Buffer.concat([BINARY_HEAD.subarray(0, 18), Buffer.from([3, 1, 2, 3])]);
    const out = masked(
      BINARY,
      [{ kind: 'redact' }],
      Buffer.concat([head, tuple([Buffer.from('x')]), TRAILER]),
      [20],
    );
    assert.deepEqual(out, Buffer.concat([head, tuple([Buffer.from('****')]), TRAILER]));
  });

  it('refuses what is not binary COPY data', () => {
    const row = tuple([Buffer.from('x')]);
    const flags = Buffer.from(BINARY_HEAD);
    flags[12] = 1;
    const bad: Record<string, Buffer> = {
      'no header': Buffer.from('hello'),
      'no trailer': Buffer.concat([BINARY_HEAD, row]),
      flags: Buffer.concat([flags, row, TRAILER]),
      fields: Buffer.concat([BINARY_HEAD, tuple([null, null]), TRAILER]),
      more: Buffer.concat([BINARY_HEAD, TRAILER, row]),
      length: Buffer.concat([BINARY_HEAD, Buffer.from([0, 1, 0xff, 0xff, 0xff, 0xfe]), TRAILER]),
      nothing: Buffer.alloc(0),
    };
    for (const [what, data] of Object.entries(bad)) {
      assert.throws(() => masked(BINARY, [{ kind: 'redact' }], data), { code: 'masking-failed' }, what);
    }
  });
});

describe('any COPY', () => {
  it('holds a bounded row', () => {
    const long = 'x'.repeat(500);
    for (const cuts of [[], [100], [10, 20, 490]]) {
      assert.throws(() => masked(TEXT, [{ kind: 'redact' }], `${long}\n`, cuts, 400), {
        code: 'limit-exceeded',
      });
      assert.throws(() => masked(CSV, [{ kind: 'redact' }], `${long}\n`, cuts, 400), {
        code: 'limit-exceeded',
      });
      assert.throws(
        () =>
          masked(
            BINARY,
            [{ kind: 'redact' }],
            Buffer.concat([BINARY_HEAD, tuple([Buffer.from(long)]), TRAILER]),
            cuts,
            400,
          ),
        { code: 'limit-exceeded' },
      );
    }
    assert.equal(
      masked(TEXT, [{ kind: 'redact' }], `${long}\n`.repeat(5), [7, 900], 501).toString(),
      '****\n'.repeat(5),
    );
  });

  it('refuses other encodings, and plans for other formats', () => {
    assert.throws(() => masked({ ...TEXT, encoding: 'SJIS' }, [{ kind: 'redact' }], 'x\n'), {
      code: 'masking-failed',
    });
    assert.equal(masked({ ...TEXT, encoding: 'utf-8' }, [{ kind: 'redact' }], 'x\n').toString(), '****\n');
    assert.throws(() => copyMasker(TEXT, planOf([{ kind: 'redact' }], 1), ['a'], KEY), {
      code: 'masking-failed',
    });
    assert.throws(() => copyMasker(TEXT, planOf([{ kind: 'redact' }], 0), ['a', 'b'], KEY), {
      code: 'masking-failed',
    });
  });
});
