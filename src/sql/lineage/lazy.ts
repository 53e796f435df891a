/**
 * What is computed only where another value says so: the second arm of AND, what COALESCE falls back to, the
 * rest of a list after a match. If that can fail, or does anything that can be noticed, then whether it ran
 * tells the value before it: `coalesce(nullif(ssn, '1'), (1 / 0 * id)::text)`.
 *
 * Invariant: quiet is only what gives a result for every row and leaves no trace; what is not listed is not.
 */
import { as, namesOf, tagOf, type Node } from '../tree.ts';
import type { Context, Scope } from './context.ts';
import { isTextType, neverFails, operatorNeverFails } from './telling.ts';
import { computed, type Value } from './values.ts';

/** Records that which of these ran, of which each may stop the ones after it, depends on their values. */
export function guards(
  context: Context,
  nodes: readonly (Node | undefined)[],
  values: readonly Value[],
  scope: Scope,
): void {
  const tainted = values.some(({ columns }) => columns.length > 0);
  // the first is computed in any case
  if (tainted && nodes.slice(1).some((node) => !isQuiet(context, node, scope)))
    context.influences.of(computed(values), 'branch');
}

/** `scope` is null where every column is known to be one of a relation itself. */
export function isQuiet(context: Context, node: Node | undefined, scope: Scope | null): boolean {
  const all = (nodes: readonly (Node | undefined)[] | undefined): boolean =>
    (nodes ?? []).every((one) => isQuiet(context, one, scope));
  switch (tagOf(node)) {
    case null:
    case 'A_Const':
    case 'ParamRef':
    case 'SQLValueFunction':
      return true;
    case 'ColumnRef':
      // a column of a sub-query or view may be anything that is computed on the way
      return scope === null || context.value(node, scope).kind === 'direct';
    case 'List':
      return all(as('List', node)?.items);
    case 'RowExpr':
      return all(as('RowExpr', node)?.args);
    case 'BoolExpr':
      return all(as('BoolExpr', node)?.args);
    case 'CoalesceExpr':
      return all(as('CoalesceExpr', node)?.args);
    case 'MinMaxExpr':
      return all(as('MinMaxExpr', node)?.args);
    case 'NullTest':
      return isQuiet(context, as('NullTest', node)?.arg, scope);
    case 'BooleanTest':
      return isQuiet(context, as('BooleanTest', node)?.arg, scope);
    case 'CollateClause':
      return isQuiet(context, as('CollateClause', node)?.arg, scope);
    case 'CaseExpr': {
      const body = as('CaseExpr', node);
      const arms = (body?.args ?? []).flatMap((arm) => {
        const when = as('CaseWhen', arm);
        return [when?.expr, when?.result];
      });
      return all([body?.arg, ...arms, body?.defresult]);
    }
    case 'TypeCast': {
      const body = as('TypeCast', node);
      // a literal is read before anything runs
      if (as('A_Const', body?.arg)?.sval !== undefined) return true;
      return isTextType(body?.typeName) && isQuiet(context, body?.arg, scope);
    }
    case 'FuncCall':
      return quietCall(context, node, scope);
    case 'A_Expr':
      return quietOperation(context, node, scope);
    default:
      return false;
  }
}

function quietCall(context: Context, node: Node | undefined, scope: Scope | null): boolean {
  const body = as('FuncCall', node);
  const name = namesOf(body?.funcname).at(-1) ?? '';
  if (body?.agg_filter !== undefined || body?.over !== undefined || body?.agg_order !== undefined)
    return false;
  if (!neverFails(name) || context.snapshot.userFunctions.has(name)) return false;
  return (body?.args ?? []).every((arg) => isQuiet(context, arg, scope));
}

function quietOperation(context: Context, node: Node | undefined, scope: Scope | null): boolean {
  const body = as('A_Expr', node);
  switch (body?.kind) {
    case 'AEXPR_OP':
      if (!operatorNeverFails(namesOf(body.name).at(-1) ?? '')) return false;
      break;
    case 'AEXPR_IN':
    case 'AEXPR_NULLIF':
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
      break;
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      // a pattern that ends with a backslash is none
      if (as('A_Const', body.rexpr)?.sval?.sval?.includes('\\') !== false) return false;
      break;
    default:
      return false;
  }
  return [body.lexpr, body.rexpr].every((one) => isQuiet(context, one, scope));
}
