import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { folder, run, start } from './support.ts';

const TOKEN = 'token-of-ops-0123456789';

/** Nothing listens on port 1, and Postern starts all the same: not ready, but there to say why. */
const CONFIG = `listen: { port: 0 }
api: { port: 0 }
databases:
  shop:
    host: 127.0.0.1
    port: 1
    environment: prod
    control: { user: c, password: { inline: x } }
    logins: { default: { user: a, password: { inline: x } } }
approvers:
  - name: ops
    roles: [approver, operator, auditor]
    tokenSha256: ${createHash('sha256').update(TOKEN).digest('hex')}
maskKey: { inline: ${'ab'.repeat(32)} }
`;

test('serve runs the whole house, answers the CLI, and stops cleanly at SIGTERM', async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, 'postern.yaml'), CONFIG);
  writeFileSync(join(cwd, 'rules.yaml'), 'version: 1\n');
  const child = start(['serve'], { cwd });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.stdout);
  let port = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { msg: string; api?: number };
    port = said.api ?? 0;
    if (port > 0) break;
  }
  const env = { POSTERN_URL: `http://127.0.0.1:${port}`, POSTERN_TOKEN: TOKEN };
  const readiness = await fetch(`${env.POSTERN_URL}/readyz`);
  assert.equal(readiness.status, 503);
  const added = await run(['agents', 'add', 'bot', '--owner', 'olga', '--database', 'shop'], { cwd, env });
  assert.equal(added.code, 0, added.err);
  const question = ['policy', 'explain', '-', '--as', 'bot', '--database', 'shop', '--json'];
  const told = await run(question, { cwd, env }, "drop table t; select 'secret-literal'");
  assert.equal(told.code, 0, told.err);
  assert.equal((JSON.parse(told.out) as { verdict: string }).verdict, 'hold');
  assert.ok(!told.out.includes('secret-literal'));
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  const verified = await run(['audit', 'verify', 'trail'], { cwd });
  assert.match(verified.out, /^the trail is whole/);
});

test('serve names each problem of its configuration and does not start', async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, 'postern.yaml'), `${CONFIG}colour: red\n`);
  const wrong = await run(['serve'], { cwd });
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /^postern: postern\.yaml:\d+:1: colour: unknown key "colour"/m);
  assert.equal((await run(['serve', '--config', 'missing.yaml'], { cwd })).code, 1);
});
