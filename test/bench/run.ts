/**
 * `npm run bench [-- OPTIONS]`: what Postern costs, against a direct connection, a bare Node pipe and pgbouncer.
 *
 *   --quick              a tenth of the rows, two short rounds
 *   --only=TEXT          workloads whose name has the text; may be said several times
 *   --rounds=N           measured rounds, after one that is not
 *   --without=TEXT       targets whose name has the text are left out; may be said several times
 *   --processes          another Postern, of two processes
 *   --profile=FOLDER     CPU profiles of the two Posterns (which then are slower)
 *
 * Invariant: everything compared is measured in the same run, in turns: each round goes through every
 * workload and, within it, every target, beginning with another one each time, so that a machine that slows
 * down slows all of them. Absolute numbers say little; the ratios are what DESIGN section 12 sets bars for.
 * Non-goals: a verdict for CI (shared machines are too noisy), more than one machine.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { locateBinaries, temporaryRoot } from '../../fixtures/postgres/binaries.ts';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import { makeCertificate, type Certificate } from './certificate.ts';
import { createDatabase, loadBenchData } from './data.ts';
import type { Job, JobResult, Started } from './job.ts';
import { cpuSecondsOfAll, peakMiB } from './proc.ts';
import { table, type Sample } from './report.ts';
import {
  endChild,
  startPgbouncerTarget,
  startPipe,
  startPosternTarget,
  urlOf,
  type Target,
} from './targets.ts';
import { chosen, workloads, type Workload } from './workloads.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    without: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    processes: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const ROUNDS = Number(options.rounds ?? (options.quick ? 2 : 5));
const SECONDS = options.quick ? 0.4 : 1;
const WIDE_ROWS = options.quick ? 100_000 : 1_000_000;
const WORKLOADS = chosen(workloads(WIDE_ROWS), options.only);
const profiles = options.profile === undefined ? null : resolve(options.profile);

function profiling(folder: string): string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** The database of the store, in the server that is measured. */
const STORE = 'postern_store';

const started: (() => Promise<void>)[] = [];

async function end(): Promise<void> {
  for (let stop = started.pop(); stop !== undefined; stop = started.pop()) {
    await stop().catch((error: unknown) => console.error(error));
  }
}

type Measured = Extract<JobResult, { kind: 'done' }> & { readonly cpu: number | null };

/** @param pids whose CPU time between the generator's start and its end is told, together */
function ask(generator: ChildProcess, job: Job, pids: Target['pids']): Promise<Measured> {
  return new Promise((resolved, reject) => {
    const gone = (): void => reject(new Error('the load generator ended'));
    let before: number | null = null;
    const listen = (message: JobResult | Started): void => {
      if (message.kind === 'started') {
        before = cpuSecondsOfAll(pids);
        return;
      }
      generator.off('exit', gone);
      generator.off('message', listen);
      const after = cpuSecondsOfAll(pids);
      const cpu = before === null || after === null ? null : after - before;
      if (message.kind === 'done') resolved({ ...message, cpu });
      else reject(new Error(`${job.target}, ${JSON.stringify(job.load)}: ${message.problem}`));
    };
    generator.once('exit', gone);
    generator.on('message', listen);
    generator.send(job);
  });
}

async function measure(
  generator: ChildProcess,
  target: Target,
  workload: Workload,
  round: number,
): Promise<Sample> {
  const { load, connections, tls, unit } = workload;
  const job = { target: target.name, url: target.url, load, connections, tls, durationMs: SECONDS * 1000 };
  const { count, seconds, cpu, generatorCpuSeconds } = await ask(generator, job, target.pids);
  if (unit === 'row' && count !== WIDE_ROWS) throw new Error(`${target.name} delivered ${count} rows`);
  return {
    round,
    workload,
    target: target.name,
    rate: count / seconds,
    cpuMicros: cpu === null ? null : (cpu * 1e6 * (unit === 'row' ? 1000 : 1)) / count,
    generatorLoad: generatorCpuSeconds / seconds,
  };
}

/** The server and pgbouncer run under an account of their own where we are root. */
async function folderForAll(): Promise<{ folder: string; certificate: Certificate }> {
  const { account } = await locateBinaries();
  const folder = await mkdtemp(join(temporaryRoot(account), 'postern-bench-'));
  started.push(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  const certificate = makeCertificate(folder);
  for (const file of Object.values(certificate))
    if (account !== null) await chown(file, account.uid, account.gid);
  return { folder, certificate };
}

async function startTargets(): Promise<Target[]> {
  const { folder, certificate } = await folderForAll();
  const postgres = await startPostgres({
    settings: {
      shared_buffers: '256MB',
      max_wal_size: '4GB',
      autovacuum: 'off',
      jit: 'off',
      max_connections: '200',
      ssl: 'on',
      ssl_cert_file: certificate.certFile,
      ssl_key_file: certificate.keyFile,
    },
  });
  started.push(() => postgres.stop());
  const login = { user: 'bench', password: randomBytes(12).toString('hex') };
  console.error(`loading ${WIDE_ROWS.toLocaleString('en')} rows …`);
  await loadBenchData(postgres.url(), WIDE_ROWS, login);
  const upstream = { port: postgres.port, database: 'postgres', ...login };
  const targets: Target[] = [
    { name: 'direct', url: urlOf(postgres.port, 'postgres', login), process: null, pids: [], apiPort: 0 },
  ];
  const left = options.without;
  const add = async (name: string, start: () => Promise<Target | null>): Promise<void> => {
    if (left.some((word) => name.includes(word))) return;
    const target = await start();
    if (target === null) return;
    targets.push(target);
    const child = target.process;
    if (child !== null) started.push(() => endChild(child));
  };
  const postern = (masks: boolean) => (): Promise<Target> =>
    startPosternTarget(upstream, {
      folder: join(folder, masks ? 'masks' : 'open'),
      masks,
      certificate,
      execArgv: profiles === null ? [] : profiling(join(profiles, masks ? 'masks' : 'open')),
    });
  await add('bare Node pipe', () => startPipe(upstream, certificate));
  await add('pgbouncer', () => startPgbouncerTarget(folder, upstream, certificate));
  await add('Postern, allow all', postern(false));
  await add('Postern, masks', postern(true));
  if (options.processes) {
    const { port, user, password } = postgres;
    await createDatabase(postgres.url(), STORE);
    await add('Postern, allow all, 2 processes', () =>
      startPosternTarget(upstream, {
        folder: join(folder, 'several'),
        masks: false,
        certificate,
        several: { count: 2, store: { port, database: STORE, user, password } },
      }),
    );
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
  if (!targets.some(({ name }) => name === 'pgbouncer')) console.log('\nSkipped: pgbouncer');
  for (const { name, pids } of targets) {
    const peaks = pids.map(peakMiB).filter((peak) => peak !== null);
    if (peaks.length > 0)
      console.log(`\nPeak memory of ${name}: ${peaks.map((peak) => Math.round(peak)).join(' + ')} MiB`);
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
