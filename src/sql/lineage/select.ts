/**
 * SELECT, VALUES and set operations: what each output is computed from, and what decides which rows come
 * back, clause by clause.
 *
 * Invariant: every clause is looked at, under the scope PostgreSQL gives it. Non-goals: INTO (follow.ts
 * does what it stores), row locks, which tell nothing.
 */
import { as, namesOf, stringOf, type BodyOf, type Node } from '../tree.ts';
import { within, type Context, type Scope } from './context.ts';
import { fromClause } from './from-clause.ts';
import { localColumn } from './names.ts';
import { besideOrder, isNothing, Labels } from './order-shown.ts';
import { setOperation, valuesLists } from './set-operations.ts';
import { targetList } from './target-list.ts';
import { either, type Field, type Value } from './values.ts';
import { vouchOperator } from './vouching.ts';
import { enterWith } from './with.ts';

type Select = BodyOf<'SelectStmt'>;

export function select(context: Context, body: Select, outer: Scope): readonly Field[] {
  context.step();
  const { influences } = context;
  const { beside } = influences;
  influences.beside = null;
  const outputs = clauses(context, body, outer, isNothing(beside));
  influences.beside = beside;
  return outputs;
}

/** `counted`: all that the query around it does with its rows is counting them. */
function clauses(context: Context, body: Select, outer: Scope, counted: boolean): readonly Field[] {
  const base = enterWith(context, body.withClause, within(outer));
  let outputs: readonly Field[];
  let scope = base;
  if (body.op !== undefined && body.op !== 'SETOP_NONE') {
    outputs = setOperation(context, body, (arm) => select(context, arm ?? {}, base));
  } else if (body.valuesLists !== undefined) {
    outputs = valuesLists(context, body, base);
  } else {
    const beside = besideOrder(context, body, base, counted);
    context.influences.beside = beside;
    const parts = fromClause(context, body.fromClause, base);
    scope = { ...base, parts, windows: body.windowClause ?? [] };
    outputs = plain(context, body, scope, beside instanceof Labels ? beside : null);
  }
  for (const node of body.sortClause ?? []) {
    const sort = as('SortBy', node);
    vouchOperator(context, namesOf(sort?.useOp));
    const output = outputNamed(sort?.node, outputs);
    if (output === null) context.value(node, scope);
    else context.influences.of(output, 'order');
  }
  for (const limit of [body.limitCount, body.limitOffset])
    context.influences.of(context.value(limit, scope), 'limit');
  return outputs;
}

function plain(context: Context, body: Select, scope: Scope, labels: Labels | null): readonly Field[] {
  context.condition(body.whereClause, scope);
  const outputs = targetList(context, body.targetList, scope);
  labels?.fill(outputs);
  groupBy(context, body, outputs, scope);
  context.condition(body.havingClause, scope);
  for (const node of body.windowClause ?? []) context.value(node, scope);
  const distinct = body.distinctClause ?? [];
  // plain DISTINCT is a list of one empty node
  if (distinct.length === 1 && Object.keys(distinct[0] ?? {}).length === 0) {
    for (const { value } of outputs) context.influences.of(value, 'group');
  } else {
    for (const node of distinct) {
      context.influences.of(outputNamed(node, outputs) ?? context.value(node, scope), 'group');
    }
  }
  return outputs;
}

function groupBy(context: Context, body: Select, outputs: readonly Field[], scope: Scope): void {
  const keys = (body.groupClause ?? []).flatMap((node) => groupKeys(context, node, outputs, scope));
  const plainly = (body.groupClause ?? []).every((node) => as('GroupingSet', node) === undefined);
  for (const key of keys)
    if (!plainly || !isSettledBy(context, key, keys, scope)) context.influences.of(key, 'group');
}

/** PostgreSQL does not look at what the primary key beside it settles: such a key decides nothing. */
function isSettledBy(context: Context, key: Value, keys: readonly Value[], scope: Scope): boolean {
  const [column] = key.columns;
  if (column === undefined || key.kind !== 'direct' || key.columns.length > 1) return false;
  const primary = context.snapshot.relations.get(column.relation)?.primaryKey ?? [];
  const items = scope.parts.flatMap((part) => part.items);
  const once = items.filter(({ relations }) => relations.includes(column.relation)).length === 1;
  const isKey = (attnum: number): boolean =>
    keys.some(
      ({ kind, columns: [one, ...through] }) =>
        kind === 'direct' &&
        through.length === 0 &&
        one?.relation === column.relation &&
        one.attnum === attnum,
    );
  return once && primary.length > 0 && !primary.includes(column.attnum) && primary.every(isKey);
}

function groupKeys(context: Context, node: Node, outputs: readonly Field[], scope: Scope): readonly Value[] {
  const set = as('GroupingSet', node);
  if (set !== undefined)
    return (set.content ?? []).flatMap((item) => groupKeys(context, item, outputs, scope));
  // here a column of the input comes before an output of the same name
  const output = outputNamed(node, outputs);
  const name = bareNameOf(node);
  const input = output === null || name === null ? null : localColumn(name, scope);
  const value = input ?? output ?? context.value(node, scope);
  return [output === null || input === null ? value : either([input, output])];
}

/** The output that a sort key names, by position or by its name. */
function outputNamed(node: Node | undefined, outputs: readonly Field[]): Value | null {
  const position = as('A_Const', node)?.ival?.ival;
  if (position !== undefined) return outputs[position - 1]?.value ?? null;
  const name = bareNameOf(node);
  if (name === null) return null;
  const found = outputs.filter((output) => output.name === name).map(({ value }) => value);
  return found.length === 0 ? null : either(found);
}

function bareNameOf(node: Node | undefined): string | null {
  const fields = as('ColumnRef', node)?.fields;
  return fields?.length === 1 ? stringOf(fields[0]) : null;
}
