/**
 * From the upstream: each frame is taken as the answer to what is owed next, masked where it must be, and
 * passed on. Frames that pass unchanged go by reference; rows under a plan go through the rewriter into
 * one buffer a chunk.
 *
 * Invariants: I2 (an answer that does not fit what is owed ends the session), I3 (rows, COPY data, errors,
 * notices, parameter status). Non-goals: deciding what is masked (`masking/plan.ts`), when (`gate/`).
 */
import { PosternError } from '../errors.ts';
import { passesParameterStatus, stripError, stripNotice } from '../masking/messages.ts';
import { OutputSlab } from '../masking/output-slab.ts';
import { planRow, type RowPlan } from '../masking/plan.ts';
import { RowRewriter } from '../masking/row-rewriter.ts';
import type { MaskScope } from '../policy/judgement.ts';
import { widest } from '../gate/judge.ts';
import { FrameReader, SERVER_STREAMABLE } from '../wire/frame-reader.ts';
import { decodeErrorResponse, encodeErrorResponse } from '../wire/server/error-response.ts';
import { decodeNoticeResponse, encodeNoticeResponse } from '../wire/server/notice-response.ts';
import { decodeParameterStatus } from '../wire/server/parameter-status.ts';
import { decodeReadyForQuery } from '../wire/server/ready-for-query.ts';
import { SERVER_TYPE, serverMaxLength } from '../wire/server/types.ts';
import { CopyOut } from './copy-out.ts';
import { DescriptionScan, fieldsOf } from './description-scan.ts';
import { undo, type Reply } from './replies.ts';
import { PINNED } from './settings.ts';
import type { SessionState } from './state.ts';

export class UpstreamSide {
  readonly #session: SessionState;
  readonly #reader: FrameReader;
  readonly #copyOut: CopyOut;
  readonly #slab = new OutputSlab();
  readonly #scan = new DescriptionScan();
  /** The plan of the rows that come now, and its rewriter. */
  #plan: RowPlan | null = null;
  #rewriter: RowRewriter | null = null;
  #rewrote = false;
  #followed: Reply | null = null;

  constructor(session: SessionState) {
    this.#session = session;
    this.#reader = new FrameReader((type) => this.#maxLength(type), SERVER_STREAMABLE);
    this.#reader.streaming = true;
    this.#copyOut = new CopyOut(session);
  }

  /** @throws PosternError when the answer cannot be passed on; the session must end */
  push(chunk: Buffer): void {
    const reader = this.#reader;
    const { toClient } = this.#session.parts;
    reader.push(chunk);
    for (;;) {
      this.#follow();
      if (!reader.next()) break;
      if (reader.type === SERVER_TYPE.dataRow) this.#row();
      else this.#other();
    }
    this.#takeRows();
    toClient.flush();
  }

  /** A masked row is put together whole, so it has a bound; one that passes is streamed and has none. */
  #maxLength(type: number): number {
    const max = serverMaxLength(type);
    const whole = !this.#reader.streaming && (type === SERVER_TYPE.dataRow || type === SERVER_TYPE.copyData);
    return whole ? Math.min(max, this.#session.parts.limits.maxMaskedRowBytes) : max;
  }

  #row(): void {
    const { buffer, start, end, first } = this.#reader;
    if (first) this.#checkRow();
    if (this.#rewriter === null) {
      this.#session.parts.toClient.forward(buffer, start, end);
      return;
    }
    if (!this.#rewrote) this.#rewriter.begin();
    this.#rewrote = true;
    this.#rewriter.rewrite(buffer, start, end);
  }

