/**
 * A result that has met a limit on its rows: nothing more is read from the database until somebody has decided.
 *
 * Approved, it goes on where it stopped. Otherwise the statement is cancelled, and what still comes of it is
 * dropped; the database's error for it, or its completion, becomes the refusal. Reading begins again only when the
 * cancel has arrived, so that it can hit no later statement. A database that had finished by then has done more
 * than the client is told: the rest of the batch is kept from it, and a transaction that is still open made to fail.
 *
 * Invariants: I6, I7 (the grant is spent before a further row passes), I9 (what is kept is the chunk at hand).
 * Non-goals: when to stop (`row-meter.ts`), rows themselves (`row-stream.ts`).
 */
import { PosternError } from '../errors.ts';
import type { RowsMet } from '../gate/held-rows.ts';
import { dropWithheld } from './extended.ts';
import { askForRows, asRefusal, withdraw } from './holding.ts';
import { refusalMessage } from './messages.ts';
import { unexpected, type Reply } from './replies.ts';
import type { RowMeter } from './row-meter.ts';
import { failTransaction } from './simple.ts';
import { shownTo } from './showing.ts';
import type { SessionState } from './state.ts';

/** The session's hold on its upstream socket. */
export type UpstreamFlow = {
  /** Stops reading. */
  halt(): void;
  /** Reads on, with what is at hand first. */
  resume(): void;
  /** Resolves when the upstream has taken a CancelRequest. */
  cancel(): Promise<void>;
  /** Ends the session. */
  fail(error: unknown): void;
};

export class RowPause {
  readonly #session: SessionState;
  readonly #flow: UpstreamFlow;
  /** `paused`: waits; `dropping`: the statement's end is to come; `muted`: the client was told that it failed. */
  #state: 'flowing' | 'paused' | 'dropping' | 'muted' = 'flowing';
  #refusal: PosternError | null = null;

  constructor(session: SessionState, flow: UpstreamFlow) {
    this.#session = session;
    this.#flow = flow;
  }

  get paused(): boolean {
    return this.#state === 'paused';
  }

  /** Results are kept from the client. */
  get dropping(): boolean {
    return this.#state === 'dropping' || this.#state === 'muted';
  }

  get muted(): boolean {
    return this.#state === 'muted';
  }

  /** Stops the result of `head` until it is decided about. */
  stop(head: Reply | null, meter: RowMeter): void {
    if (head?.kind !== 'query' && head?.kind !== 'execute') throw unexpected('a row');
    // A grant that ended here has ended the result with it.
    if (this.#state !== 'flowing') return;
    this.#state = 'paused';
    this.#flow.halt();
    this.#decide(head, meter).catch((error: unknown) => this.#flow.fail(error));
  }

  async #decide(head: Extract<Reply, { kind: 'query' | 'execute' }>, meter: RowMeter): Promise<void> {
    const session = this.#session;
    const met: RowsMet = { rows: meter.tally.rows, limits: meter.met };
    try {
      // Nobody is asked about rows that no grant is left for.
      await session.use?.ready();
      if (this.#refusal !== null) throw this.#refusal;
      await askForRows(session, head, met);
      if (this.#refusal !== null) throw this.#refusal;
      meter.lift(met.limits);
      this.#state = 'flowing';
    } catch (error) {
      if (session.closed) return;
      this.#refusal ??= refusalFor(session, error, met.rows, shownTo(head) !== null);
      await this.#flow.cancel();
      this.#state = 'dropping';
    }
    if (!session.closed) this.#flow.resume();
  }

  /** Ends the result that is shown now, as if it had been refused; nobody is asked about its rows any more. */
  end(refusal: PosternError): void {
    if (this.#refusal !== null) return;
    this.#refusal = refusal;
    const { log } = this.#session.parts;
    if (this.#state === 'paused') {
      // What waits for the decision goes on, and finds the refusal.
      withdraw(this.#session, refusal.message).catch((error: unknown) =>
        log.error({ err: error }, 'a request could not be withdrawn'),
      );
      return;
    }
    if (this.#state !== 'flowing') return;
    this.#state = 'paused';
    this.#flow.halt();
    this.#flow
      .cancel()
      .catch((error: unknown) => log.warn({ err: error }, 'a result could not be cancelled; it is dropped'))
      .then(() => {
        this.#state = 'dropping';
        if (!this.#session.closed) this.#flow.resume();
      })
      .catch((error: unknown) => this.#flow.fail(error));
  }

  /**
   * The database reports an error.
   * @returns what the client is told in its place; `muted` for nothing; null for the error itself
   */
  error(): PosternError | 'muted' | null {
    if (this.#state === 'muted') return 'muted';
    if (this.#state !== 'dropping') return null;
    return this.#over();
  }

  /** The database has finished what `head` asked for, which is answered: a refusal comes in place of its completion. */
  completed(head: Reply): void {
    if (this.#state !== 'dropping' || this.#refusal === null) return;
    const session = this.#session;
    session.parts.toClient.send(refusalMessage(this.#refusal));
    this.#state = 'muted';
    if (head.kind !== 'execute' || session.replies.owesSync) return;
    // As after any error: the client's own messages are skipped up to its Sync.
    session.skipping = true;
    session.abortAtSync = session.transaction === 'T' || session.implicitWork;
    dropWithheld(session);
  }

  /**
   * The client's batch is over, with this ReadyForQuery.
   * @returns whether it is kept back, because the transaction that the client takes for failed must fail first
   * @throws PosternError where that comes too late, for more was sent on
   */
  ready(): boolean {
    if (this.#state !== 'muted') return false;
    const refusal = this.#over();
    const session = this.#session;
    if (session.transaction !== 'T') return false;
    if (session.replies.size > 0) throw refusal ?? new PosternError('internal-error');
    failTransaction(session);
    return true;
  }

  #over(): PosternError | null {
    const refusal = this.#refusal;
    this.#refusal = null;
    this.#state = 'flowing';
    return refusal;
  }

  /** COPY FROM STDIN begins behind a refusal: the client, which knows of none, would never send its data. */
  copyIn(): void {
    if (this.#state === 'muted') throw this.#refusal ?? new PosternError('internal-error');
  }
}

const CANCELLED: ReadonlySet<string> = new Set(['request-expired', 'request-withdrawn', 'shutting-down']);

/** Why the result ends, in the words of one that had begun. */
function refusalFor(session: SessionState, error: unknown, rows: number, shown: boolean): PosternError {
  if (!(error instanceof PosternError))
    session.parts.log.error({ err: error }, 'a paused result could not be decided about');
  const { code, message } = asRefusal(error);
  const pending = code === 'request-pending' ? /request (\S+) /.exec(message)?.[1] : undefined;
  if (pending !== undefined)
    return new PosternError(shown ? 'rows-pending-shown' : 'rows-pending', { rows, id: pending });
  return new PosternError(CANCELLED.has(code) ? 'rows-cancelled' : 'rows-denied', { rows, reason: message });
}
