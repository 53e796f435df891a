/**
 * How relations of one snapshot hang together: what inherits from what, and what a view reads in the end.
 * Remembered per snapshot, which is a value and never changes.
 */
import type { CatalogRelation, Snapshot } from '../catalog/snapshot.ts';
import { isSystemSchema } from './patterns.ts';

const childrenBySnapshot = new WeakMap<Snapshot, ReadonlyMap<number, readonly number[]>>();

/** Relation OID → those that inherit from it directly or are its partitions. */
export function childrenOf(snapshot: Snapshot): ReadonlyMap<number, readonly number[]> {
  const known = childrenBySnapshot.get(snapshot);
  if (known !== undefined) return known;
  const children = new Map<number, number[]>();
  for (const relation of snapshot.relations.values()) {
    for (const parent of relation.parents) {
      const list = children.get(parent);
      if (list === undefined) children.set(parent, [relation.oid]);
      else list.push(relation.oid);
    }
  }
  childrenBySnapshot.set(snapshot, children);
  return children;
}

/** All that its rows appear in: every ancestor, without the relation itself. */
export function ancestorsOf(snapshot: Snapshot, oid: number): ReadonlySet<number> {
  const above = reach([oid], (one) => snapshot.relations.get(one)?.parents ?? []);
  above.delete(oid);
  return above;
}

/**
 * Every relation that shows some of the same rows: descendants, and the ancestors of it and of them (a
 * descendant may have another parent). Without the relation itself and without siblings.
 */
export function kinOf(snapshot: Snapshot, oid: number): ReadonlySet<number> {
  const children = childrenOf(snapshot);
  const below = reach([oid], (one) => children.get(one) ?? []);
  const kin = reach([...below], (one) => snapshot.relations.get(one)?.parents ?? []);
  kin.delete(oid);
  return kin;
}

export function canHoldRows(relation: CatalogRelation): boolean {
  return relation.kind !== 'index' && relation.kind !== 'sequence';
}

export function isView(relation: CatalogRelation): boolean {
  return relation.kind === 'view' || relation.kind === 'materialized-view';
}

/**
 * The relation and all that its definition reads, through views of views. Views of the system are ends:
 * nearly all of them read tables with private columns and show none of those.
 */
export function readsOf(snapshot: Snapshot, oid: number): ReadonlySet<number> {
  return reach([oid], (one) => {
    const relation = snapshot.relations.get(one);
    return relation === undefined || !isView(relation) || isSystemSchema(relation.schema)
      ? []
      : relation.reads;
  });
}

/**
 * The relation and all whose rows change, and so may be printed, when rows of it are updated or deleted:
 * descendants, what an updatable view stands for, and where foreign keys' actions lead.
 */
export function changedWith(snapshot: Snapshot, oid: number): ReadonlySet<number> {
  const children = childrenOf(snapshot);
  return reach([oid], (one) => {
    const relation = snapshot.relations.get(one);
    if (relation === undefined) return [];
    const behind = isView(relation) ? relation.reads : [];
    return [...(children.get(one) ?? []), ...(relation.cascades ?? []), ...behind];
  });
}

/** Every relation whose rows a statement naming `oid` may show or change. */
export function reachOf(snapshot: Snapshot, oid: number): ReadonlySet<number> {
  const all = new Set<number>();
  for (const read of readsOf(snapshot, oid)) {
    all.add(read);
    for (const kin of kinOf(snapshot, read)) all.add(kin);
  }
  return all;
}

/** Everything that can be got to, the start included. Cycles end. */
function reach(start: readonly number[], next: (oid: number) => readonly number[]): Set<number> {
  const seen = new Set(start);
  const waiting = [...start];
  for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
    for (const one of next(oid)) {
      if (seen.has(one)) continue;
      seen.add(one);
      waiting.push(one);
    }
  }
  return seen;
}
