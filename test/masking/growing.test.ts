import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { copyMasker } from '../../src/masking/copy/index.ts';
import { fieldMask, safeDefault } from '../../src/masking/functions.ts';
import { planRow } from '../../src/masking/plan.ts';
import type { RowPlan } from '../../src/masking/plan.ts';
import { RowRewriter } from '../../src/masking/row-rewriter.ts';
import { fitOf } from '../../src/policy/mask-types.ts';
import type { MaskFunction } from '../../src/policy/rules.ts';
import {
  dataRow,
  field,
  KEY,
  maskedBytes,
  maskSet,
  parseRows,
  parseTuple,
  pushed,
  TABLE,
  tuple,
  TEXT,
} from './support.ts';
import type { Value } from './support.ts';
import { readText, writeText } from './copy-reference.ts';

const JSON_HASH: MaskFunction = { kind: 'json', paths: [[{ kind: 'elements' }]], with: 'hash' };
const DETECT_HASH: MaskFunction = { kind: 'detect', detectors: ['email'], with: { kind: 'hash' } };
const ROUND: MaskFunction = { kind: 'number', roundTo: 1000 };
const YEAR: MaskFunction = { kind: 'date', truncate: 'year' };
const DIGITS: MaskFunction = { kind: 'digits' };
const COLUMNS = [
  { fn: JSON_HASH, typeOid: 114 },
  { fn: DETECT_HASH, typeOid: 25 },
  { fn: ROUND, typeOid: 23 },
  { fn: YEAR, typeOid: 1082 },
  { fn: DIGITS, typeOid: 1043 },
] as const;

function plan(format: 0 | 1): RowPlan {
  const fields = [...COLUMNS.map(({ typeOid }, i) => field(i + 1, typeOid, format)), field(9, 25, format)];
  const masks = maskSet(COLUMNS.map(({ fn }, i) => [TABLE, i + 1, fn] as const));
  return planRow(fields, masks, 'touched', () => true)!;
}

function expected(row: readonly Value[], format: 0 | 1): Value[] {
  return row.map((value, i) => {
    const column = COLUMNS[i];
    if (column === undefined || value === null) return value;
    return maskedBytes(column.fn, value, { typeOid: column.typeOid, format });
  });
}

const nullable = (text: fc.Arbitrary<string>): fc.Arbitrary<Value> =>
  fc.option(
    text.map((s) => Buffer.from(s)),
    { nil: null },
  );
const row = fc.tuple(
  nullable(fc.array(fc.constantFrom(1, '', null), { maxLength: 40 }).map((list) => JSON.stringify(list))),
  nullable(fc.array(fc.constantFrom('a@b.co', 'x'), { maxLength: 30 }).map((list) => list.join(' '))),
  nullable(fc.oneof(fc.integer().map(String), fc.constant('x'))),
  nullable(fc.constantFrom('2024-05-16', 'infinity', '16.05.2024')),
  nullable(fc.constantFrom('123-45-6789', 'Jane')),
  nullable(fc.constant('passes')),
);
const rows = fc.array(row, { maxLength: 6 });

describe('masks that compute, in rows and COPY', () => {
  it('make DataRows with the fields they make alone', () => {
    fc.assert(
      fc.property(rows, (values) => {
        const rewriter = new RowRewriter(plan(0), KEY);
        rewriter.begin();
        const frames = Buffer.concat(values.map(dataRow));
        rewriter.rewriteRun(frames, 0, frames.length);
        assert.deepEqual(
          parseRows(rewriter.take()),
          values.map((one) => expected(one, 0)),
        );
      }),
    );
  });

  it('make them where the rows lie, in the room that rows before them left', () => {
    const roomy: Value[] = [Buffer.from(JSON.stringify(['x'.repeat(250)])), null, null, null, null, null];
    let straight = 0;
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 80 }), (values, before) => {
        const all = [...Array.from({ length: before }, () => roomy), ...values];
        const frames = Buffer.concat(all.map(dataRow));
        const rewriter = new RowRewriter(plan(0), KEY);
        const to = rewriter.maskRun(frames, 0, frames.length);
        if (rewriter.length === 0 && values.length > 0) straight += 1;
        assert.deepEqual(
          parseRows(Buffer.concat([frames.subarray(0, to), rewriter.take()])),
          all.map((one) => expected(one, 0)),
        );
      }),
      { numRuns: 200 },
    );
    assert.ok(straight > 20, `only ${straight} had room`);
  });

  it('make the same in COPY, in text and in binary', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const head = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
    fc.assert(
      fc.property(rows, (values) => {
        const text = copyMasker(TEXT, plan(0), names, KEY);
        const out = pushed(text, Buffer.from(writeText(values, TEXT))).toString();
        text.end();
        const strings = values.map((one) => expected(one, 0).map((value) => value?.toString() ?? null));
        assert.deepEqual(readText(out, TEXT), strings);

        const binary = copyMasker({ ...TEXT, format: 'binary' }, plan(1), names, KEY);
        const sent = pushed(binary, Buffer.concat([head, ...values.map(tuple), Buffer.from([0xff, 0xff])]));
        let at = head.length;
        for (const one of values) {
          const { values: got, end } = parseTuple(sent, at);
          assert.deepEqual(got, expected(one, 1));
          at = end;
        }
        assert.equal(at + 2, sent.length);
      }),
    );
  });

  it('give way to constants in COPY where the NULL text could answer a guess', () => {
    const masker = copyMasker({ ...TEXT, nullText: '1000' }, plan(0), ['a', 'b', 'c', 'd', 'e', 'f'], KEY);
    const out = pushed(masker, Buffer.from('[1]\ta@b.co\t1999\t2024-05-16\t123-45-6789\tx\n')).toString();
    assert.equal(out, '1000\t****\t1000\t1000\t****\tx\n');
  });
});

describe('masks and types', () => {
  const functions: readonly MaskFunction[] = [
    { kind: 'null' },
    { kind: 'redact' },
    { kind: 'hash' },
    { kind: 'email' },
    { kind: 'partial', keepFirst: 1, keepLast: 1 },
    { kind: 'date', truncate: 'hour' },
    ...COLUMNS.map(({ fn }) => fn),
  ];
  const types = [
    16, 17, 18, 19, 20, 21, 23, 25, 114, 142, 600, 650, 700, 701, 705, 790, 829, 869, 1000, 1007, 1009,
  ];
  types.push(1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 2249, 2950, 3802, 3904, 20_000);

  it('work on the types that policy says they do, and nowhere else', () => {
    for (const fn of functions) {
      if (fn.kind === 'null' || fn.kind === 'redact') continue;
      for (const typeOid of types) {
        for (const format of [0, 1] as const) {
          const made = fieldMask(fn, { typeOid, format });
          const fits: boolean = fitOf(fn, typeOid) === 'fits';
          assert.equal(made.kind !== 'null' && made.kind !== 'constant', fits, `${fn.kind} on ${typeOid}`);
          if (!fits) assert.deepEqual(made, safeDefault({ typeOid, format }));
        }
      }
    }
  });

  it('never give a value back that has something of its own', () => {
    const secret = Buffer.from('Q7jane.doe@example.com 4929 3813 3266 4295 Q7');
    for (const fn of functions) {
      for (const typeOid of types) {
        for (const format of [0, 1] as const) {
          const made = maskedBytes(fn, secret, { typeOid, format })?.toString('latin1') ?? '';
          assert.ok(!made.includes('jane'), `${fn.kind} on ${typeOid}`);
          assert.ok(fn.kind === 'detect' || !made.includes('4929'), `${fn.kind} on ${typeOid}`);
        }
      }
    }
  });
});
