/**
 * The approvals: requests asked, decided, escalated, ended and spent. Invariants: every step is durable in the
 * trail, then in the store, and only then seen by anybody (I7); steps of one request happen one at a time at
 * all instances together, and the store's guard holds even if they did not; a grant is spent at most once
 * (I4); what sessions waited for when their process ended is dead. If trail and store part ways because one
 * failed, the request dies: the trail may tell of a step that had no effect, never the other way round.
 * Not here: who is logged in (`api/`), when to ask (`gate/`), how people are told (`subscribe` is all).
 */
import { PosternError } from '../errors.ts';
import type { Trail } from '../audit/event.ts';
import { askingOf, checkChanged, Endings, stepsOf, type Ending } from './endings.ts';
import { earlierRequest, historyOf } from './earlier.ts';
import { isWholeId, readId } from './id.ts';
import { DEFAULT_KEEP_MS, SWEEP_BATCH, SWEEP_MS } from './limits.ts';
import { checkEnabled, findRequest, freeRequestId, noSuchRequest } from './lookup.ts';
import { checkNewRequest, createdEvent, newRequest } from './new-request.ts';
import type { Answer, Approver, Decision, NewRequest, Outcome, Request, RequestListener } from './request.ts';
import { News } from './news.ts';
import type { ApprovalOptions, ApprovalService } from './options.ts';
import type { ListFilter, RequestStore, Store } from './store.ts';
import { Sweep } from './sweep.ts';
import { checkThrottle, type Throttle } from './throttle.ts';
import {
  checkApprover,
  checkEscalation,
  isEscalated,
  personKey,
  readReason,
  stateAfter,
  type Approval,
  type Escalator,
} from './transitions.ts';

export type { ApprovalOptions, ApprovalService } from './options.ts';

const SHUTTING_DOWN: Ending = { why: 'withdrawn', reason: 'Postern is shutting down' };
const STORE_FAILED: Ending = { why: 'withdrawn', reason: 'the approvals store failed' };

/**
 * Starts the service: withdraws (or lets lapse) and records what a process that is gone left held.
 * @throws PosternError `trail-unavailable`, `store-unavailable`
 */
export async function openApprovals(options: ApprovalOptions): Promise<ApprovalService> {
  const service = new Service(options);
  await service.reconcile();
  return service;
}

class Service implements ApprovalService {
  readonly #whole: Store;
  readonly #store: RequestStore;
  readonly #trail: Trail;
  readonly #now: () => Date;
  readonly #maxPendingPerAgent: number;
  readonly #throttle: Throttle | null;
  readonly #onError: (error: unknown) => void;
  readonly #news: News;
  readonly #endings: Endings;
  readonly #sweep: Sweep;
  readonly #unfollow: () => void;
  /** Requests on their way into the store. */
  readonly #asking = new Set<Promise<Request>>();
  #closed = false;

