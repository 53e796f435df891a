/**
 * Beside what the order in which a query finds its rows can show. Grouping, DISTINCT, UNION, windows and joins
 * sort or hash, so `select min(id) from staff group by salary` lists the staff by salary. Nothing of that is left
 * where the rows are put in another order by everything they show, nor where they show counts alone.
 *
 * Invariant: what is not surely a count, ordered or a column as it is stored, counts as anything.
 */
import { as, namesOf, stringOf, tagOf, type BodyOf, type Node } from '../tree.ts';
import type { Context, Scope } from './context.ts';
import { isQuiet } from './lazy.ts';
import type { Beside, ColumnId } from './lineage.ts';
import type { Field } from './values.ts';

type Select = BodyOf<'SelectStmt'>;

const NOTHING: Beside = { columns: [], more: false };

/** The columns that a query shows beside counts and what it orders by; known once its outputs are. */
export class Labels implements Beside {
  readonly columns: ColumnId[] = [];
  more = true;
  readonly #at: readonly number[];

  /** @param at which outputs, from 0 */
  constructor(at: readonly number[]) {
    this.#at = at;
  }

  fill(outputs: readonly Field[]): void {
    const values = this.#at.map((at) => outputs[at]?.value);
    this.more = values.some((value) => value?.kind !== 'direct');
    for (const value of values) this.columns.push(...(value?.columns.slice(0, 1) ?? []));
  }
}

export function isNothing(beside: Beside | null): boolean {
  return beside === NOTHING;
}

/** @param counted all that the query around it does with its rows is counting them */
export function besideOrder(
  context: Context,
  body: Select,
  scope: Scope,
  counted: boolean,
): Beside | Labels | null {
  if ((counted && isPlain(context, body, scope)) || onlyCounts(context, body, scope)) return NOTHING;
  if (!isPlainSource(context, body, scope) || isDistinctOn(body)) return null;
  const at: number[] = [];
  const counts = countsWhatIsStored(body);
  for (const [i, node] of (body.targetList ?? []).entries()) {
    const shown = as('ResTarget', node)?.val;
    if (counts && isAggregate(context, shown, COUNT)) continue;
    const ordered = isOrdered(body, i);
    const column = as('ColumnRef', shown);
    if (column === undefined ? !ordered || !isSettled(context, shown) : isStar(column)) return null;
    if (!ordered) at.push(i);
  }
  return new Labels(at);
}

const COUNT: ReadonlySet<string> = new Set(['count']);
const COUNTS: ReadonlySet<string> = new Set(['count', 'min', 'max']);
/** Aggregates to which the order of rows makes no difference. */
const ORDERLESS: ReadonlySet<string> = new Set([...COUNTS, 'sum', 'avg', 'bool_and', 'bool_or', 'every']);
/** Scalar functions in which people wrap what they count. */
const SCALAR: ReadonlySet<string> = new Set([
  'round',
  'trunc',
  'abs',
  'date_trunc',
  'lower',
  'upper',
  'length',
]);

/** One row of counts and extremes of plain relations, or a count of all rows of one sub-query. */
function onlyCounts(context: Context, body: Select, scope: Scope): boolean {
  const targets = (body.targetList ?? []).map((node) => as('ResTarget', node)?.val);
  if (!targets.every((node) => isAggregate(context, node, COUNTS))) return false;
  if (body.groupClause !== undefined || body.distinctClause !== undefined) return false;
  if (body.windowClause !== undefined || body.sortClause !== undefined) return false;
  const [only, ...more] = body.fromClause ?? [];
  const sub = as('RangeSubselect', only);
  if (sub === undefined) return isPlain(context, body, scope);
  if (more.length > 0 || sub.lateral === true || scope.ctes !== null) return false;
  if (body.whereClause !== undefined || body.havingClause !== undefined) return false;
  return targets.every((node) => as('FuncCall', node)?.agg_star === true);
}

/** A query of plain relations in which nothing that is computed on the way can be noticed. */
function isPlain(context: Context, body: Select, scope: Scope): boolean {
  if (body.limitCount !== undefined || body.limitOffset !== undefined) return false;
  const targets = (body.targetList ?? []).map((node) => as('ResTarget', node)?.val);
  return isPlainSource(context, body, scope) && targets.every((node) => isQuiet(context, node, null));
}

