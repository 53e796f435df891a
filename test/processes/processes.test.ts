/** Two processes of one Postern: one port, one API, one queue of requests, a chain each. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrailReport } from '../../src/audit/chains.ts';
import type { SearchResult } from '../../src/audit/search.ts';
import type { Supervised } from '../../src/processes/supervisor.ts';
import { RULES } from '../e2e/harness.ts';
import { cancel, codesIn, query, type RawClient } from '../e2e/raw-client.ts';
import { byProcess, openStage, until, type Stage } from './stage.ts';

/** Fewer than an agent may have pending (`limits.maxPendingRequestsPerAgent`). */
const MANY = 18;

let stage: Stage;
let supervised: Supervised;
const clients: RawClient[] = [];

before(async () => {
  stage = await openStage(`${RULES}reveal: { groups: [stewards] }\n`);
  supervised = await stage.start();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.socket.destroy();
});
after(async () => {
  await supervised.stop();
  await stage.close();
});

/** So many that both processes have some: all at one is a chance of one in 131072. */
async function many(minor: 0 | 2 = 2): Promise<RawClient[]> {
  const made = await Promise.all(Array.from({ length: MANY }, () => stage.client(minor)));
  clients.push(...made);
  return made;
}

async function metrics(): Promise<string> {
  const { status, body } = await stage.call('GET', '/metrics');
  assert.equal(status, 200);
  return body as string;
}

/** Holds one statement of each client; resolves when all wait. */
async function hold(all: readonly RawClient[], word: string): Promise<readonly { readonly id: string }[]> {
  for (const [n, client] of all.entries()) client.send(query(`create table ${word}_${n} (id int)`));
  return stage.pending(all.length);
}

async function search(path: string): Promise<SearchResult['records']> {
  return ((await stage.call('GET', `/v1/audit/search?${path}`)).body as SearchResult).records;
}

