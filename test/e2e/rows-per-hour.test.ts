/**
 * `rowsPerHourOver`: what an agent reads within an hour, however it cuts it up: by many small statements, cursors,
 * portals, sessions, Posterns.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostern, type Postern } from '../../src/app.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import { startHarness, type Harness } from './harness.ts';
import {
  bind,
  codesIn,
  errorsIn,
  execute,
  flush,
  parse,
  query,
  RawClient,
  rowsIn,
  sync,
} from './raw-client.ts';

const PER_HOUR = 300;
const RULES = `version: 1
rules:
  - { name: bulk by the hour, when: { group: analysts, rowsPerHourOver: ${PER_HOUR} }, then: hold, expires: 20s }
  - { name: few staff, when: { relation: staff, rowsPerHourOver: 30 }, then: deny }
defaults: { export: allow }
`;

let harness: Harness;
let count = 0;
const clients: RawClient[] = [];
const posterns: Postern[] = [];
before(async () => {
  harness = await startHarness({
    rules: RULES,
    limits: '{ maxDenials: 1000, maxPendingRequestsPerAgent: 3 }',
  });
});
after(async () => {
  for (const postern of posterns) await postern.stop();
  await harness.stop();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

type Agent = { readonly user: string; readonly password: string };

/** Each test has an agent of its own, with an hour of its own. */
async function agent(postern = harness.postern, groups = ['analysts']): Promise<Agent> {
  count += 1;
  const user = `reader-${count}`;
  const password = randomBytes(9).toString('base64url');
  const verifier = await makeVerifier(password, { salt: randomBytes(16) });
  await postern.agents.add(
    { name: user, owner: 'olga', groups, databases: ['*'], login: 'default', verifier },
    'test',
  );
  return { user, password };
}

async function session(who: Agent, postern = harness.postern): Promise<RawClient> {
  const client = await RawClient.connect({ ...who, port: postern.agentPort, database: 'shop' });
  clients.push(client);
  return client;
}

/** Rows that came before the first pause, and whether there was one. */
async function read(client: RawClient, messages: Buffer[]): Promise<{ rows: number; paused: boolean }> {
  client.send(...messages);
  const got = await client.until('ZN');
  return { rows: rowsIn(got).length, paused: got.at(-1)?.type === 'N' };
}

/** Asks again and again until it is paused. */
async function readAll(client: RawClient, next: (i: number) => Buffer[]): Promise<number> {
  let rows = 0;
  for (let i = 0; i < 1000; i += 1) {
    const one = await read(client, next(i));
    rows += one.rows;
    if (one.paused) return rows;
  }
  return assert.fail('it was never paused');
}

const WAYS: Readonly<Record<string, (i: number) => Buffer[]>> = {
  'LIMIT and OFFSET': (i) => [query(`select id from orders order by id limit 7 offset ${7 * i}`)],
  'one row by its key': (i) => [query(`select note from orders where id = ${1 + (i % 500)}`)],
  'the extended protocol': (i) => [
    parse('select id from orders limit 11'),
    bind({ portal: `p${i}` }),
    execute(`p${i}`),
    sync(),
  ],
  'several statements in one message': () => [
    query('select id from orders limit 20; select id from orders limit 20'),
  ],
  'writes that return what they write': () => [
    query('update orders set note = note where id <= 40 returning note'),
  ],
};
for (const [way, next] of Object.entries(WAYS)) {
  test(`attack: cut up by ${way}, no row more passes`, async () => {
    assert.equal(await readAll(await session(await agent()), next), PER_HOUR);
  });
}

test('attack: cut up by FETCH 1 from a cursor WITH HOLD, and by a portal suspended again and again', async () => {
  const who = await agent();
  const first = await session(who);
  await first.query('declare c cursor with hold for select id from orders');
  for (let i = 0; i < PER_HOUR / 2; i += 1)
    assert.equal((await read(first, [query('fetch 1 from c')])).rows, 1);
  await first.query('begin');
  await first.ask(parse('select id from orders'), bind({ portal: 'p' }), flush(), sync());
  let rows = 0;
  for (;;) {
    first.send(execute('p', 10), sync());
    const got = await first.until('ZN');
    rows += rowsIn(got).length;
    if (got.at(-1)?.type === 'N') break;
    assert.ok(rows < PER_HOUR);
  }
  assert.equal(rows, PER_HOUR / 2);
});

test('attack: cut up into COPY TO STDOUT', async () => {
  const client = await session(await agent());
  let rows = 0;
  for (;;) {
    client.send(query('copy (select id from orders limit 40) to stdout'));
    const got = await client.until('ZN');
    rows += got.filter((m) => m.type === 'd').length;
    if (got.at(-1)?.type === 'N') break;
  }
  assert.equal(rows, PER_HOUR);
});