  #checkRow(): void {
    const { head } = this.#session.replies;
    if (head?.kind === 'query') return;
    if (head?.kind !== 'execute') throw unexpected('a row');
    if (head.portal.plan === undefined) {
      throw new PosternError('masking-failed', { reason: 'rows came without a description' });
    }
  }

  /** Takes up the plan of what is answered next, before its first frame is cut: only rows that pass may be streamed. */
  #follow(): void {
    const { head } = this.#session.replies;
    if (head === this.#followed) return;
    this.#followed = head;
    if (head?.kind !== 'execute') return;
    this.#usePlan(head.portal.plan ?? null);
    this.#reader.streaming = head.portal.plan === null;
  }

  #usePlan(plan: RowPlan | null): void {
    this.#takeRows();
    this.#plan = plan;
    this.#rewriter = plan === null ? null : new RowRewriter(plan, this.#session.parts.maskKey, this.#slab);
    this.#reader.streaming = plan === null;
  }

  /** Rows rewritten so far go out before whatever comes next. */
  #takeRows(): void {
    if (!this.#rewrote || this.#rewriter === null) return;
    this.#rewrote = false;
    this.#session.parts.toClient.send(this.#rewriter.take());
  }

  #other(): void {
    this.#takeRows();
    const { type, buffer, start, end } = this.#reader;
    switch (type) {
      case SERVER_TYPE.readyForQuery:
        return this.#ready();
      case SERVER_TYPE.rowDescription:
        return this.#description();
      case SERVER_TYPE.commandComplete:
      case SERVER_TYPE.emptyQueryResponse:
      case SERVER_TYPE.portalSuspended:
        return this.#completed(type);
      case SERVER_TYPE.parseComplete:
        return this.#acknowledged('parse');
      case SERVER_TYPE.bindComplete:
        return this.#acknowledged('bind');
      case SERVER_TYPE.closeComplete:
        return this.#acknowledged('close');
      case SERVER_TYPE.parameterDescription:
        return this.#passUnlessSwallowed('describe');
      case SERVER_TYPE.noData:
        return this.#noData();
      case SERVER_TYPE.errorResponse:
        return this.#error();
      case SERVER_TYPE.noticeResponse:
        return this.#notice();
      case SERVER_TYPE.parameterStatus:
        return this.#parameterStatus();
      case SERVER_TYPE.notificationResponse:
        return this.#forward();
      case SERVER_TYPE.copyInResponse:
        return this.#copyIn();
      case SERVER_TYPE.copyOutResponse:
        this.#copyOut.begin(this.#head(), buffer, start, end);
        this.#reader.streaming = !this.#copyOut.masking;
        return this.#forward();
      case SERVER_TYPE.copyData:
        return this.#copyOut.data(this.#reader);
      case SERVER_TYPE.copyDone:
        this.#copyOut.end();
        this.#reader.streaming = this.#plan === null;
        return this.#forward();
      default:
        throw unexpected(`message type 0x${type.toString(16)}`);
    }
  }

  #forward(): void {
    const { buffer, start, end } = this.#reader;
    this.#session.parts.toClient.forward(buffer, start, end);
  }

  #head(): Reply {
    const { head } = this.#session.replies;
    if (head === null) throw unexpected('an answer to nothing');
    return head;
  }

  #passUnlessSwallowed(kind: 'describe'): void {
    const head = this.#head();
    if (head.kind !== kind) throw unexpected(`an answer to ${kind}`);
    if (!head.swallow) this.#forward();
  }

  #acknowledged(kind: 'parse' | 'bind' | 'close'): void {
    const head = this.#head();
    if (head.kind !== kind) throw unexpected(`${kind} complete`);
    this.#session.replies.shift();
    if (!('swallow' in head && head.swallow)) this.#forward();
  }

  #description(): void {
    const { buffer, start, end } = this.#reader;
    const head = this.#head();
    const session = this.#session;
    if (head.kind === 'query') {
      this.#usePlan(this.#planFor(buffer, start, end, scopeOf(session, head)));
      return this.#forward();
    }
    if (head.kind !== 'describe') throw unexpected('a row description');
    const scope = session.effective(head.scope);
    const plan = this.#planFor(buffer, start, end, scope);
    if (head.portal !== null) head.portal.plan = plan;
    if (head.prepared !== null) {
      if (plan === null) head.prepared.witnessed = session.parts.gate.judge.masks;
      else if (scope === 'clean') head.prepared.contradicted = true;
    }
    head.witness?.(Buffer.from(buffer.subarray(start, end)));
    session.replies.shift();
    if (!head.swallow) this.#forward();
  }

  #planFor(buffer: Buffer, start: number, end: number, scope: MaskScope): RowPlan | null {
    const session = this.#session;
    const { masks } = session.parts.gate.judge;
    const knows = session.knows();
    if (!this.#scan.mayMask(buffer, start, end, masks, scope, knows)) return null;
    const plan = planRow(fieldsOf(buffer, start, end), masks, scope, knows);
    if (plan?.masked.some((field) => field.cause === 'unknown-column') === true) session.parts.catalog.refreshSoon();
    return plan;
  }

  #noData(): void {
    const head = this.#head();
    if (head.kind !== 'describe') throw unexpected('no data');
    if (head.portal !== null) head.portal.plan = null;
    head.witness?.(null);
    this.#session.replies.shift();
    if (!head.swallow) this.#forward();
  }

  #completed(type: number): void {
    const head = this.#head();
    if (head.kind === 'query') {
      head.index += 1;
      this.#usePlan(null);
    } else if (head.kind === 'execute') {
      this.#session.replies.shift();
      if (type !== SERVER_TYPE.portalSuspended) this.#usePlan(null);
      if (this.#session.copyInReply === head) this.#endCopyIn();
    } else {
      throw unexpected('a completion');
    }
    this.#forward();
  }

  #endCopyIn(): void {
    this.#session.copyIn = 'none';
    this.#session.copyInReply = null;
  }

  #copyIn(): void {
    const head = this.#head();
    if (head.kind !== 'query' && head.kind !== 'execute') throw unexpected('COPY in');
    if (head.kind === 'execute') {
      head.copyIn = true;
      this.#session.replies.dropSyncsIgnoredBy(head);
    }
    this.#session.copyIn = 'active';
    this.#session.copyInReply = head;
    this.#forward();
  }

  #ready(): void {
    const { buffer, start, end } = this.#reader;
    const session = this.#session;
    const head = this.#head();
    if (head.kind !== 'query' && head.kind !== 'sync') throw unexpected('ready for query');
    session.transaction = decodeReadyForQuery(buffer, start, end);
    if (session.copyInReply === head) this.#endCopyIn();
    if (head.kind === 'query' && head.failed) undo(head);
    this.#usePlan(null);
    session.replies.shift();
    if (session.transaction === 'I') {
      session.names.endPortals(head.kind === 'sync' ? head.epoch : session.batch);
      if (session.replies.size === 0) session.transactionScope = 'clean';
    }
    if (head.kind === 'query' || !head.swallow) this.#forward();
  }

  #error(): void {
    const { buffer, start, end } = this.#reader;
    const session = this.#session;
    const { head } = session.replies;
    this.#copyOut.abort();
    this.#usePlan(null);
    if (head === null) return this.#report(buffer, start, end, session.transactionScope);
    const scope = widest(scopeOf(session, head), session.transactionScope);
    if (session.copyInReply === head) this.#endCopyIn();
    switch (head.kind) {
      case 'query':
        head.failed = true;
        return this.#report(buffer, start, end, scope);
      case 'abort':
        session.replies.shift();
        return undefined;
      case 'sync':
        // A deferred constraint, at the commit that Sync makes.
        return this.#report(buffer, start, end, scope);
      case 'parse':
      case 'bind':
      case 'describe':
      case 'execute':
      case 'close':
        return this.#pipelineFailed(head, scope);
    }
  }

  #pipelineFailed(head: Reply, scope: MaskScope): void {
    const { buffer, start, end } = this.#reader;
    const session = this.#session;
    const own = 'swallow' in head && head.swallow && head.kind !== 'describe';
    const found = session.replies.failToSync();
    const next = session.replies.head;
    if (!found) session.skipping = true;
    // A description Postern asked for on the side failed; the statement itself will say why.
    if (own && next?.kind === 'sync' && next.swallow) return;
    this.#report(buffer, start, end, scope);
  }

  #report(buffer: Buffer, start: number, end: number, scope: MaskScope): void {
    const { toClient } = this.#session.parts;
    if (scope === 'clean') return toClient.forward(buffer, start, end);
    toClient.send(encodeErrorResponse(stripError(decodeErrorResponse(buffer, start, end), scope)));
  }

  #notice(): void {
    const { buffer, start, end } = this.#reader;
    const session = this.#session;
    const { head } = session.replies;
    const scope = head === null ? session.transactionScope : widest(scopeOf(session, head), session.transactionScope);
    const { toClient } = session.parts;
    if (scope === 'clean') return toClient.forward(buffer, start, end);
    const stripped = stripNotice(decodeNoticeResponse(buffer, start, end), scope);
    if (stripped !== null) toClient.send(encodeNoticeResponse(stripped));
  }

  #parameterStatus(): void {
    const { buffer, start, end } = this.#reader;
    const session = this.#session;
    const { name, value } = decodeParameterStatus(buffer, start, end);
    const pinned = PINNED.get(name);
    if (pinned !== undefined && pinned !== value) throw new PosternError('setting-pinned', { name });
    const { head } = session.replies;
    const scope = head === null ? session.transactionScope : scopeOf(session, head);
    if (passesParameterStatus(name, scope)) this.#forward();
  }
}

/** The scope of what `head` answers, as wide as the session's uncommitted DDL makes it. */
function scopeOf(session: SessionState, head: Reply): MaskScope {
  switch (head.kind) {
    case 'query': {
      const own = head.judged.judgement.statements[head.index]?.scope ?? 'opaque';
      return session.effective(head.scope ?? own);
    }
    case 'parse':
    case 'bind':
    case 'describe':
    case 'execute':
      return session.effective(head.scope);
    case 'close':
    case 'sync':
    case 'abort':
      return session.effective('clean');
  }
}

function unexpected(what: string): PosternError {
  return new PosternError('upstream-protocol', { reason: `the database sent ${what} out of turn` });
}
