/**
 * What a campaign of crashes is played on: an upstream database, a store, and Posterns in processes of their
 * own, all at ports that stay the same, so that whoever was cut off finds them again. Invariant: whatever is
 * killed is killed as a crash would (SIGKILL for Postern, immediate shutdown for PostgreSQL), never asked.
 * Non-goals: crashes of the machine, which fsync is for; the databases here run without it.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort, startPostgres, type EmbeddedPostgres } from '../../../fixtures/postgres/embedded.ts';
import { openPostgresStore } from '../../../src/approvals/postgres-store.ts';
import { openSqliteStore } from '../../../src/approvals/sqlite-store.ts';
import type { Store } from '../../../src/approvals/store.ts';
import { makeVerifier } from '../../../src/wire/scram.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const READY_WITHIN_MS = 60_000;

export const AGENTS = ['bot-0', 'bot-1', 'bot-2', 'bot-3'] as const;
export const PASSWORD = 'robots-only';
/** Both may approve; the second table wants both. */
export const APPROVERS = ['dana', 'cleo'] as const;

const RULES = `version: 1
rules:
  - { name: writes, when: { action: write, relation: public.ledger }, then: hold, expires: 8s }
  - { name: dear, when: { action: write, relation: public.vault }, then: hold, expires: 8s, quorum: 2 }
`;

