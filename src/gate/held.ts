/** What one held execution is, and the request it becomes. */
import { bindingOf } from '../approvals/binding.ts';
import type { Snapshot } from '../catalog/snapshot.ts';
import type { NewRequest } from '../approvals/request.ts';
import type { HoldTerms } from '../policy/judgement.ts';
import type { ShownColumn } from '../policy/shown.ts';
import { locksOf } from '../policy/locks.ts';
import { statedReason } from '../sql/reason.ts';
import { withoutLiterals } from '../sql/redact.ts';
import { boundObjects } from './bound-objects.ts';
import { rowActions, rowBinding, type RowsMet } from './held-rows.ts';
import type { Judge, Judged } from './judge.ts';

/** What the gate has to know about the session that asks. */
export type Asker = {
  readonly sessionId: string;
  readonly owner: string;
  /** The upstream login the statement would run under. */
  readonly role: string;
  /** `trail.sync: always`: a plainly allowed statement, too, is on disk before it is sent. */
  readonly recordFirst: boolean;
};

/** What one held execution is, beyond its text. */
export type HeldExecution = {
  /** Bind's format codes and values as they came; empty for the simple protocol. */
  readonly parameters: Uint8Array;
  readonly inTransaction: boolean;
  /** From `SET postern.reason`; a comment in the statement wins over it. */
  readonly sessionReason: string | null;
  /** Longest wait, whatever the rule says; in milliseconds. */
  readonly maxWaitMs: number;
  /** The agent asked for an error in place of a wait: `SET postern.hold = 'return'`. */
  readonly returns: boolean;
  /** The settings under which the text means what it means. */
  readonly settings: readonly string[];
  /** It runs already, and is held for its rows. Absent: nothing of it has run. */
  readonly met?: RowsMet;
};

/** The planner's guess; see `Request.estimate`. */
export type Estimate = NewRequest['estimate'];
/** Asks the database's planner about a held statement; resolves null rather than late, and never rejects. */
export type Estimator = (judged: Judged) => Promise<Estimate>;

export function termsOf(judged: Judged): HoldTerms {
  const terms = judged.judgement.hold;
  if (terms === null) throw new Error('a held statement has no terms');
  return terms;
}

export function reasonOf(judged: Judged, execution: HeldExecution): string | null {
  return statedReason(judged.text) ?? execution.sessionReason;
}

/** I4: what an approval of this execution is for. */
export function bindingFor(judged: Judged, execution: HeldExecution, judge: Judge, role: string): string {
  return bindingOf({
    agent: judge.agent.name,
    database: judge.database,
    role,
    rulesVersion: judged.rulesVersion,
    sql: judged.text,
    parameters: execution.parameters,
    objects: boundObjects(judged),
    settings: execution.settings,
    unmask: seenIn(judged)
      .map((one) => shownAs(one, judged.snapshot))
      .toSorted(),
    ...(execution.met === undefined ? {} : { rowLimits: rowBinding(execution.met) }),
  });
}

/** Masked columns that its rows would show: because it asks, or by a grant. Whoever approves it must know. */
function seenIn(judged: Judged): readonly ShownColumn[] {
  return judged.shown ?? judged.granted?.columns ?? [];
}

/** By what it is called now, so that renaming it voids the grant. */
function shownAs({ relation: oid, attnum }: ShownColumn, { relations }: Snapshot): string {
  const relation = relations.get(oid);
  const column = relation?.columns.find((one) => one.attnum === attnum);
  return `${oid}.${attnum}:${relation?.schema ?? '?'}.${relation?.name ?? '?'}.${column?.name ?? '?'}`;
}

/** How long the session waits, and for how long the request is open. In milliseconds; `waitMs` 0: it does not wait. */
export function timesOf(
  terms: HoldTerms,
  execution: HeldExecution,
): Pick<NewRequest, 'mode' | 'waitMs' | 'expiresMs'> {
  const { expiresMs } = terms;
  if (terms.mode === 'return' || execution.returns) return { mode: 'return', waitMs: 0, expiresMs };
  const waitMs = Math.min(terms.waitMs, execution.maxWaitMs);
  // A rule that has sessions wait less than requests live means the request to be found again.
  if (terms.waitMs < expiresMs) return { mode: 'return', waitMs, expiresMs };
  return { mode: 'wait', waitMs, expiresMs: waitMs };
}

/** The request that a held execution becomes. */
export function requestFor(
  judged: Judged,
  execution: HeldExecution,
  judge: Judge,
  asker: Asker,
  found: Pick<NewRequest, 'binding' | 'estimate'>,
): NewRequest {
  const { judgement } = judged;
  const terms = termsOf(judged);
  return {
    sessionId: asker.sessionId,
    agent: judge.agent.name,
    owner: asker.owner,
    database: judge.database,
    environment: judge.environment,
    rulesVersion: judged.rulesVersion,
    actions: [...actionsOf(judged), ...(execution.met === undefined ? [] : rowActions(execution.met))],
    ...(execution.met === undefined ? {} : { rowsSoFar: execution.met.rows }),
    rules: judgement.causes.map((c) => c.rule),
    fingerprint: judged.facts.fingerprint,
    statement: withoutLiterals(judged.text),
    relations: judged.facts.relations,
    maskedColumns: [...new Set(judgement.statements.flatMap((s) => s.maskedColumns))].sort(),
    inTransaction: execution.inTransaction,
    statedReason: reasonOf(judged, execution),
    requirements: terms.requirements,
    escalation: terms.escalation,
    approverGroups: terms.approverGroups,
    quorum: terms.quorum,
    ...timesOf(terms, execution),
    unmask: seenIn(judged)
      .map((one) => one.name)
      .toSorted(),
    locks: locksOf(judged.statements, judged.snapshot),
    ...found,
  };
}

/** Holds that are about where masked values go, and not about what is done. */
const OF_VALUES: ReadonlySet<string> = new Set(['defaults.influence', 'defaults.laundering']);

function actionsOf(judged: Judged): NewRequest['actions'] {
  if (judged.unreadable !== null) {
    return [{ action: 'unknown', command: 'unknown', reason: judged.unreadable.reason }];
  }
  const found = judged.statements.flatMap((s) =>
    s.actions.map((a) => ({ action: a.action, command: a.command, reason: a.reason })),
  );
  // what no action says by itself: influence, laundering
  const said = new Set(found.map(({ reason }) => reason));
  const command = found[0]?.command ?? 'unknown';
  const beside = judged.judgement.causes.filter(
    (cause) => OF_VALUES.has(cause.rule) && !said.has(cause.reason),
  );
  return [...found, ...beside.map(({ action, reason }) => ({ action, command, reason }))];
}
