/**
 * The extended protocol, as the client sends it: Parse, Bind, Describe, Execute, Close, Flush, Sync.
 *
 * A statement is judged when it is parsed, bound and executed, for what a name means may have changed in
 * between. Messages of a statement that will be held are kept back until it is executed, so that nothing
 * of it reaches the database before approval; only preparing it (Parse and Describe, then Sync) goes
 * ahead, for that does nothing and the client needs the answer.
 *
 * Non-goal: what the server answers (`upstream-side.ts`).
 */
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import { decodeBind, type Bind } from '../wire/client/bind.ts';
import { decodeClose } from '../wire/client/close.ts';
import { decodeDescribe } from '../wire/client/describe.ts';
import { decodeParse, encodeParse } from '../wire/client/parse.ts';
import { settleCatalog } from './catalog-freshness.ts';
import { scopeNow } from './expand.ts';
import { FAILING_STATEMENT } from './failing-statement.ts';
import { asRefusal, drain, Skipped } from './holding.ts';
import { refusalMessage } from './messages.ts';
import { SESSION_LIMITS } from './limits.ts';
import type { Portal, Prepared } from './names.ts';
import { checkOwnSettings } from './own-settings.ts';
import { showing } from './showing.ts';
import { undo, type Reply } from './replies.ts';
import { pinnedViolation } from './settings.ts';
import type { Frame, SessionState } from './state.ts';
import { writtenBack } from './write-back.ts';

export function onParse(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const { name, sql } = decodeParse(frame.buffer, frame.start, frame.end);
    const judged = session.judge(sql);
    // A second unnamed statement forgets the first, whatever became of it.
    const settled = name === '' || session.settled(session.names.prepared(name));
    const known = !session.unsettledFor(judged) && judged.unknownRelations.length === 0;
    if (settled && known) return parse(session, frame, name, sql, judged);
    return (settled ? Promise.resolve() : drain(session))
      .then(() => (known ? undefined : settleCatalog(session, judged)))
      .then(() => parse(session, frame, name, sql, session.judge(sql)));
  });
}

function parse(session: SessionState, frame: Frame, name: string, sql: string, judged: Judged): void {
  if (session.closed || session.skipping) return;
  const { gate } = session.parts;
  if (judged.judgement.verdict === 'deny') throw gate.refusal(judged);
  const pinned = pinnedViolation(judged.statements);
  if (pinned !== null) {
    gate.refusal(judged, `it changes the pinned setting ${pinned}`);
    throw new PosternError('setting-pinned', { name: pinned });
  }
  checkOwnSettings(judged.statements);
  const { prepared, undo: taken } = session.names.prepare(name, sql, session.sent());
  const reply: Reply = { kind: 'parse', scope: judged.scope, prepared, undo: taken, swallow: false };
  passOrWithhold(session, frame, reply, judged.judgement.verdict === 'hold', false);
}

export function onBind(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const bound = decodeBind(frame.buffer, frame.start, frame.end);
    const prepared = preparedNamed(session, bound.statement);
    if (session.settled(prepared)) return bind(session, frame, bound, prepared);
    return drain(session).then(() => bind(session, frame, bound, preparedNamed(session, bound.statement)));
  });
}

function preparedNamed(session: SessionState, name: string): Prepared {
  const prepared = session.names.prepared(name);
  if (prepared === null) throw new PosternError('unknown-prepared-statement', { name });
  return prepared;
}

