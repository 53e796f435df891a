/**
 * The time-boxed grants: made, used, revoked, ended. Invariants: every step is durable in the trail, then in
 * the store, and only then seen by anybody (I7); nobody grants to themselves or their own agent (I5); a grant
 * that is over, at whichever instance it ended, shows no further row here as soon as that is known, and no
 * further batch of rows in any case, for the store gives none out. What sessions see of their grants is a hint:
 * the store has the last word on each use. Not here: what a statement shows (`session/`), who is logged in.
 */
import { PosternError } from '../errors.ts';
import type { Trail } from '../audit/event.ts';
import type {
  AgentGrants,
  Grant,
  GrantChannel,
  GrantFilter,
  GrantListener,
  GrantState,
  GrantStore,
  NewGrant,
} from './grant.ts';
import { Board, grantsOf, keyOf } from './grant-board.ts';
import { checkGranter, checkNewGrant, endedWords, findGrant, freeId, newGrant } from './grant-checks.ts';
import { endedEvent, madeEvent } from './grant-events.ts';
import { Lease, type Use } from './grant-lease.ts';
import type { GrantOptions, GrantService } from './grant-options.ts';
import { isWholeId, readId } from './id.ts';
import { checkEnabled } from './lookup.ts';
import {
  DEFAULT_KEEP_MS,
  MAX_ACTIVE_GRANTS_PER_AGENT,
  MAX_TIMER_MS,
  PRUNE_MS,
  SWEEP_BATCH,
  SWEEP_MS,
} from './limits.ts';
import type { Approver } from './request.ts';
import type { Store } from './store.ts';
import { readReason } from './transitions.ts';

export type { GrantOptions, GrantService } from './grant-options.ts';

/** @throws PosternError `store-unavailable` */
export async function openGrants(options: GrantOptions): Promise<GrantService> {
  const service = new Service(options);
  await service.start();
  return service;
}

const OVER = 'its time is over';

class Service implements GrantService {
  readonly #store: Store;
  readonly #grants: GrantStore;
  readonly #trail: Trail;
  readonly #options: GrantOptions;
  readonly #onError: (error: unknown) => void;
  /** Active ones, by id, as far as is known. */
  readonly #known = new Map<string, Grant>();
  readonly #boards = new Map<string, Board>();
  readonly #leases = new Map<string, Set<Lease>>();
  /** What is being written down of executions that are over, by grant. */
  readonly #settling = new Map<string, Promise<void>>();
  readonly #listeners = new Set<GrantListener>();
  readonly #unfollow: () => void;
  #timer: NodeJS.Timeout | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  #prunedAtMs = -Infinity;
  #closed = false;

