import type { Conversation } from './conversation.ts';
import { ANALYSTS } from './conversations/analysts.ts';
import { TOOLS } from './conversations/tools.ts';
import { WRITERS } from './conversations/writers.ts';

export const CORPUS: readonly Conversation[] = [...ANALYSTS, ...WRITERS, ...TOOLS];

/** Every text in it, once. */
export const TEXTS: readonly string[] = [
  ...new Set(
    CORPUS.flatMap(({ steps }) => steps.map((step) => (typeof step === 'string' ? step : step.text))),
  ),
];
