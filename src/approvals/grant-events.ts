/** What the trail says of a grant's beginning and end. */
import type { AuditEvent } from '../audit/event.ts';
import type { Grant, GrantState } from './grant.ts';

export function madeEvent(grant: Grant): AuditEvent {
  return {
    kind: 'grant_made',
    grant_id: grant.id,
    agent: grant.agent,
    database: grant.database,
    columns: grant.columns.map((one) => one.name),
    max_rows: grant.maxRows,
    expires_at: grant.expiresAt,
    rules_version: grant.rulesVersion,
    approver: grant.approver,
    channel: grant.channel,
    reason: grant.reason,
  };
}

export function endedEvent(
  { id, agent, database }: Grant,
  to: Exclude<GrantState, 'active'>,
  by: string | null,
  reason: string,
): AuditEvent {
  const about = { grant_id: id, agent, database };
  switch (to) {
    case 'revoked':
      return { kind: 'grant_revoked', ...about, approver: by ?? '', reason };
    case 'expired':
      return { kind: 'grant_expired', ...about };
    case 'exhausted':
      return { kind: 'grant_exhausted', ...about };
    case 'void':
      return { kind: 'grant_voided', ...about, reason };
  }
}
