/**
 * `npm run soak [-- --minutes=3] [--csv=FILE]`: Postern in a process of its own under everything agents do, all at
 * once; its memory, descriptors and event loop are written down every second, and growth after the warm-up fails
 * the run. Non-goals: speed (`npm run bench`), the most it may need (`npm run bench:memory`).
 */
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Usage } from '../bench/postern.ts';
import { startBesideDatabase, type Stage } from '../bench/stage.ts';
import { MiB, usageOf } from '../bench/usage.ts';
import { mixedLoad, type Done } from './load.ts';
import { creep, gain, median } from './slope.ts';

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '3' }, csv: { type: 'string' } },
});
const SECONDS = Number(options.minutes) * 60;
const CSV = options.csv ?? join(tmpdir(), `postern-soak-${process.pid}.csv`);
/** Caches fill, code is compiled and the allocator finds its size in this share of the time. */
const WARM_UP = 0.4;
/** Every so many seconds Postern collects its garbage first; what the heap holds is judged by these alone. */
const COLLECT_EVERY = 5;
/** Longer than this, half of the time, and sessions feel it. On two cores shared with server and load. */
const MAX_LOOP_DELAY_MS = 500;

type Sample = Usage & { readonly second: number; readonly collected: boolean };

/** Resident memory, at its most. */
const MAX_RESIDENT = 512 * MiB;

/**
 * What may be gained after the warm-up: noise of a collector and an allocator, not of a leak's slope. Resident memory
 * rises in steps: V8 lets garbage pile up to twice the heap and more before it collects, and what that took is
 * not given back.
 */
const BOUNDS = [
  { name: 'rss', most: 32 * MiB, gained: creep, collectedOnly: true },
  { name: 'heapUsed', most: 6 * MiB, gained: gain, collectedOnly: true },
  { name: 'external', most: 6 * MiB, gained: gain, collectedOnly: true },
  { name: 'arrayBuffers', most: 6 * MiB, gained: gain, collectedOnly: true },
  { name: 'descriptors', most: 5, gained: gain, collectedOnly: false },
] as const;

async function record({ postern }: Stage, untilMs: number): Promise<readonly Sample[]> {
  const csv = createWriteStream(CSV);
  csv.write('second,collected,rss,heapUsed,external,arrayBuffers,descriptors,loopDelayMs\n');
  const samples: Sample[] = [];
  for (let second = 1; performance.now() < untilMs; second += 1) {
    await sleep(1000);
    const collected = second % COLLECT_EVERY === 0;
    const usage = await usageOf(postern, collected);
    samples.push({ ...usage, second, collected });
    const { rss, heapUsed, external, arrayBuffers, descriptors, loopDelayMs } = usage;
    const cells = [
      second,
      collected,
      rss,
      heapUsed,
      external,
      arrayBuffers,
      descriptors,
      loopDelayMs.toFixed(1),
    ];
    csv.write(`${cells.join(',')}\n`);
  }
  csv.end();
  return samples;
}

function judge(samples: readonly Sample[]): boolean {
  const counted = samples.filter(({ second }) => second > SECONDS * WARM_UP);
  let fine = counted.length > 0;
  for (const { name, most, gained: gainedBy, collectedOnly } of BOUNDS) {
    const of = counted.filter(({ collected }) => collected || !collectedOnly);
    const gained = gainedBy(of.map((sample) => ({ x: sample.second, y: sample[name] })));
    const unit = name === 'descriptors' ? 1 : MiB;
    const middle = median(of.map((sample) => sample[name])) / unit;
    const verdict = gained <= most ? 'fine' : 'GROWS';
    fine &&= gained <= most;
    console.log(
      `${name}: ${middle.toFixed(1)}, gained ${(gained / unit).toFixed(1)} of ${most / unit} allowed: ${verdict}`,
    );
  }
  const peak = Math.max(...samples.map(({ rss }) => rss));
  fine &&= peak <= MAX_RESIDENT;
  console.log(
    `rss at most: ${(peak / MiB).toFixed(0)} of ${MAX_RESIDENT / MiB}: ${peak <= MAX_RESIDENT ? 'fine' : 'TOO MUCH'}`,
  );
  const delay = median(counted.map(({ loopDelayMs }) => loopDelayMs));
  const held = delay <= MAX_LOOP_DELAY_MS;
  console.log(
    `event loop: away for ${delay.toFixed(0)} ms in the median second: ${held ? 'fine' : 'TOO LONG'}`,
  );
  return fine && held;
}

const stage = await startBesideDatabase({
  rows: 50_000,
  connections: 80,
  limits: '{ maxDenials: 1000, maxApiCallsPerMinute: 100000 }',
  holdDdl: true,
});
try {
  const until = performance.now() + SECONDS * 1000;
  const done: Done = {};
  const [samples] = await Promise.all([record(stage, until), mixedLoad(stage, until, done)]);
  console.log(
    Object.entries(done)
      .map(([name, count]) => `${name}: ${count}`)
      .join(', '),
  );
  console.log(`samples: ${CSV}`);
  if (!judge(samples)) process.exitCode = 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await stage.stop();
}
