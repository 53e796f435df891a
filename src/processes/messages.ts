/**
 * What the processes of one Postern say to each other, over the channel Node gives a parent and its children. All
 * goes by way of the supervisor. It is as private as the processes' memory, so a held statement's text may pass.
 */
import type { Liveness, Readiness } from '../observability/health.ts';
import type { MetricsJson } from '../observability/metrics.ts';

export type ProcessHealth = { readonly liveness: Liveness; readonly readiness: Readiness };

export type Question =
  | { readonly kind: 'metrics' }
  | { readonly kind: 'health' }
  /** The text of a held statement, with its literals. */
  | { readonly kind: 'text'; readonly requestId: string };

export type AnswerTo = {
  readonly metrics: MetricsJson;
  readonly health: ProcessHealth;
  readonly text: string | null;
};

/** Of one process; `answer` is null if there is none, because it is not up or does not answer. */
export type Answer<K extends Question['kind']> = {
  readonly process: number;
  readonly answer: AnswerTo[K] | null;
};

export type ToProcess =
  | { readonly kind: 'stop' }
  | { readonly kind: 'reload' }
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }
  | { readonly kind: 'answers'; readonly id: number; readonly answers: readonly Answer<Question['kind']>[] };

export type FromProcess =
  | { readonly kind: 'ready'; readonly agentPort: number; readonly apiPort: number }
  /** It could not start. */
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string }
  /** To be put to all the others. */
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: AnswerTo[Question['kind']] };
