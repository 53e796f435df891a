/** Bounds of connections that no operator needs to change. */

/**
 * Silence after which a peer is asked whether it is still there, in milliseconds. libuv then asks ten times, a
 * second apart (`uv__tcp_keepalive`), so a peer that vanished is noticed 70 s after its last word.
 */
export const KEEP_ALIVE_MS = 60_000;

/**
 * Cancels a second that are passed on to other Posterns, each a notification that all of them hear; above them
 * a CancelRequest is closed as an unknown one is. Of keys that are proven ones, of keys that may be anybody's
 * guess, and of guesses from one address, so that one that floods leaves others something.
 */
export const MAX_PROVEN_CANCELS = 100;
export const MAX_UNPROVEN_CANCELS = 50;
export const MAX_UNPROVEN_CANCELS_PER_ADDRESS = 25;

/** How long another Postern may take to say that it has the session: a notification takes milliseconds. */
export const CANCEL_FOUND_MS = 1000;

/** How long it may take from there to cancel: what `Session.cancel` waits at most, and reaching the database. */
export const CANCEL_DONE_MS = 40_000;

/** A passed-on cancel older or newer than this, by the store's clock, is a copy that somebody kept. */
export const CANCEL_FRESH_MS = 10_000;
