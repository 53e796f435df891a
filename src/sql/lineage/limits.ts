/** Every bound of the lineage analysis. What is over a bound is lost, never passed. */

/** Views over views; real schemas stay under ten, and each level costs a parse the first time. */
export const MAX_VIEW_DEPTH = 32;

/**
 * Nodes visited for one statement. A megabyte of VALUES has about 600,000 nodes; recursive CTEs visit theirs
 * several times.
 */
export const MAX_LINEAGE_STEPS = 1_000_000;

/** Rounds until a recursive CTE stands still: each round adds a column to one of its outputs. */
export const MAX_FIXPOINT_ROUNDS = 64;

/** Types below this OID have one assigned by hand in PostgreSQL's sources (transam.h, FirstGenbkiObjectId). */
export const FIRST_GENERATED_OID = 10_000;
