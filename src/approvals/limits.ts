/** The approvals' limits, each with its reason. Times in milliseconds, lengths in characters. */

/** 8 characters of 5 bits: 40 random bits, short enough to type. */
export const ID_CHARACTERS = 8;

/** New ids tried before giving up; with 40 bits one is enough for any store that fits on a disk. */
export const MAX_ID_ATTEMPTS = 5;

/** Long enough for a paragraph, short enough for a chat message and a table cell. */
export const MAX_REASON_CHARACTERS = 2000;

/** A week. A request nobody answers for longer is not being looked at. */
export const MAX_EXPIRES_MS = 7 * 24 * 60 * 60 * 1000;

/** More people than any rule can sensibly ask for. */
export const MAX_QUORUM = 20;

/** Node's timers wrap above this (2^31 - 1). */
export const MAX_TIMER_MS = 2_147_483_647;

/** An ending that could not be recorded is tried again after this. */
export const RETRY_MS = 1000;

export const DEFAULT_LIST_LIMIT = 100;
export const MAX_LIST_LIMIT = 1000;

/** PostgreSQL cuts identifiers at 63 bytes (NAMEDATALEN - 1), and agents' names travel as user names. */
export const MAX_AGENT_NAME_CHARACTERS = 63;

/** Owners, groups, databases and logins. */
export const MAX_LABEL_CHARACTERS = 200;
export const MAX_LABELS = 100;

/** Bytes of held statements kept with their literals in memory, for all requests together. */
export const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** Connections of one instance to a PostgreSQL store; with one to listen, 13. PostgreSQL's default is 100 for all. */
export const STORE_CONNECTIONS = 8;
export const STORE_LOCK_CONNECTIONS = 4;

/** A store that does not answer for so long is down: a person would wait no longer for a page. */
export const STORE_CONNECT_MS = 5000;
export const STORE_STATEMENT_MS = 5000;

/** Below the 8000 bytes a notification may have (NOTIFY_PAYLOAD_MAX_LENGTH in async.c), with the sender's name before it. */
export const MAX_BROADCAST_CHARACTERS = 4000;

/** How often an instance says that it lives, and looks at its connection. */
export const HEARTBEAT_MS = 5000;

/** An instance not heard of for so long is dead: five heartbeats and the time one may take. */
export const LEASE_MS = 30_000;

/** How often an instance looks for what is due, orphaned or to be escalated, beside its own timers. */
export const SWEEP_MS = 5000;

/** How often the agents of open sessions are looked at, should nobody have told that one was disabled. */
export const AGENT_WATCH_MS = 1000;

/** How often rows are counted together with other instances: a person would not be asked sooner. */
export const ROW_SYNC_MS = 1000;

/** Whole minutes before the current one that count as the last hour. */
export const ROW_MINUTES = 60;

/** Requests taken up in one sweep, or removed in one batch: short enough to hold nobody up. */
export const SWEEP_BATCH = 100;

/** How often finished requests are looked at for removal. */
export const PRUNE_MS = 60 * 60 * 1000;

/** Three months: a quarter, which is what reviews of access look back on. The trail keeps its own time. */
export const DEFAULT_KEEP_MS = 90 * 24 * 60 * 60 * 1000;

/** What a request says of those before it: a day shows a habit, and is what a person remembers. */
export const HISTORY_MS = 24 * 60 * 60 * 1000;

/** Grants in force at once for one agent: each is one more thing somebody must remember to have granted. */
export const MAX_ACTIVE_GRANTS_PER_AGENT = 20;

/** Rows of a grant reserved at first, and at most, in one step: each step is one sync of the trail. */
export const FIRST_ROW_BATCH = 100;
export const MAX_ROW_BATCH = 10_000;

/** A grant's rows are given out in at least so many batches, so that one session cannot keep all from another. */
export const MIN_ROW_BATCHES = 8;

/** Of what an agent is told about why its statement is held, in UTF-16 units: a few lines of a terminal. */
export const MAX_WHY_CHARS = 500;
