/**
 * Rules about how many rows come back. Nothing is known of that before they do, so they say nothing of the
 * verdict: they are limits that the session counts against while rows pass.
 */
import type { ActionFinding, Effect, Statement } from '../sql/statement.ts';
import { fits, fitsWho, type Circumstances } from './conditions.ts';
import type { Rule, RuleSet } from './rules.ts';

/** What `rule` lets pass; `rows` of one statement, or of all that the agent reads within an hour. */
export type RowLimit = {
  readonly rule: Rule;
  readonly rows: number;
  readonly per: 'statement' | 'hour';
};

export const NO_ROW_LIMITS: readonly RowLimit[] = [];

/** The limit that a rule sets; null for a rule that says nothing of rows. */
export function rowLimitOf(rule: Rule): RowLimit | null {
  const { rowsOver, rowsPerHourOver } = rule.when;
  if (rowsOver !== undefined) return { rule, rows: rowsOver, per: 'statement' };
  return rowsPerHourOver === undefined ? null : { rule, rows: rowsPerHourOver, per: 'hour' };
}

export function limitsRowsByHour({ rules }: RuleSet): boolean {
  return rules.some(({ when }) => when.rowsPerHourOver !== undefined);
}

/** Limits on the rows of one statement. */
export function rowLimitsFor(
  statement: Statement,
  rules: readonly Rule[],
  circumstances: Circumstances,
): readonly RowLimit[] {
  if (GIVING_NONE.has(statement.effect.kind)) return NO_ROW_LIMITS;
  return limits(rules, (rule) =>
    findingsOf(statement).some((finding) => {
      const { command, relations } = statement;
      return fits(rule.when, { finding, statementCommand: command, relations }, circumstances);
    }),
  );
}

/** Limits on rows of which nobody knows where they come from: of every rule about this agent. */
export function rowLimitsForUnknown(
  rules: readonly Rule[],
  circumstances: Circumstances,
): readonly RowLimit[] {
  return limits(rules, (rule) => fitsWho(rule.when, circumstances));
}

/** `limits` without what an earlier one says already. */
export function distinctLimits(all: readonly RowLimit[]): readonly RowLimit[] {
  return all.filter(({ rule }, i) => all.findIndex((one) => one.rule === rule) === i);
}

/** For people. */
export function describeLimit({ rule, rows, per }: RowLimit): string {
  const what = per === 'statement' ? 'rows' : 'rows within an hour, with those of other such statements,';
  return `after ${rows} ${what} ${rule.then}, by rule "${rule.name}"`;
}

function limits(rules: readonly Rule[], fitting: (rule: Rule) => boolean): readonly RowLimit[] {
  const found: RowLimit[] = [];
  for (const rule of rules) {
    const limit = rowLimitOf(rule);
    if (limit !== null && fitting(rule)) found.push(limit);
  }
  return found.length === 0 ? NO_ROW_LIMITS : found;
}

/** Statements that never give a row, by what they do to the session. */
const GIVING_NONE: ReadonlySet<Effect['kind']> = new Set([
  'transaction',
  'set',
  'prepare',
  'deallocate',
  'declare',
  'close',
  'discard',
  'copy-in',
]);

/** Whatever gives rows reads, a write with RETURNING too; COPY is an export, whatever it reads. */
function findingsOf({ actions, command, effect }: Statement): readonly ActionFinding[] {
  if (effect.kind === 'copy-out') return actions.filter(({ action }) => action !== 'read');
  if (actions.some(({ action }) => action === 'read')) return actions;
  return [...actions, { action: 'read', destructive: false, command, reason: 'gives rows' }];
}