test('both take clients, and the metrics say it of each', async () => {
  await many();
  const text = await metrics();
  const sessions = byProcess(text, 'postern_sessions');
  assert.deepEqual(Object.keys(sessions), ['1', '2']);
  assert.equal(sessions['1']! + sessions['2']!, MANY);
  assert.ok(sessions['1']! > 0 && sessions['2']! > 0, JSON.stringify(sessions));
  assert.deepEqual(byProcess(text, 'postern_ready'), { 1: 1, 2: 1 });
  assert.match(
    text,
    /^postern_upstream_connect_seconds_bucket\{le="0.1",database="shop",process="2"\} \d+$/m,
  );
  assert.equal(text.match(/^# TYPE postern_sessions gauge$/gm)?.length, 1);
  assert.deepEqual((await stage.call('GET', '/readyz')).body, { ready: true, problems: [] });
  assert.deepEqual((await stage.call('GET', '/healthz')).body, { alive: true, problems: [] });
});

test('what is held at either is read and approved by the one API, released there, and spent once', async () => {
  const all = await many();
  const requests = await hold(all, 'made');
  for (const { id } of requests) {
    const shown = await stage.call('GET', `/v1/requests/${id}/text`);
    assert.match((shown.body as { text: string }).text, /^create table made_\d+ \(id int\)$/);
    assert.equal((await stage.call('POST', `/v1/requests/${id}/approve`, { reason: 'ok' })).status, 200);
  }
  for (const client of all) assert.deepEqual(codesIn(await client.until('Z')), []);
  const spent = await search('kind=grant_spent');
  assert.equal(spent.length, MANY);
  assert.deepEqual(
    new Set(spent.map(({ event }) => (event as { request_id: string }).request_id)).size,
    MANY,
  );
  // Asked for by the agent: what was decided in the first's chain is found by what is in the second's.
  const story = await search('agent=shared-bot&kind=request_created,request_decided&limit=1000');
  assert.equal(story.length, 2 * MANY);
  const chainsOf = (kind: string): string[] => [
    ...new Set(story.filter(({ event }) => event.kind === kind).map(({ chain }) => chain ?? '')),
  ];
  assert.deepEqual(chainsOf('request_created').sort(), ['1', '2']);
  assert.deepEqual(chainsOf('request_decided'), ['1']);
  const unknown = await stage.call('GET', '/v1/requests/zzzz-zzzz/text');
  assert.equal(unknown.status, 404);
});

for (const minor of [0, 2] as const) {
  test(`protocol 3.${minor}: cancels find their statements and requests, wherever the two land`, async () => {
    const all = await many(minor);
    for (const client of all) client.send(query('select pg_sleep(10)'));
    await sleep(300);
    await Promise.all(all.map((client) => cancel(stage.port, client.key)));
    for (const client of all) assert.deepEqual(codesIn(await client.until('Z')), ['57014']);
    await hold(all, 'never');
    await Promise.all(all.map((client) => cancel(stage.port, client.key)));
    for (const client of all) assert.deepEqual(codesIn(await client.until('Z')), ['57014']);
    await until('all withdrawn', async () => {
      const { body } = await stage.call('GET', '/v1/requests?state=pending');
      return (body as { requests: unknown[] }).requests.length === 0;
    });
  });
}

test('killed in the middle of a hold: withdrawn, told, started again; the other goes on', async () => {
  const all = await many();
  await hold(all, 'orphan');
  const victim = supervised.pid(2) ?? assert.fail('process 2 is not there');
  process.kill(victim, 'SIGKILL');
  await until('some are cut off', () => all.some((client) => client.closed));
  const told = await stage.call('GET', '/readyz');
  assert.equal(told.status, 503);
  assert.deepEqual((told.body as { problems: string[] }).problems, ['process 2 does not answer']);
  assert.equal(byProcess(await metrics(), 'postern_ready')['2'], 0);
  const orphans = all.filter((client) => client.closed).length;
  assert.ok(orphans > 0 && orphans < MANY, String(orphans));
  await until('it is back', async () => (await stage.call('GET', '/readyz')).status === 200);
  assert.notEqual(supervised.pid(2), victim);
  await until('its requests are withdrawn', async () => {
    const { body } = await stage.call('GET', '/v1/requests?state=pending');
    return (body as { requests: unknown[] }).requests.length === MANY - orphans;
  });
  for (const { id } of await stage.pending(MANY - orphans))
    await stage.call('POST', `/v1/requests/${id}/deny`, { reason: 'no' });
  for (const client of all.filter(({ closed }) => !closed))
    assert.deepEqual(codesIn(await client.until('Z')), ['42501']);
  const root = await stage.harness.direct();
  const { rows } = await root.query(`select 1 from pg_class where relname like 'orphan%'`);
  assert.equal(rows.length, 0);
  const kinds = (await stage.chain(2)).map(({ event }) => event.kind);
  assert.ok(kinds.includes('gap_suspected'));
  await many();
  const sessions = byProcess(await metrics(), 'postern_sessions');
  assert.ok(sessions['2']! > 0, JSON.stringify(sessions));
});

test('the one with the API killed: what waits at the other waits on, and is decided when it is back', async () => {
  const all = await many();
  await hold(all, 'later');
  process.kill(supervised.pid(1) ?? 0, 'SIGKILL');
  await until('some are cut off', () => all.some((client) => client.closed));
  await until('the API is back', async () =>
    stage.call('GET', '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  const waiting = all.filter(({ closed }) => !closed);
  assert.ok(waiting.length > 0);
  await until('the dead ones’ requests are withdrawn', async () => {
    const { body } = await stage.call('GET', '/v1/requests?state=pending');
    return (body as { requests: unknown[] }).requests.length === waiting.length;
  });
  for (const { id } of await stage.pending(waiting.length))
    assert.equal((await stage.call('POST', `/v1/requests/${id}/approve`, { reason: 'ok' })).status, 200);
  for (const client of waiting) assert.deepEqual(codesIn(await client.until('Z')), []);
});

test('an agent disabled by the API is ended at both, and what it asked is withdrawn', async () => {
  const all = await many();
  await hold(all, 'gone');
  assert.equal((await stage.call('POST', '/v1/agents/shared-bot/disable')).status, 200);
  for (const client of all) await client.ended();
  await until('all withdrawn', async () => {
    const { body } = await stage.call('GET', '/v1/requests?state=pending');
    return (body as { requests: unknown[] }).requests.length === 0;
  });
  await stage.enableAgent();
});

test('one that hangs is named by readiness, and is well again when it goes on', async () => {
  const hung = supervised.pid(2) ?? assert.fail('process 2 is not there');
  process.kill(hung, 'SIGSTOP');
  try {
    const told = await stage.call('GET', '/readyz');
    assert.equal(told.status, 503);
    assert.deepEqual((told.body as { problems: string[] }).problems, ['process 2 does not answer']);
    assert.deepEqual(byProcess(await metrics(), 'postern_ready'), { 1: 1, 2: 0 });
  } finally {
    process.kill(hung, 'SIGCONT');
  }
  await until('it is well', async () => (await stage.call('GET', '/readyz')).status === 200);
  assert.equal(supervised.pid(2), hung);
});

test('rules are read again by both, and every chain of the trail is whole', async () => {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(`${stage.harness.folder}/rules.yaml`, `${RULES}# changed\n`);
  supervised.reload();
  await until('both have them', async () => {
    const loaded = await search('kind=rules_loaded');
    return new Set(loaded.map(({ chain }) => chain)).size === 2;
  });
  const { body } = await stage.call('GET', '/v1/audit/verify');
  const report = body as TrailReport;
  assert.ok(report.ok && 'chains' in report, JSON.stringify(report));
  assert.deepEqual(
    report.chains.map(({ chain }) => chain),
    ['1', '2'],
  );
});

test('stopped: idle sessions are told, running statements finish, each chain ends as it should', async () => {
  const all = await many();
  const slow = await Promise.all(
    all.slice(0, 4).map(async (client) => (client.send(query('select pg_sleep(1)')), client)),
  );
  await sleep(200);
  await supervised.stop();
  for (const client of slow) {
    const told = await client.until('Z');
    assert.ok(told.some(({ type }) => type === 'C'));
  }
  for (const client of all.slice(4)) assert.deepEqual(codesIn(await client.until('E')), ['57P01']);
  await assert.rejects(stage.client());
  for (const number of [1, 2])
    assert.deepEqual((await stage.chain(number)).at(-1)?.event, { kind: 'postern_stopped', clean: true });
});
