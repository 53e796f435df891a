/**
 * What is carried along while one statement is followed: the snapshot, what has been found, what is in
 * reach of a name, and how to get from one room of this folder to another without going in circles.
 *
 * Invariant: one context follows one statement, or one view's definition; nothing of it is kept after that.
 */
import type { Snapshot } from '../../catalog/snapshot.ts';
import type { BodyOf, Node } from '../tree.ts';
import { Influences } from './influences.ts';
import type { Influence, StoredValue, Sunk } from './lineage.ts';
import { MAX_LINEAGE_STEPS } from './limits.ts';
import type { Field, Shape, Value } from './values.ts';

/** Thrown where the analysis has no rule or no knowledge; the statement is lost, never half followed. */
export class NotFollowed extends Error {}

export function lose(reason: string): never {
  throw new NotFollowed(reason);
}

/** One entry of a range table, as far as names can reach it. */
export type Item = {
  readonly alias: string | null;
  /** Schemas it may be qualified with; null where it has an alias or is no relation. */
  readonly schemas: readonly string[] | null;
  /** Stored relations and views it may stand for; these have system columns. */
  readonly relations: readonly number[];
  readonly shape: Shape;
  readonly whole: Value;
};

/** One item of a FROM list: the names that can qualify, and the columns that are in reach without. */
export type Part = { readonly items: readonly Item[]; readonly columns: Shape };

export type Scope = {
  /** Of this level alone. */
  readonly parts: readonly Part[];
  readonly outer: Scope | null;
  readonly ctes: CteList | null;
  readonly windows: readonly Node[];
};

export type Cte = {
  readonly name: string;
  readonly body: BodyOf<'CommonTableExpr'>;
  state: 'new' | 'running' | 'done';
  /** What is known of its columns; grows while it runs. */
  fields: readonly Field[] | null;
  /** It was read while it was running. */
  recursed: boolean;
  scope: Scope;
};

export type CteList = { readonly ctes: readonly Cte[]; readonly outer: CteList | null };

export const NOWHERE: Scope = { parts: [], outer: null, ctes: null, windows: [] };

/** A scope for what is in reach of `outer`, with nothing of its own yet. */
export function within(outer: Scope): Scope {
  return { parts: [], outer, ctes: outer.ctes, windows: [] };
}

export type ViewReading = {
  readonly fields: readonly Field[];
  /** What its definition decides by, whoever reads it. */
  readonly influences: readonly Influence[];
  /** The same, where whoever reads it can set what is compared. */
  readonly open: readonly Influence[];
};

/** The ways between the rooms. */
export type Ways = {
  /** The value of an expression; its influences are recorded on the way. */
  value(context: Context, node: Node | undefined, scope: Scope): Value;
  /** A condition that decides which rows there are. */
  condition(context: Context, node: Node | undefined, scope: Scope): void;
  /** The columns that a SELECT, VALUES or data-modifying statement returns. */
  query(context: Context, node: Node | undefined, outer: Scope): readonly Field[];
};

export class Context {
  readonly snapshot: Snapshot;
  readonly ways: Ways;
  /**
   * The text is one that `pg_get_viewdef` wrote with an empty search_path: what it does not qualify is in
   * pg_catalog.
   */
  readonly definition: boolean;
  readonly depth: number;
  readonly stores: StoredValue[] = [];
  readonly sunk: Sunk[] = [];
  /** Bodies of recursive CTEs that are being followed. */
  readonly recursing = new Map<object, Cte>();
  influences = new Influences();
  #steps = 0;

  constructor(snapshot: Snapshot, ways: Ways, depth = 0) {
    this.snapshot = snapshot;
    this.ways = ways;
    this.depth = depth;
    this.definition = depth > 0;
  }

  step(): void {
    if (++this.#steps > MAX_LINEAGE_STEPS) lose('it is too large to follow');
  }

  value(node: Node | undefined, scope: Scope): Value {
    return this.ways.value(this, node, scope);
  }

  condition(node: Node | undefined, scope: Scope): void {
    this.ways.condition(this, node, scope);
  }

  query(node: Node | undefined, outer: Scope): readonly Field[] {
    return this.ways.query(this, node, outer);
  }

  /** What `inside` finds, by itself; it is recorded for the whole statement too. */
  watch(inside: () => void): Influences {
    const before = this.influences;
    const own = new Influences(before);
    this.influences = own;
    try {
      inside();
    } finally {
      this.influences = before;
    }
    return own;
  }
}
