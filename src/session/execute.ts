/**
 * Execute: the moment a prepared statement acts. It is judged again, held if it must be, and the row
 * description is sent for where Postern lacks one: clients often skip Describe, and without a description
 * there is nothing to mask by.
 */
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import type { Permit } from '../gate/permit.ts';
import type { MaskScope } from '../policy/judgement.ts';
import { encodeDescribe } from '../wire/client/describe.ts';
import { decodeExecute } from '../wire/client/execute.ts';
import { settleCatalog } from './catalog-freshness.ts';
import { tableColumns, type CopyPlan } from './copy-plan.ts';
import { describeQuery } from './describe-query.ts';
import { applyEffects, touchesPrepared } from './effects.ts';
import { expand, type Expanded } from './expand.ts';
import { holdsBack, refusing, releaseWithheld } from './extended.ts';
import { grantable, useGrants, type Grantable } from './granting.ts';
import { closeIdleImplicit, drain, holdFor, Skipped } from './holding.ts';
import { noteLimited } from './in-turn.ts';
import type { Portal } from './names.ts';
import { setsOwn } from './own-settings.ts';
import type { Reply } from './replies.ts';
import { notShown, showing, shownNow } from './showing.ts';
import { asStored, checkStored, inDoubt, mustWait, waitForStores } from './stores.ts';
import type { Frame, SessionState } from './state.ts';

export function onExecute(session: SessionState, frame: Frame): void | Promise<void> {
  if (session.skipping) return;
  return refusing(session, () => {
    const { portal: name, maxRows } = decodeExecute(frame.buffer, frame.start, frame.end);
    const portal = portalNamed(session, name);
    const judged = session.judge(portal.prepared.text);
    const sure =
      !session.names.doubtful(name) && !session.unsettledFor(judged) && !inDoubt(session, judged, portal);
    const plain = judged.plain && sure && !session.parts.gate.recordsFirst && session.withheld.length === 0;
    const sees = session.settings.asksToSee || session.parts.grants.any;
    if (plain && !sees && judged.judgement.verdict === 'allow') {
      const permit = session.parts.gate.admit(judged);
      execute(session, frame, portal, { judged, doubted: false }, permit, null);
      return undefined;
    }
    return slowExecute(session, frame, portal, maxRows).catch((error: unknown) => {
      if (!(error instanceof Skipped)) throw error;
    });
  });
}

/**
 * A portal bound by the protocol, or a cursor made with DECLARE, which shares its namespace. Where the name
 * may be either, it is judged as both, and described afresh each time.
 */
function portalNamed(session: SessionState, name: string): Portal {
  const { names } = session;
  const portal = names.portal(name);
  if (portal !== null && !names.doubtful(name)) return portal;
  const meanings = names.meanings(name);
  if (meanings.length === 0) throw new PosternError('unknown-portal', { name });
  const text = meanings.join(';\n');
  const prepared = {
    ...session.sent(),
    name: '',
    text,
    witnessed: null,
    contradicted: true,
    doubtful: false,
  };
  const { scope } = session.judge(text);
  return {
    name,
    prepared,
    parameters: portal?.parameters ?? Buffer.alloc(0),
    scope,
    batch: session.batch + 1,
    plan: undefined,
    plannedFor: null,
    describing: 0,
    // No masks in force, so it is never sure.
    under: names.unsure(name, session.parts.gate.judge.masks) ? names : null,
    released: portal?.released ?? true,
    copy: null,
    kept: false,
    shown: null,
    // What was approved for the portal is not approved for what may be in its place.
    tally: null,
  };
}

