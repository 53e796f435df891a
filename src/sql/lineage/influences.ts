/** The columns that decide which rows come back, each with every way in which it does, once. */
import type { Beside, ColumnId, Influence, InfluenceKind } from './lineage.ts';
import { keyOf, type Value } from './values.ts';

/**
 * A collection can stand in another: what happens inside a sub-query is wanted by itself where the value of
 * the sub-query depends on it, and belongs to the whole statement in any case.
 */
export class Influences {
  readonly #found = new Map<string, Influence>();
  readonly #outer: Influences | null;
  readonly #places: Beside[] = [];
  /** Of the query that is followed now; it may be filled in while that is followed. Null: anything. */
  beside: Beside | null = null;

  constructor(outer: Influences | null = null) {
    this.#outer = outer;
    this.beside = outer?.beside ?? null;
  }

  add(influence: Influence): void {
    const { column, kind, partners = [], fixed, beside } = influence;
    const place = beside === undefined ? '' : this.#placeOf(beside);
    const key = [keyOf(column), kind, fixed, place, ...partners.map(keyOf)].join();
    if (!this.#found.has(key)) this.#found.set(key, influence);
    this.#outer?.add(influence);
  }

  /** Each query's is another, whatever is in it so far. */
  #placeOf(beside: Beside): number {
    const known = this.#places.indexOf(beside);
    return known >= 0 ? known : this.#places.push(beside) - 1;
  }

  /**
   * An expression over a column tells more than the column in its place would: `ORDER BY ssn LIKE '1%'` is a
   * predicate. So what is computed counts as `range` too.
   */
  of(value: Value, kind: InfluenceKind): void {
    for (const column of value.columns) {
      this.add(kind === 'group' ? { column, kind, ...this.#shown() } : { column, kind });
      if (value.kind === 'derived' && kind !== 'branch' && kind !== 'limit')
        this.add({ column, kind: 'range' });
    }
  }

  /** Two stored values that have to be equal. */
  join(left: readonly ColumnId[], right: readonly ColumnId[]): void {
    const shown = this.#shown();
    for (const column of left) this.add({ column, kind: 'join', partners: right, ...shown });
    for (const column of right) this.add({ column, kind: 'join', partners: left, ...shown });
  }

  #shown(): { readonly beside?: Beside } {
    return this.beside === null ? {} : { beside: this.beside };
  }

  /** What a view's own definition decides by. */
  fixed(influences: readonly Influence[]): void {
    for (const one of influences) this.add({ ...one, fixed: true });
  }

  list(): readonly Influence[] {
    return [...this.#found.values()];
  }

  get columns(): readonly ColumnId[] {
    return this.list().map(({ column }) => column);
  }
}
