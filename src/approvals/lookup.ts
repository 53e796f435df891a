import { PosternError } from '../errors.ts';
import { isWholeId, newRequestId, readId } from './id.ts';
import { MAX_ID_ATTEMPTS } from './limits.ts';
import type { AgentStore, RequestStore, Stored } from './store.ts';

/** Characters of what somebody typed that an error repeats. */
const MAX_ECHOED_CHARACTERS = 40;

/** What is said of an id that nothing has. */
export function noSuchRequest(typed: string): PosternError {
  return new PosternError('not-found', { what: 'request', name: typed.slice(0, MAX_ECHOED_CHARACTERS) });
}

/** The request with this id, or the only one whose id begins so. @throws PosternError `not-found`, `ambiguous-id` */
export async function findRequest(store: RequestStore, typed: string): Promise<Stored> {
  const read = readId(typed);
  if (read === null) throw noSuchRequest(typed);
  const ids = isWholeId(read) ? [read] : await store.idsLike(read, 2);
  if (ids.length > 1) {
    throw new PosternError('ambiguous-id', { what: 'request', name: typed.slice(0, MAX_ECHOED_CHARACTERS) });
  }
  const stored = ids[0] === undefined ? null : await store.find(ids[0]);
  if (stored === null) throw noSuchRequest(typed);
  return stored;
}

/** One that no request has. @throws PosternError `store-unavailable` */
export async function freeRequestId(store: RequestStore): Promise<string> {
  for (let attempt = 0; attempt < MAX_ID_ATTEMPTS; attempt += 1) {
    const id = newRequestId();
    if ((await store.find(id)) === null) return id;
  }
  throw new PosternError('store-unavailable', { reason: 'no id is free' });
}

/** Nobody asks or grants for one that is disabled. @throws PosternError `agent-disabled`, `store-unavailable` */
export async function checkEnabled(agents: AgentStore, agent: string): Promise<void> {
  if ((await agents.find(agent))?.disabled === true) throw new PosternError('agent-disabled', { agent });
}
