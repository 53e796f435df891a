/**
 * Whether the order in which a query finds its rows can show. Grouping, DISTINCT, UNION, windows and joins sort
 * or hash, so `select min(id) from staff group by salary` lists the staff by salary. Nothing of that is left
 * where all that comes of it is one row of counts.
 *
 * Invariant: what is not surely counted only, by expressions that are quiet, shows its order.
 */
import { as, namesOf, type BodyOf, type Node } from '../tree.ts';
import type { Context, Scope } from './context.ts';
import { isQuiet } from './lazy.ts';

type Select = BodyOf<'SelectStmt'>;

/** One row of counts and extremes of plain relations, or a count of all rows of one sub-query. */
export function onlyCounts(context: Context, body: Select, scope: Scope): boolean {
  if (!(body.targetList ?? []).every((node) => isCount(as('ResTarget', node)?.val))) return false;
  if (body.groupClause !== undefined || body.distinctClause !== undefined) return false;
  if (body.windowClause !== undefined || body.sortClause !== undefined) return false;
  const [only, ...more] = body.fromClause ?? [];
  const sub = as('RangeSubselect', only);
  if (sub === undefined) return isPlain(context, body, scope);
  if (more.length > 0 || sub.lateral === true || scope.ctes !== null) return false;
  if (body.whereClause !== undefined || body.havingClause !== undefined) return false;
  const call = (node: Node): BodyOf<'FuncCall'> | undefined => as('FuncCall', as('ResTarget', node)?.val);
  return (body.targetList ?? []).every((node) => call(node)?.agg_star === true);
}

/** A query of plain relations in which nothing that is computed on the way can be noticed. */
export function isPlain(context: Context, body: Select, scope: Scope): boolean {
  if (scope.ctes !== null || body.withClause !== undefined || body.windowClause !== undefined) return false;
  if (body.limitCount !== undefined || body.limitOffset !== undefined) return false;
  const targets = (body.targetList ?? []).map((node) => as('ResTarget', node)?.val);
  const quiet = (node: Node | undefined): boolean => isQuiet(context, node, null);
  return (
    [...targets, body.whereClause, body.havingClause, ...(body.groupClause ?? [])].every(quiet) &&
    (body.fromClause ?? []).every((node) => isPlainItem(node, quiet))
  );
}

function isPlainItem(node: Node | undefined, quiet: (node: Node | undefined) => boolean): boolean {
  if (as('RangeVar', node) !== undefined) return true;
  const join = as('JoinExpr', node);
  return (
    join !== undefined && quiet(join.quals) && isPlainItem(join.larg, quiet) && isPlainItem(join.rarg, quiet)
  );
}

function isCount(node: Node | undefined): boolean {
  const call = as('FuncCall', node);
  const name = namesOf(call?.funcname).at(-1);
  if (call === undefined || (name !== 'count' && name !== 'min' && name !== 'max')) return false;
  if (call.agg_filter !== undefined || call.over !== undefined) return false;
  return (call.args ?? []).every((arg) => as('ColumnRef', arg) !== undefined);
}
