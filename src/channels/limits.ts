/** The channels' bounds (I9), in one place, each with its reason or source. */

/** Deliveries of one channel that may wait; what comes on top is dropped and counted. */
export const MAX_QUEUED = 1000;
/** Attempts of one channel at once. */
export const MAX_IN_FLIGHT = 4;
/** One attempt, from connecting to the end of the answer. Standard Webhooks asks for 15 to 30 s at most. */
export const ATTEMPT_TIMEOUT_MS = 10_000;
/** With the delays below, the last attempt is about ten minutes after the first. */
export const MAX_ATTEMPTS = 11;
export const RETRY_BASE_MS = 1000;
export const RETRY_MAX_MS = 300_000;
/** A longer Retry-After is not waited for. */
export const MAX_RETRY_AFTER_MS = 600_000;
/** What deliveries under way get when Postern stops. */
export const CLOSE_GRACE_MS = 3000;
/** Bytes of an answer that are read. Slack's largest to us is a message repeated. */
export const MAX_ANSWER_BYTES = 512 * 1024;

/** Requests of one agent a channel announces in a window; more is an agent that tires people out. */
export const MAX_ANNOUNCED = 10;
export const ANNOUNCE_WINDOW_MS = 600_000;
/** Agents remembered for that. */
export const MAX_THROTTLED_AGENTS = 1000;

/** Seconds either way: docs.slack.dev, "Verifying requests from Slack". */
export const SIGNATURE_WINDOW_S = 300;
/** Signatures remembered against replays; more in ten minutes is no human clicking, and is refused. */
export const MAX_REMEMBERED = 10_000;
/** Bytes of an interaction: it repeats the message or dialog, percent-encoded. */
export const MAX_INTERACTION_BYTES = 256 * 1024;
/** Slack shows its user an error after 3 s without an answer; a trigger_id dies at the same age. */
export const ACK_MS = 2500;
/** Clicks being worked on at once. */
export const MAX_INTERACTIONS = 100;

/**
 * Characters of everything in a request that a message may show. A message whose blocks have about 13,000
 * together is refused (`msg_blocks_too_long`), and one a person will not read is as bad.
 */
export const MAX_SHOWN_CHARS = 6000;
/** Characters a text is cut to where nothing is decided by it. */
export const MAX_CUT_CHARS = 300;
/** Messages remembered so that their outcome can be shown. */
export const MAX_POSTED = 10_000;

/** Bytes of a message: learn.microsoft.com, "Limits and specifications for Microsoft Teams": 28 KB. */
export const MAX_CARD_BYTES = 27 * 1024;
