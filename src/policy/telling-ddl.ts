/**
 * DDL that looks at every row of a masked column and fails, or not, by what it finds: a check, a key, a unique or
 * computed index, another type. Whether it failed answers a question about values, as a condition of a query does.
 *
 * Non-goals: an index on the column as it is, which takes any value; NOT NULL, which tells no more than `IS NULL`.
 */
import { resolve } from '../catalog/snapshot.ts';
import { as, stringOf, type BodyOf, type Node } from '../sql/tree.ts';
import type { Held } from './findings.ts';

/** As `influencesIn`: masked columns, and what is done with them. */
export function tellingDdlIn(tree: Node | undefined, held: Held): readonly string[] {
  if (!held.masks.present) return [];
  const index = as('IndexStmt', tree);
  if (index !== undefined) {
    const computed = [
      index.whereClause,
      ...(index.indexParams ?? []).map((one) => as('IndexElem', one)?.expr),
    ];
    return told(index.relation, index.unique === true ? index : computed, held);
  }
  const alter = as('AlterTableStmt', tree);
  return (alter?.cmds ?? []).flatMap((item) => {
    const command = as('AlterTableCmd', item);
    switch (command?.subtype) {
      case 'AT_AddConstraint':
      case 'AT_AlterColumnType':
        return told(alter?.relation, command, held);
      default:
        return [];
    }
  });
}

/** Masked columns of the relation that are named anywhere in a part of the statement. */
function told(relation: BodyOf<'RangeVar'> | undefined, part: unknown, held: Held): readonly string[] {
  if (relation === undefined) return [];
  const names = new Set<string>();
  collect(part, names);
  const { snapshot, masks } = held;
  return resolve(snapshot, { schema: relation.schemaname ?? null, name: relation.relname ?? '' }).flatMap(
    ({ oid, schema, name, columns }) =>
      columns
        .filter(({ attnum }) => masks.columns.get(oid)?.has(attnum) === true)
        .filter((column) => names.has(column.name) || names.has(name))
        .map((column) => `${schema}.${name}.${column.name}: fails, or not, by what it holds`),
  );
}

/** Every name in a tree, whatever it is the name of; a row as a whole is named by its relation. */
function collect(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, names);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const text = stringOf(value as Node);
  if (text !== null) names.add(text);
  for (const [key, item] of Object.entries(value))
    if (key === 'name' && typeof item === 'string') names.add(item);
    else collect(item, names);
}
