/**
 * The answer of `policy/` to one message's statements: verdict, what caused it, and how results must be
 * masked. Pure data, cached by the gate, so it must not depend on anything that changes between two
 * executions of the same text under the same agent, database, rules and catalog.
 */
import type { Action } from '../sql/statement.ts';
import type { GuardedParameter } from './findings.ts';
import type { OutputShows } from './outputs.ts';
import type { RowLimit } from './row-limits.ts';
import type { Verdict } from './rules.ts';
import type { ShownColumn } from './shown.ts';

/** The connecting identity as policy sees it. */
export type AgentIdentity = {
  readonly name: string;
  /** The person behind the agent; may never decide its requests. */
  readonly owner: string;
  readonly groups: readonly string[];
};

export type Where = {
  readonly database: string;
  readonly environment: string;
  readonly inTransaction: boolean;
  /** What names stand for may change as it runs, or be changed already: by DDL that nobody has read yet. */
  readonly inDoubt?: boolean;
  /** Masked columns the agent asks to see in this execution. */
  readonly unmask?: readonly ShownColumn[];
};

/** One reason for a verdict. `rule` is a rule's name from rules.yaml, or `defaults.<key>`. */
export type Cause = {
  readonly verdict: Verdict;
  readonly rule: string;
  readonly action: Action;
  readonly reason: string;
};

/**
 * How far results have to be masked, from least to most.
 * `clean`    no masked column can be in reach: only columns the server attributes to a masked column are masked
 * `touched`  a masked relation is read: masked columns, and all that the server does not attribute
 * `opaque`   code nobody vouched for may run: as `touched`, and error texts and codes are user-made
 */
export type MaskScope = 'clean' | 'touched' | 'opaque';

/** What one holding rule demands: `quorum` distinct people of one of `approvers`, which if empty is anybody. */
export type HoldRequirement = {
  readonly rule: string;
  readonly approvers: readonly string[];
  readonly quorum: number;
  /** Groups that count for it, too, once the request is escalated. */
  readonly escalateTo: readonly string[];
};

export type HoldTerms = {
  /** All of them must be met; never empty. */
  readonly requirements: readonly HoldRequirement[];
  /** For people, the groups of `requirements` that name any. */
  readonly approverGroups: readonly (readonly string[])[];
  /** For people, the largest of `requirements`. */
  readonly quorum: number;
  /** The earliest that a rule asks for, and all groups; null where none does. */
  readonly escalation: { readonly afterMs: number; readonly to: readonly string[] } | null;
  readonly expiresMs: number;
  readonly mode: 'wait' | 'return';
  /** At most `expiresMs`. */
  readonly waitMs: number;
  /** Names of the rules that want a reason stated; empty where none does. */
  readonly wantReason: readonly string[];
};

export type StatementJudgement = {
  readonly scope: MaskScope;
  /** OIDs of every relation the statement may touch, sorted. */
  readonly relationOids: readonly number[];
  /** Written names the catalog does not know. */
  readonly unknownRelations: readonly string[];
  /** `schema.table.column` of the masked columns in reach, sorted. */
  readonly maskedColumns: readonly string[];
  /** It calls volatile functions nobody vouched for, which may do anything that code can. */
  readonly callsVolatile: boolean;
  /** How each output may be shown that the server attributes to no column; null where that is not known. */
  readonly outputs: OutputShows;
  /** Parameters that must not be what a mask shows. */
  readonly guarded: readonly GuardedParameter[];
  /** How many rows it may give before somebody is asked. */
  readonly rowLimits: readonly RowLimit[];
};

export type Judgement = {
  readonly verdict: Verdict;
  /** Every rule that matched with the winning verdict first; empty when everything is allowed by default. */
  readonly causes: readonly Cause[];
  /** Present when the verdict is `hold`. */
  readonly hold: HoldTerms | null;
  /** One for each statement of the message, in order. */
  readonly statements: readonly StatementJudgement[];
};
