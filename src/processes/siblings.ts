/**
 * One process among several: which part of the installation is its own, and how the one that serves the API
 * speaks for all. Invariant: where there is one process only, nothing here changes anything.
 */
import { chainFolder } from '../audit/chains.ts';
import type { Installation } from '../config/installation.ts';
import type { Liveness, Readiness } from '../observability/health.ts';
import { metricsOfAll, type Metrics } from '../observability/metrics.ts';
import type { Answer, AnswerTo, ProcessHealth, Question } from './messages.ts';

export type Siblings = {
  /** Puts a question to all the others. An answer that does not come is null; this never fails. */
  ask<K extends Question['kind']>(question: Extract<Question, { kind: K }>): Promise<readonly Answer<K>[]>;
};

/** `number` counts from 1. */
export type Place = { readonly number: number; readonly count: number; readonly siblings: Siblings };

export const ALONE: Place = { number: 1, count: 1, siblings: { ask: async () => [] } };

/** The API, and so the way in for chats, is the first one's. */
export function servesApi({ number }: Place): boolean {
  return number === 1;
}

/** The installation as one of several processes has it: a trail and a name of its own, the agents' port shared. */
export function shareOf(installation: Installation, { number, count }: Place): Installation {
  if (count === 1) return installation;
  const { listen, trail, store } = installation;
  return {
    ...installation,
    listen: { ...listen, reusePort: true },
    trail: { ...trail, folder: chainFolder(trail.folder, number) },
    store: store.kind === 'postgres' ? { ...store, instance: `${store.instance}#${number}` } : store,
  };
}

/** What one process knows of itself. */
export type Own = {
  health(): ProcessHealth;
  readonly metrics: Pick<Metrics, 'contentType' | 'json' | 'text'>;
  /** A held statement's text, which only the process that holds it has. */
  textOf(requestId: string): string | null;
};

/** The same of all of them together, as the API tells it. */
export type Whole = {
  liveness(): Promise<Liveness>;
  health(): Promise<Readiness>;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  textOf(requestId: string): Promise<string | null>;
};

export function wholeOf(own: Own, place: Place): Whole {
  return {
    liveness: async () => (await healthOfAll(own.health(), place)).liveness,
    health: async () => (await healthOfAll(own.health(), place)).readiness,
    metrics: { contentType: own.metrics.contentType, text: () => metricsTextOfAll(own.metrics, place) },
    textOf: (requestId) => textAmongAll(own, requestId, place),
  };
}

export async function answerOf(own: Own, question: Question): Promise<AnswerTo[Question['kind']]> {
  switch (question.kind) {
    case 'metrics':
      return own.metrics.json();
    case 'health':
      return own.health();
    case 'text':
      return own.textOf(question.requestId);
  }
}

/** One that does not answer is not ready; whether a restart of all would help, it does not say. */
async function healthOfAll(own: ProcessHealth, { number, count, siblings }: Place): Promise<ProcessHealth> {
  if (count === 1) return own;
  const answers = await siblings.ask({ kind: 'health' });
  const all: readonly Answer<'health'>[] = [{ process: number, answer: own }, ...answers];
  const dead: string[] = [];
  const unready: string[] = [];
  for (const { process, answer } of all) {
    if (answer === null) unready.push(`process ${process} does not answer`);
    for (const problem of answer?.liveness.problems ?? []) dead.push(`process ${process}: ${problem}`);
    for (const problem of answer?.readiness.problems ?? []) unready.push(`process ${process}: ${problem}`);
  }
  return {
    liveness: { alive: dead.length === 0, problems: dead },
    readiness: { ready: unready.length === 0, problems: unready },
  };
}

/** Each series with its process. */
async function metricsTextOfAll(own: Own['metrics'], { number, count, siblings }: Place): Promise<string> {
  if (count === 1) return own.text();
  const [mine, others] = await Promise.all([own.json(), siblings.ask({ kind: 'metrics' })]);
  return metricsOfAll([
    { process: number, metrics: mine },
    ...others.map(({ process, answer }) => ({ process, metrics: answer })),
  ]);
}

async function textAmongAll(own: Own, requestId: string, { siblings }: Place): Promise<string | null> {
  const here = own.textOf(requestId);
  if (here !== null) return here;
  const answers = await siblings.ask({ kind: 'text', requestId });
  return answers.find(({ answer }) => answer !== null)?.answer ?? null;
}
