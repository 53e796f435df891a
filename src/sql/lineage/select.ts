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
import { isPlain, onlyCounts } from './order-shown.ts';
import { setOperation, valuesLists } from './set-operations.ts';
import { targetList } from './target-list.ts';
import { either, type Field, type Value } from './values.ts';
import { vouchOperator } from './vouching.ts';
import { enterWith } from './with.ts';

type Select = BodyOf<'SelectStmt'>;

export function select(context: Context, body: Select, outer: Scope): readonly Field[] {
  context.step();
  const { influences } = context;
  const counted = influences.unseen;
  influences.unseen = false;
  const outputs = clauses(context, body, outer, counted);
  influences.unseen = counted;
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
    context.influences.unseen = (counted && isPlain(context, body, base)) || onlyCounts(context, body, base);
    const parts = fromClause(context, body.fromClause, base);
    scope = { ...base, parts, windows: body.windowClause ?? [] };
    outputs = plain(context, body, scope);
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

function plain(context: Context, body: Select, scope: Scope): readonly Field[] {
  context.condition(body.whereClause, scope);
  const outputs = targetList(context, body.targetList, scope);
  for (const node of body.groupClause ?? []) groupBy(context, node, outputs, scope);
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

function groupBy(context: Context, node: Node, outputs: readonly Field[], scope: Scope): void {
  const set = as('GroupingSet', node);
  if (set !== undefined) {
    for (const item of set.content ?? []) groupBy(context, item, outputs, scope);
    return;
  }
  // here a column of the input comes before an output of the same name
  const output = outputNamed(node, outputs);
  const name = bareNameOf(node);
  const input = output === null || name === null ? null : localColumn(name, scope);
  const value = input ?? output ?? context.value(node, scope);
  context.influences.of(output === null || input === null ? value : either([input, output]), 'group');
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
