/** Time-boxed grants: what is granted is seen, by whom, for how long and in how many rows, and never more (I3, I4). */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { GrantView } from '../../src/api/views.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import { bind, describe, execute, flush, parse, query, RawClient, sync, text } from './raw-client.ts';
import { RULES, SECRET, startHarness, type Harness } from './harness.ts';

let harness: Harness;
before(async () => {
  harness = await startHarness({ limits: '{ maxGrantRows: 1000000 }' });
  const admin = await harness.direct();
  await admin.query(`
    create table big (id int primary key, email text, pad text);
    insert into big select i, '${SECRET}' || i || '@example.com', repeat('x', 1000) from generate_series(1, 60000) i;
    create table parent (id int, ssn text); create table child () inherits (parent);
    insert into child values (1, '${SECRET}child');
    create table parts (id int, ssn text) partition by list (id);
    create table part1 partition of parts for values in (1); create table part2 partition of parts for values in (2);
    insert into parts values (1, '${SECRET}one'), (2, '${SECRET}two');
    create view mails as select id, email from customers;
    create view all_mails as select string_agg(email, ',') as email from customers;`);
  await harness.writeRules(GRANT_RULES);
  await harness.restartPostern();
});
after(() => harness.stop());

const GRANT_RULES = RULES.replace('[public.customers.email,', '[public.big.email, public.customers.email,');

let agent: pg.Client;
let ids: string[] = [];
beforeEach(async () => {
  for (const id of ids) await call('POST', `/v1/grants/${id}/revoke`, { reason: 'the next test' });
  ids = [];
  agent = await harness.agent();
});

