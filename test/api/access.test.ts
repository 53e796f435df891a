import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { makeAuthenticator } from '../../src/api/authentication.ts';
import {
  FAILED_ATTEMPTS_WINDOW_MS,
  MAX_FAILED_ADDRESSES,
  MAX_FAILED_ATTEMPTS,
} from '../../src/api/limits.ts';
import { PosternError } from '../../src/errors.ts';
import { MAX_CALLS_PER_MINUTE, TOKENS, asked, bench, request } from './support.ts';
import type { Bench, Person } from './support.ts';

/** Every route that needs a token, with who may call it. */
const ROUTES: readonly (readonly [method: string, path: string, allowed: readonly Person[]])[] = [
  ['GET', '/v1/whoami', ['ana', 'ops', 'audra']],
  ['GET', '/v1/openapi.json', ['ana', 'ops', 'audra']],
  ['GET', '/v1/requests', ['ana', 'ops', 'audra']],
  ['GET', '/v1/requests/zzzz-zzzz', ['ana', 'ops', 'audra']],
  ['POST', '/v1/requests/zzzz-zzzz/approve', ['ana']],
  ['POST', '/v1/requests/zzzz-zzzz/deny', ['ana']],
  ['POST', '/v1/requests/zzzz-zzzz/decision', ['ana']],
  ['GET', '/v1/requests/zzzz-zzzz/text', ['ana']],
  ['GET', '/v1/grants', ['ana', 'ops', 'audra']],
  ['POST', '/v1/grants', ['ana']],
  ['GET', '/v1/grants/zzzz-zzzz', ['ana', 'ops', 'audra']],
  ['POST', '/v1/grants/zzzz-zzzz/revoke', ['ana', 'ops']],
  ['GET', '/v1/agents', ['ops']],
  ['POST', '/v1/agents', ['ops']],
  ['POST', '/v1/agents/nobody/rotate', ['ops']],
  ['POST', '/v1/agents/nobody/disable', ['ops']],
  ['POST', '/v1/policy/explain', ['ana', 'ops', 'audra']],
  ['GET', '/v1/audit/verify', ['audra']],
  ['GET', '/v1/audit/search', ['audra']],
];

test('each route refuses no token and a wrong role', async (t) => {
  const { call } = await bench(t);
  for (const [method, path, allowed] of ROUTES) {
    const without = await call(null, method, path);
    assert.deepEqual(
      [without.status, without.body.error.code],
      [401, 'not-authenticated'],
      `${method} ${path}`,
    );
    assert.equal(without.headers.get('www-authenticate'), 'Bearer');
    for (const person of ['ana', 'ops', 'audra'] as const) {
      const answer = await call(person, method, path);
      assert.equal(
        answer.status === 403,
        !allowed.includes(person),
        `${person} ${method} ${path}: ${answer.status}`,
      );
      if (answer.status === 403) assert.equal(answer.body.error.code, 'not-permitted');
      assert.ok(answer.status < 500);
    }
  }
  assert.equal((await call(null, 'GET', '/v1/nothing')).status, 401);
  assert.equal((await call('ana', 'GET', '/v1/nothing')).body.error.code, 'not-found');
});

test('whoami says whose token it is; tokens are taken in the one right form', async (t) => {
  const { url, call } = await bench(t);
  assert.deepEqual((await call('ana', 'GET', '/v1/whoami')).body, {
    name: 'ana',
    groups: ['data-stewards'],
    roles: ['approver'],
    expiresAt: null,
  });
  assert.equal(
    (await request(url, { authorization: `bearer  ${TOKENS.ana}` }, 'GET', '/v1/whoami')).status,
    200,
  );
  for (const header of [
    TOKENS.ana,
    `Basic ${TOKENS.ana}`,
    `Bearer ${TOKENS.ana} x`,
    `Bearer ${TOKENS.ana.toUpperCase()}`,
    'Bearer ',
  ]) {
    assert.equal((await request(url, { authorization: header }, 'GET', '/v1/whoami')).status, 401, header);
  }
});

test('health needs no token and tells what is wrong', async (t) => {
  let problems: string[] = [];
  const { call } = await bench(t, { health: async () => ({ ready: problems.length === 0, problems }) });
  assert.equal((await call(null, 'GET', '/healthz')).status, 200);
  assert.deepEqual((await call(null, 'GET', '/readyz')).body, { ready: true, problems: [] });
  problems = ['the trail cannot be written'];
  const answer = await call(null, 'GET', '/readyz');
  assert.deepEqual([answer.status, answer.body.problems], [503, problems]);
});

