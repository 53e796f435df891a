/** `rowsOver`: a read that gives more rows is paused where it is, and goes on or ends as somebody decides. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request } from '../../src/approvals/request.ts';
import { SECRET, settled, startHarness, type Harness } from './harness.ts';
import {
  bind,
  cancel,
  codesIn,
  describe,
  errorsIn,
  execute,
  flush,
  parse,
  query,
  type RawClient,
  rowsIn,
  shape,
  status,
  sync,
  type Message,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

const RULES = `version: 1
masks:
  - { name: ssn, columns: ['*.ssn'], with: redact }
  - { name: contact, columns: [public.customers.email], with: { partial: { keepLast: 2 } } }
rules:
  - { name: bulk orders, when: { relation: orders, rowsOver: 100 }, then: hold, expires: 20s }
  - { name: bulk customers, when: { action: read, relation: customers, rowsOver: 50 }, then: hold, expires: 20s }
  - { name: large, when: { relation: large, rowsOver: 1000 }, then: hold, approvers: [stewards], expires: 20s }
  - { name: far too large, when: { relation: large, rowsOver: 150000 }, then: deny }
  - { name: quick, when: { relation: staff, rowsOver: 5 }, then: hold, expires: 1s }
defaults: { export: allow, code: allow, laundering: allow }
`;

let harness: Harness;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness({
    rules: RULES,
    limits: '{ maxDenials: 1000, maxPendingRequestsPerAgent: 3 }',
  });
  const admin = await harness.direct();
  await admin.query(`create table large as select i as id, repeat('x', 200) as filler from generate_series(1, 200000) i;
    create table noted (note text);
    create function all_orders() returns refcursor language plpgsql as
      $$ declare c refcursor := 'from code'; begin open c for select id from orders order by id; return c; end $$`);
});
after(() => harness.stop());

/** What came up to the pause, and the request. */
async function paused(client: RawClient): Promise<{ so: Message[]; request: Request }> {
  const so = await client.until('N');
  const request = await harness.nextRequest();
  assert.deepEqual(await client.quiet(60), [], 'nothing passes while it is paused');
  return { so, request };
}

const ids = (messages: readonly Message[]): number[] => rowsIn(messages).map(([id]) => Number(id));
const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, i) => i + from);
const running = async (): Promise<number> => {
  const admin = await harness.direct();
  const { rows } = await admin.query(
    "select count(*)::int as n from pg_stat_activity where state = 'active' and query like '%large%' and pid <> pg_backend_pid()",
  );
  return rows[0].n;
};

test('approved, a result goes on exactly where it was paused', async () => {
  const client = await raw();
  client.send(query('select id, note from orders order by id'));
  const { so, request } = await paused(client);
  assert.deepEqual(ids(so), upTo(100));
  assert.equal(shape(so).replaceAll('D', ''), 'TN');
  assert.equal(request.rowsSoFar, 100);
  assert.deepEqual(request.rules, ['bulk orders']);
  assert.match(request.actions.at(-1)?.reason ?? '', /has given 100 rows: after 100 more need approval/);
  assert.equal(request.inTransaction, false);
  assert.ok((request.estimate?.rows ?? 0) > 100, 'the planner was asked');
  await harness.decide(request.id, 'approve');
  const rest = await client.until('Z');
  assert.deepEqual(ids(rest), upTo(500, 101));
  assert.equal(shape(rest).replaceAll('D', ''), 'CZ');
  assert.equal((await harness.request(request.id)).state, 'spent');
  const trail = await harness.trail();
  assert.match(trail, new RegExp(`request_created.*${request.id}.*"rows_so_far":100`));
  // one grant for one statement
  client.send(query('select id, note from orders order by id'));
  const again = await paused(client);
  assert.notEqual(again.request.id, request.id);
  await harness.decide(again.request.id, 'approve');
  assert.equal(ids(await client.until('Z')).length, 400);
});

test('as many rows as the limit pass without anybody being asked', async () => {
  const client = await raw();
  assert.equal(rowsIn(await client.query('select * from orders limit 100')).length, 100);
  assert.equal(rowsIn(await client.query('select * from customers limit 50')).length, 50);
  assert.equal(rowsIn(await client.query('select count(*) from orders')).length, 1);
});

