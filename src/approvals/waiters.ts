import type { Outcome } from './request.ts';

type Waiter = PromiseWithResolvers<Outcome>;

/**
 * Promises of outcomes, woken by push. All who wait for a request share one, so a caller that goes away
 * leaves nothing behind; it is dropped when the request leaves `pending`, and every request does.
 */
export class Waiters {
  readonly #byId = new Map<string, Waiter>();

  get size(): number {
    return this.#byId.size;
  }

  ids(): readonly string[] {
    return [...this.#byId.keys()];
  }

  wait(id: string): Promise<Outcome> {
    let waiter = this.#byId.get(id);
    if (waiter === undefined) {
      waiter = Promise.withResolvers<Outcome>();
      // A rejection that nobody waits for any more is no fault.
      waiter.promise.catch(() => undefined);
      this.#byId.set(id, waiter);
    }
    return waiter.promise;
  }

  settle(id: string, outcome: Outcome): void {
    this.#take(id)?.resolve(outcome);
  }

  fail(id: string, error: unknown): void {
    this.#take(id)?.reject(error);
  }

  #take(id: string): Waiter | undefined {
    const waiter = this.#byId.get(id);
    this.#byId.delete(id);
    return waiter;
  }
}
