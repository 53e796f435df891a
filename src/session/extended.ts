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
import { decodeBind } from '../wire/client/bind.ts';
import { decodeClose } from '../wire/client/close.ts';
import { decodeDescribe } from '../wire/client/describe.ts';
import { decodeParse, encodeParse } from '../wire/client/parse.ts';
import { settleCatalog } from './catalog-freshness.ts';
import { FAILING_STATEMENT } from './failing-statement.ts';
import { asRefusal, drain } from './holding.ts';
import { refusalMessage } from './messages.ts';
import type { Portal } from './names.ts';
import type { Reply } from './replies.ts';
import { pinnedViolation } from './settings.ts';
import type { Frame, SessionState } from './state.ts';

export function onParse(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const { name, sql } = decodeParse(frame.buffer, frame.start, frame.end);
    const judged = session.judge(sql);
    if (!session.catalogStale && judged.unknownRelations.length === 0) return parse(session, frame, name, sql, judged);
    return settleCatalog(session, true).then(() => parse(session, frame, name, sql, session.judge(sql)));
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
  const { undo } = session.names.prepare(name, sql);
  const reply: Reply = { kind: 'parse', scope: judged.scope, undo, swallow: false };
  passOrWithhold(session, frame, reply, judged.judgement.verdict === 'hold', false);
}

export function onBind(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const bind = decodeBind(frame.buffer, frame.start, frame.end);
    const prepared = session.names.prepared(bind.statement);
    if (prepared === null) throw new PosternError('unknown-prepared-statement', { name: bind.statement });
    const judged = session.judge(prepared.text);
    const { verdict } = judged.judgement;
    if (verdict === 'deny') throw session.parts.gate.refusal(judged);
    const portal: Portal = {
      name: bind.portal,
      prepared,
      // A held execution outlives the chunk, and what is approved must not change under it.
      parameters: verdict === 'hold' ? Buffer.from(bind.parameters) : bind.parameters,
      scope: judged.scope,
      batch: session.batch + 1,
      plan: undefined,
      describing: false,
      released: false,
      copy: null,
    };
    const undo = session.names.bind(portal);
    passOrWithhold(session, frame, { kind: 'bind', scope: judged.scope, portal, undo }, verdict === 'hold', verdict === 'hold');
  });
}

export function onDescribe(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const { what, name } = decodeDescribe(frame.buffer, frame.start, frame.end);
    const portal = what === 'P' ? session.names.portal(name) : null;
    const prepared = what === 'S' ? session.names.prepared(name) : (portal?.prepared ?? null);
    if (portal !== null) portal.describing = true;
    // An error about a name Postern does not know says nothing of data, but nothing vouches for that.
    const scope = prepared === null ? 'opaque' : session.judge(prepared.text).scope;
    passOrWithhold(session, frame, { kind: 'describe', scope, portal, prepared, swallow: false, witness: null }, false, false);
  });
}

export function onClose(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const { what, name } = decodeClose(frame.buffer, frame.start, frame.end);
    const undo = what === 'S' ? session.names.forget(name) : session.names.closePortal(name);
    passOrWithhold(session, frame, { kind: 'close', swallow: false, undo }, false, false);
  });
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
    session.replies.push({ kind: 'abort' });
    toUpstream.send(gate.passage(), encodeParse({ name: '', sql: FAILING_STATEMENT, parameterTypes: [] }));
    session.names.dropUnnamed();
  }
  session.abortAtSync = false;
  session.skipping = false;
  session.implicitWork = false;
  session.implicitOpen = false;
  session.batch += 1;
  const ignoredIfCopyIn = session.copyIn === 'expected' ? session.copyInReply : null;
  session.replies.push({ kind: 'sync', swallow: false, ignoredIfCopyIn, epoch: session.batch });
  toUpstream.forward(gate.passage(), frame.buffer, frame.start, frame.end);
}

/** Whether something that will be held has been bound and kept back. */
export function holdsBack(session: SessionState): boolean {
  return session.withheld.some((w) => w.executes);
}

/** Sends what was kept back, in order. */
export function releaseWithheld(session: SessionState): void {
  if (session.withheld.length === 0) return;
  const { withheld } = session;
  session.withheld = [];
  for (const { frame, reply } of withheld) pass(session, frame, reply);
}

function passOrWithhold(session: SessionState, frame: Frame, reply: Reply, withhold: boolean, executes: boolean): void {
  if (withhold || session.withheld.length > 0) session.withheld.push({ frame, reply, executes });
  else pass(session, frame, reply);
}

function pass(session: SessionState, frame: Frame, reply: Reply): void {
  if ('scope' in reply && reply.scope !== null) session.widenTransaction(reply.scope);
  session.implicitOpen = true;
  session.replies.push(reply);
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
  if (!(error instanceof PosternError)) session.parts.log.error({ err: error }, 'a statement could not be handled');
  for (const { reply } of session.withheld.toReversed()) if ('undo' in reply) reply.undo?.();
  session.withheld = [];
  await drain(session);
  if (session.closed || session.skipping) return;
  session.skipping = true;
  session.abortAtSync = session.transaction === 'T' || session.implicitWork;
  const { toClient } = session.parts;
  toClient.send(refusalMessage(asRefusal(error)));
  toClient.flush();
}
