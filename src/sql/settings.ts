/**
 * What changing a setting amounts to: an ordinary session matter, a change of identity, or a switch that
 * loosens something Postern or the operator relies on. Used for `SET`, `RESET`, `set_config` alike.
 */
import type { Action } from './statement.ts';

export type SettingVerdict = { readonly action: Action; readonly why: string };

const SESSION: SettingVerdict = { action: 'session', why: 'changes a setting of this session' };

const PRIVILEGE = new Map([
  ['role', 'changes the role statements run as'],
  ['session_authorization', 'changes the role the session belongs to'],
  ['row_security', 'switches row security'],
  ['createrole_self_grant', 'changes what a created role grants to its creator'],
]);

const CONFIG = new Map([
  ['session_preload_libraries', 'loads libraries into sessions'],
  ['local_preload_libraries', 'loads libraries into sessions'],
  ['shared_preload_libraries', 'loads libraries into the server'],
  ['dynamic_library_path', 'changes where libraries are loaded from'],
  ['extension_control_path', 'changes where extensions are loaded from'],
  ['jit_provider', 'changes a library that is loaded'],
  ['session_replication_role', 'switches triggers, rules and foreign keys off'],
  ['event_triggers', 'switches event triggers off'],
  ['lo_compat_privileges', 'switches privileges on large objects off'],
  ['allow_system_table_mods', 'opens the system catalogs to changes'],
  ['allow_in_place_tablespaces', 'is for developers of PostgreSQL'],
  ['zero_damaged_pages', 'lets damaged data be thrown away'],
  ['ignore_checksum_failure', 'hides damaged data'],
  ['ignore_system_indexes', 'is for repairs'],
  ['ignore_invalid_pages', 'hides damaged data'],
  ['backtrace_functions', 'writes internals to the log'],
  ['restrict_nonsystem_relation_kind', 'changes which kinds of relation may be read'],
  ['wal_consistency_checking', 'writes page images to the log'],
  ['transform_null_equals', 'changes what a condition means'],
  ['lc_messages', 'changes the texts of errors'],
]);

/** Families; the point of each is what its members have in common. */
const CONFIG_PREFIXES: readonly (readonly [string, string])[] = [
  ['log_', 'changes what is logged, which can reach the client as notices'],
  ['debug_', 'prints query trees, which can reach the client as notices'],
  ['trace_', 'prints internals, which can reach the client as notices'],
  ['track_', 'changes what the server keeps about statements'],
  ['auto_explain.', 'logs plans with values in them'],
  ['pg_stat_statements.', 'changes what the server keeps about statements'],
];

/** Procedural languages' start-up code. */
const START_UP_CODE = /\.(?:start_proc|on_\w*init|interpreters?|boot_proc)$/;

/** Whether the definition of a view, as PostgreSQL writes it, depends on a setting. */
export function readsSetting(definition: string | null): boolean {
  return definition?.includes('current_setting') === true;
}

/** Levels below NOTICE: they let log lines, and with them query trees, through to the client. */
const CHATTY = /^(?:debug[1-5]?|log)$/;

/**
 * Judges one setting. `name` in lower case. `value` is null for the default; `known` is false where the
 * value is computed when the statement runs.
 */
export function settingVerdict(name: string, value: string | null, known: boolean): SettingVerdict {
  // Back to what the operator configured, also for a role: pools send SET SESSION AUTHORIZATION DEFAULT. Only
  // SET ROLE NONE, which has a value, goes past a role that ALTER ROLE ... SET role gave the login.
  if (known && value === null) return SESSION;
  const privilege = PRIVILEGE.get(name);
  if (privilege !== undefined) return { action: 'privilege', why: privilege };
  if (START_UP_CODE.test(name)) return { action: 'code', why: 'names code that runs when a language starts' };
  if (name === 'client_min_messages') {
    const chatty = !known || (value !== null && CHATTY.test(value.trim().toLowerCase()));
    return chatty ? { action: 'config', why: 'lets log lines through to the client' } : SESSION;
  }
  const config = CONFIG.get(name);
  if (config !== undefined) return { action: 'config', why: config };
  for (const [prefix, why] of CONFIG_PREFIXES) if (name.startsWith(prefix)) return { action: 'config', why };
  return SESSION;
}
