/**
 * THE order: judge → record → hold → permit. Nothing else lives here. Whoever wants client bytes sent
 * upstream comes through `admit`, `hold` or `passage`, and gets a permit that can be spent once.
 *
 * Invariants: I1 (no permit without a recorded verdict), I4 (a held statement's permit exists only once
 * its grant is spent), I7 (recorded before it takes effect).
 */
import type { Approvals, NewRequest, Request } from '../approvals/request.ts';
import { bindingOf } from '../approvals/binding.ts';
import type { AuditEvent, Trail } from '../audit/event.ts';
import { PosternError } from '../errors.ts';
import { statedReason } from '../sql/reason.ts';
import { withoutLiterals } from '../sql/redact.ts';
import type { Judge, Judged } from './judge.ts';
import { mintPermit } from './mint.ts';
import type { Permit } from './permit.ts';

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
};

/** A hold in progress. `permit` rejects with the refusal the client should see. */
export type Hold = { readonly request: Request; readonly permit: Promise<Permit> };

export class Gate {
  readonly judge: Judge;
  readonly #asker: Asker;
  readonly #trail: Trail;
  readonly #approvals: Approvals;
  readonly #allowed = new WeakMap<Judged, AuditEvent>();

  constructor(judge: Judge, asker: Asker, trail: Trail, approvals: Approvals) {
    this.judge = judge;
    this.#asker = asker;
    this.#trail = trail;
    this.#approvals = approvals;
  }

  /**
   * Admits a statement whose verdict is `allow`, recording it first.
   * @throws PosternError `statement-denied`, `trail-unavailable`; Error when the verdict is `hold`
   */
  admit(judged: Judged): Permit {
    const { verdict } = judged.judgement;
    if (verdict === 'deny') throw this.refusal(judged);
    if (verdict !== 'allow') throw new Error('a held statement was admitted without its grant');
    this.#trail.note(this.#allowedEvent(judged));
    return mintPermit();
  }

  /** Whether `admitRecorded` must be used in place of `admit`. */
  get recordsFirst(): boolean {
    return this.#asker.recordFirst;
  }

  /**
   * As `admit`, for `trail.sync: always`: resolves once the record is synced, together with all that wait.
   * @throws PosternError `statement-denied`, `trail-unavailable`
   */
  async admitRecorded(judged: Judged): Promise<Permit> {
    if (!this.recordsFirst || judged.judgement.verdict !== 'allow') return this.admit(judged);
    await this.#trail.record(this.#allowedEvent(judged));
    return mintPermit();
  }

