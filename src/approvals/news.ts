/**
 * Who is told of a change: sessions that wait for an outcome, and whoever follows all requests; and the texts
 * that are kept until then. Invariant: it is the store that says what is told, read after the change,
 * whichever instance made it.
 */
import { PosternError } from '../errors.ts';
import type { Endings } from './endings.ts';
import { Listeners } from './listeners.ts';
import { findRequest } from './lookup.ts';
import { outcomeOf } from './new-request.ts';
import { PendingTexts } from './pending-texts.ts';
import type { Outcome, Request } from './request.ts';
import type { RequestStore } from './store.ts';
import { isFinal } from './transitions.ts';
import { Waiters } from './waiters.ts';

export class News {
  readonly listeners: Listeners;
  readonly texts = new PendingTexts();
  readonly #requests: RequestStore;
  readonly #endings: () => Pick<Endings, 'dying' | 'forget'>;
  readonly #waiters = new Waiters();

  constructor(
    requests: RequestStore,
    endings: () => Pick<Endings, 'dying' | 'forget'>,
    onError: (error: unknown) => void,
  ) {
    this.#requests = requests;
    this.#endings = endings;
    this.listeners = new Listeners(onError);
  }

  /** Ids that somebody here waits for. */
  waiting(): readonly string[] {
    return this.#waiters.ids();
  }

  // Not async: that would wrap the shared promise anew for each caller, and one that walks away from it
  // would end the process with an unhandled rejection.
  outcome(id: string): Promise<Outcome> {
    const outcome = this.#waiters.wait(id);
    // Only now, so that no change falls between looking and waiting.
    this.look(id).catch((error: unknown) => this.fail(id, error));
    return outcome;
  }

  /** Wakes who waits for a request that is pending no longer. */
  async look(id: string): Promise<void> {
    const stored = await findRequest(this.#requests, id);
    const dying = this.#endings().dying(id);
    if (dying !== undefined)
      throw new PosternError('request-withdrawn', { id, reason: dying.reason || dying.why });
    const outcome = outcomeOf(stored);
    if (outcome !== null) this.#waiters.settle(id, outcome);
  }

  /** After a durable step: wakes who waits, tells who listens, and returns the request as it is now. */
  async changed(id: string, here = true): Promise<Request> {
    const stored = await findRequest(this.#requests, id);
    const outcome = outcomeOf(stored);
    if (outcome !== null) this.#waiters.settle(id, outcome);
    const { request } = stored;
    if (request.state !== 'pending') this.texts.forget(id);
    if (isFinal(request.state)) this.#endings().forget(id);
    this.listeners.tell(request, here);
    return request;
  }

  /** Another instance changed it. What is dying here stays dead. */
  async heard(id: string): Promise<void> {
    if (this.#endings().dying(id) !== undefined || (await this.#requests.find(id)) === null) return;
    await this.changed(id, false);
  }

  /** It is dead, though the store does not say so yet. */
  died(id: string, error: unknown): void {
    this.texts.forget(id);
    this.fail(id, error);
  }

  fail(id: string, error: unknown): void {
    this.#waiters.fail(id, error);
  }
}
