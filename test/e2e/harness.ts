/**
 * The whole of Postern for one test file: a real PostgreSQL with the sample schema, Postern in front of it
 * from real configuration files, an agent, an approver with a token, and what the tests need to play both.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, type EmbeddedPostgres } from '../../fixtures/postgres/embedded.ts';
import { startPostern, type Postern } from '../../src/app.ts';
import type { TrailIo } from '../../src/audit/folder.ts';
import type { Request, RequestState } from '../../src/approvals/request.ts';
import { makeVerifier } from '../../src/wire/scram.ts';

/** Planted in every masked column; it must reach an agent in no message of any kind. */
export const SECRET = 'zqx7SECRETplum';

export const RULES = `version: 1
masks:
  - name: contact
    columns: [public.customers.email, public.customers.phone]
    with: { partial: { keepLast: 2 } }
  - name: ssn
    columns: ['*.ssn']
    with: redact
rules:
  - name: exports need a steward
    when: { action: export }
    then: hold
    approvers: [stewards]
    expires: 30s
  - name: nobody drops databases
    when: { command: drop database }
    then: deny
`;

const SCHEMA = `
  create table customers (id int primary key, name text not null, email text, phone text, ssn text, city text, age int);
  insert into customers select i, 'name ' || i, '${SECRET}' || i || '@example.com', '${SECRET}-' || i,
    '${SECRET}' || i, 'city ' || (i % 7), 20 + i % 50 from generate_series(1, 200) i;
  create table orders (id int primary key, customer_id int references customers(id), total numeric, note text);
  insert into orders select i, 1 + i % 200, i * 1.5, 'note ' || i from generate_series(1, 500) i;
  create view customer_contacts as select id, email as contact from customers;
  create function get_ssn(int) returns text language sql stable as 'select ssn from customers where id = $1';
  create function shout() returns trigger language plpgsql as $$ begin raise notice 'was %', old.ssn; return new; end $$;
  create table staff (id int primary key, ssn text, salary int check (salary > 0));
  insert into staff select i, '${SECRET}' || i, 1000 + i from generate_series(1, 20) i;
  create trigger staff_shouts before update on staff for each row execute function shout();
`;

export type Harness = {
  readonly server: EmbeddedPostgres;
  readonly postern: Postern;
  readonly folder: string;
  readonly api: string;
  readonly token: string;
  readonly agentUrl: string;
  readonly password: string;
  /** A new connection as the agent, through Postern. Closed with the harness. */
  agent(config?: pg.ClientConfig): Promise<pg.Client>;
  /** A connection straight to the database, as the superuser. */
  direct(): Promise<pg.Client>;
  /** Waits for the next pending request that was not returned before. */
  nextRequest(): Promise<Request>;
  request(id: string): Promise<Request>;
  decide(id: string, decision: 'approve' | 'deny', reason?: string): Promise<Response>;
  writeRules(text: string): Promise<void>;
  /** What the database's own statement log holds so far. */
  statementLog(): Promise<string>;
  /** Every line of the trail so far. */
  trail(): Promise<string>;
  restartPostern(): Promise<void>;
  stop(): Promise<void>;
};

export type HarnessOptions = {
  readonly rules?: string;
  readonly schema?: string;
  /** Text put under `limits:` in postern.yaml. */
  readonly limits?: string;
  /** More lines for `listen:`. */
  readonly listen?: string;
  /** A line for the approver. */
  readonly approver?: string;
  /** More of postern.yaml. */
  readonly more?: string;
  readonly module?: string;
  readonly trailIo?: TrailIo;
  readonly sync?: 'decisions' | 'always';
  /** Of the database; 120 unless said. */
  readonly connections?: number;
};

export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-e2e-'));
  const server = await startPostgres({
    settings: {
      log_statement: 'all',
      max_connections: String(options.connections ?? 120),
      max_prepared_transactions: '4',
    },
    ...(options.module === undefined ? {} : { module: options.module }),
  });
  await prepareDatabase(server, options.schema ?? SCHEMA);
  const token = randomBytes(24).toString('base64url');
  await writeFile(join(folder, 'rules.yaml'), options.rules ?? RULES);
  await writeFile(join(folder, 'postern.yaml'), configuration(server, token, options));
  const password = randomBytes(12).toString('base64url');
  const state = {
    postern: await startPostern({
      configFile: join(folder, 'postern.yaml'),
      log: 'silent',
      ...(options.trailIo === undefined ? {} : { trailIo: options.trailIo }),
    }),
  };
  const verifier = await makeVerifier(password, { salt: randomBytes(16) });
  await state.postern.agents.add(
    { name: 'bot', owner: 'olga', groups: ['analysts'], databases: ['*'], login: 'default', verifier },
    'test',
  );
  return harnessOf({ folder, server, token, password, state });
}

