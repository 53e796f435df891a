/** What an output is computed from, as a small lattice: columns as text keys, joined where values meet. */
import type { ColumnId } from '../../src/sql/lineage/lineage.ts';

/** `relation.attnum`: the same column always has the same key. */
export type ColumnKey = `${number}.${number}`;

export type Source = {
  /** Columns that lineage must name. */
  readonly required: ReadonlySet<ColumnKey>;
  /** Columns that lineage may name without masking too much; holds all of `required`. */
  readonly permitted: ReadonlySet<ColumnKey>;
  /**
   * The one column whose value this is, through nothing but Vars. `none`: there is not one. `bottom`: nothing
   * seen yet, as for a recursive reference on its first round.
   */
  readonly plain: ColumnKey | 'none' | 'bottom';
};

const NOTHING: ReadonlySet<ColumnKey> = new Set();

export const BOTTOM: Source = { required: NOTHING, permitted: NOTHING, plain: 'bottom' };

/** A value computed from no column at all. */
export const CLEAN: Source = { required: NOTHING, permitted: NOTHING, plain: 'none' };

export function keyOf(column: ColumnId): ColumnKey {
  return `${column.relation}.${column.attnum}`;
}

export function columnOf(key: ColumnKey): ColumnId {
  const [relation, attnum] = key.split('.').map(Number);
  return { relation: relation ?? 0, attnum: attnum ?? 0 };
}

export function plainColumn(key: ColumnKey): Source {
  const one = new Set([key]);
  return { required: one, permitted: one, plain: key };
}

/** Something computed from all of them. */
export function computedFrom(sources: readonly Source[]): Source {
  return { ...union(sources), plain: 'none' };
}

/** One of them, as it is: the arms of a set operation, the rows of VALUES. */
export function eitherOf(sources: readonly Source[]): Source {
  const plains = new Set(sources.map((source) => source.plain).filter((plain) => plain !== 'bottom'));
  const [only] = plains;
  return {
    ...union(sources),
    plain: plains.size === 0 ? 'bottom' : plains.size === 1 ? (only ?? 'none') : 'none',
  };
}

/** Lineage may name these columns and need not. */
export function onlyPermitted(source: Source): Source {
  return { required: NOTHING, permitted: source.permitted, plain: 'none' };
}

export function sameSource(a: Source, b: Source): boolean {
  return a.plain === b.plain && sameKeys(a.required, b.required) && sameKeys(a.permitted, b.permitted);
}

function sameKeys(a: ReadonlySet<ColumnKey>, b: ReadonlySet<ColumnKey>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key));
}

function union(sources: readonly Source[]): Pick<Source, 'required' | 'permitted'> {
  const required = new Set<ColumnKey>();
  const permitted = new Set<ColumnKey>();
  for (const source of sources) {
    for (const key of source.required) required.add(key);
    for (const key of source.permitted) permitted.add(key);
  }
  return { required, permitted };
}
