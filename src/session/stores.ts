/**
 * Statements that store what they read by names, and DDL that gives names another meaning, kept apart where masks are
 * in force. The rows of a read can be masked as they come; what is stored by a definition that nobody judged is
 * stored in the clear.
 *
 * Invariant: what stores is judged as laundering while DDL is open, its own or another session's, and DDL that may
 * redefine a name is not sent while another session stores. Non-goals: DDL by another road or another process.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import { SESSION_LIMITS } from './limits.ts';
import type { Portal } from './names.ts';
import type { SessionState } from './state.ts';

/**
 * The statement as it is to be judged with the DDL there is under way.
 * @param portal that it is executed by: the server has settled its names when it was bound
 */
export function asStored(session: SessionState, judged: Judged, portal: Portal | null): Judged {
  if (!inDoubt(session, judged, portal)) return judged;
  const inTransaction = session.transaction !== 'I' || session.implicitWork;
  return session.parts.gate.judge.judgeInDoubt(judged.text, inTransaction);
}

export function inDoubt(session: SessionState, judged: Judged, portal: Portal | null): boolean {
  if (session.storesInDoubt(judged)) return true;
  const { gate, catalog } = session.parts;
  if (!judged.storesByName || portal === null || !gate.judge.masks.any) return false;
  return portal.boundAt !== undefined && portal.boundAt !== catalog.unread.moment;
}

/**
 * Just before it is sent: DDL may have come up since it was judged.
 * @throws PosternError `definition-in-use`
 */
export function checkStored(session: SessionState, judged: Judged, portal: Portal | null): void {
  if (judged.judgement.verdict !== 'allow') return;
  if (asStored(session, judged, portal).judgement.verdict !== 'allow')
    throw new PosternError('definition-in-use');
}

/** Whether it has to wait until others have stored what they read. Asked again just before it is sent. */
export function mustWait(session: SessionState, judged: Judged): boolean {
  const { gate, catalog } = session.parts;
  if (!judged.redefines || !judged.changesCatalog || !gate.judge.masks.any) return false;
  return catalog.unread.storedBy(session.changing);
}

/**
 * Waits for a while; `mustWait` says whether for long enough.
 * @throws PosternError `definition-in-use` once it has waited for too long since `startedMs` (performance.now())
 */
export async function waitForStores(startedMs: number): Promise<void> {
  if (performance.now() - startedMs > SESSION_LIMITS.maxWaitForStoresMs)
    throw new PosternError('definition-in-use');
  await sleep(SESSION_LIMITS.storesPollMs);
}
