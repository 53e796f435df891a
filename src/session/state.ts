/**
 * What one session knows about itself: the two writers, the names, the replies owed, and where the
 * protocol stands. Both sides of the session share it; only they change it.
 */
import type { AgentGrants } from '../approvals/grant.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { RowAccount } from '../approvals/row-ledger.ts';
import type { Changer, What } from '../catalog/unread.ts';
import type { PosternError } from '../errors.ts';
import type { Gate } from '../gate/gate.ts';
import { widest, type Judged } from '../gate/judge.ts';
import { knowsFrom, type KnowsColumn } from '../masking/plan.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { Logger } from 'pino';
import type { Limits } from '../config/installation.ts';
import { AnswerTimer } from './answer-timer.ts';
import type { GrantUse } from './grant-use.ts';
import { Names, type Sent } from './names.ts';
import { Replies, type Reply } from './replies.ts';
import { SessionSettings } from './session-settings.ts';
import type { ClientWriter, UpstreamWriter } from './writers.ts';

/** A frame taken out of the reader, for handling that outlives the reader's position. */
export type Frame = {
  readonly type: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
};

/** `copy-in` as the client's messages see it: asked for, begun, or not. */
export type CopyIn = 'none' | 'expected' | 'active';

export type SessionParts = {
  readonly gate: Gate;
  readonly catalog: Catalog;
  readonly toClient: ClientWriter;
  readonly toUpstream: UpstreamWriter;
  readonly maskKey: Uint8Array;
  /** The server process of this session; 0 where it gave none. */
  readonly upstreamPid: number;
  readonly limits: Limits;
  /** What the client set at start-up, by name. */
  readonly startSettings: ReadonlyMap<string, string>;
  /** What the agent has had within the hour, by the name of the rule that limits it. */
  readonly rowAccount: (rule: string) => RowAccount;
  readonly log: Logger;
  readonly sessionId: string;
  /** This agent's time-boxed grants on this database. */
  readonly grants: AgentGrants;
  /** Told now and then how many seconds the upstream took to begin an answer. */
  readonly upstreamAnswered: (seconds: number) => void;
};

export class SessionState {
  readonly parts: SessionParts;
  readonly settings: SessionSettings;
  readonly names = new Names();
  readonly replies: Replies;
  readonly answerTimer: AnswerTimer;
  /** From the last ReadyForQuery: `I` idle, `T` in a transaction, `E` in a failed one. */
  transaction: 'I' | 'T' | 'E' = 'I';
  /** After an error in the extended protocol, everything up to the next Sync is skipped. */
  skipping = false;
  /** The next Sync must first make the upstream's implicit or open transaction fail. */
  abortAtSync = false;
  /** Something was executed since the last Sync, so an implicit transaction may hold work. */
  implicitWork = false;
  /** Something was sent since the last Sync, so an implicit transaction may be open. */
  implicitOpen = false;
  /** Counts Syncs and simple queries; portals of a batch end with it unless a transaction is open. */
  batch = 0;
  copyIn: CopyIn = 'none';
  copyInReply: Reply | null = null;
  /** Held-back messages of a statement that will be held when it is executed. */
  withheld: Withheld[] = [];
  /** DDL or code ran that no reading of the catalog shows: what may decide masks, or anything else. */
  #altered: 'no' | Judged['alters'] = 'no';
  /** Widest scope of what was answered since the session was last idle: a COMMIT may report on all of it. */
  transactionScope: MaskScope = 'clean';
  /** The pid in the BackendKeyData the client got; 0 where it got none. */
  clientPid = 0;
  /** The request that is waiting, if one is. */
  holding: { readonly requestId: string; readonly inTransaction: boolean } | null = null;
  /** A hold is being set up or waits; a cancel must reach it, not the upstream. */
  asking = false;
  /** Why a hold must end as soon as it exists: set when a cancel outruns its request. */
  withdrawAsked: string | null = null;
  /** The last statement sent whose rows a rule limits, by the number of its reply; see `in-turn.ts`. */
  limited: { readonly order: number; readonly reads: boolean } | null = null;
  /** The client said goodbye; what it sent before still runs, and nobody is told of the end. */
  goodbye = false;
  /** The server gave its own reason for ending the session. */
  upstreamSaidWhy = false;
  closed = false;
  /** What grants show of the answer that comes now. There is no other, for what uses a grant is sent alone. */
  use: GrantUse | null = null;
  /** Ends the result that comes now in this error: it is cancelled, and what still comes of it dropped. */
  endResult: (error: PosternError) => void = () => undefined;
  /** The reply of the last statement that stores by names. */
  #storesAt = -1;
  #knows: KnowsColumn | null = null;
  #knowsFor: object | null = null;

  constructor(parts: SessionParts) {
    this.parts = parts;
    this.settings = new SessionSettings(parts.startSettings);
    this.answerTimer = new AnswerTimer(parts.upstreamAnswered);
    this.replies = new Replies(
      () => parts.gate.judge.masks,
      () => parts.catalog.unread.moment,
      this.answerTimer,
    );
  }

  /** Judges under the transaction state the statement will meet; where that is not known yet, the stricter. */
  judge(text: string): Judged {
    const { judge } = this.parts.gate;
    if (this.replies.size === 0) return judge.judge(text, this.transaction !== 'I' || this.implicitWork);
    const outside = judge.judge(text, false);
    const inside = judge.judge(text, true);
    return STRICTNESS[inside.judgement.verdict] > STRICTNESS[outside.judgement.verdict] ? inside : outside;
  }

  /** When a name made by the next message is made. */
  sent(): Sent {
    return { batch: this.batch + 1, order: this.replies.pushed };
  }

