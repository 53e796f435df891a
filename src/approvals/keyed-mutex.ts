/** Runs work one at a time for each key, in the order it was given. Holds nothing for keys at rest. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<unknown>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(work);
    const tidy = (): void => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    };
    const tail: Promise<void> = result.then(tidy, tidy);
    this.#tails.set(key, tail);
    return result;
  }
}
