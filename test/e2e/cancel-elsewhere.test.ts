/** A CancelRequest that lands at a Postern which does not have the session: whole Posterns on one store. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Postern } from '../../src/app.ts';
import { MAX_UNPROVEN_CANCELS_PER_ADDRESS } from '../../src/net/limits.ts';
import { encodeCancelRequest } from '../../src/wire/startup.ts';
import { startHarness, type Harness } from './harness.ts';
import { addSharedBot, SHARED_BOT, startPosterns, STORE_DATABASE } from './posterns.ts';
import { cancel, codesIn, errorsIn, query, RawClient, rowsIn } from './raw-client.ts';

let harness: Harness;
/** `stranger` is on the same store with another mask key. */
let a: Postern, b: Postern, stranger: Postern;
const clients: RawClient[] = [];
let ear: pg.Client;
let overheard: string[] = [];

before(async () => {
  harness = await startHarness();
  const names = ['a', 'b', 'stranger'];
  const started = await startPosterns(harness, names, (text, name) =>
    name === 'stranger' ? text.replaceAll('abab', 'cdcd') : text,
  );
  [a, b, stranger] = started as [Postern, Postern, Postern];
  await addSharedBot(a);
  // As whoever may connect to the store can.
  ear = new pg.Client({ connectionString: harness.server.url(STORE_DATABASE) });
  // The last test takes its database away.
  ear.on('error', () => undefined);
  await ear.connect();
  ear.on('notification', ({ payload = '' }) => overheard.push(payload));
  await ear.query('listen postern_instances');
});
afterEach(() => {
  for (const client of clients.splice(0)) client.socket.destroy();
  overheard = [];
});
after(async () => {
  await ear.end();
  for (const postern of [a, b, stranger]) await postern.stop();
  await harness.stop();
});

async function agentAt(postern: Postern, minor: 0 | 2): Promise<RawClient> {
  const client = await RawClient.connect({ ...SHARED_BOT, port: postern.agentPort, minor });
  clients.push(client);
  return client;
}

async function running(postern: Postern, minor: 0 | 2, seconds = 8): Promise<RawClient> {
  const client = await agentAt(postern, minor);
  client.send(query(`select pg_sleep(${seconds})`));
  await sleep(200);
  return client;
}

/** Sends a CancelRequest and waits until it is closed without a word. */
async function unanswered(postern: Postern, pid: number, key: Buffer): Promise<void> {
  const asking = await RawClient.open(postern.agentPort);
  asking.send(encodeCancelRequest(pid, key));
  await asking.ended();
  assert.deepEqual(asking.messages, []);
}

async function stillRuns(client: RawClient): Promise<void> {
  await sleep(200);
  assert.deepEqual(client.messages, []);
}

async function heard(kind: string): Promise<string[]> {
  await sleep(100);
  return overheard.filter((text) => text.split(' ')[1] === kind);
}

for (const minor of [0, 2] as const) {
  test(`protocol 3.${minor}: what runs at one Postern is cancelled at the other`, async () => {
    const client = await running(a, minor);
    assert.equal(client.key.key.length, minor === 0 ? 4 : 32);
    await cancel(b.agentPort, client.key);
    assert.deepEqual(codesIn(await client.until('Z')), ['57014']);
    assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  });

  test(`protocol 3.${minor}: what is held at one Postern is withdrawn at the other`, async () => {
    const client = await agentAt(a, minor);
    client.send(query(`truncate orders /* 3.${minor} */`));
    await client.until('N');
    const { rows } = await ear.query<{ id: string }>(
      `select id from postern.requests where state = 'pending'`,
    );
    assert.equal(rows.length, 1);
    await cancel(b.agentPort, client.key);
    assert.match(errorsIn(await client.until('Z'))[0] ?? '', /withdrawn: the agent cancelled it/);
    const now = await ear.query<{ state: string }>('select state from postern.requests where id = $1', [
      rows[0]?.id,
    ]);
    assert.equal(now.rows[0]?.state, 'withdrawn');
    assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  });

  test(`protocol 3.${minor}: a wrong key or pid cancels nothing, there as here, and is not answered`, async () => {
    const client = await running(a, minor);
    const other = await agentAt(a, minor);
    const { pid, key } = client.key;
    const wrong = [
      { pid, key: randomBytes(key.length) },
      { pid, key: Buffer.concat([key.subarray(0, -1), Buffer.of(key.at(-1)! ^ 1)]) },
      { pid, key: Buffer.concat([key, Buffer.of(0)]) },
      { pid, key: other.key.key },
      { pid: other.key.pid + 1, key },
      { pid: -pid, key },
    ];
    await Promise.all([a, b].flatMap((postern) => wrong.map((one) => unanswered(postern, one.pid, one.key))));
    await stillRuns(client);
    await cancel(b.agentPort, client.key);
    assert.deepEqual(codesIn(await client.until('Z')), ['57014']);
  });
}

