/**
 * What the approvals and the agents need of a store. Every change is one atomic step, durable when its promise
 * resolves, and guarded: it says false instead of overwriting a state it did not expect. Everything rejects
 * with PosternError `store-unavailable` when the store fails. Several processes may share a store; each that
 * has one open is an *instance* of Postern, and a request in mode `wait` belongs to the one it was asked at.
 * Not here: what a transition means (`transitions.ts`), who is told (`service.ts`).
 */
import type { GrantStore } from './grant.ts';
import type { Approval } from './transitions.ts';
import type { AgentRecord, Decision, Request, RequestState } from './request.ts';

export type Stored = {
  readonly request: Request;
  /** The approvals so far, with the groups each person had. */
  readonly approvals: readonly Approval[];
  /** Why it was withdrawn, expired or lapsed; empty otherwise. */
  readonly ending: string;
  /** How often it has changed; `decide` and `escalate` name the one they were worked out from. */
  readonly revision: number;
};

export type ListFilter = { readonly state?: RequestState; readonly agent?: string; readonly limit?: number };

/** Requests of one agent for statements alike on one database, denied at `sinceMs` (since the epoch) or later. */
export type Shape = {
  readonly agent: string;
  readonly database: string;
  readonly fingerprint: string;
  readonly sinceMs: number;
};

export type StateCounts = Readonly<Partial<Record<RequestState, number>>>;

export type RequestStore = {
  /** False if the id is taken. The request belongs to this instance. */
  insert(request: Request): Promise<boolean>;
  find(id: string): Promise<Stored | null>;
  /** Ids that begin with `prefix`, at most `limit`. */
  idsLike(prefix: string, limit: number): Promise<readonly string[]>;
  /** Agents that have a pending or approved request. */
  agentsWithOpen(): Promise<readonly string[]>;
  /** Newest first. */
  list(filter: ListFilter): Promise<readonly Request[]>;
  countPending(agent: string): Promise<number>;
  /** Every request that is pending or approved, whichever instance it was asked at. */
  listOpen(): Promise<readonly Request[]>;
  /** Ids of this instance's own open requests in mode `wait`. */
  listHeld(): Promise<readonly string[]>;
  /** Ids of open requests in mode `wait` whose instance lives no more, at most `limit`. */
  listOrphans(limit: number): Promise<readonly string[]>;
  /** Ids of open requests whose time is over at `nowMs`, at most `limit`. */
  listDue(nowMs: number, limit: number): Promise<readonly string[]>;
  /** Ids of pending requests that are to be escalated at `nowMs` and are not yet, at most `limit`. */
  listEscalating(nowMs: number, limit: number): Promise<readonly string[]>;
  /** Those of `ids` that are pending no longer. */
  listSettled(ids: readonly string[]): Promise<readonly string[]>;
  /** The newest request of this agent in mode `return` with this binding that is in this state. */
  findReturned(agent: string, binding: string, state: RequestState): Promise<Request | null>;
  /** When requests of one shape were denied, as RFC 3339 times, newest first, at most `limit`. */
  listDenials(of: Shape, limit: number): Promise<readonly string[]>;
  /** This agent's requests made at `sinceMs` (since the epoch) or later, counted by state. */
  recent(agent: string, sinceMs: number): Promise<StateCounts>;
  /** Adds a decision to a pending request and moves it to `to`, in one step. */
  decide(
    id: string,
    revision: number,
    decision: Decision,
    approval: Approval,
    to: RequestState,
  ): Promise<boolean>;
  /** Marks a pending request as escalated, once. */
  escalate(id: string, revision: number, at: string): Promise<boolean>;
  /** Moves a request from one state to another. */
  move(id: string, from: RequestState, to: RequestState, ending: string): Promise<boolean>;
  /**
   * Makes an approved request in mode `return` this instance's own, so that it ends with it like one that a
   * session waits for. False unless it is one that nobody has claimed.
   */
  claim(id: string): Promise<boolean>;
  /** Removes requests that are final and were made before `beforeMs`, at most `limit`; says how many. */
  prune(beforeMs: number, limit: number): Promise<number>;
};

export type AgentStore = {
  find(name: string): Promise<AgentRecord | null>;
  list(): Promise<readonly AgentRecord[]>;
  /** Those of `names` that there are and that are not disabled. */
  usable(names: readonly string[]): Promise<readonly string[]>;
  /** False if the name is taken. */
  insert(agent: AgentRecord): Promise<boolean>;
  /** False if there is none of that name. */
  setVerifier(name: string, verifier: string): Promise<boolean>;
  setDisabled(name: string): Promise<boolean>;
};

/** Rows that one agent got in one minute (since the epoch), counted for one rule. */
export type RowCount = {
  readonly agent: string;
  readonly rule: string;
  readonly minute: number;
  readonly rows: number;
};

export type RowCountStore = {
  /** Adds them to what is there, all or none. */
  add(counts: readonly RowCount[]): Promise<void>;
  /** All instances' sums over `sinceMinute` and later; what is older is removed. */
  totals(sinceMinute: number): Promise<readonly Omit<RowCount, 'minute'>[]>;
};

/** Told what other instances did. */
export type Follower = {
  changed(id: string): void;
  /** A grant was made or has ended. */
  grantChanged?(id: string): void;
  agentDisabled?(name: string): void;
  /** Changes may have been missed: whoever waits has to look. */
  gap(): void;
};

/**
 * Short messages among the instances, for what matters now or never. Whoever may connect to the store can read
 * them, make them up and send them again; what is sent while an instance's connection is away is lost to it.
 */
export type Broadcast = {
  /** @param text at most `MAX_BROADCAST_CHARACTERS`, in ASCII @throws PosternError `store-unavailable` */
  send(text: string): Promise<void>;
  /** Told what others send. Returns the way to stop. */
  listen(heard: (text: string) => void): () => void;
};

export type Store = {
  readonly requests: RequestStore;
  readonly agents: AgentStore;
  readonly rowCounts: RowCountStore;
  readonly grants: GrantStore;
  /** Null where no other process can have the store. */
  readonly broadcast: Broadcast | null;
  /**
   * Runs `work` while nobody else, at any instance, runs work for this key. It is for order, not for safety:
   * should the lock be lost in the middle, the guards still hold.
   */
  exclusively<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** The time all instances go by, in ms since the epoch. */
  clock(): number;
  /** Returns the way to stop. */
  follow(follower: Follower): () => void;
  /** Why the store cannot be used at present; null while it can. */
  problem(): string | null;
  close(): Promise<void>;
};

/** In mode `return` nobody waits for a request, so it outlives its session and its instance. */
export function outlivesInstance(request: Request): boolean {
  return request.mode === 'return';
}

/** When a request is to be escalated, as an RFC 3339 time; null where its rules do not say. */
export function escalatesAt({ createdAt, escalation }: Request): string | null {
  if (escalation === undefined || escalation === null || escalation.afterMs === null) return null;
  return new Date(Date.parse(createdAt) + escalation.afterMs).toISOString();
}
