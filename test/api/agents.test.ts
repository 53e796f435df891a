import assert from 'node:assert/strict';
import { pbkdf2Sync, createHmac, createHash } from 'node:crypto';
import { test } from 'node:test';
import { bench } from './support.ts';

const bot = { name: 'etl-bot', owner: 'olga', groups: ['analytics'], databases: ['shop'], login: 'default' };

/** Is this the verifier of this password? Worked out here from RFC 5802, not with our own code. */
function fits(verifier: string, password: string): boolean {
  const [, iterations, salt, stored] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt ?? '', 'base64'), Number(iterations), 32, 'sha256');
  const key = createHmac('sha256', salted).update('Client Key').digest();
  return createHash('sha256').update(key).digest('base64') === stored;
}

test('an agent gets a password once; only its verifier is kept', async (t) => {
  const { call, agents, trailFolder } = await bench(t);
  const added = await call('ops', 'POST', '/v1/agents', bot);
  assert.equal(added.status, 201);
  assert.equal(added.headers.get('cache-control'), 'no-store');
  assert.match(added.body.password, /^[\w-]{32}$/);
  assert.deepEqual({ ...added.body.agent, createdAt: '' }, { ...bot, disabled: false, createdAt: '' });
  assert.ok(fits((await agents.find('etl-bot'))?.verifier ?? '', added.body.password));
  const listed = await call('ops', 'GET', '/v1/agents');
  assert.deepEqual(listed.body.agents, [added.body.agent]);
  assert.ok(!JSON.stringify(listed.body).includes('SCRAM'));
  assert.equal((await call('ops', 'POST', '/v1/agents', bot)).body.error.code, 'already-exists');

  const rotated = await call('ops', 'POST', '/v1/agents/etl-bot/rotate');
  assert.equal(rotated.status, 200);
  assert.notEqual(rotated.body.password, added.body.password);
  assert.ok(fits((await agents.find('etl-bot'))?.verifier ?? '', rotated.body.password));
  const disabled = await call('ops', 'POST', '/v1/agents/etl-bot/disable');
  assert.equal(disabled.body.disabled, true);
  assert.equal((await agents.find('etl-bot'))?.disabled, true);
  assert.equal((await call('ops', 'POST', '/v1/agents/nobody/rotate')).body.error.code, 'not-found');

  const { searchTrail } = await import('../../src/audit/search.ts');
  const { records } = await searchTrail(trailFolder, { agent: 'etl-bot' });
  assert.deepEqual(
    records.map(({ event }) => [event.kind, 'by' in event ? event.by : '']),
    [
      ['agent_added', 'ops'],
      ['agent_rotated', 'ops'],
      ['agent_disabled', 'ops'],
    ],
  );
});

test('an agent for places that do not exist is refused', async (t) => {
  const { call, agents } = await bench(t);
  const refused: [object, number][] = [
    [{ databases: ['nowhere'] }, 404],
    [{ login: 'nobody' }, 404],
    [{ databases: ['crm'], login: 'reports' }, 404],
    [{ databases: ['*'], login: 'reports' }, 404],
    [{ databases: ['*', 'shop'] }, 400],
    [{ databases: [] }, 400],
    [{ name: 'a b' }, 400],
    [{ name: '../x' }, 400],
    [{ name: '' }, 400],
    [{ owner: 'ol\u202ega' }, 400],
    [{ owner: ' ' }, 400],
    [{ password: 'mine' }, 400],
    [{ groups: ['a', 'a'] }, 400],
    [{ groups: 'a' }, 400],
  ];
  for (const [change, status] of refused) {
    assert.equal(
      (await call('ops', 'POST', '/v1/agents', { ...bot, ...change })).status,
      status,
      JSON.stringify(change),
    );
  }
  assert.deepEqual(await agents.list(), []);
  assert.equal((await call('ops', 'POST', '/v1/agents', { ...bot, databases: ['*'] })).status, 201);
});
