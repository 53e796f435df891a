/**
 * Values bound to a statement that stores them in masked columns. An agent that writes back what it was shown
 * would destroy the value behind the mask; a constant is seen when the statement is judged, a value only here.
 */
import type { Judged } from '../gate/judge.ts';
import { isPlaceholder } from '../policy/placeholder.ts';
import { parameterValue } from '../wire/client/bind.ts';

/**
 * The column whose value would be lost; null where none would. Text in binary format is the same bytes, and of
 * other types no value is taken for text that a mask shows, unless its bytes happen to be such.
 */
export function writtenBack(judged: Judged, parameters: Buffer): string | null {
  for (const { guarded } of judged.judgement.statements) {
    for (const { number, column, mask } of guarded) {
      const value = parameterValue(parameters, number);
      if (value !== null && isPlaceholder(value.toString('utf8'), mask)) return column;
    }
  }
  return null;
}
