import { PosternError } from '../errors.ts';
import type { AuditEvent } from '../audit/event.ts';
import { MAX_EXPIRES_MS, MAX_QUORUM } from './limits.ts';
import type { History, NewRequest, Outcome, Request } from './request.ts';
import type { Stored } from './store.ts';

/** Refuses a request that could never be decided, or never end. @throws PosternError `bad-input` */
export function checkNewRequest(request: NewRequest): void {
  const bad = (reason: string): PosternError => new PosternError('bad-input', { reason });
  if (!Number.isSafeInteger(request.quorum) || request.quorum < 1 || request.quorum > MAX_QUORUM) {
    throw bad(`a request's quorum must be between 1 and ${MAX_QUORUM}`);
  }
  if (
    !Number.isSafeInteger(request.expiresMs) ||
    request.expiresMs < 1 ||
    request.expiresMs > MAX_EXPIRES_MS
  ) {
    throw bad(`a request must expire after 1 to ${MAX_EXPIRES_MS} ms`);
  }
  for (const { quorum, approvers } of request.requirements ?? []) {
    if (!Number.isSafeInteger(quorum) || quorum < 1 || quorum > MAX_QUORUM || approvers.includes(''))
      throw bad(`each requirement of a request is 1 to ${MAX_QUORUM} people of groups with names`);
  }
  if (!/^[0-9a-f]{64}$/.test(request.binding)) throw bad('a request must be bound to what it is for');
}

/** The pending request that `asked` becomes. Only the fields of the contract are taken over. */
export function newRequest(asked: NewRequest, id: string, createdAt: Date, history: History): Request {
  return {
    ...structuredClone(asked),
    id,
    state: 'pending',
    createdAt: createdAt.toISOString(),
    expiresAt: new Date(createdAt.getTime() + asked.expiresMs).toISOString(),
    escalatedAt: null,
    decisions: [],
    history,
  };
}

/** What the trail says of a new request: facts without its text and the agent's own words. */
export function createdEvent(request: Request): AuditEvent {
  return {
    kind: 'request_created',
    request_id: request.id,
    binding: request.binding,
    rules_version: request.rulesVersion,
    session_id: request.sessionId,
    agent: request.agent,
    database: request.database,
    fingerprint: request.fingerprint,
    actions: [...new Set(request.actions.map((finding) => finding.action))],
    relations: request.relations,
    rules: request.rules,
    ...(request.unmask.length === 0 ? {} : { unmask: request.unmask }),
    ...(request.rowsSoFar === undefined ? {} : { rows_so_far: request.rowsSoFar }),
  };
}

/** How the wait for a request ended; null while it is pending. */
export function outcomeOf({ request, ending }: Stored): Outcome | null {
  switch (request.state) {
    case 'pending':
      return null;
    case 'approved':
    case 'spent':
      return { kind: 'approved', request };
    case 'denied': {
      const decision = request.decisions.find((d) => d.decision === 'deny');
      if (decision === undefined)
        throw new PosternError('store-unavailable', { reason: `request ${request.id} lacks its denial` });
      return { kind: 'denied', request, decision };
    }
    case 'expired':
      return { kind: 'expired', request };
    case 'withdrawn':
      return { kind: 'withdrawn', request, reason: ending };
    case 'lapsed':
      return ending === '' ? { kind: 'expired', request } : { kind: 'withdrawn', request, reason: ending };
  }
}
