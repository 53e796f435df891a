/**
 * Which outputs of a statement that touches masked relations are vouched for by its lineage: what the server
 * does not attribute to a column may pass all the same if no masked column is among those it was computed from.
 *
 * Invariant: only for a plain SELECT whose lineage was followed. Whatever is lost, written, explained or
 * counted differently by the server stays masked.
 */
import type { Snapshot } from '../catalog/snapshot.ts';
import { lineageOfText } from '../sql/lineage/follow.ts';
import type { ColumnId, OutputLineage } from '../sql/lineage/lineage.ts';
import type { Statement } from '../sql/statement.ts';
import type { MaskScope } from './judgement.ts';
import type { MaskSet } from './mask-set.ts';

/** One for each output, in order: true where no masked column can be in it. Null: none is vouched for. */
export type Vouched = readonly boolean[] | null;

export function vouchedOutputs(
  statement: Statement,
  scope: MaskScope,
  snapshot: Snapshot,
  masks: MaskSet,
): Vouched {
  if (scope !== 'touched' || statement.command !== 'select') return null;
  const [lineage, ...others] = lineageOfText(statement.text, snapshot);
  if (lineage === undefined || others.length > 0 || lineage.kind !== 'followed') return null;
  return lineage.outputs.map(({ from }) => columnsOf(from).every((column) => !isMasked(column, masks)));
}

function columnsOf(from: OutputLineage): readonly ColumnId[] {
  switch (from.kind) {
    case 'clean':
      return [];
    case 'direct':
      return [from.column, ...(from.through ?? [])];
    case 'derived':
      return from.columns;
  }
}

/** Attribute number 0 is the whole row, and so masked if anything in it is. */
function isMasked({ relation, attnum }: ColumnId, masks: MaskSet): boolean {
  const columns = masks.columns.get(relation);
  return columns !== undefined && (attnum <= 0 || columns.has(attnum));
}
