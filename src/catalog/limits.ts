/** Every number of the catalog room, with where it comes from. */

/** Objects below this OID were made by initdb, the rest by people: FirstNormalObjectId, access/transam.h. */
export const FIRST_USER_OID = 16384;

/** Characters of a function's body that are read; nobody vouches for a longer one. Few are over 8,000. */
export const MAX_FUNCTION_BODY_CHARS = 32_768;

/** A reading takes a tenth of a second; past this the database is in trouble and the old one stands. */
export const CONTROL_STATEMENT_TIMEOUT_MS = 30_000;

/**
 * A definition can only be read under a lock on what it names, which open DDL has; past this the old reading stands
 * and the next is tried.
 */
export const CONTROL_LOCK_TIMEOUT_MS = 1_000;

/** How long a control connection may take to come up. */
export const CONTROL_CONNECT_TIMEOUT_MS = 10_000;

/** At the least between two readings that unknown names ask for. */
export const LOOK_AGAIN_MS = 250;
