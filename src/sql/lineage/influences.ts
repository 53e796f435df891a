/** The columns that decide which rows come back, each with every way in which it does, once. */
import type { ColumnId, Influence, InfluenceKind } from './lineage.ts';
import { keyOf, type Value } from './values.ts';

const KINDS: Readonly<Record<InfluenceKind, number>> = {
  join: 0,
  equality: 1,
  range: 2,
  order: 3,
  group: 4,
  branch: 5,
  limit: 6,
};

/**
 * A collection can stand in another: what happens inside a sub-query is wanted by itself where the value of
 * the sub-query depends on it, and belongs to the whole statement in any case.
 */
export class Influences {
  readonly #found = new Map<number, Influence>();
  readonly #outer: Influences | null;

  constructor(outer: Influences | null = null) {
    this.#outer = outer;
  }

  add(column: ColumnId, kind: InfluenceKind): void {
    const key = keyOf(column) * 8 + KINDS[kind];
    if (!this.#found.has(key)) this.#found.set(key, { column, kind });
    this.#outer?.add(column, kind);
  }

  addAll(influences: readonly Influence[]): void {
    for (const { column, kind } of influences) this.add(column, kind);
  }

  /**
   * An expression over a column tells more than the column in its place would: `ORDER BY ssn LIKE '1%'` is a
   * predicate. So what is computed counts as `range` too.
   */
  of(value: Value, kind: InfluenceKind): void {
    for (const column of value.columns) {
      this.add(column, kind);
      if (value.kind === 'derived' && kind !== 'branch' && kind !== 'limit') this.add(column, 'range');
    }
  }

  list(): readonly Influence[] {
    return [...this.#found.values()];
  }

  get columns(): readonly ColumnId[] {
    return this.list().map(({ column }) => column);
  }
}
