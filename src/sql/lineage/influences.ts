/** The columns that decide which rows come back, each with every way in which it does, once. */
import type { ColumnId, Influence, InfluenceKind } from './lineage.ts';
import { keyOf, type Value } from './values.ts';

/**
 * A collection can stand in another: what happens inside a sub-query is wanted by itself where the value of
 * the sub-query depends on it, and belongs to the whole statement in any case.
 */
export class Influences {
  readonly #found = new Map<string, Influence>();
  readonly #outer: Influences | null;
  /** The order in which rows are found cannot show: what is grouped or joined now tells no more than counts. */
  unseen = false;

  constructor(outer: Influences | null = null) {
    this.#outer = outer;
    this.unseen = outer?.unseen ?? false;
  }

  add(influence: Influence): void {
    const { column, kind, partners = [], fixed, unseen } = influence;
    const key = [keyOf(column), kind, fixed, unseen, ...partners.map(keyOf)].join();
    if (!this.#found.has(key)) this.#found.set(key, influence);
    this.#outer?.add(influence);
  }

  /**
   * An expression over a column tells more than the column in its place would: `ORDER BY ssn LIKE '1%'` is a
   * predicate. So what is computed counts as `range` too.
   */
  of(value: Value, kind: InfluenceKind): void {
    for (const column of value.columns) {
      this.add(this.unseen && kind === 'group' ? { column, kind, unseen: true } : { column, kind });
      if (value.kind === 'derived' && kind !== 'branch' && kind !== 'limit')
        this.add({ column, kind: 'range' });
    }
  }

  /** Two stored values that have to be equal. */
  join(left: readonly ColumnId[], right: readonly ColumnId[]): void {
    const hidden = this.unseen ? ({ unseen: true } as const) : {};
    for (const column of left) this.add({ column, kind: 'join', partners: right, ...hidden });
    for (const column of right) this.add({ column, kind: 'join', partners: left, ...hidden });
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
