import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { makeAuthenticator } from '../../src/api/authentication.ts';
import { JWKS_COOLDOWN_MS, PROVIDER_RETRY_MS } from '../../src/api/limits.ts';
import type { ApproverConfig, OidcConfig } from '../../src/config/installation.ts';
import { PosternError } from '../../src/errors.ts';
import { CLIENT, issuer, newKey } from './oidc-issuer.ts';
import type { Issuer } from './oidc-issuer.ts';
import { TOKENS, asked, bench, request } from './support.ts';

const ANA: ApproverConfig = {
  name: 'ana',
  groups: ['data-stewards'],
  roles: ['approver'],
  tokenSha256: null,
  email: 'Ana@Example.com',
};
const BOB: ApproverConfig = { ...ANA, name: 'bob', email: 'bob@example.com', subject: 'sub-of-bob' };

/** `name`, or the code of the refusal and its text. */
async function outcome(authenticator: ReturnType<typeof makeAuthenticator>, token: string): Promise<string> {
  try {
    return (await authenticator.authenticate(`Bearer ${token}`, 'somewhere')).name;
  } catch (error) {
    if (error instanceof PosternError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function gate(
  idp: Issuer,
  changes: Partial<OidcConfig> = {},
  approvers: readonly ApproverConfig[] = [ANA, BOB],
) {
  const authenticator = makeAuthenticator(approvers, idp.config(changes));
  return async (...how: Parameters<Issuer['sign']>) => outcome(authenticator, await idp.sign(...how));
}

const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('the bearer of a good token is the approver who has its address, whatever the case', async (t) => {
  const idp = await issuer(t);
  const says = gate(idp);
  assert.equal(await says(), 'ana');
  assert.equal(await says({ email: 'ANA@EXAMPLE.COM' }), 'ana');
  assert.equal(await says({ email: 'bob@example.com', aud: [CLIENT, 'other'], azp: CLIENT }), 'bob');
  assert.equal(await says({}, { header: { typ: 'at+jwt' } }), 'ana');
  const bySub = gate(idp, { claim: 'sub' });
  assert.equal(await bySub({ sub: 'sub-of-bob', email_verified: false }), 'bob');
  assert.match(await bySub({ sub: 'Sub-Of-Bob' }), /^identity-refused/);
  assert.match(await bySub({ sub: 'ana' }), /^identity-refused/);
});

test('a token that is forged, over, early, for others or from others is refused, each with its reason', async (t) => {
  const idp = await issuer(t);
  const says = gate(idp);
  const now = Math.floor(Date.now() / 1000);
  const stranger = await newKey('first');
  const cases: [string, Promise<string>][] = [
    ['its signature does not fit', says({}, { key: stranger })],
    ['not signed with a key of the issuer', says({}, { key: await newKey('another') })],
    ['it has expired', says({ exp: now - 60 })],
    ['not valid yet', says({ nbf: now + 600 })],
    ['a claim it needs', says({ exp: undefined })],
    ['a claim it needs', says({ sub: undefined })],
    ['it is too old', says({ iat: now - 90_000, exp: now + 600 })],
    ['a claim it needs', says({ iat: now + 6000 })],
    ['for another audience', says({ aud: 'another-client' })],
    ['for another audience', says({ aud: undefined })],
    ['for another audience', says({ aud: [] })],
    ['from another issuer', says({ iss: 'https://login.example.com' })],
    ['from another issuer', says({ iss: `${idp.url}/` })],
    ['for another party', says({ aud: [CLIENT, 'other'] })],
    ['for another party', says({ aud: CLIENT, azp: 'other' })],
    ['no access or ID token', says({}, { header: { typ: 'logout+jwt' } })],
    // What a token says of where its key is must not be believed.
    ['its signature does not fit', says({}, { key: stranger, header: { jwk: stranger.jwk } })],
    ['its signature does not fit', says({}, { key: stranger, header: { jku: `${idp.url}/evil` } })],
  ];
  for (const [reason, got] of cases) assert.match(await got, new RegExp(`^token-refused.*${reason}`));
});

test('alg: none, and a public key used as a shared secret', async (t) => {
  const idp = await issuer(t);
  const authenticator = makeAuthenticator([ANA], idp.config());
  const [, payload = ''] = (await idp.sign()).split('.');
  const secrets = [JSON.stringify(idp.keys[0]?.jwk), idp.keys[0]?.jwk.x ?? '', ''];
  const forged = ['none', 'None', 'nOnE', ''].flatMap((alg) => [
    `${b64({ alg, kid: 'first' })}.${payload}.`,
    `${b64({ alg, kid: 'first' })}.${payload}.AAAA`,
  ]);
  for (const secret of secrets) {
    const head = `${b64({ alg: 'HS256', kid: 'first' })}.${payload}`;
    forged.push(`${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`);
  }
  forged.push('e30.e30.', 'a.b.c', `${b64({ alg: 'ES256', kid: 'first' })}.${payload}.`);
  for (const token of forged)
    assert.match(await outcome(authenticator, token), /^token-refused|^not-auth/, token);
  // Five parts are an encrypted token (RFC 7516): we hold no key for any.
  assert.match(await outcome(authenticator, 'e30.e30.e30.e30.e30'), /^not-authenticated/);
});

test('keys of another issuer, however it is reached, open nothing here', async (t) => {
  const ours = await issuer(t);
  const other = await issuer(t);
  const says = gate(ours);
  assert.match(await says({ iss: ours.url }, { key: other.keys[0] as never }), /signature does not fit/);
  const authenticator = makeAuthenticator([ANA], ours.config());
  assert.match(await outcome(authenticator, await other.sign()), /^token-refused/);
  assert.equal(other.fetches(), 0);
});

test('who is not verified, not plain, or not listed is told what is missing', async (t) => {
  const says = gate(await issuer(t));
  const cases: [object, RegExp][] = [
    [{ email_verified: false }, /has not verified ana@example.com/],
    [{ email_verified: undefined }, /has not verified/],
    [{ email_verified: 'true' }, /has not verified/],
    [{ email: undefined }, /no claim `email`/],
    [{ email: ['ana@example.com'] }, /no claim `email`/],
    // Forms of letters that look or fold to the same: another's address must never become Ana's.
    [{ email: '\uff41na@example.com' }, /not plain ASCII/],
    [{ email: 'an\u0430@example.com' }, /not plain ASCII/],
    [{ email: 'ana@example.com\u200b' }, /not plain ASCII/],
    [{ email: 'ana@example.com ' }, /not plain ASCII/],
    [{ email: 'ana@example.com@evil.example' }, /not plain ASCII/],
    [{ email: 'eve@example.com' }, /eve@example.com is no approver in postern.yaml/],
    [{ email: 'ana+x@example.com' }, /is no approver/],
    [{ email: 'ana' }, /not plain ASCII/],
  ];
  for (const [claims, reason] of cases)
    assert.match(
      await says(claims as never),
      new RegExp(`^identity-refused: .*${reason.source}`),
      reason.source,
    );
});

test('groups open the roles that name them, and never another approver’s name', async (t) => {
  const idp = await issuer(t);
  const byGroup = {
    groupsClaim: 'groups',
    roles: { approver: ['dba'], operator: ['sre', 'dba'], auditor: [] },
  };
  const authenticator = makeAuthenticator([ANA, BOB], idp.config(byGroup));
  const eve = await authenticator.authenticate(
    `Bearer ${await idp.sign({ email: 'Eve@example.com', groups: ['dba', 'x\u202e', 7, 'staff'] })}`,
    'a',
  );
  assert.deepEqual(
    [eve.name, eve.roles, eve.groups],
    ['eve@example.com', ['approver', 'operator'], ['dba', 'staff']],
  );
  const says = gate(idp, byGroup);
  assert.match(await says({ email: 'eve@example.com', groups: ['staff'] }), /none of the groups/);
  assert.match(await says({ email: 'eve@example.com' }), /no list of groups/);
  assert.match(await says({ email: 'eve@example.com', groups: 'dba' }), /no list of groups/);
  // A `sub` that is spelled like an approver's name would act in that name.
  const bySub = gate(idp, { ...byGroup, claim: 'sub' }, [BOB]);
  assert.match(await bySub({ sub: 'BOB', groups: ['dba'] }), /name of another approver/);
  assert.match(await bySub({ sub: 'bob+x@example.com', groups: ['dba'] }), /name of another approver/);
});

test('keys rotate: a new one is fetched once, and unknown ones do not make us ask again', async (t) => {
  const idp = await issuer(t);
  let now = Date.now();
  t.mock.timers.enable({ apis: ['Date'], now });
  const authenticator = makeAuthenticator([ANA], idp.config(), () => now);
  const pass = (ms: number): void => {
    now += ms;
    t.mock.timers.setTime(now);
  };
  assert.equal(await outcome(authenticator, await idp.sign()), 'ana');
  assert.equal(await outcome(authenticator, await idp.sign()), 'ana');
  assert.equal(idp.fetches(), 1);
  for (let i = 0; i < 5; i += 1) {
    const token = await idp.sign({}, { key: await newKey(`unknown ${i}`) });
    assert.match(await outcome(authenticator, token), /not signed with a key of the issuer/);
  }
  assert.equal(idp.fetches(), 1);
  const old = await idp.sign();
  idp.keys.splice(0, 1, await newKey('second'));
  pass(JWKS_COOLDOWN_MS + 1000);
  assert.equal(await outcome(authenticator, await idp.sign()), 'ana');
  assert.equal(idp.fetches(), 2);
  assert.match(await outcome(authenticator, old), /^token-refused/);
});

test('a provider that fails is not asked again at once, and our own tokens work all the while', async (t) => {
  const idp = await issuer(t);
  idp.broken = true;
  let now = Date.now();
  const authenticator = makeAuthenticator([ANA], idp.config(), () => now);
  const token = await idp.sign();
  assert.match(await outcome(authenticator, token), /^identity-unavailable/);
  idp.broken = false;
  assert.match(await outcome(authenticator, token), /^identity-unavailable/);
  now += PROVIDER_RETRY_MS;
  assert.equal(await outcome(authenticator, token), 'ana');
  const { call } = await bench(t, { oidc: { ...idp.config(), issuer: 'http://127.0.0.1:1' } });
  assert.equal((await call('ana', 'GET', '/v1/whoami')).status, 200);
});

async function house(t: TestContext, owner: string) {
  const idp = await issuer(t);
  const made = await bench(t, {
    oidc: idp.config(),
    approvers: [ANA, { ...BOB, roles: ['auditor'] }],
  });
  const { id } = await made.approvals.ask(asked({ owner }));
  const approve = async (claims = {}) =>
    request(
      made.url,
      { authorization: `Bearer ${await idp.sign(claims)}` },
      'POST',
      `/v1/requests/${id}/approve`,
      { reason: 'ok' },
    );
  return { ...made, idp, id, approve };
}

test('I5: an owner does not approve by OIDC under another spelling of themselves', async (t) => {
  for (const owner of ['ana', 'ANA', 'ana@example.com', 'Ana@EXAMPLE.com', 'ana+bots@example.com', 'u-1']) {
    const { approve } = await house(t, owner);
    const answer = await approve();
    assert.deepEqual([answer.status, answer.body.error?.code], [403, 'self-approval'], owner);
  }
  const { approve, approvals, id } = await house(t, 'olga@example.com');
  assert.equal((await approve({ preferred_username: 'Olga@example.com' })).body.error.code, 'self-approval');
  assert.equal((await approve()).status, 200);
  assert.equal((await Promise.resolve(approvals.get(id))).decisions[0]?.approver, 'ana');
});

test('roles hold for them as for everybody, and whoami tells when it ends', async (t) => {
  const { approve, idp, url } = await house(t, 'olga');
  assert.equal((await approve({ email: 'bob@example.com' })).body.error.code, 'not-permitted');
  const exp = Math.floor(Date.now() / 1000) + 200;
  const who = await request(url, { authorization: `Bearer ${await idp.sign({ exp })}` }, 'GET', '/v1/whoami');
  assert.equal(who.body.expiresAt, new Date(exp * 1000).toISOString());
  const over = await request(
    url,
    { authorization: `Bearer ${await idp.sign({ exp: exp - 1000 })}` },
    'GET',
    '/v1/whoami',
  );
  assert.deepEqual([over.status, over.body.error.code], [401, 'token-refused']);
  assert.equal(over.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
  const login = await request(url, {}, 'GET', '/v1/login');
  assert.deepEqual([login.body.oidc.issuer, login.body.oidc.token], [idp.url, 'id']);
});

test('forging is counted as guessing is', async (t) => {
  const { url, idp, logged } = await house(t, 'olga');
  const token = await idp.sign({}, { key: await newKey('x') });
  const codes = new Set<number>();
  for (let i = 0; i < 25; i += 1)
    codes.add((await request(url, { authorization: `Bearer ${token}` }, 'GET', '/v1/whoami')).status);
  assert.deepEqual([...codes], [401, 429]);
  assert.ok(!logged().includes(token));
  assert.ok(!logged().includes(TOKENS.ana));
});
