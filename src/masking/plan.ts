/**
 * Which fields of a result are masked and how: made once per row description, used for every row of it.
 *
 * Invariant: a field passes only where the server attributes it to a column the catalog knows and no mask
 * covers, or where the statement can't have masked columns in reach. Both witnesses, the analysis (through
 * `scope`) and the server (through table OID and attribute number), can only add to what is masked.
 * Non-goals: the bytes of rows (row-rewriter.ts, copy/), the rules (policy/).
 */
import type { MaskScope } from '../policy/judgement.ts';
import type { MaskSet } from '../policy/mask-set.ts';
import type { OutputShow, OutputShows } from '../policy/outputs.ts';
import type { Snapshot } from '../catalog/snapshot.ts';
import { fieldMask, safeDefault } from './functions.ts';
import type { FieldMask } from './functions.ts';

/** As much of a RowDescription's field as a plan needs. `format` must be the one the rows come in. */
export type MaskableField = {
  readonly tableOid: number;
  readonly attnum: number;
  readonly typeOid: number;
  readonly format: 0 | 1;
  /** As RowDescription sends it; −1 or absent where the type has no width. */
  readonly typeModifier?: number;
};

/** Why a field is masked. `column`: by a rule of its own; the rest get the type's safe default. */
export type MaskCause = 'column' | 'derived' | 'unknown-column' | 'whole-row' | 'unattributed';

export type MaskedField = {
  readonly index: number;
  readonly mask: FieldMask;
  readonly cause: MaskCause;
  /** The rule's name; null where no single rule is behind it. */
  readonly rule: string | null;
};

export type RowPlan = {
  readonly fields: readonly MaskableField[];
  /** Never empty, in ascending order of `index`. */
  readonly masked: readonly MaskedField[];
};

/** Whether the catalog has that column; called with `attnum` ≤ 0 for system columns and whole rows too. */
export type KnowsColumn = (oid: number, attnum: number) => boolean;

/** Null: nothing to mask, so the rows may be forwarded by reference. */
export function planRow(
  fields: readonly MaskableField[],
  masks: MaskSet,
  scope: MaskScope,
  knows: KnowsColumn,
  shows: OutputShows = null,
): RowPlan | null {
  if (masks.columns.size === 0 && !masks.any && scope === 'clean') return null;
  // Two readings that count differently are of two statements: then lineage is worth nothing.
  const trusted = shows?.length === fields.length ? shows : null;
  const masked: MaskedField[] = [];
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const show = field.tableOid === 0 ? trusted?.[index] : undefined;
    const found =
      show === undefined || show.kind === 'hidden'
        ? judgeField(field, index, masks, scope, knows)
        : showField(field, index, show);
    if (found !== null) masked.push(found);
  }
  return masked.length === 0 ? null : { fields: fields.map((field) => ({ ...field })), masked };
}

/** What the server attributes to no column, and lineage vouches for. */
function showField(
  field: MaskableField,
  index: number,
  show: Exclude<OutputShow, { kind: 'hidden' }>,
): MaskedField | null {
  if (show.kind === 'clear') return null;
  const { rule, with: mask } = show.mask;
  return { index, mask: fieldMask(mask, field), cause: 'column', rule };
}

function judgeField(
  field: MaskableField,
  index: number,
  masks: MaskSet,
  scope: MaskScope,
  knows: KnowsColumn,
): MaskedField | null {
  const byDefault = (cause: MaskCause, rule: string | null): MaskedField => ({
    index,
    mask: safeDefault(field),
    cause,
    rule,
  });
  if (field.tableOid === 0) return scope === 'clean' ? null : byDefault('unattributed', null);
  const columns = masks.columns.get(field.tableOid);
  const mask = columns?.get(field.attnum);
  if (mask !== undefined) {
    if (mask.derived) return byDefault('derived', mask.rule);
    return { index, mask: fieldMask(mask.with, field), cause: 'column', rule: mask.rule };
  }
  if (columns !== undefined && columns.size > 0 && field.attnum <= 0) return byDefault('whole-row', null);
  // built-in masks are on relations that are known, so without a rule an unknown column can't be masked
  return !masks.any || knows(field.tableOid, field.attnum) ? null : byDefault('unknown-column', null);
}

/**
 * `knows` for a snapshot: a column added since the snapshot was taken is unknown, though its table is not.
 * System columns and whole rows are known wherever their relation is.
 */
export function knowsFrom(snapshot: Snapshot): KnowsColumn {
  return (oid, attnum) => {
    const relation = snapshot.relations.get(oid);
    if (relation === undefined) return false;
    if (attnum <= 0) return true;
    // attnum − 1 is the column's place unless columns were dropped before it
    return (
      relation.columns[attnum - 1]?.attnum === attnum ||
      relation.columns.some((column) => column.attnum === attnum)
    );
  };
}

/**
 * The fields with Bind's result formats applied: none (all text), one for all, or one each. A statement's
 * own description always says text. Null where the count fits neither: the server will refuse that Bind.
 */
export function withFormats<F extends MaskableField>(
  fields: readonly F[],
  formats: readonly (0 | 1)[],
): readonly F[] | null {
  if (formats.length > 1 && formats.length !== fields.length) return null;
  return fields.map((field, index) => ({ ...field, format: formats[formats.length === 1 ? 0 : index] ?? 0 }));
}

/** Whether rows described by `fields` may be rewritten with this plan. */
export function planMatchesDescription(plan: RowPlan, fields: readonly MaskableField[]): boolean {
  if (fields.length !== plan.fields.length) return false;
  return plan.fields.every((planned, index) => {
    const field = fields[index]!;
    return (
      planned.tableOid === field.tableOid &&
      planned.attnum === field.attnum &&
      planned.typeOid === field.typeOid &&
      planned.format === field.format &&
      (planned.typeModifier ?? -1) === (field.typeModifier ?? -1)
    );
  });
}

export type PlanLine = {
  /** From 0. */
  readonly index: number;
  readonly cause: MaskCause;
  readonly rule: string | null;
  readonly with: FieldMask['kind'];
};

/** A plan as plain data for the trail, `explain` and tests. */
export function describePlan(plan: RowPlan | null): readonly PlanLine[] {
  if (plan === null) return [];
  return plan.masked.map(({ index, cause, rule, mask }) => ({ index, cause, rule, with: mask.kind }));
}
