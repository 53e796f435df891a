/**
 * The approvals: requests asked, decided, ended and spent. Invariants: every step is durable in the trail,
 * then in the store, and only then seen by anybody (I7); steps of one request happen one at a time, and the
 * store's guard holds even if they did not; a grant is spent at most once (I4); what a process left open
 * when it ended is dead in the next. If trail and store part ways because one failed, the request dies:
 * the trail may tell of a step that had no effect, never the other way round.
 * Not here: who is logged in (`api/`), when to ask (`gate/`), how people are told (`subscribe` is all).
 */
import { PosternError } from '../errors.ts';
import type { Trail } from '../audit/event.ts';
import { isWholeId, newRequestId, readId } from './id.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { MAX_ID_ATTEMPTS, MAX_TIMER_MS, RETRY_MS } from './limits.ts';
import { Listeners } from './listeners.ts';
import { findRequest, noSuchRequest } from './lookup.ts';
import { checkNewRequest, createdEvent, newRequest, outcomeOf } from './new-request.ts';
import type { Approvals, Approver, Decision, NewRequest, Outcome, Request } from './request.ts';
import type { ListFilter, RequestStore, Store } from './store.ts';
import { PendingTexts } from './pending-texts.ts';
import { checkApprover, endingOf, personKey, readReason, stateAfter, type Approval } from './transitions.ts';
import { Waiters } from './waiters.ts';

export type ApprovalOptions = {
  readonly store: Store;
  readonly trail: Trail;
  readonly now?: () => Date;
  /** More pending requests of one agent than this are refused with `limit-exceeded`. */
  readonly maxPendingPerAgent: number;
  /** Told what goes wrong where no caller is there to be told: timers and listeners. Must not throw. */
  readonly onError?: (error: unknown) => void;
};

export type ApprovalService = Approvals & {
  /** Ends every request whose time is over, and tries again what could not be recorded. A timer calls it. */
  expireDue(): Promise<void>;
  /** Withdraws everything open and stops the timer. The store stays open; closing it is the caller's. */
  close(): Promise<void>;
};

/** A grant that a process before this one left behind cannot belong to a session that still exists. */
const RESTARTED = 'Postern restarted';
const SHUTTING_DOWN = 'Postern is shutting down';

/**
 * Starts the service: withdraws (or lets lapse) and records all that a former process left open.
 * @throws PosternError `trail-unavailable`, `store-unavailable`
 */
export async function openApprovals(options: ApprovalOptions): Promise<ApprovalService> {
  const service = new Service(options);
  await service.reconcile();
  return service;
}

type Ending = { readonly why: 'expired' | 'withdrawn'; readonly reason: string };

