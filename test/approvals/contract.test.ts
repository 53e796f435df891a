/** What both stores promise, and the service on each. */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { openAgents } from '../../src/approvals/agents.ts';
import { newRequest } from '../../src/approvals/new-request.ts';
import type { Decision, Request, RequestState } from '../../src/approvals/request.ts';
import { openApprovals } from '../../src/approvals/service.ts';
import type { Store } from '../../src/approvals/store.ts';
import { KINDS, stopServer } from './stores.ts';
import { BINDING, MemoryTrail, ana, asked, bob, cleo } from './support.ts';

after(stopServer);

const T0 = Date.parse('2030-01-01T00:00:00.000Z');
const VERIFIER = `SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2E=$${'A'.repeat(43)}=:${'B'.repeat(43)}=`;
const denial: Decision = {
  decision: 'deny',
  approver: 'ana',
  reason: 'no',
  channel: 'cli',
  time: new Date(T0 + 500).toISOString(),
};
const byAna = { person: 'ana', groups: ['stewards'] };

let count = 0;
async function insert(store: Store, changes: object = {}, atMs = T0): Promise<Request> {
  count += 1;
  const id = `0000-${String(count).padStart(4, '0')}`;
  const request = newRequest({ ...asked(), ...changes }, id, new Date(atMs), {});
  assert.equal(await store.requests.insert(request), true);
  return request;
}

