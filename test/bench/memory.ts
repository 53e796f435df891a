/**
 * `npm run bench:memory [-- --only=idle,held] [--sessions=1000]`: what Postern keeps in memory at its worst, each
 * time against a bound; ends with 1 where one does not hold. Postern runs in a process of its own, so that what is
 * measured is its own.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Connection } from './connection.ts';
import { frameHead, query } from './messages.ts';
import { startBesideDatabase, type Stage } from './stage.ts';
import { growth, MiB, usageOf, watch } from './usage.ts';

const { values: options } = parseArgs({
  options: { only: { type: 'string', default: '' }, sessions: { type: 'string', default: '1000' } },
});
const SESSIONS = Number(options.sessions);
const HELD = 200;
const LONG_STATEMENT_BYTES = 900 * MiB;
const READ_MS = 6000;
const WIDE_ROWS = 1_000_000;

/** `bytes` is what the bound is about, and `limit` the bound. */
type Outcome = { readonly bytes: number; readonly limit: number; readonly note: string };
type Scenario = { readonly name: string; readonly run: (stage: Stage) => Promise<Outcome> };

const COLUMNS = 'id, name, email, city, amount, created_at';
const BIG = `select ${COLUMNS} from wide`;
const ENDLESS = `select a.id, a.name, a.email, b.city from wide a, generate_series(1, 100) b(city)`;

const SCENARIOS: readonly Scenario[] = [
  { name: `${SESSIONS} idle sessions, each`, run: idle },
  { name: 'first big result, at full speed', run: (stage) => results(stage, 1) },
  { name: '8 big results at once', run: (stage) => results(stage, 8) },
  { name: 'slow reader of a huge result', run: (stage) => reader(stage, 20) },
  { name: 'client that never reads', run: (stage) => reader(stage, 0) },
  { name: 'a statement of 900 MiB', run: (stage) => long(stage, 'Q') },
  { name: 'parameters of 900 MiB', run: (stage) => long(stage, 'B') },
  { name: `${HELD} held statements of 64 KiB`, run: held },
];

async function idle({ url, postern }: Stage): Promise<Outcome> {
  const before = await settled(postern);
  const open: Connection[] = [];
  while (open.length < SESSIONS) {
    const next = Array.from({ length: Math.min(20, SESSIONS - open.length) }, () =>
      Connection.open(url, false),
    );
    open.push(...(await Promise.all(next)));
  }
  for (const connection of open) await connection.send(query('select 1'));
  const after = await settled(postern);
  const each = (after.rss - before.rss) / SESSIONS;
  await Promise.all(open.map((connection) => connection.close()));
  const left = await settled(postern);
  const note = `heap ${kib((after.heapUsed - before.heapUsed) / SESSIONS)}, buffers ${kib((after.arrayBuffers - before.arrayBuffers) / SESSIONS)}; after they closed ${Math.round((left.rss - before.rss) / MiB)} MiB more than before`;
  return { bytes: each, limit: 0.125 * MiB, note };
}

async function results({ url, postern }: Stage, clients: number): Promise<Outcome> {
  const open = await Promise.all(Array.from({ length: clients }, () => Connection.open(url, false)));
  const seen = await watch(postern, () => Promise.all(open.map((connection) => connection.send(query(BIG)))));
  await Promise.all(open.map((connection) => connection.close()));
  return {
    bytes: growth(seen),
    limit: 64 * MiB,
    note: `${clients} × ${WIDE_ROWS.toLocaleString('en')} rows`,
  };
}

/** @param readMs of each 200 ms; 0 never reads */
async function reader({ url, postern }: Stage, readMs: number): Promise<Outcome> {
  const [connection, other] = [await Connection.open(url, false), await Connection.open(url, false)];
  let alive = 0;
  const seen = await watch(postern, async () => {
    connection.pause();
    connection.start(
      query(ENDLESS),
      () => undefined,
      () => undefined,
    );
    const until = performance.now() + READ_MS;
    while (performance.now() < until) {
      await sleep(200 - readMs);
      if (readMs > 0) connection.resume();
      await sleep(readMs);
      connection.pause();
      await other.send(query('select 1'));
      alive += 1;
    }
  });
  connection.destroy();
  await other.close();
  return {
    bytes: growth(seen),
    limit: 48 * MiB,
    note: `read ${connection.rows.toLocaleString('en')} rows; another session was answered ${alive} times`,
  };
}

async function long({ url, postern }: Stage, type: 'Q' | 'B'): Promise<Outcome> {
  const connection = await Connection.open(url, false);
  let answer = '';
  const seen = await watch(postern, async () => {
    const piece = Buffer.alloc(MiB, 0x20);
    const told = new Promise<string>((resolve) => {
      const sync = type === 'B' ? frameHead('S', 0) : Buffer.alloc(0);
      connection.start(
        frameHead(type, LONG_STATEMENT_BYTES),
        () => resolve('it was taken'),
        (error) => resolve(error.message),
      );
      void connection.stream([...Array.from({ length: LONG_STATEMENT_BYTES / MiB }, () => piece), sync]);
    });
    answer = await told;
  });
  if (!/longer than|over the limit/.test(answer)) throw new Error(`no clear refusal, but: ${answer}`);
  await sleep(100);
  await connection.send(query('select 1'));
  await connection.close();
  return { bytes: growth(seen), limit: 160 * MiB, note: 'refused; the session goes on' };
}

async function held({ url, postern }: Stage): Promise<Outcome> {
  const open = await Promise.all(Array.from({ length: HELD }, () => Connection.open(url, false)));
  const before = await settled(postern);
  for (const [i, connection] of open.entries()) {
    const text = `drop table held_${i} -- ${'x'.repeat(64 * 1024)}`;
    connection.start(
      query(text),
      () => undefined,
      () => undefined,
    );
  }
  await sleep(5000);
  const first = await settled(postern);
  await sleep(10_000);
  const last = await settled(postern);
  for (const connection of open) connection.destroy();
  if (last.rss - first.rss > 8 * MiB) throw new Error('memory grew while nothing happened');
  // Not the resident set, which does not shrink with what was there before.
  const bytes = last.heapUsed + last.external - before.heapUsed - before.external;
  const note = `each ${kib(bytes / HELD)}; ${Math.round((last.rss - first.rss) / MiB)} MiB more after 10 s of waiting`;
  return { bytes, limit: 128 * MiB, note };
}

async function settled(postern: ChildProcess): ReturnType<typeof usageOf> {
  await sleep(300);
  await usageOf(postern, true);
  await sleep(300);
  return usageOf(postern, true);
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

const words = options.only.split(',').filter((word) => word !== '');
const stage = await startBesideDatabase({
  rows: WIDE_ROWS,
  connections: SESSIONS + 50,
  limits: `{ maxSessions: ${SESSIONS + 50}, maxPendingRequestsPerAgent: ${HELD} }`,
  holdDdl: true,
});
console.log(
  `Node ${process.version}\n\n| what | memory | bound | holds | |\n| --- | ---: | ---: | --- | --- |`,
);
try {
  for (const { name, run } of SCENARIOS) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    const { bytes, limit, note } = await run(stage);
    const size = (value: number): string =>
      limit < MiB ? kib(value) : `${Math.round(value / MiB).toLocaleString('en')} MiB`;
    console.log(`| ${name} | ${size(bytes)} | ${size(limit)} | ${bytes <= limit ? 'yes' : 'NO'} | ${note} |`);
    if (bytes > limit) process.exitCode = 1;
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await stage.stop();
}
