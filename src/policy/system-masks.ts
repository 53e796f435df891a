/**
 * Columns of PostgreSQL's own relations that hold private data whatever the rules say: samples of column
 * values in statistics, other sessions' statements with their literals, passwords, bytes of large objects.
 * From the catalog and view chapters of the manual, versions 14 to 18.
 */
import type { CatalogRelation } from '../catalog/snapshot.ts';

/** The rule name these masks go by. */
export const BUILT_IN = 'built-in';

const STATISTICS = [
  'most_common_vals',
  'histogram_bounds',
  'most_common_elems',
  'elem_count_histogram',
  'range_length_histogram',
  'range_bounds_histogram',
];

const numbered = (name: string) => [1, 2, 3, 4, 5].map((slot) => `${name}${slot}`);

const PG_CATALOG: Readonly<Record<string, readonly string[]>> = {
  pg_statistic: [...numbered('stavalues'), ...numbered('stanumbers')],
  pg_stats: STATISTICS,
  pg_stats_ext: [...STATISTICS, 'most_common_val_nulls'],
  pg_stats_ext_exprs: STATISTICS,
  pg_statistic_ext_data: ['stxdmcv', 'stxdexpr', 'stxdndistinct', 'stxddependencies'],
  // what a column added with a default holds in the rows that were there before
  pg_attribute: ['attmissingval'],
  pg_authid: ['rolpassword'],
  pg_shadow: ['passwd'],
  pg_user_mapping: ['umoptions'],
  pg_user_mappings: ['umoptions'],
  pg_foreign_server: ['srvoptions'],
  pg_subscription: ['subconninfo'],
  pg_stat_wal_receiver: ['conninfo'],
  pg_largeobject: ['data'],
  // agents share a login, so each could read what the others sent, literals included
  pg_stat_activity: ['query'],
};

const INFORMATION_SCHEMA: Readonly<Record<string, readonly string[]>> = {
  _pg_user_mappings: ['umoptions'],
  _pg_foreign_servers: ['foreign_server_options'],
  user_mapping_options: ['option_value'],
  foreign_server_options: ['option_value'],
};

/** An extension puts these into any schema. */
const ANY_SCHEMA: Readonly<Record<string, readonly string[]>> = {
  pg_stat_statements: ['query'],
};

/** Names of the columns of a relation that are always masked. */
export function systemMaskedColumns(
  relation: Pick<CatalogRelation, 'schema' | 'name' | 'kind'>,
): readonly string[] {
  // the bytes of long values of some table, perhaps of a masked column
  if (relation.kind === 'toast') return ['chunk_data'];
  const own =
    relation.schema === 'pg_catalog'
      ? PG_CATALOG
      : relation.schema === 'information_schema'
        ? INFORMATION_SCHEMA
        : {};
  for (const table of [own, ANY_SCHEMA])
    if (Object.hasOwn(table, relation.name)) return table[relation.name] ?? [];
  return [];
}
