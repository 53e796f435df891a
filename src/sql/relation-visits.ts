/**
 * Where relations are named: FROM lists, WITH, the targets of DML. Scoping of CTE names as in PostgreSQL's
 * `parse_cte.c`: without RECURSIVE an item sees only the ones before it, with RECURSIVE all of its list; an
 * inner list shadows an outer one; a qualified name and the target of DML are never CTEs.
 *
 * Invariant: a name that is not surely a CTE is a relation.
 */
import type { Reading } from './reading.ts';
import { stringOf, as, namesOf, nameOfObject, type BodyOf, type Node } from './tree.ts';
import type { Scope, Visits, Walk } from './walk.ts';
import { storesReadValues } from './stores.ts';

type WithClause = BodyOf<'WithClause'>;

function isCte(scope: Scope, name: string): boolean {
  for (let at = scope; at !== null; at = at.outer) if (at.names.has(name)) return true;
  return false;
}

/** Walks a WITH list and returns the scope of what follows it. */
function enterWith(clause: WithClause | undefined, reading: Reading, scope: Scope, walk: Walk): Scope {
  if (clause === undefined) return scope;
  const ctes = (clause.ctes ?? []).map((node) => as('CommonTableExpr', node));
  const names = ctes.map((cte) => cte?.ctename ?? '');
  let inner = scope;
  if (clause.recursive === true) inner = { names: new Set(names), outer: scope };
  for (const [index, cte] of ctes.entries()) {
    if (cte?.aliascolnames !== undefined) reading.renamed = true;
    walk.inline('CommonTableExpr', cte, reading, inner);
    if (clause.recursive !== true) inner = { names: new Set([names[index] ?? '']), outer: inner };
  }
  return inner;
}

type Dml = 'InsertStmt' | 'UpdateStmt' | 'DeleteStmt' | 'MergeStmt';

type DmlBody = BodyOf<'InsertStmt'> | BodyOf<'UpdateStmt'> | BodyOf<'DeleteStmt'> | BodyOf<'MergeStmt'>;

function visitDml(tag: Dml) {
  return (body: DmlBody, reading: Reading, scope: Scope, walk: Walk): void => {
    const inner = enterWith(body.withClause, reading, scope, walk);
    // what existed before, what comes after, and what an upsert proposed can be named as whole rows
    for (const name of ['old', 'new', 'excluded']) reading.range(name);
    for (const option of body.returningClause?.options ?? []) {
      reading.range(as('ReturningOption', option)?.value ?? '');
    }
    if (readsTarget(tag, body)) {
      reading.relation(body.relation?.schemaname ?? null, body.relation?.relname ?? '', 'read');
    }
    if (reading.dormant === 0 && storesReadValues(tag, body)) reading.storesWhatItReads = true;
    walk.children(tag, body, reading, inner, 'withClause');
  };
}

/** A `*` in a select list keeps each column's name; under a set operation it keeps those of the first arm only. */
function countStars(body: BodyOf<'SelectStmt'>, reading: Reading): void {
  if (body.op !== undefined && body.op !== 'SETOP_NONE') reading.renamed = true;
  for (const item of body.targetList ?? []) {
    const fields = as('ColumnRef', as('ResTarget', item)?.val)?.fields;
    if (as('A_Star', fields?.at(-1)) !== undefined) reading.plainStars++;
  }
}

function readsTarget(tag: Dml, body: DmlBody): boolean {
  if (tag !== 'InsertStmt' || body.returningClause !== undefined) return true;
  return (body as BodyOf<'InsertStmt'>).onConflictClause?.action === 'ONCONFLICT_UPDATE';
}

function addAlias(alias: BodyOf<'Alias'> | undefined, reading: Reading): void {
  if (alias?.colnames !== undefined) reading.renamed = true;
  if (alias?.aliasname !== undefined) reading.range(alias.aliasname);
}

