/**
 * What ends with an agent that is disabled: its sessions here, its requests and its grants. Whoever disables it
 * ends all of that; this is for sessions at other instances, which are told, and for when nobody could tell, or
 * the one who disabled it died before the end. Invariant: no session goes on for longer than `AGENT_WATCH_MS` after
 * its agent was disabled, as long as the store answers. An agent that the store does not know counts as disabled.
 */
import type { Grants } from './grant.ts';
import { AGENT_WATCH_MS, SWEEP_MS } from './limits.ts';
import type { Approvals } from './request.ts';
import type { Store } from './store.ts';

/** The sessions of this instance. */
export type Sessions = { agents(): readonly string[]; endSessionsOf(agent: string): void };

export type AgentWatchOptions = {
  readonly store: Store;
  readonly approvals: Pick<Approvals, 'withdrawAll'>;
  readonly grants: Pick<Grants, 'inForce' | 'endAll'>;
  readonly sessions: Sessions;
  /** As the limits of these names unless said. */
  readonly everyMs?: number;
  readonly sweepMs?: number;
  readonly onError: (error: unknown) => void;
};

export class AgentWatch {
  readonly #options: AgentWatchOptions;
  readonly #unfollow: () => void;
  readonly #sessions: NodeJS.Timeout;
  readonly #sweeper: NodeJS.Timeout;
  #looking: Promise<void> | null = null;
  /** Somebody told of a change after the look at hand began. */
  #again = false;
  #sweeping: Promise<void> | null = null;
  #failing = false;

  constructor(options: AgentWatchOptions) {
    this.#options = options;
    const { store, everyMs = AGENT_WATCH_MS, sweepMs = SWEEP_MS } = options;
    const look = (): void => this.#look();
    this.#unfollow = store.follow({ changed: () => undefined, agentDisabled: look, gap: look });
    this.#sessions = setInterval(look, everyMs).unref();
    this.#sweeper = setInterval(() => void this.sweep(), sweepMs).unref();
  }

  /**
   * Ends all that an agent has, which the store has as disabled already.
   * @throws PosternError `trail-unavailable`, `store-unavailable`: its sessions have ended, the rest is tried again
   */
  async ended(agent: string, by: string): Promise<void> {
    const { sessions, approvals, grants } = this.#options;
    sessions.endSessionsOf(agent);
    const reason = `agent "${agent}" was disabled by ${by}`;
    await settled([grants.endAll(agent, by), approvals.withdrawAll(agent, reason)]);
  }

  /** What nobody ended. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep()
      .catch(this.#options.onError)
      .finally(() => (this.#sweeping = null));
    return this.#sweeping;
  }

  async close(): Promise<void> {
    this.#unfollow();
    clearInterval(this.#sessions);
    clearInterval(this.#sweeper);
    await Promise.all([this.#looking, this.#sweeping]);
  }

  async #sweep(): Promise<void> {
    const { store, approvals, grants } = this.#options;
    const names = new Set([
      ...grants.inForce.map((one) => one.agent),
      ...(await store.requests.agentsWithOpen()),
    ]);
    for (const agent of await this.#goneOf([...names]))
      await settled([
        grants.endAll(agent, null),
        approvals.withdrawAll(agent, `agent "${agent}" is disabled`),
      ]);
  }

  /** One look at a time, however slow the store is. One that is gone is told of once: sessions go on as long as it is. */
  #look(): void {
    this.#again = true;
    this.#looking ??= this.#endSessions()
      .then(() => void (this.#failing = false))
      .catch((error: unknown) => {
        if (!this.#failing) this.#options.onError(error);
        this.#failing = true;
      })
      .finally(() => (this.#looking = null));
  }

  async #endSessions(): Promise<void> {
    const { sessions } = this.#options;
    while (this.#again) {
      this.#again = false;
      for (const agent of await this.#goneOf(sessions.agents())) sessions.endSessionsOf(agent);
    }
  }

  async #goneOf(names: readonly string[]): Promise<readonly string[]> {
    if (names.length === 0) return names;
    const usable = new Set(await this.#options.store.agents.usable(names));
    return names.filter((name) => !usable.has(name));
  }
}

/** All are tried before the first failure is told. */
async function settled(works: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(works)) if (one.status === 'rejected') throw one.reason;
}
