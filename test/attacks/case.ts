import type { WireClient } from './wire-client.ts';

/** One attempt to get a masked value out. */
export type Attack = {
  /** Of the classes in docs/threat-model.md. */
  readonly class: number;
  readonly name: string;
  /** Sent one after another, each in the mode of the run; a text with several statements is sent as one. */
  readonly sql?: string | readonly string[];
  /** Instead of `sql`: the attacker speaks the protocol; run once. */
  readonly run?: (wire: WireClient, open: () => Promise<WireClient>) => Promise<void>;
  /** Text parameters for each statement of `sql`. */
  readonly values?: readonly string[];
  /** First major version of PostgreSQL that understands it. Older ones get it too, and must not give anything away. */
  readonly since?: number;
  /** Last major version to which it means what it tries: what a newer one reads as syntax of its own. */
  readonly until?: number;
};

type Row =
  | string
  | readonly string[]
  | { readonly since?: number; readonly until?: number; readonly sql: readonly string[] };

/** Cases of one class, shortly written. */
export function cases(number: number, rows: Readonly<Record<string, Row>>): Attack[] {
  return Object.entries(rows).map(([name, row]) =>
    typeof row === 'object' && 'sql' in row
      ? { class: number, name, ...row }
      : { class: number, name, sql: row },
  );
}

/** A row of `cases` for newer servers. */
export function since(major: number, ...sql: readonly string[]): Row {
  return { since: major, sql };
}

/** A row of `cases` for older servers. */
export function until(major: number, ...sql: readonly string[]): Row {
  return { until: major, sql };
}
