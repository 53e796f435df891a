/** Waiting and returning holds, stated reasons, and whose a grant is (I4, I6). */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import type { Request } from '../../src/approvals/request.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import { RULES, settled, startHarness, type Harness } from './harness.ts';

let harness: Harness;
before(async () => {
  harness = await startHarness({
    limits: '{ maxDenials: 2, denialWindowMs: 1h, maxHoldInTransactionMs: 2s }',
  });
  const admin = await harness.direct();
  await admin.query('create schema other; create table other.orders (id int, note text)');
});
after(() => harness.stop());

type Refusal = Error & { readonly code: string; readonly hint: string };

async function refusal(agent: pg.Client, sql: string | pg.QueryConfig): Promise<Refusal> {
  try {
    await agent.query(sql as string);
  } catch (error) {
    return error as Refusal;
  }
  return assert.fail('it ran');
}

const idIn = ({ message }: Error): string =>
  /request (\S{4}-\S{4})/.exec(message)?.[1] ?? assert.fail(message);

async function pending(): Promise<readonly Request[]> {
  const headers = { authorization: `Bearer ${harness.token}` };
  const answer = await fetch(`${harness.api}/v1/requests?state=pending`, { headers });
  const body = (await answer.json()) as { requests: readonly Request[] };
  for (const _ of body.requests) await harness.nextRequest();
  return body.requests;
}

async function returning(): Promise<pg.Client> {
  const agent = await harness.agent();
  await agent.query("set postern.hold = 'return'");
  return agent;
}

test('return mode: an error at once, one request however often it is sent, and one run after approval', async () => {
  const agent = await returning();
  const sql = "update orders set note = 'returned'";
  const first = await refusal(agent, sql);
  assert.equal(first.code, '55P03');
  assert.match(first.hint, /again/);
  const request = await harness.nextRequest();
  assert.equal(request.id, idIn(first));
  assert.equal(request.mode, 'return');
  assert.equal(request.waitMs, 0);
  const storm = await Promise.all(Array.from({ length: 20 }, () => refusal(agent, sql)));
  assert.deepEqual(new Set(storm.map(idIn)), new Set([request.id]));
  await harness.decide(request.id, 'approve');
  assert.ok(!(await harness.statementLog()).includes(`statement: ${sql}`));
  assert.equal((await agent.query(sql)).rowCount, 500);
  assert.equal((await harness.request(request.id)).state, 'spent');
  assert.notEqual(idIn(await refusal(agent, sql)), request.id);
  await harness.decide((await harness.nextRequest()).id, 'deny');
});

test('return mode: sent by many sessions at once for the first time, it is one request', async () => {
  const sql = 'create table made_by_many (id int)';
  const agents = await Promise.all(Array.from({ length: 5 }, returning));
  const ids = new Set((await Promise.all(agents.map((agent) => refusal(agent, sql)))).map(idIn));
  assert.equal(ids.size, 1);
  await harness.decide((await harness.nextRequest()).id, 'approve');
  const runs = await Promise.allSettled(agents.map((agent) => agent.query(sql)));
  assert.equal(runs.filter((run) => run.status === 'fulfilled').length, 1, 'and one grant');
  for (const { id } of (await pending()).filter((r) => !ids.has(r.id))) await harness.decide(id, 'approve');
});

test('return mode: another session of the agent finds the grant, also one that waits', async () => {
  const sql = "delete from orders where true or note = 'x'";
  const id = idIn(await refusal(await returning(), `begin; ${sql}; rollback`));
  await harness.nextRequest();
  await harness.decide(id, 'approve');
  const other = await harness.agent();
  await other.query(`begin; ${sql}; rollback`);
  assert.equal((await harness.request(id)).state, 'spent');
});