  /** Records a denial and makes the refusal that says which rule it was. */
  refusal(judged: Judged, reason = denialReason(judged)): PosternError {
    this.#trail.note({
      kind: 'statement_denied',
      session_id: this.#asker.sessionId,
      ...judged.facts,
      reason,
    });
    if (judged.unreadable === null) return new PosternError('statement-denied', { reason });
    const { limit, position = null, forClient, reason: unread } = judged.unreadable;
    if (limit) return new PosternError('statement-too-complex', { reason: unread }, position);
    return new PosternError(
      'statement-unreadable',
      { reason: forClient ?? `syntax error: ${unread}` },
      position,
    );
  }

  /**
   * Asks for approval of one execution. Resolves when the request is durable, so that the client can be
   * told its id; the permit in the answer settles when the request does.
   * @throws PosternError `trail-unavailable`, `store-unavailable`, `limit-exceeded`
   */
  async hold(judged: Judged, execution: HeldExecution): Promise<Hold> {
    const binding = this.#bind(judged, execution);
    const request = await this.#approvals.ask(this.#newRequest(judged, execution, binding), judged.text);
    return { request, permit: this.#permitFor(request, judged, execution) };
  }

  /** For protocol messages that carry nothing to judge and act only on what was admitted before. */
  passage(): Permit {
    return mintPermit();
  }

  /** The agent gave up, was cut off, or the session ended. */
  withdraw(requestId: string, reason: string): Promise<void> {
    return this.#approvals.withdraw(requestId, reason);
  }

  /** One event for each text: the trail writes an event it has seen before without building it again. */
  #allowedEvent(judged: Judged): AuditEvent {
    const known = this.#allowed.get(judged);
    if (known !== undefined) return known;
    const event: AuditEvent = {
      kind: 'statement_allowed',
      session_id: this.#asker.sessionId,
      ...judged.facts,
    };
    this.#allowed.set(judged, event);
    return event;
  }

  async #permitFor(request: Request, judged: Judged, execution: HeldExecution): Promise<Permit> {
    const outcome = await this.#approvals.outcome(request.id);
    switch (outcome.kind) {
      case 'approved':
        await this.#spend(request, judged, execution);
        return mintPermit();
      case 'denied':
        throw new PosternError('request-denied', {
          id: request.id,
          approver: outcome.decision.approver,
          reason: outcome.decision.reason,
        });
      case 'expired':
        throw new PosternError('request-expired', {
          id: request.id,
          seconds: Math.round((Date.parse(request.expiresAt) - Date.parse(request.createdAt)) / 1000),
        });
      case 'withdrawn':
        throw new PosternError('request-withdrawn', { id: request.id, reason: outcome.reason });
    }
  }

  /** Judges again: what was approved must still be what would run, under the same rules and objects. */
  async #spend(request: Request, judged: Judged, execution: HeldExecution): Promise<void> {
    const now = this.judge.judge(judged.text, execution.inTransaction);
    if (now.judgement.verdict === 'deny') throw this.refusal(now);
    await this.#approvals.spend(request.id, this.#bind(now, execution), this.#asker.sessionId);
  }

  #bind(judged: Judged, execution: HeldExecution): string {
    const oids = new Set(judged.judgement.statements.flatMap((s) => s.relationOids));
    const objects = [...oids]
      .sort((a, b) => a - b)
      .map((oid) => {
        const relation = judged.snapshot.relations.get(oid);
        return relation === undefined ? `${oid}:?` : `${oid}:${relation.schema}.${relation.name}`;
      });
    return bindingOf({
      agent: this.judge.agent.name,
      database: this.judge.database,
      role: this.#asker.role,
      rulesVersion: judged.rulesVersion,
      sql: judged.text,
      parameters: execution.parameters,
      objects,
    });
  }

  #newRequest(judged: Judged, execution: HeldExecution, binding: string): NewRequest {
    const { judgement } = judged;
    const terms = judgement.hold;
    if (terms === null) throw new Error('a held statement has no terms');
    return {
      sessionId: this.#asker.sessionId,
      agent: this.judge.agent.name,
      owner: this.#asker.owner,
      database: this.judge.database,
      environment: this.judge.environment,
      binding,
      rulesVersion: judged.rulesVersion,
      actions: actionsOf(judged),
      rules: judgement.causes.map((c) => c.rule),
      fingerprint: judged.facts.fingerprint,
      statement: withoutLiterals(judged.text),
      relations: judged.facts.relations,
      maskedColumns: [...new Set(judgement.statements.flatMap((s) => s.maskedColumns))].sort(),
      inTransaction: execution.inTransaction,
      statedReason: statedReason(judged.text) ?? execution.sessionReason,
      requirements: terms.requirements,
      escalation: terms.escalation,
      approverGroups: terms.approverGroups,
      quorum: terms.quorum,
      expiresMs: Math.min(terms.expiresMs, execution.maxWaitMs),
    };
  }
}

function actionsOf(judged: Judged): NewRequest['actions'] {
  if (judged.unreadable !== null) {
    return [{ action: 'unknown', command: 'unknown', reason: judged.unreadable.reason }];
  }
  return judged.statements.flatMap((s) =>
    s.actions.map((a) => ({ action: a.action, command: a.command, reason: a.reason })),
  );
}

function denialReason(judged: Judged): string {
  const denying = judged.judgement.causes.filter((c) => c.verdict === 'deny');
  return denying.map((c) => `rule "${c.rule}": ${c.reason}`).join('; ');
}
