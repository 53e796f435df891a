/**
 * The table locks a statement would take, for the person who decides whether it may. By command, as
 * PostgreSQL's manual has them ("Explicit Locking"); of what it depends on more, the strongest. What the
 * statement only reads is left out: ACCESS SHARE stands in the way of nobody but DDL.
 */
import { resolve, type Snapshot } from '../catalog/snapshot.ts';
import type { Statement } from '../sql/statement.ts';

/** As many as a person reads. */
const MAX_LOCKS = 20;

const BY_COMMAND: readonly (readonly [RegExp, string])[] = [
  [/^(insert|update|delete|merge|copy from)$/, 'ROW EXCLUSIVE'],
  [/^create (unique )?index$/, 'SHARE'],
  [/^create trigger$/, 'SHARE ROW EXCLUSIVE'],
  [/^refresh materialized view$/, 'ACCESS EXCLUSIVE'],
  [/^(analyze|create statistics|comment)$/, 'SHARE UPDATE EXCLUSIVE'],
  [/^(drop|alter) (table|view|materialized view|foreign table|sequence|index)$/, 'ACCESS EXCLUSIVE'],
  [/^(drop trigger|create rule|drop rule|create policy|alter policy|drop policy)$/, 'ACCESS EXCLUSIVE'],
  [/^(truncate|lock|lock table|vacuum|cluster|reindex|reindex table)$/, 'ACCESS EXCLUSIVE'],
];

/** `MODE on schema.relation`, without repeats, in the order of the statements. */
export function locksOf(statements: readonly Statement[], snapshot: Snapshot): readonly string[] {
  const locks = new Set<string>();
  for (const statement of statements) {
    const commands = new Set([statement.command, ...statement.actions.map((action) => action.command)]);
    const mode = BY_COMMAND.find(([pattern]) => [...commands].some((c) => pattern.test(c)))?.[1];
    if (mode === undefined) continue;
    const written = statement.relations.filter((ref) => ref.access === 'write');
    for (const ref of written.length > 0 ? written : statement.relations) {
      for (const { schema, name } of resolve(snapshot, ref)) locks.add(`${mode} on ${schema}.${name}`);
    }
  }
  return [...locks].slice(0, MAX_LOCKS);
}