  constructor(options: ApprovalOptions) {
    const { store, trail } = options;
    this.#whole = store;
    this.#store = store.requests;
    this.#trail = trail;
    this.#now = options.now ?? (() => new Date(store.clock()));
    this.#maxPendingPerAgent = options.maxPendingPerAgent;
    this.#throttle = options.throttle ?? null;
    this.#onError = options.onError ?? (() => undefined);
    this.#news = new News(store.requests, () => this.#endings, this.#onError);
    const common = { now: this.#now, onError: this.#onError };
    this.#endings = new Endings({
      ...common,
      store,
      trail,
      ended: (id) => this.#news.changed(id),
      died: (id, error) => this.#news.died(id, error),
    });
    this.#sweep = new Sweep({
      ...common,
      requests: store.requests,
      endings: this.#endings,
      everyMs: options.sweepMs ?? SWEEP_MS,
      keepMs: options.keepMs ?? DEFAULT_KEEP_MS,
      waiting: () => this.#news.waiting(),
      look: (id) => this.#news.look(id),
      escalate: (id) => this.#escalate(id, null),
    });
    this.#unfollow = store.follow({
      changed: (id) => void this.#news.heard(id).catch(this.#onError),
      // A sweep that is running may have looked before the gap was over.
      gap: () => void this.#sweep.run().then(() => this.#sweep.run()),
    });
  }

  async reconcile(): Promise<void> {
    const ending: Ending = { why: 'withdrawn', reason: 'Postern restarted' };
    for (;;) {
      const orphans = await this.#store.listOrphans(SWEEP_BATCH);
      if (orphans.length === 0) break;
      await Promise.all(orphans.map((id) => this.#endings.end(id, ending)));
    }
    this.#sweep.start();
  }

  async earlier(agent: string, binding: string): Promise<Request | null> {
    this.#checkOpen();
    return earlierRequest(this.#store, agent, binding, (found) => this.#endings.isGone(found));
  }

  async ask(asked: NewRequest, text?: string): Promise<Request> {
    this.#checkOpen();
    checkNewRequest(asked);
    // One at a time for an agent, so that what is counted is all there is.
    const asking = this.#whole.exclusively(askingOf(asked.agent), () => this.#askNow(asked, text));
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
    await checkEnabled(this.#whole.agents, agent);
    // However many sessions send it at once, it is one request.
    const earlier = asked.mode === 'return' ? await this.earlier(agent, asked.binding) : null;
    if (earlier !== null && earlier.state !== 'denied') return earlier;
    const now = this.#now();
    if (this.#throttle !== null) await checkThrottle(this.#store, asked, this.#throttle, now);
    if ((await this.#store.countPending(agent)) >= this.#maxPendingPerAgent) {
      const what = `the number of pending requests of agent "${agent}"`;
      throw new PosternError('limit-exceeded', { what, limit: this.#maxPendingPerAgent });
    }
    const request = newRequest(
      asked,
      await freeRequestId(this.#store),
      now,
      await historyOf(this.#store, agent, now),
    );
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
    this.#endings.watch(request);
    if (text !== undefined) this.#news.texts.keep(request.id, text);
    this.#news.listeners.tell(request, true);
    return request;
  }

  textOf(id: string): string | null {
    return this.#news.texts.find(id);
  }

  outcome(id: string): Promise<Outcome> {
    return this.#news.outcome(id);
  }

  async decide(
    id: string,
    approver: Approver,
    answer: Answer,
    reason: string,
    channel: Decision['channel'],
  ): Promise<Request> {
    this.#checkOpen();
    const said = readReason(reason);
    if (answer !== 'approve' && answer !== 'deny' && answer !== 'escalate')
      throw new PosternError('bad-input', { reason: 'a decision is approve, deny or escalate' });
    const whole = readId(id);
    // Not by its beginning: what that fits may change between looking and deciding.
    if (whole === null || !isWholeId(whole)) throw noSuchRequest(id);
    if (answer === 'escalate') return this.#escalate(whole, { approver, reason: said, channel });
    return this.#whole.exclusively(stepsOf(whole), async () => {
      const stored = await findRequest(this.#store, whole);
      const { request } = stored;
      this.#checkPending(request);
      checkApprover(request, approver, answer);
      const approval: Approval = { person: personKey(approver.name), groups: [...approver.groups] };
      const to = stateAfter(request, answer, answer === 'approve' ? [...stored.approvals, approval] : []);
      const given: Decision = {
        decision: answer,
        approver: approver.name.trim(),
        reason: said,
        channel,
        time: this.#now().toISOString(),
      };
      await this.#trail.record({
        kind: 'request_decided',
        request_id: whole,
        decision: answer,
        approver: given.approver,
        channel,
        reason: said,
        state: to,
      });
      return this.#commit(whole, () => this.#store.decide(whole, stored.revision, given, approval, to));
    });
  }

  /** @param by null when its time for it has come; then nothing happens unless it still has to */
  #escalate(id: string, by: Escalator | null): Promise<Request> {
    return this.#whole.exclusively(stepsOf(id), async () => {
      const { request, revision } = await findRequest(this.#store, id);
      if (by !== null) {
        this.#checkPending(request);
        checkApprover(request, by.approver, 'escalate');
        checkEscalation(request);
      } else if (request.state !== 'pending' || isEscalated(request) || this.#endings.isOver(request))
        return request;
      await this.#trail.record({
        kind: 'request_escalated',
        request_id: id,
        to: request.escalation?.to ?? [],
        approver: by?.approver.name.trim() ?? null,
        channel: by?.channel ?? null,
        reason: by?.reason ?? 'nobody decided it in time',
      });
      return this.#commit(id, () => this.#store.escalate(id, revision, this.#now().toISOString()));
    });
  }

  async withdraw(id: string, reason: string): Promise<void> {
    await this.#endings.end(id, { why: 'withdrawn', reason });
  }

  async withdrawAll(agent: string, reason: string): Promise<void> {
    // Behind whoever is asking; who comes later finds the agent disabled.
    const open = await this.#whole.exclusively(askingOf(agent), () => this.#store.listOpen());
    const ids = open.filter((one) => one.agent === agent).map((one) => one.id);
    await Promise.all(ids.map((id) => this.#endings.end(id, { why: 'withdrawn', reason })));
  }

  async spend(id: string, binding: string, sessionId: string): Promise<void> {
    this.#checkOpen();
    await this.#whole.exclusively(stepsOf(id), async () => {
      const unusable = (reason: string): PosternError => new PosternError('grant-unusable', { id, reason });
      const request = (await this.#store.find(id))?.request;
      if (request === undefined) throw unusable('there is no such request');
      if (request.state !== 'approved') throw unusable(`it is ${request.state}`);
      if (this.#endings.dying(id) !== undefined) throw unusable('it has ended');
      if (this.#endings.isOver(request)) {
        const over: Ending = { why: 'expired', reason: '' };
        await this.#endings.endNow(id, over).catch((error: unknown) => this.#endings.letDie(id, over, error));
        throw unusable('its time is over');
      }
      if (request.binding !== binding) throw unusable('the statement is not the one that was approved');
      await this.#recordSpent(request, sessionId);
      await this.#step(id, async () => checkChanged(id, await this.#store.move(id, 'approved', 'spent', '')));
    });
    // Whoever is to run it waits for no telling.
    this.#news.changed(id).catch(this.#onError);
  }

  /**
   * The trail's half of spending. A request that outlives its instance is claimed first and stays so: if the
   * store's half does not follow, the grant lapses, and the trail never tells of it being spent again.
   */
  async #recordSpent({ id, binding, mode }: Request, sessionId: string): Promise<void> {
    if (mode === 'return' && !(await this.#store.claim(id)))
      throw new PosternError('grant-unusable', { id, reason: 'it is being spent' });
    await this.#trail.record({ kind: 'grant_spent', request_id: id, binding, session_id: sessionId });
  }

  async get(idOrPrefix: string): Promise<Request> {
    return (await findRequest(this.#store, idOrPrefix)).request;
  }

  list(filter: ListFilter): Promise<readonly Request[]> {
    return this.#store.list(filter);
  }

  subscribe(listener: RequestListener): () => void {
    return this.#news.listeners.add(listener);
  }

  expireDue(): Promise<void> {
    return this.#endings.expireDue();
  }

  sweep(): Promise<void> {
    return this.#sweep.run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unfollow();
    try {
      await this.#sweep.close();
      // What is on its way gets into the store or not, and then it is seen.
      await Promise.allSettled(this.#asking);
      const held = await this.#store.listHeld();
      await Promise.all(held.map((id) => this.#endings.end(id, SHUTTING_DOWN)));
    } catch (error) {
      // What cannot be ended now is ended by the next start, or by a survivor.
      this.#onError(error);
    } finally {
      this.#endings.close();
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new PosternError('shutting-down');
  }

  #checkPending(request: Request): void {
    const { id, state } = request;
    if (state !== 'pending') throw new PosternError('already-decided', { id, state });
    const dying = this.#endings.dying(id);
    if (dying !== undefined) throw new PosternError('already-decided', { id, state: dying.why });
    // The timer may be late; the clock is not.
    if (this.#endings.isOver(request)) throw new PosternError('already-decided', { id, state: 'expired' });
  }

  #commit(id: string, step: () => Promise<boolean>): Promise<Request> {
    return this.#step(id, async () => {
      checkChanged(id, await step());
      return this.#news.changed(id);
    });
  }

  /** The store's half of a step that the trail has already. If it fails, the request is dead. */
  async #step<T>(id: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#endings.letDie(id, STORE_FAILED, error);
      throw error;
    }
  }
}
