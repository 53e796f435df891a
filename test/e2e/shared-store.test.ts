/** Two whole Posterns on one PostgreSQL store: whichever an agent connects to, whichever an approver answers at. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Postern } from '../../src/app.ts';
import { encodeSaslInitialResponse } from '../../src/wire/client/sasl-initial-response.ts';
import { ScramClient } from '../../src/wire/scram.ts';
import { encodeStartup } from '../../src/wire/startup.ts';
import { SECRET, startHarness, type Harness } from './harness.ts';
import { addSharedBot, startPosterns } from './posterns.ts';
import { RawClient } from './raw-client.ts';

let harness: Harness;
const posterns: Postern[] = [];
const clients: pg.Client[] = [];

before(async () => {
  harness = await startHarness();
  posterns.push(...(await startPosterns(harness, ['a', 'b'])));
  await addSharedBot(posterns[0]!);
});
after(async () => {
  for (const client of clients) await client.end().catch(() => undefined);
  for (const postern of posterns) await postern.stop();
  await harness.stop();
});

async function agentAt(
  postern: Postern | undefined,
  password: string,
  user = 'shared-bot',
): Promise<pg.Client> {
  const config = {
    host: '127.0.0.1',
    port: postern?.agentPort ?? 0,
    user,
    password,
    database: 'shop',
  };
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

function call(postern: Postern | undefined, method: string, path: string, body?: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${postern?.apiPort}${path}`, {
    method,
    headers: { authorization: `Bearer ${harness.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function pending(postern: Postern | undefined): Promise<string> {
  for (let n = 0; n < 200; n += 1) {
    const { requests } = (await (await call(postern, 'GET', '/v1/requests?state=pending')).json()) as {
      requests: { id: string }[];
    };
    if (requests[0] !== undefined) return requests[0].id;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return assert.fail('no request came');
}

test('an agent added at one works at the other, and what is held there is approved here', async () => {
  const [a, b] = posterns;
  const client = await agentAt(b, 'p-w');
  const held = client.query('create table made_by_approval (id int)');
  const id = await pending(a);
  const answer = await call(a, 'POST', `/v1/requests/${id}/approve`, { reason: 'fine' });
  assert.equal(answer.status, 200);
  await held;
  const seen = (await (await call(a, 'GET', `/v1/requests/${id}`)).json()) as { state: string };
  assert.equal(seen.state, 'spent');
});

/** The salt that an agent of this name is shown. */
async function saltAt(postern: Postern | undefined, user: string): Promise<string> {
  const client = await RawClient.open(postern?.agentPort ?? 0);
  client.send(encodeStartup(0, new Map([['user', user]])));
  await client.until('R');
  const scram = new ScramClient({ password: 'x', nonce: 'abcdefghijklmnop', channelBinding: null });
  const { mechanism, message } = scram.start(['SCRAM-SHA-256']);
  client.send(encodeSaslInitialResponse(mechanism, message));
  const [answer] = await client.until('R');
  client.socket.destroy();
  return /s=([^,]+)/.exec(answer?.bytes.toString('latin1') ?? '')?.[1] ?? assert.fail('no salt');
}

test('an agent that does not exist looks like one that does, at whichever one asks', async () => {
  const [a, b] = posterns;
  assert.equal(await saltAt(a, 'shared-bot'), await saltAt(b, 'shared-bot'));
  assert.equal(await saltAt(a, 'nobody'), await saltAt(b, 'nobody'));
  assert.notEqual(await saltAt(a, 'nobody'), await saltAt(a, 'somebody'));
});

test('a grant made at one holds at the other; revoked there, it ends what is shown here', async () => {
  const [a, b] = posterns;
  const client = await agentAt(b, 'p-w');
  const asked = { agent: 'shared-bot', columns: ['public.customers.email'], forMs: 60_000, maxRows: 10_000 };
  const made = await call(a, 'POST', '/v1/grants', { ...asked, reason: 'for a test' });
  assert.equal(made.status, 201);
  const { id } = (await made.json()) as { id: string };
  const seen = async (): Promise<boolean> =>
    JSON.stringify((await client.query('select email from customers limit 3')).rows).includes(SECRET);
  for (let n = 0; n < 100 && !(await seen()); n += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(await seen());
  const slow = client.query(
    `select c.email, repeat('x', 9000), pg_sleep(0.02) from customers c, customers d`,
  );
  const ended = slow.then(
    () => 'it went on',
    (error: Error) => error.message,
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  const revoked = await call(a, 'POST', `/v1/grants/${id}/revoke`, { reason: 'here' });
  assert.equal(revoked.status, 200);
  assert.match(await ended, /dana revoked it: here/);
  assert.equal(await seen(), false);
});

test('an agent disabled at one has its sessions at the other ended, and what both held for it', async () => {
  const [a, b] = posterns;
  const { makeVerifier } = await import('../../src/wire/scram.ts');
  const verifier = await makeVerifier('p-w', { salt: Buffer.alloc(16, 8) });
  const record = { owner: 'olga', groups: [], databases: ['*'], login: 'default', verifier };
  await a?.agents.add({ name: 'doomed', ...record }, 'test');
  const asked = { agent: 'doomed', columns: ['public.customers.email'], forMs: 60_000, maxRows: 100 };
  const made = await call(a, 'POST', '/v1/grants', { ...asked, reason: 'for a test' });
  const { id: grant } = (await made.json()) as { id: string };
  const client = await agentAt(b, 'p-w', 'doomed');
  const ended = new Promise<Error>((resolve) => client.on('error', resolve));
  const told = client.query('copy orders to stdout').then(
    () => 'it ran',
    (error: Error & { code?: string }) => error.code,
  );
  const request = await pending(a);
  const startedAt = performance.now();
  await a?.agents.disable('doomed', 'ops');
  assert.equal(await told, '57P01');
  await ended;
  assert.ok(performance.now() - startedAt < 1000, `after ${performance.now() - startedAt} ms`);
  for (const [path, state] of [
    [`/v1/requests/${request}`, 'withdrawn'],
    [`/v1/grants/${grant}`, 'revoked'],
  ] as const)
    assert.equal(((await (await call(b, 'GET', path)).json()) as { state: string }).state, state);
  await assert.rejects(agentAt(b, 'p-w', 'doomed'), { code: '28P01' });
});

test('I2: with the store gone, open sessions go on, nothing is held, and nobody new gets in', async () => {
  const [a, b] = posterns;
  const client = await agentAt(b, 'p-w');
  const root = await harness.direct();
  const asked = { agent: 'shared-bot', columns: ['public.customers.email'], forMs: 60_000, maxRows: 10 };
  assert.equal((await call(b, 'POST', '/v1/grants', { ...asked, reason: 'for a test' })).status, 201);
  await root.query('alter database postern_store allow_connections false');
  await root.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = 'postern_store'`);
  assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
  const { rows } = await client.query('select email from customers limit 3');
  assert.ok(!JSON.stringify(rows).includes(SECRET), 'a grant that cannot be counted shows nothing');
  await assert.rejects(client.query('drop table made_by_approval'), { code: '58000' });
  assert.deepEqual((await client.query('select 2 as two')).rows, [{ two: 2 }]);
  await assert.rejects(agentAt(a, 'p-w'), { code: '58000' });
  assert.equal((await call(a, 'GET', '/v1/requests')).status, 503);
  await root.query('alter database postern_store allow_connections true');
  const again = await agentAt(a, 'p-w');
  assert.deepEqual((await again.query('select 3 as three')).rows, [{ three: 3 }]);
});
