/** The trail's limits, each with its reason. Times in milliseconds, sizes in bytes. */

/** A noted event waits this long for company; with the write it stays inside the 20 ms that I7 promises. */
export const NOTE_DELAY_MS = 10;

/** Events that may wait to be written. At 20,000 statements a second it is 0.8 s of a stalled disk. */
export const MAX_QUEUED_EVENTS = 16_384;

/** From here on whoever notes more is made to wait, until half of it is written. */
export const CROWDED_EVENTS = 4096;

/** The same where what is to be written has waited so long, however little it is: then the disk hangs. */
export const CROWDED_MS = 1000;

/** Records encoded and hashed in one go: about 3 ms of the event loop at 6 µs a record. */
export const MAX_BATCH_RECORDS = 512;

/** The same when the trail is crowded: one loop's turn can note more than a batch, and must not get ahead of it. */
export const CROWDED_BATCH_RECORDS = 2048;

/** How often a failed trail tries its folder again. */
export const RECOVERY_INTERVAL_MS = 1000;

/** Written to a side file and synced before a failed trail is trusted again. */
export const PROBE_BYTES = 65_536;

/** `head.json` is at most this far behind the trail while events arrive. */
export const HEAD_INTERVAL_MS = 5000;

/** A record's line. Facts come from one statement, and `limits.maxStatementBytes` is far below this. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Read size when a trail is verified or searched. */
export const READ_CHUNK_BYTES = 256 * 1024;

/** The smallest segment size that is accepted. */
export const MIN_SEGMENT_BYTES = 1024;

/** Requests whose agent, actions and relations a search remembers, to find their decisions by them. */
export const MAX_REMEMBERED_REQUESTS = 100_000;

/** Records a search returns when nobody says how many, and at most. */
export const DEFAULT_SEARCH_RESULTS = 100;
export const MAX_SEARCH_RESULTS = 10_000;