test('denied, a long result is cancelled at the database, and the session goes on', async () => {
  const client = await raw();
  client.send(query('select * from large'));
  const { so, request } = await paused(client);
  assert.equal(rowsIn(so).length, 1000);
  assert.equal(await running(), 1, 'the database is held up by back-pressure');
  await harness.decide(request.id, 'deny', 'that is the whole table');
  const rest = await client.until('Z');
  assert.equal(shape(rest), 'EZ');
  assert.match(
    errorsIn(rest)[0] ?? '',
    /42501 the result ends after 1000 rows: request \S+ was denied by dana: that is the whole table/,
  );
  assert.equal(status(rest), 'I');
  assert.equal(await running(), 0);
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
});

test('denied, a short result that the database had finished ends the same way', async () => {
  const client = await raw();
  client.send(query('select id from orders'));
  const { request } = await paused(client);
  await harness.decide(request.id, 'deny', 'no');
  const rest = await client.until('Z');
  assert.equal(shape(rest), 'EZ');
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
});

for (const [what, table] of [
  ['short', 'orders'],
  ['long', 'large'],
] as const) {
  test(`denied in a transaction, a ${what} result fails it`, async () => {
    const client = await raw();
    await client.query(`begin; insert into noted values ('${what}')`);
    client.send(query(`select * from ${table}`));
    const { request } = await paused(client);
    assert.equal(request.inTransaction, true);
    await harness.decide(request.id, 'deny', 'no');
    const rest = await client.until('Z');
    assert.equal(status(rest), 'E');
    assert.deepEqual(codesIn(await client.query('select 1')), ['25P02']);
    assert.equal(status(await client.query('commit')), 'I');
    assert.deepEqual(rowsIn(await client.query(`select count(*) from noted where note = '${what}'`)), [
      ['0'],
    ]);

    await client.ask(parse('begin'), bind(), execute(), sync());
    client.send(parse(`select * from ${table}`), bind(), execute(), sync());
    const { request: second } = await paused(client);
    await harness.decide(second.id, 'deny', 'no');
    const answer = await client.until('Z');
    assert.deepEqual([codesIn(answer), status(answer)], [['42501'], 'E']);
    await client.query('rollback');
    assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  });
}

test('several statements in one message are counted each by itself', async () => {
  const client = await raw();
  client.send(
    query(
      'select id from orders limit 90; select id from orders order by id; select 7; select id from orders limit 100',
    ),
  );
  const { so, request } = await paused(client);
  assert.equal(rowsIn(so).length, 190);
  assert.equal(request.rowsSoFar, 100);
  await harness.decide(request.id, 'approve');
  const rest = await client.until('Z');
  assert.equal(rowsIn(rest).length, 400 + 1 + 100);
  client.send(query('select * from large; select 8'));
  const second = await paused(client);
  await harness.decide(second.request.id, 'deny', 'no');
  assert.equal(shape(await client.until('Z')), 'EZ');
  // finished by the database: what comes behind is kept from the client too
  client.send(query('select id from orders; select 9; select 1/0'));
  const third = await paused(client);
  await harness.decide(third.request.id, 'deny', 'no');
  assert.equal(shape(await client.until('Z')), 'EZ');
});

test('masked rows are paused and go on masked', async () => {
  const client = await raw();
  client.send(query('select id, email, ssn, name from customers order by id'));
  const { so, request } = await paused(client);
  assert.deepEqual(ids(so), upTo(50));
  await harness.decide(request.id, 'approve');
  const rest = await client.until('Z');
  assert.deepEqual(ids(rest), upTo(200, 51));
  assert.ok(![...so, ...rest].some(({ bytes }) => bytes.includes(SECRET)));
  assert.deepEqual(rowsIn(rest)[0]?.[2], '****');
});

test('a limit behind a limit asks again, and one that denies ends the result', async () => {
  const client = await raw();
  client.send(query('select id from large order by id'));
  const { request } = await paused(client);
  assert.deepEqual(request.approverGroups, [['stewards']]);
  await harness.decide(request.id, 'approve');
  const rest = await client.until('Z');
  assert.deepEqual(ids(rest), upTo(150_000, 1001));
  assert.match(errorsIn(rest)[0] ?? '', /ends after 150000 rows: .*far too large/);
  assert.match(await harness.trail(), /statement_denied.*far too large/);
});

