/** What the API shows of a value of the house. Named member by member, so that a new one is never shown by accident. */
import type { Grant } from '../approvals/grant.ts';
import type { AgentRecord, Request } from '../approvals/request.ts';
import { requirementsOf } from '../approvals/transitions.ts';

/**
 * Without `binding`: it is a hash over the SQL with its literals, and whoever knows all but a short literal
 * could try them out against it (I8).
 */
export type RequestView = Omit<Request, 'binding' | Explicit> &
  Required<Pick<Request, Exclude<Explicit, 'rowsSoFar'>>> & {
    /** Null: nothing of it has run. */
    readonly rowsSoFar: number | null;
  };

/** What requests from before there was any lack. */
type Explicit = 'requirements' | 'escalation' | 'escalatedAt' | 'rowsSoFar';

export function requestView(request: Request): RequestView {
  return {
    id: request.id,
    state: request.state,
    createdAt: request.createdAt,
    expiresAt: request.expiresAt,
    sessionId: request.sessionId,
    agent: request.agent,
    owner: request.owner,
    database: request.database,
    environment: request.environment,
    rulesVersion: request.rulesVersion,
    actions: request.actions,
    rules: request.rules,
    fingerprint: request.fingerprint,
    statement: request.statement,
    relations: request.relations,
    maskedColumns: request.maskedColumns,
    inTransaction: request.inTransaction,
    rowsSoFar: request.rowsSoFar ?? null,
    statedReason: request.statedReason,
    requirements: requirementsOf(request),
    escalation: request.escalation ?? null,
    escalatedAt: request.escalatedAt ?? null,
    approverGroups: request.approverGroups,
    quorum: request.quorum,
    expiresMs: request.expiresMs,
    mode: request.mode,
    waitMs: request.waitMs,
    unmask: request.unmask,
    estimate: request.estimate,
    locks: request.locks,
    history: request.history,
    decisions: request.decisions,
  };
}

export type AgentView = Omit<AgentRecord, 'verifier'>;

export function agentView(agent: AgentRecord): AgentView {
  return {
    name: agent.name,
    owner: agent.owner,
    groups: agent.groups,
    databases: agent.databases,
    login: agent.login,
    disabled: agent.disabled,
    createdAt: agent.createdAt,
  };
}

export type GrantView = Omit<Grant, 'columns'> & { readonly columns: readonly string[] };

export function grantView(grant: Grant): GrantView {
  return {
    id: grant.id,
    state: grant.state,
    createdAt: grant.createdAt,
    expiresAt: grant.expiresAt,
    agent: grant.agent,
    owner: grant.owner,
    database: grant.database,
    environment: grant.environment,
    columns: grant.columns.map((one) => one.name),
    maxRows: grant.maxRows,
    rowsReserved: grant.rowsReserved,
    rowsShown: grant.rowsShown,
    rulesVersion: grant.rulesVersion,
    rules: grant.rules,
    approver: grant.approver,
    channel: grant.channel,
    reason: grant.reason,
    ended: grant.ended,
  };
}
