/**
 * What a function's body does, read as the statements in it.
 *
 * Invariant: a body is only read if all of it was: each statement by `analyze`, and each is a query that
 * neither writes nor locks, sends, sets or names anything that lasts longer than the call.
 * Non-goals: what names stand for (that needs a catalog), and where values flow inside.
 */
import { analyze } from './analyze.ts';
import { dangerOf } from './dangerous.ts';
import { MAX_FUNCTION_CHARS } from './limits.ts';
import { parseText } from './parser.ts';
import { readPlpgsql } from './plpgsql.ts';
import type { Statement } from './statement.ts';
import { tokensOf } from './tokens.ts';

export type FunctionBody = {
  readonly statements: readonly Statement[];
  /** Types of variables that are some column's: `orders.total%TYPE`, `orders%ROWTYPE`, as written. */
  readonly columnTypes: readonly string[];
  readonly raises: boolean;
  readonly aliases: boolean;
  /** Every word and quoted name in it, folded, wherever it stands: a second witness. Empty for plain SQL. */
  readonly words: ReadonlySet<string>;
};

const LIMITS = { maxStatementBytes: MAX_FUNCTION_CHARS };

/** SQL-language statements, or a body that PostgreSQL resolved and wrote: `RETURN …`, `BEGIN ATOMIC … END`. */
export function readSqlBody(body: string): FunctionBody | null {
  const statements = queriesOf(withoutAtomic(body));
  if (statements === null) return null;
  return { statements, columnTypes: [], raises: false, aliases: false, words: new Set() };
}

/** `definition` is a whole `CREATE FUNCTION … LANGUAGE plpgsql`. */
export function readPlpgsqlBody(definition: string): FunctionBody | null {
  const read = readPlpgsql(definition);
  if (read === null) return null;
  const words = wordsOf(definition);
  if (words === null || words.has('execute')) return null;
  const columnTypes = read.types.filter((type) => COLUMN_TYPE.test(type));
  const types = read.types.filter((type) => !COLUMN_TYPE.test(type)).map((type) => `SELECT NULL::${type}`);
  const statements: Statement[] = [];
  for (const text of [...read.texts, ...types]) {
    const found = queriesOf(text);
    if (found?.length !== 1) return null;
    statements.push(...found);
  }
  return { statements, columnTypes, raises: read.raises, aliases: read.aliases, words };
}

/** Expressions separated by commas: defaults of arguments. */
export function readExpressions(list: string): readonly Statement[] | null {
  const statements = queriesOf(`SELECT ${list}`);
  return statements?.length === 1 ? statements : null;
}

/** A domain's `CHECK (…)`, or `NOT NULL`. */
export function readCheck(definition: string): readonly Statement[] | null {
  if (/^NOT NULL( NOT VALID)?$/.test(definition)) return [];
  const expression = /^CHECK (\(.*\))( NOT VALID)?$/s.exec(definition)?.[1];
  return expression === undefined ? null : readExpressions(expression);
}

const COLUMN_TYPE = /%(?:row)?type(?:\[\d*\])*$/i;

function withoutAtomic(body: string): string {
  const text = body.trim();
  if (text.startsWith('RETURN ')) return `SELECT ${text.slice('RETURN '.length)}`;
  const inside = /^BEGIN ATOMIC\s(.*)\sEND$/s.exec(text)?.[1];
  return inside ?? body;
}

/** Null unless all of the text is queries. */
function queriesOf(text: string): readonly Statement[] | null {
  const analysis = analyze(text, LIMITS);
  if (analysis.kind === 'unreadable' || !analysis.statements.every(onlyReads)) return null;
  return locks(text) ? null : analysis.statements;
}

function onlyReads(statement: Statement): boolean {
  return (
    statement.command === 'select' &&
    statement.actions.every(({ action }) => action === 'read') &&
    statement.relations.every(({ access }) => access === 'read') &&
    statement.sinks.length === 0 &&
    statement.settings.length === 0 &&
    statement.effect.kind === 'none' &&
    !statement.storesWhatItReads &&
    statement.functions.every(({ schema, name }) => leavesNothing(schema, name)) &&
    // `x.nextval` is a call
    [...statement.mentions.columns].every((name) => leavesNothing(null, name))
  );
}

/** PostgreSQL's own that change what others see, besides those that are dangerous in any case. */
const LASTING: ReadonlySet<string> = new Set([
  'nextval',
  'setval',
  'set_config',
  'setseed',
  'txid_current',
  'pg_current_xact_id',
  'pg_export_snapshot',
  'pg_sleep',
]);

function leavesNothing(schema: string | null, name: string): boolean {
  return !LASTING.has(name) && dangerOf(schema, name) === null;
}

/** FOR UPDATE and its kind, anywhere in the text. */
function locks(text: string): boolean {
  const parsed = parseText(text, Buffer.byteLength(text));
  return parsed.kind === 'unreadable' || holdsKey(parsed.statements, 'lockingClause');
}

function holdsKey(tree: unknown, key: string): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  return Object.entries(tree).some(([own, value]) => own === key || holdsKey(value, key));
}

/** Null where the text cannot be scanned, or has names that are written in escapes. */
function wordsOf(definition: string): ReadonlySet<string> | null {
  const words = new Set<string>();
  const waiting = [definition];
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    const tokens = tokensOf(text);
    if (tokens === null) return null;
    for (const { text: token } of tokens) {
      if (/^u&"/i.test(token)) return null;
      if (token.startsWith('"')) words.add(token.slice(1, -1).replaceAll('""', '"').toLowerCase());
      else if (/^[\p{L}_]/u.test(token)) words.add(token.toLowerCase());
      const body = /^(\$[^$]*\$)(.*)\1$/s.exec(token)?.[2];
      if (body !== undefined) waiting.push(body);
    }
  }
  return words;
}
