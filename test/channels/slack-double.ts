/**
 * Slack, for tests: a real HTTP server that takes the calls Postern makes, refuses what Slack would refuse in
 * the way Slack refuses it (HTTP 200 and `ok: false`), and clicks as Slack clicks.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageBlocks, modal } from './block-kit.ts';

export const TEAM = 'T0HOME';

/** What Postern sent; a test that looks at the wrong member fails by itself. */
// oxlint-disable-next-line no-explicit-any
export type Call = { readonly method: string; readonly body: any };

export type SlackDouble = {
  readonly apiUrl: string;
  readonly token: string;
  readonly signingSecret: string;
  readonly calls: Call[];
  /** Users by id, as `users.info` has them. */
  readonly users: Record<string, object>;
  /** Answers to give instead, first come first served: status, headers, body. */
  readonly instead: { status: number; headers?: Record<string, string>; body?: object; method?: string }[];
  /** Milliseconds before a method answers. */
  readonly delays: Record<string, number>;
  /** The next call of this method that was not returned before. */
  next(method: string): Promise<Call['body']>;
  /** A signed form, as Slack posts it. */
  signed(payload: object, at?: number): { body: string; headers: Record<string, string> };
  /** The same for a body as it is. */
  sign(body: string, at?: number): { body: string; headers: Record<string, string> };
  close(): Promise<void>;
};

export function member(id: string, email: string, changes: object = {}): object {
  return {
    id,
    team_id: TEAM,
    deleted: false,
    is_bot: false,
    is_email_confirmed: true,
    profile: { email },
    ...changes,
  };
}

export async function startSlack(t: TestContext): Promise<SlackDouble> {
  const token = `xoxb-${randomBytes(12).toString('hex')}`;
  const signingSecret = randomBytes(16).toString('hex');
  const calls: Call[] = [];
  const taken = new Set<Call>();
  const users: Record<string, object> = {};
  const instead: SlackDouble['instead'] = [];
  const delays: Record<string, number> = {};
  let messages = 0;

  const answer = (method: string, body: Call['body']): object => {
    switch (method) {
      case 'auth.test':
        return { ok: true, team_id: TEAM, user_id: 'UBOT' };
      case 'users.info':
        return users[body.user] === undefined
          ? { ok: false, error: 'user_not_found' }
          : { ok: true, user: users[body.user] };
      case 'chat.postMessage':
        if (!messageBlocks.safeParse(body.blocks).success) return { ok: false, error: 'invalid_blocks' };
        messages += 1;
        return { ok: true, channel: 'C0APPROVE', ts: `1700000000.00000${messages}` };
      case 'chat.update':
        if (body.channel[0] !== 'C') return { ok: false, error: 'channel_not_found' };
        if (!messageBlocks.safeParse(body.blocks).success) return { ok: false, error: 'invalid_blocks' };
        return { ok: true, channel: body.channel, ts: body.ts };
      case 'views.open':
        return modal.safeParse(body.view).success && body.trigger_id === 'trigger'
          ? { ok: true, view: { id: 'V1' } }
          : { ok: false, error: 'invalid_arguments' };
      case 'chat.postEphemeral':
        return { ok: true };
      default:
        return { ok: false, error: 'unknown_method' };
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await textOf(request);
    const method = (request.url ?? '').slice('/api/'.length);
    const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded';
    const body: Call['body'] = isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text);
    calls.push({ method, body });
    await sleep(delays[method] ?? 0);
    const at = instead.findIndex((one) => one.method === undefined || one.method === method);
    const other = at < 0 ? undefined : instead.splice(at, 1)[0];
    if (other !== undefined) {
      response.writeHead(other.status, { 'content-type': 'application/json', ...other.headers });
      response.end(JSON.stringify(other.body ?? {}));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    const isOurs = request.headers.authorization === `Bearer ${token}`;
    // Methods that read know no JSON: Slack answers as if nothing had been given.
    const isRight = (method === 'users.info') === isForm;
    const refused = isOurs ? 'invalid_arguments' : 'invalid_auth';
    response.end(JSON.stringify(isOurs && isRight ? answer(method, body) : { ok: false, error: refused }));
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sign: SlackDouble['sign'] = (body, at = Date.now()) => {
    const timestamp = String(Math.floor(at / 1000));
    const hmac = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
    return {
      body,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': timestamp,
        'x-slack-signature': `v0=${hmac}`,
      },
    };
  };
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  t.after(close);
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    token,
    signingSecret,
    calls,
    users,
    instead,
    delays,
    async next(method) {
      for (let tries = 0; tries < 300; tries += 1) {
        const found = calls.find((call) => call.method === method && !taken.has(call));
        if (found !== undefined) {
          taken.add(found);
          return found.body;
        }
        await sleep(10);
      }
      throw new Error(`Slack got no ${method}; it got ${calls.map((call) => call.method).join(', ')}`);
    },
    sign,
    signed: (payload, at) => sign(String(new URLSearchParams({ payload: JSON.stringify(payload) })), at),
    close,
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
