/** Columns that a time-boxed grant shows, by identity, and whether the database still means the same by them (I4). */
import type { CatalogRelation, Snapshot } from '../catalog/snapshot.ts';
import { descendantsOf, holdsRows, type ShownColumn } from './shown.ts';

/**
 * As it was when the grant was made; `name` is `schema.table.column`. `family`: the granted column, as
 * `oid.attnum`, of the table that this one's is a partition or child of; its own where there is none. Their
 * values are one column's.
 */
export type GrantedColumn = ShownColumn & { readonly typeOid: number; readonly family: string };

export function grantedColumns(shown: readonly ShownColumn[], snapshot: Snapshot): readonly GrantedColumn[] {
  const below = new Map(shown.map(({ relation }) => [relation, descendantsOf(snapshot, relation)]));
  return shown.flatMap((one) => {
    const column = columnOf(snapshot.relations.get(one.relation), one.attnum);
    if (column === undefined) return [];
    const isRoot = (other: ShownColumn): boolean =>
      below.get(other.relation)?.has(one.relation) === true &&
      columnOf(snapshot.relations.get(other.relation), other.attnum)?.name === column.name;
    // The one that is above most: what is above it is above these too.
    const above = shown.filter(isRoot);
    const root = above.toSorted((a, b) => sizeOf(below, b) - sizeOf(below, a))[0] ?? one;
    return [{ ...one, typeOid: column.typeOid, family: `${root.relation}.${root.attnum}` }];
  });
}

function sizeOf(below: ReadonlyMap<number, ReadonlySet<number>>, { relation }: ShownColumn): number {
  return below.get(relation)?.size ?? 0;
}

/**
 * Why these columns are not what they were: dropped, renamed, moved, of another type, or of a table that has got
 * another partition or child, whose rows nobody granted. Null where all is as it was.
 */
export function changedMeaning(columns: readonly GrantedColumn[], snapshot: Snapshot): string | null {
  const granted = new Set(columns.map(({ relation, attnum }) => `${relation}.${attnum}`));
  for (const { relation: oid, attnum, typeOid, name } of columns) {
    const relation = snapshot.relations.get(oid);
    const column = columnOf(relation, attnum);
    if (relation === undefined || column === undefined || !holdsRows(relation)) return `${name} is gone`;
    if (`${relation.schema}.${relation.name}.${column.name}` !== name) return `${name} was renamed`;
    if (column.typeOid !== typeOid) return `${name} has another type`;
    for (const kin of descendantsOf(snapshot, oid)) {
      const child = snapshot.relations.get(kin);
      const same = child?.columns.find((one) => one.name === column.name);
      if (same !== undefined && !granted.has(`${kin}.${same.attnum}`))
        return `${name} has rows of ${child?.schema}.${child?.name} too`;
    }
  }
  return null;
}

function columnOf(relation: CatalogRelation | undefined, attnum: number) {
  return relation?.columns.find((one) => one.attnum === attnum);
}
