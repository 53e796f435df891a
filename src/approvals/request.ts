/**
 * A request for approval, as a value, and the interface of the service that keeps them. States:
 * `pending → approved | denied | expired | withdrawn`, `approved → spent | lapsed`. Each transition is one
 * atomic step in the store and is durable in the trail before anybody acts on it (I7).
 */
import type { Action } from '../sql/statement.ts';

export type RequestState = 'pending' | 'approved' | 'denied' | 'expired' | 'withdrawn' | 'spent' | 'lapsed';

/**
 * What an approval is for (I4). `bindingOf` hashes all of it; a grant fits only what has the same hash.
 */
export type BindingFacts = {
  readonly agent: string;
  readonly database: string;
  /** The upstream login the statement would run under. */
  readonly role: string;
  readonly rulesVersion: string;
  /** The message's SQL, byte for byte. */
  readonly sql: string;
  /** Parameter format codes and values of Bind, as they were on the wire; empty for the simple protocol. */
  readonly parameters: Uint8Array;
  /** `oid:schema.name` of each object the catalog resolved, sorted. */
  readonly objects: readonly string[];
  /** Settings the session changed that decide what a text means, as `name=value`, sorted. */
  readonly settings: readonly string[];
  /** Columns to be shown unmasked, as `oid.attnum:schema.table.column`, sorted. */
  readonly unmask: readonly string[];
  /** Limits on rows that it has met, sorted, where it is for the rows after those; absent where it is for all of it. */
  readonly rowLimits?: readonly string[];
};

/** What the gate asks for. */
export type NewRequest = {
  readonly sessionId: string;
  readonly agent: string;
  readonly owner: string;
  readonly database: string;
  readonly environment: string;
  readonly binding: string;
  readonly rulesVersion: string;
  readonly actions: readonly { readonly action: Action; readonly command: string; readonly reason: string }[];
  /** Names of the rules that held it. */
  readonly rules: readonly string[];
  readonly fingerprint: string;
  /** The statement with its literals removed: what a person reads. */
  readonly statement: string;
  readonly relations: readonly string[];
  readonly maskedColumns: readonly string[];
  readonly inTransaction: boolean;
  /** The agent's own words, literally; shown as such. Null where it gave none. */
  readonly statedReason: string | null;
  /** What each holding rule demands; all of it must be met. Absent in requests from before there were any. */
  readonly requirements?: readonly Requirement[];
  /** For people, the groups of `requirements` that name any. */
  readonly approverGroups: readonly (readonly string[])[];
  /** For people, the largest of `requirements`. */
  readonly quorum: number;
  readonly expiresMs: number;
  /** Who else may decide it once it is escalated; null or absent where no rule says. */
  readonly escalation?: Escalation | null;
  /** `wait`: it lives and dies with the session that waits. `return`: sent again, the statement finds it. */
  readonly mode: 'wait' | 'return';
  /** How long the session waits for the answer; 0 where it was told at once. */
  readonly waitMs: number;
  /** `schema.table.column` of the masked columns that an approval shows for this one execution. */
  readonly unmask: readonly string[];
  /** What the database's planner expects; null where it was not or could not be asked. */
  readonly estimate: { readonly rows: number; readonly cost: number } | null;
  /** The strongest locks it would take, as `ACCESS EXCLUSIVE on public.orders`. */
  readonly locks: readonly string[];
  /** It runs, has given this many rows, and is paused. Absent: nothing of it has run. */
  readonly rowsSoFar?: number;
};

/** `quorum` distinct people of one of `approvers`; no groups there means any approver. */
export type Requirement = {
  readonly rule: string;
  readonly approvers: readonly string[];
  readonly quorum: number;
  /** Groups that count for it, too, once the request is escalated. */
  readonly escalateTo: readonly string[];
};

export type Escalation = {
  /** From the request's beginning; null where only a person escalates it. */
  readonly afterMs: number | null;
  readonly to: readonly string[];
};

export type Decision = {
  readonly decision: 'approve' | 'deny';
  readonly approver: string;
  readonly reason: string;
  readonly channel: 'cli' | 'api' | 'slack';
  readonly time: string;
};

/** What an approver may say: to escalate decides nothing, it lets others decide. */
export type Answer = Decision['decision'] | 'escalate';

