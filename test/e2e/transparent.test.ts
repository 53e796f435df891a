/** What drivers and PostgreSQL's own suite found that a client could tell from the database itself. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { startHarness, type Harness } from './harness.ts';

let harness: Harness;
before(async () => {
  harness = await startHarness({ rules: 'version: 1\ndefaults: { ddl: allow, code: allow }\n' });
});
after(() => harness.stop());

test('a syntax error is told in the words of PostgreSQL, to the client and to nobody else', async () => {
  const direct = await harness.direct();
  const client = await harness.agent();
  for (const text of ["select 'a' 'zqxLITERAL'", 'selec 1', 'select (1', "select U&'\\d'", 'select 1 from']) {
    const expected = (await direct.query(text).catch((e: unknown) => e)) as Error & { position: string };
    const found = (await client.query(text).catch((e: unknown) => e)) as Error & { position: string };
    assert.ok(expected instanceof Error, text);
    assert.deepEqual([found.message, found.position], [expected.message, expected.position], text);
  }
  assert.ok(!(await harness.trail()).includes('zqxLITERAL'));
});

test('a notification of the session itself has the pid the client was given', async () => {
  const client = await harness.agent();
  const heard = new Promise<number>((resolve) => {
    client.once('notification', (n) => resolve(n.processId));
  });
  await client.query('listen news; notify news');
  assert.equal(await heard, (client as unknown as { processID: number }).processID);
});

test('a failed transaction with DDL in it says that it has failed', async () => {
  const client = await harness.agent();
  await client.query('begin');
  await client.query('create table made_here (i int)');
  await assert.rejects(client.query('select 1/0'));
  const aborted = { code: '25P02', message: /current transaction is aborted/ };
  await assert.rejects(client.query('select 1'), aborted);
  await assert.rejects(client.query('select $1::int', [1]), aborted);
  await client.query('rollback');
});

test('a cancel that comes while the catalog is read still reaches its statement', async () => {
  const client = await harness.agent();
  const blocker = await harness.direct();
  await blocker.query('begin; lock table pg_catalog.pg_class in access exclusive mode');
  await client.query('do $$ begin end $$');
  const slow = client.query('select pg_sleep(5)').then(
    () => 'ran',
    (error: { code: string }) => error.code,
  );
  await sleep(200);
  const cancelled = cancel(client);
  await sleep(200);
  await blocker.query('rollback');
  await cancelled;
  assert.equal(await slow, '57014');
});

/** As a driver does: on a connection of its own, with the key the session was given. */
function cancel(client: pg.Client): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const request = Buffer.alloc(16);
  [16, 80_877_102, processID, secretKey].forEach((value, i) => request.writeInt32BE(value, i * 4));
  return new Promise((resolve) => {
    const socket = connect(harness.postern.agentPort, '127.0.0.1', () => socket.end(request));
    socket.on('close', () => resolve());
    socket.resume();
  });
}
