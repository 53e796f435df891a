/**
 * PostgreSQL's own and well-known extensions' functions that do more than compute: what each group is, and
 * why a call is an action of its own. Names are matched in whatever schema they are written with, and
 * also where they are written like a column (`x.pg_read_file`), which PostgreSQL reads as a call.
 *
 * Invariant: a name here can only add findings. Non-goal: completeness over extensions; functions outside
 * pg_catalog that nobody vouched for are opaque to `policy` in any case.
 */
import type { Action } from './statement.ts';

export type Danger = {
  readonly actions: readonly Action[];
  /** Completes "calls f, which …". */
  readonly why: string;
  /** An argument ends up outside the statement, where it can be read again. */
  readonly sink: boolean;
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
  /** Every function of these schemas. */
  readonly schemas: readonly string[];
};

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

export const DANGERS: readonly Danger[] = [
  {
    actions: ['export'],
    why: 'reads large objects, which no column mask covers',
    sink: false,
    names: words('lo_get lo_open loread lo_lseek lo_lseek64'),
    prefixes: [],
    schemas: [],
  },
  {
    actions: ['export', 'code'],
    why: 'copies between large objects and files of the server',
    sink: true,
    names: words('lo_export lo_import'),
    prefixes: [],
    schemas: [],
  },
  {
    actions: ['write'],
    why: 'stores its argument in a large object, where no mask follows it',
    sink: true,
    names: words('lo_put lo_from_bytea lowrite lo_create lo_creat lo_truncate lo_truncate64 lo_unlink'),
    prefixes: [],
    schemas: [],
  },
  {
    actions: ['export'],
    why: 'reads files of the server',
    sink: false,
    names: words(`
      pg_read_file pg_read_file_old pg_read_file_all pg_read_binary_file pg_read_binary_file_all
      pg_read_file_off_len pg_read_binary_file_off_len pg_stat_file pg_file_read pg_file_length pg_logdir_ls
      pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings pg_current_logfile xslt_process
    `),
    prefixes: ['pg_ls_'],
    schemas: [],
  },
  {
    actions: ['code'],
    why: 'writes files of the server',
    sink: true,
    names: words('pg_file_write pg_file_sync pg_file_rename pg_file_unlink'),
    prefixes: [],
    schemas: [],
  },
  {
    actions: ['export', 'code'],
    why: 'sends SQL or data to another server, in a string nobody reads here',
    sink: true,
    names: words('http http_get http_post http_put http_patch http_delete http_head'),
    prefixes: ['dblink', 'postgres_fdw_'],
    schemas: words('aws_s3 aws_lambda azure_storage net cron'),
  },
  {
    actions: ['export', 'code'],
    why: 'turns relations, or SQL in a string, into one XML document that no mask follows',
    sink: false,
    names: [],
    prefixes: ['query_to_xml', 'table_to_xml', 'schema_to_xml', 'database_to_xml', 'cursor_to_xml'],
    schemas: [],
  },
  {
    actions: ['code'],
    why: 'runs SQL that it is given in a string',
    sink: false,
    names: words('ts_stat ts_rewrite xpath_table connectby'),
    prefixes: ['crosstab'],
    schemas: [],
  },
  {
    actions: ['export'],
    why: 'opens or reads a stream of every change in the database',
    sink: true,
    names: words(`
      pg_create_logical_replication_slot pg_create_physical_replication_slot pg_copy_logical_replication_slot
      pg_copy_physical_replication_slot pg_drop_replication_slot pg_replication_slot_advance
      pg_sync_replication_slots
    `),
    prefixes: ['pg_logical_slot_', 'pg_replication_origin_', 'pg_get_wal_'],
    schemas: [],
  },
  {
    actions: ['export'],
    why: 'reads raw pages, past every column mask',
    sink: false,
    names: words(`
      get_raw_page heap_page_items heap_page_item_attrs heap_tuple_infomask_flags tuple_data_split bt_page_items
      bt_page_items_bytea bt_multi_page_stats brin_page_items gin_leafpage_items gist_page_items
      gist_page_items_bytea hash_page_items fsm_page_contents page_header
    `),
    prefixes: [],
    schemas: [],
  },
  {
    actions: ['export'],
    why: 'shows statements or stored values of other sessions, literals included',
    sink: false,
    names: words(`
      pg_stat_get_activity pg_stat_get_backend_activity pg_stat_statements pg_stat_monitor pg_cursor
      pg_prepared_statement pg_prepared_xact pg_mcv_list_items pg_stat_get_wal_receiver pg_stat_get_subscription
    `),
    prefixes: [],
    schemas: [],
  },
  {
    actions: ['config'],
    why: 'acts on the server or on other sessions',
    sink: false,
    names: words(`
      pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_logfile_rotate pg_terminate_backend
      pg_cancel_backend pg_switch_wal pg_switch_xlog pg_promote pg_wal_replay_pause pg_wal_replay_resume
      pg_xlog_replay_pause pg_xlog_replay_resume pg_import_system_collations pg_nextoid
      pg_stop_making_pinned_objects pg_extension_config_dump
    `),
    prefixes: ['pg_stat_reset', 'pg_log_', 'pg_restore_', 'pg_clear_', 'binary_upgrade_'],
    schemas: ['binary_upgrade'],
  },
  {
    actions: ['config'],
    why: 'writes a name it is given into the server’s log or files',
    sink: true,
    names: words('pg_create_restore_point pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup'),
    prefixes: ['pg_logical_emit_message'],
    schemas: [],
  },
  {
    actions: ['write'],
    why: 'removes or revives rows behind PostgreSQL’s back',
    sink: false,
    names: words('heap_force_kill heap_force_freeze'),
    prefixes: [],
    schemas: [],
  },
  {
    actions: ['write'],
    why: 'stores its argument in a sequence',
    sink: true,
    names: ['setval'],
    prefixes: [],
    schemas: [],
  },
  {
    actions: ['session'],
    why: 'carries its argument to other sessions or to a later statement',
    sink: true,
    names: words('pg_notify setseed'),
    prefixes: ['pg_advisory_', 'pg_try_advisory_'],
    schemas: [],
  },
];

const BY_NAME = new Map<string, Danger>();
const BY_PREFIX: [string, Danger][] = [];
const BY_SCHEMA = new Map<string, Danger>();
for (const danger of DANGERS) {
  for (const name of danger.names) BY_NAME.set(name, danger);
  for (const prefix of danger.prefixes) BY_PREFIX.push([prefix, danger]);
  for (const schema of danger.schemas) BY_SCHEMA.set(schema, danger);
}

/** What a call of this function does beside computing; null for nothing known. */
export function dangerOf(schema: string | null, name: string): Danger | null {
  const exact = BY_NAME.get(name);
  if (exact !== undefined) return exact;
  for (const [prefix, danger] of BY_PREFIX) if (name.startsWith(prefix)) return danger;
  return schema === null ? null : (BY_SCHEMA.get(schema) ?? null);
}

/**
 * Functions that take a value of any type, so that `c.row_to_json` is a call on the whole row `c` where `c`
 * has no such column.
 */
export const WHOLE_ROW_FUNCTIONS: ReadonlySet<string> = new Set(
  words(`
    row_to_json to_json to_jsonb json_agg jsonb_agg json_agg_strict jsonb_agg_strict array_agg
    json_build_array jsonb_build_array json_build_object jsonb_build_object concat format quote_literal
    quote_nullable record_out record_send record_recv hash_record hash_record_extended min max any_value
    first_value last_value lag lead mode unnest json_populate_record pg_column_size num_nulls num_nonnulls
    jsonb_each json_each anytextcat textanycat
  `),
);
