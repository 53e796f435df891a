/** Questions to the other processes, by way of the supervisor, which answers each of them, if only after a while. */
import { ANSWER_MS } from './limits.ts';
import type { Answer, FromProcess, Question } from './messages.ts';
import type { Siblings } from './siblings.ts';

type Answers = readonly Answer<Question['kind']>[];

export class SiblingsByMessage implements Siblings {
  readonly #tell: (message: FromProcess) => void;
  readonly #asked = new Map<number, (answers: Answers) => void>();
  #lastId = 0;

  constructor(tell: (message: FromProcess) => void) {
    this.#tell = tell;
  }

  ask<K extends Question['kind']>(question: Extract<Question, { kind: K }>): Promise<readonly Answer<K>[]> {
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answered(id, []), 2 * ANSWER_MS);
      this.#asked.set(id, (answers) => {
        clearTimeout(timer);
        // Each answer is of its question's kind: who answers, answers what was asked.
        resolve(answers as readonly Answer<K>[]);
      });
      this.#tell({ kind: 'ask', id, question });
    });
  }

  answered(id: number, answers: Answers): void {
    const resolve = this.#asked.get(id);
    this.#asked.delete(id);
    resolve?.(answers);
  }
}
