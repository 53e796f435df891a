/**
 * ErrorResponse and NoticeResponse of statements that may have masked values in reach.
 *
 * Invariant: what is left is chosen from fixed lists: a severity PostgreSQL has, a SQLSTATE it has and
 * that code's condition name as the text. Message, detail, hint, position, context, schema, table, column,
 * type, constraint, file, line and routine are free text or numbers that a value can be put into, and go.
 * Where user code may have run (`opaque`), code and count of messages are user-made too: errors all get
 * GENERIC_SQLSTATE and notices are dropped.
 * Non-goal: that an error occurred at all; hiding that would be a lie about what the statement did.
 */
import type { MaskScope } from '../policy/judgement.ts';
import { conditionName } from './sqlstates.ts';

/** The message's fields by their type byte, as one character: `S`, `V`, `C`, `M`, … */
export type MessageFields = ReadonlyMap<string, string>;

/** external_routine_exception: something went wrong in code called by the statement. */
export const GENERIC_SQLSTATE = '38000';

const ERROR_SEVERITIES: ReadonlySet<string> = new Set(['ERROR', 'FATAL', 'PANIC']);
const NOTICE_SEVERITIES: ReadonlySet<string> = new Set(['WARNING', 'NOTICE', 'DEBUG', 'INFO', 'LOG']);

/** What user code raises with a code of its own choice, or none: class P0 is PL/pgSQL's. */
const RAISED_CLASS = 'P0';
/** Classes of notices that are about the statement and not about values. */
const PLAIN_NOTICE_CLASSES: readonly string[] = ['00', '01'];

/** Under `clean`, the same map; else a new one with `S`, `V`, `C` and `M` only. */
export function stripError(fields: MessageFields, scope: MaskScope): MessageFields {
  if (scope === 'clean') return fields;
  if (fromParseAnalysis(fields)) return kept(fields, 'S', 'V', 'C', 'M', 'H', 'P');
  const severity = severityOf(fields, ERROR_SEVERITIES, 'ERROR');
  const code = fields.get('C') ?? '';
  // user code can't raise FATAL: that is the server ending the session, and drivers must see why
  const userMade = scope === 'opaque' && severity === 'ERROR';
  const known = !userMade && !code.startsWith(RAISED_CLASS) && conditionName(code) !== null;
  return stripped(severity, known ? code : GENERIC_SQLSTATE);
}

/**
 * Where PostgreSQL finds out that a statement names what is not there or does not fit, before it has read a
 * row. The text says nothing but what the client wrote and what the catalog has. Only these places: others of
 * the same files (`parse_type.c`, `LookupFuncName`) also serve casts to regtype and the like, whose input is data.
 */
const PARSE_ANALYSIS: ReadonlySet<string> = new Set([
  'parse_relation.c:parserOpenTable',
  'parse_relation.c:errorMissingRTE',
  'parse_relation.c:errorMissingColumn',
  'parse_relation.c:checkNameSpaceConflicts',
  'parse_relation.c:colNameToVar',
  'parse_agg.c:check_agglevels_and_constraints',
  'parse_clause.c:findTargetlistEntrySQL92',
  'parse_clause.c:transformDistinctClause',
  'parse_coerce.c:coerce_to_boolean',
  'parse_coerce.c:select_common_type',
  'parse_expr.c:transformSubLink',
  'parse_expr.c:transformTypeCast',
  'parse_func.c:check_srf_call_placement',
  'parse_func.c:ParseFuncOrColumn',
  'parse_oper.c:op_error',
  'parse_target.c:checkInsertTargets',
  'parse_target.c:transformAssignedExpr',
  'analyze.c:transformSetOperationTree',
  'analyze.c:transformUpdateTargetList',
  'analyze.c:transformInsertRow',
  'parse_agg.c:check_ungrouped_columns_walker',
  'parse_agg.c:substitute_grouped_columns_mutator',
  // Not analysis, but what it finds wrong is the message itself, or that the transaction has failed already.
  'postgres.c:exec_simple_query',
  'postgres.c:exec_parse_message',
  'postgres.c:exec_bind_message',
  'postgres.c:exec_execute_message',
  'postgres.c:exec_describe_portal_message',
  'postgres.c:exec_describe_statement_message',
  // Nor is this, but it names a cursor the client wrote and nothing else.
  'portalcmds.c:PerformPortalFetch',
]);

/**
 * A context (`W`) says that it happened inside a function, and an internal query (`q`, with its position `p`) that
 * what was analysed is another text than the client's: either may have been built from data. `query_to_xml` and
 * `ts_stat` give no context. Code in PL/pgSQL or SQL can choose neither file nor routine.
 */
function fromParseAnalysis(fields: MessageFields): boolean {
  if (fields.has('W') || fields.has('q') || fields.has('p') || fields.get('V') !== 'ERROR') return false;
  return PARSE_ANALYSIS.has(`${fields.get('F') ?? ''}:${fields.get('R') ?? ''}`);
}

function kept(fields: MessageFields, ...keys: readonly string[]): MessageFields {
  return new Map(keys.flatMap((key) => (fields.has(key) ? [[key, fields.get(key) ?? ''] as const] : [])));
}

/** As `stripError`; null where the notice must not be sent at all. */
export function stripNotice(fields: MessageFields, scope: MaskScope): MessageFields | null {
  if (scope === 'clean') return fields;
  const code = fields.get('C') ?? '';
  if (scope === 'opaque' || conditionName(code) === null || !PLAIN_NOTICE_CLASSES.includes(code.slice(0, 2)))
    return null;
  return stripped(severityOf(fields, NOTICE_SEVERITIES, 'NOTICE'), code);
}

/** The untranslated severity: `S` is in the language of lc_messages, which the session may set. */
function severityOf(fields: MessageFields, known: ReadonlySet<string>, fallback: string): string {
  const severity = fields.get('V') ?? '';
  return known.has(severity) ? severity : fallback;
}

function stripped(severity: string, code: string): MessageFields {
  return new Map([
    ['S', severity],
    ['V', severity],
    ['C', code],
    ['M', `${conditionName(code) ?? 'error'} (detail withheld by Postern)`],
  ]);
}

/**
 * Settings whose reports can't hold text of the session's making: the server's own, and the two that
 * Postern pins and must see change. `application_name`, `search_path`, `TimeZone`, … can be set to anything.
 */
const SERVER_SETTINGS: ReadonlySet<string> = new Set([
  'server_version',
  'server_encoding',
  'integer_datetimes',
  'in_hot_standby',
  'client_encoding',
  'standard_conforming_strings',
]);

/** Whether a ParameterStatus of that name may be sent while a statement of that scope runs. */
export function passesParameterStatus(name: string, scope: MaskScope): boolean {
  return scope === 'clean' || SERVER_SETTINGS.has(name);
}
