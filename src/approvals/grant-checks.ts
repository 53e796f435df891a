/** What a grant must be and who may make it: pure, but for finding one by its id. */
import { PosternError } from '../errors.ts';
import type { Grant, GrantChannel, GrantStore, NewGrant } from './grant.ts';
import { isWholeId, newRequestId, readId } from './id.ts';
import { MAX_ID_ATTEMPTS } from './limits.ts';
import type { Approver } from './request.ts';
import type { Store } from './store.ts';
import { personKey } from './transitions.ts';

/** Characters of what somebody typed that an error repeats. */
const MAX_ECHOED_CHARACTERS = 40;

/** @throws PosternError `bad-input`, `limit-exceeded` */
export function checkNewGrant(
  { columns, expiresMs, maxRows }: NewGrant,
  limits: { readonly maxMs: number; readonly maxRows: number },
): void {
  const bad = (reason: string): PosternError => new PosternError('bad-input', { reason });
  if (columns.length === 0) throw bad('a grant needs at least one column');
  if (!Number.isSafeInteger(expiresMs) || expiresMs < 1)
    throw bad('a grant needs a time after which it ends');
  if (!Number.isSafeInteger(maxRows) || maxRows < 1) throw bad('a grant needs a number of rows, at least 1');
  if (expiresMs > limits.maxMs)
    throw new PosternError('limit-exceeded', {
      what: `a grant's time of ${expiresMs} ms`,
      limit: limits.maxMs,
    });
  if (maxRows > limits.maxRows)
    throw new PosternError('limit-exceeded', { what: `a grant's ${maxRows} rows`, limit: limits.maxRows });
}

/**
 * One person grants, so each rule that governs must be met by that one.
 * @throws PosternError `self-grant`, `not-permitted`, `grant-needs-request`
 */
export function checkGranter(asked: NewGrant, approver: Approver): void {
  const person = personKey(approver.name);
  const { agent, owner, requirements } = asked;
  const refuse = (reason: string): PosternError =>
    new PosternError('self-grant', { approver: approver.name, agent, reason });
  const known = [person, ...(approver.aliases ?? []).map(personKey)];
  if (person === '' || known.includes(personKey(agent))) throw refuse('they are that agent');
  if (known.includes(personKey(owner))) throw refuse('they own that agent');
  const missing = requirements.find(
    ({ approvers }) => approvers.length > 0 && !approvers.some((group) => approver.groups.includes(group)),
  );
  if (missing !== undefined)
    throw new PosternError('not-permitted', {
      who: approver.name,
      what: `grant this to agent "${agent}"`,
      role: `approver in one of these groups: ${missing.approvers.join(', ')}`,
    });
  const many = requirements.find((one) => one.quorum > 1);
  if (many !== undefined)
    throw new PosternError('grant-needs-request', { rule: many.rule, quorum: many.quorum });
}

export function newGrant(
  asked: NewGrant,
  id: string,
  nowMs: number,
  approver: Approver,
  channel: GrantChannel,
): Grant {
  const { agent, owner, database, environment, columns, rulesVersion, rules, maxRows, reason } = asked;
  return {
    ...structuredClone({ agent, owner, database, environment, columns, rulesVersion, rules }),
    maxRows,
    reason,
    id,
    state: 'active',
    createdAt: new Date(nowMs).toISOString(),
    expiresAt: new Date(nowMs + asked.expiresMs).toISOString(),
    approver: approver.name.trim(),
    channel,
    rowsReserved: 0,
    rowsShown: 0,
    ended: null,
  };
}

/** How it ended, for whoever was using it. */
export function endedWords({ state, ended }: Grant): string {
  if (state === 'revoked') return `${ended?.by ?? 'somebody'} revoked it: ${ended?.reason ?? ''}`;
  return ended?.reason ?? `it is ${state}`;
}

/** The grant with this id, or the only one whose id begins so. @throws PosternError `not-found`, `ambiguous-id` */
export async function findGrant(store: GrantStore, typed: string): Promise<Grant> {
  const name = typed.slice(0, MAX_ECHOED_CHARACTERS);
  const read = readId(typed);
  if (read === null) throw new PosternError('not-found', { what: 'grant', name });
  const ids = isWholeId(read) ? [read] : await store.idsLike(read, 2);
  if (ids.length > 1) throw new PosternError('ambiguous-id', { what: 'grant', name });
  const grant = ids[0] === undefined ? null : await store.find(ids[0]);
  if (grant === null) throw new PosternError('not-found', { what: 'grant', name });
  return grant;
}

/** One that neither a grant nor a request has. @throws PosternError `store-unavailable` */
export async function freeId({ grants, requests }: Pick<Store, 'grants' | 'requests'>): Promise<string> {
  for (let attempt = 0; attempt < MAX_ID_ATTEMPTS; attempt += 1) {
    const id = newRequestId();
    if ((await grants.find(id)) === null && (await requests.find(id)) === null) return id;
  }
  throw new PosternError('store-unavailable', { reason: 'no id is free' });
}
