/**
 * `npm run bench [-- --quick] [--only=rows]`: what Postern costs, against a direct connection and a bare Node pipe.
 *
 * Invariant: everything compared is measured in the same run, in turns: each round goes through every
 * workload and, within it, every target, beginning with another one each time, so that a machine that slows
 * down slows all of them. Absolute numbers say little; the ratios are what DESIGN section 12 sets bars for.
 * Non-goals: a verdict for CI (shared machines are too noisy), more than one machine.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import { loadBenchData } from './data.ts';
import type { Job, JobResult, WorkloadKind } from './job.ts';
import { cpuSeconds, peakMiB } from './proc.ts';
import { table, type Sample } from './report.ts';
import { endChild, startPipe, startPosternTarget, urlOf, type Target } from './targets.ts';

type Workload = { readonly name: string; readonly kind: WorkloadKind; readonly connections: number };

const quick = process.argv.includes('--quick');
const withoutPostern = process.argv.includes('--baseline');
const ROUNDS = quick ? 2 : 5;
const SECONDS = quick ? 0.4 : 1;
const WIDE_ROWS = quick ? 100_000 : 1_000_000;

const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length) ?? '';

const ALL: readonly Workload[] = [
  { name: 'simple, 1 connection', kind: 'simple', connections: 1 },
  { name: 'simple, 8 connections', kind: 'simple', connections: 8 },
  { name: 'prepared, 1 connection', kind: 'prepared', connections: 1 },
  { name: 'prepared, 8 connections', kind: 'prepared', connections: 8 },
  { name: 'never-seen text, 8 connections', kind: 'never-seen', connections: 8 },
  {
    name: `${WIDE_ROWS.toLocaleString('en')} rows (rate in rows, CPU per 1,000 rows)`,
    kind: 'rows',
    connections: 1,
  },
];
const WORKLOADS = ALL.filter((workload) => workload.name.includes(only));

const started: (() => Promise<void>)[] = [];

async function end(): Promise<void> {
  for (let stop = started.pop(); stop !== undefined; stop = started.pop()) {
    await stop().catch((error: unknown) => console.error(error));
  }
}

function ask(generator: ChildProcess, job: Job): Promise<Extract<JobResult, { kind: 'done' }>> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the load generator ended'));
    generator.once('exit', gone);
    generator.once('message', (result: JobResult) => {
      generator.off('exit', gone);
      if (result.kind === 'done') resolve(result);
      else reject(new Error(`${job.target}, ${job.workload}: ${result.problem}`));
    });
    generator.send(job);
  });
}

async function measure(
  generator: ChildProcess,
  target: Target,
  workload: Workload,
  round: number,
): Promise<Sample> {
  const job = {
    target: target.name,
    url: target.url,
    workload: workload.kind,
    connections: workload.connections,
    durationMs: SECONDS * 1000,
  };
  const before = cpuSeconds(target.process?.pid);
  const result = await ask(generator, job);
  const after = cpuSeconds(target.process?.pid);
  if (workload.kind === 'rows' && result.rows !== WIDE_ROWS)
    throw new Error(`${target.name} delivered ${result.rows} rows`);
  const count = workload.kind === 'rows' ? result.rows : result.statements;
  const unit = workload.kind === 'rows' ? 1000 : 1;
  return {
    round,
    workload: workload.name,
    kind: workload.kind,
    target: target.name,
    rate: count / result.seconds,
    cpuMicros: before === null || after === null ? null : ((after - before) * 1e6 * unit) / count,
    generatorLoad: result.generatorCpuSeconds / result.seconds,
  };
}

async function startTargets(): Promise<Target[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  started.push(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startPostgres({
    settings: { shared_buffers: '256MB', max_wal_size: '4GB', autovacuum: 'off', jit: 'off' },
  });
  started.push(() => postgres.stop());
  const login = { user: 'bench', password: randomBytes(12).toString('hex') };
  console.error(`loading ${WIDE_ROWS.toLocaleString('en')} rows …`);
  await loadBenchData(postgres.url(), WIDE_ROWS, login);
  const upstream = { port: postgres.port, database: 'postgres', ...login };
  const targets: Target[] = [{ name: 'direct', url: urlOf(postgres.port, 'postgres', login), process: null }];
  const add = (target: Target): void => {
    targets.push(target);
    const child = target.process;
    if (child !== null) started.push(() => endChild(child));
  };
  add(await startPipe(upstream));
  if (!withoutPostern) {
    add(await startPosternTarget(join(folder, 'open'), upstream, false));
    add(await startPosternTarget(join(folder, 'masks'), upstream, true));
  }
  return targets;
}

async function main(): Promise<void> {
  const targets = await startTargets();
  const generator = fork(fileURLToPath(new URL('generator.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  started.push(() => endChild(generator));
  const samples: Sample[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    console.error(round === 0 ? 'warming up …' : `round ${round} of ${ROUNDS} …`);
    for (const workload of WORKLOADS) {
      for (let turn = 0; turn < targets.length; turn += 1) {
        const target = targets[(turn + round) % targets.length];
        if (target === undefined) continue;
        const sample = await measure(generator, target, workload, round);
        if (round > 0) samples.push(sample);
      }
    }
  }
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${ROUNDS} rounds of ${SECONDS} s\n`,
  );
  console.log(
    table(
      samples,
      targets.map(({ name }) => name),
    ),
  );
  for (const { name, process: child } of targets) {
    const peak = peakMiB(child?.pid);
    if (peak !== null) console.log(`\nPeak memory of ${name}: ${Math.round(peak)} MiB`);
  }
}

let ending = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (ending) process.exit(1);
    ending = true;
    void end().then(() => process.exit(130));
  });
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await end();
}
