/** A result that a grant shows and a limit on rows has paused: whichever of the two ends first, and how. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GrantView } from '../../src/api/views.ts';
import type { Request } from '../../src/approvals/request.ts';
import { SECRET, settled, startHarness, type Harness } from './harness.ts';
import {
  bind,
  codesIn,
  describe,
  errorsIn,
  execute,
  parse,
  query,
  type RawClient,
  rowsIn,
  status,
  sync,
  type Message,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

const RULES = `version: 1
masks:
  - { name: contact, columns: [public.customers.email], with: { partial: { keepLast: 2 } } }
rules:
  - { name: bulk customers, when: { action: read, relation: customers, rowsOver: 50 }, then: hold, expires: 20s }
defaults: { export: allow }
`;

let harness: Harness;
const { raw } = rawClients(() => harness);
const made: string[] = [];
before(async () => {
  harness = await startHarness({ rules: RULES });
});
after(() => harness.stop());
afterEach(async () => {
  for (const id of made.splice(0)) await revoke(id);
});

async function call<T>(path: string, body: object): Promise<T> {
  const response = await fetch(harness.api + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${harness.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

async function grant(changes: object = {}): Promise<GrantView> {
  const columns = ['public.customers.email'];
  const asked = {
    agent: 'bot',
    columns,
    forMs: 60_000,
    maxRows: 1000,
    reason: 'the test says so',
    ...changes,
  };
  const view = await call<GrantView>('/v1/grants', asked);
  made.push(view.id);
  return view;
}
const revoke = (id: string): Promise<GrantView> => call(`/v1/grants/${id}/revoke`, { reason: 'enough' });

const TEXT = 'select id, email from customers order by id';
const shown = (messages: readonly Message[]): number =>
  rowsIn(messages).filter(([, email]) => String(email).includes(SECRET)).length;

async function paused(client: RawClient, ...parts: readonly Buffer[]): Promise<Request> {
  client.send(...(parts.length === 0 ? [query(TEXT)] : parts));
  const so = await client.until('N');
  assert.equal(shown(so), 50, 'what the limit lets pass is shown');
  return harness.nextRequest();
}

/** The rest of the result, which must come by itself and soon: nobody decides. */
async function rest(client: RawClient): Promise<Message[]> {
  const startedAt = performance.now();
  const messages = await client.until('Z');
  assert.ok(performance.now() - startedAt < 2000, `it took ${performance.now() - startedAt} ms`);
  assert.equal(rowsIn(messages).length, 0, 'no row more');
  return messages;
}

async function goesOn(client: RawClient): Promise<void> {
  const answer = await client.ask(query('select id, email from customers where id = 7'));
  assert.deepEqual([rowsIn(answer).length, shown(answer), errorsIn(answer)], [1, 0, []]);
}

const EXTENDED = [parse(TEXT), bind(), describe('P'), execute(), sync()];

for (const [name, parts] of [
  ['simple', [] as Buffer[]],
  ['extended', EXTENDED],
] as const)
  test(`paused, then revoked: it ends at once, and nobody is asked any more (${name})`, async () => {
    const { id } = await grant();
    const client = await raw();
    const request = await paused(client, ...parts);
    await revoke(id);
    const messages = await rest(client);
    assert.deepEqual(codesIn(messages), ['57014']);
    assert.match(errorsIn(messages).join(), new RegExp(`grant ${id} ended .* dana revoked it: enough`));
    assert.equal((await settled(harness, request.id, 'withdrawn')).state, 'withdrawn');
    assert.equal((await harness.decide(request.id, 'approve')).status, 409);
    assert.match(
      await harness.trail(),
      new RegExp(`"request_withdrawn","reason":"grant ${id} ended|grant ${id} ended`),
    );
    await goesOn(client);
  });

test('paused when its time is over: the same', async () => {
  const { id } = await grant({ forMs: 1500 });
  const client = await raw();
  const request = await paused(client);
  const messages = await rest(client);
  assert.match(errorsIn(messages).join(), new RegExp(`grant ${id} ended .* its time is over`));
  assert.equal((await settled(harness, request.id, 'withdrawn')).state, 'withdrawn');
  await goesOn(client);
});

test('paused where the grant has no row left: nobody is asked in vain', async () => {
  const { id } = await grant({ maxRows: 50 });
  const client = await raw();
  client.send(query(TEXT));
  const messages = await client.until('Z');
  assert.equal(shown(messages), 50);
  assert.match(errorsIn(messages).join(), new RegExp(`grant ${id} ended .* its 50 rows are used up`));
  assert.deepEqual(await pending(), []);
  await goesOn(client);
});

async function pending(): Promise<readonly Request[]> {
  const response = await fetch(`${harness.api}/v1/requests?state=pending`, {
    headers: { authorization: `Bearer ${harness.token}` },
  });
  return ((await response.json()) as { requests: readonly Request[] }).requests;
}

test('paused in a transaction, then revoked: the transaction has failed', async () => {
  const { id } = await grant();
  const client = await raw();
  await client.ask(query(`begin; insert into orders values (7001, 1, 1, 'x')`));
  const request = await paused(client);
  await revoke(id);
  const messages = await rest(client);
  assert.equal(status(messages), 'E');
  await settled(harness, request.id, 'withdrawn');
  await client.ask(query('rollback'));
  const direct = await harness.direct();
  assert.equal((await direct.query('select from orders where id = 7001')).rowCount, 0);
  await goesOn(client);
});

test('approved, then revoked: the rows after the limit are no other grant', async () => {
  const { id } = await grant();
  const client = await raw();
  client.send(
    query(`select c.id, c.email, repeat('x', 9000), pg_sleep(0.01) from customers c order by c.id`),
  );
  await client.until('N');
  const request = await harness.nextRequest();
  assert.equal((await harness.decide(request.id, 'approve')).status, 200);
  await client.until('D', 60);
  await revoke(id);
  const messages = await client.until('Z');
  assert.deepEqual(codesIn(messages), ['57014']);
  assert.ok(rowsIn(messages).length < 120, 'not all of it');
  await goesOn(client);
});

test('revoked and approved at once, in either order: one end, and the session goes on', async () => {
  for (let n = 0; n < 12; n += 1) {
    const { id } = await grant();
    const client = await raw();
    const request = await paused(client);
    const both = [
      async () => revoke(id),
      async () => sleep(n % 4).then(() => harness.decide(request.id, n % 3 === 0 ? 'deny' : 'approve')),
    ];
    await Promise.all((n % 2 === 0 ? both : both.reverse()).map((one) => one()));
    const messages = await client.until('Z');
    // Whatever passed before the revocation was known, the end is one.
    assert.equal(messages.filter((one) => one.type === 'E' || one.type === 'C').length, 1);
    assert.notEqual((await harness.request(request.id)).state, 'pending');
    await goesOn(client);
    client.destroy();
  }
});

test('revoked before the limit: nobody is asked', async () => {
  const { id } = await grant();
  const client = await raw();
  client.send(
    query(`select c.id, c.email, repeat('x', 9000), pg_sleep(0.02) from customers c order by c.id`),
  );
  await client.until('D', 5);
  await revoke(id);
  const messages = await client.until('Z');
  assert.match(errorsIn(messages).join(), new RegExp(`grant ${id} ended`));
  assert.deepEqual(await pending(), []);
  await goesOn(client);
});