export type Server = {
  readonly postgres: () => EmbeddedPostgres;
  crash(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
};

export type Instance = {
  readonly name: string;
  readonly agentPort: number;
  readonly apiPort: number;
  readonly trailFolder: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** By SIGTERM, as an operator would. */
  stop(): Promise<void>;
};

export type Stage = {
  readonly upstream: Server;
  /** Null with SQLite: there the store lives and dies with its Postern. */
  readonly store: Server | null;
  readonly instances: readonly Instance[];
  token(approver: (typeof APPROVERS)[number]): string;
  openStore(): Promise<Store>;
  close(): Promise<void>;
};

export async function openStage(kind: 'sqlite' | 'postgres'): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-wire-crash-'));
  const shared = kind === 'postgres';
  const [upstream, store] = await Promise.all([server(), shared ? server() : null]);
  await direct(upstream, 'postgres', 'create database shop');
  await direct(
    upstream,
    'shop',
    'create table ledger (marker text not null); create table vault (marker text not null)',
  );
  if (store !== null) await direct(store, 'postgres', 'create database postern');
  const tokens = new Map(APPROVERS.map((name) => [name, randomBytes(24).toString('base64url')]));
  const openStore = async (): Promise<Store> =>
    store === null
      ? openSqliteStore({ file: join(folder, 'store.db') })
      : openPostgresStore({
          connection: { connectionString: store.postgres().url('postern') },
          schema: 'postern',
          name: 'looker-on',
        });
  await addAgents(await openStore());
  await writeFile(join(folder, 'rules.yaml'), RULES);
  const instances: Instance[] = [];
  for (const name of shared ? ['a', 'b'] : ['a']) {
    const ports = { agent: await freePort(), api: await freePort() };
    const where = store === null ? '{ file: store.db }' : storeConfig(store.postgres(), name);
    await writeFile(
      join(folder, `${name}.yaml`),
      configuration({ name, ports, upstream: upstream.postgres(), store: where, tokens }),
    );
    instances.push(instance(folder, name, ports));
  }
  await Promise.all(instances.map((one) => one.start()));
  return {
    upstream,
    store,
    instances,
    token: (approver) => tokens.get(approver) ?? '',
    openStore,
    async close() {
      await Promise.all(instances.map((one) => one.kill()));
      await Promise.all([upstream.remove(), store?.remove()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function addAgents(store: Store): Promise<void> {
  const verifier = await makeVerifier(PASSWORD, { salt: randomBytes(16) });
  const common = { owner: 'olga', groups: [], databases: ['*'], login: 'default', disabled: false };
  for (const name of AGENTS)
    await store.agents.insert({ name, ...common, verifier, createdAt: new Date().toISOString() });
  await store.close();
}

function storeConfig({ port, user, password }: EmbeddedPostgres, name: string): string {
  const login = `database: postern, user: ${user}, password: { inline: '${password}' }`;
  return `{ postgres: { host: 127.0.0.1, port: ${port}, ${login}, instance: ${name} } }`;
}

type Parts = {
  readonly name: string;
  readonly ports: { readonly agent: number; readonly api: number };
  readonly upstream: EmbeddedPostgres;
  readonly store: string;
  readonly tokens: ReadonlyMap<string, string>;
};

function configuration({ name, ports, upstream, store, tokens }: Parts): string {
  const login = `{ user: ${upstream.user}, password: { inline: '${upstream.password}' } }`;
  const approvers = [...tokens].map(([approver, token]) => {
    const digest = createHash('sha256').update(token).digest('hex');
    return `  - { name: ${approver}, roles: [approver], tokenSha256: '${digest}' }`;
  });
  return `listen: { host: 127.0.0.1, port: ${ports.agent} }
api: { host: 127.0.0.1, port: ${ports.api} }
databases:
  shop: { host: 127.0.0.1, port: ${upstream.port}, environment: prod, control: ${login}, logins: { default: ${login} } }
approvers:
${approvers.join('\n')}
rules: rules.yaml
store: ${store}
trail: { folder: trail-${name} }
maskKey: { inline: '${'ab'.repeat(32)}' }
limits: { maxDenials: 1000, maxApiCallsPerMinute: 1000000 }
log: { level: warn }
`;
}

async function direct(at: Server, database: string, text: string): Promise<void> {
  const client = new pg.Client(at.postgres().url(database));
  await client.connect();
  await client.query(text);
  await client.end();
}

/** A commit that was answered is in the log of the server, so an immediate shutdown must not lose it. */
const SETTINGS = { log_statement: 'all', max_connections: '60', synchronous_commit: 'on' };

async function server(): Promise<Server> {
  let running = await startPostgres({ settings: SETTINGS, keepData: true });
  const { dataDir, logFile, port } = running;
  const crash = async (): Promise<void> => {
    process.kill(running.pid, 'SIGQUIT');
    // It is our child; once it is gone, this ends what watched it.
    await gone(running.pid);
    await running.stop();
  };
  return {
    postgres: () => running,
    crash,
    async start() {
      running = await startPostgres({ settings: SETTINGS, dataDir, log: logFile, port, keepData: true });
    },
    async remove() {
      await running.stop();
      await rm(join(dataDir, '..'), { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function gone(pid: number): Promise<void> {
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    assert.ok(performance.now() < giveUpAt, `process ${pid} does not end`);
    await sleep(5);
  }
}

function instance(folder: string, name: string, ports: Parts['ports']): Instance {
  let child: ChildProcess | null = null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const closed = once(running, 'close');
    running.kill(signal);
    await closed;
  };
  return {
    name,
    agentPort: ports.agent,
    apiPort: ports.api,
    trailFolder: join(folder, `trail-${name}`),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async start() {
      const log = join(folder, `${name}.log`);
      const one = spawn(process.execPath, [MAIN, 'serve', '--config', join(folder, `${name}.yaml`)], {
        stdio: ['ignore', 'pipe', 'pipe'],
        // Starting is most of what a crash costs here, and compiling is most of starting.
        env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
      });
      let said = '';
      const keep = (text: Buffer): void => {
        said = `${said}${text.toString()}`.slice(-4000);
        appendFileSync(log, text);
      };
      one.stdout.on('data', keep);
      one.stderr.on('data', keep);
      child = one;
      const giveUpAt = performance.now() + READY_WITHIN_MS;
      while (!(await answers(ports.api))) {
        assert.ok(
          one.exitCode === null && performance.now() < giveUpAt,
          `Postern ${name} did not start: ${said}`,
        );
        await sleep(20);
      }
    },
  };
}

function answers(apiPort: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${apiPort}/healthz`, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.body?.cancel().then(() => true) ?? true,
    () => false,
  );
}