function bind(session: SessionState, frame: Frame, bound: Bind, prepared: Prepared): void {
  if (session.closed || session.skipping) return;
  const judged = session.judge(prepared.text);
  const { verdict } = judged.judgement;
  if (verdict === 'deny') throw session.parts.gate.refusal(judged);
  const lost = writtenBack(judged, bound.parameters);
  if (lost !== null)
    throw session.parts.gate.refusal(judged, `would write what a mask shows over the value of ${lost}`);
  const asksToSee = session.settings.asksToSee && showing(session, judged) !== null;
  const held = verdict === 'hold' || asksToSee;
  const portal: Portal = {
    name: bound.portal,
    batch: session.batch + 1,
    prepared,
    // A held execution outlives the chunk, and what is approved must not change under it.
    parameters: held ? Buffer.from(bound.parameters) : bound.parameters,
    scope: judged.scope,
    plan: undefined,
    plannedFor: null,
    describing: 0,
    under: null,
    boundAt: 0,
    plannedAt: null,
    released: false,
    copy: null,
    kept: held,
    shown: null,
    tally: null,
  };
  const taken = session.names.bind(portal);
  const reply: Reply = {
    kind: 'bind',
    scope: judged.scope,
    portal,
    undo: taken,
    dirty: true,
    under: null,
    moment: 0,
  };
  passOrWithhold(session, frame, reply, held, held);
}

export function onDescribe(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const { what, name } = decodeDescribe(frame.buffer, frame.start, frame.end);
    if (what === 'P') return describePortal(session, frame, name);
    const prepared = preparedNamed(session, name);
    if (session.settled(prepared)) return describeStatement(session, frame, prepared);
    return drain(session).then(() => describeStatement(session, frame, preparedNamed(session, name)));
  });
}

function describeStatement(session: SessionState, frame: Frame, prepared: Prepared): void {
  if (session.closed || session.skipping) return;
  const { scope } = session.judge(prepared.text);
  const reply: Reply = { kind: 'describe', scope, portal: null, prepared, swallow: false, witness: null };
  passOrWithhold(session, frame, reply, false, false);
}

function describePortal(session: SessionState, frame: Frame, name: string): void {
  const meanings = session.names.meanings(name);
  if (meanings.length === 0) throw new PosternError('unknown-portal', { name });
  const doubtful = session.names.doubtful(name);
  // What is described may not be what Postern takes it for, so the description is not kept.
  const portal = doubtful ? null : session.names.portal(name);
  if (portal !== null) portal.describing = session.batch + 1;
  const scope = session.names.unseen ? 'opaque' : scopeNow(session, meanings.join(';\n'));
  const reply: Reply = {
    kind: 'describe',
    scope,
    portal,
    prepared: portal?.prepared ?? null,
    swallow: false,
    witness: null,
  };
  passOrWithhold(session, frame, reply, false, false);
}

export function onClose(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const { what, name } = decodeClose(frame.buffer, frame.start, frame.end);
    if (what === 'P' || session.settled(session.names.prepared(name)))
      return close(session, frame, what, name);
    return drain(session).then(() => close(session, frame, what, name));
  });
}

function close(session: SessionState, frame: Frame, what: 'S' | 'P', name: string): void {
  if (session.closed || session.skipping) return;
  const taken = what === 'S' ? session.names.forget(name) : session.names.closePortal(name);
  passOrWithhold(session, frame, { kind: 'close', swallow: false, undo: taken }, false, false);
}

/** Flush and Sync: what was kept back and executes nothing goes ahead now. */
export function onFlush(session: SessionState, frame: Frame): void {
  if (session.skipping) return;
  releaseWithheld(session);
  session.parts.toUpstream.forward(session.parts.gate.passage(), frame.buffer, frame.start, frame.end);
}

export function onSync(session: SessionState, frame: Frame): void {
  const { gate, toUpstream } = session.parts;
  releaseWithheld(session);
  if (session.abortAtSync) {
    // In the extended protocol a failing Parse is enough: the server skips to the Sync that follows.
    session.replies.push({ kind: 'abort' }, session.dirty);
    toUpstream.send(gate.passage(), encodeParse({ name: '', sql: FAILING_STATEMENT, parameterTypes: [] }));
    session.names.dropUnnamed();
  }
  session.abortAtSync = false;
  session.skipping = false;
  session.implicitWork = false;
  session.implicitOpen = false;
  session.batch += 1;
  const ignoredIfCopyIn = session.copyIn === 'expected' ? session.copyInReply : null;
  session.replies.push(
    {
      kind: 'sync',
      swallow: false,
      ignoredIfCopyIn,
      epoch: session.batch,
      dirty: true,
      under: null,
      moment: 0,
    },
    session.dirty,
  );
  toUpstream.forward(gate.passage(), frame.buffer, frame.start, frame.end);
}

