/**
 * One registry for both doors to prepared statements (Parse and PREPARE) and both doors to cursors (Bind
 * and DECLARE): in PostgreSQL each pair shares a namespace, and so do they here.
 *
 * A name is assumed the moment its message is sent and taken back if the server refuses it, so that a
 * pipelined Bind finds its statement, and a failed Parse leaves what was there before. What is kept is the
 * text, not a verdict: it is judged again when it is executed.
 */
import { PosternError } from '../errors.ts';
import type { RowPlan } from '../masking/plan.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { CopyPlan } from './copy-plan.ts';
import type { Undo } from './replies.ts';
import { SESSION_LIMITS } from './limits.ts';

export type Prepared = {
  readonly name: string;
  readonly text: string;
  /**
   * The snapshot and rules under which the server's own row description agreed that nothing is masked.
   * While they are in force, a clean statement needs no further description.
   */
  witnessed: object | null;
  /** The server named a masked column where the reading saw none: never trust the reading again. */
  contradicted: boolean;
};

export type Portal = {
  readonly name: string;
  readonly prepared: Prepared;
  /** The raw formats and values of Bind: part of what an approval is for. */
  readonly parameters: Buffer;
  readonly scope: MaskScope;
  /** Which Sync-delimited batch made it; it dies with its transaction. */
  readonly batch: number;
  /** Rows are masked by this; `undefined` until a row description has been seen. */
  plan: RowPlan | null | undefined;
  /** A description of this portal has been sent for. */
  describing: boolean;
  /** An approval for this execution has been spent; resuming it after a suspension needs no other. */
  released: boolean;
  /** For COPY … TO: what its data is masked by. */
  copy: CopyPlan | null;
};

/** A cursor made with DECLARE: its query, judged when rows are fetched. */
export type Cursor = { readonly name: string; readonly text: string };

export class Names {
  readonly #prepared = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  readonly #cursors = new Map<string, Cursor>();

  prepared(name: string): Prepared | null {
    return this.#prepared.get(name) ?? null;
  }

  portal(name: string): Portal | null {
    return this.#portals.get(name) ?? null;
  }

  /** The text behind a cursor's name, whichever door it came by. */
  cursorText(name: string): string | null {
    return this.#cursors.get(name)?.text ?? this.#portals.get(name)?.prepared.text ?? null;
  }

  /** @throws PosternError `limit-exceeded` */
  prepare(name: string, text: string): { prepared: Prepared; undo: Undo } {
    const prepared: Prepared = { name, text, witnessed: null, contradicted: false };
    // A failed Parse of the unnamed statement leaves none; of a name, what was there before.
    const back = set(this.#prepared, name, prepared, 'prepared statements');
    return { prepared, undo: name === '' ? () => void this.#prepared.delete('') : back };
  }

  forget(name: string | null): Undo {
    if (name !== null) return remove(this.#prepared, name);
    const before = [...this.#prepared];
    this.#prepared.clear();
    return () => {
      for (const [key, value] of before) this.#prepared.set(key, value);
    };
  }

  /** @throws PosternError `limit-exceeded` */
  bind(portal: Portal): Undo {
    return set(this.#portals, portal.name, portal, 'portals');
  }

  closePortal(name: string): Undo {
    const portal = remove(this.#portals, name);
    const cursor = remove(this.#cursors, name);
    return () => {
      portal();
      cursor();
    };
  }

  /** @throws PosternError `limit-exceeded` */
  declare(name: string, text: string): Undo {
    return set(this.#cursors, name, { name, text }, 'cursors');
  }

  /** CLOSE ALL. Cursors end with their transaction too, but one WITH HOLD does not: a stale entry is harmless. */
  closeAll(): Undo {
    const before = [...this.#cursors];
    this.#cursors.clear();
    return () => {
      for (const [key, value] of before) this.#cursors.set(key, value);
    };
  }

  /** What a simple query does before anything else. */
  dropUnnamed(): void {
    this.#prepared.delete('');
    this.#portals.delete('');
  }

  /** Outside a transaction, portals end with the batch that made them. */
  endPortals(upToBatch: number): void {
    for (const [name, portal] of this.#portals) {
      if (portal.batch <= upToBatch) this.#portals.delete(name);
    }
  }
}

function set<T>(map: Map<string, T>, name: string, value: T, what: string): () => void {
  const before = map.get(name);
  if (before === undefined && map.size >= SESSION_LIMITS.maxNames) {
    throw new PosternError('limit-exceeded', { what: `the number of ${what}`, limit: SESSION_LIMITS.maxNames });
  }
  map.set(name, value);
  return () => {
    if (before === undefined) map.delete(name);
    else map.set(name, before);
  };
}

function remove<T>(map: Map<string, T>, name: string): () => void {
  const before = map.get(name);
  map.delete(name);
  return () => {
    if (before !== undefined) map.set(name, before);
  };
}
