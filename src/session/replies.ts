/**
 * What the upstream still owes: one entry for each message sent to it, in order. The server answers
 * strictly in order, so the head of this queue says what the next frame means, whose row plan applies,
 * and whether the answer is the client's or Postern's own to swallow.
 *
 * Non-goal: it never looks at bytes. An answer that does not fit the head is a broken protocol and ends
 * the session (I2).
 */
import { PosternError } from '../errors.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { OutputShows } from '../policy/outputs.ts';
import type { Judged } from '../gate/judge.ts';
import type { AnswerTimer } from './answer-timer.ts';
import type { CopyPlan } from './copy-plan.ts';
import type { Portal, Prepared, Undo } from './names.ts';

/**
 * The last three are set when it is sent. Replies of hot paths have them from the start, for an object that gets new
 * members later is a slow one.
 */
export type Reply = Expected & {
  /** Uncommitted DDL went before it, so its own scope vouches for nothing. */
  dirty?: boolean;
  /** The masks in force when it was sent. */
  under?: object | null;
  /** What had gone by of DDL when it was sent: `Unread.moment`. */
  moment?: number;
};

type Expected =
  | {
      readonly kind: 'query';
      readonly judged: Judged;
      /** Null: each statement's own. */ readonly scope: MaskScope | null;
      /** Where `scope` is not null: of the text that a name stands for. */ readonly shows: OutputShows;
      readonly copies: readonly (CopyPlan | null)[];
      /** A name in it may stand for something that nobody read. */ readonly unsure: boolean;
      readonly undo: Undo;
      readonly epoch: number;
      index: number;
      failed: boolean;
      described: boolean;
      ended: number;
    }
  | {
      readonly kind: 'parse';
      readonly scope: MaskScope;
      readonly prepared: Prepared | null;
      readonly undo: Undo;
      readonly swallow: boolean;
      /** Receives the error of a message of Postern's own. */ readonly failed?: (error: Buffer) => void;
    }
  | { readonly kind: 'bind'; readonly scope: MaskScope; readonly portal: Portal; readonly undo: Undo }
  | {
      readonly kind: 'describe';
      readonly scope: MaskScope;
      readonly portal: Portal | null;
      readonly prepared: Prepared | null;
      readonly swallow: boolean;
      readonly witness: Witness | null;
    }
  | {
      readonly kind: 'execute';
      readonly scope: MaskScope;
      readonly judged: Judged;
      /** The portal, or a name in it, may stand for something that nobody read. */ readonly unsure: boolean;
      readonly portal: Portal;
      readonly undo: Undo;
      /** COPY data was ended this often before it was asked for. */ ended: number;
    }
  | { readonly kind: 'close'; readonly swallow: boolean; readonly undo: Undo }
  | {
      readonly kind: 'sync';
      readonly swallow: boolean;
      readonly ignoredIfCopyIn: Reply | null;
      readonly epoch: number;
    }
  /** A statement of Postern's own that fails on purpose, so that the client's transaction fails too. */
  | { readonly kind: 'abort' };

/** Receives the row description that Postern asked for itself; null when the server said there is none. */
export type Witness = (description: Buffer | null) => void;

export class Replies {
  #queue: Reply[] = [];
  #at = 0;
  #waiters: (() => void)[] = [];
  #pushed = 0;
  readonly #masks: () => object | null;
  readonly #moment: () => number;
  readonly #timer: AnswerTimer | null;

  /** @param masks those in force; `moment`: of DDL, now */
  constructor(
    masks: () => object | null = () => null,
    moment: () => number = () => 0,
    timer: AnswerTimer | null = null,
  ) {
    this.#masks = masks;
    this.#moment = moment;
    this.#timer = timer;
  }

  get head(): Reply | null {
    return this.#queue[this.#at] ?? null;
  }

  /** How many were ever pushed: the number of the next. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Replies numbered below this have come, or never will. */
  get answered(): number {
    return this.#pushed - this.size;
  }

  get size(): number {
    return this.#queue.length - this.#at;
  }

  /** Whether a Sync of the client's was sent whose answer has not come. */
  get owesSync(): boolean {
    return this.#queue.some((reply, i) => i >= this.#at && reply.kind === 'sync' && !reply.swallow);
  }

  push(reply: Reply, dirty: boolean): void {
    if (this.#at === this.#queue.length) this.#timer?.asked();
    reply.dirty = dirty;
    reply.under = this.#masks();
    reply.moment = this.#moment();
    this.#queue.push(reply);
    this.#pushed += 1;
  }

  shift(): void {
    this.#at += 1;
    this.#compact();
  }

  /**
   * After an error the server skips to the next Sync, so nothing before it will be answered. Undoes and
   * drops those entries.
   * @returns whether a Sync was found; if not, the client's own messages must be skipped up to its Sync
   */
  failToSync(): boolean {
    const dropped: Reply[] = [];
    let found = false;
    for (; this.#at < this.#queue.length; this.#at += 1) {
      const reply = this.#queue[this.#at];
      if (reply === undefined || reply.kind === 'sync') {
        found = reply !== undefined;
        break;
      }
      dropped.push(reply);
    }
    for (const reply of dropped.toReversed()) undo(reply);
    this.#compact();
    return found;
  }

  /** The server ignores a Sync that reaches it while an extended COPY FROM STDIN is under way. */
  dropSyncsIgnoredBy(execute: Reply): void {
    const rest = this.#queue.slice(this.#at);
    this.#queue = rest.filter((r) => !(r.kind === 'sync' && r.ignoredIfCopyIn === execute));
    // Later numbers now come too late rather than too early, which only costs a wait.
    this.#pushed -= rest.length - this.#queue.length;
    this.#at = 0;
    this.#compact();
  }

  /** Resolves once nothing is owed any more. */
  drained(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** Compacting at the end of a batch keeps the array small without moving it for every answer. */
  #compact(): void {
    if (this.#at < this.#queue.length) return;
    this.#queue = [];
    this.#at = 0;
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

export function undo(reply: Reply): void {
  if ('undo' in reply) reply.undo?.();
}

/** What to throw for an answer that does not fit what is owed. */
export function unexpected(what: string): PosternError {
  return new PosternError('upstream-protocol', { reason: `the database sent ${what} out of turn` });
}
