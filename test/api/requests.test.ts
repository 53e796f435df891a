import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, bench } from './support.ts';

test('lists by state and agent, newest first, and shows by id and by beginning', async (t) => {
  const { approvals, call } = await bench(t);
  const one = await approvals.ask(asked());
  const two = await approvals.ask(asked({ agent: 'report-bot' }));
  await approvals.withdraw(one.id, 'cancelled');
  const all = await call('ana', 'GET', '/v1/requests');
  assert.equal(all.status, 200);
  assert.deepEqual(new Set(all.body.requests.map((r: { id: string }) => r.id)), new Set([one.id, two.id]));
  const pending = await call('ana', 'GET', '/v1/requests?state=pending');
  assert.deepEqual(
    pending.body.requests.map((r: { id: string }) => r.id),
    [two.id],
  );
  const of = await call('ana', 'GET', '/v1/requests?agent=etl-bot');
  assert.deepEqual(
    of.body.requests.map((r: { state: string }) => r.state),
    ['withdrawn'],
  );
  for (const id of [two.id, two.id.toUpperCase(), two.id.slice(0, 6)]) {
    const shown = await call('ana', 'GET', `/v1/requests/${id}`);
    assert.equal(shown.body.id, two.id);
    assert.equal(shown.body.statement, 'COPY customers TO STDOUT');
  }
  assert.equal((await call('ana', 'GET', '/v1/requests?state=bogus')).status, 400);
  assert.equal((await call('ana', 'GET', '/v1/requests?limit=5')).status, 400);
  assert.equal((await call('ana', 'GET', '/v1/requests/zzzz-zzzz')).body.error.code, 'not-found');
});

test('the binding, a hash over literals, is in no answer', async (t) => {
  const { approvals, call } = await bench(t);
  const { id } = await approvals.ask(asked({ binding: 'feedface'.repeat(8) }));
  for (const path of ['/v1/requests', `/v1/requests/${id}`]) {
    assert.ok(!JSON.stringify((await call('ana', 'GET', path)).body).includes('feedface'));
  }
  const decided = await call('ana', 'POST', `/v1/requests/${id}/approve`, { reason: 'ok' });
  assert.ok(!JSON.stringify(decided.body).includes('feedface'));
});

test('approve and deny reach whoever waits, with who, why and from where', async (t) => {
  const { approvals, call } = await bench(t);
  const one = await approvals.ask(asked());
  const waiting = approvals.outcome(one.id);
  const approved = await call('ana', 'POST', `/v1/requests/${one.id}/approve`, {
    reason: 'quarterly numbers',
  });
  assert.equal(approved.status, 200);
  assert.equal(approved.body.state, 'approved');
  const { time, ...decision } = approved.body.decisions[0];
  assert.deepEqual(decision, {
    decision: 'approve',
    approver: 'ana',
    reason: 'quarterly numbers',
    channel: 'api',
  });
  assert.ok(Date.parse(time) > 0);
  assert.equal((await waiting).kind, 'approved');
  const again = await call('ana', 'POST', `/v1/requests/${one.id}/deny`, { reason: 'no' });
  assert.equal(again.status, 409);
  assert.equal(again.body.error.code, 'already-decided');

  const two = await approvals.ask(asked());
  const denied = await call('bob', 'POST', `/v1/requests/${two.id}/deny`, { reason: 'not this one' });
  assert.equal(denied.body.state, 'denied');
});

test('nobody decides by the beginning of an id', async (t) => {
  const { approvals, call } = await bench(t);
  const { id } = await approvals.ask(asked());
  const answer = await call('ana', 'POST', `/v1/requests/${id.slice(0, 8)}/approve`, { reason: 'ok' });
  assert.equal(answer.status, 400);
  assert.equal((await approvals.get(id)).state, 'pending');
});

test('I5: the owner may not decide, nor one person twice, nor somebody outside the groups', async (t) => {
  const { approvals, call } = await bench(t);
  const { id } = await approvals.ask(asked({ approverGroups: [['data-stewards']], quorum: 2 }));
  const own = await call('olga', 'POST', `/v1/requests/${id}/approve`, { reason: 'mine' });
  assert.deepEqual([own.status, own.body.error.code], [403, 'self-approval']);
  assert.equal(
    (await call('bob', 'POST', `/v1/requests/${id}/approve`, { reason: 'ok' })).body.error.code,
    'not-permitted',
  );
  assert.equal(
    (await call('ana', 'POST', `/v1/requests/${id}/approve`, { reason: 'ok' })).body.state,
    'pending',
  );
  assert.equal(
    (await call('ana', 'POST', `/v1/requests/${id}/approve`, { reason: 'ok' })).body.error.code,
    'self-approval',
  );
  assert.equal((await approvals.get(id)).state, 'pending');
});

test('a decision needs a reason that shows', async (t) => {
  const { approvals, call } = await bench(t);
  const { id } = await approvals.ask(asked());
  const bodies = [
    undefined,
    {},
    { reason: '' },
    { reason: '  \n' },
    { reason: '\u200b\u202e' },
    { reason: 5 },
    { reason: 'x'.repeat(2001) },
    { reason: 'ok', approver: 'bob' },
    '{"reason":',
    '[]',
    'null',
  ];
  for (const body of bodies) {
    const answer = await call('ana', 'POST', `/v1/requests/${id}/approve`, body);
    assert.deepEqual([answer.status, answer.body.error.code], [400, 'bad-input'], JSON.stringify(body));
  }
  assert.equal((await approvals.get(id)).state, 'pending');
});
