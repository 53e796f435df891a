/**
 * What was given to the trail and is not on its way to the disk yet, oldest first.
 *
 * Invariant: nothing is lost or reordered. A statement that is allowed again and again, with nothing in between and
 * within the same millisecond, takes one place and says how often: the rows of a batch insert would else make
 * as many records that differ in nothing. Non-goals: how many may wait (`trail-writer.ts`), what is written of them.
 */
import type { PosternError } from '../errors.ts';
import type { AuditEvent } from './event.ts';

export type Waiter = { readonly resolve: () => void; readonly reject: (error: PosternError) => void };

export type Entry = {
  readonly event: AuditEvent;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** How often, from 1. */
  times: number;
  /** Null for what was only noted. */
  readonly waiter: Waiter | null;
};

export class EventQueue {
  #entries: Entry[] = [];
  #waiting = 0;

  /** Records to be written for it. */
  get length(): number {
    return this.#entries.length;
  }

  /** How many of them somebody waits for, those of a batch that is being written included. */
  get waiting(): number {
    return this.#waiting;
  }

  get oldest(): Entry | undefined {
    return this.#entries[0];
  }

  get newest(): Entry | undefined {
    return this.#entries[this.#entries.length - 1];
  }

  note(event: AuditEvent, atMs: number): void {
    const last = this.newest;
    // The same object: its session has sent the same text, or one of the same shape, again.
    const again = last !== undefined && last.event === event && last.atMs === atMs && last.waiter === null;
    if (again && event.kind === 'statement_allowed') last.times += 1;
    else this.#entries.push({ event, atMs, times: 1, waiter: null });
  }

  /** For somebody who waits until it is on disk. */
  record(event: AuditEvent, atMs: number, waiter: Waiter): void {
    this.#entries.push({ event, atMs, times: 1, waiter });
    this.#waiting += 1;
  }

  /** The oldest, to be written; `settle` or `putBack` must follow. */
  take(most: number): readonly Entry[] {
    return this.#entries.splice(0, most);
  }

  /** What was taken is on disk. */
  settle(batch: readonly Entry[]): void {
    for (const { waiter } of batch) {
      if (waiter === null) continue;
      this.#waiting -= 1;
      waiter.resolve();
    }
  }

  /** What was taken could not be written. */
  putBack(batch: readonly Entry[]): void {
    this.#entries = [...batch, ...this.#entries];
  }

  /** Takes out all that somebody waits for. What was noted stays. */
  takeWaiters(): readonly Waiter[] {
    const waiters = this.#entries.flatMap(({ waiter }) => waiter ?? []);
    this.#entries = this.#entries.filter(({ waiter }) => waiter === null);
    this.#waiting = 0;
    return waiters;
  }
}
