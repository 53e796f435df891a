/** The gate's order: no permit without a record, none for a hold without its spent grant (I1, I4, I7). */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent, Trail } from '../../src/audit/event.ts';
import type { RuleSet } from '../../src/policy/rules.ts';
import type { Snapshot } from '../../src/catalog/snapshot.ts';
import type { Store } from '../../src/approvals/store.ts';
import { PosternError } from '../../src/errors.ts';
import { Gate } from '../../src/gate/gate.ts';
import { Judge } from '../../src/gate/judge.ts';
import { Permit } from '../../src/gate/permit.ts';
import { loadParser } from '../../src/sql/analyze.ts';
import { bench } from '../approvals/support.ts';
import { AGENT, ruleSet, rule, snapshotOf } from '../policy/build.ts';

before(() => loadParser());

const LIMITS = { maxStatementBytes: 100_000, statementCacheEntries: 10 };
const EXECUTION = {
  parameters: new Uint8Array(0),
  inTransaction: false,
  sessionReason: null,
  maxWaitMs: 60_000,
  returns: false,
  settings: [],
};
const BUILTINS = { builtinFunctions: new Set(['now']) };

type World = { rules: RuleSet; snapshot: Snapshot };

function worldOf(): World {
  return { rules: ruleSet({}), snapshot: snapshotOf({ 'public.orders': {} }, BUILTINS) };
}

function judgeOf(world: World): Judge {
  const sources = { rules: () => world.rules, snapshot: () => world.snapshot };
  return new Judge(AGENT, { database: 'shop', environment: 'prod' }, sources, LIMITS);
}

class Recording implements Trail {
  readonly events: AuditEvent[] = [];
  full = false;

  note(event: AuditEvent): void {
    if (this.full) throw new PosternError('trail-unavailable');
    this.events.push(event);
  }

  room(): undefined {}

  record(event: AuditEvent): Promise<void> {
    this.note(event);
    return Promise.resolve();
  }
}

const ASKER = { sessionId: 's', owner: 'olga', role: 'app', recordFirst: false };

test('a permit is spent once', () => {
  const permit = new Permit();
  permit.spend();
  assert.throws(() => permit.spend(), /twice/);
});

test('an allowed statement is recorded before its permit exists, or there is none', async (t) => {
  const trail = new Recording();
  const { service } = await bench(t);
  const gate = new Gate(judgeOf(worldOf()), ASKER, trail, service);
  const judged = gate.judge.judge('select id from orders where id = 42', false);
  gate.admit(judged).spend();
  assert.equal(trail.events[0]?.kind, 'statement_allowed');
  assert.ok(!JSON.stringify(trail.events).includes('42'));
  trail.full = true;
  assert.throws(() => gate.admit(judged), { code: 'trail-unavailable' });
});

test('a held statement has no permit but by its grant, and a denied one has none', async (t) => {
  const trail = new Recording();
  const { service } = await bench(t);
  const world = worldOf();
  const gate = new Gate(judgeOf(world), ASKER, trail, service);
  const held = gate.judge.judge('drop table orders', false);
  assert.throws(() => gate.admit(held), /without its grant/);
  world.rules = ruleSet({ rules: [rule('never', { action: ['ddl'] }, 'deny')] });
  const denied = gate.judge.judge('drop table orders', false);
  assert.throws(() => gate.admit(denied), { code: 'statement-denied' });
  assert.equal(trail.events.at(-1)?.kind, 'statement_denied');
});

for (const [what, change] of [
  ['the rules', (world: World) => (world.rules = { ...world.rules, version: 'another' })],
  [
    'the object behind a name',
    (world: World) => (world.snapshot = snapshotOf({ 'public.other': {}, 'public.orders': {} }, BUILTINS)),
  ],
] as const) {
  test(`an approval does not outlive a change of ${what}`, async (t) => {
    const { service } = await bench(t);
    const world = worldOf();
    const gate = new Gate(judgeOf(world), ASKER, new Recording(), service);
    const hold = await gate.hold(gate.judge.judge('drop table orders', false), EXECUTION);
    change(world);
    await service.decide(hold.request.id, { name: 'ana', groups: [] }, 'approve', 'fine', 'api');
    await assert.rejects(hold.permit, { code: 'grant-unusable' });
  });
}

test('an approval that still fits gives one permit, and is spent', async (t) => {
  const { service } = await bench(t);
  const gate = new Gate(judgeOf(worldOf()), ASKER, new Recording(), service);
  const hold = await gate.hold(gate.judge.judge('drop table orders', false), EXECUTION);
  await service.decide(hold.request.id, { name: 'ana', groups: [] }, 'approve', 'fine', 'api');
  (await hold.permit).spend();
  assert.equal((await service.get(hold.request.id)).state, 'spent');
});

/** A store that is another machine: it takes its time. */
function far(store: Store): Store {
  const find: Store['requests']['find'] = async (id) => {
    await sleep(20);
    return store.requests.find(id);
  };
  return { ...store, requests: { ...store.requests, find } };
}

test('return mode: what is approved runs when it is sent again, however long the store takes to say so', async (t) => {
  const { service } = await bench(t, { wrap: far });
  const gate = new Gate(judgeOf(worldOf()), ASKER, new Recording(), service);
  const held = gate.judge.judge('drop table orders', false);
  const execution = { ...EXECUTION, returns: true };
  await assert.rejects(gate.hold(held, execution), { code: 'request-pending' });
  const [request] = await service.list({});
  await service.decide(request?.id ?? '', { name: 'ana', groups: [] }, 'approve', 'fine', 'api');
  (await (await gate.hold(held, execution)).permit).spend();
  await assert.rejects(
    gate.hold(held, execution),
    { code: 'request-pending' },
    'the next needs another approval',
  );
});

test('attack: a client that leaves while the store is slow ends its request and not the process', async (t) => {
  const { service } = await bench(t, { wrap: far });
  const gate = new Gate(judgeOf(worldOf()), ASKER, new Recording(), service);
  const hold = await gate.hold(gate.judge.judge('drop table orders', false), EXECUTION);
  // As a session does whose client has gone: first the withdrawal, and only then a look at the permit.
  await gate.withdraw(hold.request.id, 'the client disconnected');
  await sleep(50);
  await assert.rejects(hold.permit, { code: 'request-withdrawn' });
});

test('a text is read once, and again after the rules or the catalog have changed', () => {
  const world = worldOf();
  const judge = judgeOf(world);
  const first = judge.judge('select 1', false);
  assert.equal(judge.judge('select 1', false), first);
  world.rules = ruleSet({});
  assert.notEqual(judge.judge('select 1', false), first);
});
