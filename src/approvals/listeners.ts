import type { Request } from './request.ts';

/** Whoever follows the requests. One that throws disturbs nobody. */
export class Listeners {
  readonly #entries = new Set<(request: Request) => void>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Returns the way to stop. */
  add(listener: (request: Request) => void): () => void {
    // Wrapped, so that one function subscribed twice is two subscriptions.
    const entry = (request: Request): void => listener(request);
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  tell(request: Request): void {
    for (const listener of this.#entries) {
      try {
        listener(request);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
