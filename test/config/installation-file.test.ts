import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DEFAULT_LIMITS, LIMIT_BOUNDS } from '../../src/config/defaults.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { loadInstallation } from '../../src/config/installation-file.ts';
import { isLoopback } from '../../src/config/loopback.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
after(() => rmSync(folder, { recursive: true }));

const KEY = '00'.repeat(32);
const ENV = { CONTROL: 'c-secret', KEY };
const HASH = 'ab'.repeat(32);

const MINIMAL = `databases:
  shop:
    host: 127.0.0.1
    environment: prod
    control: { user: postern, password: { env: CONTROL } }
    logins:
      default: { user: app, password: { file: app.password } }
maskKey: { env: KEY }
`;

writeFileSync(join(folder, 'app.password'), 'p w\n');
writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');

function load(text: string, env: Readonly<Record<string, string>> = ENV) {
  const file = join(folder, 'postern.yaml');
  writeFileSync(file, text);
  return loadInstallation(file, env);
}

function problems(text: string, env?: Readonly<Record<string, string>>): readonly string[] {
  const reading = load(text, env);
  assert.equal(reading.kind, 'invalid');
  return reading.kind === 'invalid' ? reading.problems.map((p) => formatProblem({ ...p, file: 'f' })) : [];
}

test('the smallest installation gets every documented default', () => {
  const reading = load(MINIMAL);
  assert.ok(reading.kind === 'ok', JSON.stringify(reading));
  const { installation } = reading;
  assert.deepEqual(installation.listen, {
    host: '127.0.0.1',
    port: 6432,
    reusePort: false,
    tls: null,
    tlsRequired: false,
  });
  assert.deepEqual(installation.api, { host: '127.0.0.1', port: 6433, publicUrl: null });
  assert.deepEqual(installation.channels, []);
  assert.deepEqual(installation.databases.get('shop'), {
    name: 'shop',
    host: '127.0.0.1',
    port: 5432,
    database: 'shop',
    environment: 'prod',
    tls: { mode: 'disable', caPem: null, serverName: null },
    control: { user: 'postern', password: 'c-secret' },
    logins: new Map([['default', { user: 'app', password: 'p w' }]]),
  });
  assert.equal(installation.rulesFile, join(folder, 'rules.yaml'));
  assert.equal(
    installation.store.kind === 'sqlite' ? installation.store.file : '',
    join(folder, 'postern.db'),
  );
  assert.deepEqual(installation.trail, {
    folder: join(folder, 'trail'),
    sync: 'decisions',
    segmentBytes: 67_108_864,
  });
  assert.deepEqual(installation.maskKey, Buffer.alloc(32));
  assert.deepEqual(installation.limits, DEFAULT_LIMITS);
  assert.deepEqual(installation.approvers, []);
});

test('several processes need what they can share', () => {
  const postgres = `store: { postgres: { host: 127.0.0.1, database: p, user: p, password: { inline: p } } }\n`;
  const saysOf = (text: string): string => {
    const reading = load(text);
    return reading.kind === 'ok'
      ? `ok ${reading.installation.processes}`
      : reading.problems.map(formatProblem).join();
  };
  assert.equal(saysOf(MINIMAL), 'ok 1');
  assert.equal(saysOf(`${MINIMAL}processes: 1\n`), 'ok 1');
  assert.equal(saysOf(`${MINIMAL}${postgres}processes: 4\n`), 'ok 4');
  assert.match(
    saysOf(`${MINIMAL}processes: 2\n`),
    /processes: 2 processes need a store that they can share \(add store\.postgres, or run one process\)/,
  );
  assert.match(
    saysOf(`${MINIMAL}${postgres}processes: 2\nlisten: { port: 0 }\n`),
    /need one port that they can share/,
  );
  assert.match(saysOf(`${MINIMAL}${postgres}processes: 65\n`), /expected 1 to 64/);
  assert.match(saysOf(`${MINIMAL}${postgres}processes: 0\n`), /expected 1 to 64/);
});

