/**
 * Held statements with their literals, for those whom the rules let see them. In memory and nowhere else, and
 * only while the request is pending (I8). Bounded in bytes: the oldest is forgotten first (I9).
 */
import { MAX_TEXT_BYTES } from './limits.ts';

export class PendingTexts {
  readonly #texts = new Map<string, string>();
  #bytes = 0;

  keep(id: string, text: string): void {
    this.forget(id);
    this.#texts.set(id, text);
    this.#bytes += Buffer.byteLength(text);
    for (const [oldest] of this.#texts) {
      if (this.#bytes <= MAX_TEXT_BYTES) break;
      this.forget(oldest);
    }
  }

  find(id: string): string | null {
    return this.#texts.get(id) ?? null;
  }

  forget(id: string): void {
    const text = this.#texts.get(id);
    if (text === undefined) return;
    this.#texts.delete(id);
    this.#bytes -= Buffer.byteLength(text);
  }
}
