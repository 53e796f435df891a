/** Bounds on what configuration files may say. */

/** Bytes of a configuration file; far above any written by hand, far below what would stall a reload. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** How often aliases may be followed in one file, against files that grow exponentially when expanded. */
export const MAX_ALIAS_COUNT = 100;

/** Problems reported of one file; the rest is noise. */
export const MAX_PROBLEMS = 50;

/** NAMEDATALEN - 1 in PostgreSQL's src/include/pg_config_manual.h: no stored name is longer. */
export const MAX_NAME_BYTES = 63;

/** Length of a rule's or a person's name: it goes into every event and error. */
export const MAX_LABEL_LENGTH = 100;

/** A hold shorter than this cannot be answered by a person. */
export const MIN_EXPIRES_MS = 1000;

/** setTimeout takes at most 2^31 - 1 ms (24.8 days); a week is plenty. */
export const MAX_EXPIRES_MS = 7 * 24 * 60 * 60 * 1000;

/** Finished requests are kept at least a day, for what an agent asked before, and at most ten years. */
export const MIN_KEEP_MS = 24 * 60 * 60 * 1000;
export const MAX_KEEP_MS = 3650 * 24 * 60 * 60 * 1000;

/** Distinct people. */
export const MAX_QUORUM = 20;

/** Rows that a limit may name: far above any table, and exact as a number. */
export const MAX_ROWS_OVER = 1_000_000_000_000;

/** Characters `partial` may leave; more would be no mask. */
export const MAX_PARTIAL_KEEP = 16;

/** Bytes of the key for hashes in masks: as many as HMAC-SHA-256 puts out. */
export const MASK_KEY_BYTES = 32;

/** What numbers may be rounded to. A multiple of 1 is the number itself; above, floats are not exact. */
export const MIN_ROUND_TO = 2;
export const MAX_ROUND_TO = 1_000_000_000_000_000;

/** Paths of one JSON mask, and the steps of one: far above any written by hand. */
export const MAX_JSON_PATHS = 50;
export const MAX_JSON_STEPS = 32;

/** Channels of one installation, and secrets of one webhook: the new one, the old one, and room for a mistake. */
export const MAX_CHANNELS = 32;
export const MAX_CHANNEL_SECRETS = 4;

/** Characters of an address; RFC 9110 section 4.1 asks for at least 8000 octets, and no service uses as many. */
export const MAX_URL_LENGTH = 2000;

/** Bytes of a webhook's key: Standard Webhooks asks for 24 to 64 (192 to 512 bits). */
export const MIN_WEBHOOK_KEY_BYTES = 24;
export const MAX_WEBHOOK_KEY_BYTES = 64;

/** Processes of one Postern: more than any machine has cores to spare, and each has 13 connections to the store. */
export const MAX_PROCESSES = 64;
