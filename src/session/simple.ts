/**
 * The simple protocol: one Query message, any number of statements, judged and held as a whole. The fast
 * way through is synchronous: a text that was seen, is allowed, and names nothing of the session's own.
 */
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import type { Permit } from '../gate/permit.ts';
import type { MaskScope } from '../policy/judgement.ts';
import { decodeQuery, encodeQuery } from '../wire/client/query.ts';
import { encodeReadyForQuery } from '../wire/server/ready-for-query.ts';
import { settleCatalog } from './catalog-freshness.ts';
import { tableColumns, type CopyPlan } from './copy-plan.ts';
import { describeQuery } from './describe-query.ts';
import { applyEffects } from './effects.ts';
import { expand } from './expand.ts';
import { FAILING_STATEMENT } from './failing-statement.ts';
import { asRefusal, drain, holdFor } from './holding.ts';
import { SESSION_LIMITS } from './limits.ts';
import { refusalMessage } from './messages.ts';
import { pinnedViolation } from './settings.ts';
import type { Frame, SessionState } from './state.ts';
import { releaseWithheld } from './extended.ts';

export function onQuery(session: SessionState, frame: Frame): void | Promise<void> {
  // A server that is skipping to Sync ignores Query too, and answers nothing.
  if (session.skipping) return;
  let text: string;
  try {
    text = decodeQuery(frame.buffer, frame.start, frame.end).sql;
  } catch (error) {
    if (error instanceof PosternError && error.code === 'unparsable-encoding') return refuseQuery(session, error);
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
  send(session, frame, permit, judged, { scope: null, copies: NO_COPIES });
}

const NO_COPIES: readonly (CopyPlan | null)[] = [];

/** Nothing about it needs the session's names, the catalog's news, a human, or a look ahead. */
function isPlain(session: SessionState, judged: Judged): boolean {
  return (
    judged.judgement.verdict === 'allow' &&
    judged.plain &&
    !session.catalogStale &&
    session.withheld.length === 0 &&
    session.replies.size < SESSION_LIMITS.maxRepliesOwed
  );
}

async function slowQuery(session: SessionState, frame: Frame, text: string): Promise<void> {
  try {
    releaseWithheld(session);
    await settleCatalog(session, session.judge(text).unknownRelations.length > 0);
    const expanded = expand(session, session.judge(text));
    const { judged } = expanded;
    const pinned = pinnedViolation(judged.statements);
    if (pinned !== null) {
      session.parts.gate.refusal(judged, `it changes the pinned setting ${pinned}`);
      throw new PosternError('setting-pinned', { name: pinned });
    }
    const permit = await permitFor(session, judged);
    const copies = await copyPlans(session, judged);
    if (session.closed) return;
    send(session, frame, permit, judged, { scope: expanded.scope, copies });
    session.parts.toUpstream.flush();
  } catch (error) {
    if (!(error instanceof PosternError)) session.parts.log.error({ err: error }, 'a statement could not be handled');
    await refuseQuery(session, asRefusal(error));
  }
}

async function permitFor(session: SessionState, judged: Judged): Promise<Permit> {
  if (judged.judgement.verdict !== 'hold') return session.parts.gate.admit(judged);
  await drain(session);
  return holdFor(session, judged);
}

function send(
  session: SessionState,
  frame: Frame,
  permit: Permit,
  judged: Judged,
  how: { readonly scope: MaskScope | null; readonly copies: readonly (CopyPlan | null)[] },
): void {
  const undo = judged.plain ? null : applyEffects(session, judged.statements);
  // A simple query destroys the unnamed statement and portal, whatever becomes of it.
  session.names.dropUnnamed();
  const scope = how.scope ?? (judged.changesCatalog && judged.statements.length > 1 ? 'opaque' : null);
  session.widenTransaction(scope ?? judged.scope);
  if (judged.changesCatalog) {
    session.catalogStale = true;
    session.dirty = true;
  }
  session.batch += 1;
  session.implicitWork = false;
  session.implicitOpen = false;
  session.replies.push({ kind: 'query', judged, scope, copies: how.copies, undo, index: 0, failed: false });
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
    plans.push({ options: effect.options, columns });
  }
  return plans;
}

async function describeForCopy(session: SessionState, judged: Judged, text: string, format: 0 | 1) {
  // Describing needs an idle line; within a message of several statements it may also come too early.
  if (judged.statements.length > 1) return null;
  await drain(session);
  if (session.transaction === 'E') return null;
  return describeQuery(session, text, format, 'simple');
}

/**
 * Answers a Query with a refusal: an error, then ReadyForQuery with the true status. A refused statement
 * fails like any other, so an open transaction is made to fail with it: the client believes it has.
 */
async function refuseQuery(session: SessionState, error: PosternError): Promise<void> {
  await drain(session);
  if (session.closed || session.skipping) return;
  const { toClient } = session.parts;
  toClient.send(refusalMessage(error));
  if (session.transaction === 'T' || session.implicitWork) abortUpstream(session);
  else toClient.send(encodeReadyForQuery(session.transaction));
  toClient.flush();
}

/** Sends a statement that fails; its error is swallowed and its ReadyForQuery is the client's. */
function abortUpstream(session: SessionState): void {
  const { gate, toUpstream } = session.parts;
  session.batch += 1;
  session.implicitWork = false;
  session.implicitOpen = false;
  session.replies.push({ kind: 'abort' });
  session.replies.push({ kind: 'sync', swallow: false, ignoredIfCopyIn: null, epoch: session.batch });
  toUpstream.send(gate.passage(), encodeQuery(FAILING_STATEMENT));
  toUpstream.flush();
}
