/**
 * A CancelRequest's way to its session, which may be at another Postern on the same store: a load balancer or a
 * shared port brings it wherever it likes. What is not known here is asked for among the others.
 *
 * Invariants: no key leaves this process, nor anything from which one could be found by trying, for whoever may
 * connect to the store can listen; a message is acted on once, while it is fresh, and only if it was made with
 * the shared secret; what strangers can cause is bounded (limits.ts); nothing of all this shows to who
 * sent the CancelRequest. Non-goal: certainty. Like the server's own, a cancel may come to nothing.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import type { Broadcast } from '../approvals/store.ts';
import type { Cancellable, CancelKeys } from './cancel-keys.ts';
import { CancelLimit } from './cancel-limit.ts';
import { CANCEL_DONE_MS, CANCEL_FOUND_MS, CANCEL_FRESH_MS } from './limits.ts';

export type CancelRouterOptions = {
  readonly keys: CancelKeys;
  /** The same at all Posterns on the store. */
  readonly secret: Buffer;
  /** Null where there are no others. */
  readonly broadcast: Broadcast | null;
  /** The time all instances go by, in ms since the epoch. */
  readonly clock: () => number;
  readonly log: Logger;
};

type Ask = { readonly id: string; readonly atMs: number; readonly pid: number; readonly mac: Buffer };
type Waiting = { found(): void; done(): void };

const ID_BYTES = 16;
const ASK = /^ask ([0-9a-f]{32}) (\d{1,15}) (\d{1,10}) ([0-9a-f]{64})$/;
const ANSWER = /^(found|done) ([0-9a-f]{32})$/;

export class CancelRouter {
  readonly #options: CancelRouterOptions;
  readonly #limit = new CancelLimit();
  readonly #waiting = new Map<string, Waiting>();
  /** When each ask that was acted on was made. Only such as know a key get in, so it is theirs to fill. */
  readonly #acted = new Map<string, number>();
  readonly #unlisten: () => void;

  constructor(options: CancelRouterOptions) {
    this.#options = options;
    this.#unlisten = options.broadcast?.listen((text) => this.#heard(text)) ?? (() => undefined);
  }

  /**
   * Cancels what the session of this pid and key does, wherever it is. Resolves when that is done, or nobody
   * turned out to know it; never with which.
   * @param address who sent it
   */
  async cancel(pid: number, key: Buffer, address: string): Promise<void> {
    const here = this.#options.keys.find(pid, key);
    if (here !== null) return here.cancel();
    const { broadcast, keys, log } = this.#options;
    const provenance = keys.provenance(pid, key);
    if (broadcast === null || provenance === 'made-up') return;
    if (!this.#limit.admits(provenance, address)) {
      if (this.#limit.worthTelling()) log.warn('too many cancels for other Posterns: some are dropped');
      return;
    }
    await this.#ask(broadcast, pid, key);
  }

  /** Nothing is heard any more, and nobody waits. */
  close(): void {
    this.#unlisten();
    for (const waiting of this.#waiting.values()) waiting.done();
  }

  #ask(broadcast: Broadcast, pid: number, key: Buffer): Promise<void> {
    const id = randomBytes(ID_BYTES).toString('hex');
    const atMs = this.#options.clock();
    const mac = this.#mac(id, atMs, pid, key).toString('hex');
    return new Promise((resolve) => {
      let timer = setTimeout(() => waiting.done(), CANCEL_FOUND_MS);
      const waiting: Waiting = {
        found: () => {
          clearTimeout(timer);
          timer = setTimeout(() => waiting.done(), CANCEL_DONE_MS);
        },
        done: () => {
          clearTimeout(timer);
          this.#waiting.delete(id);
          resolve();
        },
      };
      this.#waiting.set(id, waiting);
      this.#send(broadcast, `ask ${id} ${atMs} ${pid} ${mac}`);
    });
  }

  #heard(text: string): void {
    const [, what, answered] = ANSWER.exec(text) ?? [];
    if (answered !== undefined) {
      // Made up, it closes a socket early and does nothing else.
      const waiting = this.#waiting.get(answered);
      if (what === 'found') waiting?.found();
      else waiting?.done();
      return;
    }
    const ask = readAsk(text);
    const session = ask === null ? null : this.#meant(ask);
    if (ask !== null && session !== null) void this.#act(ask, session);
  }

  /** The session here that an ask means, if it is one to be acted on. */
  #meant({ id, atMs, pid, mac }: Ask): Cancellable | null {
    const nowMs = this.#options.clock();
    if (Math.abs(nowMs - atMs) > CANCEL_FRESH_MS || this.#acted.has(id)) return null;
    const session = this.#options.keys.findBy(pid, (key) =>
      timingSafeEqual(this.#mac(id, atMs, pid, key), mac),
    );
    if (session === null) return null;
    for (const [old, madeAtMs] of this.#acted)
      if (nowMs - madeAtMs > CANCEL_FRESH_MS) this.#acted.delete(old);
    this.#acted.set(id, atMs);
    return session;
  }

  async #act({ id }: Ask, session: Cancellable): Promise<void> {
    const { broadcast, log } = this.#options;
    if (broadcast === null) return;
    this.#send(broadcast, `found ${id}`);
    try {
      await session.cancel();
    } catch (error) {
      log.debug({ err: error }, 'a cancel could not be passed on');
    }
    this.#send(broadcast, `done ${id}`);
  }

  #send(broadcast: Broadcast, text: string): void {
    broadcast.send(text).catch((error: unknown) => {
      this.#options.log.debug({ err: error }, 'the other Posterns could not be told of a cancel');
    });
  }

  /** Keyed, for the four bytes of an older key are found in seconds from a plain hash. */
  #mac(id: string, atMs: number, pid: number, key: Buffer): Buffer {
    return createHmac('sha256', this.#options.secret)
      .update(`ask ${id} ${atMs} ${pid} `)
      .update(key)
      .digest();
  }
}

function readAsk(text: string): Ask | null {
  const [, id, atMs, pid, mac] = ASK.exec(text) ?? [];
  if (id === undefined || mac === undefined) return null;
  return { id, atMs: Number(atMs), pid: Number(pid), mac: Buffer.from(mac, 'hex') };
}
