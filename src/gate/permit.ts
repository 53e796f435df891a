/**
 * A permit is the only thing that makes the upstream writer send a client's bytes (I1). Only the gate
 * mints one, and a permit is spent once: a second use is a defect in Postern, so it throws.
 */
export class Permit {
  #spent = false;

  /** @throws Error when it has been spent before */
  spend(): void {
    if (this.#spent) throw new Error('a permit was spent twice');
    this.#spent = true;
  }
}
