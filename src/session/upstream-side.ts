/**
 * From the upstream: each frame is taken as the answer to what is owed next, masked where it must be, and
 * passed on. Frames that pass unchanged go by reference; rows under a plan go through the rewriter.
 *
 * Invariants: I2 (an answer that does not fit what is owed ends the session), I3 (rows, COPY data, errors,
 * notices, parameter status). Non-goals: deciding what is masked (`masking/plan.ts`), when (`gate/`).
 */
import { PosternError } from '../errors.ts';
import { widest } from '../gate/judge.ts';
import { FrameReader, SERVER_STREAMABLE } from '../wire/frame-reader.ts';
import { decodeReadyForQuery } from '../wire/server/ready-for-query.ts';
import { SERVER_TYPE, serverMaxLength } from '../wire/server/types.ts';
import { noteCompletion } from './catalog-freshness.ts';
import { CopyOut } from './copy-out.ts';
import { Metered } from './metered.ts';
import { Planner } from './planner.ts';
import { undo, unexpected, type Reply } from './replies.ts';
import { Reports } from './reports.ts';
import { meterFor } from './row-meter.ts';
import { RowPause, type UpstreamFlow } from './row-pause.ts';
import { RowStream } from './row-stream.ts';
import { SecondLook } from './second-look.ts';
import { scopeOf } from './sight.ts';
import { standingFrom } from './standing.ts';
import { UpstreamErrors } from './upstream-errors.ts';
import type { SessionState } from './state.ts';

export class UpstreamSide {
  readonly #session: SessionState;
  readonly #reader: FrameReader;
  readonly #copyOut: CopyOut;
  readonly #reports: Reports;
  readonly #errors: UpstreamErrors;
  readonly #planner: Planner;
  readonly #pause: RowPause;
  readonly #metered: Metered;
  readonly #rows: RowStream;
  readonly #look: SecondLook;
  #followed: Reply | null = null;

  constructor(session: SessionState, flow: UpstreamFlow) {
    this.#session = session;
    this.#reader = new FrameReader((type) => this.#maxLength(type), SERVER_STREAMABLE);
    this.#reader.streaming = true;
    this.#reports = new Reports(session);
    this.#planner = new Planner(session);
    this.#pause = new RowPause(session, flow);
    this.#metered = new Metered(session, flow);
    this.#look = new SecondLook(session, flow);
    this.#errors = new UpstreamErrors(session, this.#reader, this.#pause, this.#reports);
    this.#rows = new RowStream(session, this.#reader, this.#pause, this.#metered);
    this.#copyOut = new CopyOut(session, this.#rows, this.#pause, this.#metered);
    session.endResult = (error) => this.#pause.end(error);
  }

  /** What comes is not for the client any more. */
  get dropping(): boolean {
    return this.#pause.dropping;
  }

  /** What was read last is not handled to its end (a paused run is still shown), so its memory must stay as it is. */
  get holding(): boolean {
    return this.#reader.holding || this.#pause.paused || this.#metered.holding || this.#look.waiting;
  }

  /** The client was given a part of a row. Where rows were stopped or dropped, that was between two. */
  get midFrame(): boolean {
    return this.#reader.midFrame && !this.#pause.paused && !this.#pause.dropping;
  }

