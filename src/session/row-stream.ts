/**
 * DataRows on their way to the client, one run after the other: by reference where nothing is masked, else through
 * the rewriter. Where a rule limits them they are counted, and the first that may not pass stops the result.
 *
 * Invariants: rows and messages keep their order; without a limit no row is looked at. Non-goals: COPY data.
 */
import { PosternError } from '../errors.ts';
import { OutputSlab } from '../masking/output-slab.ts';
import type { RowPlan } from '../masking/plan.ts';
import { RowRewriter } from '../masking/row-rewriter.ts';
import type { FrameReader } from '../wire/frame-reader.ts';
import type { Metered, Placed } from './metered.ts';
import { unexpected } from './replies.ts';
import type { RowMeter } from './row-meter.ts';
import type { RowPause } from './row-pause.ts';
import { Standing } from './standing.ts';
import type { SessionState } from './state.ts';

export class RowStream {
  readonly #session: SessionState;
  readonly #reader: FrameReader;
  readonly #pause: RowPause;
  readonly #metered: Metered;
  readonly #slab = new OutputSlab();
  /** The plan of the rows that come now, and its rewriter. */
  #plan: RowPlan | null = null;
  #rewriter: RowRewriter | null = null;
  readonly #rewriters = new WeakMap<RowPlan, RowRewriter>();
  #rewrote = false;
  /** Whether what they were judged by still stands. */
  readonly standing: Standing;
  /** What counts the rows that come now; null where nothing limits them. */
  meter: RowMeter | null = null;
  /** In the run at hand, the first row that may not pass yet; -1 without one. */
  #stoppedAt = -1;

  constructor(session: SessionState, reader: FrameReader, pause: RowPause, metered: Metered) {
    this.#session = session;
    this.#reader = reader;
    this.#pause = pause;
    this.#metered = metered;
    this.standing = new Standing(session);
  }

  get masking(): boolean {
    return this.#plan !== null;
  }

  /** Only rows that pass may be streamed. */
  use(plan: RowPlan | null, madeAt: number | null = null): void {
    this.flush();
    this.standing.since(madeAt);
    if (plan !== this.#plan) {
      this.#plan = plan;
      this.#rewriter = plan === null ? null : this.#rewriterFor(plan);
    }
    this.stream(plan === null);
  }

  /** One for each plan: making it costs more than rewriting a row. */
  #rewriterFor(plan: RowPlan): RowRewriter {
    let rewriter = this.#rewriters.get(plan);
    if (rewriter === undefined) {
      rewriter = new RowRewriter(plan, this.#session.parts.maskKey, this.#slab);
      this.#rewriters.set(plan, rewriter);
    }
    return rewriter;
  }

  /** Rows that a grant counts are taken whole, as those that are masked. */
  stream(passes: boolean): void {
    this.#reader.streaming = passes && this.#session.use?.counts !== true;
  }

  /** Rows that follow each other in a chunk have one plan, and are taken as one run. */
  run(): void {
    const reader = this.#reader;
    if (reader.first) this.#check();
    // The rest of a row that came in pieces was counted with its first.
    if (this.meter === null || reader.first) reader.extendRun();
    if (reader.first && !this.#pause.dropping && !this.standing.holds()) return;
    this.#from(reader.start);
  }

  /** Goes on with the run that was stopped. */
  again(): void {
    if (this.#stoppedAt < 0) return;
    const start = this.#stoppedAt;
    this.#stoppedAt = -1;
    if (this.#pause.dropping || this.standing.holds()) this.#from(start);
  }

  #from(start: number): void {
    if (this.#pause.dropping) return;
    const { buffer, end, first } = this.#reader;
    const to = this.meter === null || !first ? end : this.meter.pass(buffer, start, end);
    if (to > start && this.#session.use === null) this.#pass(buffer, start, to);
    else if (to > start) this.#metered.rows({ buffer, start, end: to }, this.#passPlaced);
    if (to === end || this.meter === null) return;
    this.#stoppedAt = to;
    this.#pause.stop(this.#session.replies.head, this.meter);
  }

  readonly #passPlaced = ({ buffer, start, end }: Placed): void => this.#pass(buffer, start, end);

  #pass(buffer: Buffer, start: number, end: number): void {
    if (this.#rewriter === null) {
      this.#session.parts.toClient.forward(buffer, start, end);
      return;
    }
    this.flush();
    // nobody else has this part of the buffer: it came from the socket, and rows are passed on once
    const to = this.#rewriter.maskRun(buffer, start, end);
    if (to > start) this.#session.parts.toClient.forward(buffer, start, to);
    this.#rewrote = this.#rewriter.length > 0;
  }

  /** Rows rewritten so far go out before whatever comes next. */
  flush(): void {
    if (!this.#rewrote || this.#rewriter === null) return;
    this.#rewrote = false;
    this.#session.parts.toClient.send(this.#rewriter.take());
  }

  #check(): void {
    const { head } = this.#session.replies;
    if (head?.kind === 'query' && head.described) return;
    if (head?.kind !== 'execute') throw unexpected('a row');
    if (head.portal.plan === undefined) {
      throw new PosternError('masking-failed', { reason: 'rows came without a description' });
    }
  }
}
