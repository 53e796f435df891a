/**
 * THE order: judge → record → hold → permit. Nothing else lives here. Whoever wants client bytes sent
 * upstream comes through `admit`, `hold` or `passage`, and gets a permit that can be spent once.
 *
 * Invariants: I1 (no permit without a recorded verdict), I4 (a held statement's permit exists only once
 * its grant is spent), I7 (recorded before it takes effect).
 */
import type { Approvals, Outcome, Request } from '../approvals/request.ts';
import { MAX_TIMER_MS } from '../approvals/limits.ts';
import { whyHeld } from '../approvals/why-held.ts';
import type { AuditEvent, Trail } from '../audit/event.ts';
import { PosternError } from '../errors.ts';
import {
  bindingFor,
  reasonOf,
  requestFor,
  termsOf,
  timesOf,
  type Asker,
  type Estimator,
  type HeldExecution,
} from './held.ts';
import type { Confirm } from './bound-objects.ts';
import type { Judge, Judged } from './judge.ts';
import { mintPermit } from './mint.ts';
import type { Permit } from './permit.ts';

export type { Asker, HeldExecution } from './held.ts';

/** A hold in progress. `permit` rejects with the refusal the client should see. */
export type Hold = { readonly request: Request; readonly permit: Promise<Permit> };

export class Gate {
  readonly judge: Judge;
  readonly #asker: Asker;
  readonly #trail: Trail;
  readonly #approvals: Approvals;
  readonly #estimate: Estimator;
  readonly #confirm: Confirm;
  readonly #allowed = new WeakMap<Judged['facts'], AuditEvent>();

