/** Grants by the API: what is taken, what is answered, and who may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, TOKENS } from './support.ts';

const ASKED = {
  agent: 'etl-bot',
  columns: ['public.customers.email'],
  forMs: 900_000,
  maxRows: 500,
  reason: 'a customer asked for their data',
};

test('made, listed, shown, revoked', async (t) => {
  const { call } = await bench(t);
  const made = await call('ana', 'POST', '/v1/grants', { ...ASKED, database: 'shop' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id } = made.body;
  assert.deepEqual(made.body.columns, ASKED.columns);
  assert.equal(Date.parse(made.body.expiresAt) - Date.parse(made.body.createdAt), 900_000);
  for (const person of ['ana', 'ops', 'audra'] as const) {
    const { body } = await call(person, 'GET', '/v1/grants?state=active&agent=etl-bot');
    assert.deepEqual(body.grants, [made.body]);
  }
  assert.deepEqual((await call('audra', 'GET', `/v1/grants/${id.slice(0, 6)}`)).body, made.body);
  const short = await call('ana', 'POST', `/v1/grants/${id.slice(0, 6)}/revoke`, { reason: 'x' });
  assert.equal(short.body.error.code, 'bad-input');
  const revoked = await call('ops', 'POST', `/v1/grants/${id}/revoke`, { reason: 'done' });
  assert.deepEqual([revoked.body.state, revoked.body.ended.by], ['revoked', 'ops']);
  assert.deepEqual((await call('ana', 'GET', '/v1/grants?state=active')).body.grants, []);
  assert.equal((await call('ana', 'GET', '/v1/grants')).body.grants.length, 1);
});

test('whoever follows events is told of grants, as of requests', async (t) => {
  const { call, url } = await bench(t);
  const stream = await fetch(`${url}/v1/events`, { headers: { authorization: `Bearer ${TOKENS.audra}` } });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  const until = async (words: RegExp): Promise<void> => {
    while (!words.test(told)) told += (await reader?.read())?.value ?? assert.fail('the stream ended');
  };
  await until(/event: live/);
  const { id } = (await call('ana', 'POST', '/v1/grants', ASKED)).body;
  await until(new RegExp(`event: grant\\ndata: {"id":"${id}","state":"active"`));
  await call('ana', 'POST', `/v1/grants/${id}/revoke`, { reason: 'x' });
  await until(new RegExp(`event: grant\\ndata: {"id":"${id}","state":"revoked"`));
  await reader?.cancel();
});

test('what is no grant is refused, and nothing is made of it', async (t) => {
  const { call } = await bench(t);
  const refused = async (changes: object, who: 'ana' | 'bob' | 'olga' = 'ana'): Promise<string> =>
    (await call(who, 'POST', '/v1/grants', { ...ASKED, ...changes })).body.error.code;
  for (const changes of [
    { columns: [] },
    { columns: ['a.b.c', 'a.b.c'] },
    { columns: 'a.b.c' },
    { forMs: 999 },
    { forMs: '15m' },
    { maxRows: 0 },
    { maxRows: 1.5 },
    { reason: '' },
    { agent: 'No Agent' },
    { visible: true },
  ])
    assert.equal(await refused(changes), 'bad-input', JSON.stringify(changes));
  assert.equal(await refused({ forMs: 86_400_001 }), 'limit-exceeded');
  assert.equal(await refused({ maxRows: 10_001 }), 'limit-exceeded');
  assert.equal(await refused({}, 'bob'), 'not-permitted');
  assert.equal(await refused({}, 'olga'), 'self-grant');
  assert.equal(await refused({ columns: ['a.b.c', 'a.b.d', 'a.b.e'] }), 'grant-needs-request');
  assert.deepEqual((await call('ana', 'GET', '/v1/grants')).body.grants, []);
});
