/** Posterns that listen on one port (`listen.reusePort`), the system spreading connections over them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFile, writeFile } from 'node:fs/promises';
import { freePort } from '../../fixtures/postgres/embedded.ts';
import { startPostern, type Postern } from '../../src/app.ts';
import { startHarness, type Harness } from './harness.ts';
import { addSharedBot, SHARED_BOT, startPosterns } from './posterns.ts';
import { cancel, codesIn, query, RawClient } from './raw-client.ts';

let harness: Harness;
let posterns: Postern[] = [];
let port: number;

before(async () => {
  harness = await startHarness();
  port = await freePort();
  posterns = await startPosterns(harness, ['a', 'b'], (text) =>
    text.replace(/^listen: .*$/m, `listen: { host: 127.0.0.1, port: ${port}, reusePort: true }`),
  );
  await addSharedBot(posterns[0]!);
});
after(async () => {
  for (const postern of posterns) await postern.stop();
  await harness.stop();
});

async function sessionsAt(postern: Postern): Promise<number> {
  const headers = { authorization: `Bearer ${harness.token}` };
  const answer = await fetch(`http://127.0.0.1:${postern.apiPort}/metrics`, { headers });
  return Number(/^postern_sessions (\d+)$/m.exec(await answer.text())?.[1]);
}

test('both get clients, and cancels find the statements of all, wherever the two land', async () => {
  const clients = await Promise.all(
    Array.from({ length: 24 }, () => RawClient.connect({ ...SHARED_BOT, port, minor: 2 })),
  );
  const counts = await Promise.all(posterns.map(sessionsAt));
  assert.equal(counts[0]! + counts[1]!, clients.length);
  // The system picks by a hash of the addresses: all at one is a chance of one in millions.
  assert.ok(
    counts.every((count) => count > 0),
    String(counts),
  );
  for (const client of clients) client.send(query('select pg_sleep(8)'));
  await sleep(300);
  await Promise.all(clients.map((client) => cancel(port, client.key)));
  for (const client of clients) {
    assert.deepEqual(codesIn(await client.until('Z')), ['57014']);
    client.socket.destroy();
  }
});

test('without reusePort the port is taken', async () => {
  const configFile = `${harness.folder}/c.yaml`;
  const text = await readFile(`${harness.folder}/a.yaml`, 'utf8');
  await writeFile(configFile, text.replace(', reusePort: true', '').replace('trail-a', 'trail-c'));
  await assert.rejects(startPostern({ configFile, log: 'silent' }), { code: 'EADDRINUSE' });
});
