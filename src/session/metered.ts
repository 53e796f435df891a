/**
 * Rows under a time-boxed grant on their way to the client: counted before they pass, kept back while more are
 * being reserved, and no longer passed once the grant is over.
 *
 * Invariant: rows keep their order, and none is lost in silence: that of which a row does not pass ends in an error
 * (`row-pause.ts`). Non-goal: which fields are shown (`grant-use.ts`).
 */
import type { GrantUse } from './grant-use.ts';
import type { UpstreamFlow } from './row-pause.ts';
import type { SessionState } from './state.ts';

/** Frames where they lie. Nobody writes there until they are passed on. */
export type Placed = { readonly buffer: Buffer; readonly start: number; readonly end: number };

/** Takes frames to the client. */
export type Pass = (placed: Placed) => void;

export class Metered {
  readonly #session: SessionState;
  readonly #flow: Pick<UpstreamFlow, 'halt' | 'resume'>;
  /** What waits for more to be reserved: a run of rows, or one frame of COPY data. */
  #kept: (() => void) | null = null;
  #waiting = false;

  constructor(session: SessionState, flow: Pick<UpstreamFlow, 'halt' | 'resume'>) {
    this.#session = session;
    this.#flow = flow;
  }

  /** Frames are kept back where they lie, so nothing may be read into their memory. */
  get holding(): boolean {
    return this.#waiting || this.#kept !== null;
  }

  /** Whether anything more may be taken; what was kept back goes first. */
  ready(): boolean {
    if (this.#waiting) return false;
    const kept = this.#kept;
    this.#kept = null;
    kept?.();
    return !this.#waiting;
  }

  /** A run of rows. */
  rows(placed: Placed, pass: Pass): void {
    const { use } = this.#session;
    if (use === null || !use.counts) return pass(placed);
    const { buffer, start, end } = placed;
    const to = use.admit(buffer, start, end);
    if (to > start) pass({ buffer, start, end: to });
    if (to < end) this.#keep(use, () => this.rows({ buffer, start: to, end }, pass));
  }

  /** One frame of COPY data. @param counts whether it is a row: the server sends each in a frame of its own */
  copyData({ buffer, start, end }: Placed, counts: boolean, pass: Pass): void {
    const { use } = this.#session;
    if (use === null || !use.counts) return pass({ buffer, start, end });
    if (use.ended !== null) return;
    if (!counts || use.admitOne()) return pass({ buffer, start, end });
    this.#keep(use, () => this.copyData({ buffer, start, end }, counts, pass));
  }

  /** The answer is over, by whatever message. */
  finished(): void {
    const { use } = this.#session;
    if (use === null) return;
    this.#session.use = null;
    this.#kept = null;
    use.settle();
  }

  #keep(use: GrantUse, kept: () => void): void {
    if (use.ended !== null) return;
    this.#kept = kept;
    this.#waiting = true;
    this.#flow.halt();
    // Never rejects.
    void use.more().then(() => {
      this.#waiting = false;
      if (!this.#session.closed) this.#flow.resume();
    });
  }
}
