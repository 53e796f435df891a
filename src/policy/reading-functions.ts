/**
 * PostgreSQL's own functions that reach stored data no relation reference names: SQL or relation names in
 * strings, files, large objects, the replication stream, other sessions. From the functions chapter of the
 * manual and pg_proc, versions 14 to 18.
 */
const NAMES: ReadonlySet<string> = new Set([
  'query_to_xml',
  'query_to_xmlschema',
  'query_to_xml_and_xmlschema',
  'cursor_to_xml',
  'cursor_to_xmlschema',
  'table_to_xml',
  'table_to_xmlschema',
  'table_to_xml_and_xmlschema',
  'schema_to_xml',
  'schema_to_xmlschema',
  'schema_to_xml_and_xmlschema',
  'database_to_xml',
  'database_to_xmlschema',
  'database_to_xml_and_xmlschema',
  'ts_stat',
  'ts_rewrite',
  'lo_get',
  'loread',
  'lo_export',
  'pg_read_file',
  'pg_read_file_old',
  'pg_read_binary_file',
  'pg_logical_slot_get_changes',
  'pg_logical_slot_peek_changes',
  'pg_logical_slot_get_binary_changes',
  'pg_logical_slot_peek_binary_changes',
  'pg_stat_get_activity',
  'pg_stat_get_backend_activity',
  'pg_stat_get_wal_receiver',
  'pg_mcv_list_items',
]);

export function readsUnseen(name: string): boolean {
  return NAMES.has(name);
}