test('the extended protocol: pipelined, in binary, and by portals that are resumed', async () => {
  const client = await raw();
  client.send(
    parse('select id from orders order by id'),
    bind({ resultFormats: [1] }),
    describe('P'),
    execute(),
    parse('select 5'),
    bind(),
    execute(),
    sync(),
  );
  const { so, request } = await paused(client);
  assert.equal(shape(so).replaceAll('D', ''), '12TN');
  await harness.decide(request.id, 'approve');
  const rest = await client.until('Z');
  assert.equal(shape(rest), `${'D'.repeat(400)}C12DCZ`);

  await client.query('begin');
  client.send(
    parse('select id from orders order by id'),
    bind({ portal: 'p' }),
    execute('p', 40),
    execute('p', 40),
    execute('p', 40),
    flush(),
  );
  const second = await paused(client);
  assert.equal(rowsIn(second.so).length, 100, 'counted over the life of the portal');
  assert.equal(second.request.rowsSoFar, 100);
  await harness.decide(second.request.id, 'approve');
  const more = await client.until('s');
  assert.deepEqual(ids(more), upTo(120, 101));
  client.send(execute('p', 0), sync());
  assert.deepEqual(ids(await client.until('Z')), upTo(500, 121), 'approved once for the portal');
  await client.query('rollback');
});

test('the extended protocol: denied without a Sync, everything is skipped up to it', async () => {
  const client = await raw();
  client.send(parse('select id from orders'), bind(), execute(), flush());
  const { request } = await paused(client);
  await harness.decide(request.id, 'deny', 'no');
  assert.deepEqual(codesIn(await client.until('E')), ['42501']);
  client.send(parse("insert into noted values ('skipped')"), bind(), execute(), sync());
  const rest = await client.until('Z');
  assert.deepEqual([shape(rest), status(rest)], ['Z', 'I']);
  assert.deepEqual(rowsIn(await client.query("select count(*) from noted where note = 'skipped'")), [['0']]);
});

for (const options of ['', ' with (format csv, header)', ' with (format binary)']) {
  test(`COPY TO STDOUT${options}: paused by its rows, and goes on or is cancelled`, async () => {
    const client = await raw();
    client.send(query(`copy (select id, note from orders order by id) to stdout${options}`));
    const { so, request } = await paused(client);
    assert.equal(so.filter((m) => m.type === 'd').length, 100);
    await harness.decide(request.id, 'approve');
    const rest = await client.until('Z');
    assert.match(shape(rest), /^d{400,402}cCZ$/);
    client.send(query(`copy large to stdout${options}`));
    const second = await paused(client);
    await harness.decide(second.request.id, 'deny', 'no');
    assert.equal(shape(await client.until('Z')), 'EZ');
    assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  });
}

test('COPY of masked rows is paused and stays masked', async () => {
  await harness.writeRules(RULES.replace('action: read, relation: customers', 'relation: customers'));
  const client = await raw();
  client.send(query('copy customers (id, ssn) to stdout'));
  const { so, request } = await paused(client);
  assert.equal(so.filter((m) => m.type === 'd').length, 50);
  await harness.decide(request.id, 'approve');
  const all = [...so, ...(await client.until('Z'))];
  assert.equal(all.filter((m) => m.type === 'd').length, 200);
  assert.ok(!all.some(({ bytes }) => bytes.includes(SECRET)));
  await harness.writeRules(RULES);
});

test('rows of a write with RETURNING, of FETCH, EXECUTE and EXPLAIN ANALYZE count as what they read', async () => {
  const client = await raw();
  const stops = async (sql: string, rows: number): Promise<void> => {
    client.send(query(sql));
    const { so, request } = await paused(client);
    assert.equal(rowsIn(so).length, rows, sql);
    await harness.decide(request.id, 'deny', 'no');
    await client.until('Z');
    await client.query('rollback');
  };
  await stops('begin; update customers set age = age where id > 0 returning id', 50);
  await client.query('begin; declare c cursor for select id from orders');
  assert.equal(rowsIn(await client.query('fetch 100 from c')).length, 100);
  await stops('fetch all from c', 100);
  await client.query('declare held cursor with hold for select id from orders');
  await stops('fetch all from held', 100);
  await client.query('close held; prepare s as select id from orders');
  await stops('execute s', 100);
  // a cursor that code opened may be any: every rule about the agent counts, the strictest first
  await client.query('begin; select all_orders()');
  await stops('fetch all from "from code"', 5);
});