async function prepareDatabase(server: EmbeddedPostgres, schema: string): Promise<void> {
  const admin = new pg.Client(server.url());
  await admin.connect();
  await admin.query('create database shop');
  await admin.end();
  const client = new pg.Client(server.url('shop'));
  await client.connect();
  await client.query(schema);
  await client.end();
}

function configuration(server: EmbeddedPostgres, token: string, options: HarnessOptions): string {
  const login = `{ user: ${server.user}, password: { inline: '${server.password}' } }`;
  return `
listen: { host: 127.0.0.1, port: 0${options.listen ?? ''} }
api: { host: 127.0.0.1, port: 0 }
databases:
  shop:
    host: 127.0.0.1
    port: ${server.port}
    environment: prod
    control: ${login}
    logins: { default: ${login} }
approvers:
  - name: dana
    groups: [stewards]
    roles: [approver, operator, auditor]
    tokenSha256: ${createHash('sha256').update(token).digest('hex')}${options.approver === undefined ? '' : `\n    ${options.approver}`}
rules: rules.yaml
store: { file: postern.db }
trail: { folder: trail, sync: ${options.sync ?? 'decisions'} }
maskKey: { inline: '${'ab'.repeat(32)}' }
limits: ${(options.limits ?? '{ maxDenials: 1000 }').replace('{', '{ maxApiCallsPerMinute: 1000000, ')}
${options.more ?? ''}
`;
}

type Parts = {
  readonly folder: string;
  readonly server: EmbeddedPostgres;
  readonly token: string;
  readonly password: string;
  readonly state: { postern: Postern };
};

function harnessOf({ folder, server, token, password, state }: Parts): Harness {
  const clients: pg.Client[] = [];
  const seen = new Set<string>();
  const connect = async (config: pg.ClientConfig): Promise<pg.Client> => {
    const client = new pg.Client(config);
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${state.postern.apiPort}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
  const list = async (filter: string): Promise<readonly Request[]> => {
    const body = (await (await call(`/v1/requests${filter}`)).json()) as { requests: readonly Request[] };
    return body.requests;
  };
  return {
    server,
    folder,
    token,
    password,
    get postern() {
      return state.postern;
    },
    get api() {
      return `http://127.0.0.1:${state.postern.apiPort}`;
    },
    get agentUrl() {
      return `postgres://bot:${password}@127.0.0.1:${state.postern.agentPort}/shop`;
    },
    agent(config = {}) {
      return connect({ connectionString: this.agentUrl, ...config });
    },
    direct: () => connect({ connectionString: server.url('shop') }),
    async nextRequest() {
      for (let tries = 0; tries < 200; tries += 1) {
        const fresh = (await list('?state=pending')).find((r) => !seen.has(r.id));
        if (fresh !== undefined) {
          seen.add(fresh.id);
          return fresh;
        }
        await sleep(25);
      }
      return assert.fail('no request appeared');
    },
    async request(id) {
      return (await (await call(`/v1/requests/${id}`)).json()) as Request;
    },
    decide: (id, decision, reason = 'because the test says so') =>
      call(`/v1/requests/${id}/${decision}`, { method: 'POST', body: JSON.stringify({ reason }) }),
    async writeRules(text) {
      await writeFile(join(folder, 'rules.yaml'), text);
      state.postern.reload();
      await sleep(60);
    },
    statementLog: () => readFile(server.logFile, 'utf8'),
    async trail() {
      await sleep(60);
      const { readdir } = await import('node:fs/promises');
      const names = (await readdir(join(folder, 'trail'))).filter((n) => n.endsWith('.jsonl')).sort();
      const texts = await Promise.all(names.map((n) => readFile(join(folder, 'trail', n), 'utf8')));
      return texts.join('');
    },
    async restartPostern() {
      await state.postern.stop();
      state.postern = await startPostern({ configFile: join(folder, 'postern.yaml'), log: 'silent' });
    },
    async stop() {
      await Promise.all(clients.map((c) => c.end().catch(() => undefined)));
      await state.postern.stop().catch(() => undefined);
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until the request has left `pending`. */
export async function settled(harness: Harness, id: string, state: RequestState): Promise<Request> {
  for (let tries = 0; tries < 200; tries += 1) {
    const request = await harness.request(id);
    if (request.state === state) return request;
    await sleep(25);
  }
  return assert.fail(`request ${id} never became ${state}`);
}

/** A fresh folder for a test's own files. */
export async function scratch(harness: Harness, name: string): Promise<string> {
  const path = join(harness.folder, name);
  await mkdir(path, { recursive: true });
  return path;
}
