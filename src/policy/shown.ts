/** Columns an agent asks to see for one execution (`SET postern.unmask`), found in the catalog. */
import { resolve, type CatalogRelation, type Snapshot } from '../catalog/snapshot.ts';
import { MAX_NAMED_COLUMNS, type NamedColumn } from './column-list.ts';

/** A masked base column to be shown; `name` is `schema.table.column`. */
export type ShownColumn = { readonly relation: number; readonly attnum: number; readonly name: string };

/** Relations that hold rows of their own: what a view shows is named by where it comes from. */
const HOLDS_ROWS: ReadonlySet<string> = new Set(['table', 'partitioned-table', 'foreign-table']);

export function holdsRows({ kind }: CatalogRelation): boolean {
  return HOLDS_ROWS.has(kind);
}

/** What was asked for and what it stands for, or why it stands for nothing. */
export type Showing =
  | { readonly kind: 'columns'; readonly columns: readonly ShownColumn[] }
  | { readonly kind: 'unknown'; readonly name: string; readonly why: string };

/**
 * Finds the columns, with those of the same name in every partition and child table: the rows of a table are
 * theirs too, and a request must show each.
 */
export function shownColumns(named: readonly NamedColumn[], snapshot: Snapshot): Showing {
  const found = new Map<string, ShownColumn>();
  for (const { schema, table, column } of named) {
    const name = `${schema === null ? '' : `${schema}.`}${table}.${column}`;
    const relations = resolve(snapshot, { schema, name: table });
    if (relations.length === 0) return { kind: 'unknown', name, why: 'the catalog has no such table' };
    for (const relation of relations) {
      if (!holdsRows(relation))
        return { kind: 'unknown', name, why: 'it is no table: name the columns of the tables behind it' };
      for (const oid of [relation.oid, ...descendantsOf(snapshot, relation.oid)]) {
        const one = snapshot.relations.get(oid);
        const attnum = one?.columns.find((c) => c.name === column)?.attnum;
        if (one === undefined || attnum === undefined) continue;
        found.set(`${oid}.${attnum}`, { relation: oid, attnum, name: `${one.schema}.${one.name}.${column}` });
      }
      if (!relation.columns.some((c) => c.name === column))
        return { kind: 'unknown', name, why: 'the table has no such column' };
    }
  }
  if (found.size > MAX_NAMED_COLUMNS)
    return {
      kind: 'unknown',
      name: `more than ${MAX_NAMED_COLUMNS} columns`,
      why: 'nobody would read so many',
    };
  return { kind: 'columns', columns: [...found.values()] };
}

export function descendantsOf(snapshot: Snapshot, oid: number): ReadonlySet<number> {
  const found = new Set<number>();
  const queue = [oid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const relation of snapshot.relations.values()) {
      if (!relation.parents.includes(next) || found.has(relation.oid)) continue;
      found.add(relation.oid);
      queue.push(relation.oid);
    }
  }
  return found;
}