/** Whether something that will be held has been bound and kept back. */
export function holdsBack(session: SessionState): boolean {
  return session.withheld.length > 0 && session.withheld.some((w) => w.executes);
}

/** Sends what was kept back, in order. */
export function releaseWithheld(session: SessionState): void {
  if (session.withheld.length === 0) return;
  const { withheld } = session;
  session.withheld = [];
  for (const { frame, reply } of withheld) pass(session, frame, reply);
}

/** What was kept back will not be sent: the batch it belongs to has failed. */
export function dropWithheld(session: SessionState): void {
  for (const { reply } of session.withheld.toReversed()) undo(reply);
  session.withheld = [];
}

function passOrWithhold(
  session: SessionState,
  frame: Frame,
  reply: Reply,
  withhold: boolean,
  executes: boolean,
): void {
  if (!withhold && session.withheld.length === 0) return pass(session, frame, reply);
  const { maxBindBytes } = session.parts.limits;
  const over = (what: string, limit: number): PosternError => {
    undo(reply);
    return new PosternError('limit-exceeded', {
      what: `${what} sent with a statement that will be held`,
      limit,
    });
  };
  if (session.withheld.length >= SESSION_LIMITS.maxWithheld)
    throw over('messages', SESSION_LIMITS.maxWithheld);
  const bytes = session.withheld.reduce((sum, kept) => sum + sizeOf(kept.frame), sizeOf(frame));
  if (bytes > maxBindBytes) throw over('bytes', maxBindBytes);
  session.withheld.push({ frame, reply, executes });
}

function sizeOf({ start, end }: Frame): number {
  return end - start;
}

function pass(session: SessionState, frame: Frame, reply: Reply): void {
  session.implicitOpen = true;
  // Kept back, its number was not known when it was made.
  if (reply.kind === 'parse' && reply.prepared !== null) reply.prepared.order = session.replies.pushed;
  if (reply.kind === 'bind') {
    reply.portal.under = session.bendsUnder(reply.portal.prepared.text);
    reply.portal.boundAt = session.parts.catalog.unread.moment;
  }
  session.replies.push(reply, session.dirty);
  session.parts.toUpstream.forward(session.parts.gate.passage(), frame.buffer, frame.start, frame.end);
}

/** Runs a handler; a refusal it throws, now or later, becomes the pipeline's error. */
export function refusing(session: SessionState, handle: () => void | Promise<void>): void | Promise<void> {
  try {
    const later = handle();
    return later instanceof Promise ? later.catch((error: unknown) => refuse(session, error)) : undefined;
  } catch (error) {
    return refuse(session, error);
  }
}

/**
 * Answers with an error and skips to the client's Sync, as the server would. What was kept back is
 * dropped. An implicit transaction that did work, or an open one, is made to fail when the Sync comes:
 * the client believes that it has.
 */
async function refuse(session: SessionState, error: unknown): Promise<void> {
  if (error instanceof PosternError && error.code === 'protocol-violation') throw error;
  if (error instanceof Skipped) return dropWithheld(session);
  if (!(error instanceof PosternError))
    session.parts.log.error({ err: error }, 'a statement could not be handled');
  dropWithheld(session);
  await drain(session);
  if (session.closed || session.skipping) return;
  session.skipping = true;
  session.abortAtSync = session.transaction === 'T' || session.implicitWork;
  const { toClient } = session.parts;
  toClient.send(refusalMessage(asRefusal(error)));
  toClient.flush();
}
