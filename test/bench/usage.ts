/** What a Postern that runs beside us says of its own memory. */
import type { ChildProcess } from 'node:child_process';
import type { Usage, UsageQuestion } from './postern.ts';

export const MiB = 1024 * 1024;
const SAMPLE_MS = 100;
const ANSWER_MS = 30_000;

export function usageOf(child: ChildProcess, collect = false): Promise<Usage> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('Postern ended'));
    const timer = setTimeout(() => reject(new Error('Postern does not answer')), ANSWER_MS);
    child.once('exit', gone);
    child.once('message', (usage: Usage) => {
      clearTimeout(timer);
      child.off('exit', gone);
      resolve(usage);
    });
    const question: UsageQuestion = { collect };
    child.send(question);
  });
}

/** Looks again and again while `work` runs. @returns every look, the first before it began */
export async function watch(child: ChildProcess, work: () => Promise<unknown>): Promise<readonly Usage[]> {
  const seen = [await usageOf(child, true)];
  let over = false;
  const working = work().finally(() => {
    over = true;
  });
  // Its failure is told below; meanwhile it must not be an unhandled one.
  working.catch(() => undefined);
  while (!over) {
    await new Promise((resolve) => {
      setTimeout(resolve, SAMPLE_MS);
    });
    seen.push(await usageOf(child));
  }
  await working;
  return seen;
}

/** By how much the resident set grew at its worst, in bytes. */
export function growth(seen: readonly Usage[]): number {
  return Math.max(...seen.map((usage) => usage.rss)) - (seen[0]?.rss ?? 0);
}
