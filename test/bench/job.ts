/** What the runner asks of the load generator, and what it answers, over the channel between processes. */

export type WorkloadKind = 'simple' | 'prepared' | 'never-seen' | 'rows';

export type Job = {
  /** Connections are kept from job to job under this name and their number. */
  readonly target: string;
  readonly url: string;
  readonly workload: WorkloadKind;
  readonly connections: number;
  /** For `rows`: ignored, one result is read to its end. */
  readonly durationMs: number;
};

export type JobResult =
  | {
      readonly kind: 'done';
      readonly statements: number;
      readonly rows: number;
      readonly seconds: number;
      /** The generator's own CPU time, to show that it was not the bottleneck. */
      readonly generatorCpuSeconds: number;
    }
  | { readonly kind: 'failed'; readonly problem: string };

/** What `small` and `wide` hold is in data.ts. */
export const SMALL_ROWS = 10_000;
export const SMALL_SQL = 'select id, email, balance from small where id = ';
export const WIDE_SQL = 'select id, name, email, city, amount, created_at from wide';