test('attack: a grant is for one text, one set of parameters, one agent, and the settings it was asked under', async () => {
  const agent = await returning();
  const asked = { text: 'update orders set note = $1', values: ['a'] };
  const id = idIn(await refusal(agent, asked));
  await harness.nextRequest();
  await harness.decide(id, 'approve');
  const decoys: Promise<Refusal>[] = [];
  decoys.push(refusal(agent, { text: 'update orders set note = $1', values: ['b'] }));
  decoys.push(refusal(agent, { text: 'update orders set note = $1 ', values: ['a'] }));
  const moved = await returning();
  await moved.query('set search_path = other, public');
  decoys.push(refusal(moved, asked));
  const byFunction = await returning();
  await byFunction.query("select set_config('search_path', 'other', false)").catch(() => undefined);
  decoys.push(refusal(byFunction, asked));
  const password = randomBytes(9).toString('base64url');
  const verifier = await makeVerifier(password, { salt: randomBytes(16) });
  const twin = {
    name: 'twin',
    owner: 'olga',
    groups: ['analysts'],
    databases: ['*'],
    login: 'default',
    verifier,
  };
  await harness.postern.agents.add(twin, 'test');
  const impostor = await harness.agent({
    connectionString: `postgres://twin:${password}@127.0.0.1:${harness.postern.agentPort}/shop`,
  });
  await impostor.query("set postern.hold = 'return'");
  decoys.push(refusal(impostor, asked));
  for (const answer of await Promise.all(decoys)) assert.notEqual(idIn(answer), id);
  assert.equal((await harness.request(id)).state, 'approved');
  assert.equal((await agent.query(asked)).rowCount, 500);
  assert.equal((await harness.request(id)).state, 'spent');
  for (let i = 0; i < decoys.length; i += 1)
    await harness.decide((await harness.nextRequest()).id, 'approve');
});

test('attack: a search_path that came by a batch which failed after its COMMIT fits no grant', async () => {
  const agent = await returning();
  const sql = 'truncate orders /* doubtful */';
  const id = idIn(await refusal(agent, sql));
  await harness.nextRequest();
  await harness.decide(id, 'approve');
  await refusal(agent, 'begin; set search_path = other; commit; select 1/0');
  assert.notEqual(idIn(await refusal(agent, sql)), id);
  await harness.decide((await harness.nextRequest()).id, 'approve');
});

test('return mode: a denial answers the retry, and after some nobody is asked again', async () => {
  const agent = await returning();
  const sql = 'drop table orders';
  const first = idIn(await refusal(agent, sql));
  await harness.nextRequest();
  await harness.decide(first, 'deny', 'never on a Friday');
  for (let i = 0; i < 3; i += 1)
    assert.match(
      (await refusal(agent, sql)).message,
      new RegExp(`${first} was denied by dana: never on a Friday`),
    );
  const second = idIn(await refusal(agent, `${sql} /* please */`));
  await harness.nextRequest();
  await harness.decide(second, 'deny');
  const third = await refusal(agent, `${sql} /* pretty please */`);
  assert.equal(third.code, '53400');
  assert.match(third.message, /before \d{4}-\d\d-\d\dT/);
  assert.match((await harness.trail()).split('\n').at(-2) ?? '', /statement_denied.*nobody is asked again/);
  // In wait mode too, and for this shape only.
  assert.equal((await refusal(await harness.agent(), `${sql} -- waiting`)).code, '53400');
  idIn(await refusal(agent, 'drop table customers'));
  await harness.decide((await harness.nextRequest()).id, 'approve');
});

test('return mode in a transaction: the transaction fails, nothing is forwarded, and the retry runs', async () => {
  const agent = await returning();
  await agent.query('begin');
  const sql = 'alter table orders add column in_return int';
  const id = idIn(await refusal(agent, sql));
  assert.equal((await harness.nextRequest()).inTransaction, true);
  await assert.rejects(agent.query('select 1'), /aborted/);
  await agent.query('rollback');
  await harness.decide(id, 'approve');
  await agent.query('begin');
  await agent.query(sql);
  await agent.query('rollback');
  assert.equal((await harness.request(id)).state, 'spent');
});

test('a client that goes away or a Postern that restarts leaves a returned request open', async () => {
  const agent = await returning();
  const sql = 'create table made_late (id int)';
  const id = idIn(await refusal(agent, sql));
  await harness.nextRequest();
  await agent.end();
  await harness.restartPostern();
  assert.equal((await harness.request(id)).state, 'pending');
  await harness.decide(id, 'approve');
  await harness.restartPostern();
  const later = await harness.agent();
  await later.query(sql);
  assert.equal((await harness.request(id)).state, 'spent');
});

