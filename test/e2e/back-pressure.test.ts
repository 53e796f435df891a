/** A client that does not read, or reads no answers while it writes, costs bounded memory (I9). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHarness, type Harness } from './harness.ts';
import { bind, errorsIn, execute, parse, query, RawClient, rowsIn, sync } from './raw-client.ts';

let harness: Harness;
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

const MiB = 1024 * 1024;
/** Socket buffers, one chunk each way and the test's own garbage; the results are hundreds of times larger. */
const ALLOWED_GROWTH = 48 * MiB;

function external(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

async function raw(): Promise<RawClient> {
  const { password, postern } = harness;
  return RawClient.connect({ port: postern.agentPort, user: 'bot', password, database: 'shop' });
}

const RESULTS = {
  'an unmasked result': "select repeat('x', 1000) from generate_series(1, 400000)",
  'a masked result': 'select c.email, c.ssn, c.name from customers c, generate_series(1, 20000)',
} as const;

for (const [what, sql] of Object.entries(RESULTS)) {
  test(`${what} that nobody reads`, async () => {
    const [client, other] = [await raw(), await raw()];
    const start = external();
    client.socket.pause();
    client.send(query(sql));
    let most = 0;
    for (let i = 0; i < 15; i += 1) {
      await sleep(100);
      most = Math.max(most, external() - start);
    }
    assert.ok(most < ALLOWED_GROWTH, `grew by ${Math.round(most / MiB)} MiB`);
    assert.deepEqual(rowsIn(await other.query('select 1')), [['1']]);
    client.destroy();
    other.destroy();
  });
}

/** All that comes in answer, as a hash; after pauses long enough to fill the kernel's buffers. */
async function answerOf(client: RawClient, sql: string, pauses: number): Promise<string> {
  const hash = createHash('sha256');
  const ready = Buffer.from('Z\0\0\0\u0005I', 'latin1');
  client.socket.removeAllListeners('data');
  const done = new Promise<void>((resolve) => {
    client.socket.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      if (chunk.subarray(-ready.length).equals(ready)) resolve();
    });
  });
  client.send(query(sql));
  for (let pause = 0; pause < pauses; pause += 1) {
    client.socket.pause();
    await sleep(400);
    client.socket.resume();
    await sleep(10);
  }
  await done;
  client.destroy();
  return hash.digest('hex');
}

const ROWS = 'i, repeat(md5(i::text), 30) from generate_series(1, 40000) i';

test('clients that stop and go read what the server sent, byte for byte', async () => {
  const { port, user, password } = harness.server;
  const direct = await RawClient.connect({ port, user, password, database: 'shop' });
  const sent = await answerOf(direct, `select ${ROWS}`, 0);
  const clients = await Promise.all(Array.from({ length: 3 }, raw));
  const read = await Promise.all(clients.map((client, i) => answerOf(client, `select ${ROWS}`, 2 * i)));
  assert.deepEqual(read, [sent, sent, sent]);
});

test('clients that stop and go read masked rows as one that does not stop', async () => {
  const sql = `select c.ssn, ${ROWS}, customers c where c.id = 1`;
  const all = await answerOf(await raw(), sql, 0);
  const clients = await Promise.all(Array.from({ length: 3 }, raw));
  const read = await Promise.all(clients.map((client, which) => answerOf(client, sql, 2 * which)));
  assert.deepEqual(read, [all, all, all]);
});

test('statements without end from a client that reads no answers', async () => {
  const client = await raw();
  client.socket.pause();
  const batch = Buffer.concat(
    Array.from({ length: 2_000 }, () =>
      Buffer.concat([parse("select repeat('x', 1000)"), bind(), execute(), sync()]),
    ),
  );
  const start = external();
  let taken = 0;
  for (let i = 0; i < 400 && client.socket.writableLength < 8 * MiB; i += 1) {
    client.socket.write(batch);
    taken += batch.length;
    await sleep(5);
  }
  await sleep(300);
  const growth = external() - start - client.socket.writableLength;
  assert.ok(
    growth < ALLOWED_GROWTH,
    `grew by ${Math.round(growth / MiB)} MiB after ${Math.round(taken / MiB)} MiB`,
  );
  client.destroy();
});

test('a masked row too long to be masked is withheld, and one that passes is not bounded', async () => {
  const client = await raw();
  const long = await client.query("select repeat('x', 20000000)");
  assert.equal(long.find((m) => m.type === 'D')?.bytes.length, 20_000_000 + 11);
  client.send(query("select ssn, repeat('x', 20000000) from customers limit 1"));
  const answer = await client.ended();
  assert.match(errorsIn(answer).at(-1) ?? '', /^FATAL 42501 .*maxMaskedRowBytes/);
});
