/**
 * Postern's own cancel keys: which session a CancelRequest means. A key of protocol 3.2 carries a proof that a
 * Postern with the same secret made it for this pid, so that a made-up one costs nobody else a look. The 4 bytes
 * of protocol 3.0 are too few to spare any, and are random.
 */
import {
  createHmac,
  createSecretKey,
  randomBytes,
  randomInt,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';

export type Cancellable = { cancel(): Promise<void> };

type Entry = { readonly key: Buffer; readonly session: Cancellable };

/** Protocol 3.0 has keys of 4 bytes; 3.2 allows up to 256, and PostgreSQL itself uses 32. */
const KEY_BYTES_3_0 = 4;
const KEY_BYTES_3_2 = 32;
/** Half of a long key is random, half its proof: either is too long to guess. */
const RANDOM_BYTES = 16;
const MAX_PID = 0x7fffffff;

/** `made-up`: no Postern with this secret has issued it, ever. */
export type Provenance = 'issued' | 'unproven' | 'made-up';

export class CancelKeys {
  readonly #entries = new Map<number, Entry>();
  readonly #secret: KeyObject;

  /** @param secret the same at every Postern that may be asked about keys of this one */
  constructor(secret: Buffer) {
    this.#secret = createSecretKey(secret);
  }

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
    const key = minor >= 2 ? this.#longKey(pid) : randomBytes(KEY_BYTES_3_0);
    this.#entries.set(pid, { key, session });
    return { pid, key };
  }

  revoke(pid: number): void {
    this.#entries.delete(pid);
  }

  /** The session that pid and key name, or null; a wrong key looks like a wrong pid. */
  find(pid: number, key: Buffer): Cancellable | null {
    return this.findBy(pid, (own) => own.length === key.length && timingSafeEqual(own, key));
  }

  /** As `find`, where `fits` knows whether a key is the one that is meant. */
  findBy(pid: number, fits: (key: Buffer) => boolean): Cancellable | null {
    const entry = this.#entries.get(pid);
    return entry !== undefined && fits(entry.key) ? entry.session : null;
  }

  /** Whether a key can be another Postern's. */
  provenance(pid: number, key: Buffer): Provenance {
    if (pid <= 0) return 'made-up';
    if (key.length === KEY_BYTES_3_0) return 'unproven';
    if (key.length !== KEY_BYTES_3_2) return 'made-up';
    const proof = this.#proof(pid, key.subarray(0, RANDOM_BYTES));
    return timingSafeEqual(proof, key.subarray(RANDOM_BYTES)) ? 'issued' : 'made-up';
  }

  #longKey(pid: number): Buffer {
    const random = randomBytes(RANDOM_BYTES);
    return Buffer.concat([random, this.#proof(pid, random)]);
  }

  #proof(pid: number, random: Buffer): Buffer {
    const mac = createHmac('sha256', this.#secret).update(`key ${pid} `).update(random).digest();
    return mac.subarray(0, KEY_BYTES_3_2 - RANDOM_BYTES);
  }
}
