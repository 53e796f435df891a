/** Bounds of running several processes. Times in milliseconds. */

/** How long another process may take to answer: its event loop may be busy, and somebody waits for /readyz. */
export const ANSWER_MS = 2000;

/** A process that died is started again after this, twice as long each time it fails anew, at most the second. */
export const FIRST_RESTART_MS = 500;
export const LAST_RESTART_MS = 30_000;

/** One that was ready for so long had found its feet: what it dies of next is another matter. */
export const STEADY_MS = 60_000;

/** Beyond `limits.shutdownGraceMs`, for what comes after the sessions: requests withdrawn, the trail closed. */
export const STOP_MARGIN_MS = 15_000;