test('everything can be said', () => {
  const reading =
    load(`${MINIMAL.replace('host: 127.0.0.1', 'host: db.internal\n    port: 6000\n    database: shop_v2\n    tls: { ca: ca.pem, serverName: db }')}
listen: { host: 0.0.0.0, port: 0, reusePort: true }
api: { host: 0.0.0.0, port: 7000, allowRemote: true }
approvers:
  - { name: dana, groups: data-stewards, tokenSha256: ${HASH.toUpperCase()} }
  - { name: sam, roles: [approver, operator], tokenSha256: ${'cd'.repeat(32)} }
rules: sub/rules.yaml
store: { file: /var/lib/postern/p.db }
trail: { folder: t, sync: always, segmentBytes: 1MiB }
limits: { maxSessions: 5, maxStatementBytes: 2MiB, authenticationTimeoutMs: 10s, shutdownGraceMs: 0 }
log: { level: debug }
`);
  assert.ok(reading.kind === 'ok', JSON.stringify(reading));
  const { installation } = reading;
  assert.equal(installation.listen.reusePort, true);
  const shop = installation.databases.get('shop');
  assert.deepEqual(
    [shop?.port, shop?.database, shop?.tls],
    [6000, 'shop_v2', { mode: 'verify-full', caPem: '-----BEGIN CERTIFICATE-----\n', serverName: 'db' }],
  );
  assert.deepEqual(installation.approvers[0], {
    name: 'dana',
    groups: ['data-stewards'],
    roles: ['approver'],
    tokenSha256: HASH,
  });
  assert.deepEqual(installation.approvers[1]?.roles, ['approver', 'operator']);
  assert.equal(installation.rulesFile, join(folder, 'sub/rules.yaml'));
  assert.equal(installation.store.kind === 'sqlite' ? installation.store.file : '', '/var/lib/postern/p.db');
  assert.deepEqual(installation.limits, {
    ...DEFAULT_LIMITS,
    maxSessions: 5,
    maxStatementBytes: 2_097_152,
    authenticationTimeoutMs: 10_000,
    shutdownGraceMs: 0,
  });
});

const WRONG: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a misspelled key',
    MINIMAL.replace('environment', 'enviroment'),
    [
      'f:3:5: databases.shop.environment: "environment" is missing',
      'f:4:5: databases.shop.enviroment: unknown key "enviroment" (did you mean "environment"?)',
    ],
  ],
  [
    'a password in clear',
    MINIMAL.replace('{ env: CONTROL }', 'hunter2'),
    ['f:5:41: databases.shop.control.password: expected a map, found text'],
  ],
  [
    'two sources for a secret',
    MINIMAL.replace('{ env: CONTROL }', '{ env: CONTROL, inline: hunter2 }'),
    [
      "f:5:41: databases.shop.control.password: say where the secret is, in one way (env: NAME, file: path, or, in clear, inline: '...')",
    ],
  ],
  [
    'a variable that is not set',
    MINIMAL.replace('CONTROL', 'NOPE'),
    ['f:5:41: databases.shop.control.password: the environment variable NOPE is not set'],
  ],
  [
    'a file that is not there',
    MINIMAL.replace('app.password', 'nope'),
    ['f:7:39: databases.shop.logins.default.password: cannot read nope: there is no such file'],
  ],
  [
    'no default login',
    MINIMAL.replace('default:', 'reader:'),
    [
      'f:7:7: databases.shop.logins: there is no login "default", which agents use that name no other (add one)',
    ],
  ],
  [
    'a short key',
    MINIMAL.replace('{ env: KEY }', '{ inline: abc }'),
    ['f:8:10: maskKey: the key is not 32 bytes in hex or base64 (make one with: openssl rand -hex 32)'],
  ],
  [
    'an API for everybody',
    `${MINIMAL}api: { host: 0.0.0.0 }\n`,
    [
      'f:9:14: api.host: the API would be reachable from other machines at 0.0.0.0, without TLS (use 127.0.0.1, or put a TLS proxy before it and set api.allowRemote: true)',
    ],
  ],
  [
    'a token in clear',
    `${MINIMAL}approvers:\n  - { name: dana, tokenSha256: abc }\n`,
    [
      'f:10:32: approvers[0].tokenSha256: expected 64 hex digits: the SHA-256 of the token, never the token itself',
    ],
  ],
  [
    'one token for two',
    `${MINIMAL}approvers:\n  - { name: a, tokenSha256: ${HASH} }\n  - { name: A, tokenSha256: ${HASH} }\n`,
    [
      'f:11:13: approvers[1].name: there is already an approver "A" (give each person one entry)',
      'f:11:29: approvers[1].tokenSha256: another approver has the same token (give each person their own token)',
    ],
  ],
  [
    'a limit out of bounds',
    `${MINIMAL}limits: { maxSessions: 0, maxSesions: 1 }\n`,
    [
      'f:9:24: limits.maxSessions: expected a whole number between 1 and 100000',
      'f:9:27: limits.maxSesions: unknown key "maxSesions" (did you mean "maxSessions"?)',
    ],
  ],
  [
    'a certificate that is none',
    `${MINIMAL}listen: { tls: { cert: app.password, key: nope.pem } }\n`,
    [
      'f:9:24: listen.tls.cert: app.password is not in PEM form (it should begin with -----BEGIN)',
      'f:9:43: listen.tls.key: cannot read nope.pem: there is no such file (paths are relative to this file)',
    ],
  ],
  [
    'a port that is none',
    MINIMAL.replace('host: 127.0.0.1', 'host: 127.0.0.1\n    port: 70000'),
    ['f:4:11: databases.shop.port: a port is between 1 and 65535'],
  ],
  [
    'no database',
    'databases: {}\nmaskKey: { env: KEY }\n',
    ['f:1:12: databases: there is no database (add one under databases)'],
  ],
];

