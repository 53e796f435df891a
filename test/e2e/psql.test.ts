/** The main job as a newcomer meets it, with psql where it is installed. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { after, before, test } from 'node:test';
import { psqlPath } from '../../fixtures/postgres/embedded.ts';
import { SECRET, settled, startHarness, type Harness } from './harness.ts';

const psql = psqlPath();
const skip = psql === null ? 'psql is not installed' : false;
let harness: Harness;
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

type Run = {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly done: Promise<number | null>;
};

function run(...args: string[]): Run {
  const child = spawn(psql ?? '', ['-X', harness.agentUrl, ...args], {
    env: { ...process.env, PGCLIENTENCODING: '' },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const done = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, out: () => out, err: () => err, done };
}

test('a select comes back masked', { skip }, async () => {
  const psqlRun = run('-c', 'select * from customers order by id limit 3');
  assert.equal(await psqlRun.done, 0, psqlRun.err());
  assert.match(psqlRun.out(), /name 3/);
  assert.ok(!psqlRun.out().includes(SECRET));
});

test('an export: notice at once, released with masks on', { skip }, async () => {
  const psqlRun = run('-c', 'copy customers to stdout csv');
  const request = await harness.nextRequest();
  await until(() => psqlRun.err().includes(request.id));
  assert.match(psqlRun.err(), /NOTICE: {2}Postern holds this statement/);
  await harness.decide(request.id, 'approve', 'for the board');
  assert.equal(await psqlRun.done, 0, psqlRun.err());
  assert.equal(psqlRun.out().trim().split('\n').length, 200);
  assert.ok(!psqlRun.out().includes(SECRET));
});

test('a denial is an error with the reason, and the session goes on', { skip }, async () => {
  const psqlRun = run('-c', 'drop table orders', '-c', "select 'still here' as x");
  const request = await harness.nextRequest();
  await harness.decide(request.id, 'deny', 'orders are needed');
  await psqlRun.done;
  assert.match(psqlRun.err(), /ERROR: {2}.*orders are needed/);
  assert.match(psqlRun.out(), /still here/);
});

test('Ctrl-C withdraws the request', { skip }, async () => {
  const psqlRun = run('-c', 'delete from orders');
  const request = await harness.nextRequest();
  psqlRun.child.kill('SIGINT');
  await settled(harness, request.id, 'withdrawn');
  await psqlRun.done;
  assert.match(psqlRun.err(), /withdrawn|cancel/);
});

test('psql describes things without asking anybody', { skip }, async () => {
  for (const command of ['\\d', '\\d customers', '\\dt+', '\\df', '\\dn', '\\du', '\\dv', '\\conninfo']) {
    const psqlRun = run('-c', command);
    assert.equal(await psqlRun.done, 0, `${command}: ${psqlRun.err()}`);
    assert.ok(!psqlRun.err().includes('holds'), command);
  }
});

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  assert.ok(condition(), 'it never came true');
}
