/**
 * The state machine of a request, pure: `pending → approved | denied | expired | withdrawn`,
 * `approved → spent | lapsed`. Everything else is final. Says who may decide and what a decision leads to;
 * stores nothing, records nothing, and knows the time only as it is told.
 */
import { PosternError } from '../errors.ts';
import { MAX_REASON_CHARACTERS } from './limits.ts';
import type { Answer, Approver, Decision, Request, RequestState, Requirement } from './request.ts';

const NEXT: Readonly<Record<RequestState, readonly RequestState[]>> = {
  pending: ['approved', 'denied', 'expired', 'withdrawn'],
  approved: ['spent', 'lapsed'],
  denied: [],
  expired: [],
  withdrawn: [],
  spent: [],
  lapsed: [],
};

export function mayMove(from: RequestState, to: RequestState): boolean {
  return NEXT[from].includes(to);
}

export function isFinal(state: RequestState): boolean {
  return NEXT[state].length === 0;
}

/** Where a request goes when its time is up or it is withdrawn; null if it is final already. */
export function endingOf(state: RequestState, why: 'expired' | 'withdrawn'): RequestState | null {
  switch (state) {
    case 'pending':
      return why;
    case 'approved':
      return 'lapsed';
    case 'denied':
    case 'expired':
    case 'withdrawn':
    case 'spent':
    case 'lapsed':
      return null;
  }
}

/**
 * People are the same if their names differ in case, compatibility form or surrounding space only, and their
 * addresses also if they differ in a `+tag`: mail to both reaches one person (RFC 5233).
 */
export function personKey(name: string): string {
  const plain = name.normalize('NFKC').trim().toLowerCase();
  return plain.replace(/^([^+@]+)\+[^@]*@/, '$1@');
}

/** What must be met. Requests from before there were requirements said it by groups and one number. */
export function requirementsOf(request: Request): readonly Requirement[] {
  const { requirements, approverGroups, quorum } = request;
  if (requirements !== undefined && requirements.length > 0) return requirements;
  const ofGroups = approverGroups.map((approvers) => ({ rule: '', approvers, quorum: 1, escalateTo: [] }));
  return [...ofGroups, { rule: '', approvers: [], quorum, escalateTo: [] }];
}

/** Groups whose members may decide now; empty when any approver will do. A rule without groups adds none of
 * its own: it must not open a request to everybody that another rule keeps for some. */
function wantedGroups(request: Request): readonly string[] {
  const named = requirementsOf(request).filter((one) => one.approvers.length > 0);
  return [...new Set(named.flatMap((one) => groupsOf(one, isEscalated(request))))];
}

/** An escalation widens the requirement that asks for it and no other. */
function groupsOf({ approvers, escalateTo }: Requirement, escalated: boolean): readonly string[] {
  return escalated ? [...approvers, ...escalateTo] : approvers;
}

export function isEscalated(request: Request): boolean {
  return typeof request.escalatedAt === 'string';
}

/** Who escalates a request before its time, and where they say so. */
export type Escalator = {
  readonly approver: Approver;
  readonly reason: string;
  readonly channel: Decision['channel'];
};

/** @throws PosternError `bad-input` where there is nobody to escalate to, or it is escalated already */
export function checkEscalation(request: Request): void {
  const { id, escalation } = request;
  if (escalation === undefined || escalation === null || escalation.to.length === 0)
    throw new PosternError('bad-input', { reason: `no rule says to whom request ${id} could be escalated` });
  if (isEscalated(request))
    throw new PosternError('bad-input', { reason: `request ${id} is escalated already` });
}

/**
 * Checks that this person may give this answer now (I5).
 * @throws PosternError `self-approval`, `not-permitted`
 */
export function checkApprover(request: Request, approver: Approver, decision: Answer): void {
  const { id } = request;
  const person = personKey(approver.name);
  if (person === '')
    throw new PosternError('not-permitted', {
      who: 'somebody without a name',
      what: `decide request ${id}`,
      role: 'approver',
    });
  const refuse = (reason: string): PosternError =>
    new PosternError('self-approval', { approver: approver.name, id, reason });
  const known = [person, ...(approver.aliases ?? []).map(personKey)];
  if (known.includes(personKey(request.agent))) throw refuse('they are the agent that asks');
  if (known.includes(personKey(request.owner))) throw refuse('they own the agent that asks');
  const wanted = wantedGroups(request);
  if (wanted.length > 0 && !isMember(approver.groups, wanted)) {
    const names = wanted.join(', ');
    throw new PosternError('not-permitted', {
      who: approver.name,
      what: `decide request ${id}`,
      role: `approver in one of these groups: ${names}`,
    });
  }
  if (
    decision === 'approve' &&
    request.decisions.some((d) => d.decision === 'approve' && known.includes(personKey(d.approver)))
  ) {
    throw refuse('they have approved it already, and a quorum counts distinct people');
  }
}

/** One approval as it counts: the person's groups are those they had when they gave it. */
export type Approval = { readonly person: string; readonly groups: readonly string[] };

/**
 * The state after a decision. A denial ends the request at once. Approvals add up until every requirement has
 * as many distinct people as its quorum; one person counts for each whose groups they are in, once.
 */
export function stateAfter(
  request: Request,
  decision: Decision['decision'],
  approvals: readonly Approval[],
): RequestState {
  if (decision === 'deny') return 'denied';
  const met = requirementsOf(request).every((requirement) => {
    const groups = groupsOf(requirement, isEscalated(request));
    const counts = ({ groups: has }: Approval): boolean =>
      requirement.approvers.length === 0 || isMember(has, groups);
    return new Set(approvals.filter(counts).map((one) => one.person)).size >= requirement.quorum;
  });
  return met ? 'approved' : 'pending';
}

function isMember(has: readonly string[], wanted: readonly string[]): boolean {
  return wanted.some((group) => has.includes(group));
}

// Control and bidirectional characters, line separators and lone surrogates: they can make a trail or a
// page show something else than what was written. Tabs and newlines are control characters too.
const UNSAFE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** The reason, trimmed. @throws PosternError `bad-input` */
export function readReason(reason: string): string {
  const trimmed = reason.trim();
  if (!VISIBLE.test(trimmed)) throw new PosternError('bad-input', { reason: 'a decision needs a reason' });
  if (trimmed.length > MAX_REASON_CHARACTERS) {
    throw new PosternError('bad-input', {
      reason: `the reason is longer than ${MAX_REASON_CHARACTERS} characters`,
    });
  }
  if (UNSAFE.test(trimmed)) {
    throw new PosternError('bad-input', {
      reason: 'the reason has control characters; write it on one line',
    });
  }
  return trimmed;
}
