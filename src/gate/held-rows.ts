/**
 * A statement that has met limits on its rows, as a hold: what it did so far is done, and what is asked for is
 * the rest of its rows. Its grant is bound to the limits as well, so that it fits no hold of the whole statement,
 * nor the other way round (I4).
 */
import type { NewRequest } from '../approvals/request.ts';
import { holdTermsOf } from '../policy/hold-terms.ts';
import type { Cause } from '../policy/judgement.ts';
import type { RowLimit } from '../policy/row-limits.ts';
import type { Judged } from './judge.ts';

/** How many rows of a statement (of a portal: since it was bound) went to the client, and what stops the next. */
export type RowsMet = { readonly rows: number; readonly limits: readonly RowLimit[] };

/** What was judged, with the limits it met as its only causes. A `deny` among them denies. */
export function heldForRows(judged: Judged, { rows, limits }: RowsMet): Judged {
  const denying = limits.filter(({ rule }) => rule.then === 'deny');
  const causes = (denying.length > 0 ? denying : limits).map((limit): Cause => ({
    verdict: limit.rule.then,
    rule: limit.rule.name,
    action: 'export',
    reason: reasonFor(rows, limit),
  }));
  const actions = [...new Set([...judged.facts.actions, 'export'])];
  return {
    ...judged,
    facts: { ...judged.facts, actions, rules: causes.map(({ rule }) => rule) },
    judgement: {
      ...judged.judgement,
      causes,
      verdict: denying.length > 0 ? 'deny' : 'hold',
      hold: denying.length > 0 ? null : holdTermsOf(limits.map(({ rule }) => rule)),
    },
  };
}

/** What a request says is to be done. */
export function rowActions({ rows, limits }: RowsMet): NewRequest['actions'] {
  return limits.map((limit) => ({
    action: 'export',
    command: 'more rows',
    reason: reasonFor(rows, limit),
  }));
}

/** Sorted, for a binding. */
export function rowBinding({ limits }: RowsMet): readonly string[] {
  return limits.map(({ rule, rows, per }) => `${per}:${rows}:${rule.name}`).toSorted();
}

function reasonFor(rows: number, { rule, rows: allowed, per }: RowLimit): string {
  const more = rule.then === 'deny' ? 'no more may pass' : 'more need approval';
  return per === 'statement'
    ? `it has given ${rows} rows: after ${allowed} ${more}`
    : `it has given ${rows} rows, and the agent has had its ${allowed} of this hour: ${more}`;
}