/** As `isPlain`, but for what it shows and how many of it. */
function isPlainSource(context: Context, body: Select, scope: Scope): boolean {
  if (scope.ctes !== null || body.withClause !== undefined || body.windowClause !== undefined) return false;
  const quiet = (node: Node | undefined): boolean => isQuiet(context, node, null);
  return (
    [body.whereClause, body.havingClause, ...(body.groupClause ?? [])].every(quiet) &&
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

/** Of stored columns, by one of PostgreSQL's own aggregates. */
function isAggregate(context: Context, node: Node | undefined, names: ReadonlySet<string>): boolean {
  const call = as('FuncCall', node);
  const name = namesOf(call?.funcname).at(-1) ?? '';
  if (call === undefined || !names.has(name) || context.snapshot.userFunctions.has(name)) return false;
  if (call.agg_filter !== undefined || call.over !== undefined || call.agg_order !== undefined) return false;
  return (call.args ?? []).every((arg) => as('ColumnRef', arg) !== undefined);
}

/**
 * Its rows are multiplied by stored columns that are equal, and nothing else: a count under `o.id <= c.id` is an id
 * in other words.
 */
function countsWhatIsStored({ fromClause = [], whereClause }: Select): boolean {
  const quals = fromClause.flatMap(qualsOf);
  if (fromClause.length === 1 && quals.length === 0) return true;
  return [whereClause, ...quals].flatMap(conjuncts).every((node) => {
    const { kind, name, lexpr, rexpr } = as('A_Expr', node) ?? {};
    const equal = kind === 'AEXPR_OP' && namesOf(name).at(-1) === '=';
    if (equal && as('ColumnRef', lexpr) !== undefined && as('ColumnRef', rexpr) !== undefined) return true;
    return written(node).split('"ColumnRef"').length <= 2;
  });
}

function qualsOf(node: Node | undefined): readonly Node[] {
  const join = as('JoinExpr', node);
  if (join === undefined) return [];
  // USING and NATURAL have none, and are equal by themselves; so that there is a join is said by an empty one
  return [...conjuncts(join.quals ?? TRUE), ...qualsOf(join.larg), ...qualsOf(join.rarg)];
}

const TRUE: Node = { A_Const: { boolval: { boolval: true } } };

function conjuncts(node: Node | undefined): readonly Node[] {
  const body = as('BoolExpr', node);
  if (body?.boolop === 'AND_EXPR') return (body.args ?? []).flatMap(conjuncts);
  return node === undefined ? [] : [node];
}

/** Which rows it is computed from decides its value, and not the order in which they come. */
function isSettled(context: Context, node: Node | undefined): boolean {
  const all = (nodes: readonly (Node | undefined)[] | undefined): boolean =>
    (nodes ?? []).every((one) => isSettled(context, one));
  switch (tagOf(node)) {
    case null:
    case 'A_Const':
    case 'ColumnRef':
    case 'ParamRef':
      return true;
    case 'TypeCast':
      return isSettled(context, as('TypeCast', node)?.arg);
    case 'CoalesceExpr':
      return all(as('CoalesceExpr', node)?.args);
    case 'A_Expr': {
      const { kind, name, lexpr, rexpr } = as('A_Expr', node) ?? {};
      const operator = namesOf(name).at(-1) ?? '';
      return kind === 'AEXPR_OP' && !context.snapshot.userOperators.has(operator) && all([lexpr, rexpr]);
    }
    case 'FuncCall': {
      const call = as('FuncCall', node);
      const name = namesOf(call?.funcname).at(-1) ?? '';
      if (context.snapshot.userFunctions.has(name)) return false;
      if (call?.agg_filter !== undefined || call?.over !== undefined || call?.agg_order !== undefined)
        return false;
      return (ORDERLESS.has(name) || SCALAR.has(name)) && all(call?.args);
    }
    default:
      return false;
  }
}

function isStar({ fields }: BodyOf<'ColumnRef'>): boolean {
  return as('A_Star', fields?.at(-1)) !== undefined;
}

/** Plain DISTINCT is a list of one empty node. */
function isDistinctOn({ distinctClause: [first] = [] }: Select): boolean {
  return first !== undefined && Object.keys(first).length > 0;
}

/** Whether output `at` is one of the keys of ORDER BY. */
function isOrdered(body: Select, at: number): boolean {
  const target = as('ResTarget', body.targetList?.[at]);
  const name = target?.name ?? stringOf(as('ColumnRef', target?.val)?.fields?.at(-1));
  return (body.sortClause ?? []).some((node) => {
    const { node: key, useOp } = as('SortBy', node) ?? {};
    if (useOp !== undefined && useOp.length > 0) return false;
    const position = as('A_Const', key)?.ival?.ival;
    if (position !== undefined) return position === at + 1;
    const fields = as('ColumnRef', key)?.fields;
    const bare = fields?.length === 1 ? stringOf(fields[0]) : null;
    if (bare !== null) return bare === name && isOnlyNamed(body, bare);
    return key !== undefined && target?.val !== undefined && written(key) === written(target.val);
  });
}

/** A name that two outputs have orders by neither of them; PostgreSQL refuses it, unless they are the same. */
function isOnlyNamed(body: Select, name: string): boolean {
  const named = (body.targetList ?? []).filter((node) => {
    const target = as('ResTarget', node);
    return (target?.name ?? stringOf(as('ColumnRef', target?.val)?.fields?.at(-1))) === name;
  });
  return named.length === 1;
}

/** The expression, wherever it stands. */
function written(node: Node): string {
  return JSON.stringify(node, (key, value: unknown) => (key === 'location' ? undefined : value));
}
