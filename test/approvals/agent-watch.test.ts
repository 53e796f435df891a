/** What a disabled agent has left, on both stores: ended by whoever disables it, or found by whoever looks. */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentWatch, type AgentWatchOptions } from '../../src/approvals/agent-watch.ts';
import { openAgents } from '../../src/approvals/agents.ts';
import type { NewGrant } from '../../src/approvals/grant.ts';
import { openGrants } from '../../src/approvals/grants.ts';
import type { Agents } from '../../src/approvals/request.ts';
import { openApprovals } from '../../src/approvals/service.ts';
import type { Store } from '../../src/approvals/store.ts';
import { PosternError } from '../../src/errors.ts';
import { freshSchema, KINDS, openShared, stopServer } from './stores.ts';
import { ana, asked, MemoryTrail } from './support.ts';

after(stopServer);

const VERIFIER = `SCRAM-SHA-256$4096:${'A'.repeat(24)}$${'A'.repeat(43)}=:${'B'.repeat(43)}=`;
const GRANT: NewGrant = {
  agent: 'etl-bot',
  owner: 'olga',
  database: 'shop',
  environment: 'prod',
  columns: [{ relation: 16_384, attnum: 3, typeOid: 25, family: '16384.3', name: 'public.customers.email' }],
  rulesVersion: 'v1',
  rules: ['privacy'],
  requirements: [],
  expiresMs: 60_000,
  maxRows: 100,
  reason: 'a migration',
};

/** Sessions that say when they end. */
class Sessions {
  readonly open = new Set<string>();
  agents(): readonly string[] {
    return [...this.open];
  }
  endSessionsOf(agent: string): void {
    this.open.delete(agent);
  }
}

async function postern(t: test.TestContext, store: Store, changes: Partial<AgentWatchOptions> = {}) {
  const trail = new MemoryTrail();
  const approvals = await openApprovals({ store, trail, maxPendingPerAgent: 100 });
  const grants = await openGrants({ store, trail, maxMs: 86_400_000, maxRows: 1000 });
  const sessions = new Sessions();
  const never = { everyMs: 3_600_000, sweepMs: 3_600_000 };
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const watch = new AgentWatch({ store, approvals, grants, sessions, onError, ...never, ...changes });
  t.after(async () => {
    await watch.close();
    await grants.close();
    await approvals.close();
  });
  const agents: Agents = openAgents({ store, trail, onDisabled: (name, by) => watch.ended(name, by) });
  return { trail, approvals, grants, sessions, watch, agents, errors };
}

const record = (name: string) => {
  return { name, owner: 'olga', groups: [], databases: ['*'], login: 'app', verifier: VERIFIER };
};

