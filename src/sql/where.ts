/**
 * Whether a condition restricts the rows of a target relation, judged by its text alone.
 *
 * Invariant: a condition that could hold for every row by its form (constant, `id = id`, an OR with such an
 * arm, one that never looks at the target) does not restrict. Non-goal: what depends on the data, such as
 * `id > 0` or `id IS NOT NULL`: those pass as restricting, and docs say so.
 */
import { as, namesOf, type BodyOf, type Node } from './tree.ts';

/**
 * `always` holds for every row, `never` for none, `varies` depends on the row; `free` does not look at the
 * target, so it holds for every row or for none.
 */
type Truth = 'always' | 'never' | 'varies' | 'free';

export type Target = {
  /** The name its columns are qualified with. */
  readonly alias: string;
  readonly name: string;
  /** Alias → relation name of everything else in FROM or USING. */
  readonly others: ReadonlyMap<string, string>;
};

export function restricts(condition: Node | undefined, target: Target): boolean {
  if (condition === undefined) return false;
  const truth = truthOf(condition, target);
  return truth === 'varies' || truth === 'never';
}

export function targetOf(
  relation: BodyOf<'RangeVar'> | undefined,
  others: readonly Node[] | undefined,
): Target {
  const found = new Map<string, string>();
  for (const item of others ?? []) collect(item, found);
  const name = relation?.relname ?? '';
  return { alias: relation?.alias?.aliasname ?? name, name, others: found };
}

function collect(item: Node | undefined, found: Map<string, string>): void {
  const join = as('JoinExpr', item);
  if (join !== undefined) {
    collect(join.larg, found);
    collect(join.rarg, found);
  }
  const range = as('RangeVar', item);
  if (range !== undefined) found.set(range.alias?.aliasname ?? range.relname ?? '', range.relname ?? '');
}

function truthOf(node: Node | undefined, target: Target): Truth {
  const cast = as('TypeCast', node);
  if (cast !== undefined) return truthOf(cast.arg, target);
  const constant = as('A_Const', node);
  if (constant !== undefined) return truthOfConstant(constant);
  const bool = as('BoolExpr', node);
  if (bool !== undefined) return truthOfBool(bool, target);
  const expr = as('A_Expr', node);
  if (expr !== undefined) return truthOfOperator(expr, node, target);
  const test = as('BooleanTest', node);
  if (test !== undefined) return truthOfTest(test, target);
  const sub = as('SubLink', node);
  if (sub?.subLinkType === 'ANY_SUBLINK' && selectsWholeTarget(sub.subselect, target)) return 'always';
  const choice = as('CaseExpr', node);
  if (choice !== undefined) {
    const arms = (choice.args ?? []).map((arm) => truthOf(as('CaseWhen', arm)?.result, target));
    if (choice.defresult !== undefined) arms.push(truthOf(choice.defresult, target));
    if (arms.every((arm) => arm === 'always')) return 'always';
  }
  const coalesce = as('CoalesceExpr', node);
  // a NULL condition holds nowhere, so COALESCE(x, true) holds wherever x is not false
  if (coalesce?.args?.every((arg) => truthOf(arg, target) === 'always') === true) return 'always';
  if (as('CurrentOfExpr', node) !== undefined) return 'varies';
  return columnsIn(node, target).size > 0 ? 'varies' : 'free';
}

function truthOfConstant(constant: BodyOf<'A_Const'>): Truth {
  if (constant.isnull === true) return 'never';
  if (constant.boolval !== undefined) return constant.boolval.boolval === true ? 'always' : 'never';
  const text = constant.sval?.sval?.trim().toLowerCase();
  return text !== undefined && /^(?:f|fa|fal|fals|false|n|no|of|off|0)$/.test(text) ? 'never' : 'always';
}

function truthOfBool(bool: BodyOf<'BoolExpr'>, target: Target): Truth {
  const args = bool.args ?? [];
  const arms = args.map((arg) => truthOf(arg, target));
  if (bool.boolop === 'NOT_EXPR') return negated(arms[0] ?? 'free');
  if (bool.boolop === 'AND_EXPR') {
    if (arms.includes('never')) return 'never';
    if (arms.includes('varies')) return 'varies';
    return arms.includes('free') ? 'free' : 'always';
  }
  if (arms.includes('always') || areExhaustive(args, target)) return 'always';
  if (arms.includes('free')) return 'free';
  return arms.includes('varies') ? 'varies' : 'never';
}