async function slowExecute(
  session: SessionState,
  frame: Frame,
  portal: Portal,
  maxRows: number,
): Promise<void> {
  const before = session.judge(portal.prepared.text);
  if (touchesPrepared(before.statements) || setsOwn(before.statements)) await drain(session);
  await settleCatalog(session, before);
  if (session.closed || session.skipping) return;
  // What else was bound before this and needs approval comes first, for it would go ahead with this.
  if (holdsBack(session)) await holdWithheldBind(session, portal);
  if (session.parts.grants.any) await drain(session);
  const meant = expand(session, session.judge(portal.prepared.text));
  const expanded = { ...meant, judged: asStored(session, meant.judged, portal) };
  const shown = showing(session, expanded.judged);
  if (shown !== null) return executeShowing(session, frame, portal, shown, maxRows);
  const granted = grantedFor(session, portal, expanded.judged);
  const permit = await permitFor(session, portal, granted?.judged ?? expanded.judged);
  if (session.closed || session.skipping) return;
  releaseWithheld(session);
  portal.copy = await copyPlanFor(session, expanded.judged);
  if (session.closed || session.skipping) return;
  const scope = session.names.unseen && portal.name !== '' ? 'opaque' : expanded.scope;
  const use = granted === null ? null : await useGrants(session, granted);
  if (session.closed || session.skipping) return use?.settle();
  session.use = use;
  const startedMs = performance.now();
  while (mustWait(session, expanded.judged)) await waitForStores(startedMs);
  checkStored(session, expanded.judged, portal);
  if (session.closed || session.skipping) return use?.settle();
  const executed = use === null ? portal : forItself(portal);
  if (use !== null) use.portal = executed;
  execute(session, frame, executed, expanded, permit, scope);
  session.parts.toUpstream.flush();
}

/**
 * One execution that shows masked columns, if it is approved. It has a portal of its own to be planned by, so
 * that nothing is left of it for whoever executes the client's portal again, and it must take all rows at once.
 */
async function executeShowing(
  session: SessionState,
  frame: Frame,
  portal: Portal,
  asked: Judged,
  maxRows: number,
): Promise<void> {
  if (maxRows !== 0) throw notShown('the rows must be fetched at once, without a row limit');
  if (!portal.kept || session.names.doubtful(portal.name))
    throw notShown(
      'the portal must be bound after postern.unmask is set, and its name be used for nothing else',
    );
  const permit = await holdPortal(session, portal, asked);
  if (session.closed || session.skipping) return;
  releaseWithheld(session);
  const copy = await copyPlanFor(session, asked);
  if (session.closed || session.skipping) return;
  const shown = shownNow(session, asked);
  const fresh = { plan: undefined, plannedFor: null, describing: 0, tally: null };
  const once: Portal = { ...portal, ...fresh, copy, shown };
  execute(session, frame, once, { judged: shown, doubted: false }, permit, shown.scope);
  session.parts.toUpstream.flush();
}

/**
 * A portal whose name may be another's, or that was approved as it was bound, as if there were no grant, shows
 * nothing by one.
 */
function grantedFor(session: SessionState, portal: Portal, judged: Judged): Grantable | null {
  if (!session.parts.grants.any || session.names.doubtful(portal.name)) return null;
  if (judged.judgement.verdict === 'hold' && (portal.released || !portal.kept)) return null;
  return grantable(session, judged);
}

/** As the portal, for one execution to be described and planned by: nothing of it is left for the next. */
function forItself(portal: Portal): Portal {
  const prepared = { ...portal.prepared, witnessed: null, contradicted: true };
  return { ...portal, prepared, plan: undefined, plannedFor: null, describing: 0 };
}

async function permitFor(session: SessionState, portal: Portal, judged: Judged): Promise<Permit> {
  if (portal.released && judged.judgement.verdict === 'hold') return session.parts.gate.passage();
  if (judged.judgement.verdict !== 'hold') return session.parts.gate.admitRecorded(judged);
  const permit = await holdPortal(session, portal, judged);
  portal.released = true;
  return permit;
}

async function holdPortal(session: SessionState, portal: Portal, judged: Judged): Promise<Permit> {
  await drain(session);
  if (session.skipping) throw new Skipped();
  // Only while the portal itself was kept back: a Sync would end one the server already has.
  if (holdsBack(session)) await closeIdleImplicit(session);
  return holdFor(session, judged, portal.parameters);
}