  /**
   * Takes what came, or goes on where it was paused.
   * @throws PosternError when the answer cannot be passed on; the session must end
   */
  push(chunk: Buffer): void {
    const reader = this.#reader;
    reader.push(chunk);
    if (this.#flows()) this.#again();
    while (this.#flows()) {
      this.#follow();
      if (!this.#next()) break;
      if (reader.type === SERVER_TYPE.dataRow) this.#rows.run();
      else if (this.#pause.dropping || !this.#look.begins(reader.type)) this.#other();
    }
    this.#rows.flush();
    this.#session.parts.toClient.flush();
  }

  /** Nothing has to wait. */
  #flows(): boolean {
    return this.#metered.ready() && !this.#pause.paused && !this.#look.waiting;
  }

  /** What was at hand when it was paused is still shown by the reader. */
  #again(): void {
    if (this.#look.over) this.#other();
    this.#rows.again();
    this.#copyOut.again(this.#reader);
  }

  #next(): boolean {
    try {
      return this.#reader.next();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#reader.streaming) throw unexpected(`what is no message (${reason})`);
      const limit = this.#session.parts.limits.maxMaskedRowBytes;
      throw new PosternError('masking-failed', {
        reason: `a row is longer than limits.maxMaskedRowBytes, ${limit}`,
      });
    }
  }

  /** A masked row is put together whole, so it has a bound; one that passes is streamed and has none. */
  #maxLength(type: number): number {
    const max = serverMaxLength(type);
    const whole = !this.#reader.streaming && (type === SERVER_TYPE.dataRow || type === SERVER_TYPE.copyData);
    return whole ? Math.min(max, this.#session.parts.limits.maxMaskedRowBytes) : max;
  }

  /** Takes up the plan of what is answered next, before its first frame is cut: only rows that pass may be streamed. */
  #follow(): void {
    const { head } = this.#session.replies;
    if (head === this.#followed) return;
    this.#followed = head;
    if (head?.kind !== 'execute') return;
    this.#rows.use(head.portal.plan ?? null, head.portal.plannedAt ?? null);
    if (head.portal.plan === undefined) this.#reader.streaming = false;
    this.#rows.meter = meterFor(this.#session, head);
  }

  #other(): void {
    this.#rows.flush();
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
        return this.#reports.notice(buffer, start, end);
      case SERVER_TYPE.parameterStatus:
        return this.#reports.parameterStatus(buffer, start, end);
      case SERVER_TYPE.notificationResponse:
        return this.#reports.notification(buffer, start, end);
      case SERVER_TYPE.copyInResponse:
        return this.#copyIn();
      case SERVER_TYPE.copyOutResponse:
        return this.#copyBegins();
      case SERVER_TYPE.copyData:
        return this.#copyOut.data(this.#reader);
      case SERVER_TYPE.copyDone:
        this.#copyOut.end();
        this.#reader.streaming = !this.#rows.masking;
        return this.#forward();
      default:
        throw unexpected(`message type 0x${type.toString(16)}`);
    }
  }

  #copyBegins(): void {
    const head = this.#head();
    const { buffer, start, end } = this.#reader;
    this.#copyOut.begin(head, buffer, start, end);
    this.#rows.standing.since(standingFrom(this.#session, head));
    this.#rows.stream(!this.#copyOut.masking);
    if (head.kind === 'query') this.#rows.meter = meterFor(this.#session, head);
    this.#forward();
  }

  #forward(): void {
    if (this.#pause.dropping) return;
    const { buffer, start, end } = this.#reader;
    this.#session.parts.toClient.forward(buffer, start, end);
  }

  /** Nothing more comes for this reply; what comes later in its transaction may still report on it. */
  #answered(head: Reply): void {
    this.#session.widenTransaction(scopeOf(this.#session, head));
    this.#session.replies.shift();
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
    this.#answered(head);
    if (!('swallow' in head && head.swallow)) this.#forward();
  }

  #description(): void {
    const { buffer, start, end } = this.#reader;
    const head = this.#head();
    const session = this.#session;
    if (head.kind === 'query') {
      head.described = true;
      this.#rows.use(this.#planner.planFor(head, this.#reader), standingFrom(session, head));
      this.#rows.meter = meterFor(session, head);
      return this.#forward();
    }
    if (head.kind !== 'describe') throw unexpected('a row description');
    const plan = this.#planner.planFor(head, this.#reader);
    if (head.portal !== null) {
      head.portal.plan = plan;
      head.portal.plannedFor = session.parts.gate.judge.rules;
      head.portal.plannedAt = standingFrom(session, head);
    }
    if (head.prepared !== null) {
      if (plan === null) head.prepared.witnessed = session.parts.gate.judge.masks;
      else if (scopeOf(session, head) === 'clean') head.prepared.contradicted = true;
    }
    head.witness?.(Buffer.from(buffer.subarray(start, end)));
    this.#answered(head);
    if (!head.swallow) this.#forward();
  }

  #noData(): void {
    const head = this.#head();
    if (head.kind !== 'describe') throw unexpected('no data');
    if (head.portal !== null) {
      head.portal.plan = null;
      head.portal.plannedFor = this.#session.parts.gate.judge.rules;
    }
    head.witness?.(null);
    this.#answered(head);
    if (!head.swallow) this.#forward();
  }

  #completed(type: number): void {
    const head = this.#head();
    this.#metered.finished();
    if (this.#session.altered) noteCompletion(this.#session, this.#reader);
    if (head.kind === 'query') {
      this.#session.widenTransaction(scopeOf(this.#session, head));
      head.index += 1;
      head.described = false;
      this.#rows.use(null);
      this.#rows.meter = null;
    } else if (head.kind === 'execute') {
      this.#answered(head);
      if (type !== SERVER_TYPE.portalSuspended) this.#rows.use(null);
      if (this.#session.copyInReply === head) this.#endCopyIn();
    } else {
      throw unexpected('a completion');
    }
    this.#pause.completed(head);
    this.#forward();
  }

  #endCopyIn(): void {
    this.#session.copyIn = 'none';
    this.#session.copyInReply = null;
  }

  #copyIn(): void {
    const head = this.#head();
    if (head.kind !== 'query' && head.kind !== 'execute') throw unexpected('COPY in');
    this.#pause.copyIn();
    const session = this.#session;
    if (head.kind === 'execute') session.replies.dropSyncsIgnoredBy(head);
    if (head.ended > 0) {
      head.ended -= 1;
    } else if (session.replies.size === 1) {
      session.copyIn = 'active';
      session.copyInReply = head;
    }
    // Else the client has sent something that ends the COPY with an error, which is on its way.
    this.#forward();
  }

  #ready(): void {
    const { buffer, start, end } = this.#reader;
    const session = this.#session;
    const head = this.#head();
    if (head.kind !== 'query' && head.kind !== 'sync') throw unexpected('ready for query');
    session.transaction = decodeReadyForQuery(buffer, start, end);
    if (session.transaction === 'I') session.mayHaveCommitted();
    if (session.copyInReply === head) this.#endCopyIn();
    if (head.kind === 'query' && head.failed) undo(head);
    this.#rows.use(null);
    this.#answered(head);
    if (session.settings.used) session.settings.ready(session.transaction, session.replies.size === 0);
    if (session.transaction === 'I') {
      session.transactionScope = 'clean';
      session.names.endPortals(head.epoch);
      if (session.replies.size === 0) session.idle();
    }
    if (head.kind !== 'query' && head.swallow) return;
    if (!this.#pause.ready()) this.#forward();
  }

  #error(): void {
    const session = this.#session;
    const { head } = session.replies;
    this.#copyOut.abort();
    this.#rows.use(null);
    session.settings.failed();
    this.#metered.finished();
    if (head === null) return this.#errors.report(session.transactionScope);
    const scope = widest(scopeOf(session, head), session.transactionScope);
    if (session.copyInReply === head) this.#endCopyIn();
    switch (head.kind) {
      case 'query':
        head.failed = true;
        return this.#errors.report(scope);
      case 'abort':
        session.replies.shift();
        return undefined;
      case 'sync':
        // A deferred constraint, at the commit that Sync makes.
        return this.#errors.report(scope);
      case 'parse':
      case 'bind':
      case 'describe':
      case 'execute':
      case 'close':
        return this.#errors.pipelineFailed(head, scope);
    }
  }
}
