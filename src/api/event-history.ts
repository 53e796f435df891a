/** The newest events, within a bound of number and bytes (I9), for those whose stream was cut. */
import { randomBytes } from 'node:crypto';
import { MAX_EVENT_HISTORY, MAX_EVENT_HISTORY_BYTES } from './limits.ts';

export type KeptEvent = { readonly seq: number; readonly text: string };

export class EventHistory {
  /** Numbers begin anew with each process, so they are this process's own. */
  readonly #epoch = randomBytes(6).toString('hex');
  readonly #kept: KeptEvent[] = [];
  #bytes = 0;
  #seq = 0;

  /** The number of the newest event; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  idOf(seq: number): string {
    return `${this.#epoch}-${seq}`;
  }

  /** The number in a `Last-Event-ID`; null where it is none of this process's. */
  seqOf(id: string | undefined): number | null {
    const found = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id ?? '');
    const seq = Number(found?.[2]);
    return found?.[1] === this.#epoch && seq <= this.#seq ? seq : null;
  }

  /** @param body the event's lines, without its id */
  add(body: string): KeptEvent {
    this.#seq += 1;
    const event = { seq: this.#seq, text: `id: ${this.idOf(this.#seq)}\n${body}` };
    this.#kept.push(event);
    this.#bytes += Buffer.byteLength(event.text);
    while (this.#kept.length > MAX_EVENT_HISTORY || this.#bytes > MAX_EVENT_HISTORY_BYTES)
      this.#bytes -= Buffer.byteLength(this.#kept.shift()?.text ?? '');
    return event;
  }

  /** All that came after `seq`; null where some of it is no longer kept. */
  since(seq: number): readonly KeptEvent[] | null {
    if (seq === this.#seq) return [];
    const first = this.#kept[0]?.seq;
    if (first === undefined || first > seq + 1) return null;
    return this.#kept.slice(seq + 1 - first);
  }
}
