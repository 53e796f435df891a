import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  describePlan,
  knowsFrom,
  planMatchesDescription,
  planRow,
  withFormats,
} from '../../src/masking/plan.ts';
import type { MaskableField } from '../../src/masking/plan.ts';
import { emptySnapshot } from '../../src/catalog/snapshot.ts';
import type { CatalogRelation, Snapshot } from '../../src/catalog/snapshot.ts';
import { copyFields } from '../../src/masking/copy-plan.ts';
import { field, maskSet, TABLE } from './support.ts';

const masks = maskSet([
  [TABLE, 2, { kind: 'hash' }],
  [TABLE, 3, { kind: 'hash' }, true],
]);
const known = (): boolean => true;
const other = (tableOid: number, attnum: number, typeOid = 25): MaskableField => ({
  tableOid,
  attnum,
  typeOid,
  format: 0,
});

function causes(
  fields: readonly MaskableField[],
  scope: 'clean' | 'touched' | 'opaque',
  knows = known,
): unknown {
  return describePlan(planRow(fields, masks, scope, knows)).map((line) => [
    line.index,
    line.cause,
    line.with,
  ]);
}

describe('row plans', () => {
  it('masks a covered column by its rule in every scope, and nothing beside it', () => {
    for (const scope of ['clean', 'touched', 'opaque'] as const) {
      assert.deepEqual(causes([field(1), field(2)], scope), [[1, 'column', 'hash-text']]);
    }
    assert.equal(describePlan(planRow([field(2)], masks, 'clean', known))[0]?.rule, 'rule 2');
  });

  it('shows derived columns as the safe default', () => {
    assert.deepEqual(causes([field(3), field(3, 23)], 'clean'), [
      [0, 'derived', 'constant'],
      [1, 'derived', 'null'],
    ]);
  });

  it('masks what the server does not attribute, unless the scope is clean', () => {
    assert.deepEqual(causes([other(0, 0)], 'clean'), []);
    assert.deepEqual(causes([other(0, 0), other(0, 0, 23)], 'touched'), [
      [0, 'unattributed', 'constant'],
      [1, 'unattributed', 'null'],
    ]);
    assert.deepEqual(causes([other(0, 0)], 'opaque'), [[0, 'unattributed', 'constant']]);
  });

  it('masks unknown relations, and whole rows and system columns of masked ones', () => {
    assert.deepEqual(
      causes([other(77, 1), other(78, 1)], 'clean', (oid?: number) => oid === 78),
      [[0, 'unknown-column', 'constant']],
    );
    assert.deepEqual(causes([field(0), field(-6)], 'clean'), [
      [0, 'whole-row', 'constant'],
      [1, 'whole-row', 'constant'],
    ]);
    assert.deepEqual(causes([other(78, 0), other(78, -1)], 'clean'), []);
  });

  it('is null where there is nothing to mask', () => {
    assert.equal(planRow([field(1)], masks, 'opaque', known), null);
    assert.equal(
      planRow([other(0, 0), other(77, 1)], maskSet([]), 'clean', () => false),
      null,
    );
    assert.equal(planRow([], masks, 'opaque', known), null);
  });

  it('keeps built-in masks and scopes in force where no rule applies', () => {
    const builtIn = { ...masks, any: false };
    const plan = planRow([field(2), other(77, 1), other(0, 0)], builtIn, 'touched', () => false);
    assert.deepEqual(
      describePlan(plan).map((line) => [line.index, line.cause]),
      [
        [0, 'column'],
        [2, 'unattributed'],
      ],
    );
  });

  it('takes a column added after the snapshot for unknown', () => {
    const relation: CatalogRelation = {
      oid: 9,
      schema: 'app',
      name: 't',
      kind: 'table',
      parents: [],
      reads: [],
      columns: [
        { attnum: 1, name: 'a', typeOid: 25, generatedFrom: null },
        { attnum: 4, name: 'd', typeOid: 25, generatedFrom: null },
      ],
    };
    const snapshot: Snapshot = { ...emptySnapshot('x'), relations: new Map([[9, relation]]) };
    const knows = knowsFrom(snapshot);
    assert.deepEqual([knows(9, 1), knows(9, 4), knows(9, 0), knows(9, -1)], [true, true, true, true]);
    assert.deepEqual([knows(9, 2), knows(9, 5), knows(10, 1), knows(10, 0)], [false, false, false, false]);
  });

  it('applies Bind’s formats', () => {
    const fields = [field(1), field(2), field(3)];
    assert.deepEqual(
      withFormats(fields, [])?.map((f) => f.format),
      [0, 0, 0],
    );
    assert.deepEqual(
      withFormats(fields, [1])?.map((f) => f.format),
      [1, 1, 1],
    );
    assert.deepEqual(
      withFormats(fields, [0, 1, 0])?.map((f) => f.format),
      [0, 1, 0],
    );
    assert.equal(withFormats(fields, [0, 1]), null);
  });

  it('knows the description it was made for', () => {
    const fields = [field(1), field(2)];
    const plan = planRow(fields, masks, 'clean', known)!;
    assert.ok(planMatchesDescription(plan, fields));
    assert.ok(!planMatchesDescription(plan, [field(2), field(1)]));
    assert.ok(!planMatchesDescription(plan, [field(1)]));
    assert.ok(!planMatchesDescription(plan, [field(1), field(2, 25, 1)]));
    assert.ok(!planMatchesDescription(plan, [field(1), field(2, 23)]));
  });

  it('takes the fields of a COPY from the catalog', () => {
    const relation: CatalogRelation = {
      oid: TABLE,
      schema: 'app',
      name: 't',
      kind: 'table',
      parents: [],
      reads: [],
      columns: ['a', 'b', 'c'].map((name, i) => ({
        attnum: i + 1,
        name,
        typeOid: 25,
        generatedFrom: name === 'b' ? [1] : null,
      })),
    };
    assert.deepEqual(copyFields(relation, null, 'text')?.names, ['a', 'c']);
    assert.deepEqual(
      copyFields(relation, ['c', 'a'], 'binary')?.fields.map((f) => [f.attnum, f.format]),
      [
        [3, 1],
        [1, 1],
      ],
    );
    assert.equal(copyFields(relation, ['a', 'z'], 'csv'), null);
  });
});
