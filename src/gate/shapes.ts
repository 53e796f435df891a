/**
 * Judgements by shape: a text never seen before is judged by one of the same shape that was, where literals
 * make no difference to it. Agents and dashboards send the same few statements with other numbers in them.
 *
 * Invariant: what comes out says of a text just what judging it would (`test/gate/shapes.test.ts`). Only what
 * is allowed and plain is kept, one statement at a time, so no hold is ever asked by a shape: what a person
 * approves was read as it is.
 */
import type { Node } from '../sql/tree.ts';
import { literalsAreIndifferent } from '../sql/indifferent.ts';
import type { Shape } from '../sql/shape.ts';
import type { Judged } from './judged.ts';

export class Shapes {
  /** Null: of this shape, each text is judged by itself. */
  readonly #known = new Map<string, Judged | null>();
  readonly #maxEntries: number;

  /** @param maxEntries 0 to keep none */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** What is known of a text by its shape; undefined where it has to be judged. */
  find(text: string, { key }: Shape): Judged | undefined {
    const known = this.#known.get(key);
    if (known === undefined || known === null) return undefined;
    const [statement] = known.statements;
    if (statement === undefined) return undefined;
    return { ...known, text, statements: [{ ...statement, text: ownText(text) }] };
  }

  /** @param trees of its statements */
  keep(judged: Judged, shape: Shape, trees: readonly Node[]): void {
    if (this.#maxEntries === 0 || this.#known.has(shape.key)) return;
    if (this.#known.size >= this.#maxEntries) this.#dropOldest();
    this.#known.set(shape.key, isGeneral(judged, shape, trees) ? judged : null);
  }

  #dropOldest(): void {
    const oldest = this.#known.keys().next();
    if (oldest.done !== true) this.#known.delete(oldest.value);
  }
}

function isGeneral(judged: Judged, shape: Shape, trees: readonly Node[]): boolean {
  const [tree, ...others] = trees;
  if (tree === undefined || others.length > 0) return false;
  if (!judged.plain || judged.judgement.verdict !== 'allow') return false;
  if (judged.statements[0]?.text !== ownText(judged.text)) return false;
  // where masks are in reach, a written value may be a mask's own placeholder
  const unmasked = judged.judgement.statements.every(({ maskedColumns }) => maskedColumns.length === 0);
  return literalsAreIndifferent(tree, { text: judged.text, shape }, judged.scope === 'clean' && unmasked);
}

/** As the statement of a message is cut out of it: no blanks around it, nothing behind it. */
function ownText(text: string): string {
  const end = text.lastIndexOf(';');
  const rest = end < 0 ? '' : text.slice(end + 1);
  return (end >= 0 && rest.trim() === '' ? text.slice(0, end) : text).trim();
}
