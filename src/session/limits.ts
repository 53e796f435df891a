/** Bounds of one session that no operator needs to change (I9). The others are in postern.yaml. */
export const SESSION_LIMITS = {
  /** Prepared statements, portals or cursors by name. Drivers that cache keep a few hundred. */
  maxNames: 10_000,
  /** Messages sent upstream and not yet answered; past it the client is not read until answers come. */
  maxRepliesOwed: 10_000,
  /** Messages kept back with a statement that will be held; a driver sends three. */
  maxWithheld: 1_000,
  /** Texts one cursor name may stand for at once. */
  maxMeanings: 64,
  /** Length of the texts one prepared name may stand for at once, in UTF-16 units; past it the name is forgotten. */
  maxDoubtfulChars: 262_144,
  /** Row plans kept for statements that are sent again, and how long a description may be that one is kept for. */
  maxKeptPlans: 64,
  maxKeptDescriptionBytes: 4_096,
  /** How long DDL waits for others to store what they read, and how often it looks, in milliseconds. */
  maxWaitForStoresMs: 5_000,
  storesPollMs: 10,
} as const;
