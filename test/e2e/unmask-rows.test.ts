/** What is shown to one approved execution, and a limit on its rows: by a session that returns, and by one that waits. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Request } from '../../src/approvals/request.ts';
import { SECRET, startHarness, type Harness } from './harness.ts';
import {
  bind,
  describe,
  errorsIn,
  execute,
  parse,
  query,
  type RawClient,
  rowsIn,
  sync,
  type Message,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

const RULES = `version: 1
masks:
  - { name: contact, columns: [public.customers.email, public.customers.phone], with: { partial: { keepLast: 2 } } }
rules:
  - { name: bulk customers, when: { action: read, relation: customers, rowsOver: 50 }, then: hold, expires: 20s }
defaults: { export: allow }
`;

let harness: Harness;
const { raw: open } = rawClients(() => harness);
before(async () => {
  harness = await startHarness({ rules: RULES });
});
after(() => harness.stop());

async function raw(hold: 'wait' | 'return'): Promise<RawClient> {
  const client = await open();
  await client.ask(query(`set postern.hold = '${hold}'`));
  return client;
}

const TEXT = 'select id, email, phone from customers order by id';
const ask = query(`set postern.unmask = 'customers.email'`);
const WAYS = { simple: [query(TEXT)], extended: [parse(TEXT), bind(), describe('P'), execute(), sync()] };
const shown = (messages: readonly Message[]): number =>
  rowsIn(messages).filter(([, email]) => String(email).includes(SECRET)).length;
const idIn = (messages: readonly Message[]): string =>
  /request (\w{4}-\w{4})/.exec(errorsIn(messages).join())?.[1] ?? assert.fail(errorsIn(messages).join());

/** Sends it, has what it asks for approved, and sends it again. */
async function approved(
  client: RawClient,
  parts: readonly Buffer[],
  about: (one: Request) => void,
): Promise<Message[]> {
  const id = idIn(await client.ask(...parts));
  about(await harness.request(id));
  assert.equal((await harness.decide(id, 'approve')).status, 200);
  return client.ask(...parts);
}

const toSee = (request: Request): void => {
  assert.deepEqual([request.unmask, request.rowsSoFar], [['public.customers.email'], null]);
};

for (const [way, parts] of Object.entries(WAYS))
  test(`a session that returns: the rest is another request, and what was shown was shown once (${way})`, async () => {
    const client = await raw('return');
    await client.ask(ask);
    const first = await approved(client, parts, toSee);
    assert.deepEqual([rowsIn(first).length, shown(first)], [50, 50]);
    const rest = idIn(first);
    const { unmask, rowsSoFar, state } = await harness.request(rest);
    assert.deepEqual([unmask, rowsSoFar, state], [['public.customers.email'], 50, 'pending']);
    const error = first.find((one) => one.type === 'E');
    assert.match(String(error?.bytes), /set postern\.unmask again/, 'the hint says what works');
    await harness.decide(rest, 'approve');

    // Sent again as it is, it shows nothing: what was approved to be seen was spent.
    const masked = await client.ask(...parts);
    assert.deepEqual([rowsIn(masked).length, shown(masked)], [50, 0]);
    const others = idIn(masked);
    assert.notEqual(others, rest, 'nor are the rows the same ones');
    await harness.decide(others, 'deny');
    assert.equal((await harness.request(rest)).state, 'approved');

    // Asked for again, it comes whole, without a pause.
    await client.ask(ask);
    const whole = await approved(client, parts, toSee);
    assert.deepEqual([rowsIn(whole).length, shown(whole), errorsIn(whole)], [200, 200, []]);
    assert.equal((await harness.request(rest)).state, 'spent');
    const other = await client.ask(query('select email from customers where id = 1'));
    assert.equal(JSON.stringify(rowsIn(other)).includes(SECRET), false);
  });

test('the rest denied: what was shown stays all there is', async () => {
  const client = await raw('return');
  await client.ask(ask);
  const parts = [query(`${TEXT} /* denied */`)];
  const first = await approved(client, parts, toSee);
  await harness.decide(idIn(first), 'deny', 'fifty are enough');
  await client.ask(ask);
  const again = await approved(client, parts, toSee);
  assert.deepEqual([rowsIn(again).length, shown(again)], [50, 50]);
  assert.match(errorsIn(again).join(), /denied by dana: fifty are enough/);
});

test('a session that waits: the rows after the limit are shown as those before', async () => {
  const client = await raw('wait');
  await client.ask(ask);
  client.send(query(TEXT));
  await client.until('N');
  const see = await harness.nextRequest();
  toSee(see);
  await harness.decide(see.id, 'approve');
  const so = await client.until('N');
  assert.equal(shown(so), 50);
  const rest = await harness.nextRequest();
  assert.deepEqual([rest.unmask, rest.rowsSoFar], [['public.customers.email'], 50]);
  await harness.decide(rest.id, 'approve');
  const messages = await client.until('Z');
  assert.deepEqual([rowsIn(messages).length, shown(messages)], [150, 150]);
});
