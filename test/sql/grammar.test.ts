import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { GRAMMAR } from '../../src/sql/grammar.ts';
import { WALK } from '../../src/sql/analyze.ts';
import { loadParser, parseText } from '../../src/sql/parser.ts';
import { statement } from './reading.ts';

/** Nodes that parse analysis and planning make; the raw parser never does. */
const NEVER_RAW = new Set(
  `
ParseResult ScanResult OidList IntList TableFunc Var Param Aggref WindowFunc WindowFuncRunCondition
SubscriptingRef FuncExpr OpExpr DistinctExpr NullIfExpr ScalarArrayOpExpr SubPlan AlternativeSubPlan
FieldSelect FieldStore RelabelType CoerceViaIO ArrayCoerceExpr ConvertRowtypeExpr CollateExpr
CaseTestExpr ArrayExpr RowCompareExpr JsonConstructorExpr JsonExpr JsonTablePath JsonTablePathScan
JsonTableSiblingJoin MergeAction CoerceToDomain CoerceToDomainValue NextValueExpr InferenceElem
ReturningExpr TargetEntry RangeTblRef FromExpr OnConflictExpr Query RangeTblEntry RTEPermissionInfo
RangeTblFunction TableSampleClause WithCheckOption SortGroupClause WindowClause RowMarkClause
SetOperationStmt InlineCodeBlock CallContext PLAssignStmt ScanToken SummaryResult Table Function
FilterColumn RawStmt
`
    .trim()
    .split(/\s+/),
);

function parserTypes(): Map<string, { name: string; type: string }[]> {
  const source = readFileSync(new URL(import.meta.resolve('@pgsql/types/types.d.ts')), 'utf8');
  const types = new Map<string, { name: string; type: string }[]>();
  for (const [, name = '', body = ''] of source.matchAll(/export interface (\w+) \{(.*?)\n?\}/gs)) {
    const fields = [...body.matchAll(/(\w+)\??: ([^;]+);/g)].map(([, field = '', type = '']) => ({
      name: field,
      type,
    }));
    types.set(name, fields);
  }
  return types;
}

it('every node of the parser has a rule or never occurs in a raw tree, and never both', () => {
  const types = parserTypes();
  assert.ok(types.size > 250);
  for (const name of types.keys()) assert.notEqual(GRAMMAR.has(name), NEVER_RAW.has(name), name);
  for (const name of GRAMMAR.keys()) assert.ok(types.has(name), `${name} is no node of this parser`);
});

it('knows every field, and takes none that holds nodes for a scalar without saying so', () => {
  const passedOver = new Set([
    // names of aliases; the name of a type; set by parse analysis; a property of the returned JSON only
    'LockingClause.lockedRels',
    'CompositeTypeStmt.typevar',
    'ConstraintsSetStmt.constraints',
    'CallStmt.funcexpr',
    'IntoClause.viewQuery',
    'ColumnDef.identitySequence',
    'ColumnDef.cooked_default',
    'JsonOutput.returning',
  ]);
  const types = parserTypes();
  for (const [tag, fields] of GRAMMAR) {
    for (const { name, type } of types.get(tag) ?? []) {
      if (name === 'xpr') continue;
      const rule = fields.get(name);
      assert.ok(rule !== undefined, `${tag}.${name}`);
      const holdsNodes = /^Node\b/.test(type) || types.has(type);
      if (!passedOver.has(`${tag}.${name}`))
        assert.equal(rule.kind !== 'scalar', holdsNodes, `${tag}.${name}: ${type}`);
    }
  }
});

it('every statement has an act, so none is unknown by oversight', () => {
  for (const tag of GRAMMAR.keys())
    if (tag.endsWith('Stmt')) assert.ok(WALK.hasAct(tag) || tag === 'ReplicaIdentityStmt', tag);
});

it('an unknown node or field ends the walk', async () => {
  await loadParser();
  const reading = { enter() {}, leave() {}, dormant: 0 } as never;
  assert.throws(() => WALK.node({ Gadget: {} } as never, reading, null), /Gadget/);
  assert.throws(
    () => WALK.node({ ParamRef: { number: 1, gadget: {} } } as never, reading, null),
    /ParamRef\.gadget/,
  );
});

it('reads a statement with every kind of expression', () => {
  const sql = `WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SEARCH DEPTH FIRST BY n SET o CYCLE n SET c USING p
    SELECT DISTINCT ON (a) ROW(a, b), ARRAY[1, 2], a[1:2], (c).d, CASE a WHEN 1 THEN 2 ELSE 3 END, COALESCE(a, b),
      GREATEST(a, b), NULLIF(a, b), CURRENT_DATE, a::int, CAST(b AS numeric(3, 1)), a COLLATE "C", a IS NULL, a IS TRUE,
      GROUPING(a), XMLELEMENT(NAME e, XMLATTRIBUTES(a), b), XMLSERIALIZE(CONTENT a AS text), a IS JSON, JSON('1'), JSON_SCALAR(1),
      JSON_OBJECT('a': b), JSON_ARRAY(1, 2), JSON_ARRAY(SELECT 1), JSON_OBJECTAGG(a: b), JSON_ARRAYAGG(a ORDER BY b),
      JSON_VALUE(a, '$.b' PASSING c AS x RETURNING int DEFAULT 1 ON EMPTY), JSON_QUERY(a, '$'), JSON_EXISTS(a, '$'), JSON_SERIALIZE(a),
      sum(a) FILTER (WHERE b) OVER (PARTITION BY c ORDER BY d ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), EXISTS (SELECT 1),
      percentile_cont(0.5) WITHIN GROUP (ORDER BY a), B'1', X'1f', 1.5, $1, a OPERATOR(pg_catalog.+) b, a = ANY (SELECT 1)
    FROM ONLY t TABLESAMPLE system (10) REPEATABLE (1), LATERAL (SELECT 1) s, ROWS FROM (f(1), g(2) AS (a int)) WITH ORDINALITY r,
      XMLTABLE('/r' PASSING x COLUMNS a int PATH 'a' DEFAULT 1, b FOR ORDINALITY) xt,
      JSON_TABLE(x, '$' COLUMNS (a int, NESTED PATH '$.b' COLUMNS (c int))) jt
    GROUP BY GROUPING SETS ((a), ROLLUP (b), CUBE (c)) WINDOW w AS (ORDER BY a) ORDER BY a USING < NULLS FIRST
    OFFSET 1 FETCH FIRST 2 ROWS WITH TIES`;
  const parsed = parseText(sql, Buffer.byteLength(sql));
  assert.equal(parsed.kind, 'parsed', parsed.kind === 'unreadable' ? parsed.reason : '');
  assert.ok(statement(sql).mentions.columns.has('d'));
});
