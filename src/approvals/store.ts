/**
 * What the approvals and the agents need of a store. Every change is one atomic step, durable when its promise
 * resolves, and guarded: it says false instead of overwriting a state it did not expect. Everything rejects
 * with PosternError `store-unavailable` when the store fails.
 */
import type { Approval } from './transitions.ts';
import type { AgentRecord, Decision, Request, RequestState } from './request.ts';

export type Stored = {
  readonly request: Request;
  /** The approvals so far, with the groups each person had. */
  readonly approvals: readonly Approval[];
  /** Why it was withdrawn, expired or lapsed; empty otherwise. */
  readonly ending: string;
};

export type ListFilter = { readonly state?: RequestState; readonly agent?: string; readonly limit?: number };

export type RequestStore = {
  /** False if the id is taken. */
  insert(request: Request): Promise<boolean>;
  find(id: string): Promise<Stored | null>;
  /** Ids that begin with `prefix`, at most `limit`. */
  idsLike(prefix: string, limit: number): Promise<readonly string[]>;
  /** Newest first. */
  list(filter: ListFilter): Promise<readonly Request[]>;
  countPending(agent: string): Promise<number>;
  /** Every request that is pending or approved. */
  listOpen(): Promise<readonly Request[]>;
  /** Adds a decision to a pending request and moves it to `to`, in one step. */
  decide(id: string, decision: Decision, approval: Approval, to: RequestState): Promise<boolean>;
  /** Moves a request from one state to another. */
  move(id: string, from: RequestState, to: RequestState, ending: string): Promise<boolean>;
};

export type AgentStore = {
  find(name: string): Promise<AgentRecord | null>;
  list(): Promise<readonly AgentRecord[]>;
  /** False if the name is taken. */
  insert(agent: AgentRecord): Promise<boolean>;
  /** False if there is none of that name. */
  setVerifier(name: string, verifier: string): Promise<boolean>;
  setDisabled(name: string): Promise<boolean>;
};

export type Store = { readonly requests: RequestStore; readonly agents: AgentStore; close(): Promise<void> };
