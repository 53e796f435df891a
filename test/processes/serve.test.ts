/** `postern serve` with several processes, from outside: signals, what it says, and how it refuses to start. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run, start } from '../cli/support.ts';
import { codesIn, query } from '../e2e/raw-client.ts';
import { openStage, until, type Stage } from './stage.ts';

let stage: Stage;
const children: ChildProcess[] = [];

before(async () => {
  stage = await openStage();
  const text = await readFile(stage.configFile, 'utf8');
  await writeFile(stage.configFile, text.replace('level: silent', 'level: info'));
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await stage.close();
});

/** `pids`: whom it has started, by number, as its log says. */
type Served = { readonly child: ChildProcess; said(): string; pids(): Promise<number[]> };

async function serve(...args: readonly string[]): Promise<Served> {
  const child = start(['serve', '--config', stage.configFile, ...args], { cwd: stage.harness.folder });
  children.push(child);
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => void (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (out += text));
  await until('it is ready', () => out.includes('all processes of it') || child.exitCode !== null);
  assert.equal(child.exitCode, null, out);
  const path = `/proc/${child.pid}/task/${child.pid}/children`;
  const pids = async (): Promise<number[]> =>
    (await readFile(path, 'utf8')).trim().split(' ').filter(Boolean).map(Number);
  return { child, said: () => out, pids };
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('SIGTERM drains all; the log says which process speaks, and that one died', async () => {
  const { child, said, pids } = await serve();
  const started = await pids();
  assert.equal(started.length, 2);
  const client = await stage.client();
  process.kill(started[1] ?? 0, 'SIGKILL');
  await until('it is told', () => /"process":2,"code":null,"signal":"SIGKILL"/.test(said()));
  await until('it is back', () => said().includes('a process of Postern is back'));
  assert.match(said(), /"level":60|"level":50/);
  assert.match(said(), /"process":1,.*"Postern is ready"/);
  client.send(query('select pg_sleep(0.5)'));
  const ended = once(child, 'close');
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  if (!client.closed) assert.ok(!codesIn(await client.until('Z')).includes('57014'));
  assert.deepEqual(await ended, [0, null]);
  await until('all are gone', () => !started.some(isThere));
});

test('a supervisor that is killed leaves nothing behind', async () => {
  const { child, pids } = await serve();
  const all = await pids();
  const client = await stage.client();
  child.kill('SIGKILL');
  await until('all are gone', () => !all.some(isThere));
  assert.deepEqual(codesIn(await client.until('E')), ['57P01']);
  for (const number of [1, 2])
    assert.deepEqual((await stage.chain(number)).at(-1)?.event, { kind: 'postern_stopped', clean: true });
});

test('a second process that cannot start stops the first, and says why once', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const text = await readFile(stage.configFile, 'utf8');
  const api = join(stage.harness.folder, 'api-taken.yaml');
  await writeFile(api, text.replace(/^api: .*$/m, `api: { host: 127.0.0.1, port: ${port} }`));
  const refused = await run(['serve', '--config', api], { cwd: stage.harness.folder });
  taken.close();
  assert.equal(refused.code, 1);
  assert.equal(refused.err.match(/EADDRINUSE/g)?.length, 1, refused.err);
  await writeFile(join(stage.harness.folder, 'broken-rules.yaml'), 'version: 1\nrulez: []\ncolour: red\n');
  const broken = join(stage.harness.folder, 'broken.yaml');
  await writeFile(broken, text.replace('rules: rules.yaml', 'rules: broken-rules.yaml'));
  const said = await run(['serve', '--config', broken], { cwd: stage.harness.folder });
  assert.match(
    said.err,
    /^postern: \S+broken-rules.yaml:2:1: rulez: .*\n  \S+:3:1: colour: .*\n  Fix the lines/m,
  );
  // A file where the second one's chain should be.
  const folder = join(stage.harness.folder, 'blocked');
  await mkdir(folder);
  await writeFile(join(folder, '2'), '');
  const blocked = join(stage.harness.folder, 'blocked.yaml');
  await writeFile(blocked, text.replace('folder: chains', 'folder: blocked'));
  const second = await run(['serve', '--config', blocked], { cwd: stage.harness.folder });
  assert.equal(second.code, 1);
  assert.match(second.err, /^postern: EEXIST/m);
  await assert.rejects(stage.client());
});

test('--processes counts in place of the file, and one is one as ever', async () => {
  const cwd = stage.harness.folder;
  const wrong = await run(['serve', '--config', stage.configFile, '--processes', '0'], { cwd });
  assert.equal(wrong.code, 2);
  const child = start(['serve', '--config', stage.configFile, '--processes', '1'], { cwd });
  children.push(child);
  await until('it answers', async () =>
    stage.call('GET', '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  const { body } = await stage.call('GET', '/metrics');
  assert.match(body as string, /^postern_ready 1$/m);
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  const verified = await run(['audit', 'verify', 'chains'], { cwd });
  assert.match(verified.out, /^chain \.: .*^chain 1: .*^chain 2: .*all chains are whole$/ms);
});
