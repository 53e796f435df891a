import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildApi } from '../../src/api/server.ts';
import { searchTrail } from '../../src/audit/search.ts';
import { PosternError } from '../../src/errors.ts';
import { contract } from './contract.ts';
import { TOKENS, asked, bench } from './support.ts';
import type { Person } from './support.ts';

const doc = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('every route is in the document, and in docs/api.md', async (t) => {
  const { call } = await bench(t);
  const { body } = await call('ana', 'GET', '/v1/openapi.json');
  assert.equal(body.openapi, '3.1.0');
  const app = buildApi({ approvers: [], oidc: null } as never, {} as never);
  await app.ready();
  // Fastify's own list of what it serves: a witness that is not our hook.
  const served = routesOf(app.printRoutes({ commonPrefix: false }));
  assert.ok(served.length >= 15);
  const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(
    documented.toSorted(),
    served.map((route) => route.replaceAll(/:(\w+)/g, '{$1}')).toSorted(),
  );
  const text = doc('api.md');
  for (const route of documented) assert.ok(text.includes(`\`${route}\``), `${route} is not in docs/api.md`);
});

test('the document says how to authenticate and what comes back', async (t) => {
  const { call } = await bench(t);
  const { paths, components } = (await call('audra', 'GET', '/v1/openapi.json')).body;
  assert.equal(components.securitySchemes.token.scheme, 'bearer');
  assert.deepEqual(paths['/healthz'].get.security, []);
  const approve = paths['/v1/requests/{id}/approve'].post;
  assert.deepEqual(approve.security, [{ token: [] }]);
  assert.deepEqual(
    approve.parameters.map((one: { name: string; in: string; required: boolean }) => [
      one.name,
      one.in,
      one.required,
    ]),
    [['id', 'path', true]],
  );
  assert.deepEqual(approve.requestBody.content['application/json'].schema.required, ['reason']);
  assert.ok(approve.responses.default);
});

