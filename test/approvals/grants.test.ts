/** Time-boxed grants on both stores: what the store promises of rows, what the service promises of everything. */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Grant, NewGrant } from '../../src/approvals/grant.ts';
import { openGrants, type GrantOptions, type GrantService } from '../../src/approvals/grants.ts';
import { newRequestId } from '../../src/approvals/id.ts';
import type { Store } from '../../src/approvals/store.ts';
import { freshSchema, KINDS, openShared, stopServer } from './stores.ts';
import { ana, bob, MemoryTrail } from './support.ts';

after(stopServer);

const T0 = Date.parse('2030-01-01T00:00:00.000Z');
const EMAIL = { relation: 16_384, attnum: 3, typeOid: 25, family: '16384.3', name: 'public.customers.email' };
const USE = { sessionId: 's1', fingerprint: 'f', relations: ['public.customers'] };

function asked(changes: Partial<NewGrant> = {}): NewGrant {
  return {
    agent: 'etl-bot',
    owner: 'olga',
    database: 'shop',
    environment: 'prod',
    columns: [EMAIL],
    rulesVersion: 'v1',
    rules: ['privacy'],
    requirements: [{ rule: 'privacy', approvers: ['stewards'], quorum: 1, escalateTo: [] }],
    expiresMs: 60_000,
    maxRows: 100,
    reason: 'a migration',
    ...changes,
  };
}

async function insert(store: Store, changes: Partial<Grant> = {}, atMs = T0): Promise<Grant> {
  const { expiresMs, requirements: _, ...rest } = asked();
  const grant: Grant = {
    ...rest,
    id: newRequestId(),
    state: 'active',
    createdAt: new Date(atMs).toISOString(),
    expiresAt: new Date(atMs + expiresMs).toISOString(),
    approver: 'ana',
    channel: 'cli',
    rowsReserved: 0,
    rowsShown: 0,
    ended: null,
    ...changes,
  };
  assert.equal(await store.grants.insert(grant), true);
  return grant;
}

async function open(t: test.TestContext, store: Store, changes: Partial<GrantOptions> = {}) {
  const trail = new MemoryTrail();
  const service = await openGrants({ store, trail, maxMs: 86_400_000, maxRows: 1000, ...changes });
  t.after(() => service.close());
  return { service, trail };
}

async function becomes(service: GrantService, id: string, state: Grant['state']): Promise<Grant> {
  for (let i = 0; i < 200; i += 1) {
    const grant = await service.get(id);
    if (grant.state === state) return grant;
    await sleep(20);
  }
  return assert.fail(`grant ${id} never became ${state}`);
}

