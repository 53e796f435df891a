/** A paused result where other things go wrong, too: what must not hang, leak, grow, or end in a lie. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request } from '../../src/approvals/request.ts';
import { SECRET, settled, startHarness, type Harness } from './harness.ts';
import {
  bind,
  codesIn,
  errorsIn,
  execute,
  frame,
  parse,
  query,
  type RawClient,
  rowsIn,
  shape,
  status,
  sync,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

const MiB = 1024 * 1024;
const RULES = `version: 1
masks:
  - { name: ssn, columns: ['*.ssn'], with: redact }
rules:
  - { name: bulk orders, when: { relation: orders, rowsOver: 100 }, then: hold, expires: 20s }
  - { name: exports, when: { action: export }, then: hold, approvers: [stewards] }
  - { name: bulk customers, when: { relation: customers, rowsOver: 50 }, then: hold, expires: 20s }
  - { name: large, when: { relation: large, rowsOver: 1000 }, then: hold, expires: 20s }
  - { name: why, when: { relation: staff, rowsOver: 5 }, then: hold, requireReason: true }
`;

let harness: Harness;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness({ rules: RULES });
  const admin = await harness.direct();
  await admin.query(
    "create table large as select i as id, repeat('x', 1000) as filler from generate_series(1, 20000) i; create table noted (note text)",
  );
});
after(() => harness.stop());

async function pausedAt(client: RawClient, sql: string, rows: number): Promise<Request> {
  client.send(query(sql));
  assert.equal(rowsIn(await client.until('N')).length, rows);
  return harness.nextRequest();
}

test('rows far longer than a chunk are counted once each and cut at none', async () => {
  const client = await raw();
  const sql = "select id, repeat('x', 150000) from orders order by id limit 104";
  const request = await pausedAt(client, sql, 100);
  await harness.decide(request.id, 'approve');
  const rest = await client.until('Z');
  assert.deepEqual(
    rowsIn(rest).map(([id, text]) => [id, text?.length]),
    [101, 102, 103, 104].map((id) => [String(id), 150_000]),
  );
  const masked = await pausedAt(
    client,
    "select id, ssn, repeat('x', 150000) from customers order by id limit 54",
    50,
  );
  await harness.decide(masked.id, 'approve');
  assert.deepEqual(
    rowsIn(await client.until('Z')).map(([id, ssn]) => [id, ssn]),
    [51, 52, 53, 54].map((id) => [String(id), '****']),
  );
});

test('a result of 20 MB that is paused costs no memory and nobody else a thing', async () => {
  const [client, other] = [await raw(), await raw()];
  const used = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const start = used();
  const request = await pausedAt(client, 'select * from large', 1000);
  let most = 0;
  for (let i = 0; i < 10; i += 1) {
    await sleep(50);
    most = Math.max(most, used() - start);
  }
  assert.ok(most < 14 * MiB, `grew by ${Math.round(most / MiB)} MiB`);
  assert.deepEqual(rowsIn(await other.query('select 1')), [['1']]);
  await harness.decide(request.id, 'approve');
  assert.equal(rowsIn(await client.until('Z')).length, 19_000);
});

test('a client that reads slowly is still paused, and gets every row once', async () => {
  const client = await raw();
  client.socket.pause();
  client.send(query('select * from large order by id'));
  const request = await harness.nextRequest();
  await harness.decide(request.id, 'approve');
  await sleep(300);
  client.socket.resume();
  const all = await client.until('Z');
  assert.deepEqual(
    rowsIn(all).map(([id]) => Number(id)),
    Array.from({ length: 20_000 }, (_, i) => i + 1),
  );
});

test('an approval from before it ran says nothing of rows', async () => {
  const client = await raw();
  client.send(query('copy customers (id, ssn) to stdout'));
  await client.until('N');
  const upFront = await harness.nextRequest();
  assert.equal(upFront.rowsSoFar, null);
  await harness.decide(upFront.id, 'approve');
  const some = await client.until('N');
  assert.equal(some.filter((m) => m.type === 'd').length, 50);
  const rest = await harness.nextRequest();
  assert.deepEqual(rest.rules, ['bulk customers']);
  await harness.decide(rest.id, 'deny', 'no');
  const end = await client.until('Z');
  assert.equal(shape(end), 'EZ');
  assert.ok(![...some, ...end].some(({ bytes }) => bytes.includes(SECRET)));
});

test('attack: other rules between the question and the answer void the grant', async () => {
  const client = await raw();
  const request = await pausedAt(client, 'select * from large', 1000);
  await harness.writeRules(`${RULES}\n# changed`);
  await harness.decide(request.id, 'approve');
  assert.match(errorsIn(await client.until('Z'))[0] ?? '', /42501 .*its grant no longer fits/);
  await harness.writeRules(RULES);
});

test('a rule that wants a reason gets it, or the result ends', async () => {
  const client = await raw();
  const mute = await client.query('select id from staff');
  assert.match(errorsIn(mute)[0] ?? '', /ends after 5 rows: .*rule "why" wants to know/);
  const request = await pausedAt(client, 'select id from staff /* reason: the audit */', 5);
  assert.equal(request.statedReason, 'the audit');
  await harness.decide(request.id, 'approve');
  assert.equal(rowsIn(await client.until('Z')).length, 15);
});