test('who listens on the store learns no key, and nothing to try keys against', async () => {
  const client = await running(a, 0);
  const { pid, key } = client.key;
  await cancel(b.agentPort, { pid, key: Buffer.from(key.map((byte) => byte ^ 0xff)) });
  await cancel(b.agentPort, client.key);
  await client.until('Z');
  const said = overheard.join('\n');
  assert.equal((await heard('ask')).length, 2);
  assert.ok(!said.includes(key.toString('hex')) && !said.includes(key.toString('base64').slice(0, 5)));
  for (const [, , id, at, told, mac] of (await heard('ask')).map((text) => text.split(' '))) {
    for (const text of [`ask ${id} ${at} ${told} `, `${told}`, '']) {
      const plain = createHash('sha256').update(text).update(key).digest('hex');
      assert.notEqual(plain, mac);
    }
  }
});

test('a cancel that was overheard does nothing when it is sent again', async () => {
  const client = await running(a, 2);
  await cancel(b.agentPort, client.key);
  await client.until('Z');
  const [ask] = await heard('ask');
  client.send(query('select pg_sleep(8)'));
  await sleep(200);
  const from = randomBytes(16).toString('hex');
  const [, , id, at, pid, mac] = ask?.split(' ') ?? [];
  const forged = [
    ask,
    `${from} ask ${id} ${at} ${pid} ${mac}`,
    `${from} ask ${from} ${at} ${pid} ${mac}`,
    `${from} ask ${id} ${Number(at) + 1} ${pid} ${mac}`,
    `${from} ask ${id} ${at} ${pid} ${'0'.repeat(64)}`,
    `${from} ask`,
    `${from} ask ${id} ${at} ${pid} ${mac} ${mac}`,
  ];
  for (const text of forged) await ear.query(`select pg_notify('postern_instances', $1)`, [text]);
  await stillRuns(client);
});

test('a Postern with another mask key is noticed, by itself and by the others', async () => {
  for (const postern of [a, b, stranger]) {
    const answer = await fetch(`http://127.0.0.1:${postern.apiPort}/metrics`, {
      headers: { authorization: `Bearer ${harness.token}` },
    });
    assert.match(await answer.text(), /^postern_other_mask_keys 1$/m);
  }
  // Whoever can connect to the store may say what they like, and gets no more of it than this.
  for (let n = 0; n < 40; n += 1) {
    const made = randomBytes(8).toString('hex');
    await ear.query(`select pg_notify('postern_instances', $1)`, [`somebody mask-key ${made}`]);
  }
  await sleep(300);
  assert.ok((await heard('mask-key')).length < 100);
});

test('a Postern with another mask key neither cancels nor can', async () => {
  const client = await running(a, 0);
  const long = await running(a, 2);
  await cancel(stranger.agentPort, client.key);
  await cancel(stranger.agentPort, long.key);
  await stillRuns(client);
  await stillRuns(long);
});

test('made-up keys are not passed on: long ones never, short ones up to a limit; what is meant gets through', async () => {
  await sleep(1000);
  const made = Array.from({ length: 200 }, (_, n) => randomBytes(n % 2 === 0 ? 4 : 32));
  await Promise.all(made.map((key) => unanswered(b, 4242, key)));
  // The flood may straddle two seconds.
  const asks = (await heard('ask')).length;
  assert.ok(asks > 0 && asks <= 2 * MAX_UNPROVEN_CANCELS_PER_ADDRESS, String(asks));
  const client = await running(a, 2);
  await cancel(b.agentPort, client.key);
  assert.deepEqual(codesIn(await client.until('Z')), ['57014']);
});

test('without the store a cancel still reaches what is here, and ends without a word for what is not', async () => {
  const here = await running(b, 0);
  const there = await running(a, 0);
  const root = await harness.direct();
  await root.query(`alter database ${STORE_DATABASE} allow_connections false`);
  await root.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [
    STORE_DATABASE,
  ]);
  await cancel(b.agentPort, here.key);
  assert.deepEqual(codesIn(await here.until('Z')), ['57014']);
  await cancel(b.agentPort, there.key);
  await stillRuns(there);
  await root.query(`alter database ${STORE_DATABASE} allow_connections true`);
});
