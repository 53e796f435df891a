/**
 * Portals by name. Most clients bind the unnamed one for every statement, so it has a place of its own: a map that
 * gets and loses its only entry each time costs more than all else that is done with it.
 */
import type { Portal } from './names.ts';

export class PortalTable {
  #unnamed: Portal | undefined;
  readonly #named = new Map<string, Portal>();

  get size(): number {
    return this.#named.size + (this.#unnamed === undefined ? 0 : 1);
  }

  get(name: string): Portal | undefined {
    return name === '' ? this.#unnamed : this.#named.get(name);
  }

  set(name: string, portal: Portal): void {
    if (name === '') this.#unnamed = portal;
    else this.#named.set(name, portal);
  }

  delete(name: string): void {
    if (name === '') this.#unnamed = undefined;
    else this.#named.delete(name);
  }

  /** Those bound in batch `batch` or before it are over. */
  deleteUpTo(batch: number): void {
    if (this.#unnamed !== undefined && this.#unnamed.batch <= batch) this.#unnamed = undefined;
    if (this.#named.size === 0) return;
    for (const [name, portal] of this.#named) if (portal.batch <= batch) this.#named.delete(name);
  }

  /** Those bound after batch `batch`. */
  since(batch: number): readonly Portal[] {
    const all = [...this.#named.values()];
    if (this.#unnamed !== undefined) all.push(this.#unnamed);
    return all.filter((portal) => portal.batch > batch);
  }
}