test('attack: many sessions at once share the hour, row by row', async () => {
  const who = await agent();
  const many = await Promise.all(Array.from({ length: 6 }, () => session(who)));
  for (const client of many) client.send(query('select id, note from orders'));
  const got = await Promise.all(many.map((client) => client.quiet(400)));
  assert.equal(
    got.reduce((sum, messages) => sum + rowsIn(messages).length, 0),
    PER_HOUR,
  );
});

test('approval lets this statement finish, and no other; what it approves of does not count', async () => {
  const client = await session(await agent());
  client.send(query('select id from orders'));
  assert.equal(rowsIn(await client.until('N')).length, PER_HOUR);
  await harness.decide(await newest(), 'approve');
  assert.equal(rowsIn(await client.until('Z')).length, 500 - PER_HOUR);
  assert.deepEqual(await read(client, [query('select 1')]), { rows: 0, paused: true });
  await harness.decide(await newest(), 'deny', 'come back later');
  assert.match(errorsIn(await client.until('Z'))[0] ?? '', /ends after 0 rows: .*come back later/);
});

test('sessions that return get the id at the limit, and pass it once when it is approved', async () => {
  const client = await session(await agent());
  await client.query("set postern.hold = 'return'");
  const refused = await client.query('select id from orders');
  assert.deepEqual([rowsIn(refused).length, codesIn(refused)], [PER_HOUR, ['55P03']]);
  await harness.decide(await newest(), 'approve');
  assert.equal(rowsIn(await client.query('select id from orders')).length, 500);
  assert.deepEqual(codesIn(await client.query('select id from orders')), ['55P03']);
});

/** The id of the one request that is pending. */
async function newest(): Promise<string> {
  for (let tries = 0; tries < 80; tries += 1) {
    const answer = await fetch(`${harness.api}/v1/requests?state=pending&agent=reader-${count}`, {
      headers: { authorization: `Bearer ${harness.token}` },
    });
    const { requests } = (await answer.json()) as { requests: readonly { readonly id: string }[] };
    if (requests[0] !== undefined) return requests[0].id;
    await sleep(25);
  }
  return assert.fail('no request appeared');
}

test('it is each agent of the group for itself; others are not limited; a rule may deny', async () => {
  const one = await session(await agent());
  await read(one, [query('select id from orders limit 250')]);
  const two = await session(await agent());
  assert.deepEqual(await read(two, [query('select id from orders limit 250')]), { rows: 250, paused: false });
  const other = await session(await agent(harness.postern, ['others']));
  assert.deepEqual(await read(other, [query('select id from orders')]), { rows: 500, paused: false });
  assert.deepEqual(codesIn(await other.query('select id from staff')), []);
  const refused = await other.query('select id from staff');
  assert.deepEqual([rowsIn(refused).length, codesIn(refused)], [10, ['42501']]);
});

test('a restart forgets nothing', async () => {
  const who = await agent();
  await read(await session(who), [query('select id from orders limit 200')]);
  await harness.restartPostern();
  const client = await session(who);
  assert.deepEqual(await read(client, [query('select id from orders')]), { rows: 100, paused: true });
});

test('two Posterns on one store count together, within two seconds', async () => {
  const root = await harness.direct();
  await root.query('create database counting_store');
  const { port, user, password } = harness.server;
  const login = `{ host: 127.0.0.1, port: ${port}, database: counting_store, user: ${user}, password: { inline: '${password}' } }`;
  const base = (await readFile(join(harness.folder, 'postern.yaml'), 'utf8')).replace(
    /^(store|trail):.*$/gm,
    '',
  );
  for (const name of ['a', 'b']) {
    const configFile = join(harness.folder, `${name}.yaml`);
    await writeFile(configFile, `${base}\nstore: { postgres: ${login} }\ntrail: { folder: trail-${name} }\n`);
    posterns.push(await startPostern({ configFile, log: 'silent' }));
  }
  const [a, b] = posterns;
  assert.ok(a !== undefined && b !== undefined);
  const who = await agent(a);
  const [atA, atB] = [await session(who, a), await session(who, b)];
  assert.equal((await read(atA, [query('select id from orders limit 120')])).rows, 120);
  assert.equal((await read(atB, [query('select id from orders limit 90')])).rows, 90);
  await sleep(2300);
  assert.deepEqual(await read(atB, [query('select id from orders')]), { rows: 90, paused: true });
  assert.deepEqual(await read(atA, [query('select id from orders limit 10')]), { rows: 10, paused: false });
  await sleep(2300);
  assert.deepEqual(await read(atA, [query('select id from orders limit 10')]), { rows: 0, paused: true });
});
