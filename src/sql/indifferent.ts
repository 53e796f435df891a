/**
 * Whether the values of a statement's literals make no difference to what Postern says of it, so that one
 * judgement fits every text of its shape. They make none where a column, or what is computed from one, is
 * compared with them, and as how many rows to return; written values make none where nothing is masked, for
 * there they might be a mask's own placeholder. Where a statement changes rows, it may be by its literals that a
 * condition leaves no row out (`x LIKE '%'`, `x = 1 OR x <> 1`): those under an OR or a NOT, and patterns, count.
 *
 * Invariant: a literal in any other place makes the statement one of its own. That the literals of the tree and
 * those of the shape are the same ones is checked by position, so nothing depends on knowing every place in
 * the grammar where a literal can be.
 */
import type { Shape } from './shape.ts';
import { as, namesOf, tagOf, type BodyOf, type Node } from './tree.ts';

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '!=', '<', '>', '<=', '>=']);

/**
 * @param of the text that the tree and the shape are of
 * @param writes whether constants that are written count as indifferent
 */
export function literalsAreIndifferent(
  tree: Node,
  of: { readonly text: string; readonly shape: Shape },
  writes: boolean,
): boolean {
  const { text, shape } = of;
  const found: Found = { all: 0, indifferent: [] };
  const weighed = changesRows(tree) ? WEIGHED : NO_WEIGHT;
  visit(tree, found, weighed);
  if (writes) visitWrites(tree, found);
  if (found.all !== shape.literals.length || found.indifferent.length !== found.all) return false;
  const places = found.indifferent.map((at) => behindMinus(text, at)).toSorted((a, b) => a - b);
  return places.every((place, i) => place === shape.literals[i]);
}

/** A number with a minus before it is one constant to the parser, which starts at the minus. */
function behindMinus(text: string, at: number): number {
  if (text[at] !== '-') return at;
  return at + 1 + (/^\s*/.exec(text.slice(at + 1))?.[0].length ?? 0);
}

type Found = {
  /** Literals anywhere in the tree. */ all: number;
  /** Where those start that make no difference, in bytes. */ readonly indifferent: number[];
};

/**
 * Conditions whose truth for every row may follow from what their literals are, by the reading of `where.ts`: it
 * compares the arms of an OR and the sides of an operator with each other, and looks at patterns. What is left, an
 * AND of columns that are compared with literals, restricts whatever the literals are.
 */
type Weigh = (node: Node) => boolean;

const NO_WEIGHT: Weigh = () => false;
const PATTERNS: ReadonlySet<string> = new Set(['AEXPR_LIKE', 'AEXPR_ILIKE']);

const WEIGHED: Weigh = (node) => {
  const connective = as('BoolExpr', node)?.boolop;
  if (connective !== undefined) return connective !== 'AND_EXPR';
  const expr = as('A_Expr', node);
  return expr !== undefined && (PATTERNS.has(expr.kind ?? '') || comparedWith(expr) === undefined);
};

/** Whether an UPDATE, DELETE or MERGE is anywhere in it, whose conditions decide how it is judged. */
function changesRows(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(changesRows);
  if (typeof value !== 'object' || value === null) return false;
  const tag = tagOf(value as Node) ?? '';
  return CHANGING.has(tag) || Object.values(value).some(changesRows);
}

const CHANGING: ReadonlySet<string> = new Set(['UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/** @param weighs what is beneath such a node makes a difference */
function visit(value: unknown, found: Found, weighs: Weigh = NO_WEIGHT): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, found, weighs);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as Node;
  if (isLiteral(node)) found.all++;
  if (weighs(node)) return visitDifferent(node, found);
  const comparison = as('A_Expr', node);
  if (comparison !== undefined) add(comparedWith(comparison), found);
  const select = as('SelectStmt', node);
  add(select?.limitCount, found);
  add(select?.limitOffset, found);
  for (const item of Object.values(node)) visit(item, found, weighs);
}

/** Its literals are counted, and none of them is indifferent. */
function visitDifferent(node: Node, found: Found): void {
  const within: Found = { all: 0, indifferent: [] };
  visit(Object.values(node), within);
  found.all += within.all;
}

/** The other side of what looks at columns; undefined where it is no comparison, or both sides hold literals. */
function comparedWith({ kind, name, lexpr, rexpr }: BodyOf<'A_Expr'>): Node | undefined {
  const operator = kind !== 'AEXPR_OP' || (name?.length === 1 && COMPARISONS.has(namesOf(name)[0] ?? ''));
  if (!operator || !COMPARING.has(kind ?? '')) return undefined;
  if (looksAtColumns(lexpr)) return rexpr;
  return looksAtColumns(rexpr) ? lexpr : undefined;
}

const COMPARING: ReadonlySet<string> = new Set([
  'AEXPR_OP',
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
]);

/** Constants in the rows of an INSERT and the assignments of an UPDATE. */
function visitWrites(tree: Node, found: Found): void {
  const rows = as('SelectStmt', as('InsertStmt', tree)?.selectStmt)?.valuesLists ?? [];
  for (const row of rows) for (const item of as('List', row)?.items ?? []) addOne(item, found);
  for (const target of as('UpdateStmt', tree)?.targetList ?? []) addOne(as('ResTarget', target)?.val, found);
}

/** It names a column, and has no literal of its own. */
function looksAtColumns(node: Node | undefined): boolean {
  const within: Found = { all: 0, indifferent: [] };
  if (node === undefined || !mentionsColumn(node)) return false;
  visit(node, within);
  return within.all === 0;
}

function mentionsColumn(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(mentionsColumn);
  if (typeof value !== 'object' || value === null) return false;
  return tagOf(value as Node) === 'ColumnRef' || Object.values(value).some(mentionsColumn);
}

/** A literal, or a list of nothing else. */
function add(node: Node | undefined, found: Found): void {
  const items = as('List', node)?.items ?? [node];
  for (const item of items) addOne(item, found);
}

function addOne(node: Node | undefined, found: Found): void {
  const location = as('A_Const', node)?.location;
  if (node !== undefined && isLiteral(node) && location !== undefined) found.indifferent.push(location);
}

/** TRUE, FALSE and NULL are words, which a shape keeps. */
function isLiteral(node: Node): boolean {
  const constant = as('A_Const', node);
  return constant !== undefined && constant.boolval === undefined && constant.isnull !== true;
}
