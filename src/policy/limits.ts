/** Numbers of policy that a rules file may leave out. */

/** How long a request stays open where no rule says: long enough for a person, short enough for a session. */
export const DEFAULT_EXPIRES_MS = 15 * 60 * 1000;

/** Distinct people where no rule says. */
export const DEFAULT_QUORUM = 1;