for (const kind of KINDS) {
  test(`${kind.name}: disabled, an agent has nothing left, another keeps all, and none gets more`, async (t) => {
    const store = await kind.open(t);
    const { agents, approvals, grants, sessions, trail } = await postern(t, store);
    for (const name of ['etl-bot', 'other']) await agents.add(record(name), 'root');
    const held = await approvals.ask(asked());
    const outcome = approvals.outcome(held.id);
    const approved = await approvals.ask(asked({ mode: 'return', binding: 'b'.repeat(64) }));
    await approvals.decide(approved.id, ana, 'approve', 'fine', 'cli');
    const others = await approvals.ask(asked({ agent: 'other' }));
    const grant = await grants.make(GRANT, ana, 'cli');
    const lease = await grants
      .of('etl-bot', 'shop')
      .use(grant, { sessionId: 's', fingerprint: 'f', relations: [] });
    const kept = await grants.make({ ...GRANT, agent: 'other' }, ana, 'cli');
    for (const name of ['etl-bot', 'other']) sessions.open.add(name);

    await agents.disable('etl-bot', 'root');
    assert.deepEqual(sessions.agents(), ['other']);
    assert.match(lease?.over ?? '', /was disabled/);
    const told = await outcome;
    assert.equal(told.kind === 'withdrawn' && told.reason, 'agent "etl-bot" was disabled by root');
    assert.equal((await approvals.get(approved.id)).state, 'lapsed');
    await assert.rejects(approvals.spend(approved.id, approved.binding, 's1'), { code: 'grant-unusable' });
    assert.equal((await approvals.get(others.id)).state, 'pending');
    const { state, ended } = await grants.get(grant.id);
    assert.deepEqual([state, ended?.by], ['revoked', 'root']);
    assert.equal((await grants.get(kept.id)).state, 'active');
    assert.deepEqual(
      grants.inForce.map((one) => one.agent),
      ['other'],
    );
    // Nothing ends in its name before the trail says that it was disabled.
    const kinds = trail.kinds();
    for (const one of ['request_withdrawn', 'grant_revoked'] as const)
      assert.ok(kinds.indexOf('agent_disabled') < kinds.indexOf(one), kinds.join());
    await assert.rejects(approvals.ask(asked()), { code: 'agent-disabled' });
    await assert.rejects(grants.make(GRANT, ana, 'cli'), { code: 'agent-disabled' });
  });

  test(`${kind.name}: what is asked and granted while the agent is being disabled ends as well`, async (t) => {
    const store = await kind.open(t);
    const { agents, approvals, grants } = await postern(t, store);
    await agents.add(record('etl-bot'), 'root');
    const works: Promise<unknown>[] = [];
    for (let n = 0; n < 20; n += 1) {
      works.push(approvals.ask(asked({ mode: 'return', binding: String(n).padStart(64, '0') })));
      works.push(grants.make(GRANT, ana, 'cli'));
      if (n === 10) works.push(agents.disable('etl-bot', 'root'));
    }
    await Promise.allSettled(works);
    assert.deepEqual(await store.requests.agentsWithOpen(), []);
    assert.deepEqual(await store.grants.listActive(), []);
  });

  test(`${kind.name}: what one left that died while it disabled an agent is found`, async (t) => {
    const store = await kind.open(t);
    const { agents, approvals, grants, sessions, watch, trail } = await postern(t, store, { everyMs: 20 });
    await agents.add(record('etl-bot'), 'root');
    const held = await approvals.ask(asked());
    const grant = await grants.make(GRANT, ana, 'cli');
    sessions.open.add('etl-bot');
    await sleep(60);
    assert.deepEqual(sessions.agents(), ['etl-bot']);
    await store.agents.setDisabled('etl-bot');
    for (let n = 0; n < 100 && sessions.open.size > 0; n += 1) await sleep(10);
    assert.deepEqual(sessions.agents(), []);
    await watch.sweep();
    assert.equal((await approvals.get(held.id)).state, 'withdrawn');
    assert.equal((await grants.get(grant.id)).state, 'void');
    assert.ok(trail.kinds().includes('grant_voided'));
    // An agent that somebody took out of the store is no other.
    sessions.open.add('never-was');
    for (let n = 0; n < 100 && sessions.open.size > 0; n += 1) await sleep(10);
    assert.deepEqual(sessions.agents(), []);
  });

  test(`${kind.name}: where trail or store fail it is disabled all the same, and the rest is tried again`, async (t) => {
    const store = await kind.open(t);
    const { agents, approvals, grants, sessions, trail } = await postern(t, store);
    await agents.add(record('etl-bot'), 'root');
    const grant = await grants.make(GRANT, ana, 'cli');
    const held = await approvals.ask(asked());
    sessions.open.add('etl-bot');
    const { record: whole } = trail;
    trail.record = async (event) => {
      if (event.kind === 'grant_revoked') throw new PosternError('trail-unavailable');
      return whole.call(trail, event);
    };
    await assert.rejects(agents.disable('etl-bot', 'root'), { code: 'trail-unavailable' });
    assert.deepEqual([sessions.agents(), grants.of('etl-bot', 'shop').any], [[], false]);
    assert.equal((await approvals.get(held.id)).state, 'withdrawn');
    trail.record = whole;
    await agents.disable('etl-bot', 'root');
    assert.equal((await grants.get(grant.id)).state, 'revoked');
    assert.equal(trail.kinds().filter((one) => one === 'agent_disabled').length, 1);
  });
}

test('postgres: the sessions at another instance are ended by what it is told', async (t) => {
  const schema = freshSchema();
  const [here, there] = [await openShared(t, schema), await openShared(t, schema)];
  const { agents } = await postern(t, here);
  const { sessions } = await postern(t, there);
  await agents.add(record('etl-bot'), 'root');
  sessions.open.add('etl-bot');
  await agents.disable('etl-bot', 'root');
  for (let n = 0; n < 100 && sessions.open.size > 0; n += 1) await sleep(10);
  assert.deepEqual(sessions.agents(), []);
});
