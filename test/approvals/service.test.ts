import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openApprovals } from '../../src/approvals/service.ts';
import { openSqliteStore } from '../../src/approvals/sqlite-store.ts';
import type { Store } from '../../src/approvals/store.ts';
import type { Approver } from '../../src/approvals/request.ts';
import { PosternError } from '../../src/errors.ts';
import { BINDING, ana, asked, bench, bob, cleo } from './support.ts';

test('asked, approved, spent: each step recorded before it is seen, the grant used once (I4, I7)', async (t) => {
  const { service, trail } = await bench(t);
  const request = await service.ask(asked());
  assert.deepEqual(trail.kinds(), ['request_created']);
  const outcome = service.outcome(request.id);
  const seen: string[] = [];
  service.subscribe((r) => seen.push(`${r.state} after ${trail.events.length}`));
  const decided = await service.decide(request.id, ana, 'approve', ' looks right ', 'cli');
  assert.equal(decided.state, 'approved');
  assert.equal(decided.decisions[0]?.reason, 'looks right');
  assert.equal((await outcome).kind, 'approved');
  await assert.rejects(service.spend(request.id, 'b'.repeat(64), 's1'), { code: 'grant-unusable' });
  await service.spend(request.id, BINDING, 's1');
  await assert.rejects(service.spend(request.id, BINDING, 's1'), { code: 'grant-unusable' });
  assert.equal((await service.get(request.id)).state, 'spent');
  assert.deepEqual(trail.kinds(), ['request_created', 'request_decided', 'grant_spent']);
  assert.deepEqual(seen, ['approved after 2', 'spent after 3']);
});

