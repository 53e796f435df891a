/**
 * The settings this session has changed by `SET`, `RESET`, `set_config` or at start-up, followed as
 * PostgreSQL keeps them: `SET LOCAL` ends with its transaction, a rollback takes back what it rolled over,
 * `ROLLBACK TO` what came after its savepoint. Two uses: Postern's own settings (`postern.*`), and what an
 * approval is bound to, for one text under another `search_path` or tenant is another statement.
 *
 * Invariant (I4): where it cannot tell what is in force, `fingerprint` is one that no other moment has, so
 * that no grant fits. Non-goals: settings that functions change unseen, and what a setting means.
 */
import { randomUUID } from 'node:crypto';
import type { SettingTouched, Statement } from '../sql/statement.ts';

type Entry = {
  readonly session: string | null;
  /** Until the transaction ends; undefined where there is none. */
  readonly local: string | null | undefined;
};
type Values = ReadonlyMap<string, Entry>;

/** Change nothing about what a statement does. */
const HARMLESS: ReadonlySet<string> = new Set([
  'application_name',
  'client_min_messages',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
]);

export class SessionSettings {
  readonly #startup: Values;
  #now: Values;
  /** As it was when no transaction was open. */
  #base: Values;
  #savepoints: { readonly name: string; readonly values: Values }[] = [];
  #failed = false;
  #committed = false;
  #pipelined = false;
  #doubt = '';
  #used = false;

  /** @param startup what the client asked for when it connected, which RESET goes back to */
  constructor(startup: ReadonlyMap<string, string> = new Map()) {
    this.#startup = new Map(
      [...startup].map(([name, value]) => [name.toLowerCase(), { session: value, local: undefined }]),
    );
    this.#now = this.#startup;
    this.#base = this.#startup;
  }

  /** Something was set since start-up, so transactions matter. */
  get used(): boolean {
    return this.#used;
  }

  /** What is in force; null where nothing was set, or it was set to nothing. */
  get(name: string): string | null {
    const entry = this.#now.get(name);
    const value = entry?.local === undefined ? entry?.session : entry.local;
    return value === undefined || value === '' ? null : value;
  }

  /** `postern.unmask` is set: the next statement may be a request for visibility. */
  get asksToSee(): boolean {
    return this.get('postern.unmask') !== null;
  }

  /** What is in force, as one line a setting, sorted; Postern's own and those that change nothing left out. */
  get fingerprint(): readonly string[] {
    const lines = [...this.#now.keys()]
      .filter((name) => !name.startsWith('postern.') && !HARMLESS.has(name))
      .map((name) => `${name}=${this.get(name) ?? ''}`)
      .toSorted();
    return this.#doubt === '' ? lines : [...lines, this.#doubt];
  }

  /** What a statement will have done once it has run. Called when it is sent. */
  apply({ settings, effect }: Statement): void {
    for (const setting of settings) this.#set(setting);
    if (effect.kind === 'discard' && effect.what === 'all')
      this.#set({ name: 'all', value: null, known: true });
    if (effect.kind === 'transaction' && this.#used) this.#transaction(effect.verb, effect.savepoint ?? '');
  }

  /** The server said that something failed. */
  failed(): void {
    this.#failed = true;
  }

  /**
   * The server is ready for the next batch.
   * @param status as in ReadyForQuery
   * @param idle nothing was sent that it has not answered
   */
  ready(status: 'I' | 'T' | 'E', idle: boolean): void {
    if (!idle) {
      if (this.#now !== this.#base) this.#pipelined = true;
      return;
    }
    const failed = this.#failed;
    // Whether what failed came before the COMMIT, or the SET, or after it, cannot be known.
    const unsure = failed && (this.#committed || this.#pipelined);
    this.#failed = status === 'E';
    this.#committed = false;
    this.#pipelined = false;
    if (unsure) this.#doubt = randomUUID();
    if (status !== 'I') return;
    this.#now = failed && !unsure ? this.#base : withoutLocals(this.#now);
    this.#base = this.#now;
    this.#savepoints = [];
  }

  /** Takes a setting away for good: no rollback brings it back. */
  consume(name: string): void {
    const without = (values: Values): Values => new Map([...values].filter(([key]) => key !== name));
    this.#now = without(this.#now);
    this.#base = without(this.#base);
    this.#savepoints = this.#savepoints.map((s) => ({ name: s.name, values: without(s.values) }));
  }

  #set({ name: written, value, known, local }: SettingTouched): void {
    this.#used = true;
    const name = written.toLowerCase();
    if (name === 'all') {
      this.#now = this.#startup;
      return;
    }
    // It takes the role along, back to the one the session began with.
    if (name === 'session_authorization') this.#roleReset(local === true);
    // These are of one transaction by nature, and say nothing of later ones.
    if (name.startsWith('transaction_')) return;
    const said = known ? value : randomUUID();
    const next = said ?? this.#startup.get(name)?.session ?? null;
    const before = this.#now.get(name);
    const entry: Entry =
      local === true
        ? { session: before?.session ?? null, local: next }
        : { session: next, local: undefined };
    this.#now = new Map(this.#now).set(name, entry);
  }

  #roleReset(local: boolean): void {
    const values = new Map(this.#now);
    const atStart = this.#startup.get('role');
    if (atStart === undefined) values.delete('role');
    else values.set('role', atStart);
    this.#now = values;
    // which role is back once the transaction has ended is not followed
    if (local) this.#doubt = randomUUID();
  }

  #transaction(verb: string, savepoint: string): void {
    if (verb === 'savepoint') this.#savepoints.push({ name: savepoint, values: this.#now });
    else if (verb === 'release') this.#savepoints.splice(this.#find(savepoint));
    else if (verb === 'rollback to savepoint') {
      const at = this.#find(savepoint);
      this.#now = this.#savepoints[at]?.values ?? this.#base;
      this.#savepoints.splice(at + 1);
      this.#failed = false;
    } else if (verb === 'rollback' || (verb === 'commit' && this.#failed)) this.#now = this.#base;
    else if (verb === 'commit') this.#committed = true;
  }

  #find(savepoint: string): number {
    const at = this.#savepoints.findLastIndex((s) => s.name === savepoint);
    return at === -1 ? this.#savepoints.length : at;
  }
}

function withoutLocals(values: Values): Values {
  if (![...values.values()].some((entry) => entry.local !== undefined)) return values;
  return new Map([...values].map(([name, { session }]) => [name, { session, local: undefined }]));
}
