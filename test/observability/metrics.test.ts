/** Metrics and health of a whole running Postern: what they count, and what must never be in them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { settled, startHarness, SECRET, type Harness } from '../e2e/harness.ts';

let harness: Harness;
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

async function scrape(): Promise<string> {
  const answer = await fetch(`${harness.api}/metrics`, {
    headers: { authorization: `Bearer ${harness.token}` },
  });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
  return answer.text();
}

function value(text: string, series: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

test('a token is needed, of an auditor or an operator', async () => {
  assert.equal((await fetch(`${harness.api}/metrics`)).status, 401);
});

test('sessions, statements, masked values, requests and holds are counted', async () => {
  const earlier = await scrape();
  const client = await harness.agent();
  await client.query('select id, ssn, email from customers order by id limit 3');
  await client.query({ text: 'select ssn from customers where id = $1', values: [1] });
  await assert.rejects(client.query('drop database shop'));
  const held = client.query('copy customers (id) to stdout').catch((e: unknown) => e);
  const request = await harness.nextRequest();
  assert.equal(value(await scrape(), 'postern_requests_pending'), 1);
  await harness.decide(request.id, 'deny');
  await held;
  await settled(harness, request.id, 'denied');
  const text = await scrape();
  const grown = (series: string): number => value(text, series) - (value(earlier, series) || 0);
  assert.equal(grown('postern_sessions_opened_total'), 1);
  assert.equal(value(text, 'postern_sessions'), 1);
  assert.equal(grown('postern_statements_total{verdict="allow",action="read"}'), 2);
  assert.equal(grown('postern_statements_total{verdict="deny",action="ddl"}'), 1);
  assert.equal(grown('postern_statements_total{verdict="hold",action="export"}'), 1);
  assert.equal(grown('postern_masked_values_total'), 7);
  assert.equal(grown('postern_request_steps_total{step="denial"}'), 1);
  assert.equal(value(text, 'postern_requests_pending'), 0);
  assert.equal(value(text, 'postern_hold_wait_seconds_count{outcome="denied"}'), 1);
  assert.equal(value(text, 'postern_upstream_connect_seconds_count{database="shop"}'), 1);
  assert.equal(value(text, 'postern_ready'), 1);
  assert.ok(value(text, 'postern_memory_resident_bytes') > 1e6);
  // 0 where nothing was sampled since the last scrape.
  assert.ok(value(text, 'postern_event_loop_delay_seconds{quantile="1"}') >= 0);
});

test('how long the database takes to begin its answers is timed now and then, and waiting for people is not', async () => {
  const series = (kind: string): string => `postern_upstream_answer_seconds_${kind}{database="shop"}`;
  const earlier = await scrape();
  const client = await harness.agent();
  for (let i = 0; i < 64; i += 1) await client.query('select 1 as timed');
  for (let i = 0; i < 32; i += 1) {
    const held = client.query('copy customers (id) to stdout').catch((e: unknown) => e);
    const request = await harness.nextRequest();
    if (i === 0) await sleep(500);
    await harness.decide(request.id, 'deny');
    await held;
  }
  const text = await scrape();
  const grown = (kind: string): number => value(text, series(kind)) - (value(earlier, series(kind)) || 0);
  const timed = grown('count');
  assert.ok(timed >= 4 && timed <= 12, `${timed} were timed`);
  assert.ok(grown('sum') < 0.4);
});

test('time-boxed grants are counted: in force, made, ended each way, and the rows they showed', async () => {
  const grant = async (changes: object): Promise<string> => {
    const columns = ['public.customers.email'];
    const asked = { agent: 'bot', columns, forMs: 600_000, maxRows: 100, reason: 'zqxREASON', ...changes };
    const answer = await fetch(`${harness.api}/v1/grants`, {
      method: 'POST',
      headers: { authorization: `Bearer ${harness.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    });
    assert.equal(answer.status, 201);
    return ((await answer.json()) as { id: string }).id;
  };
  const until = async (series: string, wanted: number): Promise<string> => {
    for (let tries = 0; tries < 100; tries += 1) {
      const text = await scrape();
      if (value(text, series) === wanted) return text;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return assert.fail(`${series} never became ${wanted}:\n${await scrape()}`);
  };
  const client = await harness.agent();
  const id = await grant({});
  await client.query('select email from customers limit 3');
  const few = await grant({ columns: ['public.customers.phone'], maxRows: 2 });
  await client.query('select phone from customers limit 2');
  await grant({ columns: ['public.customers.ssn'], forMs: 1000 });
  await until('postern_grant_steps_total{step="expired"}', 1);
  await until('postern_grant_steps_total{step="exhausted"}', 1);
  assert.equal(value(await scrape(), 'postern_grants_in_force'), 1, `all but ${id}, and not ${few}`);
  await fetch(`${harness.api}/v1/grants/${id}/revoke`, {
    method: 'POST',
    headers: { authorization: `Bearer ${harness.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'zqxREASON' }),
  });
  const text = await until('postern_grant_steps_total{step="revoked"}', 1);
  assert.equal(value(text, 'postern_grants_in_force'), 0);
  assert.equal(value(text, 'postern_grant_steps_total{step="made"}'), 3);
  assert.equal(value(text, 'postern_grant_rows_shown_total'), 5);
  assert.ok(!/zqxREASON|customers|dana/.test(text), 'nothing of a grant is in a label');
});

test('what agents choose makes no series and shows nowhere', async () => {
  const client = await harness.agent({ application_name: 'zqxAPPLICATION' });
  const series = (text: string): number => text.split('\n').filter((l) => !l.startsWith('#')).length;
  await client.query('select \'zqxLITERAL\' as "zqxNAME"');
  const earlier = series(await scrape());
  for (let i = 0; i < 50; i += 1) await client.query(`select ${i} as "zqxNAME${i}"`);
  await assert.rejects(client.query('zqxGARBAGE'));
  await assert.rejects(harness.agent({ connectionString: harness.agentUrl.replace('bot', 'zqxNOBODY') }));
  const text = await scrape();
  assert.ok(series(text) <= earlier + 2);
  assert.ok(!text.includes('zqx') && !text.includes(SECRET) && !text.includes('bot'));
});

test('alive and ready are two questions: a database that is away leaves Postern alive', async () => {
  const get = async (path: string) => {
    const answer = await fetch(`${harness.api}${path}`);
    return { status: answer.status, body: (await answer.json()) as { problems: string[] } };
  };
  assert.deepEqual(await get('/readyz'), { status: 200, body: { ready: true, problems: [] } as never });
  await harness.server.kill();
  let ready = await get('/readyz');
  for (let tries = 0; ready.status === 200 && tries < 100; tries += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    ready = await get('/readyz');
  }
  assert.equal(ready.status, 503);
  assert.deepEqual(ready.body.problems, ['the catalog of database "shop" cannot be read']);
  assert.deepEqual(await get('/healthz'), { status: 200, body: { alive: true, problems: [] } as never });
});
