/** Which relations run functions that a statement does not name, from which functions run where. */
import type { CatalogRelation, RelationCode } from './snapshot.ts';

export const NO_CODE = { onRead: false, onWrite: false } as const;

/**
 * The same relations, `userCode` as these functions make it. Reading a view reads what it reads, and runs its
 * code; reading or writing a table can reach its children. So code spreads from what is read to who reads it,
 * and from children to their parents; on writing, also to the table that a foreign key's action starts from.
 */
export function withUserCode(
  relations: ReadonlyMap<number, CatalogRelation>,
  code: readonly RelationCode[],
): ReadonlyMap<number, CatalogRelation> {
  const above = new Map<number, number[]>();
  const starting = new Map<number, number[]>();
  for (const { oid, parents, reads, cascades } of relations.values()) {
    for (const parent of parents) push(above, oid, parent);
    for (const source of reads) push(above, source, oid);
    for (const changed of cascades ?? []) push(starting, changed, oid);
  }
  const onRead = spread(
    code.filter((one) => one.onRead),
    [above],
  );
  const onWrite = spread(
    code.filter((one) => one.onWrite),
    [above, starting],
  );
  const changed = new Map<number, CatalogRelation>();
  for (const [oid, relation] of relations) {
    const read = onRead.has(oid);
    const write = onWrite.has(oid);
    const { userCode } = relation;
    const same = userCode?.onRead === read && userCode.onWrite === write;
    changed.set(oid, same ? relation : { ...relation, userCode: { onRead: read, onWrite: write } });
  }
  return changed;
}

function spread(
  from: readonly RelationCode[],
  ways: readonly ReadonlyMap<number, readonly number[]>[],
): ReadonlySet<number> {
  const reached = new Set(from.map(({ relation }) => relation));
  for (const oid of reached)
    for (const way of ways) for (const other of way.get(oid) ?? []) reached.add(other);
  return reached;
}

function push(groups: Map<number, number[]>, key: number, value: number): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}