/** A request whose Host and Origin are ours to choose, which `fetch` does not allow. */
function raw(bench_: Bench, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: '127.0.0.1',
        port: bench_.port,
        path: '/v1/whoami',
        headers: { authorization: `Bearer ${TOKENS.ana}`, ...headers },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

test('answers only under its own name, and to pages of its own origin', async (t) => {
  const house = await bench(t);
  const own = `127.0.0.1:${house.port}`;
  for (const host of [own, 'localhost', `LOCALHOST:${house.port}`, '[::1]:80', '127.9.9.9']) {
    assert.equal(await raw(house, { host }), 200, host);
  }
  for (const host of [
    'evil.example',
    `evil.example:${house.port}`,
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    '127.evil.example',
    'a b',
    '@127.0.0.1',
  ]) {
    assert.equal(await raw(house, { host }), 403, host);
  }
  assert.equal(await raw(house, { host: own, origin: `http://${own}` }), 200);
  for (const origin of [
    'https://evil.example',
    'null',
    'http://127.0.0.1:1',
    `http://localhost:${house.port}`,
    'file://',
  ]) {
    assert.equal(await raw(house, { host: own, origin }), 403, origin);
  }
});

test('failed attempts are counted by address and window; a valid token is never shut out', async (t) => {
  const { url, call } = await bench(t);
  const codes = new Set<number>();
  for (let i = 0; i < MAX_FAILED_ATTEMPTS + 5; i += 1) {
    codes.add((await request(url, { authorization: 'Bearer wrong' }, 'GET', '/v1/whoami')).status);
  }
  assert.deepEqual([...codes], [401, 429]);
  assert.equal((await call('ana', 'GET', '/v1/whoami')).status, 200);
});

test('the window passes, and the count of addresses is bounded', async () => {
  let now = 0;
  const authenticator = makeAuthenticator([], null, () => now);
  const code = async (address: string): Promise<string> => {
    try {
      await authenticator.authenticate('Bearer wrong', address);
    } catch (error) {
      if (error instanceof PosternError) return error.code;
    }
    return 'accepted';
  };
  for (let i = 0; i < MAX_FAILED_ATTEMPTS; i += 1) assert.equal(await code('a'), 'not-authenticated');
  assert.equal(await code('a'), 'too-many-attempts');
  assert.equal(await code('b'), 'not-authenticated');
  for (let i = 0; i < MAX_FAILED_ADDRESSES; i += 1) await code(`address ${i}`);
  assert.equal(await code('a'), 'not-authenticated');
  for (let i = 0; i < MAX_FAILED_ATTEMPTS; i += 1) await code('a');
  assert.equal(await code('a'), 'too-many-attempts');
  now += FAILED_ATTEMPTS_WINDOW_MS;
  assert.equal(await code('a'), 'not-authenticated');
});

test('a token digest that is none stops the start', () => {
  for (const tokenSha256 of ['', 'ab', 'zz'.repeat(32)]) {
    assert.throws(() => makeAuthenticator([{ name: 'x', groups: [], roles: ['approver'], tokenSha256 }]), {
      code: 'config-invalid',
    });
  }
});

test('I8: neither log nor answer quotes what was sent or what a library said of it', async (t) => {
  const secret = 'secret-literal-4711';
  const { call, approvals, logged, url } = await bench(t, {
    explain: async () => {
      throw new Error(`syntax error at or near "${secret}"`);
    },
    trail: {
      verify: () => Promise.reject(Object.assign(new Error(secret), { statusCode: 418 })),
      search: () => Promise.reject(new Error(secret)),
      record: () => Promise.reject(new Error(secret)),
    },
  });
  await call('ops', 'POST', '/v1/agents', {
    name: 'bot',
    owner: 'olga',
    databases: ['shop'],
    login: 'default',
  });
  const { id } = await approvals.ask(asked());
  const answers = [
    await call('ana', 'POST', '/v1/policy/explain', {
      sql: `select '${secret}'`,
      agent: 'bot',
      database: 'shop',
    }),
    await call('audra', 'GET', `/v1/audit/search?agent=${secret}`),
    await call('audra', 'GET', '/v1/audit/verify'),
    await call('ana', 'POST', `/v1/requests/${id}/approve`, { reason: secret, [secret]: 1 }),
    await request(url, { authorization: `Bearer ${secret}` }, 'GET', '/v1/whoami'),
  ];
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [500, 500, 400, 400, 401],
  );
  assert.equal(answers[0]?.body.error.code, 'internal-error');
  for (const answer of answers)
    assert.ok(!JSON.stringify(answer.body).includes(secret), JSON.stringify(answer.body));
  assert.ok(logged().includes('the API could not answer'));
  assert.ok(!logged().includes(secret));
  for (const token of Object.values(TOKENS)) assert.ok(!logged().includes(token));
});

test('a body over the limit is refused before it is read', async (t) => {
  const { call } = await bench(t);
  const answer = await call('ana', 'POST', '/v1/requests/zzzz-zzzz/approve', { reason: 'x'.repeat(70_000) });
  assert.deepEqual([answer.status, answer.body.error.code], [413, 'limit-exceeded']);
});

test('calls are counted per caller: one who asks too often keeps nobody else out', async (t) => {
  const { call } = await bench(t);
  let refused = 0;
  for (let i = 0; i < MAX_CALLS_PER_MINUTE + 3; i += 1) {
    const { status, headers } = await call('ana', 'GET', '/v1/whoami');
    if (status !== 429) continue;
    refused += 1;
    assert.equal(headers.get('retry-after'), '60');
  }
  assert.equal(refused, 3);
  assert.equal((await call('bob', 'GET', '/v1/whoami')).status, 200);
});

test('every answer carries the headers that keep pages away, and paths lead nowhere else', async (t) => {
  const { url, call } = await bench(t);
  for (const path of ['/healthz', '/v1/whoami', '/v1/nothing']) {
    const { headers } = await call('ana', 'GET', path);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('access-control-allow-origin'), null);
  }
  const preflight = await fetch(`${url}/v1/whoami`, { method: 'OPTIONS' });
  assert.ok(preflight.status >= 400 && preflight.headers.get('access-control-allow-methods') === null);
  for (const path of [
    '/v1/requests/..%2f..%2fetc%2fpasswd',
    '/v1/requests/%2e%2e/text',
    '/v1/requests/zzzz-zzzz%00/text',
    '/v1/agents/..%2fx/rotate',
    '//evil.example/v1/whoami',
  ]) {
    const { status, body } = await call('ana', 'GET', path);
    assert.ok([400, 403, 404].includes(status), `${path} ${status}`);
    assert.ok(typeof body.error.code === 'string');
  }
});