  constructor(options: GrantOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#grants = options.store.grants;
    this.#trail = options.trail;
    this.#onError = options.onError ?? (() => undefined);
    this.#unfollow = options.store.follow({
      changed: () => undefined,
      grantChanged: (id) => void this.#look(id).catch(this.#onError),
      gap: () => void this.sweep(),
    });
  }

  async start(): Promise<void> {
    await this.#reload();
    this.#schedule();
  }

  async make(asked: NewGrant, approver: Approver, channel: GrantChannel): Promise<Grant> {
    this.#checkOpen();
    const { maxMs, maxRows } = this.#options;
    const reason = readReason(asked.reason);
    checkNewGrant(asked, { maxMs, maxRows });
    checkGranter(asked, approver);
    // One at a time for an agent, so that what is counted is all there is.
    return this.#store.exclusively(grantsOf(asked.agent), async () => {
      await checkEnabled(this.#store.agents, asked.agent);
      const limit = MAX_ACTIVE_GRANTS_PER_AGENT;
      const active = await this.#grants.list({ state: 'active', agent: asked.agent, limit });
      if (active.length >= limit) {
        const what = `the number of grants in force for agent "${asked.agent}"`;
        throw new PosternError('limit-exceeded', { what, limit });
      }
      const id = await freeId(this.#store);
      const made = newGrant({ ...asked, reason }, id, this.#store.clock(), approver, channel);
      await this.#trail.record(madeEvent(made));
      if (!(await this.#grants.insert(made)))
        throw new PosternError('store-unavailable', { reason: `id ${made.id} is taken` });
      this.#adopt(made);
      return made;
    });
  }

  async revoke(id: string, approver: Approver, reason: string): Promise<Grant> {
    this.#checkOpen();
    const said = readReason(reason);
    const whole = readId(id);
    if (whole === null || !isWholeId(whole)) throw new PosternError('not-found', { what: 'grant', name: id });
    const by = approver.name.trim();
    const grant = await findGrant(this.#grants, whole);
    const ended = await this.#end(grant, 'revoked', by, said);
    if (ended === null) {
      const { state } = await findGrant(this.#grants, whole);
      throw new PosternError('grant-over', { id: whole, state });
    }
    return ended;
  }

  async endAll(agent: string, by: string | null): Promise<void> {
    const why = `agent "${agent}" was disabled`;
    for (const grant of this.#known.values()) if (grant.agent === agent) this.#drop(grant.id, why);
    // Behind whoever is making one; who comes later finds the agent disabled.
    const limit = MAX_ACTIVE_GRANTS_PER_AGENT;
    const active = await this.#store.exclusively(grantsOf(agent), () =>
      this.#grants.list({ state: 'active', agent, limit }),
    );
    const to = by === null ? 'void' : 'revoked';
    await Promise.all(active.map((grant) => this.#end(grant, to, by, why)));
  }

  get inForce(): readonly Grant[] {
    return [...this.#known.values()];
  }

  get(idOrPrefix: string): Promise<Grant> {
    return findGrant(this.#grants, idOrPrefix);
  }

  list(filter: GrantFilter): Promise<readonly Grant[]> {
    return this.#grants.list(filter);
  }

  of(agent: string, database: string): AgentGrants {
    const key = keyOf({ agent, database });
    let board = this.#boards.get(key);
    if (board === undefined) {
      this.#boards.set(key, (board = new Board(this)));
      this.#show(key);
    }
    return board;
  }

  subscribe(listener: GrantListener): () => void {
    const entry: GrantListener = (grant) => listener(grant);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  async use(grant: Grant, use: Use): Promise<Lease | null> {
    this.#checkOpen();
    const { id } = grant;
    // What the agent's last execution did not show may be all there is.
    await this.#settling.get(id);
    const parts = { store: this.#grants, trail: this.#trail, now: () => this.#store.clock() };
    const lease: Lease = new Lease(grant, use, {
      ...parts,
      settled: (_, shown, unused) => this.#settled(lease, shown, unused),
    });
    const leases = this.#leases.get(id) ?? new Set();
    this.#leases.set(id, leases.add(lease));
    try {
      await lease.more();
    } catch (error) {
      lease.settle();
      throw error;
    }
    if (lease.over === null) return lease;
    lease.settle();
    await this.#look(id);
    return null;
  }

  void(grant: Grant, why: string): void {
    this.#drop(grant.id, why);
    this.#end(grant, 'void', null, why).catch(this.#onError);
  }

  async sweep(): Promise<void> {
    try {
      await this.#reload();
      await Promise.all(this.#endDue());
      const now = this.#store.clock();
      if (now - this.#prunedAtMs < PRUNE_MS) return;
      this.#prunedAtMs = now;
      const before = now - (this.#options.keepMs ?? DEFAULT_KEEP_MS);
      while (!this.#closed && (await this.#grants.prune(before, SWEEP_BATCH)) === SWEEP_BATCH);
    } catch (error) {
      this.#onError(error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unfollow();
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
    for (const leases of this.#leases.values()) for (const lease of leases) lease.settle();
    await Promise.allSettled(this.#settling.values());
  }

  /** Null if it was over already. */
  #end(
    grant: Grant,
    to: Exclude<GrantState, 'active'>,
    by: string | null,
    reason: string,
  ): Promise<Grant | null> {
    const { id } = grant;
    return this.#store.exclusively(`grant ${id}`, async () => {
      const now = await this.#grants.find(id);
      if (now?.state !== 'active') {
        if (now !== null) this.#adopt(now);
        return null;
      }
      await this.#trail.record(endedEvent(now, to, by, reason));
      const at = new Date(this.#store.clock()).toISOString();
      if (!(await this.#grants.end(id, to, { at, by, reason })))
        throw new PosternError('store-unavailable', { reason: `grant ${id} changed underneath` });
      return this.#look(id);
    });
  }

  async #look(id: string): Promise<Grant | null> {
    const grant = await this.#grants.find(id);
    if (grant !== null) this.#adopt(grant);
    return grant;
  }

  async #reload(): Promise<void> {
    const active = await this.#grants.listActive();
    const ids = new Set(active.map((one) => one.id));
    for (const id of this.#known.keys()) if (!ids.has(id)) await this.#look(id);
    for (const grant of active) if (!this.#known.has(grant.id)) this.#adopt(grant);
  }

  /** As the store has it. */
  #adopt(grant: Grant): void {
    if (grant.state === 'active') {
      this.#known.set(grant.id, grant);
      this.#show(keyOf(grant));
    } else this.#drop(grant.id, endedWords(grant));
    this.#arm();
    for (const listener of this.#listeners) {
      try {
        listener(grant);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /** It shows nothing more here. */
  #drop(id: string, why: string): void {
    const grant = this.#known.get(id);
    this.#known.delete(id);
    if (grant !== undefined) this.#show(keyOf(grant));
    for (const lease of this.#leases.get(id) ?? []) lease.end(why);
  }

  #show(key: string): void {
    this.#boards.get(key)?.show([...this.#known.values()].filter((one) => keyOf(one) === key));
  }

  #settled(lease: Lease, shown: number, unused: number): void {
    const { id, agent, database } = lease.grant;
    const leases = this.#leases.get(id);
    leases?.delete(lease);
    if (leases?.size === 0) this.#leases.delete(id);
    if (shown === 0 && unused === 0) return;
    const write = async (): Promise<void> => {
      await this.#trail.record({
        kind: 'grant_use_ended',
        grant_id: id,
        agent,
        database,
        session_id: lease.use.sessionId,
        rows: shown,
      });
      await this.#grants.settle(id, shown, unused);
      const now = await this.#grants.find(id);
      if (now?.state === 'active' && now.rowsShown >= now.maxRows)
        await this.#end(now, 'exhausted', null, `its ${now.maxRows} rows are used up`);
    };
    const before = this.#settling.get(id) ?? Promise.resolve();
    const done: Promise<void> = before
      .then(write)
      .catch(this.#onError)
      .finally(() => {
        if (this.#settling.get(id) === done) this.#settling.delete(id);
      });
    this.#settling.set(id, done);
  }

  /** One timer for the earliest end. */
  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#closed || this.#known.size === 0) return;
    const now = this.#store.clock();
    const earliest = Math.min(...[...this.#known.values()].map((one) => Date.parse(one.expiresAt)));
    const over = (): void => {
      for (const ending of this.#endDue()) ending.catch(this.#onError);
      this.#arm();
    };
    this.#timer = setTimeout(over, Math.max(1, Math.min(earliest - now + 1, MAX_TIMER_MS))).unref();
  }

  /** What is over shows nothing more from here on, and is ended. */
  #endDue(): readonly Promise<unknown>[] {
    const now = this.#store.clock();
    const due = [...this.#known.values()].filter((one) => Date.parse(one.expiresAt) <= now);
    return due.map((grant) => {
      this.#drop(grant.id, OVER);
      return this.#end(grant, 'expired', null, OVER);
    });
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#sweeper = setTimeout(
      () => void this.sweep().finally(() => this.#schedule()),
      this.#options.sweepMs ?? SWEEP_MS,
    ).unref();
  }

  #checkOpen(): void {
    if (this.#closed) throw new PosternError('shutting-down');
  }
}