class Service implements ApprovalService {
  readonly #store: RequestStore;
  readonly #trail: Trail;
  readonly #now: () => Date;
  readonly #maxPendingPerAgent: number;
  readonly #onError: (error: unknown) => void;
  readonly #mutex = new KeyedMutex();
  readonly #askMutex = new KeyedMutex();
  readonly #waiters = new Waiters();
  readonly #texts = new PendingTexts();
  readonly #listeners: Listeners;
  /** When each open request ends, in ms since the epoch. */
  readonly #deadlines = new Map<string, number>();
  /** Requests that are dead already, but whose end is not yet in trail and store. */
  readonly #dying = new Map<string, Ending>();
  /** Requests on their way into the store. */
  readonly #asking = new Set<Promise<Request>>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: ApprovalOptions) {
    this.#store = options.store.requests;
    this.#trail = options.trail;
    this.#now = options.now ?? (() => new Date());
    this.#maxPendingPerAgent = options.maxPendingPerAgent;
    this.#onError = options.onError ?? (() => undefined);
    this.#listeners = new Listeners(this.#onError);
  }

  async reconcile(): Promise<void> {
    const ending: Ending = { why: 'withdrawn', reason: RESTARTED };
    const open = await this.#store.listOpen();
    await Promise.all(open.map((request) => this.#end(request.id, ending)));
  }

  async ask(asked: NewRequest, text?: string): Promise<Request> {
    this.#checkOpen();
    checkNewRequest(asked);
    // One at a time for an agent, so that what is counted is all there is.
    const asking = this.#askMutex.run(asked.agent, () => this.#askNow(asked, text));
    this.#asking.add(asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(asking);
    }
  }

  async #askNow(asked: NewRequest, text?: string): Promise<Request> {
    this.#checkOpen();
    const { agent } = asked;
    if ((await this.#store.countPending(agent)) >= this.#maxPendingPerAgent) {
      const what = `the number of pending requests of agent "${agent}"`;
      throw new PosternError('limit-exceeded', { what, limit: this.#maxPendingPerAgent });
    }
    const request = newRequest(asked, await this.#freeId(), this.#now());
    let recorded = false;
    try {
      await this.#trail.record(createdEvent(request));
      recorded = true;
      // Shutting down meanwhile has withdrawn what was in the store, and this was not.
      this.#checkOpen();
      if (!(await this.#store.insert(request)))
        throw new PosternError('store-unavailable', { reason: `id ${request.id} is taken` });
    } catch (error) {
      const reason = 'it could not be stored';
      if (recorded)
        await this.#trail
          .record({ kind: 'request_withdrawn', request_id: request.id, reason })
          .catch(() => undefined);
      throw error;
    }
    this.#deadlines.set(request.id, Date.parse(request.expiresAt));
    if (text !== undefined) this.#texts.keep(request.id, text);
    this.#arm();
    this.#listeners.tell(request);
    return request;
  }

  textOf(id: string): string | null {
    return this.#texts.find(id);
  }

  // Not async: that would wrap the shared promise anew for each caller, and one that walks away from it
  // would end the process with an unhandled rejection.
  outcome(id: string): Promise<Outcome> {
    const outcome = this.#waiters.wait(id);
    // Only now, so that no change falls between looking and waiting.
    this.#look(id).catch((error: unknown) => this.#waiters.fail(id, error));
    return outcome;
  }

  /** Wakes who waits for a request that is over. */
  async #look(id: string): Promise<void> {
    const stored = await findRequest(this.#store, id);
    const dying = this.#dying.get(id);
    if (dying !== undefined)
      throw new PosternError('request-withdrawn', { id, reason: dying.reason || dying.why });
    const outcome = outcomeOf(stored);
    if (outcome !== null) this.#waiters.settle(id, outcome);
  }

  async decide(
    id: string,
    approver: Approver,
    decision: Decision['decision'],
    reason: string,
    channel: Decision['channel'],
  ): Promise<Request> {
    this.#checkOpen();
    const said = readReason(reason);
    if (decision !== 'approve' && decision !== 'deny')
      throw new PosternError('bad-input', { reason: 'a decision is approve or deny' });
    const whole = readId(id);
    // Not by its beginning: what that fits may change between looking and deciding.
    if (whole === null || !isWholeId(whole)) throw noSuchRequest(id);
    return this.#mutex.run(whole, async () => {
      const stored = await findRequest(this.#store, whole);
      const { request } = stored;
      this.#checkPending(request);
      checkApprover(request, approver, decision);
      const approval: Approval = { person: personKey(approver.name), groups: [...approver.groups] };
      const to = stateAfter(request, decision, decision === 'approve' ? [...stored.approvals, approval] : []);
      const given: Decision = {
        decision,
        approver: approver.name.trim(),
        reason: said,
        channel,
        time: this.#now().toISOString(),
      };
      await this.#trail.record({
        kind: 'request_decided',
        request_id: whole,
        decision,
        approver: given.approver,
        channel,
        reason: said,
        state: to,
      });
      return this.#commit(whole, () => this.#store.decide(whole, given, approval, to));
    });
  }

  async withdraw(id: string, reason: string): Promise<void> {
    if ((await this.#store.find(id)) !== null) await this.#end(id, { why: 'withdrawn', reason });
  }

  async spend(id: string, binding: string, sessionId: string): Promise<void> {
    this.#checkOpen();
    await this.#mutex.run(id, async () => {
      const unusable = (reason: string): PosternError => new PosternError('grant-unusable', { id, reason });
      const request = (await this.#store.find(id))?.request;
      if (request === undefined) throw unusable('there is no such request');
      if (request.state !== 'approved') throw unusable(`it is ${request.state}`);
      if (this.#dying.has(id)) throw unusable('it has ended');
      if (this.#isOver(request)) {
        await this.#endNow(id, { why: 'expired', reason: '' });
        throw unusable('its time is over');
      }
      if (request.binding !== binding) throw unusable('the statement is not the one that was approved');
      await this.#trail.record({ kind: 'grant_spent', request_id: id, binding, session_id: sessionId });
      await this.#commit(id, () => this.#store.move(id, 'approved', 'spent', ''));
    });
  }

  async get(idOrPrefix: string): Promise<Request> {
    return (await findRequest(this.#store, idOrPrefix)).request;
  }

  list(filter: ListFilter): Promise<readonly Request[]> {
    return this.#store.list(filter);
  }

  subscribe(listener: (request: Request) => void): () => void {
    return this.#listeners.add(listener);
  }

  async expireDue(): Promise<void> {
    const now = this.#now().getTime();
    const due = [...this.#deadlines].filter(([, deadline]) => deadline <= now).map(([id]) => id);
    const ends = [...this.#dying, ...due.map((id): [string, Ending] => [id, { why: 'expired', reason: '' }])];
    await Promise.all(ends.map(([id, ending]) => this.#end(id, ending).catch(this.#onError)));
    this.#arm();
  }

  async close(): Promise<void> {
    this.#closed = true;
    try {
      const ending: Ending = { why: 'withdrawn', reason: SHUTTING_DOWN };
      // What is on its way gets into the store or not, and then it is seen.
      await Promise.allSettled(this.#asking);
      const open = await this.#store.listOpen();
      await Promise.all(open.map((request) => this.#end(request.id, ending)));
    } finally {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
    }
  }

  async #freeId(): Promise<string> {
    for (let attempt = 0; attempt < MAX_ID_ATTEMPTS; attempt += 1) {
      const id = newRequestId();
      if ((await this.#store.find(id)) === null) return id;
    }
    throw new PosternError('store-unavailable', { reason: 'no id is free' });
  }

  #checkOpen(): void {
    if (this.#closed) throw new PosternError('shutting-down');
  }

  #checkPending(request: Request): void {
    const { id, state } = request;
    if (state !== 'pending') throw new PosternError('already-decided', { id, state });
    const dying = this.#dying.get(id);
    if (dying !== undefined) throw new PosternError('already-decided', { id, state: dying.why });
    // The timer may be late; the clock is not.
    if (this.#isOver(request)) throw new PosternError('already-decided', { id, state: 'expired' });
  }

  #isOver(request: Request): boolean {
    return this.#now().getTime() >= Date.parse(request.expiresAt);
  }

  /** The store's half of a step that the trail has already. If it fails, the request is dead. */
  async #commit(id: string, step: () => Promise<boolean>): Promise<Request> {
    try {
      if (!(await step()))
        throw new PosternError('store-unavailable', { reason: `request ${id} changed underneath` });
      return await this.#changed(id);
    } catch (error) {
      this.#letDie(id, { why: 'withdrawn', reason: 'the approvals store failed' }, error);
      throw error;
    }
  }

  #end(id: string, ending: Ending): Promise<void> {
    return this.#mutex.run(id, () => this.#endNow(id, ending));
  }

  /** Only under the request's mutex. */
  async #endNow(id: string, ending: Ending): Promise<void> {
    try {
      const state = (await this.#store.find(id))?.request.state;
      const to = state === undefined ? null : endingOf(state, ending.why);
      if (state !== undefined && to !== null) {
        const { why, reason } = ending;
        await this.#trail.record(
          why === 'expired'
            ? { kind: 'request_expired', request_id: id }
            : { kind: 'request_withdrawn', request_id: id, reason },
        );
        if (!(await this.#store.move(id, state, to, reason)))
          throw new PosternError('store-unavailable', { reason: `request ${id} changed underneath` });
      }
      this.#dying.delete(id);
      this.#deadlines.delete(id);
      if (to !== null) await this.#changed(id);
    } catch (error) {
      this.#letDie(id, ending, error);
      throw error;
    }
  }

  /** Nobody may decide or spend it from here on; its end is written when trail and store work again. */
  #letDie(id: string, ending: Ending, error: unknown): void {
    this.#dying.set(id, ending);
    this.#deadlines.delete(id);
    this.#texts.forget(id);
    this.#waiters.fail(id, error);
    this.#arm();
  }

  /** After a durable step: wakes who waits, tells who listens, and returns the request as it is now. */
  async #changed(id: string): Promise<Request> {
    const stored = await findRequest(this.#store, id);
    const outcome = outcomeOf(stored);
    if (outcome !== null) this.#waiters.settle(id, outcome);
    const { request } = stored;
    if (request.state !== 'pending') this.#texts.forget(id);
    if (request.state !== 'pending' && request.state !== 'approved') this.#deadlines.delete(id);
    this.#listeners.tell(request);
    return request;
  }

  /** One timer for the earliest end. It keeps no process alive: a start withdraws what a process left. */
  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#closed) return;
    const retryInMs = this.#dying.size > 0 ? RETRY_MS : Infinity;
    const earliest = Math.min(...this.#deadlines.values()) - this.#now().getTime();
    const delayMs = Math.min(retryInMs, earliest);
    if (delayMs === Infinity) return;
    this.#timer = setTimeout(
      () => void this.expireDue(),
      Math.max(1, Math.min(delayMs, MAX_TIMER_MS)),
    ).unref();
  }
}
