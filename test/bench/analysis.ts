/**
 * `npm run bench:analysis [rounds]`: what it takes to judge a text that was not seen before (parse, walk, verdict,
 * scope, lineage), over the texts that honest clients send; with the masks of that corpus, and without any.
 */
import { CORPUS, TEXTS } from '../benign/corpus.ts';
import { judgeOf } from '../benign/judging.ts';
import { RULES, SCHEMA } from '../benign/schema.ts';
import { startOracle } from '../oracle/server.ts';

const rounds = Number(process.argv[2] ?? 20);
/** Rounds before the clock counts, so that what is measured is compiled code. */
const WARM_UP = 5;
const NO_MASKS = 'version: 1\nmasks: []\nrules: []\n';

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const oracle = await startOracle({}, { schema: SCHEMA, searchPath: 'public' });
try {
  process.stdout.write(
    `${TEXTS.length} texts of ${CORPUS.length} conversations, ${rounds} rounds, microseconds\n`,
  );
  for (const [name, rules] of [
    ['with masked relations', RULES],
    ['without masks', NO_MASKS],
  ] as const) {
    const judge = await judgeOf(oracle.snapshot, rules);
    const took: number[] = [];
    const touched: number[] = [];
    for (let round = -WARM_UP; round < rounds; round += 1) {
      for (const text of TEXTS) {
        const from = performance.now();
        const { scope } = judge.judge(text, false);
        const us = (performance.now() - from) * 1000;
        if (round < 0) continue;
        took.push(us);
        if (scope !== 'clean') touched.push(us);
      }
    }
    for (const [which, times] of [
      ['all', took],
      ['touching masked columns', touched],
    ] as const) {
      const sorted = times.toSorted((a, b) => a - b);
      if (sorted.length === 0) continue;
      process.stdout.write(
        `${name}, ${which}: median ${at(sorted, 0.5).toFixed(0)}, p95 ${at(sorted, 0.95).toFixed(0)}, max ${at(sorted, 1).toFixed(0)}\n`,
      );
    }
  }
} finally {
  await oracle.stop();
}