  /** Whether a name may be used or changed: its message was answered, or its failing would skip this one too. */
  settled(name: Sent | null): boolean {
    if (name === null) return true;
    const { batch, order } = name;
    return batch === this.batch + 1 || order < this.replies.answered || this.replies.size === 0;
  }

  /** DDL or code was sent: what is sent after it meets a catalog that nobody has read. */
  catalogChanges(judged: Judged): void {
    if (WEIGHT[judged.alters] > WEIGHT[this.#altered]) this.#altered = judged.alters;
    if (judged.runsCode) this.names.doubtPrepared();
    if (judged.redefines || this.#altered === 'masks')
      this.parts.catalog.unread.begin(this.changing, this.#what);
  }

  /** DDL or code ran since the catalog was last read. */
  get altered(): boolean {
    return this.#altered !== 'no';
  }

  /** As `altered`, where a mask may depend on it: until the transaction ends no reading of the catalog can show it. */
  get dirty(): boolean {
    return this.#altered === 'masks' || (this.#altered === 'others' && this.parts.gate.judge.masks.any);
  }

  /** As `dirty`, where a verdict may: the catalog must be read again before the next judgement. */
  get stale(): boolean {
    return this.dirty || (this.#altered === 'others' && this.parts.gate.judge.needsCatalog);
  }

  /** As `stale`, or what this session altered is what the statement is about, or what its definitions may be. */
  staleFor(judged: Judged): boolean {
    if (this.stale) return true;
    return this.altered && this.parts.gate.judge.needsCatalog && isAboutUnread(judged);
  }

  get #what(): What {
    return this.#altered === 'masks' ? 'masks' : 'any';
  }

  /** For others to ask. */
  readonly changing: Changer = {
    changes: () => this.altered && this.replies.size > 0,
    open: () => this.altered && (this.replies.size > 0 || this.transaction !== 'I' || this.implicitWork),
    stores: () => this.#storesAt >= this.replies.answered && this.replies.size > 0,
  };

  /** Called just before its reply is pushed. */
  noteStores(judged: Judged): void {
    if (!judged.storesByName || !this.parts.gate.judge.masks.any) return;
    this.#storesAt = this.replies.pushed;
    this.parts.catalog.unread.storing(this.changing);
  }

  /**
   * What it stores may be by other definitions than it was judged by: this session's open DDL, or another's. What
   * such a statement reads comes back to nobody, so there is nothing to mask.
   */
  storesInDoubt({ storesByName }: Judged): boolean {
    const { catalog, gate } = this.parts;
    return storesByName && gate.judge.masks.any && (this.dirty || catalog.unread.openBy(this.changing));
  }

  /** A transaction that may have had DDL in it has ended, for all that is known. */
  mayHaveCommitted(): void {
    if (this.#altered !== 'no') this.parts.catalog.unread.changed(this.#what);
  }

  /** All that was altered is over, and read or for others to read. */
  alteredNoMore(): void {
    this.#altered = 'no';
    this.parts.catalog.unread.end(this.changing);
  }

  /** No transaction is open and nothing is owed. */
  idle(): void {
    this.names.idle();
    this.parts.catalog.unread.storedAll(this.changing);
    if (this.altered && !this.stale) this.alteredNoMore();
  }

  /** The upstream is gone, and with it all that could still commit. */
  upstreamGone(): void {
    this.mayHaveCommitted();
    this.parts.catalog.unread.end(this.changing);
    this.parts.catalog.unread.storedAll(this.changing);
  }

  /** DDL went by that no reading of the catalog shows, and that a statement may be about. */
  unsettledFor(judged: Judged): boolean {
    if (this.staleFor(judged)) return true;
    const { unread } = this.parts.catalog;
    if (!unread.stale) return false;
    // What people are asked about is shown, and bound to an approval, as it is.
    if (judged.judgement.verdict === 'hold') return true;
    if (!this.parts.gate.judge.needsCatalog) return unread.staleToMasks;
    return isAboutUnread(judged);
  }

  /** For a portal's or cursor's `under`. */
  bendsUnder(text: string): object | null {
    const { judge } = this.parts.gate;
    return judge.masks.any && this.judge(text).bendable ? judge.masks : null;
  }

  /** The scope of what is sent now, given what the open transaction may have changed. */
  effective(scope: MaskScope): MaskScope {
    return this.dirty ? 'opaque' : scope;
  }

  widenTransaction(scope: MaskScope): void {
    if (scope !== 'clean') this.transactionScope = widest(this.transactionScope, scope);
  }

  /** Whether the catalog vouches for a column. In doubt it vouches for base tables only. */
  knows(doubted: boolean): KnowsColumn {
    const snapshot = this.parts.gate.judge.snapshot;
    if (this.#knows === null || this.#knowsFor !== snapshot) {
      this.#knows = knowsFrom(snapshot);
      this.#knowsFor = snapshot;
    }
    const known = this.#knows;
    if (!doubted && !this.dirty) return known;
    return (oid, attnum) => {
      const kind = snapshot.relations.get(oid)?.kind;
      return (kind === 'table' || kind === 'partitioned-table') && known(oid, attnum);
    };
  }
}

export type Withheld = { readonly frame: Frame; readonly reply: Reply; readonly executes: boolean };

/** What only makes a name that nobody knew is not about any. */
function isAboutUnread({ bendable, unknownRelations, statements, changesCatalog, alters }: Judged): boolean {
  if (statements.length === 1 && changesCatalog && alters === 'unknown') return false;
  return bendable || unknownRelations.length > 0;
}

const WEIGHT = { no: 0, unknown: 1, others: 2, masks: 3 } as const;

const STRICTNESS = { allow: 0, hold: 1, deny: 2 } as const;