function negated(truth: Truth): Truth {
  if (truth === 'always') return 'never';
  return truth === 'never' ? 'always' : truth;
}

function truthOfTest(test: BodyOf<'BooleanTest'>, target: Target): Truth {
  const truth = truthOf(test.arg, target);
  switch (test.booltesttype) {
    case 'IS_TRUE':
    case 'IS_NOT_FALSE':
      return truth;
    case 'IS_FALSE':
    case 'IS_NOT_TRUE':
      return negated(truth);
    case 'IS_UNKNOWN':
      return columnsIn(test.arg, target).size > 0 ? 'varies' : 'free';
    default:
      // IS NOT UNKNOWN holds wherever nothing is NULL
      return 'free';
  }
}

const HOLDS_FOR_EQUAL = new Set([
  '=',
  '>=',
  '<=',
  '~~',
  '~~*',
  'BETWEEN',
  'BETWEEN SYMMETRIC',
  '@>',
  '<@',
  '&&',
]);
const FAILS_FOR_EQUAL = new Set([
  '<>',
  '!=',
  '<',
  '>',
  '!~~',
  '!~~*',
  'NOT BETWEEN',
  'NOT BETWEEN SYMMETRIC',
]);

function truthOfOperator(expr: BodyOf<'A_Expr'>, node: Node | undefined, target: Target): Truth {
  const name = namesOf(expr.name).at(-1) ?? '';
  const left = columnsIn(expr.lexpr, target);
  const right = columnsIn(expr.rexpr, target);
  if (left.size === 0 && right.size === 0) return comparesConstants(expr, name);
  if (expr.kind === 'AEXPR_LIKE' || expr.kind === 'AEXPR_ILIKE') {
    const pattern = as('A_Const', expr.rexpr)?.sval?.sval;
    if (pattern !== undefined && /^%+$/.test(pattern)) return name.startsWith('!') ? 'never' : 'always';
  }
  const own = keyOf(expr.lexpr, target);
  if (own === keyOf(expr.rexpr, target)) {
    if (expr.kind === 'AEXPR_DISTINCT') return 'never';
    if (expr.kind === 'AEXPR_NOT_DISTINCT' || HOLDS_FOR_EQUAL.has(name)) return 'always';
    if (FAILS_FOR_EQUAL.has(name)) return 'never';
    return 'always';
  }
  const items = as('List', expr.rexpr)?.items ?? as('A_ArrayExpr', expr.rexpr)?.elements;
  if (items?.some((item) => keyOf(item, target) === own) === true) {
    return name === '<>' || name.startsWith('NOT ') ? 'varies' : 'always';
  }
  // `id = id + 0`: a comparison of a column with nothing but itself is a constant in disguise
  const sameColumns =
    left.size > 0 && left.size === right.size && [...left].every((column) => right.has(column));
  if (sameColumns && !holdsSubLink(node)) return 'always';
  return left.size + right.size > 0 ? 'varies' : 'free';
}

function comparesConstants(expr: BodyOf<'A_Expr'>, name: string): Truth {
  const left = as('A_Const', expr.lexpr);
  const right = as('A_Const', expr.rexpr);
  if (left === undefined || right === undefined || (name !== '=' && name !== '<>')) return 'free';
  if (left.isnull === true || right.isnull === true) return 'never';
  const equal = JSON.stringify(left, withoutLocation) === JSON.stringify(right, withoutLocation);
  const sameKind = Object.keys(left)[0] === Object.keys(right)[0];
  if (!sameKind) return 'free';
  return equal === (name === '=') ? 'always' : 'never';
}

