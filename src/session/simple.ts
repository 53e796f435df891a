/**
 * The simple protocol: one Query message, any number of statements, judged and held as a whole. The fast
 * way through is synchronous: a text that was seen, is allowed, and names nothing of the session's own.
 */
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import type { Permit } from '../gate/permit.ts';
import { stripError } from '../masking/messages.ts';
import type { MaskScope } from '../policy/judgement.ts';
import { encodeSync } from '../wire/client/bare.ts';
import { encodeParse } from '../wire/client/parse.ts';
import { decodeQuery, encodeQuery } from '../wire/client/query.ts';
import { decodeErrorResponse, encodeErrorResponse } from '../wire/server/error-response.ts';
import { encodeReadyForQuery } from '../wire/server/ready-for-query.ts';
import { settleCatalog } from './catalog-freshness.ts';
import { tableColumns, type CopyPlan } from './copy-plan.ts';
import { describeQuery, RefusedByServer } from './describe-query.ts';
import { applyEffects, touchesPrepared } from './effects.ts';
import { expand, type Expanded } from './expand.ts';
import { FAILING_STATEMENT } from './failing-statement.ts';
import { asRefusal, closeIdleImplicit, drain, holdFor, Skipped } from './holding.ts';
import { noteLimited } from './in-turn.ts';
import { grantable, useGrants } from './granting.ts';
import { SESSION_LIMITS } from './limits.ts';
import { refusalMessage } from './messages.ts';
import type { Reply } from './replies.ts';
import { checkOwnSettings, setsOwn } from './own-settings.ts';
import { pinnedViolation } from './settings.ts';
import { showing, shownNow } from './showing.ts';
import { asStored, checkStored, mustWait, waitForStores } from './stores.ts';
import type { Frame, SessionState } from './state.ts';
import { releaseWithheld } from './extended.ts';

export function onQuery(session: SessionState, frame: Frame): void | Promise<void> {
  // A server that is skipping to Sync ignores Query too, and answers nothing.
  if (session.skipping) return;
  let text: string;
  try {
    text = decodeQuery(frame.buffer, frame.start, frame.end).sql;
  } catch (error) {
    if (error instanceof PosternError && error.code === 'unparsable-encoding')
      return refuseQuery(session, error);
    throw error;
  }
  const judged = session.judge(text);
  if (!isPlain(session, judged)) return slowQuery(session, frame, text);
  let permit: Permit;
  try {
    permit = session.parts.gate.admit(judged);
  } catch (error) {
    return refuseQuery(session, asRefusal(error));
  }
  send(session, frame, permit, judged, { scope: null, shows: null, doubted: false, copies: NO_COPIES });
}

/** Never comes to be: what it stands for cannot be parsed. */
const FAILING_NAME = 'postern abort';

const NO_COPIES: readonly (CopyPlan | null)[] = [];

/** Nothing about it needs the session's names, the catalog's news, a human, or a look ahead. */
function isPlain(session: SessionState, judged: Judged): boolean {
  return (
    judged.judgement.verdict === 'allow' &&
    judged.plain &&
    !session.parts.gate.recordsFirst &&
    !session.unsettledFor(judged) &&
    !session.storesInDoubt(judged) &&
    session.withheld.length === 0 &&
    !session.settings.asksToSee &&
    !session.parts.grants.any &&
    session.replies.size < SESSION_LIMITS.maxRepliesOwed
  );
}

async function slowQuery(session: SessionState, frame: Frame, text: string): Promise<void> {
  try {
    releaseWithheld(session);
    const before = session.judge(text);
    if (touchesPrepared(before.statements) || setsOwn(before.statements)) await drain(session);
    await settleCatalog(session, before);
    if (session.parts.grants.any) await drain(session);
    const expanded = expand(session, session.judge(text));
    const asked = showing(session, expanded.judged);
    const granted = asked === null ? grantable(session, expanded.judged) : null;
    const judged = asked ?? granted?.judged ?? asStored(session, expanded.judged, null);
    const pinned = pinnedViolation(judged.statements);
    if (pinned !== null) {
      session.parts.gate.refusal(judged, `it changes the pinned setting ${pinned}`);
      throw new PosternError('setting-pinned', { name: pinned });
    }
    checkOwnSettings(judged.statements);
    const permit = await permitFor(session, judged);
    const copies = await copyPlans(session, judged);
    if (session.closed || session.skipping) return;
    const use = granted === null ? null : await useGrants(session, granted);
    if (session.closed || session.skipping) return use?.settle();
    session.use = use;
    const startedMs = performance.now();
    while (mustWait(session, judged)) await waitForStores(startedMs);
    checkStored(session, judged, null);
    if (session.closed || session.skipping) return use?.settle();
    const without = granted !== null && use === null ? expanded.judged : judged;
    const sent = asked === null ? without : shownNow(session, asked);
    send(session, frame, permit, sent, { ...expanded, copies });
    session.parts.toUpstream.flush();
  } catch (error) {
    if (error instanceof Skipped) return;
    if (error instanceof RefusedByServer) return passRefusal(session, error, session.judge(text).scope);
    if (!(error instanceof PosternError))
      session.parts.log.error({ err: error }, 'a statement could not be handled');
    await refuseQuery(session, asRefusal(error));
  }
}

async function permitFor(session: SessionState, judged: Judged): Promise<Permit> {
  if (judged.judgement.verdict !== 'hold') return session.parts.gate.admitRecorded(judged);
  await drain(session);
  if (session.skipping) throw new Skipped();
  await closeIdleImplicit(session);
  return holdFor(session, judged);
}