/** A grant, or a refusal; a test that looks at the wrong one fails by itself. */
type Answer = {
  readonly status: number;
  readonly body: GrantView & { readonly error: { readonly code: string } };
};

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(harness.api + path, {
    method,
    headers: { authorization: `Bearer ${harness.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function grant(columns: string[], changes: object = {}): Promise<GrantView> {
  const asked = {
    agent: 'bot',
    columns,
    forMs: 60_000,
    maxRows: 1000,
    reason: 'the test says so',
    ...changes,
  };
  const { status, body } = await call('POST', '/v1/grants', asked);
  assert.equal(status, 201, JSON.stringify(body));
  ids.push(body.id);
  return body;
}

const EMAIL = 'public.customers.email';
const shows = (rows: unknown): number => JSON.stringify(rows).split(SECRET).length - 1;

async function stillMasked(client = agent): Promise<void> {
  const { rows } = await client.query('select email, phone, ssn from customers where id = 1');
  assert.equal(shows(rows), 0, JSON.stringify(rows));
}

test('granted columns come back as they are, in either protocol, until the grant is revoked', async () => {
  await stillMasked();
  const { id, state } = await grant([EMAIL]);
  assert.equal(state, 'active');
  const simple = await agent.query('select id, email, phone, ssn from customers where id < 4 order by id');
  assert.equal(simple.rows[0].email, `${SECRET}1@example.com`);
  assert.equal(shows(simple.rows), 3, 'email and nothing else');
  const named = { name: 'p', text: 'select email from customers where id = $1', values: [2] };
  for (let i = 0; i < 3; i += 1)
    assert.equal((await agent.query(named)).rows[0].email, `${SECRET}2@example.com`);
  assert.equal((await call('POST', `/v1/grants/${id}/revoke`, { reason: 'done' })).status, 200);
  await stillMasked();
  assert.equal(shows((await agent.query(named)).rows), 0);
  const { body } = await call('GET', `/v1/grants/${id}`);
  assert.deepEqual([body.state, body.ended?.by, body.ended?.reason], ['revoked', 'dana', 'done']);
  assert.equal(
    (await call('POST', `/v1/grants/${id}/revoke`, { reason: 'again' })).body.error.code,
    'grant-over',
  );
  for (let i = 0; i < 100; i += 1) {
    const { rowsShown, rowsReserved } = (await call('GET', `/v1/grants/${id}`)).body;
    if (rowsShown === 6 && rowsReserved === 6) return;
    await sleep(20);
  }
  assert.fail('what was shown was not counted');
});

test('exactly as many rows as were granted, then a clear error; the session goes on, masked', async () => {
  for (const maxRows of [1, 7, 100, 1001]) {
    const { id } = await grant(['public.big.email'], { maxRows });
    const seen: string[] = [];
    const { stream } = (agent as unknown as { connection: { stream: import('node:net').Socket } }).connection;
    const listen = (chunk: Buffer): number => seen.push(chunk.toString('latin1'));
    stream.on('data', listen);
    const failed = await agent.query('select email from big').then(
      () => assert.fail('it did not end'),
      (error: Error & { code: string }) => error,
    );
    stream.off('data', listen);
    assert.equal(failed.code, '57014');
    assert.match(failed.message, new RegExp(`grant ${id} ended .* ${maxRows} rows are used up`));
    assert.equal(shows(seen.join('')), maxRows);
    await stillMasked();
    assert.equal(shows((await agent.query('select email from big limit 3')).rows), 0);
  }
});

async function raw(): Promise<RawClient> {
  const { password, postern } = harness;
  return RawClient.connect({ port: postern.agentPort, user: 'bot', password, database: 'shop' });
}

const revoke = (id: string, reason = 'enough'): Promise<Answer> =>
  call('POST', `/v1/grants/${id}/revoke`, { reason });

test('rows kept back while more are reserved come as they were, whatever is read meanwhile', async () => {
  await grant(['public.big.email'], { maxRows: 20_000 });
  const sql = 'select id, email, pad from big where id <= 12000 order by id';
  const { rows } = await agent.query(sql);
  const direct = await (await harness.direct()).query(sql);
  assert.equal(rows.length, 12_000);
  assert.deepEqual(rows, direct.rows);
});

test('only what is exactly one value of a granted column is shown, each value counted', async () => {
  const { id } = await grant([EMAIL]);
  for (const sql of [
    "select string_agg(email, ',') from customers",
    'select array_agg(email) from customers',
    'select upper(email) from customers',
    'select email || phone from customers',
    'select row(email) from customers',
    'select c from customers c',
    'select to_json(c) from customers c',
    "select (select string_agg(email, ',') from customers)",
    'select email from all_mails',
    'select max(email) over () from customers',
    'table customer_contacts order by 1',
  ]) {
    const { rows } = await agent.query(sql).catch((error: Error) => ({ rows: [String(error)] }));
    if (!sql.startsWith('table'))
      assert.equal(shows(rows), 0, `${sql}: ${JSON.stringify(rows).slice(0, 200)}`);
  }
  const earlier = (await call('GET', `/v1/grants/${id}`)).body;
  const twice = await agent.query(
    'select a.email, b.email as other from customers a join customers b on b.id = a.id + 1 where a.id <= 10',
  );
  assert.equal(shows(twice.rows), 20);
  await agent.query('select email from mails where id = 1');
  for (let i = 0; i < 200; i += 1) {
    const now = (await call('GET', `/v1/grants/${id}`)).body;
    if (now.rowsShown - earlier.rowsShown >= 21) return;
    await sleep(20);
  }
  assert.fail('two values of a column in one row must count as two');
});

test('attack: one row with many values of a column is many rows', async () => {
  await grant([EMAIL], { maxRows: 5 });
  const sql = `select a.email, b.email, c.email, d.email from customers a, customers b, customers c, customers d
    where a.id = 1 and b.id = 2 and c.id = 3 and d.id in (4, 5)`;
  const answer: Buffer[] = [];
  const client = await raw();
  for (const message of await client.ask(query(sql))) answer.push(message.bytes);
  assert.equal(Buffer.concat(answer).toString('latin1').split(SECRET).length - 1, 4);
  assert.match(text(client.messages.concat()) + Buffer.concat(answer).toString('latin1'), /used up/);
  client.destroy();
});

test('attack: a row of two partitions has two values of one column; what another grant names costs this one nothing', async () => {
  const { id } = await grant(['public.parts.ssn'], { maxRows: 9 });
  const other = await grant(['public.staff.ssn'], { maxRows: 9 });
  const both = await agent.query('select a.ssn, b.ssn as second from part1 a, part2 b');
  assert.equal(shows(both.rows), 2);
  assert.equal(shows((await agent.query('select p.ssn from parts p, staff s where s.id = 1')).rows), 2);
  assert.equal(
    shows((await agent.query('select p.ssn, s.ssn as s from parts p, staff s where s.id = 1')).rows),
    4,
  );
  await sleep(100);
  const shown = async (one: string): Promise<number> =>
    (await call('GET', `/v1/grants/${one}`)).body.rowsShown;
  for (let i = 0; i < 100 && (await shown(other.id)) < 2; i += 1) await sleep(20);
  assert.deepEqual([await shown(id), await shown(other.id)], [6, 2]);
});

test('extended COPY under a grant: held, told of, shown; and masked once the grant is over', async () => {
  const { id } = await grant([EMAIL]);
  const client = await raw();
  for (const expected of [3, 0]) {
    client.send(
      parse('copy (select email, ssn from customers order by id limit 3) to stdout'),
      bind(),
      execute(),
      sync(),
    );
    const request = await harness.nextRequest();
    assert.deepEqual(request.unmask, expected === 0 ? [] : [EMAIL]);
    await harness.decide(request.id, 'approve');
    assert.equal(text(await client.until('Z')).split(SECRET).length - 1, expected);
    if (expected > 0) await revoke(id);
  }
  client.destroy();
});

test('attack: cursors, prepared names and held portals outlive no grant, and show nothing by one', async () => {
  const { id } = await grant([EMAIL]);
  await agent.query('prepare q as select email from customers where id = 1');
  await agent.query('begin');
  await agent.query('declare c cursor with hold for select email from customers order by id');
  assert.equal(shows((await agent.query('fetch 3 from c')).rows), 0);
  assert.equal(shows((await agent.query('execute q')).rows), 0);
  await agent.query('commit');
  await revoke(id);
  assert.equal(shows((await agent.query('fetch 3 from c')).rows), 0);
  assert.equal(shows((await agent.query('execute q')).rows), 0);
});

test('attack: described and suspended under a grant, executed and resumed after it', async () => {
  const client = await raw();
  const { id } = await grant([EMAIL]);
  await client.ask(query('begin'));
  const sql = 'select email from customers order by id';
  const first = text(
    await client.ask(
      parse(sql, 'st'),
      bind({ portal: 'p', statement: 'st' }),
      describe('P', 'p'),
      describe('S', 'st'),
      execute('p', 3),
      sync(),
    ),
  );
  assert.equal(first.split(SECRET).length - 1, 3);
  const fetched = text(await client.ask(query('fetch 2 from p')));
  assert.equal(fetched.split(SECRET).length - 1, 0);
  const more = text(await client.ask(execute('p', 2), sync()));
  assert.equal(more.split(SECRET).length - 1, 2);
  await revoke(id);
  const resumed = text(await client.ask(execute('p', 4), execute('p', 0), sync()));
  assert.equal(resumed.split(SECRET).length - 1, 0);
  const again = text(await client.ask(bind({ portal: 'q', statement: 'st' }), execute('q'), sync()));
  assert.equal(again.split(SECRET).length - 1, 0);
  client.destroy();
});

test('pipelined statements are each counted, and what follows in the batch goes on', async () => {
  await grant([EMAIL], { maxRows: 4 });
  const client = await raw();
  const one = (n: number): Buffer[] => [
    parse(`select email from customers where id = ${n}`),
    bind(),
    execute(),
  ];
  const answer = text(await client.ask(...one(1), ...one(2), ...one(3), flush(), sync()));
  assert.equal(answer.split(SECRET).length - 1, 3);
  const three = [parse('select email from customers where id < 4'), bind(), execute()];
  const ended = text(await client.ask(...three, ...one(5), sync()));
  assert.equal(ended.split(SECRET).length - 1, 1);
  assert.match(ended, /used up/);
  assert.equal(text(await client.ask(...one(6), sync())).split(SECRET).length - 1, 0);
  client.destroy();
});

async function streamed(sql: string, during: () => Promise<unknown>): Promise<{ out: string; upTo: number }> {
  const client = await raw();
  const socket = client.socket as import('node:net').Socket;
  client.send(query(sql));
  while (text(client.messages).split(SECRET).length < 100) await sleep(5);
  socket.pause();
  const upTo = text(client.messages).split(SECRET).length - 1;
  await during();
  socket.resume();
  const out = text(await client.until('Z'));
  const alive = text(await client.ask(query('select 1 as alive')));
  assert.match(alive, /alive/);
  client.destroy();
  return { out, upTo };
}

test('revoked in the middle of a result: cancelled, a clear error, no further row', async () => {
  const { id } = await grant(['public.big.email'], { maxRows: 1_000_000 });
  const { out } = await streamed('select email, pad from big', () => revoke(id, 'seen enough'));
  assert.ok(out.split(SECRET).length - 1 < 50_000, `${out.split(SECRET).length}`);
  assert.match(out, /dana revoked it: seen enough/);
  assert.ok(!out.includes('SELECT 60000'));
});

test('its time over in the middle of a result: the same', async () => {
  await grant(['public.big.email'], { maxRows: 1_000_000, forMs: 1500 });
  const { out } = await streamed('select email, pad from big', () => sleep(1600));
  assert.ok(out.split(SECRET).length - 1 < 50_000, `${out.split(SECRET).length}`);
  assert.match(out, /its time is over/);
});

test('in an open transaction the end of a grant fails the transaction, as any error', async () => {
  const { id } = await grant(['public.big.email'], { maxRows: 1_000_000 });
  const client = await raw();
  await client.ask(query('begin'));
  client.send(query('select email, pad, pg_sleep(0.0001) from big'));
  while (text(client.messages).split(SECRET).length < 20) await sleep(5);
  await revoke(id);
  const out = await client.until('Z');
  assert.match(text(out), /revoked it/);
  assert.equal(out.at(-1)?.bytes.toString('latin1').at(-1), 'E');
  client.destroy();
});

test('attack: sessions that race for the last rows get no more than there are', async () => {
  const { id } = await grant(['public.big.email'], { maxRows: 500 });
  const clients = await Promise.all(Array.from({ length: 6 }, raw));
  const answers = await Promise.all(clients.map((c) => c.ask(query('select email from big limit 300'))));
  const seen = answers.map((one) => text(one).split(SECRET).length - 1);
  assert.ok(seen.reduce((a, b) => a + b, 0) <= 500, seen.join());
  assert.ok(
    seen.some((n) => n > 0),
    seen.join(),
  );
  for (const client of clients) client.destroy();
  const { rowsReserved } = (await call('GET', `/v1/grants/${id}`)).body;
  assert.ok(rowsReserved <= 500);
});

test('COPY: held as the export it is; whoever approves is told what it would show', async () => {
  const { id } = await grant([EMAIL], { maxRows: 10 });
  const client = await raw();
  client.send(
    query('copy (select email, ssn from customers order by id limit 4) to stdout with (format csv, header)'),
  );
  const request = await harness.nextRequest();
  assert.ok(!request.rules.includes('defaults.unmask'));
  assert.deepEqual(request.unmask, [EMAIL]);
  await harness.decide(request.id, 'approve');
  assert.equal(text(await client.until('Z')).split(SECRET).length - 1, 4);
  client.messages = [];
  client.send(
    query('copy (select email, ssn from customers order by id) to stdout with (format csv, header)'),
  );
  const long = await harness.nextRequest();
  await harness.decide(long.id, 'approve');
  const out = text(await client.until('Z'));
  assert.equal(out.split(SECRET).length - 1, 6);
  assert.match(out, /used up/);
  client.messages = [];
  await call('POST', `/v1/grants/${id}/revoke`, { reason: 'x' });
  const other = await grant([EMAIL]);
  client.send(query('copy customers to stdout'));
  const third = await harness.nextRequest();
  await revoke(other.id);
  await harness.decide(third.id, 'approve');
  assert.equal(text(await client.until('Z')).split(SECRET).length - 1, 0, 'the grant ended before it ran');
  client.destroy();
});

test('attack: writing, storing and carrying away is judged as if there were no grant', async () => {
  await grant([EMAIL]);
  await agent.query("set postern.hold = 'return'");
  for (const sql of [
    'create table stolen as select email from customers',
    'create temp table stolen as select email from customers',
    'insert into orders (id, note) select id + 10000, email from customers',
    "select set_config('a.b', email, false) from customers",
    "copy customers to '/tmp/stolen'",
    "select * from customers where email like '%1%'",
    'do $$ begin perform email from customers; end $$',
  ])
    await assert.rejects(agent.query(sql), { code: '55P03' }, sql);
  const failing = await agent.query('select email::int from customers').catch((e: Error) => String(e));
  assert.equal(shows(failing), 0);
  assert.equal(shows((await agent.query('explain analyze select email from customers')).rows), 0);
  assert.equal(
    shows(
      (
        await agent
          .query('update orders set note = note where id = 1 returning (select email from customers limit 1)')
          .catch(() => ({ rows: [] }))
      ).rows,
    ),
    0,
  );
});

test('attack: another agent, another database column, another table by that name', async () => {
  const verifier = await makeVerifier('other-pw', { salt: Buffer.alloc(16, 1) });
  const { postern } = harness;
  const base = { groups: ['analysts'], databases: ['*'], login: 'default', verifier };
  await postern.agents.add({ ...base, name: 'other', owner: 'olga' }, 'test');
  await postern.agents.add({ ...base, name: 'danas', owner: 'Dana' }, 'test');
  await grant([EMAIL]);
  const other = await harness.agent({
    connectionString: harness.agentUrl.replace(/bot:[^@]*/, 'other:other-pw'),
  });
  await stillMasked(other);
  const own = await call('POST', '/v1/grants', {
    agent: 'danas',
    columns: [EMAIL],
    forMs: 60000,
    maxRows: 5,
    reason: 'mine',
  });
  assert.deepEqual([own.status, own.body.error.code], [403, 'self-grant']);
});

test('attack: a table renamed, replaced, or given another child voids the grant', async () => {
  const admin = await harness.direct();
  const changes: [string, string][] = [
    ['alter table g1 rename to g2', 'g1'],
    ['alter table h1 rename column ssn to gone', 'h1'],
    ['drop table i1; create table i1 (id int, ssn text)', 'i1'],
    ['create table kid () inherits (j1)', 'j1'],
    ['alter table k1 alter column ssn type varchar(99)', 'k1'],
  ];
  for (const [, table] of changes)
    await admin.query(
      `create table ${table} (id int, ssn text); insert into ${table} values (1, '${SECRET}')`,
    );
  await harness.restartPostern();
  agent = await harness.agent();
  for (const [change, table] of changes) {
    const { id } = await grant([`public.${table}.ssn`]);
    assert.equal(shows((await agent.query(`select ssn from ${table}`)).rows), 1, table);
    await admin.query(change);
    for (let i = 0; i < 300 && (await call('GET', `/v1/grants/${id}`)).body.state === 'active'; i += 1) {
      await agent.query('select ssn from staff limit 1');
      await agent.query(`select ssn from ${table}`).catch(() => undefined);
      await sleep(30);
    }
    assert.equal((await call('GET', `/v1/grants/${id}`)).body.state, 'void', change);
  }
});

test('new rules void a grant, in the middle of a result too', async () => {
  const running = await grant(['public.big.email'], { maxRows: 1_000_000 });
  const { out } = await streamed('select email, pad from big', () =>
    harness.writeRules(`${GRANT_RULES}# other\n`),
  );
  assert.ok(out.split(SECRET).length - 1 < 50_000, `${out.split(SECRET).length}`);
  assert.match(out, /the rules have changed/);
  await sleep(50);
  assert.equal((await call('GET', `/v1/grants/${running.id}`)).body.state, 'void');

  const { id } = await grant(['public.big.email'], { maxRows: 1_000_000 });
  await harness.writeRules(
    `${GRANT_RULES}  - { name: two, when: { unmask: big.email }, then: hold, quorum: 2 }\n  - { name: theirs, when: { unmask: customers.phone }, then: hold, approvers: [privacy] }\n  - { name: never, when: { unmask: '*.ssn' }, then: deny }\n`,
  );
  assert.equal(shows((await agent.query('select email from big limit 2')).rows), 0);
  await sleep(50);
  assert.equal((await call('GET', `/v1/grants/${id}`)).body.state, 'void');
  const asked = { agent: 'bot', forMs: 60_000, maxRows: 5, reason: 'please' };
  const refused = async (columns: string[]): Promise<string> =>
    (await call('POST', '/v1/grants', { ...asked, columns })).body.error.code;
  assert.equal(await refused(['public.big.email']), 'grant-needs-request');
  assert.equal(await refused(['public.customers.phone']), 'not-permitted');
  assert.equal(await refused(['public.staff.ssn']), 'statement-denied');
  assert.equal(await refused(['public.customers.name']), 'bad-input');
  assert.equal(await refused(['customers.email']), 'bad-input');
  assert.equal(await refused(['public.mails.email']), 'bad-input');
  await harness.writeRules(GRANT_RULES);
});

test('I7: what was granted, used and ended is in the trail, uses before their rows', async () => {
  const { id } = await grant([EMAIL], { maxRows: 3 });
  await agent.query('select email from customers limit 3');
  for (let i = 0; i < 200; i += 1) {
    if ((await call('GET', `/v1/grants/${id}`)).body.state === 'exhausted') break;
    await sleep(20);
  }
  const events = (await harness.trail())
    .split('\n')
    .filter((line) => line.includes(id))
    .map((line) => (JSON.parse(line) as { event: { kind: string; rows: number } }).event);
  const kinds = events.map((one) => one.kind);
  assert.equal(kinds[0], 'grant_made');
  assert.deepEqual(kinds.slice(-2), ['grant_use_ended', 'grant_exhausted']);
  const used = events.filter((one) => one.kind === 'grant_used');
  assert.equal(
    used.reduce((sum, one) => sum + one.rows, 0),
    3,
  );
  assert.equal(events.at(-2)?.rows, 3);
  assert.ok(!JSON.stringify(events).includes(SECRET));
});
