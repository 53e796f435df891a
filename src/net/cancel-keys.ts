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

  /** A positive pid nobody else has, and a key. */
  issue(session: Cancellable, minor: number): { readonly pid: number; readonly key: Buffer } {
    let pid = randomInt(1, MAX_PID);
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
