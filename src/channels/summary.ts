/**
 * A request as people read it in a chat. Invariant: everything that belongs to the decision is there, or
 * `whole` is false and nothing may be decided from it (THREATS 22). Every text is visible and on one line;
 * nobody's markup is applied here. Never row data, and never the binding.
 */
import type { Request } from '../approvals/request.ts';
import { requirementsOf } from '../approvals/transitions.ts';
import { MAX_CUT_CHARS, MAX_SHOWN_CHARS } from './limits.ts';
import { clipped, visible } from './text.ts';

export type Fact = { readonly label: string; readonly value: string };

export type Summary = {
  /** False: the facts are cut, and statement and reason are left out. */
  readonly whole: boolean;
  readonly facts: readonly Fact[];
  readonly statement: string;
  /** The agent's own words. */
  readonly reason: string | null;
};

export function summaryOf(request: Request): Summary {
  const facts = factsOf(request).map(({ label, value }) => ({ label, value: visible(value) }));
  const statement = visible(request.statement);
  const reason = request.statedReason === null ? null : visible(request.statedReason);
  const shown = facts.reduce(
    (sum, fact) => sum + fact.value.length,
    statement.length + (reason?.length ?? 0),
  );
  if (shown <= MAX_SHOWN_CHARS) return { whole: true, facts, statement, reason };
  const cut = facts.map(({ label, value }) => ({ label, value: clipped(value, MAX_CUT_CHARS) }));
  return { whole: false, facts: cut, statement: '', reason: null };
}

/** Why the request cannot be decided in a chat; null where it can. */
export function undecidable(request: Request): string | null {
  return summaryOf(request).whole
    ? null
    : `This request is too long to be shown whole here, so it cannot be decided here. ${elsewhere(request)}`;
}

export function elsewhere({ id }: Request): string {
  return `Read and decide it with: postern show ${id}`;
}

function factsOf(request: Request): Fact[] {
  const { actions, rules, relations, maskedColumns } = request;
  const facts = [
    { label: 'Agent', value: `${request.agent}, owned by ${request.owner}` },
    { label: 'Database', value: `${request.database} (${request.environment})` },
    ...actions.map((one) => ({ label: 'Action', value: `${one.action}, ${one.command}: ${one.reason}` })),
    { label: 'Rules', value: rules.join('; ') },
    { label: 'Relations', value: relations.join(', ') },
    { label: 'Masked columns', value: maskedColumns.join(', ') },
    { label: 'Would see unmasked', value: request.unmask.join(', ') },
    { label: 'Estimate', value: estimateOf(request) },
    { label: 'Would lock', value: request.locks.join(', ') },
    { label: 'Transaction', value: transactionOf(request) },
    { label: 'Approvals', value: approvalsOf(request) },
    { label: 'Escalation', value: escalationOf(request) },
    { label: 'Waits', value: request.mode === 'return' ? 'no: the agent sends the statement again' : '' },
    { label: 'Last 24 hours', value: historyOf(request) },
    { label: 'Expires', value: request.expiresAt },
  ];
  return facts.filter(({ value }) => value !== '');
}

/** Who has approved, and what each rule that holds it demands. */
function approvalsOf(request: Request): string {
  const names = request.decisions.filter((one) => one.decision === 'approve').map((one) => one.approver);
  const demands = requirementsOf(request).map(({ quorum, approvers }) =>
    approvers.length === 0 ? `${quorum} of all approvers` : `${quorum} of ${approvers.join(', ')}`,
  );
  const given = names.length === 0 ? 'none yet' : `by ${names.join(', ')}`;
  return `${given}; needs ${[...new Set(demands)].join(' and ')}`;
}

function escalationOf({ escalation, escalatedAt }: Request): string {
  if (escalation === undefined || escalation === null) return '';
  const to = escalation.to.join(', ');
  if (typeof escalatedAt === 'string') return `since ${escalatedAt}, to ${to}`;
  return escalation.afterMs === null
    ? `to ${to}, if somebody asks for it`
    : `to ${to}, after ${Math.round(escalation.afterMs / MS_PER_SECOND)} seconds`;
}

function transactionOf({ inTransaction, rowsSoFar }: Request): string {
  if (inTransaction) return 'open, and may hold locks';
  return rowsSoFar === undefined ? '' : 'its own: paused, it keeps its snapshot and its locks';
}

function estimateOf({ estimate }: Request): string {
  return estimate === null ? '' : `${estimate.rows} rows, cost ${estimate.cost}, by the planner's guess`;
}

function historyOf({ history }: Request): string {
  const counts = Object.entries(history).map(([state, count]) => `${count} ${state}`);
  return counts.length === 0 ? '' : `requests of this agent: ${counts.join(', ')}`;
}

const MS_PER_SECOND = 1000;

/** How it ended, or null while it is pending. */
export function outcomeLine(request: Request): string | null {
  const last = request.decisions.at(-1);
  const said = last === undefined ? '' : ` by ${last.approver} (${last.channel}): ${last.reason}`;
  switch (request.state) {
    case 'pending':
      return null;
    case 'approved':
      return visible(`Approved${said}`);
    case 'spent':
      return visible(`Approved and used. Approved${said}`);
    case 'lapsed':
      return visible(`Approved, but lapsed unused. Approved${said}`);
    case 'denied':
      return visible(`Denied${said}`);
    case 'expired':
      return 'Expired: nobody decided it in time';
    case 'withdrawn':
      return 'Withdrawn by the agent, or by the end of its session';
  }
}