function send(
  session: SessionState,
  frame: Frame,
  permit: Permit,
  judged: Judged,
  how: Pick<Expanded, 'scope' | 'shows' | 'doubted'> & { readonly copies: readonly (CopyPlan | null)[] },
): void {
  const undo = judged.plain && !session.settings.used ? null : applyEffects(session, judged.statements);
  // A simple query destroys the unnamed statement and portal, whatever becomes of it.
  session.names.dropUnnamed();
  const scope =
    how.scope ??
    (judged.changesCatalog && judged.alters === 'masks' && judged.statements.length > 1 ? 'opaque' : null);
  if ((scope ?? judged.scope) === 'opaque') session.names.codeRan();
  session.batch += 1;
  session.implicitWork = false;
  session.implicitOpen = false;
  const reply: Reply = {
    kind: 'query',
    judged,
    scope,
    shows: how.shows,
    copies: how.copies,
    unsure: how.doubted,
    undo,
    epoch: session.batch,
    index: 0,
    failed: false,
    described: false,
    ended: 0,
    dirty: true,
    under: null,
    moment: 0,
  };
  const copyIn = !judged.plain && judged.statements.some((s) => s.effect.kind === 'copy-in');
  session.copyIn = copyIn ? 'expected' : 'none';
  session.copyInReply = copyIn ? reply : null;
  noteLimited(session, judged, how.doubted);
  session.noteStores(judged);
  session.replies.push(reply, session.dirty || how.doubted);
  if (judged.changesCatalog) session.catalogChanges(judged);
  session.parts.toUpstream.forward(permit, frame.buffer, frame.start, frame.end);
}

/** Columns of each COPY … TO in the message, where masks can be in reach. */
async function copyPlans(session: SessionState, judged: Judged): Promise<readonly (CopyPlan | null)[]> {
  const plans: (CopyPlan | null)[] = [];
  for (const { effect } of judged.statements) {
    if (effect.kind !== 'copy-out') {
      plans.push(null);
      continue;
    }
    const format = effect.options.format === 'binary' ? 1 : 0;
    const columns =
      effect.source.kind === 'table'
        ? tableColumns(effect.source, judged.snapshot, effect.options.format)
        : await describeForCopy(session, judged, effect.source.text, format);
    plans.push({ options: effect.options, columns, madeFor: judged.snapshot });
  }
  return plans;
}

async function describeForCopy(session: SessionState, judged: Judged, text: string, format: 0 | 1) {
  // Describing needs an idle line; within a message of several statements it may also come too early.
  if (judged.statements.length > 1) return null;
  await drain(session);
  if (session.skipping || session.closed) throw new Skipped();
  // The Sync that ends the asking would also commit what an open batch has done so far.
  if (session.transaction === 'E' || session.implicitWork) return null;
  return describeQuery(session, text, format, 'simple');
}

/**
 * Answers a Query with a refusal: an error, then ReadyForQuery with the true status. A refused statement
 * fails like any other, so an open transaction is made to fail with it: the client believes it has.
 */
export async function refuseQuery(
  session: SessionState,
  error: PosternError,
  message: 'query' | 'function call' = 'query',
): Promise<void> {
  await drain(session);
  if (session.closed || session.skipping) return;
  // As the server does before it even reads a Query.
  if (message === 'query') session.names.dropUnnamed();
  const { toClient } = session.parts;
  toClient.send(refusalMessage(error));
  if (session.transaction === 'T' || session.implicitWork) abortUpstream(session, message);
  else if (session.implicitOpen) endBatch(session);
  else toClient.send(encodeReadyForQuery(session.transaction));
  toClient.flush();
}

/** The server's own refusal stands for the statement's: sent now, it would only hear that its transaction failed. */
function passRefusal(session: SessionState, { frame }: RefusedByServer, scope: MaskScope): void {
  if (session.closed) return;
  const { toClient } = session.parts;
  const effective = session.effective(scope);
  if (effective === 'clean') toClient.send(frame);
  else toClient.send(encodeErrorResponse(stripError(decodeErrorResponse(frame, 0, frame.length), effective)));
  toClient.send(encodeReadyForQuery(session.transaction));
  toClient.flush();
}

/** Ends a batch that did nothing; its ReadyForQuery is the client's. */
function endBatch(session: SessionState): void {
  const { gate, toUpstream } = session.parts;
  session.batch += 1;
  session.implicitOpen = false;
  session.replies.push(
    { kind: 'sync', swallow: false, ignoredIfCopyIn: null, epoch: session.batch },
    session.dirty,
  );
  toUpstream.send(gate.passage(), encodeSync());
  toUpstream.flush();
}

/** Makes an open transaction fail that the client takes for failed; the ReadyForQuery that follows is the client's. */
export function failTransaction(session: SessionState): void {
  abortUpstream(session, 'function call');
}

/** Sends a statement that fails; its error is swallowed and its ReadyForQuery is the client's. */
function abortUpstream(session: SessionState, message: 'query' | 'function call'): void {
  const { gate, toUpstream } = session.parts;
  session.batch += 1;
  session.implicitWork = false;
  session.implicitOpen = false;
  session.replies.push({ kind: 'abort' }, session.dirty);
  session.replies.push(
    { kind: 'sync', swallow: false, ignoredIfCopyIn: null, epoch: session.batch },
    session.dirty,
  );
  if (message === 'query') toUpstream.send(gate.passage(), encodeQuery(FAILING_STATEMENT));
  else {
    // A Query, or a Parse without a name, would drop the unnamed statement.
    const parse = encodeParse({ name: FAILING_NAME, sql: FAILING_STATEMENT, parameterTypes: [] });
    toUpstream.send(gate.passage(), parse);
    toUpstream.send(gate.passage(), encodeSync());
  }
  toUpstream.flush();
}
