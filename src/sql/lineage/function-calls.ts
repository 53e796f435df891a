/**
 * Calls: aggregates, window functions, plain ones, and those that are a field in functional notation.
 *
 * Invariant: the result of a call comes from all of its arguments, its ordering, its filter and its window.
 * Only counting rows, or the rows in which a plain column is not NULL, tells nothing of any value; and a few
 * functions of the system are known to read some columns of a row only.
 * Non-goal: functions as relations (from-functions.ts).
 */
import { as, namesOf, type BodyOf, type Node } from '../tree.ts';
import { dangerOf } from '../dangerous.ts';
import { lose, type Context, type Scope } from './context.ts';
import { ANYTHING } from './lineage.ts';
import { fieldOf, tablesOfRow } from './names.ts';
import { COLUMNS_OF_FUNCTIONS, COLUMNS_READ } from './row-functions.ts';
import { argumentCanFail, isKnown, makesRows, plainResult } from './telling.ts';
import {
  CLEAN,
  columnsOf,
  computed,
  derivedFrom,
  directOf,
  plainly,
  rowOf,
  shapeOf,
  type Value,
} from './values.ts';
import { isVouched, readsOfFunction } from './vouching.ts';

type Call = BodyOf<'FuncCall'>;

export function functionCall(context: Context, body: Call, scope: Scope): Value {
  const names = namesOf(body.funcname);
  const args = body.args ?? [];
  const values = args.map((arg, place) => argument(context, names, place, arg, scope));
  const field = asField(context, names, body, values);
  if (field !== null) return field;
  if (!isVouched(context, names, args.length)) return opaqueCall(context, body, values, scope);
  if (isPlainCount(context, body, names, values, scope)) return windowOf(context, body, scope);
  values.push(derivedFrom(readsOfFunction(context, names)));
  for (const node of body.agg_order ?? []) values.push(context.value(node, scope));
  values.push(aggregateFilter(context, body.agg_filter, scope), windowOf(context, body, scope));
  const columns = columnsOf(values);
  tell(context, names, body, values);
  const fields = COLUMNS_OF_FUNCTIONS.get(names.at(-1) ?? '');
  if (fields === undefined)
    return plainly(
      derivedFrom(columns),
      plainResult(context, names.at(-1) ?? '', values.slice(0, args.length)),
    );
  const own = derivedFrom(columns);
  return rowOf(columns, shapeOf(fields.map((name) => ({ name, value: own }))));
}

/** What is read of an argument, where that is known to be some columns of a system table's row only. */
function argument(
  context: Context,
  names: readonly string[],
  place: number,
  node: Node,
  scope: Scope,
): Value {
  const given = context.value(node, scope);
  const [schema, name] = names;
  const read = schema === 'information_schema' ? COLUMNS_READ.get(name ?? '')?.[place] : undefined;
  const tables = read === undefined ? null : tablesOfRow(context, node, scope);
  const [table] = tables ?? [];
  // by what the table calls its columns: an alias may call them anything
  if (read === undefined || table?.schema !== 'pg_catalog' || tables?.length !== 1) return given;
  const columns = table.columns.filter((column) => read.includes(column.name));
  if (columns.length !== read.length) return given;
  return computed(columns.map(({ attnum }) => directOf([{ relation: table.oid, attnum }])));
}

/** What it gives may have been read anywhere, and computed from whatever it was given. */
function opaqueCall(context: Context, body: Call, given: readonly Value[], scope: Scope): Value {
  const values = [...given, ...(body.agg_order ?? []).map((node) => context.value(node, scope))];
  values.push(aggregateFilter(context, body.agg_filter, scope), windowOf(context, body, scope));
  const from = columnsOf(values);
  context.sunk.push({ name: namesOf(body.funcname).join('.'), from });
  return derivedFrom(columnsOf([...values, derivedFrom([ANYTHING])]));
}

