/** The outputs of a statement for people: where each comes from, and how it is shown. */
import type { Snapshot } from '../catalog/snapshot.ts';
import type { Lineage, OutputLineage } from '../sql/lineage/lineage.ts';
import { nameOf } from './findings.ts';
import type { MaskSet } from './mask-set.ts';
import { describeFunction } from './mask-strength.ts';
import { originsOf } from './origins.ts';
import { outputShows, type OutputShow } from './outputs.ts';

export type ExplainedOutput = {
  readonly name: string;
  /** `schema.table.column`, `computed from …`, or `nothing stored`. */
  readonly from: string;
  /** `as it is`, or by which rule it is masked and how. */
  readonly shown: string;
};

export type ExplainedOutputs =
  | { readonly kind: 'followed'; readonly outputs: readonly ExplainedOutput[] }
  | { readonly kind: 'lost'; readonly reason: string };

/** Columns that a derived output is said to come from; more are counted. */
const MAX_ORIGINS = 6;

export function explainOutputs(lineage: Lineage, snapshot: Snapshot, masks: MaskSet): ExplainedOutputs {
  if (lineage.kind === 'lost') return lineage;
  const shows = outputShows(lineage, masks) ?? [];
  const outputs = lineage.outputs.map(({ name, from }, index) => ({
    name,
    from: origin(from, snapshot),
    shown: shown(shows[index] ?? { kind: 'hidden' }),
  }));
  return { kind: 'followed', outputs };
}

function origin(from: OutputLineage, snapshot: Snapshot): string {
  if (from.kind === 'clean') return 'nothing stored';
  const names = [...new Set(originsOf(from).map((column) => nameOf(column, snapshot)))];
  if (from.kind === 'direct') return names.join(', through ');
  const more = names.length - MAX_ORIGINS;
  const some = names.slice(0, MAX_ORIGINS).toSorted().join(', ');
  return `computed from ${some}${more > 0 ? ` and ${more} more` : ''}`;
}

function shown(show: OutputShow): string {
  switch (show.kind) {
    case 'clear':
      return 'as it is';
    case 'own':
      return show.mask.derived
        ? `masked by "${show.mask.rule}": the type's safe default`
        : `masked by "${show.mask.rule}": ${describeFunction(show.mask.with)}`;
    case 'hidden':
      return "masked: the type's safe default";
  }
}
