import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadInstallation } from '../../src/config/installation-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-config-channels-'));
after(() => rmSync(folder, { recursive: true }));

const HASH = 'ab'.repeat(32);
const ENV = {
  KEY: '00'.repeat(32),
  PASSWORD: 'p',
  BOT: 'xoxb-1',
  BOT2: 'xoxb-2',
  SIGNING: 'shh',
  TEAMS: 'https://prod.example.com/workflows/1?sig=key',
  TEAMS_PLAIN: 'http://prod.example.com/workflows/1?sig=plainkey',
  NEW: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  OLD: `whsec_${Buffer.alloc(24, 2).toString('base64')}`,
  WEAK: `whsec_${Buffer.alloc(8, 3).toString('base64')}`,
};
const HEAD = `databases:
  shop:
    host: 127.0.0.1
    environment: prod
    control: { user: postern, password: { env: PASSWORD } }
    logins:
      default: { user: app, password: { env: PASSWORD } }
maskKey: { env: KEY }
`;
const SLACK = `kind: slack, channel: '#db', token: { env: BOT }, signingSecret: { env: SIGNING }`;

function load(text: string) {
  const file = join(folder, 'postern.yaml');
  writeFileSync(file, HEAD + text);
  return loadInstallation(file, ENV);
}

function problems(text: string): string {
  const reading = load(text);
  assert.equal(reading.kind, 'invalid', text);
  return reading.kind === 'invalid'
    ? reading.problems.map((one) => `${one.path}: ${one.message}`).join('\n')
    : '';
}

test('channels, routes and identities are read, secrets from where they are', () => {
  const reading = load(`
api: { publicUrl: https://postern.example.com/ }
approvers:
  - { name: dana, tokenSha256: ${HASH}, email: Dana@Example.com, slack: U012ABC }
channels:
  - { name: stewards, ${SLACK}, for: { environment: prod, group: [a, b], action: export } }
  - { name: ops, kind: teams, url: { env: TEAMS } }
  - { name: siem, kind: webhook, url: 'http://127.0.0.1:9/x', secrets: [{ env: NEW }, { env: OLD }] }
`);
  assert.ok(reading.kind === 'ok', JSON.stringify(reading));
  const { api, approvers, channels } = reading.installation;
  assert.equal(api.publicUrl, 'https://postern.example.com');
  assert.deepEqual([approvers[0]?.email, approvers[0]?.slack], ['dana@example.com', 'U012ABC']);
  assert.deepEqual(channels[0], {
    name: 'stewards',
    kind: 'slack',
    channel: '#db',
    token: 'xoxb-1',
    signingSecret: 'shh',
    apiUrl: 'https://slack.com/api',
    routing: { environment: ['prod'], group: ['a', 'b'], action: ['export'], database: null, agent: null },
  });
  assert.ok(channels[1]?.kind === 'teams' && channels[1].url === ENV.TEAMS);
  assert.deepEqual(channels[2]?.kind === 'webhook' && channels[2].keys.map((key) => key.length), [32, 24]);
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  [`channels:\n  - { name: a, ${SLACK} }\n  - { name: a, ${SLACK} }`, /there is already a channel "a"/],
  [
    `channels:\n  - { name: a, ${SLACK} }\n  - { name: b, ${SLACK.replace('BOT', 'BOT2')} }`,
    /same signing secret/,
  ],
  [`channels:\n  - { name: a, ${SLACK.replace('BOT', 'SIGNING')} }`, /no bot token/],
  [`channels:\n  - { name: a, ${SLACK}, apiUrl: 'http://slack.example.com' }`, /only https/],
  [`channels:\n  - { name: a, ${SLACK.replace('#db', '<!channel>')} }`, /expected #name/],
  [`channels:\n  - { name: a, ${SLACK}, for: { environmnt: prod } }`, /unknown key "environmnt"/],
  [`channels:\n  - { name: a, kind: teams, url: { env: TEAMS_PLAIN } }`, /only https/],
  [
    `channels:\n  - { name: a, kind: webhook, url: 'https://u:pw@x.example', secrets: [{ env: NEW }] }`,
    /name or a password/,
  ],
  [
    `channels:\n  - { name: a, kind: webhook, url: 'file:///etc/passwd', secrets: [{ env: NEW }] }`,
    /only https/,
  ],
  [
    `channels:\n  - { name: a, kind: webhook, url: 'https://x.example', secrets: [{ env: WEAK }] }`,
    /24 to 64 bytes/,
  ],
  [`channels:\n  - { name: a, kind: webhook, url: 'https://x.example', secrets: [] }`, /at least one secret/],
  [`api: { publicUrl: 'javascript:alert(1)' }`, /only https/],
  [
    `approvers:\n  - { name: a, tokenSha256: ${HASH}, email: x@y.zz }\n  - { name: b, tokenSha256: ${'cd'.repeat(32)}, email: X@Y.zz }`,
    /there is already an approver/,
  ],
];

test('what would be unsafe or ambiguous is refused, and no problem repeats a secret', () => {
  for (const [text, expected] of WRONG) {
    const said = problems(text);
    assert.match(said, expected, text);
    for (const secret of ['plainkey', 'shh', 'xoxb', 'pw@', ENV.WEAK])
      assert.ok(!said.includes(secret), text);
  }
});

test('the example in docs/channels.md loads', () => {
  const page = readFileSync(new URL('../../docs/channels.md', import.meta.url), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const names = {
    SLACK_BOT_TOKEN: 'BOT',
    SLACK_SIGNING_SECRET: 'SIGNING',
    TEAMS_WORKFLOW_URL: 'TEAMS',
    WEBHOOK_SECRET_NEW: 'NEW',
    WEBHOOK_SECRET_OLD: 'OLD',
  };
  let text = example;
  for (const [from, to] of Object.entries(names)) text = text.replaceAll(from, to);
  const reading = load(text);
  assert.ok(reading.kind === 'ok', JSON.stringify(reading));
  assert.equal(reading.installation.channels.length, 3);
});
