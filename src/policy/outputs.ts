/**
 * How each output of a statement that has masked columns in reach may be shown, by its lineage: what the
 * server does not attribute to a column passes all the same if no masked column went into it, and gets a
 * column's own mask if it is exactly that column's value.
 *
 * Invariant: only where lineage was followed. Whatever is lost, or counted differently by the server, is
 * hidden.
 */
import type { Lineage, OutputLineage } from '../sql/lineage/lineage.ts';
import type { ColumnMask, MaskSet } from './mask-set.ts';
import { isMasked, masksOf, originsOf } from './origins.ts';

export type OutputShow =
  | { readonly kind: 'clear' }
  /** Exactly the value of a column with this mask. */
  | { readonly kind: 'own'; readonly mask: ColumnMask }
  | { readonly kind: 'hidden' };

/** One for each output, in order. Null: nothing is known of any. */
export type OutputShows = readonly OutputShow[] | null;

const CLEAR: OutputShow = { kind: 'clear' };
const HIDDEN: OutputShow = { kind: 'hidden' };

export function outputShows(lineage: Lineage, masks: MaskSet): OutputShows {
  return lineage.kind === 'lost' ? null : lineage.outputs.map(({ from }) => showOf(from, masks));
}

function showOf(from: OutputLineage, masks: MaskSet): OutputShow {
  const origins = originsOf(from);
  if (!origins.some((column) => isMasked(column, masks))) return CLEAR;
  if (from.kind !== 'direct' || from.column.attnum <= 0) return HIDDEN;
  const found = origins.flatMap((column) => masksOf(column, masks));
  const [only] = found;
  // where a view's column has a mask of its own, the plan has only one place for the stricter of the two
  const alike = found.every(
    (mask) => !mask.derived && JSON.stringify(mask.with) === JSON.stringify(only?.with),
  );
  return only !== undefined && alike ? { kind: 'own', mask: only } : HIDDEN;
}
