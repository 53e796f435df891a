/**
 * What a walk over one statement has found so far.
 *
 * Invariant: a reading only grows. Nothing that was found is taken back, so a rule that adds too much makes
 * a verdict stricter and never laxer. Non-goal: judging; `policy` does that.
 */
import type { Action, ActionFinding, NameRef, RelationRef, SettingTouched } from './statement.ts';
import { MAX_TREE_DEPTH, MAX_TREE_NODES } from './limits.ts';

/** A statement the reader refuses; `limit` says that a bound was hit rather than a rule missing. */
export class Unreadable extends Error {
  readonly limit: boolean;
  constructor(reason: string, limit: boolean) {
    super(reason);
    this.limit = limit;
  }
}

/** Nodes visited in the whole message, shared by its statements. */
export type Budget = { nodesLeft: number };

export function newBudget(): Budget {
  return { nodesLeft: MAX_TREE_NODES };
}

export class Reading {
  readonly relations = new Map<string, RelationRef>();
  readonly functions = new Map<string, NameRef>();
  readonly operators = new Map<string, NameRef>();
  readonly types = new Map<string, NameRef>();
  readonly columns = new Set<string>();
  readonly sinks = new Set<string>();
  readonly settings: SettingTouched[] = [];
  readonly findings: ActionFinding[] = [];
  star = false;
  /** Stars seen, and those of them that are items of a plain select list. */
  stars = 0;
  plainStars = 0;
  /** Columns were given other names by a list, or merged by a set operation. */
  renamed = false;
  storesWhatItReads = false;
  /** Body of the statement that returns rows to the client, if a SELECT does. */
  top: unknown = null;
  /** Above zero inside what is only stored or planned: view bodies, rule actions, a plain EXPLAIN. */
  dormant = 0;

  /** Names that stand for whole rows here, and columns written without a qualifier. */
  readonly #ranges = new Set<string>();
  readonly #bare = new Set<string>();
  readonly #budget: Budget;
  #depth = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  enter(): void {
    if (++this.#depth > MAX_TREE_DEPTH) throw new Unreadable('the statement is nested too deeply', true);
    if (--this.#budget.nodesLeft < 0) throw new Unreadable('the message has too many parts', true);
  }

  leave(): void {
    this.#depth--;
  }

  relation(schema: string | null, name: string, access: 'read' | 'write'): void {
    const key = `${access}\u0000${schema ?? ''}\u0000${name}`;
    if (!this.relations.has(key)) this.relations.set(key, { schema, name, access });
  }

  name(kind: 'functions' | 'operators' | 'types', parts: readonly string[]): void {
    const name = parts.at(-1);
    if (name === undefined) return;
    const schema = parts.at(-2) ?? null;
    const key = schema === null ? name : `${schema}\u0000${name}`;
    if (!this[kind].has(key)) this[kind].set(key, { schema, name });
  }

  /** A function's name to older servers, and syntax to the newest. */
  syntax(name: string): void {
    const key = `syntax\u0000${name}`;
    if (!this.functions.has(key)) this.functions.set(key, { schema: null, name, syntax: true });
  }

  /** A name that can be used for a whole row: alias, relation, CTE or function in a FROM list. */
  range(name: string): void {
    this.#ranges.add(name);
  }

  bareColumn(name: string): void {
    this.columns.add(name);
    this.#bare.add(name);
  }

  find(action: Action, command: string, reason: string, destructive = false): void {
    const known = this.findings.some(
      (finding) =>
        finding.action === action && finding.command === command && finding.destructive === destructive,
    );
    if (!known) this.findings.push({ action, destructive, command, reason });
  }

  /** Whether some column is read under a name that is not its own. */
  readsWholeRows(): boolean {
    if (this.star) return true;
    return this.#namesRange();
  }

  /** Whether a column may be read under a name that is not its own, other than by a `*` that keeps it. */
  renamesColumns(): boolean {
    return this.renamed || this.stars > this.plainStars || this.#namesRange();
  }

  #namesRange(): boolean {
    for (const name of this.#bare) if (this.#ranges.has(name)) return true;
    return false;
  }
}
