/**
 * Whether a data-modifying statement stores values that it read, so that a copy of a masked column could be
 * made: every source but constants, parameters, defaults and functions of them. Which rows are written is
 * not a stored value: a SELECT with the same condition tells as much.
 */
import { as, type BodyOf, type Node } from './tree.ts';

type Dml = 'InsertStmt' | 'UpdateStmt' | 'DeleteStmt' | 'MergeStmt';

export function storesReadValues(tag: Dml, body: object): boolean {
  switch (tag) {
    case 'DeleteStmt':
      return false;
    case 'UpdateStmt':
      return readsAnything((body as BodyOf<'UpdateStmt'>).targetList);
    case 'MergeStmt':
      return ((body as BodyOf<'MergeStmt'>).mergeWhenClauses ?? []).some((node) => {
        const when = as('MergeWhenClause', node);
        return readsAnything(when?.targetList) || readsAnything(when?.values);
      });
    case 'InsertStmt': {
      const insert = body as BodyOf<'InsertStmt'>;
      return readsAnything(insert.selectStmt) || upsertReads(insert.onConflictClause?.targetList);
    }
  }
}

/** `excluded.x` is what the same statement proposed; any other column is one that was stored before. */
function upsertReads(targets: readonly Node[] | undefined): boolean {
  return readsAnything(targets, 'excluded');
}

/** Whether a tree reads a column, a relation or a sub-query; columns of `harmless` aside. */
function readsAnything(tree: unknown, harmless?: string): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  if (Array.isArray(tree)) return tree.some((item) => readsAnything(item, harmless));
  for (const [key, value] of Object.entries(tree)) {
    if (key === 'ColumnRef') {
      if (!isOf(value as BodyOf<'ColumnRef'>, harmless)) return true;
    } else if (key === 'SubLink' || key === 'RangeVar' || key === 'fromClause' || key === 'withClause') {
      return true;
    } else if (readsAnything(value, harmless)) {
      return true;
    }
  }
  return false;
}

function isOf(column: BodyOf<'ColumnRef'>, qualifier: string | undefined): boolean {
  const first = column.fields?.[0];
  if (qualifier === undefined || first === undefined || column.fields?.length !== 2) return false;
  return 'String' in first && first.String.sval === qualifier;
}
