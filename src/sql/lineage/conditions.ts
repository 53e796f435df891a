/**
 * Conditions: which columns decide which rows there are, and how much each comparison can tell.
 *
 * Invariant: every column of a condition becomes an influence, but for the IS NULL test of a plain column;
 * what is not surely an equality of a stored column counts as `range`, which tells most.
 * Non-goal: truth. `NOT`, `OR` and `AND` tell what their arms tell.
 */
import { as, namesOf, tagOf, type BodyOf, type Node } from '../tree.ts';
import type { Context, Scope } from './context.ts';
import { CLEAN, either, type Field, type Value } from './values.ts';
import { EQUALS, vouchExpression, vouchOperator } from './vouching.ts';

export function conditionOf(context: Context, node: Node | undefined, scope: Scope): void {
  context.step();
  switch (tagOf(node)) {
    case null:
      return;
    case 'BoolExpr':
      for (const arg of as('BoolExpr', node)?.args ?? []) conditionOf(context, arg, scope);
      return;
    case 'BooleanTest':
      conditionOf(context, as('BooleanTest', node)?.arg, scope);
      return;
    case 'A_Expr':
      comparison(context, as('A_Expr', node) ?? {}, scope);
      return;
    case 'SubLink':
      subQuery(context, node, scope);
      return;
    default: {
      const value = context.value(node, scope);
      context.influences.of(value, value.kind === 'direct' ? 'equality' : 'range');
    }
  }
}

function comparison(context: Context, body: BodyOf<'A_Expr'>, scope: Scope): void {
  vouchExpression(context, body);
  const isEquality = namesOf(body.name).at(-1) === '=';
  switch (body.kind) {
    case 'AEXPR_OP':
    case 'AEXPR_NOT_DISTINCT':
      compare(context, body.lexpr, [body.rexpr], isEquality, scope);
      return;
    case 'AEXPR_IN':
      compare(context, body.lexpr, as('List', body.rexpr)?.items ?? [body.rexpr], isEquality, scope);
      return;
    case 'AEXPR_OP_ANY': {
      const left = context.value(body.lexpr, scope);
      const right = context.value(body.rexpr, scope);
      // an element of a stored array is not the array
      relate(context, left, right, isEquality && right.kind === 'clean');
      return;
    }
    default: {
      const left = context.value(body.lexpr, scope);
      relate(context, left, context.value(body.rexpr, scope), false);
    }
  }
}

/** Rows are compared column by column. */
function compare(
  context: Context,
  left: Node | undefined,
  rights: readonly (Node | undefined)[],
  isEquality: boolean,
  scope: Scope,
): void {
  const lefts = partsOf(context, left, scope);
  for (const right of rights) {
    const values = partsOf(context, right, scope);
    if (values.length === lefts.length) {
      for (const [index, value] of values.entries())
        relate(context, lefts[index] ?? CLEAN, value, isEquality);
    } else {
      for (const value of [...lefts, ...values]) context.influences.of(value, 'range');
    }
  }
}

function partsOf(context: Context, node: Node | undefined, scope: Scope): readonly Value[] {
  const value = context.value(node, scope);
  const fields =
    as('RowExpr', node) === undefined && as('SubLink', node) === undefined ? null : value.shape?.star;
  return fields === null || fields === undefined ? [value] : fields.map((field) => field.value);
}

/** Records what comparing two values tells. */
export function relate(context: Context, left: Value, right: Value, isEquality: boolean): void {
  const { influences } = context;
  if (!isEquality || left.kind === 'derived' || right.kind === 'derived') {
    influences.of(left, 'range');
    influences.of(right, 'range');
  } else {
    if (left.kind === 'direct' && right.kind === 'direct') {
      influences.join(left.columns, right.columns);
      return;
    }
    influences.of(left, 'equality');
    influences.of(right, 'equality');
  }
}

function subQuery(context: Context, node: Node | undefined, scope: Scope): void {
  const body = as('SubLink', node) ?? {};
  if (body.subLinkType === 'EXISTS_SUBLINK') {
    context.query(body.subselect, scope);
    return;
  }
  if (body.subLinkType !== 'ANY_SUBLINK') {
    context.influences.of(context.value(node, scope), 'range');
    return;
  }
  const isEquality = vouchComparison(context, body) === '=';
  const tested = partsOf(context, body.testexpr, scope);
  const outputs = context.query(body.subselect, scope);
  pairUp(context, tested, outputs, isEquality);
}

function pairUp(
  context: Context,
  tested: readonly Value[],
  outputs: readonly Field[],
  isEquality: boolean,
): void {
  const values = outputs.map(({ value }) => value);
  if (tested.length === values.length) {
    for (const [index, value] of values.entries()) relate(context, tested[index] ?? CLEAN, value, isEquality);
  } else {
    relate(context, either(tested), either(values), false);
  }
}

/** The operator between a value and a sub-query; IN is written without one. Null where there is none. */
export function vouchComparison(context: Context, body: BodyOf<'SubLink'>): string | null {
  const names = namesOf(body.operName);
  if (names.length === 0 && body.testexpr === undefined) return null;
  const operator = names.length === 0 ? EQUALS : names;
  vouchOperator(context, operator);
  return operator.at(-1) ?? null;
}
