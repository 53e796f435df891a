import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { Credentials } from '../../src/cli/credentials.ts';
import { freshToken } from '../../src/cli/sign-in.ts';
import { bench } from '../api/support.ts';
import type { Bench } from '../api/support.ts';
import { folder, run, start } from './support.ts';

const CLIENT = 'postern-cli';

/** A real provider on loopback. Everybody who signs in is `<login>@example.com`. */
async function provider(t: TestContext): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  t.after(() => server.closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const idp = new Provider(url, {
    clients: [
      {
        client_id: CLIENT,
        token_endpoint_auth_method: 'none',
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        redirect_uris: [],
        response_types: [],
        application_type: 'native',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['a key of the test'] },
    features: {
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true },
    },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    // A token of 40 s is over, for us, 10 s after it was made: the CLI replaces it 30 s before its end.
    ttl: { IdToken: 3600, AccessToken: 3600, DeviceCode: 60, Interaction: 60, Session: 60, Grant: 600 },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
    }),
  });
  server.on('request', idp.callback());
  return url;
}

/** What a person does in a browser: follows forms until there are none, with cookies. */
async function visit(address: string, person: string): Promise<string> {
  const cookies = new Map<string, string>();
  const go = async (url: string, form?: Record<string, string>): Promise<{ url: string; html: string }> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';', 1)[0]?.split(/=(.*)/s) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) return go(new URL(location, url).href);
    return { url, html: await response.text() };
  };
  let page = await go(address);
  for (let i = 0; i < 8; i += 1) {
    const action = /<form[^>]*action="([^"]*)"/.exec(page.html)?.[1];
    if (action === undefined) return page.html;
    const form: Record<string, string> = {};
    for (const [input] of page.html.matchAll(/<input[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(input)?.[1];
      if (name !== undefined) form[name] = /value="([^"]*)"/.exec(input)?.[1] ?? '';
    }
    if ('login' in form) Object.assign(form, { login: person, password: 'x' });
    page = await go(new URL(action, page.url).href, form);
  }
  return page.html;
}

async function house(t: TestContext): Promise<Bench & { cwd: string; idp: string }> {
  const idp = await provider(t);
  const made = await bench(t, {
    oidc: {
      issuer: idp,
      clientId: CLIENT,
      audience: [CLIENT],
      claim: 'email',
      scope: 'openid email offline_access',
      groupsClaim: null,
      roles: { approver: [], operator: [], auditor: [] },
    },
    approvers: [
      { name: 'ana', groups: [], roles: ['approver'], tokenSha256: null, email: 'ana@example.com' },
    ],
  });
  return { ...made, cwd: folder(t), idp };
}

async function login(where: { cwd: string; url: string }, as: string) {
  const child = start(['login'], { cwd: where.cwd, env: { POSTERN_URL: where.url } });
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => void (out += text));
  const shown = new Promise<string>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      const address = /^ {2}(http\S+)$/m.exec(err)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.on('close', () => reject(new Error(`no address: ${err}`)));
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const html = await visit(await shown, as);
  const [code] = await ended;
  return { code, out, err, html };
}

test('login by device code, whoami, a refreshed token, logout', async (t) => {
  const made = await house(t);
  const { url, cwd } = made;
  const env = { POSTERN_URL: url };
  const before = await run(['whoami'], { cwd, env });
  assert.equal(before.code, 2);
  assert.match(before.err, /postern login/);

  const stranger = await login(made, 'eve');
  assert.equal(stranger.code, 1, stranger.html);
  assert.match(stranger.err, /eve@example.com is no approver in postern.yaml/);
  const file = join(cwd, '.config', 'postern', 'credentials.json');
  assert.ok(!existsSync(file), 'nothing is kept of somebody who is refused');

  const done = await login(made, 'ana');
  assert.deepEqual([done.code, done.out], [0, 'signed in as ana (approver)\n'], done.err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const who = await run(['whoami', '--json'], { cwd, env });
  assert.equal((JSON.parse(who.out) as { name: string }).name, 'ana', who.err);

  // A token is for the place it was got for: the same Postern under another name is another place.
  const elsewhere = await run(['whoami'], {
    cwd,
    env: { POSTERN_URL: url.replace('127.0.0.1', 'localhost') },
  });
  assert.equal(elsewhere.code, 2);

  const credentials = new Credentials({ HOME: cwd });
  const kept = credentials.find(url);
  assert.ok(kept?.refreshToken);
  credentials.put(url, { ...kept, expiresAtMs: Date.now(), token: 'over' });
  // Many at once: one refreshes, the others find its token. A refresh token used twice would end the sign-in.
  const tokens = await Promise.all(
    Array.from({ length: 5 }, () => freshToken(url, new Credentials({ HOME: cwd }))),
  );
  assert.equal(new Set(tokens).size, 1);
  assert.notEqual(tokens[0], 'over');
  assert.equal((await run(['requests'], { cwd, env })).code, 0);

  chmodSync(file, 0o644);
  assert.match((await run(['whoami'], { cwd, env })).err, /can be read by others/);
  chmodSync(file, 0o600);
  assert.deepEqual(await run(['logout'], { cwd, env }), { code: 0, out: `signed out of ${url}\n`, err: '' });
  assert.ok(!readFileSync(file, 'utf8').includes('eyJ'));
  credentials.put(url, { ...kept, expiresAtMs: 0 });
  await assert.rejects(freshToken(url, credentials), { code: 'sign-in-failed' });
  writeFileSync(file, '{}');
  assert.throws(() => credentials.find(url), /not as expected/);
});

test('login where there is no provider says so', async (t) => {
  const { url } = await bench(t);
  const ended = await run(['login'], { cwd: folder(t), env: { POSTERN_URL: url } });
  assert.equal(ended.code, 1);
  assert.match(ended.err, /has no identity provider/);
});
