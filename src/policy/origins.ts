/** Which masked columns a value came from. */
import { isAnything, type ColumnId, type OutputLineage } from '../sql/lineage/lineage.ts';
import type { ColumnMask, MaskSet } from './mask-set.ts';

/** Every column of it, those of views it was read through included. */
export function originsOf(from: OutputLineage): readonly ColumnId[] {
  switch (from.kind) {
    case 'clean':
      return [];
    case 'direct':
      return [from.column, ...(from.through ?? [])];
    case 'derived':
      return from.columns;
  }
}

/** Attribute number 0 is the whole row, and so masked if anything in it is; system columns tell no value. */
export function isMasked(column: ColumnId, masks: MaskSet): boolean {
  if (isAnything(column)) return masks.present;
  const columns = masks.columns.get(column.relation);
  return columns !== undefined && (column.attnum === 0 || columns.has(column.attnum));
}

/** The masks of a column: its own, or of a whole row every one in it. Empty for what is not masked. */
export function masksOf({ relation, attnum }: ColumnId, masks: MaskSet): readonly ColumnMask[] {
  const columns = masks.columns.get(relation);
  if (columns === undefined) return [];
  if (attnum === 0) return [...columns.values()];
  const mask = columns.get(attnum);
  return mask === undefined ? [] : [mask];
}
