import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { GRAMMAR } from '../../src/sql/grammar.ts';
import { EXPRESSION_RULES } from '../../src/sql/lineage/expressions.ts';
import { outcomeOf } from '../../src/sql/lineage/statement-outcomes.ts';
import { follow, influencesOf, outputsOf } from './lineage-notation.ts';

/** Nodes of FROM, of clauses and of statements, which the file of that name takes apart field by field. */
const TAKEN_APART = new Set(
  `
  Alias A_Star CaseWhen RangeVar JoinExpr RangeSubselect RangeFunction RangeTableFunc RangeTableFuncCol
  RangeTableSample JsonTable JsonTableColumn WithClause CommonTableExpr CTESearchClause CTECycleClause
  GroupingSet MultiAssignRef OnConflictClause InferClause ReturningClause ReturningOption MergeWhenClause
  IntoClause LockingClause IndexElem
  `
    .trim()
    .split(/\s+/),
);

/** Nodes of definitions, and literals inside others: where one stands as a value, the statement is lost. */
const LOST = new Set(
  `
  Integer Float Boolean BitString RoleSpec ColumnDef TableLikeClause DefElem PartitionElem PartitionSpec
  PartitionBoundSpec PartitionRangeDatum PartitionCmd TriggerTransition AlterTableCmd ATAlterConstraint
  ObjectWithArgs AccessPriv Constraint CreateOpClassItem StatsElem FunctionParameter VacuumRelation
  PublicationTable PublicationObjSpec
  `
    .trim()
    .split(/\s+/),
);

it('every node of the grammar has one rule: a value, a statement, taken apart, or lost', () => {
  for (const tag of GRAMMAR.keys()) {
    const value = Object.hasOwn(EXPRESSION_RULES, tag);
    const statement = tag.endsWith('Stmt');
    const count = [value && tag !== 'SelectStmt', statement, TAKEN_APART.has(tag), LOST.has(tag)];
    assert.equal(count.filter(Boolean).length, 1, tag);
  }
  for (const tag of Object.keys(EXPRESSION_RULES)) assert.ok(GRAMMAR.has(tag), tag);
});

it('every statement has an outcome of its own', () => {
  for (const tag of GRAMMAR.keys()) {
    if (!tag.endsWith('Stmt')) continue;
    const outcome = outcomeOf(tag, undefined);
    const unruled = outcome.kind === 'lost' && outcome.reason.startsWith(tag);
    assert.equal(unruled, tag === 'ReplicaIdentityStmt', tag);
  }
  assert.equal(outcomeOf('GadgetStmt', undefined).kind, 'lost');
});

const column = fc.constantFrom('c.id', 'c.name', 'c.ssn', 'c.email');

const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    column,
    fc.constantFrom("'x'", '$1', 'now()::text'),
    tie('any').map((one) => `lower(${one})`),
    tie('any').map((one) => `(${one})::text`),
    tie('any').map((one) => `(select ${one})`),
    tie('any').map((one) => `(array[${one}])[1]`),
    tie('any').map((one) => `(row(1, ${one})).f2`),
    tie('any').map((one) => `(select k.z from (select ${one} as z) k)`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a} || ${b})`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `coalesce(${a}, ${b})`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `case when ${a} = '1' then ${b} end`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `max(${a}) over (order by ${b})`),
    fc
      .tuple(tie('any'), tie('any'))
      .map(([a, b]) => `(with w as (select ${a} as q) select w.q || ${b} from w)`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(select u from (values (${a}), (${b})) as v(u))`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(select ${a} union all select ${b})`),
    fc
      .tuple(tie('any'), tie('any'))
      .map(([a, b]) => `array_to_x(${a}, ${b})`.replace('array_to_x', 'concat')),
  ),
})).any;

function namedIn(sql: string): Set<string> {
  return new Set(sql.match(/\bc\.\w+/g));
}

it('an expression comes from every column that is named in it, however deep', () => {
  fc.assert(
    fc.property(expression, (sql) => {
      const found = namedIn(outputsOf(`select ${sql} from c`));
      for (const name of namedIn(sql)) assert.ok(found.has(name), `${name} in ${sql}`);
    }),
    { numRuns: 300 },
  );
});

it('renaming on the way changes nothing', () => {
  fc.assert(
    fc.property(expression, fc.integer({ min: 0, max: 3 }), (sql, depth) => {
      let text = `select ${sql} as a0 from c`;
      for (let level = 0; level < depth; level++)
        text = `select a${level} as a${level + 1} from (${text}) s${level}`;
      assert.equal(outputsOf(text), outputsOf(`select ${sql} from c`));
      assert.equal(outputsOf(`with z as (${text}) select * from z`), outputsOf(text));
    }),
    { numRuns: 100 },
  );
});

it('a condition is influenced by every column that is named in it', () => {
  fc.assert(
    fc.property(expression, expression, (a, b) => {
      const sql = `${a} = ${b}`;
      if (sql.includes('over')) return;
      const found = namedIn(influencesOf(`select 1 from c where ${sql}`));
      for (const name of namedIn(sql)) assert.ok(found.has(name), `${name} in ${sql}`);
    }),
    { numRuns: 200 },
  );
});

it('ends soon on statements made to grow', () => {
  const nested = Array.from(
    { length: 60 },
    (_, at) => `x${at + 1} as (select a.z, b.z as y from x${at} a, x${at} b)`,
  );
  assert.equal(
    follow(`with x0 as (select ssn as z from c), ${nested.join(', ')} select * from x60`).kind,
    'followed',
  );
  let deep = 'select 1 as i';
  for (let level = 0; level < 12; level++)
    deep = `with recursive r${level}(i) as (select 1 union all select i + (${deep}) from r${level}) select i from r${level}`;
  const before = performance.now();
  follow(deep);
  assert.ok(performance.now() - before < 5_000);
});
