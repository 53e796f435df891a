/**
 * One registry for both doors to prepared statements (Parse and PREPARE) and both doors to cursors (Bind
 * and DECLARE): in PostgreSQL each pair shares a namespace, and so do they here.
 *
 * A name is assumed the moment its message is sent and taken back if the server refuses it, so that a
 * pipelined Bind finds its statement, and a failed Parse leaves what was there before. What is kept is the
 * text, not a verdict: it is judged again when it is executed.
 *
 * Invariant (I2): whatever a name may stand for in the server is among what it stands for here. Where that
 * is more than one thing, it stands for all of them, and the strictest counts. Non-goals: names that code
 * makes inside the server (`codeRan` says that there may be some).
 */
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import { MAX_IDENTIFIER_BYTES } from '../wire/limits.ts';
import type { RowPlan } from '../masking/plan.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { CopyPlan } from './copy-plan.ts';
import { SESSION_LIMITS } from './limits.ts';
import { PortalTable } from './portal-table.ts';
import type { RowTally } from './row-meter.ts';

/** Undoes what was assumed about a name when its message was sent, should the server refuse it. */
export type Undo = (() => void) | null;

/**
 * When a name was made. Until its message is answered only its own batch may use or change it: there, a
 * failure skips what follows; elsewhere it would leave the name with a meaning nobody reckoned with.
 */
export type Sent = {
  /** Which Sync-delimited batch made it. */
  readonly batch: number;
  /** The number of the reply that will confirm it; unknown while its message is kept back. */
  order: number;
};

export type Prepared = Sent & {
  readonly name: string;
  readonly text: string;
  /**
   * The snapshot and rules under which the server's own row description agreed that nothing is masked.
   * While they are in force, a clean statement needs no further description.
   */
  witnessed: object | null;
  /** The server named a masked column where the reading saw none: never trust the reading again. */
  contradicted: boolean;
  /** Code may have prepared something else under this name. */
  doubtful: boolean;
};

/** A portal dies with its transaction; outside one, with the batch that made it. */
export type Portal = {
  readonly name: string;
  /** Which Sync-delimited batch made it. */
  readonly batch: number;
  readonly prepared: Prepared;
  /** The raw formats and values of Bind: part of what an approval is for. */
  readonly parameters: Buffer;
  readonly scope: MaskScope;
  /** Rows are masked by this; `undefined` until a row description has been seen. */
  plan: RowPlan | null | undefined;
  /** The rules `plan` was made for; with others in force it must be made again. */
  plannedFor: object | null;
  /** When its Bind was sent: `Unread.moment`. */
  boundAt?: number;
  /** When `plan` was made, where code of people's computes its rows: `standing.ts`. */
  plannedAt?: number | null;
  /** The batch in which a description of this portal was last sent for; 0: in none. */
  describing: number;
  /**
   * The masks in force when it was bound, where they may show its text as something else by now: the server has
   * settled what it reads. Null where nothing can.
   */
  under: object | null;
  /** An approval for this execution has been spent; resuming it after a suspension needs no other. */
  released: boolean;
  /** For COPY … TO: what its data is masked by. */
  copy: CopyPlan | null;
  /** `parameters` are its own bytes, which nothing overwrites. */
  readonly kept: boolean;
  /** Columns shown to one execution. Only ever set on the copy of a portal that that execution has to itself. */
  readonly shown: Judged | null;
  /** Its rows so far, where a rule limits them; null until some come. */
  tally: RowTally | null;
};

/** Cursors made with DECLARE: every text the name may stand for. */
type Cursor = {
  readonly texts: Set<string>;
  /** As a portal's `under`. */ readonly under: Set<object>;
  /** It may be another cursor of this name, with a text nobody saw. */ doubtful: boolean;
  /** WITH HOLD: it outlives its transaction. */ holdable: boolean;
};