function functionNames(item: Node, reading: Reading): void {
  const call = as('FuncCall', as('List', item)?.items?.[0] ?? item);
  const name = namesOf(call?.funcname).at(-1);
  if (name !== undefined) reading.range(name);
}

export const RELATION_VISITS: Visits = {
  SelectStmt(body, reading, scope, walk) {
    countStars(body, reading);
    walk.children(
      'SelectStmt',
      body,
      reading,
      enterWith(body.withClause, reading, scope, walk),
      'withClause',
    );
  },
  InsertStmt: visitDml('InsertStmt'),
  UpdateStmt: visitDml('UpdateStmt'),
  DeleteStmt: visitDml('DeleteStmt'),
  MergeStmt: visitDml('MergeStmt'),
  RangeVar(body, reading, scope) {
    const name = body.relname ?? '';
    reading.range(body.alias?.aliasname ?? name);
    // renamed columns can be read without their own names occurring anywhere
    if (body.alias?.colnames !== undefined) reading.star = reading.renamed = true;
    if (body.schemaname === undefined && body.catalogname === undefined && isCte(scope, name)) return;
    reading.relation(body.schemaname ?? null, name, 'read');
  },
  JoinExpr(body, reading, scope, walk) {
    addAlias(body.alias, reading);
    addAlias(body.join_using_alias, reading);
    // NATURAL compares every pair of columns of one name; an alias with names renames what is joined
    if (body.isNatural === true || body.alias?.colnames !== undefined) reading.star = reading.renamed = true;
    for (const column of body.usingClause ?? []) reading.columns.add(stringOf(column) ?? '');
    if (body.isNatural === true || body.usingClause !== undefined) reading.name('operators', ['=']);
    walk.children('JoinExpr', body, reading, scope);
  },
  RangeSubselect(body, reading, scope, walk) {
    addAlias(body.alias, reading);
    walk.children('RangeSubselect', body, reading, scope);
  },
  RangeFunction(body, reading, scope, walk) {
    addAlias(body.alias, reading);
    if (body.alias === undefined) for (const item of body.functions ?? []) functionNames(item, reading);
    walk.children('RangeFunction', body, reading, scope);
  },
  RangeTableFunc(body, reading, scope, walk) {
    addAlias(body.alias, reading);
    walk.children('RangeTableFunc', body, reading, scope);
  },
  JsonTable(body, reading, scope, walk) {
    addAlias(body.alias, reading);
    walk.children('JsonTable', body, reading, scope);
  },
  RangeTableSample(body, reading, scope, walk) {
    reading.name('functions', namesOf(body.method));
    walk.children('RangeTableSample', body, reading, scope);
  },
  TypeName(body, reading, scope, walk) {
    const names = namesOf(body.names);
    if (body.pct_type === true) {
      // table.column%TYPE
      relationNamed(names.slice(0, -1), 'read', reading);
    } else if (names.at(-2) !== 'pg_catalog') {
      reading.name('types', names);
    } else if (names.at(-1) === 'json') {
      // a word of the grammar since 17; to older servers a name, which the search path may give to a domain
      reading.name('types', ['json']);
    }
    walk.children('TypeName', body, reading, scope);
  },
};

/** A relation given as a list of names. */
export function relationNamed(names: readonly string[], access: 'read' | 'write', reading: Reading): void {
  const name = names.at(-1);
  if (name !== undefined) reading.relation(names.at(-2) ?? null, name, access);
}

/** Relations among the objects of DROP, COMMENT and SECURITY LABEL. */
export function objectRelations(type: string, object: Node | undefined, reading: Reading): void {
  if (IS_RELATION.has(type)) relationNamed(nameOfObject(object), 'write', reading);
  else if (PART_OF_RELATION.has(type)) relationNamed(nameOfObject(object).slice(0, -1), 'write', reading);
}

const IS_RELATION: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
]);

const PART_OF_RELATION: ReadonlySet<string> = new Set([
  'OBJECT_COLUMN',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_TRIGGER',
  'OBJECT_RULE',
  'OBJECT_POLICY',
]);
