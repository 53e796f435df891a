import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<{ answer: unknown }>(sql);
    return result.rows[0]?.answer;
  } finally {
    await client.end();
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a server starts, answers, logs, and is gone after stop', async () => {
  const server = await startPostgres({ settings: { log_statement: 'all' } });
  try {
    assert.equal(await ask(server.url(), 'select 6 * 7 as answer'), 42);
    assert.equal(await ask(server.url(), "select current_setting('server_encoding') as answer"), 'UTF8');
    assert.equal(await ask(server.url(), "select current_setting('unix_socket_directories') as answer"), '');
    assert.match(await readFile(server.logFile, 'utf8'), /statement: select 6 \* 7/);
    await assert.rejects(
      ask(server.url().replace(server.password, 'wrong'), 'select 1 as answer'),
      /password/,
    );
  } finally {
    await server.stop();
  }
  assert.equal(await listens(server.port), false);
  assert.equal(alive(server.pid), false);
  assert.equal(existsSync(server.dataDir), false);
  await server.stop();
});

test('two servers run side by side and share nothing', async () => {
  const servers = await Promise.all([
    startPostgres(),
    startPostgres({ superuser: 'olga', password: "it's o'lga" }),
  ]);
  const [one, two] = servers;
  try {
    assert.notEqual(one.port, two.port);
    await ask(one.url(), 'create table only_here (a int)');
    assert.equal(await ask(two.url(), "select to_regclass('only_here') as answer"), null);
    assert.equal(await ask(two.url(), 'select current_user as answer'), 'olga');
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
});

test('data outlives a crash when the folder is ours to keep', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-keep-'));
  if (process.getuid?.() === 0) spawnSync('chmod', ['755', folder]);
  const dataDir = join(folder, 'pg');
  try {
    const first = await startPostgres({ dataDir, fsync: true });
    await ask(first.url(), 'create table kept as select 7 as answer');
    await first.kill();
    await first.stop();
    const second = await startPostgres({ dataDir });
    try {
      assert.equal(await ask(second.url(), 'select answer from kept'), 7);
      assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
    } finally {
      await second.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a port somebody else holds is an error that says so', async () => {
  const holder = await startPostgres();
  try {
    await assert.rejects(startPostgres({ port: holder.port }), /could not bind|in use/);
  } finally {
    await holder.stop();
  }
});

test('a server does not outlive a starter that was killed', async () => {
  const module = new URL('../../fixtures/postgres/embedded.ts', import.meta.url).href;
  const script = `const { startPostgres } = await import(${JSON.stringify(module)});
    const server = await startPostgres(); console.log(server.pid, server.dataDir); setInterval(() => {}, 1000);`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve) =>
    starter.stdout.once('data', (chunk: Buffer) => resolve(String(chunk))),
  );
  const [pid, dataDir] = line.trim().split(' ');
  assert.equal(alive(Number(pid)), true);
  starter.kill('SIGKILL');
  for (let waited = 0; waited < 100 && existsSync(String(dataDir)); waited += 1) await sleep(100);
  assert.equal(alive(Number(pid)), false);
  assert.equal(existsSync(String(dataDir)), false);
});