  constructor(
    judge: Judge,
    asker: Asker,
    trail: Trail,
    approvals: Approvals,
    estimate: Estimator = () => Promise.resolve(null),
    confirm: Confirm = () => Promise.resolve(),
  ) {
    this.judge = judge;
    this.#asker = asker;
    this.#trail = trail;
    this.#approvals = approvals;
    this.#estimate = estimate;
    this.#confirm = confirm;
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

  /** Resolves when more statements may be admitted; undefined where nothing is in the way. */
  room(): Promise<void> | undefined {
    return this.#trail.room();
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
    this.#noteDenied(judged, reason);
    if (judged.unreadable === null) return new PosternError('statement-denied', { reason });
    const { limit, position = null, forClient, reason: unread } = judged.unreadable;
    if (limit) return new PosternError('statement-too-complex', { reason: unread }, position);
    return new PosternError(
      'statement-unreadable',
      { reason: forClient ?? `syntax error: ${unread}` },
      position,
    );
  }

  /** As `refusal`, for a message that is too long to be read: nothing is known of it. */
  refusalUnread(...[code, values]: ConstructorParameters<typeof PosternError>): PosternError {
    const refusal = new PosternError(code, values);
    const { agent, database } = this.judge;
    this.#trail.note({
      kind: 'statement_denied',
      session_id: this.#asker.sessionId,
      agent: agent.name,
      database,
      fingerprint: '',
      actions: ['unknown'],
      relations: [],
      rules: [],
      reason: refusal.message,
    });
    return refusal;
  }

  /**
   * Asks for approval of one execution, unless it was asked for before: a statement sent again spends the
   * approval it got meanwhile, or refers to the request that is open. Resolves when the request is durable, so
   * that the client can be told its id; the permit in the answer settles when the request does.
   * @throws PosternError `request-pending` where nobody waits, `request-denied`, `reason-required`,
   *   `asked-too-often`, `trail-unavailable`, `store-unavailable`, `limit-exceeded`
   */
  async hold(before: Judged, execution: HeldExecution): Promise<Hold> {
    const now = await this.#asItIs(before, execution);
    // What is held for its rows is asked about for those alone.
    const judged = execution.met === undefined && now.judgement.verdict === 'hold' ? now : before;
    const binding = this.#bind(now, execution);
    const earlier = await this.#approvals.earlier(this.judge.agent.name, binding);
    const request = earlier ?? (await this.#ask(judged, execution, binding));
    const { waitMs } = timesOf(termsOf(judged), execution);
    if (request.state === 'pending' && waitMs === 0) throw pending(request);
    const permit = this.#permitFor(request, judged, execution, waitMs);
    // It may be refused before the session looks at it (it is withdrawing, say, at a store that takes its
    // time), and a refusal that nobody has looked at yet would end the process, and everybody's sessions.
    permit.catch(() => undefined);
    return { request, permit };
  }

  async #ask(judged: Judged, execution: HeldExecution, binding: string): Promise<Request> {
    try {
      const [rule] = termsOf(judged).wantReason;
      if (rule !== undefined && reasonOf(judged, execution) === null)
        throw new PosternError('reason-required', { rule });
      const estimate = await this.#estimate(judged);
      const found = { binding, estimate };
      const request = requestFor(judged, execution, this.judge, this.#asker, found);
      return await this.#approvals.ask(request, judged.text);
    } catch (error) {
      // These are the last word on the statement, so they are in the trail as any denial.
      if (error instanceof PosternError && ENDS.has(error.code)) this.#noteDenied(judged, error.message);
      throw error;
    }
  }

  /** For protocol messages that carry nothing to judge and act only on what was admitted before. */
  passage(): Permit {
    return mintPermit();
  }

  /** The agent gave up, was cut off, or the session ended. */
  withdraw(requestId: string, reason: string): Promise<void> {
    return this.#approvals.withdraw(requestId, reason);
  }

  /** One event for each text, or shape of texts: the trail writes an event it has seen before without building it again. */
  #allowedEvent(judged: Judged): AuditEvent {
    const known = this.#allowed.get(judged.facts);
    if (known !== undefined) return known;
    const event: AuditEvent = {
      kind: 'statement_allowed',
      session_id: this.#asker.sessionId,
      ...judged.facts,
    };
    this.#allowed.set(judged.facts, event);
    return event;
  }

  #noteDenied(judged: Judged, reason: string): void {
    this.#trail.note({
      kind: 'statement_denied',
      session_id: this.#asker.sessionId,
      ...judged.facts,
      reason,
    });
  }

  async #permitFor(
    request: Request,
    judged: Judged,
    execution: HeldExecution,
    waitMs: number,
  ): Promise<Permit> {
    const outcome = await within(waitMs, request, this.#approvals.outcome(request.id));
    switch (outcome.kind) {
      case 'pending':
        throw pending(request);
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

  /** Judged by what its names stand for at this moment. */
  async #asItIs(judged: Judged, { inTransaction }: HeldExecution): Promise<Judged> {
    await this.#confirm(judged);
    const now = this.judge.again(judged, inTransaction);
    if (now.judgement.verdict === 'deny') throw this.refusal(now);
    return now;
  }

  /** Looks and judges again: what was approved must still be what would run, under the same rules and objects. */
  async #spend(request: Request, judged: Judged, execution: HeldExecution): Promise<void> {
    const now = await this.#asItIs(judged, execution);
    await this.#approvals.spend(request.id, this.#bind(now, execution), this.#asker.sessionId);
  }

  #bind(judged: Judged, execution: HeldExecution): string {
    return bindingFor(judged, execution, this.judge, this.#asker.role);
  }
}

/** Refusals of a held statement before anybody was asked. */
const ENDS: ReadonlySet<string> = new Set(['reason-required', 'asked-too-often']);

function pending(request: Request): PosternError {
  return new PosternError('request-pending', { id: request.id, why: whyHeld(request) });
}

/** The outcome, or that it is still pending when the wait is over and the request is not. */
async function within(
  waitMs: number,
  { mode, state }: Request,
  outcome: Promise<Outcome>,
): Promise<Outcome | { readonly kind: 'pending' }> {
  // What is decided already is there as soon as the store answers, which may take longer than no wait at all.
  if (mode === 'wait' || state !== 'pending') return outcome;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<{ readonly kind: 'pending' }>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'pending' }), Math.min(Math.max(waitMs, 1), MAX_TIMER_MS));
  });
  try {
    return await Promise.race([outcome, over]);
  } finally {
    clearTimeout(timer);
  }
}

function denialReason(judged: Judged): string {
  const denying = judged.judgement.causes.filter((c) => c.verdict === 'deny');
  return denying.map((c) => `rule "${c.rule}": ${c.reason}`).join('; ');
}
