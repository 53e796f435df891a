/** An agent that is disabled: its sessions, requests and grants end with it, at once and for good. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { GrantView } from '../../src/api/views.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import { SECRET, settled, startHarness, type Harness } from './harness.ts';

let harness: Harness;
let name = '';
let made = 0;
const clients: pg.Client[] = [];

before(async () => {
  harness = await startHarness();
});
after(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  await harness.stop();
});
// Each test disables its own.
beforeEach(async () => {
  made += 1;
  name = `doomed-${made}`;
  const verifier = await makeVerifier('p-w', { salt: Buffer.alloc(16, made) });
  const record = { name, owner: 'olga', groups: [], databases: ['*'], login: 'default', verifier };
  await harness.postern.agents.add(record, 'test');
});

type Ended = { readonly code: string; readonly message: string };

async function agent(): Promise<{ client: pg.Client; ended: Promise<Ended> }> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: harness.postern.agentPort,
    user: name,
    password: 'p-w',
    database: 'shop',
  });
  const ended = new Promise<Ended>((resolve) => {
    client.on('error', (error: Error & { code?: string }) =>
      resolve({ code: error.code ?? '', message: error.message }),
    );
  });
  clients.push(client);
  await client.connect();
  return { client, ended };
}

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(harness.api + path, {
    method,
    headers: {
      authorization: `Bearer ${harness.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}

const disable = (): Promise<{ disabled: boolean }> => call('POST', `/v1/agents/${name}/disable`);

function within<T>(ms: number, work: Promise<T>): Promise<T | 'late'> {
  return Promise.race([work, sleep(ms).then((): 'late' => 'late')]);
}

function failing(work: Promise<unknown>): Promise<Ended | string> {
  return work.then(
    () => 'it ran',
    ({ code, message }: Error & { code: string }) => ({ code, message }),
  );
}

async function trailOf(kind: string): Promise<Record<string, string>[]> {
  const lines = (await harness.trail()).trim().split('\n');
  const events = lines.map((line) => (JSON.parse(line) as { event: Record<string, string> }).event);
  return events.filter((event) => event['kind'] === kind && event['agent'] === name);
}

test('every session ends within a second: idle, in a transaction, running and waiting', async () => {
  const idle = await agent();
  const open = await agent();
  await open.client.query('begin');
  await open.client.query(`insert into orders values (${9000 + made}, 1, 1, 'undone')`);
  const busy = await agent();
  const running = failing(busy.client.query('select pg_sleep(20) /* the doomed sleep */'));
  const waits = await agent();
  const held = failing(waits.client.query('copy orders to stdout'));
  const { id } = await harness.nextRequest();
  assert.equal((await disable()).disabled, true);
  for (const one of [idle, open]) {
    const end = await within(1000, one.ended);
    assert.ok(end !== 'late', 'the session goes on');
    assert.match(end.message, new RegExp(`agent "${name}" was disabled|terminated`));
  }
  for (const end of [await within(1000, running), await within(1000, held)])
    assert.equal((end as Ended).code, '57P01');
  const request = await settled(harness, id, 'withdrawn');
  assert.equal(request.state, 'withdrawn');
  const direct = await harness.direct();
  const undone = await direct.query(`select from orders where id = ${9000 + made}`);
  assert.equal(undone.rowCount, 0, 'its transaction is rolled back');
  for (let n = 0; ; n += 1) {
    const { rowCount } = await direct.query(
      `select from pg_stat_activity where query like '%the doomed sleep%' and state = 'active' and pid <> pg_backend_pid()`,
    );
    if (rowCount === 0) break;
    assert.ok(n < 100, 'its statement is cancelled');
    await sleep(20);
  }
  assert.equal(
    (await trailOf('session_closed')).filter((one) => one['reason'] === 'agent-disabled').length,
    4,
  );
  await assert.rejects(agent(), { code: '28P01' });
});

test('its grants end for good, and the trail says who ended which', async () => {
  const columns = ['public.customers.email'];
  const asked = { agent: name, columns, forMs: 600_000, maxRows: 100, reason: 'the test' };
  const first = await call<GrantView>('POST', '/v1/grants', asked);
  const second = await call<GrantView>('POST', '/v1/grants', {
    ...asked,
    columns: ['public.customers.phone'],
  });
  const { client, ended } = await agent();
  const { rows } = await client.query('select email from customers limit 1');
  assert.match(rows[0].email, new RegExp(SECRET));
  await disable();
  await within(1000, ended);
  for (const { id } of [first, second]) {
    const { state, ended: end } = await call<GrantView>('GET', `/v1/grants/${id}`);
    assert.deepEqual([state, end?.by], ['revoked', 'dana']);
    assert.match(end?.reason ?? '', /was disabled/);
  }
  const [disabled] = await trailOf('agent_disabled');
  assert.equal(disabled?.['by'], 'dana');
  const revoked = await trailOf('grant_revoked');
  assert.deepEqual(
    new Set(revoked.map((one) => `${one['grant_id']} ${one['approver']}`)),
    new Set([`${first.id} dana`, `${second.id} dana`]),
  );
  // Nobody can grant to it any more, and nothing is there for one who lets it in again past Postern.
  const again = await call<{ error: { code: string } }>('POST', '/v1/grants', asked);
  assert.equal(again.error.code, 'bad-input');
  assert.equal((await call<{ grants: GrantView[] }>('GET', `/v1/grants?state=active`)).grants.length, 0);
});

test('what was approved for it, and what it asked for, can no longer be used', async () => {
  const { client, ended } = await agent();
  await client.query(`set postern.hold = 'return'`);
  await failing(client.query('copy orders to stdout'));
  const approved = await harness.nextRequest();
  await failing(client.query('copy staff to stdout'));
  const pending = await harness.nextRequest();
  assert.equal((await harness.decide(approved.id, 'approve')).status, 200);
  await disable();
  assert.notEqual(await within(1000, ended), 'late');
  assert.equal((await harness.request(approved.id)).state, 'lapsed');
  assert.equal((await harness.request(pending.id)).state, 'withdrawn');
  assert.equal((await harness.decide(pending.id, 'approve')).status, 409);
  assert.match(await harness.trail(), new RegExp(`agent \\\\"${name}\\\\" was disabled`));
});

test('a session that begins while its agent is being disabled ends too', async () => {
  const begun = Array.from({ length: 10 }, () => agent());
  await sleep(5);
  await disable();
  for (const one of await Promise.allSettled(begun)) {
    if (one.status === 'rejected') continue;
    assert.notEqual(await within(1500, one.value.ended), 'late');
  }
});