for (const kind of KINDS) {
  test(`${kind.name}: what is put in comes out, and an end is one`, async (t) => {
    const { grants } = await kind.open(t);
    const store = { grants } as Store;
    const grant = await insert(store, { reason: 'it\'s "so" \u{1f4e6}' });
    assert.deepEqual(await grants.find(grant.id), grant);
    assert.equal(await grants.insert(grant), false);
    assert.deepEqual(await grants.listActive(), [grant]);
    assert.deepEqual(await grants.idsLike(grant.id.slice(0, 8), 5), [grant.id]);
    assert.deepEqual(await grants.idsLike('%', 5), []);
    const ending = { at: new Date(T0).toISOString(), by: 'bob', reason: 'enough' };
    const ends = await Promise.all(
      ['revoked', 'expired', 'void'].map((to) => grants.end(grant.id, to as 'void', ending)),
    );
    assert.equal(ends.filter(Boolean).length, 1);
    assert.deepEqual((await grants.find(grant.id))?.ended, ending);
    assert.deepEqual(await grants.listActive(), []);
    assert.deepEqual(await grants.list({ state: 'active' }), []);
    assert.equal((await grants.list({ agent: 'etl-bot' })).length, 1);
    assert.equal(await grants.reserve(grant.id, 1, T0), 0);
    await insert(store, {}, T0 + 1);
    assert.equal(await grants.prune(T0 + 10, 5), 1);
    assert.equal(await grants.find('none-none'), null);
  });

  test(`${kind.name}: of all who reserve at once, none gets a row that another has`, async (t) => {
    const { grants } = await kind.open(t);
    const { id } = await insert({ grants } as Store);
    const got = await Promise.all(Array.from({ length: 25 }, () => grants.reserve(id, 7, T0)));
    assert.equal(
      got.reduce((sum, rows) => sum + rows, 0),
      100,
    );
    assert.deepEqual(
      got.filter((rows) => rows !== 7 && rows !== 0),
      [2],
    );
    await grants.settle(id, 4, 3);
    const { rowsReserved, rowsShown } = (await grants.find(id))!;
    assert.deepEqual([rowsReserved, rowsShown], [97, 4]);
    assert.equal(await grants.reserve(id, 9, T0), 3);
    assert.equal(await grants.reserve(id, 9, T0), 0);
    const late = await insert({ grants } as Store);
    assert.equal(await grants.reserve(late.id, 5, T0 + 60_000), 0, 'its time is over');
    assert.equal(await grants.reserve(late.id, 5, T0 + 59_999), 5);
  });

  test(`${kind.name}: made, used up, and over; in the trail before anything of it is seen`, async (t) => {
    const { service, trail } = await open(t, await kind.open(t));
    const grant = await service.make(asked({ maxRows: 10 }), ana, 'api');
    const board = service.of('etl-bot', 'shop');
    assert.deepEqual([board.any, board.active.map((one) => one.id)], [true, [grant.id]]);
    assert.equal(service.of('etl-bot', 'crm').any || service.of('other', 'shop').any, false);
    const lease = await board.use(grant, USE);
    assert.equal(lease?.left, 2, 'no session gets all at once');
    lease?.take(2);
    assert.throws(() => lease?.take(1), /more rows/);
    for (let i = 0; i < 4; i += 1) {
      await lease?.more();
      lease?.take(lease.left);
    }
    assert.equal(lease?.over, null);
    await lease?.more();
    assert.match(lease?.over ?? '', /10 rows are used up/);
    assert.equal(await board.use(grant, USE), null);
    lease?.settle();
    await becomes(service, grant.id, 'exhausted');
    for (let i = 0; i < 100 && board.any; i += 1) await sleep(10);
    assert.equal(board.any, false);
    const kinds = trail.kinds();
    assert.deepEqual(
      [kinds[0], kinds.at(-2), kinds.at(-1)],
      ['grant_made', 'grant_use_ended', 'grant_exhausted'],
    );
    assert.equal(kinds.filter((one) => one === 'grant_used').length, 5);
  });

  test(`${kind.name}: revoked or expired, what uses it is told at once`, async (t) => {
    const { service } = await open(t, await kind.open(t));
    const told: string[] = [];
    for (const end of ['revoke', 'expire'] as const) {
      const grant = await service.make(asked({ expiresMs: end === 'expire' ? 150 : 60_000 }), ana, 'cli');
      const board = service.of('etl-bot', 'shop');
      const lease = await board.use(grant, USE);
      lease?.onOver((why) => told.push(why));
      if (end === 'revoke') await service.revoke(grant.id, bob, 'enough');
      await becomes(service, grant.id, end === 'revoke' ? 'revoked' : 'expired');
      assert.equal(lease?.left, 0);
      for (let i = 0; i < 100 && board.any; i += 1) await sleep(10);
      assert.equal(board.any, false);
      assert.equal(await board.use(grant, USE), null);
      lease?.settle();
    }
    assert.deepEqual(told, ['bob revoked it: enough', 'its time is over']);
  });

  test(`${kind.name}: I7: without a trail nothing is granted, used or ended, and no row is lost`, async (t) => {
    const { service, trail } = await open(t, await kind.open(t));
    trail.failing = true;
    await assert.rejects(service.make(asked(), ana, 'cli'), { code: 'trail-unavailable' });
    assert.deepEqual(await service.list({}), []);
    trail.failing = false;
    const grant = await service.make(asked(), ana, 'cli');
    trail.failing = true;
    await assert.rejects(service.of('etl-bot', 'shop').use(grant, USE), { code: 'trail-unavailable' });
    await assert.rejects(service.revoke(grant.id, ana, 'x'), { code: 'trail-unavailable' });
    assert.deepEqual(
      [(await service.get(grant.id)).rowsReserved, (await service.get(grant.id)).state],
      [0, 'active'],
    );
  });
}

