/**
 * A time-boxed grant, as a value: for a stated time an agent sees named masked columns of one database, in at
 * most so many rows. States: `active → revoked | expired | exhausted | void`. Every step, and every reservation
 * of rows, is durable before it has an effect (I7). Not here: which statements it shows (`session/`), how rows
 * are counted out (`grant-lease.ts`).
 */
import type { GrantedColumn } from '../policy/granted.ts';
import type { Approver, Requirement } from './request.ts';
import type { Lease, Use } from './grant-lease.ts';

export const GRANT_STATES = ['active', 'revoked', 'expired', 'exhausted', 'void'] as const;
export type GrantState = (typeof GRANT_STATES)[number];
export type GrantChannel = 'cli' | 'api';

/** What an approver asks for, worked out against the catalog and the rules in force. */
export type NewGrant = {
  readonly agent: string;
  readonly owner: string;
  readonly database: string;
  readonly environment: string;
  readonly columns: readonly GrantedColumn[];
  /** Of the rules it was made under; others void it. */
  readonly rulesVersion: string;
  /** Names of the rules that govern who may show these columns, and that the grant has met. */
  readonly rules: readonly string[];
  /** What those rules demand of whoever grants it. */
  readonly requirements: readonly Requirement[];
  readonly expiresMs: number;
  readonly maxRows: number;
  readonly reason: string;
};

export type Grant = Omit<NewGrant, 'expiresMs' | 'requirements'> & {
  readonly id: string;
  readonly state: GrantState;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** Who granted it. */
  readonly approver: string;
  readonly channel: GrantChannel;
  /** Rows given out to executions; never more than `maxRows`. Those of a process that died stay given out. */
  readonly rowsReserved: number;
  /** Rows that ended executions have shown. */
  readonly rowsShown: number;
  readonly ended: GrantEnding | null;
};

/** `by`: the approver who revoked it; null where nobody did it but time, rows or a change of what it names. */
export type GrantEnding = { readonly at: string; readonly by: string | null; readonly reason: string };

export type GrantListener = (grant: Grant) => void;

/** The grants of one agent on one database, kept true while sessions hold it. */
export type AgentGrants = {
  /** Whether there is any: all that a session without grants pays for. */
  readonly any: boolean;
  /** In force as far as is known here; whether one really is, `use` asks the store. */
  readonly active: readonly Grant[];
  /**
   * Reserves the first rows of one execution, durably. Null where the grant is over or has none left.
   * @throws PosternError `trail-unavailable`, `store-unavailable`
   */
  use(grant: Grant, use: Use): Promise<Lease | null>;
  /** What it names is not what was granted: it ends, at once here. */
  voided(grant: Grant, why: string): void;
};

export type Grants = {
  /**
   * @throws PosternError `self-grant`, `not-permitted`, `grant-needs-request`, `limit-exceeded`, `bad-input`,
   *   `trail-unavailable`, `store-unavailable`
   */
  make(asked: NewGrant, approver: Approver, channel: GrantChannel): Promise<Grant>;
  /** By the whole id. @throws PosternError `not-found`, `grant-over`, `bad-input`, `not-permitted` */
  revoke(id: string, approver: Approver, reason: string): Promise<Grant>;
  /**
   * Ends all grants of an agent that is disabled already: nothing more is shown here, at once.
   * @param by who disabled it; null where that is not known here
   */
  endAll(agent: string, by: string | null): Promise<void>;
  /** All of them, as far as is known here. */
  readonly inForce: readonly Grant[];
  /** Full id or unique prefix. @throws PosternError `not-found`, `ambiguous-id` */
  get(idOrPrefix: string): Promise<Grant>;
  /** Newest first. */
  list(filter: GrantFilter): Promise<readonly Grant[]>;
  of(agent: string, database: string): AgentGrants;
  /** Calls `listener` after each durable step of a grant, at whichever instance. Returns the way to stop. */
  subscribe(listener: GrantListener): () => void;
};

export type GrantFilter = {
  readonly state?: GrantState;
  readonly agent?: string;
  readonly limit?: number;
};

export type GrantStore = {
  /** False if the id is taken. */
  insert(grant: Grant): Promise<boolean>;
  find(id: string): Promise<Grant | null>;
  /** Ids that begin with `prefix`, at most `limit`. */
  idsLike(prefix: string, limit: number): Promise<readonly string[]>;
  /** Newest first. */
  list(filter: GrantFilter): Promise<readonly Grant[]>;
  /** Every active one. */
  listActive(): Promise<readonly Grant[]>;
  /** Gives out up to `rows` of an active grant whose time is not over at `nowMs`, in one step; says how many. */
  reserve(id: string, rows: number, nowMs: number): Promise<number>;
  /** An execution is over: `shown` rows count as shown, `unused` are given back. */
  settle(id: string, shown: number, unused: number): Promise<void>;
  /** Ends an active grant. */
  end(id: string, to: GrantState, ending: GrantEnding): Promise<boolean>;
  /** Removes grants that are not active and were made before `beforeMs`, at most `limit`; says how many. */
  prune(beforeMs: number, limit: number): Promise<number>;
};
