import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';
import { openAgents } from '../../src/approvals/agents.ts';
import { openApprovals } from '../../src/approvals/service.ts';
import { sqliteRequests } from '../../src/approvals/sqlite-requests.ts';
import { openSqliteStore, openTables } from '../../src/approvals/sqlite-store.ts';
import { ana, asked, bench, MemoryTrail, temporaryFolder } from './support.ts';

const VERIFIER = `SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2E=$${'A'.repeat(43)}=:${'B'.repeat(43)}=`;
const agent = {
  name: 'etl-bot',
  owner: 'olga',
  groups: ['data'],
  databases: ['shop'],
  login: 'app',
  verifier: VERIFIER,
};

test('the file is private, and one process has it at a time', async (t) => {
  const file = join(temporaryFolder(t), 'deep', 'store.sqlite');
  const store = openSqliteStore({ file });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.throws(() => openSqliteStore({ file }), { code: 'store-unavailable' });
  await store.close();
  await store.close();
  await openSqliteStore({ file }).close();
});

test('a file that is no store, is damaged, or is from the future is refused', async (t) => {
  const folder = temporaryFolder(t);
  const junk = join(folder, 'junk.sqlite');
  writeFileSync(junk, 'this is not a database at all, but it is long enough to be looked at'.repeat(40));
  assert.throws(() => openSqliteStore({ file: junk }), { code: 'store-unavailable' });
  const future = join(folder, 'future.sqlite');
  await openSqliteStore({ file: future }).close();
  const raw = new DatabaseSync(future);
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  assert.throws(() => openSqliteStore({ file: future }), { code: 'store-unavailable' });
  assert.throws(() => openSqliteStore({ file: join(junk, 'below.sqlite') }), { code: 'store-unavailable' });
});

test('the guard is in the UPDATE: a move from a state that is gone changes nothing', async (t) => {
  const { service, store } = await bench(t);
  const { id } = await service.ask(asked());
  assert.equal(await store.requests.move(id, 'approved', 'spent', ''), false);
  assert.equal(await store.requests.move(id, 'pending', 'withdrawn', 'x'), true);
  const decision = { decision: 'approve', approver: 'ana', reason: 'r', channel: 'cli', time: 't' } as const;
  assert.equal(
    await store.requests.decide(id, 1, decision, { person: 'ana', groups: [] }, 'approved'),
    false,
  );
  assert.equal((await store.requests.find(id))?.request.state, 'withdrawn');
  assert.deepEqual((await store.requests.find(id))?.request.decisions, []);
});

test('a decision and its transition are one step: neither without the other', async (t) => {
  const { service, store } = await bench(t);
  const { id } = await service.ask(asked({ quorum: 2 }));
  await service.decide(id, ana, 'approve', 'yes', 'cli');
  const decision = { decision: 'approve', approver: 'ana', reason: 'r', channel: 'cli', time: 't' } as const;
  await assert.rejects(store.requests.decide(id, 1, decision, { person: 'ana', groups: [] }, 'approved'), {
    code: 'store-unavailable',
  });
  assert.equal((await store.requests.find(id))?.request.state, 'pending');
});

test('a request comes back as it was asked, whatever is in it', async (t) => {
  const { service } = await bench(t);
  const changes = asked({
    statedReason: 'it\'s \u{1f4e6} "quoted" -- ); DROP TABLE requests',
    inTransaction: true,
    approverGroups: [['a'], ['b', 'c']],
    quorum: 2,
  });
  const request = await service.ask(changes);
  assert.deepEqual(await service.get(request.id), request);
});

test('a closed store is an error with a code, on every road', async (t) => {
  const { service, store } = await bench(t);
  const { id } = await service.ask(asked());
  await store.close();
  await assert.rejects(service.get(id), { code: 'store-unavailable' });
  await assert.rejects(service.list({}), { code: 'store-unavailable' });
  await assert.rejects(service.ask(asked()), { code: 'store-unavailable' });
  await assert.rejects(service.decide(id, ana, 'approve', 'yes', 'cli'), { code: 'store-unavailable' });
  await assert.rejects(service.spend(id, 'x', 's1'), { code: 'store-unavailable' });
});

test('a full disk is store-unavailable, and what met it did not happen', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'store.sqlite');
  const database = new DatabaseSync(file);
  openTables(database);
  const requests = sqliteRequests(database, 'x');
  const whole = openSqliteStore({ file: join(folder, 'other.sqlite') });
  t.after(() => whole.close());
  const trail = new MemoryTrail();
  const agents = {
    find: async () => null,
    list: async () => [],
    usable: async () => [],
    insert: async () => false,
    setVerifier: async () => false,
    setDisabled: async () => false,
  };
  const service = await openApprovals({
    store: { ...whole, requests, agents },
    trail,
    maxPendingPerAgent: 1000,
  });
  const { id } = await service.ask(asked());
  // SQLite's own "database or disk is full": no page more than there is.
  database.exec('PRAGMA max_page_count = 1');
  await assert.rejects(service.ask(asked({ statement: 'x'.repeat(100_000) })), { code: 'store-unavailable' });
  assert.deepEqual(
    (await service.list({})).map((request) => request.id),
    [id],
  );
  assert.deepEqual(trail.kinds(), ['request_created', 'request_created', 'request_withdrawn']);
  database.close();
});

test('agents are added, rotated and disabled, each recorded first; bad ones are refused', async (t) => {
  const { store, trail, file } = await bench(t);
  const agents = openAgents({ store, trail });
  const added = await agents.add(agent, 'root');
  assert.deepEqual({ ...added, createdAt: '' }, { ...agent, disabled: false, createdAt: '' });
  assert.deepEqual(await agents.find('etl-bot'), added);
  assert.equal(await agents.find('ETL-BOT'), null);
  await assert.rejects(agents.add(agent, 'root'), { code: 'already-exists' });
  const rotated = VERIFIER.replace('4096', '8192');
  assert.equal((await agents.rotate('etl-bot', rotated, 'root')).verifier, rotated);
  assert.equal((await agents.disable('etl-bot', 'root')).disabled, true);
  await agents.disable('etl-bot', 'root');
  await assert.rejects(agents.disable('nobody', 'root'), { code: 'not-found' });
  assert.deepEqual(trail.kinds(), ['agent_added', 'agent_rotated', 'agent_disabled']);
  assert.ok(!JSON.stringify(trail.events).includes('SCRAM'));
  for (const bad of [
    { name: '' },
    { name: 'Etl' },
    { name: '9bot' },
    { name: 'a b' },
    { name: 'a'.repeat(64) },
    { name: 'bot\n' },
    { owner: ' ' },
    { owner: 'a\u202eb' },
    { databases: [] },
    { databases: [''] },
    { login: '' },
    { verifier: 'secret' },
    { verifier: `${VERIFIER}\n` },
  ]) {
    await assert.rejects(
      agents.add({ ...agent, name: 'new-bot', ...bad }, 'root'),
      { code: 'bad-input' },
      JSON.stringify(bad),
    );
  }
  await store.close();
  const reopened = openSqliteStore({ file });
  assert.equal((await reopened.agents.find('etl-bot'))?.disabled, true);
  await reopened.close();
});

test('without a trail no agent changes', async (t) => {
  const { store } = await bench(t);
  const trail = new MemoryTrail();
  trail.failing = true;
  const agents = openAgents({ store, trail });
  await assert.rejects(agents.add(agent, 'root'), { code: 'trail-unavailable' });
  assert.deepEqual(await agents.list(), []);
});