/** What a call tells beside its result, and where else it carries its arguments. */
function tell(context: Context, names: readonly string[], body: Call, values: readonly Value[]): void {
  const name = names.at(-1) ?? '';
  const given = computed(values);
  const args = body.args?.length ?? 0;
  if (makesRows(name)) context.influences.of(given, 'range');
  else if (context.snapshot.userFunctions.has(name)) context.influences.of(given, 'branch');
  else {
    for (const [place, value] of values.entries()) {
      if (value.columns.length === 0) continue;
      // what orders, filters and cuts an aggregate decides over the whole of it
      const fails = place < args ? argumentCanFail(context, { name, body }, place, value) : !isKnown(name);
      if (fails) context.influences.of(value, 'branch');
    }
  }
  if (name === 'set_config' || dangerOf(names.at(-2) ?? null, name)?.sink === true)
    context.sunk.push({ name, from: given.columns });
}

/** `ssn(c)` is `c.ssn` where no function of that name takes such a row. */
function asField(
  context: Context,
  names: readonly string[],
  body: Call,
  values: readonly Value[],
): Value | null {
  const [row] = values;
  const [name] = names;
  if (row === undefined || name === undefined || values.length !== 1 || names.length !== 1) return null;
  if (row.shape === null || body.agg_star === true || isVouched(context, names, 1)) return null;
  if (context.snapshot.userFunctions.has(name) || context.snapshot.builtinFunctions.has(name)) return null;
  return row.shape.fields.some((field) => field.name === name) ? fieldOf(context, row, name) : null;
}

function isPlainCount(
  context: Context,
  body: Call,
  names: readonly string[],
  values: readonly Value[],
  scope: Scope,
): boolean {
  if (names.at(-1) !== 'count' || body.agg_filter !== undefined || body.agg_order !== undefined) return false;
  if (body.func_variadic === true || body.agg_within_group === true) return false;
  if (body.agg_star === true) return true;
  const [value] = values;
  const reference = as('ColumnRef', body.args?.[0]);
  if (values.length !== 1 || value === undefined || reference === undefined) return false;
  if (value.kind !== 'derived') return true;
  return body.agg_distinct !== true && tablesOfRow(context, body.args?.[0], scope) !== null;
}

/** What FILTER lets through decides the result. */
export function aggregateFilter(context: Context, filter: Node | undefined, scope: Scope): Value {
  const value = context.value(filter, scope);
  context.influences.of(value, 'branch');
  return derivedFrom(value.columns);
}

function windowOf(context: Context, body: Call, scope: Scope): Value {
  return body.over === undefined ? CLEAN : windowValue(context, body.over, scope);
}

/** The columns that a window is cut and ordered by, those of the named window it builds on included. */
export function windowValue(context: Context, body: BodyOf<'WindowDef'>, scope: Scope): Value {
  const values: Value[] = [];
  const named = body.refname ?? (isReference(body) ? body.name : undefined);
  if (named !== undefined) values.push(windowNamed(context, named, body, scope));
  for (const node of body.partitionClause ?? []) {
    const value = context.value(node, scope);
    context.influences.of(value, 'group');
    values.push(value);
  }
  for (const node of body.orderClause ?? []) values.push(context.value(node, scope));
  for (const offset of [body.startOffset, body.endOffset]) {
    const value = context.value(offset, scope);
    context.influences.of(value, 'limit');
    values.push(value);
  }
  return computed(values);
}

/** `OVER w` carries the name alone; a definition in WINDOW carries its own. */
function isReference(body: BodyOf<'WindowDef'>): boolean {
  return body.partitionClause === undefined && body.orderClause === undefined;
}

function windowNamed(context: Context, name: string, from: BodyOf<'WindowDef'>, scope: Scope): Value {
  context.step();
  const definition = scope.windows
    .map((node) => as('WindowDef', node))
    .find((one) => one?.name === name && one !== from);
  // a definition in the WINDOW clause that names itself only is complete
  if (definition === undefined)
    return scope.windows.some((node) => as('WindowDef', node) === from) ? CLEAN : lose(`no window ${name}`);
  return windowValue(context, definition, scope);
}