test('a rule says return, how long to wait, or that a reason is wanted', async () => {
  const rule = (name: string, when: string, more: string): string =>
    `  - { name: ${name}, when: ${when}, then: hold, ${more} }\n`;
  await harness.writeRules(
    RULES +
      rule('returned', '{ command: create index }', 'mode: return') +
      rule('patient', '{ command: create view }', 'wait: 1s, expires: 1m') +
      rule('why', '{ command: create sequence }', 'requireReason: true'),
  );
  const agent = await harness.agent();
  const returned = idIn(await refusal(agent, 'create index on orders (note)'));
  assert.equal((await harness.nextRequest()).id, returned);

  const began = Date.now();
  const timedOut = idIn(await refusal(agent, 'create view v as select 1 as one'));
  assert.ok(Date.now() - began >= 950);
  assert.equal((await harness.nextRequest()).state, 'pending');
  const again = agent.query('create view v as select 1 as one');
  await harness.decide(timedOut, 'approve');
  await again;
  assert.equal((await harness.request(timedOut)).state, 'spent');

  const mute = await refusal(agent, 'create sequence s');
  assert.match(mute.message, /rule "why"/);
  assert.match(mute.hint, /postern\.reason/);
  const told = agent.query('create sequence s /* reason: the import needs it */');
  const request = await harness.nextRequest();
  assert.equal(request.statedReason, 'the import needs it');
  await harness.decide(request.id, 'approve');
  await told;
  await harness.writeRules(RULES);
});

test('postern.reason: by SET, set_config and at start-up, rolled back with its transaction, made safe', async () => {
  const agent = await harness.agent({ options: '-c postern.hold=return -c postern.reason=from\\ start' });
  let count = 0;
  const reason = async (): Promise<string | null> => {
    count += 1;
    await refusal(agent, `create table reasoned_${count} (id int)`);
    const request = await harness.nextRequest();
    await harness.decide(request.id, 'approve');
    return request.statedReason;
  };
  const show = async (): Promise<string> =>
    (await agent.query('show postern.reason')).rows[0]?.['postern.reason'];
  assert.equal(await reason(), 'from start');
  await agent.query("begin; set postern.reason = 'inner'; rollback");
  assert.equal(await reason(), await show());
  await agent.query("begin; set local postern.reason = 'local'; commit");
  assert.equal(await reason(), await show());
  await agent.query('begin');
  await agent.query("set postern.reason = 'one'; savepoint a; set postern.reason = 'two'; rollback to a");
  await agent.query('commit');
  assert.equal(await show(), 'one');
  assert.equal(await reason(), 'one');
  await refusal(agent, "set postern.reason = 'lost'; select 1/0");
  assert.equal(await reason(), 'one');
  await agent.query("select set_config('postern.reason', $$by\u202e function\nand \u0007more$$, false)");
  assert.equal(await reason(), 'by function and more');
  await agent.query('reset postern.reason');
  assert.equal(await reason(), 'from start');
  await agent.query("set postern.reason = ''");
  assert.equal(await reason(), null);
});

test('a setting of Postern that means nothing is refused by every road', async () => {
  const agent = await harness.agent();
  for (const sql of [
    "set postern.hold = 'later'",
    "set postern.unmask = 'email'",
    "set postern.unmask = 'customers.*'",
    "set postern.raeson = 'x'",
    "select set_config('postern.hold', 'n' || 'o', false)",
  ])
    assert.equal((await refusal(agent, sql)).code, '22023', sql);
  await assert.rejects(harness.agent({ options: '-c postern.hold=never' }), /postern\.hold/);
  await assert.rejects(
    agent.query({ text: "set postern.hold = 'nope'", values: [], name: 'p' }),
    /postern\.hold/,
  );
});

test('a hold in a transaction waits for its own, shorter time, and the request says so', async () => {
  const agent = await harness.agent();
  await agent.query('begin');
  const held = refusal(agent, 'create table waits_in_transaction (id int)');
  const request = await harness.nextRequest();
  assert.deepEqual([request.inTransaction, request.waitMs, request.expiresMs], [true, 2000, 2000]);
  assert.match((await held).message, /not decided/);
  await settled(harness, request.id, 'expired');
});
