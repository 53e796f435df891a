/**
 * Where the values of a statement come from, as values. Columns are named by identity (relation OID and
 * attribute number), never by name, so that renaming changes nothing.
 */

/** A stored column. `attnum` 0 stands for every column of the relation: a whole row. */
export type ColumnId = { readonly relation: number; readonly attnum: number };

/** Any column of the database: what code that nobody vouched for may have read. No relation has OID 0. */
export const ANYTHING: ColumnId = { relation: 0, attnum: 0 };

export function isAnything({ relation }: ColumnId): boolean {
  return relation === ANYTHING.relation;
}

export type OutputLineage =
  /** Computed from no column at all. */
  | { readonly kind: 'clean' }
  /** Exactly this column's value, however renamed. */
  | {
      readonly kind: 'direct';
      readonly column: ColumnId;
      /** Columns of views it was read through, which are exactly this value as well. */
      readonly through?: readonly ColumnId[];
    }
  /** May have been computed from any of these. */
  | { readonly kind: 'derived'; readonly columns: readonly ColumnId[] };

/** How a column decides which rows come back rather than what is in them. */
export type InfluenceKind = 'join' | 'equality' | 'range' | 'order' | 'group' | 'branch' | 'limit';

export type Influence = {
  readonly column: ColumnId;
  readonly kind: InfluenceKind;
  /** Of a `join`: the columns it was compared with. */
  readonly partners?: readonly ColumnId[];
  /** In the definition of a view, where whoever sends the statement cannot vary it. */
  readonly fixed?: true;
  /** Of a `join` or `group`: beside what the order of its rows shows. Absent: beside anything. */
  readonly beside?: Beside;
};

/**
 * What the rows of one query say besides counts and what they are ordered by: where all of it is masked, their
 * order tells nobody whose rows they are.
 */
export type Beside = {
  readonly columns: readonly ColumnId[];
  /** There is more, of which nothing is known. */ readonly more: boolean;
};

/** A call that carries its arguments out of the statement, and what they were computed from. */
export type Sunk = { readonly name: string; readonly from: readonly ColumnId[] };

/** A column that the statement stores into, and what the stored value was computed from. */
export type StoredValue = { readonly target: ColumnId | null; readonly from: readonly ColumnId[] };

export type Lineage =
  | {
      readonly kind: 'followed';
      /** In order; `[]` for a statement that returns no rows. */
      readonly outputs: readonly { readonly name: string; readonly from: OutputLineage }[];
      readonly influences: readonly Influence[];
      readonly stores: readonly StoredValue[];
      readonly sunk: readonly Sunk[];
    }
  /** The analysis could not follow it: everything in reach must be taken to be everywhere. */
  | { readonly kind: 'lost'; readonly reason: string };
