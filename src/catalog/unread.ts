/**
 * What may be different in the database from what was last read of it, as far as Postern's own sessions know:
 * DDL that one of them sent and that may be taking effect now, and DDL that ended after the reading began.
 *
 * One for each database, for a view that one session replaces is read by all others. Non-goal: DDL that does
 * not go through this Postern, which polling finds.
 */

/** A session as others have to reckon with it. */
export type Changer = {
  /** Whether anything of the DDL it sent may be taking effect at this moment. */
  changes(): boolean;
  /** Whether DDL it sent may take effect sooner or later: its transaction is open. */
  open(): boolean;
  /** Whether it stores at this moment what it reads by names. */
  stores(): boolean;
};

/** `masks`: it may matter even where no rule depends on the catalog. */
export type What = 'any' | 'masks';

export class Unread {
  readonly #changers = new Map<Changer, What>();
  /** Those that have stored something since they were last idle. */
  readonly #storers = new Set<Changer>();
  #changes = 0;
  #read = 0;
  /** The last change that may be of built-in masks. */
  #toMasks = 0;
  /**
   * Until when (`performance.now`) nobody waits for changers to be done: some were waited for in vain, and a session
   * that leaves its DDL open must not slow all others down again and again.
   */
  waitInVainUntilMs = 0;
  #begun = 0;

  /** DDL is sent that may change what names mean; until `end`, the session is asked. */
  begin(changer: Changer, what: What): void {
    this.#begun += 1;
    if (this.#changers.get(changer) !== 'masks') this.#changers.set(changer, what);
  }

  /** All that the session sent is over and has been read. */
  end(changer: Changer): void {
    this.#changers.delete(changer);
  }

  /** Something may have been committed that no reading has seen. */
  changed(what: What): void {
    this.#changes += 1;
    if (what === 'masks') this.#toMasks = this.#changes;
  }

  /** Another reading would show what this one does not. */
  get stale(): boolean {
    return this.#changes > this.#read;
  }

  /** As `stale`, for those who depend on no more than the built-in masks. */
  get staleToMasks(): boolean {
    return this.#toMasks > this.#read;
  }

  /** To be taken when a reading begins, and given to `readFrom` when it has succeeded. */
  get mark(): number {
    return this.#changes;
  }

  readFrom(mark: number): void {
    this.#read = Math.max(this.#read, mark);
  }

  /** Others wait with DDL that it sends, until what this session stores now is stored. */
  storing(changer: Changer): void {
    this.#storers.add(changer);
  }

  storedAll(changer: Changer): void {
    this.#storers.delete(changer);
  }

  /** Whether another session stores something by what names stand for. */
  storedBy(except: Changer): boolean {
    for (const one of this.#storers) if (one !== except && one.stores()) return true;
    return false;
  }

  /** Whether another session's DDL may take effect while something is under way. */
  openBy(except: Changer): boolean {
    for (const one of this.#changers.keys()) if (one !== except && one.open()) return true;
    return false;
  }

  /** Another number whenever DDL was sent, or something may have been committed. */
  get moment(): number {
    return this.#begun + this.#changes;
  }

  /** Whether what the server answers now may be by other definitions than were read: any, or those of `masks`. */
  doubtful(except: Changer, of: What = 'any'): boolean {
    if (of === 'masks' ? this.staleToMasks : this.stale) return true;
    if (this.#changers.size === 0) return false;
    for (const [changer, what] of this.#changers)
      if (changer !== except && (of === 'any' || what === 'masks') && changer.changes()) return true;
    return false;
  }
}