test('of many who spend or decide at once, one succeeds', async (t) => {
  const { service, trail } = await bench(t);
  const { id } = await service.ask(asked());
  const decisions = await Promise.allSettled([
    service.decide(id, ana, 'approve', 'yes', 'cli'),
    service.decide(id, bob, 'deny', 'no', 'api'),
    service.decide(id, cleo, 'approve', 'yes', 'api'),
  ]);
  assert.deepEqual(
    decisions.map((d) => d.status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  const spends = await Promise.allSettled(Array.from({ length: 20 }, () => service.spend(id, BINDING, 's1')));
  assert.equal(spends.filter((s) => s.status === 'fulfilled').length, 1);
  assert.equal(trail.kinds().filter((kind) => kind === 'grant_spent').length, 1);
});

test('I5: neither the agent nor its owner decides, however they spell their name', async (t) => {
  const { service, trail } = await bench(t);
  const { id } = await service.ask(asked());
  for (const name of ['olga', ' Olga ', 'OLGA', 'ｏｌｇａ', 'etl-bot', 'ETL-Bot']) {
    for (const decision of ['approve', 'deny'] as const) {
      await assert.rejects(service.decide(id, { name, groups: ['stewards'] }, decision, 'fine', 'cli'), {
        code: 'self-approval',
      });
    }
  }
  await assert.rejects(service.decide(id, { name: ' ', groups: [] }, 'approve', 'fine', 'cli'), {
    code: 'not-permitted',
  });
  assert.deepEqual(trail.kinds(), ['request_created']);
});

test('a quorum counts distinct people, and each rule gets one of its groups', async (t) => {
  const { service } = await bench(t);
  const { id } = await service.ask(asked({ quorum: 2, approverGroups: [['stewards'], ['security']] }));
  const outsider: Approver = { name: 'dan', groups: ['sales'] };
  await assert.rejects(service.decide(id, outsider, 'approve', 'yes', 'cli'), { code: 'not-permitted' });
  await assert.rejects(service.decide(id, outsider, 'deny', 'no', 'cli'), { code: 'not-permitted' });
  assert.equal((await service.decide(id, ana, 'approve', 'yes', 'cli')).state, 'pending');
  await assert.rejects(service.decide(id, { ...ana, name: 'ANA' }, 'approve', 'again', 'cli'), {
    code: 'self-approval',
  });
  const another: Approver = { name: 'eve', groups: ['stewards'] };
  assert.equal((await service.decide(id, another, 'approve', 'yes', 'cli')).state, 'pending');
  await assert.rejects(service.spend(id, BINDING, 's1'), { code: 'grant-unusable' });
  assert.equal((await service.decide(id, bob, 'approve', 'yes', 'cli')).state, 'approved');

  const open = await service.ask(asked({ quorum: 2, approverGroups: [['stewards'], []] }));
  await assert.rejects(service.decide(open.id, bob, 'approve', 'yes', 'cli'), { code: 'not-permitted' });
  const denied = await service.ask(asked({ quorum: 2 }));
  await service.decide(denied.id, ana, 'approve', 'yes', 'cli');
  assert.equal((await service.decide(denied.id, ana, 'deny', 'no, wait', 'cli')).state, 'denied');
  const outcome = await service.outcome(denied.id);
  assert.ok(outcome.kind === 'denied' && outcome.decision.reason === 'no, wait');
});

test('a decision needs a reason that can be shown', async (t) => {
  const { service } = await bench(t);
  const { id } = await service.ask(asked());
  for (const reason of [
    '',
    '  ',
    '\u200b\u00ad',
    'a\nb',
    'a\u0000b',
    'a\u202eb',
    'x'.repeat(2001),
    '\ud800',
  ]) {
    await assert.rejects(
      service.decide(id, ana, 'approve', reason, 'cli'),
      { code: 'bad-input' },
      JSON.stringify(reason),
    );
  }
  await service.decide(id, ana, 'deny', 'nein, später — 👩‍💻', 'cli');
});

test('expiry is by the clock: no late decision, no late spend, waiters told', async (t) => {
  const { service, trail, pass } = await bench(t);
  const waiting = await service.ask(asked());
  const approved = await service.ask(asked());
  await service.decide(approved.id, ana, 'approve', 'yes', 'cli');
  const outcome = service.outcome(waiting.id);
  pass(59_999);
  await service.expireDue();
  assert.equal((await service.get(waiting.id)).state, 'pending');
  pass(1);
  await assert.rejects(service.decide(waiting.id, ana, 'approve', 'yes', 'cli'), { code: 'already-decided' });
  await assert.rejects(service.spend(approved.id, BINDING, 's1'), { code: 'grant-unusable' });
  assert.equal((await service.get(approved.id)).state, 'lapsed');
  await service.expireDue();
  assert.equal((await outcome).kind, 'expired');
  assert.deepEqual(trail.kinds().filter((kind) => kind === 'request_expired').length, 2);
});

test('the timer expires without anybody asking', async (t) => {
  const { store, trail, service } = await bench(t);
  await service.close();
  const live = await openApprovals({ store, trail, maxPendingPerAgent: 5 });
  const { id } = await live.ask(asked({ expiresMs: 30 }));
  const outcome = live.outcome(id);
  await sleep(200);
  assert.equal((await Promise.race([outcome, sleep(0, { kind: 'still waiting' })])).kind, 'expired');
});

test('withdrawing ends what is pending or approved and nothing else', async (t) => {
  const { service, trail } = await bench(t);
  const pending = await service.ask(asked());
  const outcome = service.outcome(pending.id);
  await service.withdraw(pending.id, 'the agent cancelled');
  const ended = await outcome;
  assert.ok(ended.kind === 'withdrawn' && ended.reason === 'the agent cancelled');
  await assert.rejects(service.decide(pending.id, ana, 'approve', 'yes', 'cli'), { code: 'already-decided' });
  const approved = await service.ask(asked());
  await service.decide(approved.id, ana, 'approve', 'yes', 'cli');
  await service.withdraw(approved.id, 'the session ended');
  assert.equal((await service.get(approved.id)).state, 'lapsed');
  await assert.rejects(service.spend(approved.id, BINDING, 's1'), { code: 'grant-unusable' });
  const before = trail.events.length;
  await service.withdraw(approved.id, 'again');
  await service.withdraw('zzzz-zzzz', 'never was');
  assert.equal(trail.events.length, before);
});

test('one agent cannot flood the approvers, not even all at once', async (t) => {
  const { service } = await bench(t, { maxPendingPerAgent: 3 });
  const all = await Promise.allSettled(Array.from({ length: 10 }, () => service.ask(asked())));
  assert.equal(all.filter((r) => r.status === 'fulfilled').length, 3);
  assert.ok(all.every((r) => r.status === 'fulfilled' || r.reason.code === 'limit-exceeded'));
  await service.ask(asked({ agent: 'other-bot' }));
  await service.withdraw((await service.list({ agent: 'etl-bot' }))[0]?.id ?? '', 'done');
  await service.ask(asked());
});

test('requests are found by id, by its beginning and by filter', async (t) => {
  const { service } = await bench(t);
  const first = await service.ask(asked());
  const second = await service.ask(asked({ agent: 'other-bot' }));
  assert.equal((await service.get(` ${first.id.toUpperCase().replace('-', '')} `)).id, first.id);
  assert.equal((await service.get(first.id.slice(0, 7))).id, first.id);
  for (const name of ['', '-', '%', '_', first.id + 'x', 'nope!', 'zzzz-zzzz'])
    await assert.rejects(service.get(name), { code: 'not-found' }, name);
  await assert.rejects(service.decide(first.id.slice(0, 7), ana, 'approve', 'yes', 'cli'), {
    code: 'not-found',
  });
  for (let n = 0; n < 33; n += 1) await service.ask(asked());
  // 35 ids and 32 first characters: two of them begin alike.
  const initials = (await service.list({ limit: 50 })).map((r) => r.id[0] ?? '');
  const twice = initials.find((c, i) => initials.indexOf(c) !== i) ?? '';
  await assert.rejects(service.get(twice), { code: 'ambiguous-id' });
  assert.deepEqual(
    (await service.list({ agent: 'other-bot' })).map((r) => r.id),
    [second.id],
  );
  assert.equal((await service.list({ state: 'spent' })).length, 0);
  assert.equal((await service.list({ limit: 4 })).length, 4);
});

test('I2: without a trail nothing is asked, decided or spent, and what must end ends', async (t) => {
  const { service, trail, pass } = await bench(t);
  const held = await service.ask(asked());
  const granted = await service.ask(asked());
  const leaving = await service.ask(asked());
  await service.decide(granted.id, ana, 'approve', 'yes', 'cli');
  const outcomes = [service.outcome(held.id), service.outcome(leaving.id)];
  trail.failing = true;
  await assert.rejects(service.ask(asked()), { code: 'trail-unavailable' });
  await assert.rejects(service.decide(held.id, ana, 'approve', 'yes', 'cli'), { code: 'trail-unavailable' });
  await assert.rejects(service.spend(granted.id, BINDING, 's1'), { code: 'trail-unavailable' });
  assert.equal((await service.get(held.id)).state, 'pending');
  assert.equal((await service.get(granted.id)).state, 'approved');
  await assert.rejects(service.withdraw(leaving.id, 'gone'), { code: 'trail-unavailable' });
  pass(60_000);
  await service.expireDue();
  for (const outcome of outcomes) await assert.rejects(outcome, { code: 'trail-unavailable' });
  trail.failing = false;
  await assert.rejects(service.decide(leaving.id, ana, 'approve', 'yes', 'cli'), { code: 'already-decided' });
  await assert.rejects(service.spend(granted.id, BINDING, 's1'), { code: 'grant-unusable' });
  await service.expireDue();
  assert.deepEqual(
    await Promise.all([held, granted, leaving].map(async (r) => (await service.get(r.id)).state)),
    ['expired', 'lapsed', 'withdrawn'],
  );
  assert.equal(trail.kinds().filter((kind) => kind === 'request_created').length, 3);
});

test('I2: a step that the trail has and the store lost kills the request', async (t) => {
  let failing = false;
  const fail =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (failing) throw new PosternError('store-unavailable', { reason: 'disk I/O error' });
      return work(...args);
    };
  const wrap = (store: Store): Store => {
    const { requests } = store;
    return {
      ...store,
      requests: {
        ...requests,
        decide: fail((...args: Parameters<typeof requests.decide>) => requests.decide(...args)),
        move: fail((...args: Parameters<typeof requests.move>) => requests.move(...args)),
        insert: fail((...args: Parameters<typeof requests.insert>) => requests.insert(...args)),
      },
    };
  };
  const { service, trail } = await bench(t, { wrap });
  const held = await service.ask(asked());
  const granted = await service.ask(asked());
  await service.decide(granted.id, ana, 'approve', 'yes', 'cli');
  const outcome = service.outcome(held.id);
  failing = true;
  await assert.rejects(service.decide(held.id, ana, 'approve', 'yes', 'cli'), { code: 'store-unavailable' });
  await assert.rejects(outcome, { code: 'store-unavailable' });
  await assert.rejects(service.spend(granted.id, BINDING, 's1'), { code: 'store-unavailable' });
  await assert.rejects(service.ask(asked()), { code: 'store-unavailable' });
  failing = false;
  await assert.rejects(service.decide(held.id, bob, 'approve', 'yes', 'cli'), { code: 'already-decided' });
  await assert.rejects(service.spend(granted.id, BINDING, 's1'), { code: 'grant-unusable' });
  await service.expireDue();
  assert.deepEqual(await Promise.all([held, granted].map(async (r) => (await service.get(r.id)).state)), [
    'withdrawn',
    'lapsed',
  ]);
  assert.equal(trail.kinds().at(-1), 'request_withdrawn');
});

test('I7: killed between trail and store, a returned grant is gone: the trail tells of it being spent once', async (t) => {
  let killed = false;
  const wrap = (store: Store): Store => {
    const { requests } = store;
    const move: typeof requests.move = async (...args) => {
      if (!killed) return requests.move(...args);
      throw new Error('the process is gone');
    };
    return { ...store, requests: { ...requests, move } };
  };
  const { store, service, trail, file } = await bench(t, { wrap });
  const { id } = await service.ask(asked({ mode: 'return' }));
  await service.decide(id, ana, 'approve', 'yes', 'cli');
  killed = true;
  await assert.rejects(service.spend(id, BINDING, 's1'));
  await store.close();
  const again = openSqliteStore({ file });
  t.after(() => again.close());
  const survivor = await openApprovals({ store: again, trail, maxPendingPerAgent: 5 });
  assert.equal((await survivor.get(id)).state, 'lapsed');
  assert.equal(await survivor.earlier('etl-bot', BINDING), null);
  await assert.rejects(survivor.spend(id, BINDING, 's1'), { code: 'grant-unusable' });
  assert.equal(trail.kinds().filter((kind) => kind === 'grant_spent').length, 1);
  await survivor.close();
});

test('approved while it is sent again, a returned request is found: there is never a second one', async (t) => {
  let decide = async (): Promise<void> => undefined;
  const wrap = (store: Store): Store => {
    const { requests } = store;
    const findReturned: typeof requests.findReturned = async (agent, binding, state) => {
      const before = decide;
      // Between the looks at what is approved and at what is pending.
      if (state === 'pending') {
        decide = async () => undefined;
        await before();
      }
      return requests.findReturned(agent, binding, state);
    };
    return { ...store, requests: { ...requests, findReturned } };
  };
  const { service } = await bench(t, { wrap });
  const { id } = await service.ask(asked({ mode: 'return' }));
  decide = async () => void (await service.decide(id, ana, 'approve', 'yes', 'cli'));
  const again = await service.ask(asked({ mode: 'return' }));
  assert.deepEqual([again.id, again.state], [id, 'approved']);
  assert.equal((await service.list({})).length, 1);
});

test('a listener that throws disturbs nobody', async (t) => {
  const { service } = await bench(t);
  let told = 0;
  service.subscribe(() => {
    throw new Error('listener');
  });
  const stop = service.subscribe(() => (told += 1));
  const { id } = await service.ask(asked());
  stop();
  await service.withdraw(id, 'done');
  assert.equal(told, 1);
});

test('closing withdraws what is open and takes nothing new', async (t) => {
  const { service } = await bench(t);
  const { id } = await service.ask(asked());
  const outcome = service.outcome(id);
  const late = service.ask(asked());
  await Promise.all([service.close(), assert.rejects(late, { code: 'shutting-down' })]);
  assert.equal((await outcome).kind, 'withdrawn');
  await assert.rejects(service.ask(asked()), { code: 'shutting-down' });
  assert.equal((await service.list({ state: 'pending' })).length, 0);
});

test('requests that can never be decided or never end are refused', async (t) => {
  const { service } = await bench(t);
  for (const changes of [
    { quorum: 0 },
    { quorum: 1.5 },
    { expiresMs: 0 },
    { expiresMs: Infinity },
    { expiresMs: NaN },
    { binding: '' },
  ]) {
    await assert.rejects(service.ask(asked(changes)), { code: 'bad-input' });
  }
});
