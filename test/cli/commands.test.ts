import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asked, bench } from '../api/support.ts';
import { as, folder, run } from './support.ts';

test('token new prints a token and its digest, a new one each time', async (t) => {
  const cwd = folder(t);
  const one = await run(['token', 'new', '--json'], { cwd });
  const two = await run(['token', 'new'], { cwd });
  const { token, tokenSha256 } = JSON.parse(one.out) as { token: string; tokenSha256: string };
  assert.match(token, /^postern_[\w-]{43}$/);
  assert.equal(tokenSha256, createHash('sha256').update(token).digest('hex'));
  assert.match(two.out, /^token {8}postern_\S{43}\ntokenSha256 {2}[0-9a-f]{64}\n/);
  assert.ok(!two.out.includes(token));
});

test('policy check names file, line, column and what to do', async (t) => {
  const cwd = folder(t);
  writeFileSync(
    join(cwd, 'rules.yaml'),
    'version: 1\nrules:\n  - name: a\n    when: { action: exprot }\n    then: hold\n',
  );
  const bad = await run(['policy', 'check'], { cwd });
  assert.equal(bad.code, 1);
  assert.match(bad.out, /^rules\.yaml:4:\d+: .*did you mean "export"/m);
  const asJson = await run(['policy', 'check', '--json'], { cwd });
  assert.deepEqual([asJson.code, (JSON.parse(asJson.out) as { ok: boolean }).ok], [1, false]);
  writeFileSync(
    join(cwd, 'good.yaml'),
    'version: 1\nrules:\n  - name: a\n    when: { action: export }\n    then: hold\n',
  );
  const good = await run(['policy', 'check', 'good.yaml'], { cwd });
  assert.equal(good.code, 0);
  assert.match(good.out, /^good\.yaml is valid: 0 masks, 1 rule, version [0-9a-f]{12}\n$/);
  assert.equal((await run(['policy', 'check', 'missing.yaml'], { cwd })).code, 2);
});

test('agents: the password alone is on standard output', async (t) => {
  const house = await bench(t);
  const at = { cwd: folder(t), env: as('ops', house) };
  const added = await run(
    ['agents', 'add', 'etl-bot', '--owner', 'olga', '--group', 'a', '--group', 'b', '--database', 'shop'],
    at,
  );
  assert.equal(added.code, 0, added.err);
  assert.match(added.out, /^[\w-]{32}\n$/);
  assert.ok(!added.err.includes(added.out.trim()));
  const agent = await house.agents.find('etl-bot');
  assert.deepEqual(
    [agent?.owner, agent?.groups, agent?.databases, agent?.login],
    ['olga', ['a', 'b'], ['shop'], 'default'],
  );
  const rotated = await run(['agents', 'rotate', 'etl-bot'], at);
  assert.match(rotated.out, /^[\w-]{32}\n$/);
  assert.notEqual(rotated.out, added.out);
  assert.equal((await run(['agents', 'disable', 'etl-bot'], at)).out, 'disabled etl-bot\n');
  assert.match((await run(['agents', 'list'], at)).out, /^etl-bot +olga +default +disabled +shop +a,b$/m);
  assert.equal((await run(['agents', 'add', 'x', '--owner', 'olga'], at)).code, 2, 'a database is required');
  assert.equal((await run(['agents', 'add', 'x', '--owner', 'olga', '--database', 'nowhere'], at)).code, 1);
});

test('audit verify: by the API, and offline by a folder given or named in cli.json', async (t) => {
  const house = await bench(t);
  const cwd = folder(t);
  await house.approvals.ask(asked());
  const byApi = await run(['audit', 'verify'], { cwd, env: as('audra', house) });
  assert.equal(byApi.code, 0, byApi.err);
  assert.match(byApi.out, /^the trail is whole: 1 records in 1 segments\nhead 1:[0-9a-f]{64}\n/);
  const { seq, hash } = house.trail.head();
  const offline = await run(['audit', 'verify', house.trailFolder, '--head', `${seq}:${hash}`], { cwd });
  assert.deepEqual([offline.code, offline.err], [0, '']);
  assert.match(offline.out, /holds the head you gave/);
  assert.equal(
    (await run(['audit', 'verify', house.trailFolder, '--head', `${seq}:${'0'.repeat(64)}`], { cwd })).code,
    1,
  );

  mkdirSync(join(cwd, '.postern'));
  writeFileSync(join(cwd, '.postern', 'cli.json'), JSON.stringify({ trail: house.trailFolder }), {
    mode: 0o600,
  });
  const segment = join(
    house.trailFolder,
    readdirSync(house.trailFolder).find((name) => name.endsWith('.jsonl')) ?? '',
  );
  const text = readFileSync(segment, 'utf8');
  writeFileSync(segment, text.replace('etl-bot', 'etl-bat'));
  const broken = await run(['audit', 'verify'], { cwd });
  writeFileSync(segment, text);
  assert.equal(broken.code, 1);
  assert.ok(broken.out.includes(`${segment}, line 1, offset 0`), broken.out);

  assert.equal((await run(['audit', 'verify', '/nowhere'], { cwd })).code, 2);
  assert.equal(
    (await run(['audit', 'verify', folder(t)], { cwd })).code,
    2,
    'an empty folder is no whole trail',
  );
});

test('audit search finds who approved', async (t) => {
  const house = await bench(t);
  const at = { cwd: folder(t), env: as('audra', house) };
  const { id } = await house.approvals.ask(asked());
  await house.call('ana', 'POST', `/v1/requests/${id}/approve`, { reason: 'month end' });
  const found = await run(['audit', 'search', '--approver', 'ana', '--agent', 'etl-bot'], at);
  assert.match(
    found.out,
    new RegExp(
      `^2 \\S+ request_decided approver=ana decision=approve state=approved request_id=${id} reason=month end`,
    ),
  );
  const asJson = await run(['audit', 'search', '--kind', 'request_created', '--json'], at);
  assert.equal((JSON.parse(asJson.out) as { records: object[] }).records.length, 1);
  const cut = await run(['audit', 'search', '--limit', '1'], at);
  assert.match(cut.err, /more match/);
  assert.equal((await run(['audit', 'search', '--since', 'yesterday'], at)).code, 1);
});

test('policy explain asks the running Postern, also from standard input', async (t) => {
  const house = await bench(t);
  const at = { cwd: folder(t), env: as('ana', house) };
  await house.call('ops', 'POST', '/v1/agents', {
    name: 'bot',
    owner: 'olga',
    databases: ['shop'],
    login: 'default',
  });
  const told = await run(['policy', 'explain', 'drop table orders', '--as', 'bot', '--database', 'shop'], at);
  assert.match(told.out, /^HOLD {2}as bot on shop \(prod\)\n/);
  const asJson = await run(
    ['policy', 'explain', '-', '--as', 'bot', '--database', 'shop', '--json'],
    at,
    'drop table orders',
  );
  assert.equal((JSON.parse(asJson.out) as { verdict: string }).verdict, 'hold');
  assert.equal(
    (await run(['policy', 'explain', 'select 1', '--as', 'nobody', '--database', 'shop'], at)).code,
    1,
  );
});
