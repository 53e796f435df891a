/**
 * A held statement's wait: settle what went before, ask, tell the client, and wait for the answer while
 * cancel and disconnect stay possible. Nothing of the held statement has been sent when this begins, and
 * the permit it returns exists only once the grant is spent.
 */
import { PosternError } from '../errors.ts';
import { heldForRows, type RowsMet } from '../gate/held-rows.ts';
import type { Judged } from '../gate/judge.ts';
import type { Permit } from '../gate/permit.ts';
import { encodeFlush, encodeSync } from '../wire/client/bare.ts';
import { holdNotice } from './messages.ts';
import { OWN, returnsHolds, sessionReason } from './own-settings.ts';
import type { Reply } from './replies.ts';
import type { SessionState } from './state.ts';

const NO_PARAMETERS = new Uint8Array(0);

/** What went before failed, so the server would have skipped this statement too. */
export class Skipped extends Error {}

/**
 * Waits until every message sent upstream has been answered.
 * A Flush makes the server answer what was sent without a Sync.
 */
export async function drain(session: SessionState): Promise<void> {
  if (session.replies.size === 0) return;
  const { gate, toUpstream } = session.parts;
  toUpstream.send(gate.passage(), encodeFlush());
  toUpstream.flush();
  await session.replies.drained();
}

/**
 * Ends an implicit transaction that did no work, so that nothing stays open upstream during a hold. The
 * answer to this Sync is Postern's own.
 */
export async function closeIdleImplicit(session: SessionState): Promise<void> {
  if (!session.implicitOpen || session.implicitWork || session.transaction !== 'I') return;
  // A portal that waits to be executed would end with it.
  const kept = new Set(session.withheld.map(({ reply }) => (reply.kind === 'bind' ? reply.portal : null)));
  if (session.names.portalsSince(session.batch).some((portal) => !kept.has(portal))) return;
  const { gate, toUpstream } = session.parts;
  toUpstream.send(gate.passage(), encodeSync());
  // The client's own batch goes on: what it kept back is not ended by this.
  session.replies.push(
    { kind: 'sync', swallow: true, ignoredIfCopyIn: null, epoch: session.batch },
    session.dirty,
  );
  session.implicitOpen = false;
  toUpstream.flush();
  await session.replies.drained();
}

/**
 * Holds one execution until it is decided.
 * @throws PosternError the refusal the client should see; Skipped when the pipeline failed before it
 */
export async function holdFor(
  session: SessionState,
  judged: Judged,
  parameters: Uint8Array = NO_PARAMETERS,
): Promise<Permit> {
  session.asking = true;
  session.withdrawAsked = null;
  try {
    const inTransaction = session.transaction !== 'I' || session.implicitWork;
    const permit = await ask(session, judged, parameters, inTransaction);
    if (judged.shown !== undefined) session.settings.consume(OWN.unmask);
    return permit;
  } catch (error) {
    // Asked and answered: what follows is not about these columns.
    if (judged.shown !== undefined && error instanceof PosternError && error.code === 'request-denied')
      session.settings.consume(OWN.unmask);
    throw error;
  } finally {
    session.asking = false;
    session.holding = null;
  }
}

/**
 * Asks for the rows behind those that `head`, which runs, has given; resolves when the grant for them is spent.
 * @throws PosternError why they may not pass
 */
export async function askForRows(
  session: SessionState,
  head: Extract<Reply, { kind: 'query' | 'execute' }>,
  met: RowsMet,
): Promise<void> {
  const { gate } = session.parts;
  const judged = heldForRows(head.judged, met);
  if (judged.judgement.verdict === 'deny') throw gate.refusal(judged);
  session.asking = true;
  session.withdrawAsked = null;
  try {
    const parameters = head.kind === 'execute' ? head.portal.parameters : NO_PARAMETERS;
    // Outside a block it is a transaction of its own, for which a rule may give all the time it wants.
    const permit = await ask(session, judged, parameters, session.transaction !== 'I', met);
    permit.spend();
  } finally {
    session.asking = false;
    session.holding = null;
  }
}

async function ask(
  session: SessionState,
  judged: Judged,
  parameters: Uint8Array,
  inTransaction: boolean,
  met?: RowsMet,
): Promise<Permit> {
  const { gate, limits, toClient } = session.parts;
  const hold = await gate.hold(judged, {
    parameters,
    inTransaction,
    sessionReason: sessionReason(session.settings),
    returns: returnsHolds(session.settings),
    settings: session.settings.fingerprint,
    maxWaitMs: inTransaction ? limits.maxHoldInTransactionMs : Number.MAX_SAFE_INTEGER,
    ...(met === undefined ? {} : { met }),
  });
  session.holding = { requestId: hold.request.id, inTransaction };
  const gone = session.closed ? 'the client disconnected' : session.withdrawAsked;
  if (gone !== null) await gate.withdraw(hold.request.id, gone);
  // What was approved before waits for nobody.
  if (hold.request.state === 'pending') {
    toClient.send(holdNotice(hold.request));
    toClient.flush();
  }
  return hold.permit;
}

/**
 * Withdraws what is held, if anything is.
 * @returns whether there was a hold to withdraw
 */
export async function withdraw(session: SessionState, reason: string): Promise<boolean> {
  if (!session.asking) return false;
  session.withdrawAsked = reason;
  const { holding } = session;
  if (holding !== null) await session.parts.gate.withdraw(holding.requestId, reason);
  return true;
}

/** Turns whatever went wrong into a refusal the client can be told. */
export function asRefusal(error: unknown): PosternError {
  if (error instanceof PosternError) return error;
  return new PosternError('internal-error');
}
