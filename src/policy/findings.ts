/**
 * What the lineage of a statement says that its actions do not: masked columns that decide which rows come
 * back, masked values on their way to where no mask covers them, and masks' own placeholders being written.
 *
 * Invariant: what lineage has lost counts as the worst that the statement's words allow.
 * Non-goal: verdicts; `judge.ts` asks the rules what to do about a finding.
 */
import type { Snapshot } from '../catalog/snapshot.ts';
import { resolve } from '../catalog/snapshot.ts';
import { isAnything, type ColumnId, type Influence, type Lineage } from '../sql/lineage/lineage.ts';
import { writtenValues } from '../sql/written-values.ts';
import type { Node } from '../sql/tree.ts';
import type { Statement } from '../sql/statement.ts';
import type { ColumnMask, MaskSet } from './mask-set.ts';
import { compareMasks } from './mask-strength.ts';
import { isMasked, masksOf } from './origins.ts';
import { isPlaceholder } from './placeholder.ts';
import type { MaskFunction, Search } from './rules.ts';
import type { Reach } from './scope.ts';

type Followed = Extract<Lineage, { kind: 'followed' }>;

/** A parameter that goes into a masked column as it is; its value is known at Bind only. */
export type GuardedParameter = {
  /** `$1` is number 1. */
  readonly number: number;
  readonly column: string;
  readonly mask: MaskFunction;
};

const TELLS: Readonly<Record<Influence['kind'], string>> = {
  join: 'joins by it',
  equality: 'compares it with a value',
  range: 'searches or computes with it to choose rows',
  order: 'orders rows by it',
  group:
    'groups rows by it and shows more than masks and counts, in an order that tells it: order by all that is shown',
  branch: 'computes with it what depends on its value or may fail',
  limit: 'counts rows by it',
};

/** Phrases that complete "The statement lets a masked column decide what comes back: …". */
export function influencesIn(
  lineage: Lineage,
  reach: Reach,
  statement: Statement,
  held: Held,
): readonly string[] {
  if (lineage.kind === 'lost') {
    const named = [...statement.mentions.columns].some((name) => reach.maskedNames.has(name.toLowerCase()));
    const whole = statement.mentions.wholeRows && reach.maskedNames.size > 0;
    return named || whole ? [`what it does with masked columns cannot be followed: ${lineage.reason}`] : [];
  }
  const found = new Set<string>();
  for (const influence of lineage.influences) {
    if (influence.fixed === true || isFree(influence, held.masks)) continue;
    if (isMasked(influence.column, held.masks))
      found.add(`${nameOf(influence.column, held.snapshot)}: ${TELLS[influence.kind]}`);
  }
  return [...found].toSorted();
}

/** What findings are looked for in. */
export type Held = { readonly snapshot: Snapshot; readonly masks: MaskSet };

function isFree({ column, kind, partners = [], beside }: Influence, masks: MaskSet): boolean {
  const like = kind === 'join' ? partners.filter((partner) => isMasked(partner, masks)) : [];
  const among = kind === 'group' || like.length > 0;
  if (among && beside?.more === false && beside.columns.every((one) => isMasked(one, masks))) return true;
  if (isAnything(column)) return false;
  if (like.some((partner) => !isAnything(partner) && !isSame(partner, column))) return true;
  const enough = among ? AMONG[kind === 'group' ? 'group' : 'join'] : [kind === 'limit' ? 'range' : kind];
  return masksOf(column, masks).every(({ searchable }) => enough.some((one) => searchable.includes(one)));
}

/** A column joined with itself finds who shares a value, rather than what belongs together. */
function isSame(a: ColumnId, b: ColumnId): boolean {
  return a.relation === b.relation && a.attnum === b.attnum;
}

/**
 * Comparing masked values with each other shows which rows share one, and in what order their values are, as the
 * server sorts to group and join.
 */
const AMONG: Readonly<Record<'group' | 'join', readonly Search[]>> = {
  group: ['group', 'order'],
  join: ['join', 'group', 'order'],
};

/** Phrases that complete "The statement …". */
export function launderingIn(lineage: Followed, { snapshot, masks }: Held): readonly string[] {
  const found = new Set<string>();
  for (const { target, from } of lineage.stores) {
    const tainted = from.filter((column) => isMasked(column, masks) && !isCovered(column, target, masks));
    for (const column of tainted)
      found.add(
        `stores ${nameOf(column, snapshot)} in ${target === null ? 'a new relation' : nameOf(target, snapshot)}, which is not masked as strictly`,
      );
  }
  for (const { name, from } of lineage.sunk) {
    for (const column of from.filter((one) => isMasked(one, masks)))
      found.add(`hands ${nameOf(column, snapshot)} to ${name}, which may carry it out of the statement`);
  }
  return [...found].toSorted();
}

/** Whether what is read back from `target` shows no more of `source` than `source` itself does. */
function isCovered(source: ColumnId, target: ColumnId | null, masks: MaskSet): boolean {
  if (target === null) return false;
  const covers = masksOf(target, masks);
  if (covers.length === 0) return false;
  const needed: readonly (ColumnMask | null)[] = isAnything(source) ? [null] : masksOf(source, masks);
  return covers.every((cover) =>
    needed.every((mask) => cover.derived || (mask !== null && leavesNoMore(cover, mask))),
  );
}

function leavesNoMore(cover: ColumnMask, mask: ColumnMask): boolean {
  if (mask.derived) return cover.with.kind === 'null';
  return compareMasks(cover.with, mask.with) <= 0 && mask.searchable.length >= cover.searchable.length;
}

/** Constants that are a mask's placeholder, as columns' names, and parameters that might turn out to be. */
export function writeBackIn(
  tree: Node | undefined,
  { snapshot, masks }: Held,
): { readonly constants: readonly string[]; readonly guarded: readonly GuardedParameter[] } {
  const constants = new Set<string>();
  const guarded: GuardedParameter[] = [];
  for (const { relation, column, value } of writtenValues(tree)) {
    for (const { oid, columns } of resolve(snapshot, relation)) {
      const found =
        typeof column === 'number' ? columns[column] : columns.find(({ name }) => name === column);
      const mask = found === undefined ? undefined : masks.columns.get(oid)?.get(found.attnum);
      if (found === undefined || mask === undefined || mask.derived) continue;
      const name = nameOf({ relation: oid, attnum: found.attnum }, snapshot);
      if (value.kind === 'parameter') guarded.push({ number: value.number, column: name, mask: mask.with });
      else if (isPlaceholder(value.text, mask.with)) constants.add(name);
    }
  }
  return { constants: [...constants].toSorted(), guarded };
}

/** `schema.table.column`, `schema.table.*` of a whole row. */
export function nameOf(column: ColumnId, snapshot: Snapshot): string {
  if (isAnything(column)) return 'what a function nobody vouched for may have read';
  const relation = snapshot.relations.get(column.relation);
  const name = relation?.columns.find(({ attnum }) => attnum === column.attnum)?.name ?? '*';
  return `${relation?.schema}.${relation?.name}.${name}`;
}
