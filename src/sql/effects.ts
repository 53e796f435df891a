/** What a statement does to the session's own state, for the registry that follows it. */
import { copyOptions } from './copy-options.ts';
import { transactionWords } from './command-names.ts';
import { setEffect } from './set-statement.ts';
import type { CopyOutSource, Effect, Statement } from './statement.ts';
import { textAfter, textInParentheses } from './tokens.ts';
import { as, namesOf, tagOf, type BodyOf, type Node } from './tree.ts';

const NONE: Effect = { kind: 'none' };

/** Reads a statement that stands inside another; `text` is its own text. */
export type ReadInner = (node: Node | undefined, text: string) => Statement;

const DISCARDS = new Map<string, 'all' | 'plans' | 'sequences' | 'temp'>([
  ['DISCARD_PLANS', 'plans'],
  ['DISCARD_SEQUENCES', 'sequences'],
  ['DISCARD_TEMP', 'temp'],
]);

export function effectOf(node: Node | undefined, text: string, readInner: ReadInner): Effect {
  switch (tagOf(node)) {
    case 'PrepareStmt': {
      const body = as('PrepareStmt', node);
      return {
        kind: 'prepare',
        name: body?.name ?? '',
        inner: readInner(body?.query, textAfter(text, 'as')),
      };
    }
    case 'DeclareCursorStmt': {
      const body = as('DeclareCursorStmt', node);
      return {
        kind: 'declare',
        name: body?.portalname ?? '',
        inner: readInner(body?.query, textAfter(text, 'for')),
      };
    }
    case 'ExecuteStmt':
      return { kind: 'execute', name: as('ExecuteStmt', node)?.name ?? '' };
    case 'ExplainStmt':
      return executeWithin(as('ExplainStmt', node)?.query);
    case 'CreateTableAsStmt':
      return executeWithin(as('CreateTableAsStmt', node)?.query);
    case 'DeallocateStmt':
      return { kind: 'deallocate', name: as('DeallocateStmt', node)?.name ?? null };
    case 'FetchStmt':
      return { kind: 'fetch', name: as('FetchStmt', node)?.portalname ?? '' };
    case 'ClosePortalStmt':
      return { kind: 'close', name: as('ClosePortalStmt', node)?.portalname ?? null };
    case 'DiscardStmt':
      return { kind: 'discard', what: DISCARDS.get(as('DiscardStmt', node)?.target ?? '') ?? 'all' };
    case 'TransactionStmt':
      return transactionEffect(as('TransactionStmt', node));
    case 'VariableSetStmt':
      return setEffect(as('VariableSetStmt', node) as BodyOf<'VariableSetStmt'>);
    case 'CopyStmt':
      return copyEffect(as('CopyStmt', node) as BodyOf<'CopyStmt'>, text);
    default:
      return NONE;
  }
}

function transactionEffect(body: BodyOf<'TransactionStmt'> | undefined): Effect {
  const verb = transactionWords(body?.kind);
  const savepoint = body?.savepoint_name ?? '';
  return savepoint === '' ? { kind: 'transaction', verb } : { kind: 'transaction', verb, savepoint };
}

/** EXPLAIN and CREATE TABLE AS may run a prepared statement. */
function executeWithin(node: Node | undefined): Effect {
  const execute = as('ExecuteStmt', node);
  if (execute !== undefined) return { kind: 'execute', name: execute.name ?? '' };
  const inner = as('CreateTableAsStmt', node);
  return inner === undefined ? NONE : executeWithin(inner.query);
}

/** Only STDIN and STDOUT put the connection into COPY mode. */
function copyEffect(body: BodyOf<'CopyStmt'>, text: string): Effect {
  if (body.filename !== undefined || body.is_program === true) return NONE;
  if (body.is_from === true) return { kind: 'copy-in' };
  return { kind: 'copy-out', options: copyOptions(body.options), source: copySource(body, text) };
}

function copySource(body: BodyOf<'CopyStmt'>, text: string): CopyOutSource {
  if (body.relation === undefined) return { kind: 'query', text: textInParentheses(text) };
  const relation = {
    schema: body.relation.schemaname ?? null,
    name: body.relation.relname ?? '',
    access: 'read',
  } as const;
  return { kind: 'table', relation, columns: body.attlist === undefined ? null : namesOf(body.attlist) };
}