/** Bind of a held statement followed by Flush or Sync: planning it may run code, so it is held here. */
export async function holdWithheldBind(session: SessionState, except: Portal | null = null): Promise<void> {
  for (const { reply } of session.withheld) {
    if (reply.kind !== 'bind') continue;
    const { portal } = reply;
    if (portal.released || portal.name === except?.name) continue;
    const { judged } = expand(session, session.judge(portal.prepared.text));
    if (judged.judgement.verdict !== 'hold') continue;
    const permit = await holdPortal(session, portal, judged);
    permit.spend();
    portal.released = true;
  }
}

function execute(
  session: SessionState,
  frame: Frame,
  portal: Portal,
  { judged, doubted }: Pick<Expanded, 'judged' | 'doubted'>,
  permit: Permit,
  scope: MaskScope | null,
): void {
  const { toUpstream } = session.parts;
  const effective = scope ?? judged.scope;
  const dirty = session.dirty || doubted;
  describeIfNeeded(session, portal, effective, judged, dirty);
  const undo = judged.plain && !session.settings.used ? null : applyEffects(session, judged.statements);
  if (effective === 'opaque') session.names.codeRan();
  const unsure = doubted || (session.names.unseen && portal.name !== '');
  const reply: Reply = {
    kind: 'execute',
    scope: effective,
    judged,
    unsure,
    portal,
    undo,
    ended: 0,
    dirty: true,
    under: null,
    moment: 0,
  };
  const copyIn = !judged.plain && judged.statements.some((s) => s.effect.kind === 'copy-in');
  session.copyIn = copyIn ? 'expected' : 'none';
  session.copyInReply = copyIn ? reply : null;
  session.implicitOpen = true;
  session.implicitWork = true;
  noteLimited(session, judged, unsure);
  session.noteStores(judged);
  session.replies.push(reply, dirty);
  if (judged.changesCatalog) session.catalogChanges(judged);
  toUpstream.forward(permit, frame.buffer, frame.start, frame.end);
}

/**
 * Sends for the portal's description unless the client has. A clean statement needs one witness of the
 * server's for each catalog and set of rules; one that touches masks, or reads through a definition that may be
 * replaced before it runs, needs it for every portal.
 */
function describeIfNeeded(
  session: SessionState,
  portal: Portal,
  scope: MaskScope,
  judged: Judged,
  dirty: boolean,
): void {
  const { prepared } = portal;
  const { gate, toUpstream } = session.parts;
  const { masks, rules } = gate.judge;
  if (portal.shown !== null) {
    const reply = { kind: 'describe', scope, portal, prepared: null, swallow: true, witness: null } as const;
    session.replies.push({ ...reply }, dirty);
    toUpstream.send(gate.passage(), encodeDescribe({ what: 'P', name: portal.name }));
    return;
  }
  // One sent for in an earlier batch may have been skipped.
  const described =
    portal.plan === undefined ? portal.describing === session.batch + 1 : portal.plannedFor === rules;
  if (described) return;
  const fixed = !masks.any || !(judged.bendable || prepared.doubtful);
  const trusted = fixed && session.effective(scope) === 'clean' && !prepared.contradicted;
  if (trusted && prepared.witnessed === masks) {
    portal.plan = null;
    portal.plannedFor = rules;
    return;
  }
  portal.describing = session.batch + 1;
  session.replies.push({ kind: 'describe', scope, portal, prepared, swallow: true, witness: null }, dirty);
  toUpstream.send(gate.passage(), encodeDescribe({ what: 'P', name: portal.name }));
}

async function copyPlanFor(session: SessionState, judged: Judged): Promise<CopyPlan | null> {
  for (const { effect } of judged.statements) {
    if (effect.kind !== 'copy-out') continue;
    const format = effect.options.format === 'binary' ? 1 : 0;
    if (effect.source.kind === 'table') {
      return {
        options: effect.options,
        columns: tableColumns(effect.source, judged.snapshot, effect.options.format),
        madeFor: judged.snapshot,
      };
    }
    await drain(session);
    if (session.skipping || session.closed) return null;
    return {
      options: effect.options,
      columns: await describeQuery(session, effect.source.text, format, 'extended'),
      madeFor: judged.snapshot,
    };
  }
  return null;
}
