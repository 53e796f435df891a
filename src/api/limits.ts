/** The API's bounds (I9), in one place. They are Postern's own choices: no standard fixes them. */

/** Bytes of a request body. The largest honest one is a reason; `explain` has its own bound. */
export const MAX_BODY_BYTES = 64 * 1024;
/** Bytes of a `policy/explain` body: a statement as long as `limits.maxStatementBytes` usually allows, as JSON. */
export const MAX_EXPLAIN_BODY_BYTES = 2 * 1024 * 1024;
/** Characters of an owner's, group's, database's or login's name: as the configuration files allow. */
export const MAX_LABEL_CHARS = 100;
/** Names in one list of an agent: groups or databases. */
export const MAX_NAMES = 64;
/** Characters of one column's name: three parts of 63 bytes, quoted. */
export const MAX_COLUMN_CHARS = 400;
/** Requests in one answer. */
export const MAX_LISTED_REQUESTS = 500;

/** Event streams open at once. */
export const MAX_EVENT_STREAMS = 64;
/** Of them, one caller's. */
export const MAX_EVENT_STREAMS_PER_CALLER = 8;
/** Bytes one event stream may lag behind before it is dropped. A single event may be larger. */
export const MAX_EVENT_BACKLOG_BYTES = 256 * 1024;
/** Milliseconds a client has to read on while it is told what it missed. */
export const CATCH_UP_TIMEOUT_MS = 10_000;
/** Events kept for those who come back, and their bytes. */
export const MAX_EVENT_HISTORY = 1024;
export const MAX_EVENT_HISTORY_BYTES = 1024 * 1024;
/** Milliseconds between two heartbeats: under the 60 s after which common reverse proxies give up. */
export const EVENT_HEARTBEAT_MS = 15_000;

/** Failed authentications an address may make in one window before it is told to wait. */
export const MAX_FAILED_ATTEMPTS = 20;
export const FAILED_ATTEMPTS_WINDOW_MS = 60_000;
/** Addresses remembered; beyond it the oldest is forgotten. */
export const MAX_FAILED_ADDRESSES = 1024;

/** Characters of an `Authorization` header that are looked at: half of what Node takes in headers (16 KiB). */
export const MAX_TOKEN_CHARS = 8192;
/** In which calls are counted: `limits.maxApiCallsPerMinute`. */
export const CALLS_WINDOW_MS = 60_000;
/** Callers whose calls are counted; beyond it the oldest count is forgotten. */
export const MAX_COUNTED_CALLERS = 4096;

/** Seconds that the provider's clock may differ from ours. */
export const CLOCK_TOLERANCE_S = 30;
/** A token this long after `iat` is refused whatever its `exp`: nothing tells us that it was revoked. */
export const MAX_TOKEN_AGE = '24h';
/** Milliseconds for one answer of the provider. */
export const PROVIDER_TIMEOUT_MS = 5_000;
/** Milliseconds for which it is not asked again after it failed. */
export const PROVIDER_RETRY_MS = 5_000;
/** Milliseconds between two fetches of its keys because of a key that is not among them. */
export const JWKS_COOLDOWN_MS = 30_000;
/** Milliseconds after which its keys are fetched anew, so that a key it withdrew is forgotten. */
export const JWKS_MAX_AGE_MS = 600_000;
/** Groups of one person that are looked at. */
export const MAX_CLAIM_GROUPS = 500;
/** Characters of a `sub`: OpenID Connect Core section 2 allows no more. */
export const MAX_SUBJECT_CHARS = 255;

/** Milliseconds a client has to send its headers and its whole request (Node's own defence against slow senders). */
export const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 30_000;
/** Milliseconds between two looks for such clients. */
export const SLOW_CLIENT_CHECK_MS = 2_000;
/** The longest that Node's timers can wait (2^31 - 1 ms). */
export const MAX_TIMEOUT_MS = 2_147_483_647;
/** Connections at once, streams included. */
export const MAX_CONNECTIONS = 256;
