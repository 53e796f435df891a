import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asked, bench } from './support.ts';

test('who approved this? The search answers by agent, approver, relation, action, kind and time', async (t) => {
  const { approvals, call } = await bench(t);
  const one = await approvals.ask(asked());
  await approvals.ask(asked({ agent: 'other-bot', relations: ['public.orders'] }));
  await call('ana', 'POST', `/v1/requests/${one.id}/approve`, { reason: 'month end' });
  const kinds = async (query: string): Promise<string[]> => {
    const { status, body } = await call('audra', 'GET', `/v1/audit/search?${query}`);
    assert.equal(status, 200, query);
    return (body.records as { event: { kind: string } }[]).map((record) => record.event.kind);
  };
  assert.deepEqual(await kinds('approver=ana'), ['request_decided']);
  assert.deepEqual(await kinds('agent=etl-bot'), ['request_created', 'request_decided']);
  assert.deepEqual(await kinds('relation=orders'), ['request_created']);
  assert.deepEqual(await kinds('kind=request_created,request_decided&action=export'), [
    'request_created',
    'request_created',
    'request_decided',
  ]);
  assert.deepEqual(await kinds(`request=${one.id}&approver=ana`), ['request_decided']);
  assert.deepEqual(await kinds('until=2020-01-01'), []);
  assert.deepEqual(await kinds('since=2020-01-01T00:00:00%2B02:00&approver=ana'), ['request_decided']);
  const cut = await call('audra', 'GET', '/v1/audit/search?limit=1');
  assert.deepEqual([cut.body.records.length, cut.body.truncated], [1, true]);
  for (const bad of [
    'since=yesterday',
    'since=2020-99-99',
    'limit=0',
    'limit=-1',
    'limit=1e3',
    'agent=',
    'colour=red',
    'agent=a&agent=b',
  ]) {
    assert.equal((await call('audra', 'GET', `/v1/audit/search?${bad}`)).status, 400, bad);
  }
});

test('verify reports a whole trail, and the line of one that was changed', async (t) => {
  const { approvals, call, trailFolder } = await bench(t);
  await approvals.ask(asked());
  await approvals.ask(asked());
  const whole = await call('audra', 'GET', '/v1/audit/verify');
  assert.deepEqual([whole.body.ok, whole.body.records], [true, 2]);
  const segment = readdirSync(trailFolder).find((name) => name.endsWith('.jsonl')) ?? '';
  const text = readFileSync(join(trailFolder, segment), 'utf8');
  writeFileSync(join(trailFolder, segment), text.replace('etl-bot', 'etl-bat'));
  const broken = await call('audra', 'GET', '/v1/audit/verify');
  assert.deepEqual([broken.status, broken.body.ok, broken.body.line], [200, false, 1]);
  writeFileSync(join(trailFolder, segment), text);
});

test('explain answers for agents and databases that exist', async (t) => {
  const { call } = await bench(t);
  await call('ops', 'POST', '/v1/agents', {
    name: 'bot',
    owner: 'olga',
    databases: ['shop'],
    login: 'default',
  });
  const ask = (body: object) =>
    call('ana', 'POST', '/v1/policy/explain', {
      sql: 'drop table orders',
      agent: 'bot',
      database: 'shop',
      ...body,
    });
  const answer = await ask({});
  assert.deepEqual([answer.status, answer.body.verdict, answer.body.agent], [200, 'hold', 'bot']);
  assert.equal((await ask({ agent: 'nobody' })).status, 404);
  assert.equal((await ask({ database: 'nowhere' })).status, 404);
  assert.equal((await ask({ sql: '' })).status, 400);
});
