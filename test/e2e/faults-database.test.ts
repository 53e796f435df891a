/** The database dies, freezes or dawdles in the middle of a result: no hang, no loss, and a clear error. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHarness, type Harness } from './harness.ts';
import { cancel, codesIn, errorsIn, query, RawClient, rowsIn } from './raw-client.ts';

const BIG = "select i, repeat('x', 200) from generate_series(1, 50000) i";
const CONNECT_TIMEOUT_MS = 700;

let harness: Harness;
before(async () => {
  harness = await startHarness({ limits: `{ upstreamConnectTimeoutMs: ${CONNECT_TIMEOUT_MS} }` });
});
after(() => harness.stop());

async function raw(): Promise<RawClient> {
  const { password, postern } = harness;
  return RawClient.connect({ port: postern.agentPort, user: 'bot', password, database: 'shop' });
}

async function backend(client: RawClient): Promise<number> {
  return Number(rowsIn(await client.query('select pg_backend_pid()'))[0]?.[0]);
}

/** Begins a big result and stops reading it after its first rows. */
async function midRow(client: RawClient): Promise<void> {
  client.send(query(BIG));
  await client.wait(() => client.messages.some(({ type }) => type === 'D'));
}

test('a server process frozen in the middle of a result: others go on, and it goes on where it was', async () => {
  const [client, other] = [await raw(), await raw()];
  const pid = await backend(client);
  await midRow(client);
  process.kill(pid, 'SIGSTOP');
  try {
    for (let i = 0; i < 10; i += 1) assert.deepEqual(rowsIn(await other.query(`select ${i}`)), [[String(i)]]);
    (await raw()).destroy();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const answer = await client.until('Z');
  assert.equal(rowsIn(answer).length, 50_000);
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  client.destroy();
  other.destroy();
});

test('a client that leaves a frozen server process leaves no session behind', async () => {
  const client = await raw();
  const pid = await backend(client);
  await midRow(client);
  process.kill(pid, 'SIGSTOP');
  client.destroy();
  await sleep(200);
  process.kill(pid, 'SIGCONT');
  await gone(pid);
});

test('rows that come slowly are passed on as they come, and a cancel ends them', async () => {
  const client = await raw();
  const slow = "select i, repeat('x', 9000), pg_sleep(0.1) from generate_series(1, 600) i";
  client.send(query(slow));
  await client.wait(() => client.messages.filter(({ type }) => type === 'D').length >= 3);
  await cancel(harness.postern.agentPort, client.key);
  const answer = await client.until('Z');
  assert.deepEqual(codesIn(answer), ['57014']);
  client.destroy();
});

test('a cancel does not outrun its statement to a server process that is slow to take it up', async () => {
  const client = await raw();
  const pid = await backend(client);
  for (let i = 0; i < 5; i += 1) {
    process.kill(pid, 'SIGSTOP');
    client.send(query('select pg_sleep(20)'));
    const cancelled = cancel(harness.postern.agentPort, client.key);
    await sleep(20);
    process.kill(pid, 'SIGCONT');
    await cancelled;
    assert.deepEqual(codesIn(await client.until('Z')), ['57014']);
  }
  client.destroy();
});

test('a server process that is ended in the middle of a result says so itself', async () => {
  const client = await raw();
  const pid = await backend(client);
  const direct = await harness.direct();
  client.send(query("select i, repeat('x', 9000), pg_sleep(0.05) from generate_series(1, 600) i"));
  await client.wait(() => client.messages.some(({ type }) => type === 'D'));
  await direct.query('select pg_terminate_backend($1)', [pid]);
  assert.deepEqual(codesIn(await client.ended()), ['57P01']);
});

test('a frozen server: new sessions are refused in time, old ones wait and then get their answer', async () => {
  const client = await raw();
  const pids = [harness.server.pid, await backend(client)];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const asked = client.query('select 7');
  try {
    const from = performance.now();
    await assert.rejects(harness.agent(), { code: '08006' });
    assert.ok(performance.now() - from < CONNECT_TIMEOUT_MS + 2000);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
  assert.deepEqual(rowsIn(await asked), [['7']]);
  client.destroy();
});

test('an effect is neither lost nor doubled when its server process freezes', async () => {
  const client = await raw();
  const pid = await backend(client);
  process.kill(pid, 'SIGSTOP');
  const written = client.query("update orders set note = note || '+' where id = 1");
  await sleep(300);
  process.kill(pid, 'SIGCONT');
  assert.deepEqual(codesIn(await written), []);
  const { rows } = await (await harness.direct()).query('select note from orders where id = 1');
  assert.deepEqual(rows, [{ note: 'note 1+' }]);
  client.destroy();
});

test('a server killed in the middle of a row ends the session, and nothing is taken for the rest of the row', async () => {
  const client = await raw();
  const chunks: Buffer[] = [];
  client.socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  client.send(query("select i, repeat('x', 9000), pg_sleep(0.05) from generate_series(1, 600) i"));
  await client.wait(() => client.messages.some(({ type }) => type === 'D'));
  await harness.server.kill();
  const whole = await client.ended();
  const all = Buffer.concat(chunks);
  const rest = all.subarray(whole.reduce((sum, { bytes }) => sum + bytes.length, 0));
  // Servers send 8 KiB at a time, so the last row is not whole, and there is no place for an error.
  assert.match(rest.toString('latin1'), /^D[^]{6}[^]{4}\d+[^]{4}x+$/);
  assert.deepEqual(errorsIn(whole), []);
  await assert.rejects(harness.agent(), { code: '08006' });
});

async function gone(pid: number): Promise<void> {
  const direct = await harness.direct();
  for (let tries = 0; tries < 100; tries += 1) {
    const { rowCount } = await direct.query('select 1 from pg_stat_activity where pid = $1', [pid]);
    if (rowCount === 0) return;
    await sleep(50);
  }
  assert.fail('the session is still there');
}
