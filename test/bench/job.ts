/** What the runner asks of the load generator, and what it answers, over the channel between processes. */

/** `small`: statements of one row, as many as fit; `bulk`: one statement of many rows; `connect`: sessions. */
export type Load =
  | { readonly kind: 'small'; readonly way: 'simple' | 'never-seen' | 'prepared' | 'pipelined' }
  | { readonly kind: 'rows'; readonly sql: string; readonly format: 'text' | 'binary' }
  | { readonly kind: 'copy-out'; readonly sql: string }
  | { readonly kind: 'copy-in'; readonly rows: number }
  | { readonly kind: 'connect' };

export type Job = {
  /** Connections are kept from job to job under this name. */
  readonly target: string;
  readonly url: string;
  readonly load: Load;
  readonly connections: number;
  readonly tls: boolean;
  /** For `small` and `connect`; everything else is one statement, read to its end. */
  readonly durationMs: number;
};

export type JobResult =
  | {
      readonly kind: 'done';
      /** Statements, rows or sessions: what the rate is counted in. */
      readonly count: number;
      readonly seconds: number;
      /** The generator's own CPU time, to show that it was not the bottleneck. */
      readonly generatorCpuSeconds: number;
    }
  | { readonly kind: 'failed'; readonly problem: string };

/** The generator is warm and measures from now on; the runner reads the proxy's CPU time at this moment. */
export type Started = { readonly kind: 'started' };

/** What `small`, `wide` and `sink` hold is in data.ts. */
export const SMALL_ROWS = 10_000;
export const SMALL_SQL = 'select id, email, balance from small where id = ';
/** Statements in one pipelined batch, with one Sync behind them. */
export const PIPELINE = 10;
