/**
 * A client's CancelRequest: what is held is withdrawn, anything else is cancelled at the upstream.
 *
 * Invariant: a cancel is for what its session had sent before it. The server forgets one that finds nothing running,
 * so it must not get there first; and it must not meet a statement that came after those it was for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withdraw } from './holding.ts';
import type { SessionState } from './state.ts';

/** How often a cancel looks whether its statement has been sent, and for how long, in milliseconds. */
const CHECK_MS = 5;
const WAIT_MS = 30_000;
/** A server gets so long to take up what was sent before a cancel follows, in milliseconds. People do not notice it. */
const TAKE_UP_MS = 50;

/** @param waiting whether the client's next statement waits for Postern */
export async function cancel(
  session: SessionState,
  waiting: () => boolean,
  cancelUpstream: () => Promise<void>,
): Promise<void> {
  await sentOrHeld(session, waiting);
  if (await withdraw(session, 'the agent cancelled it')) return;
  if (await takenUp(session)) await cancelUpstream();
}

/**
 * While a statement waits for Postern alone (for the catalog, say), a cancel sent on would meet a server
 * with nothing to cancel, and the statement would run after all. So the cancel waits for it.
 */
async function sentOrHeld(session: SessionState, waiting: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + WAIT_MS;
  while (waiting() && session.replies.size === 0 && !session.asking && !session.closed) {
    if (performance.now() > giveUpAt) return;
    await sleep(CHECK_MS);
  }
}

/**
 * Waits until the server has had the time to begin what was sent.
 * @returns false where all of that has been answered meanwhile, so that a cancel would hit what came after it
 */
async function takenUp(session: SessionState): Promise<boolean> {
  const { replies } = session;
  const { pushed } = replies;
  const left = session.parts.toUpstream.wroteAtMs + TAKE_UP_MS - performance.now();
  if (replies.size === 0 || left <= 0) return true;
  await sleep(left);
  return replies.answered < pushed && !session.closed;
}
