/** What somebody honest sends on one connection, from first statement to last. */
export type Conversation = {
  readonly name: string;
  readonly steps: readonly Step[];
  /** First major version of PostgreSQL that understands it. */
  readonly since?: number;
};

export type Step =
  | string
  | {
      readonly text: string;
      readonly values?: readonly unknown[];
      readonly name?: string;
      /** Outputs that come back masked, by name; all others come back as they are. */
      readonly masked?: readonly string[];
    };

/** One statement each. */
export function statements(group: string, rows: readonly string[]): Conversation[] {
  return rows.map((text, index) => ({
    name: `${group} ${index + 1}: ${text.replaceAll(/\s+/g, ' ').slice(0, 70)}`,
    steps: [text],
  }));
}

/** Writes, undone at the end so that both sides see the same rows. */
export function undone(name: string, ...steps: readonly Step[]): Conversation {
  return { name, steps: ['begin', ...steps, 'rollback'] };
}
