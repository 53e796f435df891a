/**
 * What a name stands for, level by level from the inside, as `parse_relation.c` and `parse_expr.c` look it up.
 *
 * Invariant: where the catalog cannot tell which of several relations a name means, every column it may stand
 * for is in the answer, those of outer levels included. A name that stands for nothing is lost.
 * Non-goal: errors. What PostgreSQL would refuse as ambiguous is the union here, as it never runs.
 */
import type { CatalogRelation } from '../../catalog/snapshot.ts';
import { as, stringOf, type BodyOf, type Node } from '../tree.ts';
import { lose, type Context, type Item, type Scope } from './context.ts';
import { computed, derivedFrom, directOf, either, type Field, type Shape, type Value } from './values.ts';
import { isVouched, readsOfFunction } from './vouching.ts';

/** sysattr.h; they hold no data of people's, but an output that is one is no constant either. */
const SYSTEM_COLUMNS: ReadonlyMap<string, number> = new Map([
  ['ctid', -1],
  ['xmin', -2],
  ['cmin', -3],
  ['xmax', -4],
  ['cmax', -5],
  ['tableoid', -6],
]);

export function columnReference(context: Context, body: BodyOf<'ColumnRef'>, scope: Scope): Value {
  const fields = body.fields ?? [];
  const names: string[] = [];
  let star = false;
  for (const field of fields) {
    const name = stringOf(field);
    if (name !== null) names.push(name);
    else if (as('A_Star', field) !== undefined) star = true;
    else lose('a column is named in a way without a rule');
  }
  const last = names.at(-1);
  if (last === undefined) return lose('`*` stands where a value is wanted');
  // `c.*` in an expression is the whole row
  if (star) return itemNamed(names, scope).whole;
  if (names.length === 1) return bareName(last, scope);
  return columnOf(context, itemNamed(names.slice(0, -1), scope), last);
}

/**
 * The tables that this is the whole row of; null if it is anything else. Such a row is there or is not, whatever
 * its columns hold, while a composite column, a function's result or a sub-query's row may be NULL because of
 * what was computed.
 */
export function tablesOfRow(
  context: Context,
  node: Node | undefined,
  scope: Scope,
): readonly CatalogRelation[] | null {
  const [first, second, ...more] = as('ColumnRef', node)?.fields ?? [];
  const name = stringOf(first);
  if (name === null || more.length > 0) return null;
  if (second !== undefined && as('A_Star', second) === undefined) return null;
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    const found: Value[] = [];
    if (second === undefined && (columnsNamed(name, level, found) || found.length > 0)) return null;
    const item = itemIn(level, null, name);
    if (item !== null) return tables(context, item);
  }
  return null;
}

function tables(context: Context, { relations }: Item): readonly CatalogRelation[] | null {
  const found = relations.flatMap((oid) => context.snapshot.relations.get(oid) ?? []);
  const all = found.length === relations.length && found.length > 0;
  return all && found.every(({ kind }) => kind === 'table' || kind === 'partitioned-table') ? found : null;
}

/** The columns that `*` or `t.*` stands for in a target list; null if the reference is no such thing. */
export function starOf(body: BodyOf<'ColumnRef'>, scope: Scope): readonly Field[] | null {
  const fields = body.fields ?? [];
  if (as('A_Star', fields.at(-1)) === undefined) return null;
  const names = fields.slice(0, -1).map((field) => stringOf(field) ?? '');
  if (names.length > 0) return counted(itemNamed(names, scope).shape);
  if (scope.parts.length === 0) lose('`*` stands where there is no relation');
  return scope.parts.flatMap((part) => counted(part.columns));
}

export function counted(shape: Shape): readonly Field[] {
  return shape.star ?? lose('the columns that `*` stands for cannot be counted');
}

/** A column by its bare name at one level only, as GROUP BY prefers it to an output's name. */
export function localColumn(name: string, scope: Scope): Value | null {
  const found: Value[] = [];
  columnsNamed(name, scope, found);
  return found.length === 0 ? null : either(found);
}

function bareName(name: string, scope: Scope): Value {
  const found: Value[] = [];
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    if (columnsNamed(name, level, found)) return either(found);
  }
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    const item = itemIn(level, null, name);
    if (item === null) continue;
    return found.length === 0 ? item.whole : computed([...found, item.whole]);
  }
  if (found.length === 0) lose(`the column ${name} is not known`);
  return computed(found);
}

/** Adds what the name may mean at this level, and says whether it surely means one of these. */
function columnsNamed(name: string, level: Scope, found: Value[]): boolean {
  let sure = false;
  for (const { columns, items } of level.parts) {
    let here = false;
    for (const field of columns.fields) {
      if (field.name !== name) continue;
      found.push(field.value);
      here ||= field.maybe !== true;
    }
    if (!here && columns.open !== null) found.push(columns.open);
    if (!here && SYSTEM_COLUMNS.has(name)) here = systemColumns(name, items, found);
    sure ||= here;
  }
  return sure;
}

function systemColumns(name: string, items: readonly Item[], found: Value[]): boolean {
  const attnum = SYSTEM_COLUMNS.get(name) ?? 0;
  let any = false;
  for (const item of items) {
    for (const relation of item.relations) {
      found.push(directOf([{ relation, attnum }]));
      any = true;
    }
  }
  return any;
}

function itemNamed(names: readonly string[], scope: Scope): Item {
  const name = names.at(-1) ?? '';
  const schema = names.at(-2) ?? null;
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    const item = itemIn(level, schema, name);
    if (item !== null) return item;
  }
  return lose(`the relation ${names.join('.')} is not in reach`);
}

function itemIn(level: Scope, schema: string | null, name: string): Item | null {
  for (const part of level.parts) {
    for (const item of part.items) {
      if (item.alias !== name) continue;
      if (schema === null || item.schemas?.includes(schema) === true) return item;
    }
  }
  return null;
}

function columnOf(context: Context, item: Item, name: string): Value {
  const found = fieldNamed(context, item.shape, name);
  if (found !== null) return found;
  const attnum = SYSTEM_COLUMNS.get(name);
  if (attnum !== undefined && item.relations.length > 0)
    return either(item.relations.map((relation) => directOf([{ relation, attnum }])));
  return callOnRow(context, item.whole, name);
}

/** The field of a row, in whichever way it is written: `(c).ssn`, `c.ssn`, `ssn(c)`. */
export function fieldOf(context: Context, row: Value, name: string): Value {
  const found = row.shape === null ? null : fieldNamed(context, row.shape, name);
  if (found !== null) return found;
  // a composite type's own field cannot be told from a call here, and comes from the same columns
  if (row.shape === null && !isKnownFunction(context, name)) return derivedFrom(row.columns);
  return callOnRow(context, row, name);
}

function fieldNamed(context: Context, shape: Shape, name: string): Value | null {
  const found: Value[] = [];
  for (const field of shape.fields) {
    if (field.name !== name) continue;
    if (field.maybe === true && isKnownFunction(context, name)) lose(`${name} may be a column or a function`);
    found.push(field.value);
  }
  if (found.length > 0) return either(found);
  return shape.open;
}

function isKnownFunction(context: Context, name: string): boolean {
  return context.snapshot.userFunctions.has(name) || context.snapshot.builtinFunctions.has(name);
}

/** `c.row_to_json` is `row_to_json(c)` where `c` has no such column. */
function callOnRow(context: Context, row: Value, name: string): Value {
  if (!isVouched(context, [name], 1)) lose(`${name} is neither a known column nor a known function`);
  return computed([row, derivedFrom(readsOfFunction(context, [name]))]);
}
