/** One PostgreSQL with the bench's tables and one Postern with masks before it, in processes of their own. */
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import { makeCertificate } from './certificate.ts';
import { loadBenchData } from './data.ts';
import { endChild, startPosternTarget } from './targets.ts';

export type StageOptions = {
  readonly rows: number;
  readonly connections: number;
  readonly limits: string;
  readonly holdDdl: boolean;
};

export type Stage = {
  /** Through Postern. */
  readonly url: string;
  readonly folder: string;
  readonly apiPort: number;
  /** Of the one approver. */
  readonly token: string;
  readonly postern: ChildProcess;
  stop(): Promise<void>;
};

export async function startBesideDatabase(options: StageOptions): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-load-'));
  const started: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const step of started.splice(0).reverse()) await step();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().then(() => process.exit(130)));
  try {
    const postgres = await startPostgres({
      settings: { max_connections: String(options.connections + 20), autovacuum: 'off' },
    });
    started.push(() => postgres.stop());
    const login = { user: 'bench', password: randomBytes(12).toString('hex') };
    await loadBenchData(postgres.url(), options.rows, login);
    const token = randomBytes(24).toString('base64url');
    const target = await startPosternTarget(
      { port: postgres.port, database: 'postgres', ...login },
      {
        folder: join(folder, 'postern'),
        masks: true,
        certificate: makeCertificate(folder),
        limits: options.limits,
        approver: createHash('sha256').update(token).digest('hex'),
        holdDdl: options.holdDdl,
        execArgv: ['--expose-gc'],
      },
    );
    const postern = target.process;
    if (postern === null) throw new Error('Postern did not start');
    started.push(() => endChild(postern));
    return { url: target.url, folder, apiPort: target.apiPort, token, postern, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
