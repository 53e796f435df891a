import type { RequestListener, Request } from './request.ts';

/** Whoever follows the requests. One that throws disturbs nobody. */
export class Listeners {
  readonly #entries = new Set<RequestListener>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Returns the way to stop. */
  add(listener: RequestListener): () => void {
    // Wrapped, so that one function subscribed twice is two subscriptions.
    const entry: RequestListener = (request, here) => listener(request, here);
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  tell(request: Request, here: boolean): void {
    for (const listener of this.#entries) {
      try {
        listener(request, here);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
