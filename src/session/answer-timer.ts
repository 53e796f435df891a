/**
 * How long the upstream takes to begin its answer: from a message sent while it owed nothing to the first bytes that
 * come. One such turn in sixteen is timed, so that small statements do not pay for it. What a client is slow to
 * take, or a person to approve, is not in it.
 */
const TIMED_ONE_IN = 16;

export class AnswerTimer {
  readonly #report: (seconds: number) => void;
  /** Turns until the next that is timed. Sessions begin anywhere, for their first statements are unlike others. */
  #until = Math.floor(Math.random() * TIMED_ONE_IN);
  /** Milliseconds, as `performance.now` has them; 0 while nothing is timed. */
  #since = 0;

  constructor(report: (seconds: number) => void) {
    this.#report = report;
  }

  /** Something was sent to an upstream that owed nothing. */
  asked(): void {
    this.#since = 0;
    if (this.#until > 0) {
      this.#until -= 1;
      return;
    }
    this.#until = TIMED_ONE_IN - 1;
    this.#since = performance.now();
  }

  /** Bytes came. */
  came(): void {
    if (this.#since === 0) return;
    this.#report((performance.now() - this.#since) / 1000);
    this.#since = 0;
  }
}
