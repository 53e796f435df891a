/**
 * What anybody outside the house is told of a request: the API's callers and the receivers of webhooks. Named member by
 * member, so that a new one is never shown by accident.
 */
import type { Request } from './request.ts';
import { requirementsOf } from './transitions.ts';

/** What requests from before there was any lack. */
type Explicit = 'requirements' | 'escalation' | 'escalatedAt' | 'rowsSoFar';

/**
 * Without `binding`: it is a hash over the SQL with its literals, and whoever knows all but a short literal
 * could try them out against it (I8).
 */
export type RequestFacts = Omit<Request, 'binding' | 'sessionId' | 'expiresMs' | Explicit> &
  Required<Pick<Request, Exclude<Explicit, 'rowsSoFar'>>> & {
    /** Null: nothing of it has run. */
    readonly rowsSoFar: number | null;
  };

export function requestFacts(request: Request): RequestFacts {
  return {
    id: request.id,
    state: request.state,
    createdAt: request.createdAt,
    expiresAt: request.expiresAt,
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
    mode: request.mode,
    waitMs: request.waitMs,
    unmask: request.unmask,
    estimate: request.estimate,
    locks: request.locks,
    history: request.history,
    decisions: request.decisions,
  };
}