/** `├── /v1/agents (GET, POST)` → GET and POST of it. Children are indented below the path they extend. */
function routesOf(tree: string): string[] {
  const routes: string[] = [];
  const path: string[] = [];
  for (const line of tree.split('\n')) {
    const found = /^((?:│ {3}| {4})*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (found === null) continue;
    const depth = (found[1] ?? '').length / 4;
    path.length = depth;
    path.push(found[2] ?? '');
    for (const method of found[3]?.split(', ') ?? []) routes.push(`${method} ${path.join('')}`);
  }
  return routes;
}

const bot = { name: 'bot', owner: 'olga', databases: ['shop'], login: 'default' };

test('every route takes and answers exactly what the document says', async (t) => {
  const house = await bench(t);
  const { call, seen, operations } = await contract(house);
  const ask = async (changes = {}): Promise<string> =>
    (await house.approvals.ask(asked(changes), "select 'secret'")).id;
  const [one, two, three] = [await ask(), await ask(), await ask()];
  const four = await ask({ escalation: { afterMs: null, to: ['security'] } });
  const why = { reason: 'month end' };
  await call(null, 'GET', '/healthz');
  await call(null, 'GET', '/readyz');
  await call(null, 'GET', '/v1/login');
  await call('ana', 'GET', '/v1/whoami');
  await call('ana', 'GET', '/v1/openapi.json');
  await call('ops', 'GET', '/v1/requests?state=pending&agent=etl-bot');
  await call('audra', 'GET', `/v1/requests/${one}`);
  await call('ana', 'GET', `/v1/requests/${one}/text`);
  await call('bob', 'GET', `/v1/requests/${one}/text`);
  await call('ana', 'POST', `/v1/requests/${one}/approve`, why);
  await call('ana', 'POST', `/v1/requests/${one}/approve`, why);
  await call('ana', 'POST', `/v1/requests/${two}/deny`, why);
  await call('olga', 'POST', `/v1/requests/${three}/decision`, { ...why, decision: 'approve' });
  await call('ana', 'POST', `/v1/requests/${three}/decision`, { ...why, decision: 'escalate' });
  await call('ana', 'POST', `/v1/requests/${three}/decision`, { ...why, decision: 'deny' });
  await call('ana', 'POST', `/v1/requests/${three}/decision`, { ...why, decision: 'maybe' }, false);
  await call('ana', 'POST', `/v1/requests/${three}/decision`, { ...why, decision: 'deny', as: 'bob' }, false);
  await call('ana', 'POST', `/v1/requests/${four}/decision`, { ...why, decision: 'escalate' });
  await call('audra', 'GET', `/v1/requests/${one}`);
  const wanted = { agent: 'bot', columns: ['a.b.c'], forMs: 60_000, maxRows: 5, ...why };
  const granted = await house.call('ana', 'POST', '/v1/grants', wanted);
  await call('ana', 'POST', '/v1/grants', wanted);
  await call('ana', 'POST', '/v1/grants', { ...wanted, forMs: '1h' }, false);
  await call('ops', 'GET', '/v1/grants?state=active&agent=bot');
  await call('audra', 'GET', `/v1/grants/${granted.body.id}`);
  await call('ops', 'POST', `/v1/grants/${granted.body.id}/revoke`, why);
  await call('ana', 'POST', `/v1/grants/${granted.body.id}/revoke`, why);
  await call('ops', 'POST', '/v1/agents', bot);
  await call('ops', 'POST', '/v1/agents', { ...bot, name: '../bot' }, false);
  await call('ops', 'GET', '/v1/agents');
  await call('ops', 'POST', '/v1/agents/bot/rotate');
  await call('ops', 'POST', '/v1/agents/bot/disable');
  const question = { sql: 'select 1; drop table x', agent: 'bot', database: 'shop' };
  await call('ana', 'POST', '/v1/policy/explain', question);
  await call('ana', 'POST', '/v1/policy/explain', { ...question, sql: 'sel' });
  await call('audra', 'GET', '/v1/audit/verify');
  await call('audra', 'GET', '/v1/audit/search?agent=etl-bot&limit=5&since=2020-01-01');
  await call('audra', 'GET', '/v1/audit/search?colour=red', undefined, false);
  const streams = await fetch(`${house.url}/v1/events`, {
    headers: { authorization: `Bearer ${TOKENS.ana}` },
  });
  assert.equal(streams.headers.get('content-type')?.split(';')[0], 'text/event-stream');
  await streams.body?.cancel();
  const answered = new Set([...seen].filter((what) => / 20\d$/.test(what)).map((what) => what.slice(0, -4)));
  // None is JSON; what they hold is looked at in link.test.ts, events.test.ts and in test/observability.
  assert.deepEqual(
    operations.filter((one_) => !answered.has(one_)),
    ['GET /metrics', 'GET /requests/{id}', 'GET /v1/events'],
  );
  for (const operation of operations) {
    if (answered.has(operation) && !/healthz|readyz|login|events/.test(operation)) {
      const [method = '', path = ''] = operation.split(' ');
      const real = path.replace('{id}', 'zzzz-zzzz').replace('{name}', 'bot');
      // Without a token the answer is 401 before the body is looked at, so what goes out need not fit.
      const { status } = await house.call(null, method, real);
      assert.equal(status, 401, operation);
    }
  }
});

test('I8: literals are shown to those whom the rules name, while it is pending, and each look is in the trail', async (t) => {
  let groups: readonly string[] = ['data-stewards'];
  const house = await bench(t, { revealGroups: () => groups });
  const { call, approvals, trailFolder } = house;
  const text = "select * from customers where email = 'ana@example.com' -- \u202e";
  const { id } = await approvals.ask(asked(), text);
  const shown = await call('ana', 'GET', `/v1/requests/${id}/text`);
  assert.deepEqual([shown.status, shown.body.text], [200, text]);
  const codeOf = async (who: Person, of = id): Promise<string> =>
    (await call(who, 'GET', `/v1/requests/${of}/text`)).body.error?.code as string;
  assert.equal(await codeOf('bob'), 'text-not-revealed');
  assert.equal(await codeOf('audra'), 'not-permitted');
  assert.equal(await codeOf('ops'), 'not-permitted');
  assert.equal(await codeOf('ana', id.slice(0, 6)), 'bad-input');
  assert.equal(await codeOf('ana', 'zzzz-zzzz'), 'text-not-kept');
  groups = [];
  assert.equal(await codeOf('ana'), 'text-not-revealed');
  groups = ['data-stewards'];
  assert.ok(!house.logged().includes('example.com'));
  await call('ana', 'POST', `/v1/requests/${id}/deny`, { reason: 'no' });
  assert.equal(await codeOf('ana'), 'text-not-kept');
  const { records } = await searchTrail(trailFolder, { kinds: ['request_text_viewed'] });
  assert.deepEqual(
    records.map(({ event }) => event),
    [{ kind: 'request_text_viewed', request_id: id, approver: 'ana' }],
  );
  const files = readdirSync(house.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  assert.ok(files.length >= 2);
  for (const bytes of files) assert.ok(!bytes.includes('ana@example.com'));
});

test('no look without its record', async (t) => {
  const house = await bench(t, {
    trail: {
      verify: () => Promise.reject(new Error()),
      search: () => Promise.reject(new Error()),
      record: () => Promise.reject(new PosternError('trail-unavailable')),
    },
  });
  const { id } = await house.approvals.ask(asked(), "select 'secret'");
  const answer = await house.call('ana', 'GET', `/v1/requests/${id}/text`);
  assert.deepEqual([answer.status, answer.body.error.code], [503, 'trail-unavailable']);
  assert.ok(!JSON.stringify(answer.body).includes('secret'));
});
