/**
 * How many rows each agent got within the hour, for each rule that limits them: counted in memory, where sessions
 * meet them row by row, and kept in the store, so that restarts forget nothing and other instances add theirs.
 *
 * Exact within one instance. What others pass is seen when both have looked at the store, so within two periods
 * (`ROW_SYNC_MS`). While the store is away nothing is forgotten and nothing runs out. Minutes are the store's.
 */
import { ROW_MINUTES, ROW_SYNC_MS } from './limits.ts';
import type { RowCount, RowCountStore } from './store.ts';

/** One agent's rows by one rule. */
export type RowAccount = {
  /** Within the hour, as far as is known here. */
  readonly rows: number;
  add(rows: number): void;
};

class Account implements RowAccount {
  readonly agent: string;
  readonly rule: string;
  /** In the store, as it was last read. */
  stored = 0;
  /** On its way there. */
  sending = 0;
  fresh = 0;

  constructor(agent: string, rule: string) {
    this.agent = agent;
    this.rule = rule;
  }

  get rows(): number {
    return this.stored + this.sending + this.fresh;
  }

  add(rows: number): void {
    this.fresh += rows;
  }
}

export type RowLedgerOptions = {
  readonly counts: RowCountStore;
  /** Ms since the epoch, by the store. */
  readonly clock: () => number;
  /** Whether anything is limited by the hour; otherwise the store is left alone. */
  readonly needed: () => boolean;
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
};

export class RowLedger {
  readonly #options: RowLedgerOptions;
  /** At most one for each agent and rule there ever were, and those are people's doing. */
  readonly #accounts = new Map<string, Account>();
  #timer: NodeJS.Timeout | null = null;
  #syncing: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  constructor(options: RowLedgerOptions) {
    this.#options = options;
  }

  /** Reads what the hour before holds. A store that fails is told to `onError` and tried again. */
  async open(): Promise<void> {
    await this.sync();
    this.#schedule();
  }

  account(agent: string, rule: string): RowAccount {
    return this.#account(agent, rule);
  }

  /** Writes what was counted since, and reads what all have counted. */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#sync());
    return this.#syncing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.sync();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      void (this.#options.needed() ? this.sync() : Promise.resolve()).then(() => this.#schedule());
    }, this.#options.everyMs ?? ROW_SYNC_MS).unref();
  }

  async #sync(): Promise<void> {
    const { counts, clock, onError } = this.#options;
    const minute = Math.floor(clock() / MINUTE_MS);
    try {
      const sent = this.#take(minute);
      if (sent.length > 0) await counts.add(sent);
      for (const account of this.#accounts.values()) {
        account.stored += account.sending;
        account.sending = 0;
      }
      const totals = await counts.totals(minute - ROW_MINUTES);
      for (const account of this.#accounts.values()) account.stored = 0;
      for (const { agent, rule, rows } of totals) this.#account(agent, rule).stored = rows;
      this.#failing = false;
    } catch (error) {
      for (const account of this.#accounts.values()) {
        account.fresh += account.sending;
        account.sending = 0;
      }
      if (!this.#failing) onError(error);
      this.#failing = true;
    }
  }

  #take(minute: number): readonly RowCount[] {
    const taken: RowCount[] = [];
    for (const account of this.#accounts.values()) {
      account.sending = account.fresh;
      account.fresh = 0;
      const { agent, rule, sending } = account;
      if (sending > 0) taken.push({ agent, rule, minute, rows: sending });
    }
    return taken;
  }

  #account(agent: string, rule: string): Account {
    const key = JSON.stringify([agent, rule]);
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = new Account(agent, rule);
      this.#accounts.set(key, account);
    }
    return account;
  }
}

const MINUTE_MS = 60_000;
