/**
 * Extensions whose compiled functions compute their results from their arguments and nothing else, less those of
 * their functions that do more. Compiled code cannot be read, so what is not here is not vouched for: extensions
 * that run SQL they are given (dblink, plv8, http, orafce, …) look from outside like any other.
 * From the contrib chapter of the manual, versions 14 to 18, and the sources of the others.
 */
import type { CatalogFunction } from '../catalog/snapshot.ts';
import { dangerOf } from '../sql/dangerous.ts';

const NOTHING: readonly string[] = [];

/** Extension → its functions that are not pure: session state, statistics, tables named in arguments. */
const PURE: ReadonlyMap<string, readonly string[]> = new Map([
  ['bloom', NOTHING],
  ['btree_gin', NOTHING],
  ['btree_gist', NOTHING],
  ['citext', NOTHING],
  ['cube', NOTHING],
  ['dict_int', NOTHING],
  ['earthdistance', NOTHING],
  ['fuzzystrmatch', NOTHING],
  ['hll', ['hll_set_max_sparse', 'hll_set_output_version', 'hll_set_defaults']],
  ['hstore', NOTHING],
  ['intarray', NOTHING],
  ['ip4r', NOTHING],
  ['isn', ['isn_weak']],
  ['ltree', NOTHING],
  ['pg_trgm', ['set_limit']],
  ['pg_uuidv7', NOTHING],
  ['pgcrypto', NOTHING],
  ['seg', NOTHING],
  ['tablefunc', ['crosstab', 'crosstab_hash', 'connectby']],
  ['tsm_system_rows', NOTHING],
  ['tsm_system_time', NOTHING],
  ['unaccent', NOTHING],
  ['uuid-ossp', NOTHING],
  ['vector', NOTHING],
]);

/** Triggers that put the time, or who it is, into a column. */
const PURE_TRIGGERS: ReadonlySet<string> = new Set(['moddatetime', 'insert_username']);

export function isPureCompiled(one: CatalogFunction): boolean {
  if (one.extension === null || dangerOf(one.schema, one.name) !== null) return false;
  if (one.isTrigger) return PURE_TRIGGERS.has(one.extension);
  return PURE.get(one.extension)?.includes(one.name) === false;
}
