/** Which columns are masked for one agent on one database, by identity: relation OID and attribute number. */
import type { MaskFunction, Search } from './rules.ts';

export type ColumnMask = {
  /** A mask rule's name, or `built-in`. */
  readonly rule: string;
  readonly with: MaskFunction;
  /** Computed from a masked column, so the type's safe default stands in for `with`. */
  readonly derived: boolean;
  /** How it may decide which rows come back without being held; see `SEARCHES`. */
  readonly searchable: readonly Search[];
};

export type MaskSet = {
  /** Relation OID → attribute number → mask. Relations without masked columns are absent. */
  readonly columns: ReadonlyMap<number, ReadonlyMap<number, ColumnMask>>;
  /**
   * Some mask rule applies to this agent, so a column the catalog does not know may be one it masks. False
   * does not mean that `columns` is empty: the built-in masks on system relations are always in it.
   */
  readonly any: boolean;
  /**
   * Some mask rule covers a column of this database, so code nobody vouched for has something to give away.
   * True as well while the catalog has not been read.
   */
  readonly present: boolean;
  /** Why a column is masked and how, for people; `not masked` where it is not. */
  describe(oid: number, attnum: number): string;
};
