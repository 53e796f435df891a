/**
 * Text → statements: what one message would do, judged by PostgreSQL's own parser and one walk over its tree.
 *
 * Invariant: `analyze` never throws, and anything it cannot fully account for is `unreadable`: a text over
 * a limit, a syntax error, a node without a rule. Non-goals: names' meaning (that needs a catalog), caching,
 * and anything on the hot path but the parse and the walk: token scans happen for PREPARE, DECLARE, COPY.
 */
import { ADMINISTRATION_ACTS } from './actions/administration.ts';
import { DATA_ACTS } from './actions/data.ts';
import { DEFINITION_ACTS } from './actions/definition.ts';
import { SESSION_ACTS } from './actions/session.ts';
import { commandOf } from './command-names.ts';
import { effectOf } from './effects.ts';
import { EXPRESSION_VISITS } from './expression-visits.ts';
import { fingerprintOf } from './fingerprint.ts';
import { parseText } from './parser.ts';
import { type Budget, newBudget, Reading, Unreadable } from './reading.ts';
import { RELATION_VISITS } from './relation-visits.ts';
import type { Analysis, Statement } from './statement.ts';
import { STATEMENT_VISITS } from './statement-visits.ts';
import { byteIndex } from './tokens.ts';
import { tagOf, type Body, type Node } from './tree.ts';
import { createWalk } from './walk.ts';

export { loadParser } from './parser.ts';

export const WALK = createWalk(
  { ...EXPRESSION_VISITS, ...RELATION_VISITS, ...STATEMENT_VISITS },
  { ...DATA_ACTS, ...DEFINITION_ACTS, ...ADMINISTRATION_ACTS, ...SESSION_ACTS },
);

export type AnalyzeLimits = {
  /** Bytes of UTF-8 in one message's text. */
  readonly maxStatementBytes: number;
};

/** Reads the whole text of one message. An empty text holds no statements and is no error. */
export function analyze(text: string, limits: AnalyzeLimits): Analysis {
  try {
    const byteLength = Buffer.byteLength(text);
    if (byteLength > limits.maxStatementBytes) {
      return {
        kind: 'unreadable',
        reason: `it is longer than ${limits.maxStatementBytes} bytes`,
        limit: true,
      };
    }
    const parsed = parseText(text, byteLength);
    if (parsed.kind === 'unreadable') return parsed;
    const budget = newBudget();
    const toIndex = byteIndex(text);
    const statements = parsed.statements.map(({ stmt, stmt_location = 0, stmt_len = 0 }) => {
      const from = toIndex(stmt_location);
      const to = stmt_len === 0 ? text.length : toIndex(stmt_location + stmt_len);
      return read(stmt, text.slice(from, to).trim(), budget);
    });
    return { kind: 'parsed', statements, trees: parsed.statements.map(({ stmt }) => stmt as Node) };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: 'unreadable', reason: error.message, limit: error.limit };
    if (error instanceof RangeError) {
      return { kind: 'unreadable', reason: 'the statement is nested too deeply', limit: true };
    }
    return { kind: 'unreadable', reason: 'Postern failed to read the statement', limit: false };
  }
}

function read(node: Node | undefined, text: string, budget: Budget): Statement {
  const tag = tagOf(node);
  if (tag === null || node === undefined) throw new Unreadable('it holds an empty statement', false);
  const body = Object.values(node)[0] as Body;
  const command = commandOf(tag, body);
  const reading = new Reading(budget);
  reading.top = body;
  WALK.node(node, reading, null);
  if (!WALK.hasAct(tag))
    reading.find('unknown', command, `${command.toUpperCase()} is a command without a rule`);
  return {
    text,
    command,
    actions: reading.findings,
    relations: [...reading.relations.values()],
    functions: [...reading.functions.values()],
    operators: [...reading.operators.values()],
    types: [...reading.types.values()],
    mentions: {
      columns: reading.columns,
      star: reading.readsWholeRows(),
      wholeRows: reading.renamesColumns(),
    },
    storesWhatItReads: reading.storesWhatItReads,
    sinks: [...reading.sinks],
    settings: reading.settings,
    effect: effectOf(node, text, (inner, innerText) => read(inner, innerText, budget)),
    fingerprint: fingerprintOf(node),
  };
}
