/** Several Posterns on one PostgreSQL store: what one does the others see, and nothing happens twice. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openPostgresStore } from '../../src/approvals/postgres-store.ts';
import type { Approver, Request } from '../../src/approvals/request.ts';
import { STORE_VERSION } from '../../src/approvals/postgres-migrations.ts';
import { openApprovals, type ApprovalService } from '../../src/approvals/service.ts';
import type { Store } from '../../src/approvals/store.ts';
import { asRoot, freshSchema, openShared, postgres, stopServer } from './stores.ts';
import { BINDING, MemoryTrail, ana, asked, bob } from './support.ts';

after(stopServer);

const CHILD = fileURLToPath(new URL('instance-child.ts', import.meta.url));

type Instance = { readonly store: Store; readonly service: ApprovalService; readonly trail: MemoryTrail };

async function instance(t: TestContext, schema: string, changes: object = {}): Promise<Instance> {
  const store = await openShared(t, schema, changes);
  const trail = new MemoryTrail();
  const service = await openApprovals({ store, trail, maxPendingPerAgent: 50, sweepMs: 200 });
  return { store, service, trail };
}

async function two(t: TestContext): Promise<{ a: Instance; b: Instance; schema: string }> {
  const schema = freshSchema();
  const [a, b] = await Promise.all([instance(t, schema), instance(t, schema)]);
  return { a, b, schema };
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < giveUpAt, what);
    await sleep(20);
  }
}

function returning(changes: Parameters<typeof asked>[0] = {}): ReturnType<typeof asked> {
  return asked({ mode: 'return', ...changes });
}

test('an answer at one wakes the session at the other, and whoever follows there', async (t) => {
  const { a, b } = await two(t);
  const seen: string[] = [];
  b.service.subscribe((r, here) => seen.push(`${r.state} ${here ? 'here' : 'elsewhere'}`));
  const { id } = await b.service.ask(asked());
  const outcome = b.service.outcome(id);
  const startedAt = performance.now();
  await a.service.decide(id, ana, 'approve', 'yes', 'cli');
  assert.equal((await outcome).kind, 'approved');
  assert.ok(performance.now() - startedAt < 1000);
  await b.service.spend(id, BINDING, 's1');
  await until('told', () => seen.join() === 'pending here,approved elsewhere,spent here');
});

test('of all who spend, decide or withdraw at two instances, one succeeds, and the trails agree', async (t) => {
  const { a, b } = await two(t);
  const both = [a, b];
  for (let round = 0; round < 10; round += 1) {
    const { id } = await a.service.ask(asked());
    const people = ['p1', 'p2', 'p3', 'p4'].map((name): Approver => ({ name, groups: [] }));
    await Promise.allSettled(
      people.map((person, n) =>
        (n % 2 === 0 ? a : b).service.decide(id, person, n === 3 ? 'deny' : 'approve', 'so', 'cli'),
      ),
    );
    const spends = Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? a : b).service.spend(id, BINDING, 's'));
    const results = await Promise.allSettled([...spends, b.service.withdraw(id, 'gone')]);
    const won = results.slice(0, 6).filter((one) => one.status === 'fulfilled').length;
    const { state, decisions } = await a.service.get(id);
    assert.equal(decisions.length, 1);
    assert.equal(won, state === 'spent' ? 1 : 0, state);
    const kinds = both.flatMap(({ trail }) =>
      trail.events.filter((e) => 'request_id' in e && e.request_id === id).map((e) => e.kind),
    );
    assert.equal(kinds.filter((kind) => kind === 'grant_spent').length, won);
    assert.equal(kinds.filter((kind) => kind === 'request_decided').length, 1);
    assert.equal(kinds.length, 3);
  }
});

test('two approvers at two instances at once make a quorum of two', async (t) => {
  const { a, b } = await two(t);
  for (let round = 0; round < 10; round += 1) {
    const { id } = await a.service.ask(asked({ quorum: 2 }));
    const outcome = a.service.outcome(id);
    await Promise.all([
      a.service.decide(id, ana, 'approve', 'yes', 'cli'),
      b.service.decide(id, bob, 'approve', 'yes', 'cli'),
    ]);
    assert.equal((await outcome).kind, 'approved');
  }
});

test('a grant in mode return is found at either and spent once', async (t) => {
  const { a, b } = await two(t);
  const { id } = await a.service.ask(returning());
  await b.service.decide(id, ana, 'approve', 'yes', 'cli');
  const found = await Promise.all([a, b].map(({ service }) => service.earlier('etl-bot', BINDING)));
  assert.deepEqual(
    found.map((r: Request | null) => r?.id),
    [id, id],
  );
  const spends = await Promise.allSettled([a, b, a, b].map(({ service }) => service.spend(id, BINDING, 's')));
  assert.equal(spends.filter((one) => one.status === 'fulfilled').length, 1);
  assert.equal(await b.service.earlier('etl-bot', BINDING), null);
});

test("an agent's limit of pending requests holds over all instances", async (t) => {
  const schema = freshSchema();
  const stores = await Promise.all([openShared(t, schema), openShared(t, schema)]);
  const services = await Promise.all(
    stores.map((store) => openApprovals({ store, trail: new MemoryTrail(), maxPendingPerAgent: 3 })),
  );
  const asks = [...services, ...services, ...services, ...services].map((service) => service.ask(asked()));
  const results = await Promise.allSettled(asks);
  assert.equal(results.filter((one) => one.status === 'fulfilled').length, 3);
  await Promise.all(services.map((service) => service.close()));
});

test('what is over ends once, though every instance looks for it', async (t) => {
  const { a, b } = await two(t);
  const { id } = await a.service.ask(returning({ expiresMs: 50 }));
  await sleep(60);
  await Promise.all([a, b, a, b].map(({ service }) => service.sweep()));
  assert.equal((await b.service.get(id)).state, 'expired');
  const ends = [a, b].flatMap(({ trail }) => trail.kinds()).filter((kind) => kind === 'request_expired');
  assert.equal(ends.length, 1);
});

test('killed, an instance leaves what it held withdrawn by a survivor, once its lease is over', async (t) => {
  const schema = freshSchema();
  const { service, trail } = await instance(t, schema);
  const child = spawn(process.execPath, [CHILD, (await postgres()).url(), schema, 'the-child'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [held = '', returned = ''] = line.toString().trim().split(' ');
  const outcome = service.outcome(held);
  await sleep(1500);
  assert.equal((await service.get(held)).state, 'pending', 'it lives, and so do its requests');
  child.kill('SIGKILL');
  const ended = await outcome;
  assert.ok(ended.kind === 'withdrawn' && /has stopped/.test(ended.reason));
  assert.equal((await service.get(returned)).state, 'pending');
  assert.deepEqual(trail.kinds(), ['request_withdrawn']);
});

test('at its own restart, what an instance held is withdrawn without waiting for the lease', async (t) => {
  const schema = freshSchema();
  const lost = await openShared(t, schema, { name: 'one', leaseMs: 600_000, heartbeatMs: 600_000 });
  const before = await openApprovals({
    store: lost,
    trail: new MemoryTrail(),
    maxPendingPerAgent: 5,
    sweepMs: 60_000,
  });
  const { id } = await before.ask(asked());
  const kept = await before.ask(returning());
  const other = await instance(t, schema, { leaseMs: 600_000 });
  const elsewhere = await other.service.ask(asked());
  const again = await instance(t, schema, { name: 'one', leaseMs: 600_000 });
  await until('withdrawn', async () => (await again.service.get(id)).state === 'withdrawn');
  assert.deepEqual([...again.trail.kinds(), ...other.trail.kinds()].sort(), [
    'request_created',
    'request_withdrawn',
  ]);
  const states = await Promise.all(
    [id, kept.id, elsewhere.id].map(async (r) => (await again.service.get(r)).state),
  );
  assert.deepEqual(states, ['withdrawn', 'pending', 'pending']);
});

test('a listener that was cut off hears afterwards what it missed', async (t) => {
  const schema = freshSchema();
  const a = await instance(t, schema);
  const store = await openShared(t, schema);
  // No sweep: only the gap can tell.
  const b = await openApprovals({
    store,
    trail: new MemoryTrail(),
    maxPendingPerAgent: 5,
    sweepMs: 3_600_000,
  });
  for (let round = 0; round < 3; round += 1) {
    const { id } = await b.ask(asked());
    const outcome = b.outcome(id);
    await asRoot(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postern listener'`,
    );
    await a.service.decide(id, ana, 'approve', 'yes', 'cli');
    const how = await Promise.race([outcome.then((one) => one.kind), sleep(8000, 'hung')]);
    assert.equal(how, 'approved');
  }
});

test('a notification that anybody sends does nothing but make it look', async (t) => {
  const { a, schema } = await two(t);
  const { id } = await a.service.ask(asked());
  const outcome = a.service.outcome(id);
  for (const payload of [`x ${id}`, 'x', '', 'x none-none', `${'y'.repeat(2000)} ${id}`])
    await asRoot('SELECT pg_notify($1, $2)', [`${schema}_requests`, payload]);
  assert.equal(await Promise.race([outcome, sleep(300, 'waiting')]), 'waiting');
  assert.equal((await a.service.get(id)).state, 'pending');
});

test('all instances go by the clock of the store', async (t) => {
  const { a, b } = await two(t);
  const real = Date.now;
  t.after(() => (Date.now = real));
  Date.now = () => real() + 3_600_000;
  const { id, createdAt, expiresAt } = await a.service.ask(asked({ expiresMs: 5000 }));
  assert.ok(Math.abs(Date.parse(createdAt) - real()) < 1000);
  assert.ok(Math.abs(Date.parse(expiresAt) - real() - 5000) < 1000);
  await Promise.all([a.service.sweep(), b.service.sweep()]);
  assert.equal((await b.service.get(id)).state, 'pending');
  assert.ok(Math.abs(a.store.clock() - b.store.clock()) < 200);
});

test('I2: with the store gone all that needs it is refused, and it goes on when it is back', async (t) => {
  const url = (await postgres()).url('postern_gone');
  await asRoot('CREATE DATABASE postern_gone');
  const connection = { connectionString: url };
  const times = { heartbeatMs: 100, leaseMs: 1000 };
  const store = await openPostgresStore({ connection, schema: 'postern', name: 'one', ...times });
  t.after(() => store.close());
  const service = await openApprovals({
    store,
    trail: new MemoryTrail(),
    maxPendingPerAgent: 5,
    sweepMs: 100,
  });
  const granted = await service.ask(asked());
  await service.decide(granted.id, ana, 'approve', 'yes', 'cli');
  const waiting = await service.ask(asked({ expiresMs: 1500 }));
  const outcome = service.outcome(waiting.id);
  await asRoot('ALTER DATABASE postern_gone ALLOW_CONNECTIONS false');
  await asRoot(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postern_gone'`);
  await assert.rejects(service.ask(asked()), { code: 'store-unavailable' });
  await assert.rejects(service.spend(granted.id, BINDING, 's'), { code: 'store-unavailable' });
  await assert.rejects(service.decide(waiting.id, ana, 'approve', 'yes', 'cli'), {
    code: 'store-unavailable',
  });
  await assert.rejects(store.agents.find('etl-bot'), { code: 'store-unavailable' });
  assert.notEqual(store.problem(), null);
  await assert.rejects(outcome, { code: 'store-unavailable' });
  await asRoot('ALTER DATABASE postern_gone ALLOW_CONNECTIONS true');
  await until('it is back', () => store.problem() === null);
  await until('what was over has ended', async () => (await service.get(waiting.id)).state === 'expired');
  await service.spend(granted.id, BINDING, 's');
  assert.equal((await service.get(granted.id)).state, 'spent');
});

test('starts at once make the tables once; newer tables are refused', async (t) => {
  const schema = freshSchema();
  await Promise.all(Array.from({ length: 4 }, () => openShared(t, schema)));
  const { rows } = await asRoot(`SELECT version FROM ${schema}.version`);
  assert.deepEqual(rows, [{ version: STORE_VERSION }]);
  await asRoot(`UPDATE ${schema}.version SET version = 99`);
  await assert.rejects(openShared(t, schema), { code: 'store-unavailable' });
});

test('a role that may create nothing will do once the tables are there, and no other can read them', async (t) => {
  const schema = freshSchema();
  await openShared(t, schema);
  const name = `role_${schema}`;
  await asRoot(`CREATE ROLE ${name} LOGIN PASSWORD 'p'`);
  const connection = { ...(await parts()), user: name, password: 'p' };
  await assert.rejects(openShared(t, schema, { connection }), { code: 'store-unavailable' });
  await asRoot(`GRANT USAGE ON SCHEMA ${schema} TO ${name};
    GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${name};
    GRANT INSERT, UPDATE, DELETE ON ${schema}.requests, ${schema}.instances, ${schema}.row_counts TO ${name};
    GRANT INSERT, UPDATE ON ${schema}.agents TO ${name};
    GRANT INSERT ON ${schema}.decisions TO ${name}`);
  const store = await openShared(t, schema, { connection });
  const service = await openApprovals({ store, trail: new MemoryTrail(), maxPendingPerAgent: 5 });
  const { id } = await service.ask(asked());
  await service.decide(id, ana, 'approve', 'yes', 'cli');
  await service.spend(id, BINDING, 's');
  assert.equal(await store.requests.prune(Date.now() + 1000, 10), 1);
  await store.rowCounts.add([{ agent: 'bot', rule: 'r', minute: 7, rows: 3 }]);
  assert.deepEqual(await store.rowCounts.totals(7), [{ agent: 'bot', rule: 'r', rows: 3 }]);
  assert.deepEqual(await store.rowCounts.totals(8), []);
  await service.close();
});

async function parts(): Promise<{ host: string; port: number; database: string }> {
  const { host, port } = await postgres();
  return { host, port, database: 'postgres' };
}
