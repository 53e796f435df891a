/** What is known of a value while following it: the columns it came from, and its parts if it is a row. */
import type { ColumnId, OutputLineage } from './lineage.ts';

export type Field = {
  readonly name: string;
  readonly value: Value;
  /** Only some of the relations that a name may stand for have this column. */
  readonly maybe?: boolean;
};

/** The columns of something that has columns. */
export type Shape = {
  /** For looking up by name. */
  readonly fields: readonly Field[];
  /** What `*` stands for, in order; null where that cannot be told. */
  readonly star: readonly Field[] | null;
  /** There may be columns under any other name, of this value. */
  readonly open: Value | null;
};

export type Value = {
  readonly kind: OutputLineage['kind'];
  /** Of `direct`, the column that is stored comes first, then those of views it was read through. */
  readonly columns: readonly ColumnId[];
  /** Its fields if it is a row whose fields are known. */
  readonly shape: Shape | null;
  /**
   * Of what is computed: it is one text (or other scalar), or such a number as is stored. Absent: not known,
   * it may be an array or an extreme that was made up.
   */
  readonly plain?: 'text' | 'number' | undefined;
};

export const CLEAN: Value = { kind: 'clean', columns: [], shape: null };

export function directOf(columns: readonly ColumnId[]): Value {
  return { kind: 'direct', columns, shape: null };
}

export function derivedFrom(columns: readonly ColumnId[]): Value {
  return columns.length === 0 ? CLEAN : { kind: 'derived', columns, shape: null };
}

/** The same, known to be plain. */
export function plainly(value: Value, plain: Value['plain']): Value {
  return plain === undefined || value.kind !== 'derived' ? value : { ...value, plain };
}

/** Something computed from all of these. */
export function computed(values: readonly Value[]): Value {
  return derivedFrom(columnsOf(values));
}

/** One of these, not known which: still exactly a column's value where all are that column. */
export function either(values: readonly Value[]): Value {
  const [first] = values;
  if (first === undefined) return CLEAN;
  if (values.every((value) => value === first || sameDirect(value, first))) return first;
  return computed(values);
}

export function columnsOf(values: readonly Value[]): readonly ColumnId[] {
  let only: readonly ColumnId[] | null = null;
  let several = false;
  for (const { columns } of values) {
    if (columns.length === 0 || columns === only) continue;
    if (only === null) only = columns;
    else several = true;
  }
  if (!several) return only ?? [];
  const found = new Map<number, ColumnId>();
  for (const { columns } of values) for (const column of columns) found.set(keyOf(column), column);
  return [...found.values()];
}

/** One number for a column: OIDs have 32 bits, attribute numbers go from -6 to 1,600. */
export function keyOf(column: ColumnId): number {
  return column.relation * 4096 + column.attnum + 16;
}

export function shapeOf(fields: readonly Field[]): Shape {
  return { fields, star: fields, open: null };
}

export function rowOf(columns: readonly ColumnId[], shape: Shape): Value {
  return { kind: columns.length === 0 ? 'clean' : 'derived', columns, shape };
}

export function lineageOfValue(value: Value): OutputLineage {
  const [column, ...through] = value.columns;
  if (value.kind === 'clean' || column === undefined) return { kind: 'clean' };
  if (value.kind === 'derived') return { kind: 'derived', columns: value.columns };
  return through.length === 0 ? { kind: 'direct', column } : { kind: 'direct', column, through };
}

function sameDirect(a: Value, b: Value): boolean {
  if (a.kind === 'clean' && b.kind === 'clean') return a.shape === null && b.shape === null;
  return (
    a.kind === 'direct' &&
    b.kind === 'direct' &&
    a.columns.length === b.columns.length &&
    a.columns.every((column, index) => keyOf(column) === keyOf(b.columns[index] as ColumnId))
  );
}
