/**
 * Notices when another Postern on the store has another `maskKey`: equal values would then get other tokens depending on
 * where an agent lands, cancels would not find their sessions, and which agents exist could be told by their salts.
 * Each says at its start which key it has, by a fingerprint, and whoever has another answers.
 *
 * Non-goals: stopping anything. Who may connect to the store can say what they like, and a key is changed in turns.
 */
import type { Logger } from 'pino';
import type { Broadcast } from '../approvals/store.ts';
import { derivedKey } from './derived-keys.ts';

const SAID = /^mask-key ([0-9a-f]{16})$/;
const FINGERPRINT_BYTES = 8;
/** Of other keys; more are somebody's invention. */
const MAX_OTHERS = 16;

export class MaskKeyWatch {
  readonly #broadcast: Broadcast | null;
  readonly #log: Logger;
  readonly #own: string;
  readonly #others = new Set<string>();
  readonly #unlisten: () => void;

  constructor(maskKey: Uint8Array, broadcast: Broadcast | null, log: Logger) {
    this.#broadcast = broadcast;
    this.#log = log;
    const fingerprint = derivedKey(maskKey, 'postern mask key fingerprint, version 1');
    this.#own = fingerprint.toString('hex', 0, FINGERPRINT_BYTES);
    this.#unlisten = broadcast?.listen((text) => this.#heard(text)) ?? (() => undefined);
    this.#announce();
  }

  /** Keys that others have said they have, and that are not this one's. */
  get others(): number {
    return this.#others.size;
  }

  close(): void {
    this.#unlisten();
  }

  #announce(): void {
    this.#broadcast
      ?.send(`mask-key ${this.#own}`)
      .catch((error: unknown) => this.#log.warn({ err: error }, 'the store could not pass on a message'));
  }

  #heard(text: string): void {
    const [, other] = SAID.exec(text) ?? [];
    if (other === undefined || other === this.#own) return;
    if (this.#others.has(other) || this.#others.size >= MAX_OTHERS) return;
    this.#others.add(other);
    this.#log.error(
      'another Postern on this store has another maskKey: hashes differ from one to the other and cancels do not ' +
        'find their sessions. Give all of them the same one',
    );
    this.#announce();
  }
}