export type Request = NewRequest & {
  /** Lower-case, unambiguous base32, e.g. `k7f3-9qzm`: short enough to type, with 40 random bits. */
  readonly id: string;
  readonly state: RequestState;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** Since when it is escalated; null while it is not. */
  readonly escalatedAt?: string | null;
  readonly decisions: readonly Decision[];
  /** How many requests the agent made in the 24 hours before this one, by the state they were in. */
  readonly history: History;
};

export type History = Readonly<Partial<Record<RequestState, number>>>;

/** How a held statement's wait ends. */
export type Outcome =
  | { readonly kind: 'approved'; readonly request: Request }
  | { readonly kind: 'denied'; readonly request: Request; readonly decision: Decision }
  | { readonly kind: 'expired'; readonly request: Request }
  | { readonly kind: 'withdrawn'; readonly request: Request; readonly reason: string };

/** Someone who may decide, as the API authenticated them. */
export type Approver = {
  readonly name: string;
  readonly groups: readonly string[];
  /** What else they are known as, such as their address. Who is an agent's owner by any of them may not decide. */
  readonly aliases?: readonly string[];
};

/** `here`: the step was this instance's own, and not one that another told of. */
export type RequestListener = (request: Request, here: boolean) => void;

export type Approvals = {
  /**
   * Makes a request: durable in trail and store before it resolves. `text` is the statement with its literals;
   * it is kept in memory while the request is pending, and written nowhere.
   * @throws PosternError `trail-unavailable`, `store-unavailable`, `limit-exceeded`, `asked-too-often`
   */
  ask(request: NewRequest, text?: string): Promise<Request>;
  /** The text given to `ask`, by the whole id; null unless it is pending and was asked for here. */
  textOf(id: string): string | null;
  /**
   * The request in mode `return` that a statement sent again refers to: an unspent approval if there is one,
   * else the one that is pending, else a denial whose time is not over.
   */
  earlier(agent: string, binding: string): Promise<Request | null>;
  /** Resolves when the request leaves `pending`, woken by push. Expiry is this promise's too. */
  outcome(id: string): Promise<Outcome>;
  /**
   * Records one person's answer. `escalate` lets the groups that its rules escalate to decide it as well.
   * @throws PosternError `not-found`, `already-decided`, `self-approval`, `not-permitted`, `bad-input` (no reason)
   */
  decide(
    id: string,
    approver: Approver,
    answer: Answer,
    reason: string,
    channel: Decision['channel'],
  ): Promise<Request>;
  /** Agent cancelled, disconnected, or the session ended. Does nothing unless pending or approved. */
  withdraw(id: string, reason: string): Promise<void>;
  /** As `withdraw`, for all that an agent has asked, at whichever instance; its agent is disabled already. */
  withdrawAll(agent: string, reason: string): Promise<void>;
  /**
   * Spends the grant of an approved request, once, durably, before it resolves.
   * @throws PosternError `grant-unusable` when it does not fit `binding`, is spent, or has lapsed
   */
  spend(id: string, binding: string, sessionId: string): Promise<void>;
  /** Full id or unique prefix. @throws PosternError `not-found`, `ambiguous-id` */
  get(idOrPrefix: string): Promise<Request>;
  list(filter: {
    readonly state?: RequestState;
    readonly agent?: string;
    readonly limit?: number;
  }): Promise<readonly Request[]>;
  /** Calls `listener` after each durable transition, at whichever instance. Returns the way to stop. */
  subscribe(listener: RequestListener): () => void;
};

/** An agent as the store keeps it: never its password, only a SCRAM verifier. */
export type AgentRecord = {
  readonly name: string;
  readonly owner: string;
  readonly groups: readonly string[];
  /** Names of databases in postern.yaml; `['*']` for all. */
  readonly databases: readonly string[];
  /** Which of a database's logins it uses. */
  readonly login: string;
  /** `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, PostgreSQL's own form. */
  readonly verifier: string;
  readonly disabled: boolean;
  readonly createdAt: string;
};

/** The registry of agents; changes are durable in the trail before they resolve. */
export type Agents = {
  /** @throws PosternError `store-unavailable` */
  find(name: string): Promise<AgentRecord | null>;
  list(): Promise<readonly AgentRecord[]>;
  add(agent: Omit<AgentRecord, 'createdAt' | 'disabled'>, by: string): Promise<AgentRecord>;
  rotate(name: string, verifier: string, by: string): Promise<AgentRecord>;
  disable(name: string, by: string): Promise<AgentRecord>;
};
