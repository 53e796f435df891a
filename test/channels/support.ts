/** Channels over the real approvals, trail and store, with the real API in front. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApi } from '../../src/api/server.ts';
import { openApprovals, type ApprovalService } from '../../src/approvals/service.ts';
import { openSqliteStore } from '../../src/approvals/sqlite-store.ts';
import { openTrail } from '../../src/audit/trail-writer.ts';
import { Channels } from '../../src/channels/channels.ts';
import type { ChannelConfig, Routing, SlackConfig } from '../../src/config/channel-config.ts';
import type { ApproverConfig } from '../../src/config/installation.ts';
import type { SlackDouble } from './slack-double.ts';

export const EVERYTHING: Routing = {
  environment: null,
  database: null,
  agent: null,
  group: null,
  action: null,
};

export const TOKEN = 'token-of-ops-0123456789';

const approver = (
  name: string,
  groups: readonly string[],
  more: Partial<ApproverConfig> = {},
): ApproverConfig => ({
  name,
  groups,
  roles: ['approver'],
  tokenSha256: createHash('sha256').update(`token-of-${name}-0123456789`).digest('hex'),
  ...more,
});

export const APPROVERS: readonly ApproverConfig[] = [
  approver('ana', ['data-stewards'], { email: 'ana@example.com' }),
  approver('bob', ['security'], { slack: 'UBOB', email: 'bob@example.com' }),
  approver('olga', ['data-stewards'], { email: 'olga@example.com' }),
  approver('audra', [], { email: 'audra@example.com', roles: ['auditor'] }),
  approver('ops', [], { roles: ['operator'] }),
];

export type House = {
  readonly approvals: ApprovalService;
  readonly channels: Channels;
  readonly url: string;
  readonly trailFolder: string;
  readonly logged: () => string;
  /** Posts what Slack would post. */
  post(form: { body: string; headers: Record<string, string> }): Promise<Response>;
};

export async function house(
  t: TestContext,
  configs: readonly ChannelConfig[],
  publicUrl: string | null = null,
): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-channels-'));
  const trailFolder = join(folder, 'trail');
  const trail = await openTrail({
    folder: trailFolder,
    sync: 'decisions',
    segmentBytes: 65_536,
    onFailure: () => undefined,
  });
  const store = openSqliteStore({ file: join(folder, 'postern.db') });
  const lines: string[] = [];
  const note = (fields: object, message: string): void =>
    void lines.push(`${JSON.stringify(fields)} ${message}`);
  const log = { info: note, warn: note, error: note };
  const times = { baseMs: 5, attempts: 4 };
  const channels = new Channels({ configs, approvers: APPROVERS, publicUrl, log, times, ackMs: 250 });
  const approvals = await openApprovals({ store, trail, maxPendingPerAgent: 1000 });
  channels.follow(approvals);
  const api = await startApi({
    host: '127.0.0.1',
    port: 0,
    approvers: APPROVERS,
    oidc: null,
    maxCallsPerMinute: 10_000,
    revealGroups: () => [],
    approvals,
    log,
    plugins: [channels.routes],
    databases: [],
  } as unknown as Parameters<typeof startApi>[0]);
  const url = `http://127.0.0.1:${api.port}`;
  t.after(async () => {
    await api.close();
    await approvals.close();
    await channels.close();
    await store.close();
    await trail.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    approvals,
    channels,
    url,
    trailFolder,
    logged: () => lines.join('\n'),
    post: ({ body, headers }) =>
      fetch(`${url}/channels/slack/interactions`, { method: 'POST', body, headers }),
  };
}

export function slackConfig(slack: SlackDouble, changes: Partial<SlackConfig> = {}): SlackConfig {
  const { token, signingSecret, apiUrl } = slack;
  return {
    name: 'db',
    kind: 'slack',
    channel: '#db-approvals',
    token,
    signingSecret,
    apiUrl,
    routing: EVERYTHING,
    ...changes,
  };
}

/** One POST that a receiver got. */
export type Got = { readonly headers: IncomingHttpHeaders; readonly text: string };
export type Receiver = {
  readonly url: string;
  readonly got: Got[];
  /** Statuses to answer with, in order; then 202. */
  readonly statuses: number[];
  readonly answerHeaders: Record<string, string>;
  /** Waits until `count` POSTs have come. */
  until(count: number): Promise<readonly Got[]>;
  close(): Promise<void>;
};

export async function receiver(t: TestContext): Promise<Receiver> {
  const got: Got[] = [];
  const statuses: number[] = [];
  const answerHeaders: Record<string, string> = {};
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    got.push({ headers: request.headers, text: Buffer.concat(chunks).toString('utf8') });
    response.writeHead(statuses.shift() ?? 202, answerHeaders).end();
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  t.after(close);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    got,
    statuses,
    answerHeaders,
    async until(count) {
      for (let tries = 0; tries < 300 && got.length < count; tries += 1) await sleep(10);
      if (got.length < count) throw new Error(`${got.length} of ${count} came`);
      return got;
    },
    close,
  };
}
