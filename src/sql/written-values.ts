/**
 * Constants and parameters that a statement writes into columns as they are, so that policy can look for
 * what a mask shows in place of a value: an agent that writes back what it read would destroy the original.
 *
 * Non-goals: computed values, rows of COPY, and what queries return.
 */
import { as, constantText, type BodyOf, type Node } from './tree.ts';

export type WrittenValue = {
  readonly relation: { readonly schema: string | null; readonly name: string };
  /** A name, or of an INSERT without a column list the position, from 0. */
  readonly column: string | number;
  readonly value:
    | { readonly kind: 'constant'; readonly text: string }
    /** `$1` is number 1. */
    | { readonly kind: 'parameter'; readonly number: number };
};

type Target = WrittenValue['relation'];

/** In no particular order, those of data-modifying CTEs included. */
export function writtenValues(statement: Node | undefined): readonly WrittenValue[] {
  const found: WrittenValue[] = [];
  collect(statement, found);
  return found;
}

function collect(node: Node | undefined, found: WrittenValue[]): void {
  if (node === undefined) return;
  const insert = as('InsertStmt', node);
  const update = as('UpdateStmt', node);
  const merge = as('MergeStmt', node);
  const body = insert ?? update ?? merge ?? as('SelectStmt', node) ?? as('DeleteStmt', node);
  for (const cte of body?.withClause?.ctes ?? []) collect(as('CommonTableExpr', cte)?.ctequery, found);
  collect(as('PrepareStmt', node)?.query, found);
  collect(as('ExplainStmt', node)?.query, found);
  if (insert !== undefined) inserted(insert, found);
  if (update !== undefined) assigned(update.targetList, targetOf(update.relation), found);
  if (merge !== undefined) merged(merge, found);
}

function inserted(body: BodyOf<'InsertStmt'>, found: WrittenValue[]): void {
  const target = targetOf(body.relation);
  const select = as('SelectStmt', body.selectStmt);
  const rows = (select?.valuesLists ?? []).map((row) => as('List', row)?.items ?? []);
  if (select?.targetList !== undefined)
    rows.push(select.targetList.map((item) => as('ResTarget', item)?.val ?? item));
  for (const row of rows) listed(body.cols, row, target, found);
  assigned(body.onConflictClause?.targetList, target, found);
}

function merged(body: BodyOf<'MergeStmt'>, found: WrittenValue[]): void {
  const target = targetOf(body.relation);
  for (const node of body.mergeWhenClauses ?? []) {
    const when = as('MergeWhenClause', node);
    if (when?.values === undefined) assigned(when?.targetList, target, found);
    else listed(when.targetList, when.values, target, found);
  }
}

function listed(
  columns: readonly Node[] | undefined,
  row: readonly Node[],
  target: Target,
  found: WrittenValue[],
): void {
  for (const [index, node] of row.entries()) {
    const column = columns === undefined ? index : as('ResTarget', columns[index])?.name;
    if (column !== undefined) add(column, node, target, found);
  }
}

function assigned(items: readonly Node[] | undefined, target: Target, found: WrittenValue[]): void {
  for (const node of items ?? []) {
    const item = as('ResTarget', node);
    if (item?.name === undefined) continue;
    const several = as('MultiAssignRef', item.val);
    const row = as('RowExpr', several?.source)?.args;
    add(item.name, row?.[(several?.colno ?? 1) - 1] ?? item.val, target, found);
  }
}

function add(column: string | number, node: Node | undefined, relation: Target, found: WrittenValue[]): void {
  const number = parameterOf(node);
  if (number !== null) {
    found.push({ relation, column, value: { kind: 'parameter', number } });
    return;
  }
  const text = constantText(node);
  if (text !== null) found.push({ relation, column, value: { kind: 'constant', text } });
}

function parameterOf(node: Node | undefined): number | null {
  const cast = as('TypeCast', node);
  return cast === undefined ? (as('ParamRef', node)?.number ?? null) : parameterOf(cast.arg);
}

function targetOf(relation: BodyOf<'RangeVar'> | undefined): Target {
  return { schema: relation?.schemaname ?? null, name: relation?.relname ?? '' };
}
