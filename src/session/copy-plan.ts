/**
 * What COPY … TO sends is masked like rows, but COPY names no columns. So before a COPY of a relation in
 * reach of masks runs, its columns are found out: from the catalog for a table, from the server's own
 * description of the query for `COPY (query)`. What cannot be found out is masked whole.
 */
import { resolve, type Snapshot } from '../catalog/snapshot.ts';
import { copyFields } from '../masking/copy-plan.ts';
import type { MaskableField } from '../masking/plan.ts';
import type { CopyOptions, CopyOutSource } from '../sql/statement.ts';

export type CopyPlan = {
  readonly options: CopyOptions;
  /** Null: unknown, so every column is masked. */
  readonly columns: readonly CopyColumn[] | null;
  /** The catalog they were found in. */
  readonly madeFor: Snapshot;
};

export type CopyColumn = MaskableField & { readonly name: string };

/** A table's columns in COPY's order; null when the name could stand for more than one relation. */
export function tableColumns(
  source: Extract<CopyOutSource, { kind: 'table' }>,
  snapshot: Snapshot,
  format: CopyOptions['format'],
): readonly CopyColumn[] | null {
  const [relation, ...others] = resolve(snapshot, source.relation);
  if (relation === undefined || others.length > 0) return null;
  const found = copyFields(relation, source.columns, format);
  return found === null ? null : found.fields.map((field, i) => ({ ...field, name: found.names[i] ?? '' }));
}

/** Columns of which nothing is known but their number: the plan masks every one. */
export function unknownColumns(count: number, format: 0 | 1): readonly CopyColumn[] {
  return Array.from({ length: count }, () => ({ name: '', tableOid: 0, attnum: 0, typeOid: 0, format }));
}
