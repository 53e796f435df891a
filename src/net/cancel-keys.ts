/** Postern's own cancel keys: which session a CancelRequest means. */
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

export type Cancellable = { cancel(): Promise<void> };

type Entry = { readonly key: Buffer; readonly session: Cancellable };

/** Protocol 3.0 has keys of 4 bytes; 3.2 allows up to 256, and PostgreSQL itself uses 32. */
const KEY_BYTES_3_0 = 4;
const KEY_BYTES_3_2 = 32;
const MAX_PID = 0x7fffffff;

export class CancelKeys {
  readonly #entries = new Map<number, Entry>();

  /**
   * A positive pid nobody else has, and a key.
   * @param upstreamPid the server's own, which drivers look for in notifications and pg_stat_activity: it is
   *   taken unless a session of another server has it
   */
  issue(
    session: Cancellable,
    minor: number,
    upstreamPid: number,
  ): { readonly pid: number; readonly key: Buffer } {
    let pid = upstreamPid > 0 ? upstreamPid : randomInt(1, MAX_PID);
    while (this.#entries.has(pid)) pid = randomInt(1, MAX_PID);
    const key = randomBytes(minor >= 2 ? KEY_BYTES_3_2 : KEY_BYTES_3_0);
    this.#entries.set(pid, { key, session });
    return { pid, key };
  }

  revoke(pid: number): void {
    this.#entries.delete(pid);
  }

  /** The session that pid and key name, or null; a wrong key looks like a wrong pid. */
  find(pid: number, key: Buffer): Cancellable | null {
    const entry = this.#entries.get(pid);
    if (entry === undefined || entry.key.length !== key.length) return null;
    return timingSafeEqual(entry.key, key) ? entry.session : null;
  }
}
