/** A whole API for tests: the real store, trail and approvals in a temporary folder, on a free port. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startApi } from '../../src/api/server.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { openAgents } from '../../src/approvals/agents.ts';
import type { Agents, NewRequest } from '../../src/approvals/request.ts';
import { openGrants } from '../../src/approvals/grants.ts';
import { openApprovals } from '../../src/approvals/service.ts';
import type { ApprovalService } from '../../src/approvals/service.ts';
import { openSqliteStore } from '../../src/approvals/sqlite-store.ts';
import { searchTrail } from '../../src/audit/search.ts';
import { openTrail } from '../../src/audit/trail-writer.ts';
import type { FileTrail } from '../../src/audit/trail-writer.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import type { Role } from '../../src/config/installation.ts';
import { emptySnapshot } from '../../src/catalog/snapshot.ts';
import { parseRules } from '../../src/config/rules-file.ts';
import { explain } from '../../src/policy/explain.ts';
import { analyze, loadParser } from '../../src/sql/analyze.ts';
import { makeVerifier } from '../../src/wire/scram.ts';

/** The default. */
export const MAX_CALLS_PER_MINUTE = 600;

export const TOKENS = {
  ana: 'token-of-ana-0123456789',
  bob: 'token-of-bob-0123456789',
  olga: 'token-of-olga-0123456789',
  ops: 'token-of-ops-0123456789',
  audra: 'token-of-audra-0123456789',
} as const;
export type Person = keyof typeof TOKENS;

export type Bench = {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly trailFolder: string;
  readonly trail: FileTrail;
  readonly approvals: ApprovalService;
  readonly agents: Agents;
  /** Everything the API has logged, as text. */
  readonly logged: () => string;
  /** Stops the API, and nothing else. */
  readonly stop: () => Promise<void>;
  /** Starts it again on the same port. */
  readonly startAgain: () => Promise<void>;
  /** Calls as a person, or with no token. */
  readonly call: (who: Person | null, method: string, path: string, body?: unknown) => Promise<Answer>;
};

/** `body` is what JSON it was; a test that looks at the wrong member fails by itself. */
// oxlint-disable-next-line no-explicit-any
export type Answer = { readonly status: number; readonly body: any; readonly headers: Headers };

export function asked(changes: Partial<NewRequest> = {}): NewRequest {
  return {
    sessionId: 's1',
    agent: 'etl-bot',
    owner: 'olga',
    database: 'shop',
    environment: 'prod',
    binding: 'a'.repeat(64),
    rulesVersion: 'v1',
    actions: [
      { action: 'export', command: 'copy to', reason: 'COPY customers TO STDOUT sends a relation out' },
    ],
    rules: ['exports need a data steward'],
    fingerprint: '0123456789abcdef',
    statement: 'COPY customers TO STDOUT',
    relations: ['public.customers'],
    maskedColumns: ['public.customers.email'],
    inTransaction: false,
    statedReason: null,
    approverGroups: [],
    quorum: 1,
    expiresMs: 60_000,
    mode: 'wait',
    waitMs: 60_000,
    unmask: [],
    estimate: null,
    locks: [],
    ...changes,
  };
}

function approver(name: Person, roles: readonly Role[], groups: readonly string[] = []) {
  return { name, groups, roles, tokenSha256: createHash('sha256').update(TOKENS[name]).digest('hex') };
}

export async function bench(t: TestContext, changes: Partial<ApiDeps> = {}): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-api-'));
  const trailFolder = join(folder, 'trail');
  const trail = await openTrail({
    folder: trailFolder,
    sync: 'decisions',
    segmentBytes: 65_536,
    onFailure: () => undefined,
  });
  const store = openSqliteStore({ file: join(folder, 'postern.db') });
  const approvals = await openApprovals({ store, trail, maxPendingPerAgent: 1000 });
  const agents = openAgents({ store, trail });
  const grants = await openGrants({ store, trail, maxMs: 86_400_000, maxRows: 10_000 });
  const lines: string[] = [];
  const log = (fields: object, message: string): void =>
    void lines.push(`${JSON.stringify(fields)} ${message}`);
  const reading = parseRules(Buffer.from('version: 1\n'), 'rules.yaml');
  if (reading.kind !== 'ok') throw new Error('the rules of the bench do not load');
  const rules = reading.rules;
  const deps: ApiDeps = {
    oidc: null,
    maxCallsPerMinute: MAX_CALLS_PER_MINUTE,
    revealGroups: () => ['data-stewards'],
    host: '127.0.0.1',
    port: 0,
    approvers: [
      approver('ana', ['approver'], ['data-stewards']),
      approver('bob', ['approver'], ['security']),
      approver('olga', ['approver']),
      approver('ops', ['operator']),
      approver('audra', ['auditor']),
    ],
    approvals,
    grants,
    grantTerms: async ({ agent, database, columns }) => ({
      agent,
      owner: 'olga',
      database: database ?? 'shop',
      environment: 'prod',
      columns: columns.map((name, i) => ({
        relation: 1,
        attnum: i + 1,
        typeOid: 25,
        family: `1.${i + 1}`,
        name,
      })),
      rules: ['defaults.unmask'],
      rulesVersion: 'v1',
      requirements: [
        { rule: 'privacy', approvers: ['data-stewards'], quorum: columns.length > 2 ? 2 : 1, escalateTo: [] },
      ],
    }),
    agents,
    databases: [
      { name: 'shop', logins: ['default', 'reports'] },
      { name: 'crm', logins: ['default'] },
    ],
    makeVerifier: (password) => makeVerifier(password, { salt: randomBytes(16) }),
    trail: {
      verify: () => verifyTrail(trailFolder),
      search: (query) => searchTrail(trailFolder, query),
      record: (event) => trail.record(event),
    },
    explain: async ({ sql, agent, database }) => {
      await loadParser();
      return explain(
        analyze(sql, { maxStatementBytes: 1_000_000 }),
        rules,
        emptySnapshot(database),
        { name: agent, owner: 'olga', groups: [] },
        { database, environment: 'prod', inTransaction: false },
      );
    },
    liveness: async () => ({ alive: true, problems: [] }),
    textOf: async (id) => approvals.textOf(id),
    health: async () => ({ ready: true, problems: [] }),
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('nothing 1\n') },
    log: { info: log, warn: log, error: log },
    ...changes,
  };
  let api = await startApi(deps);
  const { port } = api;
  const url = `http://127.0.0.1:${port}`;
  t.after(async () => {
    await api.close();
    await grants.close();
    await approvals.close();
    await trail.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    url,
    port,
    folder,
    trailFolder,
    trail,
    approvals,
    agents,
    logged: () => lines.join('\n'),
    stop: () => api.close(),
    startAgain: async () => {
      api = await startApi({ ...deps, port });
    },
    call: (who, method, path, body) =>
      request(url, who === null ? {} : { authorization: `Bearer ${TOKENS[who]}` }, method, path, body),
  };
}

export async function request(
  url: string,
  headers: Record<string, string>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text), headers: response.headers };
}
