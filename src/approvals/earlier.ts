/** What an agent asked before: the request that a statement sent again refers to, and counts for people. */
import { HISTORY_MS } from './limits.ts';
import type { History, Request, RequestState } from './request.ts';
import type { RequestStore } from './store.ts';

/** Approved once more, for what was not before may have been pending then, and not be any more. */
const BY_USE: readonly RequestState[] = ['approved', 'pending', 'approved', 'denied'];

/** As `Approvals.earlier`. @param isOver whether its time is over or it is dying, whatever the store says of it yet */
export async function earlierRequest(
  store: RequestStore,
  agent: string,
  binding: string,
  isOver: (request: Request) => boolean,
): Promise<Request | null> {
  for (const state of BY_USE) {
    const found = await store.findReturned(agent, binding, state);
    if (found !== null && !isOver(found)) return found;
  }
  return null;
}

export function historyOf(store: RequestStore, agent: string, now: Date): Promise<History> {
  return store.recent(agent, now.getTime() - HISTORY_MS);
}
