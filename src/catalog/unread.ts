/**
 * What may be different in the database from what was last read of it, as far as Postern's own sessions know:
 * DDL that one of them sent and that may be taking effect now, and DDL that ended after the reading began.
 *
 * One for each database, for a view that one session replaces is read by all others. Non-goal: DDL that does
 * not go through this Postern, which polling finds.
 */

/** A session that sent DDL: whether anything of it may be taking effect at this moment. */
export type Changer = () => boolean;

export class Unread {
  readonly #changers = new Set<Changer>();
  #changes = 0;
  #read = 0;

  /** DDL is sent that may change what names mean; until `end`, the session is asked. */
  begin(changer: Changer): void {
    this.#changers.add(changer);
  }

  /** All that the session sent is over and has been read. */
  end(changer: Changer): void {
    this.#changers.delete(changer);
  }

  /** Something may have been committed that no reading has seen. */
  changed(): void {
    this.#changes += 1;
  }

  /** Another reading would show what this one does not. */
  get stale(): boolean {
    return this.#changes > this.#read;
  }

  /** To be taken when a reading begins, and given to `readFrom` when it has succeeded. */
  get mark(): number {
    return this.#changes;
  }

  readFrom(mark: number): void {
    this.#read = Math.max(this.#read, mark);
  }

  /** Whether what the server answers now may be by other definitions than were read. */
  doubtful(except: Changer): boolean {
    if (this.stale) return true;
    for (const changer of this.#changers) if (changer !== except && changer()) return true;
    return false;
  }
}
