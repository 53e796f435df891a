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
  /** It delivers nothing on a bare server either: it guards a way that might open. */
  readonly quiet?: true;
};

/** Cases of one class, shortly written. */
export function cases(number: number, rows: Readonly<Record<string, string | readonly string[]>>): Attack[] {
  return Object.entries(rows).map(([name, sql]) => ({ class: number, name, sql }));
}
