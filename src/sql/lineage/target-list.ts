/** Lists of expressions in which a star, or a row's star, stands for several. */
import { as, type Node } from '../tree.ts';
import { outputName } from './column-names.ts';
import { lose, type Context, type Scope } from './context.ts';
import { counted, fieldOf, starOf } from './names.ts';
import type { Field, Value } from './values.ts';

/** A target or RETURNING list, as the columns it makes. */
export function targetList(
  context: Context,
  nodes: readonly Node[] | undefined,
  scope: Scope,
): readonly Field[] {
  const outputs: Field[] = [];
  for (const node of nodes ?? []) {
    const target = as('ResTarget', node) ?? lose('a target list holds something without a rule');
    const several = expand(context, target.val, scope);
    if (several !== null) {
      for (const { name, value } of several) outputs.push({ name, value });
      continue;
    }
    const value = context.value(target.val, scope);
    outputs.push({ name: target.name ?? outputName(target.val), value });
  }
  return outputs;
}

/** The values of a row constructor or of one row of VALUES. */
export function expressionList(
  context: Context,
  nodes: readonly Node[] | undefined,
  scope: Scope,
): readonly Value[] {
  const values: Value[] = [];
  for (const node of nodes ?? []) {
    const several = expand(context, node, scope);
    if (several === null) values.push(context.value(node, scope));
    else for (const { value } of several) values.push(value);
  }
  return values;
}

function expand(context: Context, node: Node | undefined, scope: Scope): readonly Field[] | null {
  const column = as('ColumnRef', node);
  if (column !== undefined) return starOf(column, scope);
  const body = as('A_Indirection', node);
  const path = body?.indirection ?? [];
  if (body === undefined || as('A_Star', path.at(-1)) === undefined) return null;
  let row = context.value(body.arg, scope);
  for (const step of path.slice(0, -1)) {
    const name = as('String', step)?.sval ?? lose('`.*` follows something without a rule');
    row = fieldOf(context, row, name);
  }
  return counted(row.shape ?? lose('the fields that `.*` stands for are not known'));
}
