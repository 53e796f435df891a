/**
 * Names against patterns. Case never matters: a mask or condition that covers `Email` beside `email` is at
 * worst too strict, one that misses `"Email"` because it was written in lower case leaks.
 */
import type { CatalogRelation } from '../catalog/snapshot.ts';

/** `*` stands for any run of characters. Linear in the name for one star, never exponential. */
export function matchesName(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  const p = pattern.toLowerCase();
  const n = name.toLowerCase();
  if (!p.includes('*')) return p === n;
  let at = 0;
  let inName = 0;
  let star = -1;
  let resume = 0;
  while (inName < n.length) {
    // the star first: a `*` in the name must not use up the pattern's
    if (p[at] === '*') {
      star = at++;
      resume = inName;
    } else if (at < p.length && p[at] === n[inName]) {
      at += 1;
      inName += 1;
    } else if (star >= 0) {
      at = star + 1;
      inName = ++resume;
    } else return false;
  }
  while (p[at] === '*') at += 1;
  return at === p.length;
}

export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matchesName(pattern, name));
}

type SchemaTable = { readonly schema: string; readonly table: string };

/**
 * Whether a pattern covers a relation. A pattern that leaves the schema open, wholly or in part, is about
 * the database's own relations and not about PostgreSQL's: those must be named.
 */
export function matchesRelation(
  pattern: SchemaTable,
  relation: Pick<CatalogRelation, 'schema' | 'name'>,
): boolean {
  if (pattern.schema.includes('*') && isSystemSchema(relation.schema)) return false;
  return matchesName(pattern.schema, relation.schema) && matchesName(pattern.table, relation.name);
}

/** PostgreSQL's own relations. Temporary ones (`pg_temp_3`) are the agent's. */
export function isSystemSchema(schema: string): boolean {
  return schema === 'pg_catalog' || schema === 'information_schema' || schema === 'pg_toast';
}