for (const kind of KINDS) {
  const contract = (what: string, work: (store: Store) => Promise<void>): void => {
    test(`${kind.name}: ${what}`, async (t) => work(await kind.open(t)));
  };

  contract('what is put in comes out, whatever is in it', async (store) => {
    const request = await insert(store, {
      statedReason: 'it\'s \u{1f4e6} "quoted" -- ); DROP TABLE requests \u0001 \\u0000',
      approverGroups: [['a'], ['b', 'c']],
      requirements: [{ rule: 'r', approvers: ['a'], quorum: 2, escalateTo: ['z'] }],
      escalation: { afterMs: 60_000, to: ['z'] },
      added: { by: ['somebody', null, 1.5] },
    });
    const stored = await store.requests.find(request.id);
    assert.deepEqual(stored, { request, approvals: [], ending: '', revision: 0 });
    assert.equal(await store.requests.insert(request), false);
    assert.deepEqual(await store.requests.idsLike(request.id.slice(0, 8), 5), [request.id]);
    assert.deepEqual(await store.requests.idsLike('%', 5), []);
    assert.deepEqual(await store.requests.list({ state: 'pending', agent: 'etl-bot' }), [request]);
    assert.equal(await store.requests.find('none-none'), null);
  });

  contract("what is claimed is its instance's own, once, and only while it is approved", async (store) => {
    const { requests } = store;
    const { id, binding, agent } = await insert(store, { mode: 'return' });
    assert.equal(await requests.claim(id), false);
    assert.equal(await requests.decide(id, 0, { ...denial, decision: 'approve' }, byAna, 'approved'), true);
    assert.deepEqual(await requests.listHeld(), []);
    assert.equal((await requests.findReturned(agent, binding, 'approved'))?.id, id);
    assert.deepEqual(await Promise.all([requests.claim(id), requests.claim(id)]).then((all) => all.sort()), [
      false,
      true,
    ]);
    assert.deepEqual(await requests.listHeld(), [id]);
    assert.equal(await requests.findReturned(agent, binding, 'approved'), null);
    assert.equal(await requests.move(id, 'approved', 'spent', ''), true);
    assert.equal(await requests.claim(id), false);
  });

  contract('the service throttles and tells the history by what the store keeps', async (store) => {
    const trail = new MemoryTrail();
    const throttle = { maxDenials: 2, windowMs: 60_000 };
    const service = await openApprovals({ store, trail, maxPendingPerAgent: 5, throttle });
    for (let n = 0; n < 2; n += 1) {
      const { id } = await service.ask(asked());
      await service.decide(id, ana, 'deny', 'no', 'cli');
    }
    await assert.rejects(service.ask(asked()), { code: 'asked-too-often' });
    await service.ask(asked({ database: 'other' }));
    const shaped = await service.ask(asked({ fingerprint: 'f'.repeat(16) }));
    assert.deepEqual(shaped.history, { denied: 2, pending: 1 });
    assert.deepEqual((await service.ask(asked({ agent: 'other-bot' }))).history, {});
    await service.close();
  });

  contract('a change that expects another state or revision changes nothing', async (store) => {
    const { requests } = store;
    const { id } = await insert(store);
    assert.equal(await requests.move(id, 'approved', 'spent', ''), false);
    assert.equal(await requests.decide(id, 1, denial, byAna, 'denied'), false);
    assert.equal(await requests.escalate(id, 0, denial.time), true);
    assert.equal(await requests.escalate(id, 1, denial.time), false);
    const yes = { ...denial, decision: 'approve' } as const;
    assert.equal(await requests.decide(id, 0, yes, byAna, 'pending'), false);
    assert.equal(await requests.decide(id, 1, yes, byAna, 'pending'), true);
    await assert.rejects(requests.decide(id, 2, yes, byAna, 'approved'), { code: 'store-unavailable' });
    assert.equal((await requests.find(id))?.request.state, 'pending');
    assert.equal(await requests.decide(id, 2, denial, byAna, 'denied'), true);
    assert.equal(await requests.move(id, 'pending', 'withdrawn', 'x'), false);
    const stored = await requests.find(id);
    assert.deepEqual(stored?.approvals, [byAna]);
    assert.deepEqual(stored?.request.decisions, [yes, denial]);
    assert.equal(stored?.request.escalatedAt, denial.time);
    assert.deepEqual([stored?.request.state, stored?.revision], ['denied', 3]);
  });

  contract('of many who move a request at once, one does', async (store) => {
    const { id } = await insert(store);
    const tries = Array.from({ length: 20 }, () => store.requests.move(id, 'pending', 'withdrawn', 'x'));
    assert.equal((await Promise.all(tries)).filter(Boolean).length, 1);
  });

  contract('open, due, to be escalated, settled', async (store) => {
    const { requests } = store;
    const waits = await insert(store, { escalation: { afterMs: 1000, to: ['z'] } });
    const returns = await insert(store, { mode: 'return', expiresMs: 2000 });
    const over = await insert(store);
    await requests.move(over.id, 'pending', 'withdrawn', 'gone');
    const open = (await requests.listOpen()).map((r) => r.id).sort();
    assert.deepEqual(open, [waits.id, returns.id].sort());
    assert.deepEqual(await requests.listHeld(), [waits.id]);
    assert.deepEqual(await requests.listOrphans(10), []);
    assert.deepEqual(await requests.listDue(T0 + 1999, 10), []);
    assert.deepEqual(await requests.listDue(T0 + 2000, 10), [returns.id]);
    assert.deepEqual(await requests.listEscalating(T0 + 999, 10), []);
    assert.deepEqual(await requests.listEscalating(T0 + 1000, 10), [waits.id]);
    await requests.escalate(waits.id, 0, denial.time);
    assert.deepEqual(await requests.listEscalating(T0 + 1000, 10), []);
    assert.deepEqual(await requests.listSettled([waits.id, over.id, 'none-none']), [over.id]);
    assert.equal(await requests.countPending('etl-bot'), 2);
  });

  contract('a grant is found by agent and binding, in mode return only', async (store) => {
    const { requests } = store;
    const { id } = await insert(store, { mode: 'return' });
    const waiting = await insert(store);
    assert.equal(await requests.findReturned('etl-bot', BINDING, 'approved'), null);
    assert.equal((await requests.findReturned('etl-bot', BINDING, 'pending'))?.id, id);
    for (const one of [id, waiting.id]) await requests.move(one, 'pending', 'approved', '');
    assert.equal((await requests.findReturned('etl-bot', BINDING, 'approved'))?.id, id);
    assert.equal(await requests.findReturned('other-bot', BINDING, 'approved'), null);
    assert.equal(await requests.findReturned('etl-bot', 'b'.repeat(64), 'approved'), null);
    await requests.move(id, 'approved', 'spent', '');
    assert.equal(await requests.findReturned('etl-bot', BINDING, 'approved'), null);
  });

  contract('denials and what an agent asked of late are counted', async (store) => {
    const { requests } = store;
    const { id, fingerprint } = await insert(store);
    await insert(store, {}, T0 + 1000);
    await insert(store, { agent: 'other-bot' });
    await requests.decide(id, 0, denial, byAna, 'denied');
    const shape = { agent: 'etl-bot', database: 'shop', fingerprint, sinceMs: T0 + 500 };
    const denials = (changes: Partial<typeof shape>): Promise<readonly string[]> =>
      requests.listDenials({ ...shape, ...changes }, 5);
    assert.deepEqual(await denials({}), [denial.time]);
    for (const other of [
      { sinceMs: T0 + 501 },
      { agent: 'other-bot' },
      { database: 'crm' },
      { fingerprint: 'f' },
    ])
      assert.deepEqual(await denials(other), []);
    assert.deepEqual(await requests.listDenials(shape, 0), []);
    assert.deepEqual(await requests.recent('etl-bot', T0), { denied: 1, pending: 1 });
    assert.deepEqual(await requests.recent('etl-bot', T0 + 1000), { pending: 1 });
  });

  contract('what is final and old is removed with its decisions, batch by batch', async (store) => {
    const { requests } = store;
    const old = [await insert(store), await insert(store), await insert(store)];
    const open = await insert(store);
    const young = await insert(store, {}, T0 + 1000);
    for (const { id } of [...old, young]) await requests.decide(id, 0, denial, byAna, 'denied');
    assert.equal(await requests.prune(T0, 10), 0);
    assert.equal(await requests.prune(T0 + 1, 2), 2);
    assert.equal(await requests.prune(T0 + 1, 2), 1);
    assert.equal(await requests.prune(T0 + 1, 2), 0);
    assert.deepEqual((await requests.list({})).map((r) => r.id).sort(), [open.id, young.id].sort());
  });

  contract("work for one key is done one at a time, and a failure is the worker's own", async (store) => {
    let inside = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      assert.equal(inside, 1);
      await store.requests.countPending('etl-bot');
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, () => store.exclusively('k', work)));
    const boom = new Error('boom');
    await assert.rejects(
      store.exclusively('k', () => Promise.reject(boom)),
      boom,
    );
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.exclusively(`k${n}`, () => store.agents.list())),
    );
  });

  contract('agents are added once, changed and listed', async (store) => {
    const agents = openAgents({ store, trail: new MemoryTrail() });
    const one = {
      name: 'etl-bot',
      owner: 'olga',
      groups: ['data'],
      databases: ['*'],
      login: 'app',
      verifier: VERIFIER,
    };
    const added = await agents.add(one, 'root');
    assert.deepEqual(await agents.find('etl-bot'), added);
    await assert.rejects(agents.add(one, 'root'), { code: 'already-exists' });
    assert.equal(await store.agents.insert(added), false);
    assert.equal(await agents.find('ETL-BOT'), null);
    await agents.disable('etl-bot', 'root');
    assert.deepEqual(await agents.list(), [{ ...added, disabled: true }]);
    assert.equal(await store.agents.setDisabled('nobody'), false);
  });

  contract('closed, it is unavailable on every road', async (store) => {
    const { id } = await insert(store);
    await store.close();
    await store.close();
    for (const call of [
      () => store.requests.find(id),
      () => store.requests.list({}),
      () => store.requests.move(id, 'pending', 'expired', ''),
      () => store.agents.find('etl-bot'),
      () => store.agents.list(),
    ]) {
      await assert.rejects(call(), { code: 'store-unavailable' });
    }
  });

  contract('the service: asked, approved by two, escalated, spent once, pruned', async (store) => {
    const trail = new MemoryTrail();
    let now = T0;
    const service = await openApprovals({ store, trail, now: () => new Date(now), maxPendingPerAgent: 5 });
    const requirements = [{ rule: 'r', approvers: ['stewards'], quorum: 2, escalateTo: ['security'] }];
    const { id } = await service.ask(
      asked({ requirements, escalation: { afterMs: 10_000, to: ['security'] } }),
    );
    const outcome = service.outcome(id);
    await assert.rejects(service.decide(id, bob, 'approve', 'yes', 'cli'), { code: 'not-permitted' });
    await service.decide(id, ana, 'approve', 'yes', 'cli');
    now += 10_000;
    const told: (string | null | undefined)[] = [];
    service.subscribe((r) => told.push(r.escalatedAt));
    await service.sweep();
    await service.sweep();
    assert.deepEqual(told, [new Date(now).toISOString()]);
    assert.equal((await service.decide(id, bob, 'approve', 'yes', 'cli')).state, 'approved');
    assert.equal((await outcome).kind, 'approved');
    const spends = await Promise.allSettled(Array.from({ length: 5 }, () => service.spend(id, BINDING, 's')));
    assert.equal(spends.filter((one) => one.status === 'fulfilled').length, 1);
    const other = await service.ask(asked({ requirements, escalation: { afterMs: null, to: ['security'] } }));
    await assert.rejects(
      service.decide(other.id, { name: 'olga', groups: ['stewards'] }, 'escalate', 'x', 'cli'),
      {
        code: 'self-approval',
      },
    );
    assert.ok((await service.decide(other.id, cleo, 'escalate', 'not mine to say', 'cli')).escalatedAt);
    await assert.rejects(service.decide(other.id, cleo, 'escalate', 'again', 'cli'), { code: 'bad-input' });
    const third = await service.ask(asked({ expiresMs: 1000 }));
    await assert.rejects(service.decide(third.id, ana, 'escalate', 'to whom', 'cli'), { code: 'bad-input' });
    now += 100 * 24 * 3_600_000;
    await service.sweep();
    const left = (await service.list({})).map((r): [string, RequestState] => [r.id, r.state]);
    assert.deepEqual(left, []);
    assert.deepEqual(trail.kinds(), [
      'request_created',
      'request_decided',
      'request_escalated',
      'request_decided',
      'grant_spent',
      'request_created',
      'request_escalated',
      'request_created',
      'request_expired',
      'request_expired',
    ]);
    await service.close();
  });
}
