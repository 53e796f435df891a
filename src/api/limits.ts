/** The API's bounds (I9), in one place. They are Postern's own choices: no standard fixes them. */

/** Bytes of a request body. The largest honest one is a reason; `explain` has its own bound. */
export const MAX_BODY_BYTES = 64 * 1024;
/** Bytes of a `policy/explain` body: a statement as long as `limits.maxStatementBytes` usually allows, as JSON. */
export const MAX_EXPLAIN_BODY_BYTES = 2 * 1024 * 1024;
/** Characters of an owner's, group's, database's or login's name: as the configuration files allow. */
export const MAX_LABEL_CHARS = 100;
/** Names in one list of an agent: groups or databases. */
export const MAX_NAMES = 64;
/** Requests in one answer. */
export const MAX_LISTED_REQUESTS = 500;

/** Event streams open at once. */
export const MAX_EVENT_STREAMS = 64;
/** Bytes one event stream may lag behind before it is dropped. */
export const MAX_EVENT_BACKLOG_BYTES = 256 * 1024;
/** Milliseconds between two heartbeats: under the 60 s after which common reverse proxies give up. */
export const EVENT_HEARTBEAT_MS = 15_000;

/** Failed authentications an address may make in one window before it is told to wait. */
export const MAX_FAILED_ATTEMPTS = 20;
export const FAILED_ATTEMPTS_WINDOW_MS = 60_000;
/** Addresses remembered; beyond it the oldest is forgotten. */
export const MAX_FAILED_ADDRESSES = 1024;

/** Bytes of an `Authorization` header that are looked at. */
export const MAX_TOKEN_CHARS = 512;
/** Milliseconds a client has to send its whole request (Node's own defence against slow senders). */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Connections at once, streams included. */
export const MAX_CONNECTIONS = 256;
