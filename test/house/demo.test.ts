/** The demo as a stranger meets it: one command, two roles, Ctrl-C; and again after it was killed. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-demo-'));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Demo = { readonly child: ChildProcess; readonly connection: string; readonly output: string };

async function startDemo(): Promise<Demo> {
  const child = spawn(process.execPath, [join(root, 'fixtures/demo/start.ts')], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += String(chunk)));
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += String(chunk);
      if (output.includes('Ctrl-C ends everything')) resolve();
    });
    child.once('exit', () => reject(new Error(output)));
  });
  await ready;
  const connection = /postgres:\/\/[^'\s)]+/.exec(output)?.[0];
  return {
    child,
    output,
    connection:
      connection ?? (await readFile(join(folder, '.postern/demo/secrets/connection-string'), 'utf8')).trim(),
  };
}

async function cli(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

async function agent<T>(connection: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: connection });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function upstreamPort(): Promise<number> {
  const config = await readFile(join(folder, '.postern/demo/postern.yaml'), 'utf8');
  return Number(/host: 127\.0\.0\.1\n {4}port: (\d+)/.exec(config)?.[1]);
}

async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'nobody', password: 'x', database: 'shop' });
  client.on('error', () => undefined);
  const problem = await client.connect().then(
    () => null,
    (error: NodeJS.ErrnoException) => error,
  );
  await client.end().catch(() => undefined);
  return problem?.code !== 'ECONNREFUSED';
}

/** What the database behind Postern says of a name, asked directly. */
async function tableOf(port: number, name: string): Promise<string | null> {
  const password = (
    await readFile(join(folder, '.postern/demo/secrets/postern-agent.password'), 'utf8')
  ).trim();
  return agent(`postgres://postern_agent:${password}@127.0.0.1:${port}/shop`, async (client) => {
    const { rows } = await client.query<{ found: string | null }>('select to_regclass($1)::text as found', [
      name,
    ]);
    return rows[0]?.found ?? null;
  });
}

test('the demo masks, holds, releases on approval, and leaves nothing running', async () => {
  const demo = await startDemo();
  const port = await upstreamPort();
  try {
    assert.equal(demo.output.includes('\u001b'), false, 'no colours where there is no terminal');
    for (const file of [
      'cli.json',
      'demo/postern.yaml',
      'demo/secrets/dana.token',
      'demo/secrets/connection-string',
    ]) {
      assert.equal((await stat(join(folder, '.postern', file))).mode & 0o077, 0, file);
    }
    await agent(demo.connection, async (client) => {
      const { rows } = await client.query<{ name: string; email: string; phone: string }>(
        'select * from customers order by id limit 3',
      );
      assert.equal(rows.length, 3);
      for (const row of rows) {
        assert.doesNotMatch(row.email, new RegExp(row.name.split(' ')[0] ?? '', 'i'));
        assert.doesNotMatch(row.phone, /555-01/);
      }
      const dropped = client.query('drop table orders');
      let id: string | undefined;
      for (let tries = 0; tries < 50 && id === undefined; tries += 1) {
        await sleep(100);
        const { output } = await cli('requests');
        id = /^(\w{4}-\w{4})\s.*drop/m.exec(output)?.[1];
      }
      assert.ok(id, 'the held statement is listed, with no flags and no environment');
      const approved = await cli('approve', id, '--reason', 'agreed');
      assert.equal(approved.code, 0, approved.output);
      assert.equal((await dropped).command, 'DROP');
    });
    assert.equal(await tableOf(port, 'orders'), null, 'the database itself says it is gone');
    assert.equal(await tableOf(port, 'payments'), 'payments');
    const second = spawn(process.execPath, [join(root, 'fixtures/demo/start.ts')], {
      cwd: folder,
      stdio: 'ignore',
    });
    assert.deepEqual(await once(second, 'exit'), [1, null], 'a second demo in the same folder is refused');
    assert.ok(existsSync(join(folder, '.postern/cli.json')), 'and leaves the first one alone');
  } finally {
    demo.child.kill('SIGINT');
    await once(demo.child, 'exit');
  }
  assert.equal(demo.child.exitCode, 0);
  assert.equal(await answers(port), false);
  assert.equal(existsSync(join(folder, '.postern/cli.json')), false);
});

test('a demo that was killed is followed by one that works, with the same password', async () => {
  const first = await startDemo();
  const port = await upstreamPort();
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await startDemo();
  try {
    assert.equal(new URL(second.connection).password, new URL(first.connection).password);
    const count = await agent(second.connection, (client) =>
      client.query<{ n: string }>('select count(*) as n from orders'),
    );
    assert.equal(count.rows[0]?.n, '5000');
    for (let tries = 0; tries < 50 && (await answers(port)); tries += 1) await sleep(100);
    assert.equal(await answers(port), false, 'the PostgreSQL of the killed demo is gone');
  } finally {
    second.child.kill('SIGTERM');
    await once(second.child, 'exit');
  }
});