test('a database that goes away while a result is paused hangs nobody', async () => {
  const client = await raw();
  const request = await pausedAt(client, 'select * from large', 1000);
  const admin = await harness.direct();
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where query like '%from large%' and pid <> pg_backend_pid()",
  );
  await sleep(100);
  await harness.decide(request.id, 'deny', 'no');
  const end = await client.ended();
  assert.ok(codesIn(end).length > 0, 'it is told why');
});

test('a client that says goodbye while a result is paused leaves no request behind', async () => {
  const client = await raw();
  const request = await pausedAt(client, 'select * from large', 1000);
  client.send(frame('X', ''));
  client.socket.end();
  await settled(harness, request.id, 'withdrawn');
});

test('denied: what was sent ahead behind it, in messages of its own, meets the transaction that failed', async () => {
  const client = await raw();
  await client.query('begin');
  client.send(query('select id from orders'), query("insert into noted values ('ahead')"), query('commit'));
  await client.until('N');
  await harness.decide((await harness.nextRequest()).id, 'deny', 'no');
  assert.equal(status(await client.until('Z')), 'E');
  assert.deepEqual(codesIn(await client.until('Z')), ['25P02']);
  assert.equal(status(await client.until('Z')), 'I');
  assert.deepEqual(rowsIn(await client.query("select count(*) from noted where note = 'ahead'")), [['0']]);
});

test('denied: in the extended protocol, what it and its batch changed is undone', async () => {
  const client = await raw();
  const writes = 'update orders set note = $$denied$$ where id <= 200 returning id';
  const inserts = "insert into noted values ('batch')";
  for (const batch of [
    [parse(inserts), bind(), execute(), parse(writes), bind(), execute(), sync()],
    [parse(writes), bind(), execute(), parse(inserts), bind(), execute(), sync()],
    [
      parse(inserts),
      bind(),
      execute(),
      parse('select id from orders'),
      bind(),
      execute(),
      parse(inserts),
      bind(),
      execute(),
      sync(),
    ],
  ]) {
    client.send(...batch);
    await client.until('N');
    await harness.decide((await harness.nextRequest()).id, 'deny', 'no');
    const end = await client.until('Z');
    assert.deepEqual([codesIn(end), status(end)], [['42501'], 'I']);
  }
  const changed =
    "select (select count(*) from noted where note = 'batch'), (select count(*) from orders where note = 'denied')";
  assert.deepEqual(rowsIn(await client.query(changed)), [['0', '0']]);
});

test('denied: what stands behind it in a pipeline of one batch is kept from the client, the next batch is not', async () => {
  const client = await raw();
  client.send(
    parse('select id from orders'),
    bind(),
    execute(),
    parse('select 5'),
    bind(),
    execute(),
    sync(),
  );
  client.send(parse('select 6'), bind(), execute(), sync());
  await client.until('N');
  await harness.decide((await harness.nextRequest()).id, 'deny', 'no');
  const [first, second] = [await client.until('Z'), await client.until('Z')];
  assert.deepEqual([shape(first), status(first)], ['EZ', 'I']);
  assert.deepEqual(rowsIn(second), [['6']]);
});

test('denied: COPY FROM STDIN behind it in the same message ends the session, for it could never be fed', async () => {
  const client = await raw();
  client.send(query('select id from orders; copy noted from stdin'));
  await client.until('N');
  await harness.decide((await harness.nextRequest()).id, 'deny', 'no');
  assert.match(errorsIn(await client.ended()).join('; '), /FATAL 42501/);
});

test('COPY by the extended protocol is paused, and cancelled', async () => {
  await harness.writeRules(`${RULES.replace(/.*name: exports.*\n/, '')}defaults: { export: allow }\n`);
  const client = await raw();
  client.send(parse('copy large to stdout'), bind(), execute(), sync());
  const some = await client.until('N');
  assert.equal(some.filter((m) => m.type === 'd').length, 1000);
  await harness.decide((await harness.nextRequest()).id, 'deny', 'no');
  assert.equal(shape(await client.until('Z')), 'EZ');
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  await harness.writeRules(RULES);
});