for (const [name, text, expected] of WRONG) {
  test(`${name} is refused with its line`, () => {
    const found = problems(text);
    assert.deepEqual(found, expected);
    assert.ok(!found.join().includes('hunter2'), 'no secret in a message');
  });
}

test('a file that cannot be read is a problem, not an exception', () => {
  const reading = loadInstallation(join(folder, 'missing.yaml'), {});
  assert.ok(
    reading.kind === 'invalid' &&
      reading.problems[0]?.message === 'cannot read the file: there is no such file',
  );
});

test('defaults are within their own bounds', () => {
  for (const [key, [min, max]] of Object.entries(LIMIT_BOUNDS)) {
    const value = DEFAULT_LIMITS[key as keyof typeof DEFAULT_LIMITS];
    assert.ok(value >= min && value <= max, key);
  }
});

test('loopback is only what never leaves the machine', () => {
  assert.deepEqual(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].map(isLoopback), [true, true, true, true]);
  assert.deepEqual(['0.0.0.0', '::', '127.evil.example', 'localhost.example', '10.0.0.1'].map(isLoopback), [
    false,
    false,
    false,
    false,
    false,
  ]);
});

test('the store may be a PostgreSQL database, its password a secret, TLS the default beyond this machine', () => {
  const postgres = 'host: db.internal, database: p, user: u, password: { env: CONTROL }';
  const reading = load(`${MINIMAL}store: { keep: 30d, postgres: { ${postgres} } }\n`);
  assert.ok(reading.kind === 'ok', JSON.stringify(reading));
  const { store } = reading.installation;
  assert.ok(store.kind === 'postgres');
  assert.deepEqual(
    [store.port, store.schema, store.password, store.tls.mode, store.keepMs],
    [5432, 'postern', 'c-secret', 'verify-full', 30 * 86_400_000],
  );
  assert.ok(store.instance.endsWith(`:${join(folder, 'trail')}`));
  for (const wrong of [
    `file: x, postgres: { ${postgres} }`,
    `postgres: { ${postgres}, schema: 'a"b' }`,
    `postgres: { ${postgres.replace('{ env: CONTROL }', 'clear')} }`,
    `postgres: { ${postgres.replace('CONTROL', 'NOT_SET')} }`,
    'keep: 1h',
  ]) {
    assert.equal(problems(`${MINIMAL}store: { ${wrong} }\n`).length, 1, wrong);
  }
});
