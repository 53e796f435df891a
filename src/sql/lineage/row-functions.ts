/**
 * How many columns PostgreSQL's own functions have as relations, and what they are called. From pg_proc
 * (OUT arguments), versions 14 to 18; of a function that is not here it is not known.
 */

/** Several columns, or one with a name of its own that no alias of the table changes. */
export const COLUMNS_OF_FUNCTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['json_each', ['key', 'value']],
  ['json_each_text', ['key', 'value']],
  ['jsonb_each', ['key', 'value']],
  ['jsonb_each_text', ['key', 'value']],
  ['json_array_elements', ['value']],
  ['json_array_elements_text', ['value']],
  ['jsonb_array_elements', ['value']],
  ['jsonb_array_elements_text', ['value']],
  ['aclexplode', ['grantor', 'grantee', 'privilege_type', 'is_grantable']],
  ['pg_options_to_table', ['option_name', 'option_value']],
]);

/** One column, named like the table's alias, or like the function without one. */
export const SCALAR_FUNCTIONS: ReadonlySet<string> = new Set([
  'generate_series',
  'generate_subscripts',
  'json_object_keys',
  'jsonb_object_keys',
  'jsonb_path_query',
  'jsonb_path_query_array',
  'regexp_matches',
  'regexp_split_to_table',
  'regexp_split_to_array',
  'string_to_table',
  'string_to_array',
  'now',
  'version',
  'to_jsonb',
  'to_json',
  'current_setting',
  'pg_backend_pid',
  'current_database',
]);

/**
 * Of functions of information_schema that are given rows of `pg_attribute` and `pg_type`, the columns that
 * their bodies read (information_schema.sql, versions 14 to 18). API servers build their picture of a schema with
 * them, and `pg_attribute` has a column that is always masked.
 */
export const COLUMNS_READ: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  ['_pg_truetypid', [['atttypid'], ['typtype', 'typbasetype']]],
  ['_pg_truetypmod', [['atttypmod'], ['typtype', 'typtypmod']]],
]);
