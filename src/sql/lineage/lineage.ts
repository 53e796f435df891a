/**
 * Where the values of a statement come from, as values. Columns are named by identity (relation OID and
 * attribute number), never by name, so that renaming changes nothing.
 */

/** A stored column. `attnum` 0 stands for every column of the relation: a whole row. */
export type ColumnId = { readonly relation: number; readonly attnum: number };

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

export type Influence = { readonly column: ColumnId; readonly kind: InfluenceKind };

/** A column that the statement stores into, and what the stored value was computed from. */
export type StoredValue = { readonly target: ColumnId | null; readonly from: readonly ColumnId[] };

export type Lineage =
  | {
      readonly kind: 'followed';
      /** In order; `[]` for a statement that returns no rows. */
      readonly outputs: readonly { readonly name: string; readonly from: OutputLineage }[];
      readonly influences: readonly Influence[];
      readonly stores: readonly StoredValue[];
    }
  /** The analysis could not follow it: everything in reach must be taken to be everywhere. */
  | { readonly kind: 'lost'; readonly reason: string };