test('postgres: what one instance revokes ends what another shows, and rows are counted over both', async (t) => {
  const schema = freshSchema();
  const here = await open(t, await openShared(t, schema));
  const there = await open(t, await openShared(t, schema), { sweepMs: 60_000 });
  const grant = await here.service.make(asked({ maxRows: 16 }), ana, 'cli');
  const board = there.service.of('etl-bot', 'shop');
  for (let i = 0; i < 200 && !board.any; i += 1) await sleep(10);
  assert.ok(board.any, 'made there, known here');
  const leases = await Promise.all([
    board.use(grant, USE),
    here.service.of('etl-bot', 'shop').use(grant, USE),
  ]);
  const over = new Promise<string>((resolve) => leases[0]?.onOver(resolve));
  for (let i = 0; i < 10; i += 1) for (const lease of leases) await lease?.more();
  assert.equal((leases[0]?.left ?? 0) + (leases[1]?.left ?? 0), 0, 'both are over once all 16 are given out');
  const reserved = [...here.trail.events, ...there.trail.events].reduce(
    (sum, one) => sum + (one.kind === 'grant_used' ? one.rows : 0),
    0,
  );
  assert.equal(reserved, 16);
  assert.match(await over, /used up/);
  const second = await here.service.make(asked(), ana, 'cli');
  for (let i = 0; i < 200 && !board.active.some((one) => one.id === second.id); i += 1) await sleep(10);
  const lease = await board.use(second, USE);
  const told = new Promise<string>((resolve) => lease?.onOver(resolve));
  await here.service.revoke(second.id, bob, 'at the other one');
  assert.match(await told, /bob revoked it: at the other one/);
});

test('a process that dies gives nothing back: what it may have shown stays counted', async (t) => {
  const kind = KINDS[0]!;
  const store = await kind.open(t);
  const first = await openGrants({ store, trail: new MemoryTrail(), maxMs: 86_400_000, maxRows: 1000 });
  const grant = await first.make(asked({ maxRows: 8 }), ana, 'cli');
  await first.of('etl-bot', 'shop').use(grant, USE);
  const { service } = await open(t, store);
  const lease = await service.of('etl-bot', 'shop').use(grant, USE);
  for (let i = 0; i < 20; i += 1) await lease?.more();
  assert.equal((await service.get(grant.id)).rowsReserved, 8);
  assert.match(lease?.over ?? '', /used up/);
  await first.close();
});

test('I5: nobody grants to themselves or their own agent, nor what a rule keeps for others or for several', async (t) => {
  const { service, trail } = await open(t, await KINDS[0]!.open(t));
  const refused = (changes: Partial<NewGrant>, approver = ana): Promise<string> =>
    service.make(asked(changes), approver, 'api').then(
      () => 'granted',
      (error: { code: string }) => error.code,
    );
  const stewards = ['stewards'];
  assert.equal(await refused({}, { name: 'Olga ', groups: stewards }), 'self-grant');
  assert.equal(await refused({}, { name: 'o', groups: stewards, aliases: ['OLGA'] }), 'self-grant');
  assert.equal(
    await refused({ owner: 'a@x.y' }, { name: 'a', groups: stewards, aliases: ['A+z@x.y'] }),
    'self-grant',
  );
  assert.equal(await refused({}, { name: 'etl-bot', groups: stewards }), 'self-grant');
  assert.equal(await refused({}, bob), 'not-permitted');
  const privacy = { rule: 'p', approvers: stewards, quorum: 2, escalateTo: [] };
  assert.equal(await refused({ requirements: [privacy] }), 'grant-needs-request');
  const both = { rule: 's', approvers: ['security'], quorum: 1, escalateTo: ['stewards'] };
  assert.equal(await refused({ requirements: [...asked().requirements, both] }), 'not-permitted');
  assert.equal(await refused({ expiresMs: 86_400_001 }), 'limit-exceeded');
  assert.equal(await refused({ maxRows: 1001 }), 'limit-exceeded');
  assert.equal(await refused({ maxRows: 0 }), 'bad-input');
  assert.equal(await refused({ reason: ' ' }), 'bad-input');
  assert.deepEqual(trail.events, []);
  for (let i = 0; i < 20; i += 1) assert.equal(await refused({}), 'granted');
  assert.equal(await refused({}), 'limit-exceeded');
});