export class Names {
  readonly #prepared = new Map<string, Prepared>();
  readonly #portals = new PortalTable();
  readonly #cursors = new Map<string, Cursor>();
  #codeRan = false;

  prepared(name: string): Prepared | null {
    return this.#prepared.get(name) ?? null;
  }

  portal(name: string): Portal | null {
    return this.#portals.get(name) ?? null;
  }

  /** Every text that fetching from this name may run; none where nothing is known. */
  meanings(name: string): readonly string[] {
    const texts = new Set(this.#cursors.get(name)?.texts);
    const portal = this.#portals.get(name);
    if (portal !== undefined) texts.add(portal.prepared.text);
    return [...texts];
  }

  /** Whether this name may be another portal than the one that was bound to it. */
  doubtful(name: string): boolean {
    return name !== '' && (this.#codeRan || this.#cursors.has(name));
  }

  /** Whether cursors may have been opened and closed unseen. */
  get unseen(): boolean {
    return this.#codeRan;
  }

  /** Code nobody vouched for ran in this transaction: it may have closed cursors and opened others. */
  codeRan(): void {
    this.#codeRan = true;
  }

  /** By Parse. @throws PosternError `limit-exceeded` */
  prepare(name: string, text: string, sent: Sent): { prepared: Prepared; undo: Undo } {
    refuseLong(name);
    const prepared: Prepared = { ...sent, name, text, witnessed: null, contradicted: false, doubtful: false };
    const back = set(this.#prepared, name, prepared, 'prepared statements');
    const undo = (): void => {
      if (this.#prepared.get(name) !== prepared) return;
      // Which unnamed statement is left depends on where the failure was; none is a safe answer.
      if (name === '') this.#prepared.delete('');
      else back();
    };
    return { prepared, undo };
  }

  /**
   * By PREPARE. Failing is no proof that it was not prepared: a later statement of the same message may have
   * failed, or the commit. So taking it back leaves both meanings.
   * @throws PosternError `limit-exceeded`
   */
  prepareBySql(name: string, text: string, sent: Sent): Undo {
    const before = this.#prepared.get(name);
    const { prepared } = this.prepare(name, text, sent);
    return () => {
      // The name may have been taken by what code prepared.
      if (before === undefined) prepared.doubtful = true;
      else this.#restore(before);
    };
  }

  /** Code ran that may have prepared other statements under the names there are. */
  doubtPrepared(): void {
    for (const prepared of this.#prepared.values()) prepared.doubtful = true;
  }

  forget(name: string | null): Undo {
    const before = [...this.#prepared.values()].filter((p) =>
      name === null ? p.name !== '' : p.name === name,
    );
    for (const prepared of before) this.#prepared.delete(prepared.name);
    return () => {
      for (const prepared of before) this.#restore(prepared);
    };
  }

  /** @throws PosternError `limit-exceeded` */
  bind(portal: Portal): Undo {
    refuseLong(portal.name);
    return set(this.#portals, portal.name, portal, 'portals');
  }

  closePortal(name: string): Undo {
    const portal = this.#portals.get(name);
    this.#portals.delete(name);
    this.#releaseCursor(name);
    return () => {
      if (portal !== undefined && this.#portals.get(name) === undefined) this.#portals.set(name, portal);
    };
  }

  /** @throws PosternError `limit-exceeded` */
  declare(name: string, text: string, holdable: boolean, under: object | null = null): void {
    const known = this.#cursors.get(name);
    if (known === undefined) {
      refuseMore(this.#cursors, 'cursors');
      const cursor = { texts: new Set([text]), under: new Set<object>(), doubtful: false, holdable };
      if (under !== null) cursor.under.add(under);
      this.#cursors.set(name, cursor);
      return;
    }
    if (known.texts.size >= SESSION_LIMITS.maxMeanings) refuseMeaning();
    known.texts.add(text);
    if (under !== null) known.under.add(under);
    known.holdable ||= holdable;
  }

  /** A DECLARE of this name failed: there may have been another, which code opened unseen. */
  doubtCursor(name: string): void {
    const cursor = this.#cursors.get(name);
    if (cursor !== undefined) cursor.doubtful = true;
  }

  /** Whether what this name gives may not be what its texts say, with these masks in force. */
  unsure(name: string, masks: object): boolean {
    const cursor = this.#cursors.get(name);
    const portal = this.#portals.get(name);
    if (this.#codeRan || (cursor === undefined && portal === undefined)) return true;
    if (portal !== undefined && portal.under !== null && portal.under !== masks) return true;
    return cursor !== undefined && (cursor.doubtful || [...cursor.under].some((one) => one !== masks));
  }

  /** CLOSE, or CLOSE ALL for null. What the name meant counts until the session is idle: the CLOSE may fail. */
  closeCursor(name: string | null): void {
    for (const key of name === null ? this.#cursors.keys() : [name]) this.#releaseCursor(key);
  }

  /** What a simple query does before anything else. */
  dropUnnamed(): void {
    this.#prepared.delete('');
    this.#portals.delete('');
  }

  /** Outside a transaction, portals end with the batch that made them. */
  endPortals(upToBatch: number): void {
    this.#portals.deleteUpTo(upToBatch);
  }

  /** Those bound after batch `batch`. */
  portalsSince(batch: number): readonly Portal[] {
    return this.#portals.since(batch);
  }

  /** No transaction is open and nothing is owed: only holdable cursors are left. */
  idle(): void {
    for (const [name, cursor] of this.#cursors) {
      if (!cursor.holdable) this.#cursors.delete(name);
      // It lives on, and so does what code may have put in its place.
      else if (this.#codeRan) cursor.doubtful = true;
    }
    this.#codeRan = false;
  }

  #releaseCursor(name: string): void {
    const cursor = this.#cursors.get(name);
    if (cursor !== undefined) cursor.holdable = false;
  }

  /** Brings back what a name meant, beside what it may mean by now. */
  #restore(before: Prepared): void {
    const now = this.#prepared.get(before.name);
    if (now === undefined || now.text === before.text) {
      this.#prepared.set(before.name, before);
      return;
    }
    if (now.text.length + before.text.length > SESSION_LIMITS.maxDoubtfulChars) {
      this.#prepared.delete(before.name);
      return;
    }
    const text = `${before.text};\n${now.text}`;
    this.#prepared.set(before.name, { ...before, text, witnessed: null, contradicted: true });
  }
}

type Table<T> = {
  readonly size: number;
  get(name: string): T | undefined;
  set(name: string, value: T): unknown;
  delete(name: string): unknown;
};

function set<T>(map: Table<T>, name: string, value: T, what: string): () => void {
  const before = map.get(name);
  if (before === undefined) refuseMore(map, what);
  map.set(name, value);
  return () => {
    // What has taken the name since was sent later, and stands or falls by its own answer.
    if (map.get(name) !== value) return;
    if (before === undefined) map.delete(name);
    else map.set(name, before);
  };
}

/** The server cuts names of the protocol as its hash tables do (dynahash.c), so that two of them become one. */
function refuseLong(name: string): void {
  if (Buffer.byteLength(name) <= MAX_IDENTIFIER_BYTES) return;
  throw new PosternError('limit-exceeded', { what: 'the bytes of a name', limit: MAX_IDENTIFIER_BYTES });
}

function refuseMore(map: { readonly size: number }, what: string): void {
  const limit = SESSION_LIMITS.maxNames;
  if (map.size >= limit) throw new PosternError('limit-exceeded', { what: `the number of ${what}`, limit });
}

function refuseMeaning(): never {
  const limit = SESSION_LIMITS.maxMeanings;
  throw new PosternError('limit-exceeded', {
    what: 'how often one cursor name was declared without an idle moment',
    limit,
  });
}