/** OR arms that leave no row out: `x IS NULL OR x IS NOT NULL`, `x = 1 OR x <> 1`, `p OR NOT p`. */
function areExhaustive(args: readonly Node[], target: Target): boolean {
  const arms = new Set<string>();
  const opposites = new Set<string>();
  for (const arg of args) {
    arms.add(keyOf(arg, target));
    for (const opposite of oppositesOf(arg, target)) opposites.add(opposite);
  }
  for (const arm of arms) if (opposites.has(arm)) return true;
  return false;
}

const OPPOSITE = new Map([
  ['=', '<>'],
  ['<>', '='],
  ['<', '>='],
  ['>=', '<'],
  ['>', '<='],
  ['<=', '>'],
]);

function oppositesOf(node: Node, target: Target): string[] {
  const bool = as('BoolExpr', node);
  if (bool?.boolop === 'NOT_EXPR') return [keyOf(bool.args?.[0], target)];
  const test = as('NullTest', node);
  if (test !== undefined) {
    const nulltesttype = test.nulltesttype === 'IS_NULL' ? 'IS_NOT_NULL' : 'IS_NULL';
    return [keyOf({ NullTest: { ...test, nulltesttype } }, target)];
  }
  const expr = as('A_Expr', node);
  const opposite = expr?.kind === 'AEXPR_OP' ? OPPOSITE.get(namesOf(expr.name).at(-1) ?? '') : undefined;
  if (expr === undefined || opposite === undefined) return [];
  return [keyOf({ A_Expr: { ...expr, name: [{ String: { sval: opposite } }] } }, target)];
}

/** `IN (SELECT id FROM t)` over all of the target itself. */
function selectsWholeTarget(node: Node | undefined, target: Target): boolean {
  const select = as('SelectStmt', node);
  const from = select?.fromClause ?? [];
  const only = as('RangeVar', from[0]);
  if (select === undefined || from.length !== 1 || only?.relname !== target.name) return false;
  if (select.limitCount !== undefined || select.limitOffset !== undefined) return false;
  if (select.havingClause !== undefined || select.groupClause !== undefined) return false;
  return !restricts(select.whereClause, targetOf(only, undefined));
}

/** Columns of the target in a tree. Unqualified names count as its own, but not inside a sub-query. */
function columnsIn(tree: unknown, target: Target, found = new Set<string>(), inSubLink = false): Set<string> {
  if (typeof tree !== 'object' || tree === null) return found;
  if (Array.isArray(tree)) {
    for (const item of tree) columnsIn(item, target, found, inSubLink);
    return found;
  }
  for (const [key, value] of Object.entries(tree)) {
    if (key === 'ColumnRef') {
      const column = columnKey(value as BodyOf<'ColumnRef'>, target);
      if (column.own && !(inSubLink && column.bare)) found.add(column.key);
    } else {
      columnsIn(value, target, found, inSubLink || key === 'subselect');
    }
  }
  return found;
}

/** A self-join's other side counts as the same relation: `t.id = t2.id` leaves no row out. */
function columnKey(body: BodyOf<'ColumnRef'>, target: Target): { key: string; own: boolean; bare: boolean } {
  const fields = body.fields ?? [];
  const names = namesOf(fields);
  const last = names.length === fields.length ? (names.at(-1) ?? '') : '*';
  const qualifier = fields.length > 1 ? (names[fields.length - 2] ?? target.alias) : null;
  const own = qualifier === null || qualifier === target.alias;
  const relation = own ? target.name : (target.others.get(qualifier) ?? `?${qualifier}`);
  return { key: `${relation}.${last}`, own, bare: qualifier === null };
}

function keyOf(node: Node | undefined, target: Target): string {
  return JSON.stringify(node ?? null, (key, value: unknown) => {
    if (key === 'ColumnRef') return columnKey(value as BodyOf<'ColumnRef'>, target).key;
    return withoutLocation(key, value);
  });
}

function withoutLocation(key: string, value: unknown): unknown {
  return key === 'location' || key === 'rexpr_list_start' || key === 'rexpr_list_end' ? undefined : value;
}

function holdsSubLink(tree: unknown): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  if (Array.isArray(tree)) return tree.some(holdsSubLink);
  return Object.entries(tree).some(([key, value]) => key === 'SubLink' || holdsSubLink(value));
}
