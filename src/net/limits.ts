/** Bounds of connections that no operator needs to change. */

/**
 * Silence after which a peer is asked whether it is still there, in milliseconds. libuv then asks ten times, a
 * second apart (`uv__tcp_keepalive`), so a peer that vanished is noticed 70 s after its last word.
 */
export const KEEP_ALIVE_MS = 60_000;
