import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { loadInstallation } from '../../src/config/installation-file.ts';

const BASE = `maskKey: { inline: '${'ab'.repeat(32)}' }
databases:
  shop:
    host: localhost
    environment: prod
    control: { user: c, password: { inline: x } }
    logins: { default: { user: d, password: { inline: x } } }
`;
const HASH = 'ab'.repeat(32);

function load(t: TestContext, yaml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-oidc-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'postern.yaml');
  writeFileSync(file, BASE + yaml);
  return loadInstallation(file, {});
}

function problems(t: TestContext, yaml: string): string {
  const reading = load(t, yaml);
  return reading.kind === 'ok' ? '' : reading.problems.map((one) => `${one.path}: ${one.message}`).join('\n');
}

test('oidc needs an issuer and a client; the rest has defaults', (t) => {
  const reading = load(
    t,
    `oidc: { issuer: 'https://login.example.com', clientId: cli }
approvers: [{ name: ana, email: Ana@example.com }]
`,
  );
  assert.ok(reading.kind === 'ok');
  assert.deepEqual(reading.installation.oidc, {
    issuer: 'https://login.example.com',
    clientId: 'cli',
    audience: ['cli'],
    claim: 'email',
    scope: 'openid email offline_access',
    groupsClaim: null,
    roles: { approver: [], operator: [], auditor: [] },
  });
  assert.equal(reading.installation.approvers[0]?.tokenSha256, null);
  const without = load(t, `approvers: [{ name: ana, tokenSha256: ${HASH} }]\n`);
  assert.equal(without.kind === 'ok' && without.installation.oidc, null);
});

test('what could make two people one, or one person two, does not load', (t) => {
  const oidc = "oidc: { issuer: 'https://login.example.com', clientId: cli }\n";
  const people = (list: string) => `${oidc}approvers: [${list}]\n`;
  const cases: [string, RegExp][] = [
    [people('{ name: a, email: x@e.com }, { name: b, email: X@E.COM }'), /already an approver "X@E.COM"/],
    [
      people('{ name: x@e.com, email: y@e.com }, { name: b, email: x@e.com }'),
      /already an approver "x@e.com"/,
    ],
    [people('{ name: a, email: "\u0430@e.com" }'), /expected an e-mail address, in ASCII/],
    [people('{ name: a }'), /"a" has no way to sign in/],
    [`approvers: [{ name: a, email: x@e.com }]\n`, /"a" has no way to sign in/],
    [
      `oidc: { issuer: 'https://l.e.com', clientId: c, claim: sub }\napprovers: [{ name: a, subject: s }, { name: b, subject: s }]\n`,
      /another approver has the same subject/,
    ],
    [
      `oidc: { issuer: 'https://l.e.com', clientId: c, groupsClaim: g, roles: { approver: x } }\napprovers: [{ name: a, tokenSha256: ${HASH} }]\n`,
      /could come by their groups and count twice/,
    ],
    ["oidc: { issuer: 'http://login.example.com', clientId: c }\n", /expected the https url/],
    ["oidc: { issuer: 'https://l.e.com?x=1', clientId: c }\n", /expected the https url/],
    ['oidc: { issuer: nonsense, clientId: c }\n', /expected the https url/],
    ["oidc: { issuer: 'https://l.e.com', clientId: c, groupsClaim: g }\n", /together only/],
    ["oidc: { issuer: 'https://l.e.com', clientId: c, roles: { approver: x } }\n", /together only/],
    ["oidc: { issuer: 'https://l.e.com', clientId: c, secret: x }\n", /secret/],
  ];
  for (const [yaml, expected] of cases) assert.match(problems(t, yaml), expected, yaml);
  assert.equal(problems(t, "oidc: { issuer: 'http://127.0.0.1:9', clientId: c }\n"), '');
});
