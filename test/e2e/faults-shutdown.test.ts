/** SIGTERM under load: what runs may finish, what waits is told, nobody new gets in. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { verifyTrail } from '../../src/audit/verify.ts';
import { startHarness, type Harness } from './harness.ts';

const running: Harness[] = [];
async function start(limits: string): Promise<Harness> {
  const harness = await startHarness({ limits });
  running.push(harness);
  return harness;
}
after(async () => {
  for (const harness of running) await harness.stop();
});

type Told = Error & { code?: string };

test('a drain lets statements finish, withdraws what is held, and refuses the new', async () => {
  const harness = await start('{ shutdownGraceMs: 10000 }');
  const [busy, holding, idle, inside] = await Promise.all(Array.from({ length: 4 }, () => harness.agent()));
  const effect = busy!.query("insert into orders select 9001, 1, pg_sleep(1.5)::text::numeric, 'late'");
  const ran = busy!.query("select 'done' as what, pg_sleep(1.2)").then(
    ({ rows }) => (rows as { what: string }[])[0]?.what,
    (error: Told) => error.code,
  );
  effect.catch(() => undefined);
  await inside!.query('begin');
  await inside!.query("update orders set note = 'never committed' where id = 2");
  const held = holding!.query('drop table orders').catch((error: Told) => error);
  const request = await harness.nextRequest();
  const idleEnd = new Promise<Told>((resolve) => idle!.on('error', resolve));
  const stopping = harness.postern.stop();
  assert.equal(((await held) as Told).code, '57P01');
  assert.equal((await idleEnd).code, '57P01');
  await assert.rejects(harness.agent());
  // The transaction is in the middle of its work: it may go on, within the limit.
  assert.equal((await inside!.query('select 1')).rowCount, 1);
  await inside!.query('rollback');
  assert.ok(['done', '57P01'].includes((await ran) ?? ''));
  await stopping;
  const { rows } = await (
    await harness.direct()
  ).query("select note from orders where note = 'never committed'");
  assert.equal(rows.length, 0);
  const trail = await harness.trail();
  assert.ok(trail.includes(`"${request.id}"`) && trail.includes('"kind":"request_withdrawn"'));
  assert.ok((await verifyTrail(join(harness.folder, 'trail'))).ok);
});

test('a statement that outlasts the limit is ended with a reason, and cancelled at the database', async () => {
  const harness = await start('{ shutdownGraceMs: 300 }');
  const agent = await harness.agent();
  const long = agent.query('select pg_sleep(60)').catch((error: Told) => error);
  await sleep(200);
  const from = performance.now();
  await harness.postern.stop();
  assert.ok(performance.now() - from < 8000);
  assert.equal(((await long) as Told).code, '57P01');
  const direct = await harness.direct();
  for (let tries = 0; ; tries += 1) {
    const left = await direct.query("select 1 from pg_stat_activity where query like 'select pg_sleep(60)%'");
    if (left.rowCount === 0) break;
    assert.ok(tries < 60, 'it still runs');
    await sleep(50);
  }
});

test('a stop under load ends every client with its answer or a reason, and no effect is lost', async () => {
  const harness = await start('{ shutdownGraceMs: 5000 }');
  await (await harness.direct()).query('create table counted (id int)');
  await sleep(200);
  let acknowledged = 0;
  const clients = await Promise.all(Array.from({ length: 8 }, () => harness.agent()));
  const ends = clients.map(async (client, which) => {
    for (let i = 0; ; i += 1) {
      const error = await client.query('insert into counted values ($1)', [which * 100_000 + i]).then(
        () => null,
        (failure: Told) => failure,
      );
      if (error !== null) return error;
      acknowledged += 1;
    }
  });
  await sleep(500);
  await harness.postern.stop();
  for (const error of await Promise.all(ends))
    assert.ok(error.code === '57P01' || /terminated|closed|not queryable/.test(error.message), String(error));
  const { rows } = await (
    await harness.direct()
  ).query('select count(*)::int as all, count(distinct id)::int as kinds from counted');
  const [{ all, kinds }] = rows as [{ all: number; kinds: number }];
  assert.equal(all, kinds);
  assert.ok(acknowledged > 0 && all >= acknowledged && all <= acknowledged + clients.length);
});