test('nobody decides: the result ends with the time', async () => {
  const client = await raw();
  client.send(query('select id from staff'));
  const { request } = await paused(client);
  const rest = await client.until('Z');
  assert.match(
    errorsIn(rest)[0] ?? '',
    /57014 the result ends after 5 rows: request \S+ was not decided within 1 seconds/,
  );
  assert.equal((await harness.request(request.id)).state, 'expired');
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
});

test('Ctrl-C while it is paused withdraws the request and ends the result', async () => {
  const client = await raw();
  client.send(query('select * from large'));
  const { request } = await paused(client);
  await cancel(harness.postern.agentPort, client.key);
  const rest = await client.until('Z');
  assert.match(errorsIn(rest)[0] ?? '', /57014 .*withdrawn: the agent cancelled it/);
  assert.equal((await harness.request(request.id)).state, 'withdrawn');
  assert.equal(await running(), 0);
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
});

test('a client that goes away while it is paused: the request is withdrawn, the statement cancelled', async () => {
  const client = await raw();
  client.send(query('select * from large'));
  const { request } = await paused(client);
  client.destroy();
  await settled(harness, request.id, 'withdrawn');
  for (let tries = 0; tries < 40 && (await running()) > 0; tries += 1) await sleep(25);
  assert.equal(await running(), 0);
});

test('attack: many sessions are paused at once: those over the limit of requests end', async () => {
  const many = await Promise.all(Array.from({ length: 8 }, raw));
  for (const client of many) client.send(query('select * from large'));
  const refused = await Promise.all(
    many.map((client) => Promise.race([client.until('Z').then(errorsIn), sleep(1500, null)])),
  );
  const ended = refused.flatMap((errors) => errors ?? []);
  assert.equal(ended.length, 5);
  for (const error of ended) assert.match(error, /ends after 1000 rows: .*over the limit of 3/);
  assert.equal(await running(), 3);
});

test('return mode: the result ends with the id, and sent again once approved it gives all', async () => {
  const client = await raw();
  await client.query("set postern.hold = 'return'");
  const sql = 'select id from orders order by id';
  const first = await client.query(sql);
  assert.equal(rowsIn(first).length, 100);
  const id =
    /55P03 the result ends after 100 rows: request (\S+) waits/.exec(errorsIn(first)[0] ?? '')?.[1] ?? '';
  assert.equal((await harness.nextRequest()).id, id);
  assert.match(
    errorsIn(await client.query(sql))[0] ?? '',
    new RegExp(id),
    'one request however often it is sent',
  );
  await harness.decide(id, 'approve');
  // not this grant: it is bound to the limit, the text, and the parameters
  const other = await client.query(`${sql} `);
  assert.deepEqual(codesIn(other), ['55P03']);
  await harness.decide((await harness.nextRequest()).id, 'deny', 'no');
  const all = await client.query(sql);
  assert.deepEqual([ids(all), codesIn(all)], [upTo(500), []]);
  assert.equal((await harness.request(id)).state, 'spent');
});

test('what the client sends while it is paused is answered in turn', async () => {
  const client = await raw();
  client.send(query('select id from orders'));
  const { request } = await paused(client);
  client.send(query('select 42'), query('select id from orders limit 1'));
  assert.deepEqual(await client.quiet(60), []);
  await harness.decide(request.id, 'approve');
  assert.equal(rowsIn(await client.until('Z')).length, 400);
  assert.deepEqual(rowsIn(await client.until('Z')), [['42']]);
  await client.until('Z');
});

test('shutting down while it is paused ends the session and withdraws the request', async () => {
  const client = await raw();
  client.send(query('select * from large'));
  const { request } = await paused(client);
  const began = Date.now();
  await harness.restartPostern();
  assert.ok(Date.now() - began < 10_000);
  assert.match((await client.ended()).map((m) => m.type).join(''), /E/);
  assert.equal((await harness.request(request.id)).state, 'withdrawn');
});
