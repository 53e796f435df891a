/** What the API shows of a value of the house. Named member by member, so that a new one is never shown by accident. */
import type { Grant } from '../approvals/grant.ts';
import type { AgentRecord, Request } from '../approvals/request.ts';
import { requestFacts, type RequestFacts } from '../approvals/request-facts.ts';

export type RequestView = RequestFacts & Pick<Request, 'sessionId' | 'expiresMs'>;

export function requestView(request: Request): RequestView {
  return { ...requestFacts(request), sessionId: request.sessionId, expiresMs: request.expiresMs };
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
