/** Two processes of one Postern, for one test file: started as `postern serve` starts them. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../fixtures/postgres/embedded.ts';
import { openPostgresStore } from '../../src/approvals/postgres-store.ts';
import type { Request } from '../../src/approvals/request.ts';
import type { TrailRecord } from '../../src/audit/event.ts';
import { chainFolder } from '../../src/audit/chains.ts';
import { supervise, type Supervised } from '../../src/processes/supervisor.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import { startHarness, type Harness } from '../e2e/harness.ts';
import { SHARED_BOT, sharedConfiguration, STORE_DATABASE } from '../e2e/posterns.ts';
import { RawClient } from '../e2e/raw-client.ts';
import { recordsIn } from '../audit/support.ts';

export const GRACE_MS = 3000;

export type Stage = {
  readonly harness: Harness;
  readonly configFile: string;
  readonly trailFolder: string;
  readonly port: number;
  readonly apiPort: number;
  start(): Promise<Supervised>;
  client(minor?: 0 | 2): Promise<RawClient>;
  call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }>;
  /** The pending requests, once there are so many. */
  pending(count: number): Promise<readonly Request[]>;
  /** The records of one process's chain. */
  chain(process: number): Promise<TrailRecord[]>;
  /** Which the API cannot: an agent is disabled for good. */
  enableAgent(): Promise<void>;
  close(): Promise<void>;
};

export async function openStage(rules?: string): Promise<Stage> {
  const harness = await startHarness(rules === undefined ? {} : { rules });
  const [port, apiPort] = [await freePort(), await freePort()];
  const base = (await sharedConfiguration(harness))
    .replace(/^listen: .*$/m, `listen: { host: 127.0.0.1, port: ${port} }`)
    .replace(/^api: .*$/m, `api: { host: 127.0.0.1, port: ${apiPort} }`)
    .replace(/^limits: \{/m, `limits: { shutdownGraceMs: ${GRACE_MS}, `);
  const configFile = join(harness.folder, 'several.yaml');
  await writeFile(
    configFile,
    `${base}trail: { folder: chains }\nprocesses: 2\nlog: { level: ${process.env['STAGE_LOG'] ?? 'silent'} }\n`,
  );
  await addAgent(harness);
  const trailFolder = join(harness.folder, 'chains');
  const call: Stage['call'] = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${apiPort}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${harness.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text };
  };
  return {
    harness,
    configFile,
    trailFolder,
    port,
    apiPort,
    call,
    start: () => supervise({ configFile, count: 2, shutdownGraceMs: GRACE_MS, logLevel: 'silent' }),
    client: (minor = 2) => RawClient.connect({ ...SHARED_BOT, port, minor }),
    async pending(count) {
      let found: readonly Request[] = [];
      await until(`${count} requests`, async () => {
        const { body } = await call('GET', '/v1/requests?state=pending');
        found = (body as { requests: readonly Request[] }).requests;
        return found.length >= count;
      });
      return found;
    },
    async chain(number) {
      await sleep(100);
      return recordsIn(chainFolder(trailFolder, number));
    },
    async enableAgent() {
      const client = new pg.Client({ connectionString: harness.server.url(STORE_DATABASE) });
      await client.connect();
      await client.query('update postern.agents set disabled = false');
      await client.end();
    },
    close: () => harness.stop(),
  };
}

async function addAgent({ server }: Harness): Promise<void> {
  const connection = { connectionString: server.url(STORE_DATABASE) };
  const store = await openPostgresStore({ connection, schema: 'postern', name: 'the test' });
  const verifier = await makeVerifier(SHARED_BOT.password, { salt: Buffer.alloc(16, 7) });
  await store.agents.insert({
    name: SHARED_BOT.user,
    owner: 'olga',
    groups: [],
    databases: ['*'],
    login: 'default',
    verifier,
    disabled: false,
    createdAt: new Date().toISOString(),
  });
  await store.close();
}

export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  while (!(await holds())) {
    assert.ok(performance.now() < giveUpAt, what);
    await sleep(50);
  }
}

/** Values of one metric by process. */
export function byProcess(text: string, name: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [, process = '', value] of text.matchAll(
    new RegExp(`^${name}\\{.*process="(\\d)".*\\} (\\S+)$`, 'gm'),
  ))
    found[process] = Number(value);
  return found;
}
