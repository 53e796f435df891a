/** What the machine does to Postern: its clock, its files, its descriptors, its network. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { makeCertificate } from '../bench/certificate.ts';
import { endChild, startPosternTarget } from '../bench/targets.ts';
import { RULES, settled, startHarness, type Harness } from './harness.ts';
import { RawClient, rowsIn } from './raw-client.ts';

const running: Harness[] = [];
async function start(options: Parameters<typeof startHarness>[0] = {}): Promise<Harness> {
  const harness = await startHarness(options);
  running.push(harness);
  return harness;
}
after(async () => {
  for (const harness of running) await harness.stop();
});

type Told = Error & { code?: string };

test('a clock set back does not lengthen a request', async (t) => {
  const harness = await start({ rules: RULES.replace('expires: 30s', 'expires: 1s') });
  const real = Date.now;
  t.after(() => {
    Date.now = real;
  });
  const agent = await harness.agent();
  const held = agent.query('copy orders to stdout').catch((error: Told) => error);
  const request = await harness.nextRequest();
  Date.now = () => real() - 3_600_000;
  const from = performance.now();
  assert.match(String(await held), /not decided within 1 seconds/);
  assert.ok(performance.now() - from < 8000);
  await settled(harness, request.id, 'expired');
  assert.notEqual((await harness.decide(request.id, 'approve')).status, 200);
});

test('a clock set forward ends an approval early, never late, and sessions go on', async (t) => {
  const harness = await start();
  const real = Date.now;
  t.after(() => {
    Date.now = real;
  });
  const agent = await harness.agent();
  const held = agent.query('drop table orders').catch((error: Told) => error);
  const request = await harness.nextRequest();
  Date.now = () => real() + 3_600_000;
  await harness.decide(request.id, 'approve');
  const outcome = await held;
  assert.ok(outcome instanceof Error, 'it ran under a request that was over');
  assert.equal((await agent.query('select 1 as one')).rowCount, 1);
  assert.equal((await (await harness.direct()).query('select 1 from orders limit 1')).rowCount, 1);
});

test('without its store nothing is held or approved, and what is allowed goes on', async () => {
  const harness = await start();
  const [agent, other] = [await harness.agent(), await harness.agent()];
  for (const suffix of ['', '-wal', '-shm'])
    await rm(join(harness.folder, `postern.db${suffix}`), { force: true });
  const held = agent.query('drop table orders').then(
    () => 'it ran',
    (error: Told) => error.code,
  );
  // Removed under a running process the file lives on for it: either way nothing runs unapproved.
  const outcome = await Promise.race([held, sleep(500, 'waits')]);
  assert.ok(outcome === 'waits' || /^(58|XX|F0)/.test(String(outcome)), String(outcome));
  assert.equal((await other.query('select 1 as one')).rowCount, 1);
  assert.equal((await (await harness.direct()).query('select 1 from orders limit 1')).rowCount, 1);
});

const LINUX = existsSync('/proc/net/tcp');

test('both legs of a session ask a silent peer whether it is there', async () => {
  if (!LINUX) return;
  const harness = await start();
  await harness.agent();
  const ports = [harness.postern.agentPort, harness.server.port];
  for (const port of ports) assert.ok(keepAlives(port) > 0, `port ${port}`);
});

/** Established connections of this port (at either end) whose keep-alive timer runs, as proc(5) has them. */
function keepAlives(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, remote, state]) =>
        state === '01' && (local?.endsWith(`:${hex}`) || remote?.endsWith(`:${hex}`)),
    )
    .filter(([, , , , , timer]) => {
      const [active, due] = timer?.split(':') ?? [];
      // 02: keep-alive; due in hundredths of a second.
      return active === '02' && Number.parseInt(due ?? '', 16) <= 60 * 100;
    }).length;
}

test('out of file descriptors: no crash, sessions go on, and new ones come in once there are some', async () => {
  if (!LINUX) return;
  const harness = await start();
  const child = await posternChild(harness);
  const { pid } = child.process;
  try {
    const first = await RawClient.connect(child.target);
    const used = readdirSync(`/proc/${pid}/fd`).length;
    execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${used + 7}`]);
    const more = await Promise.allSettled(Array.from({ length: 12 }, () => RawClient.connect(child.target)));
    const inside = more.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    assert.ok(inside.length < 12, 'the limit was not met');
    for (let i = 0; i < 5; i += 1) assert.deepEqual(rowsIn(await first.query(`select ${i}`)), [[String(i)]]);
    for (const client of inside) client.destroy();
    await sleep(500);
    const again = await RawClient.connect(child.target);
    assert.deepEqual(rowsIn(await again.query('select 1')), [['1']]);
    assert.equal(child.process.exitCode, null);
    again.destroy();
    first.destroy();
  } finally {
    await endChild(child.process);
  }
});

/** A Postern in a process of its own, whose limits are not the tests'. */
async function posternChild(harness: Harness) {
  const login = { user: 'bench', password: randomBytes(12).toString('hex') };
  const direct = await harness.direct();
  await direct.query(`create role ${login.user} login password ${pg.escapeLiteral(login.password)}`);
  const folder = join(harness.folder, 'child');
  const target = await startPosternTarget(
    { port: harness.server.port, database: 'shop', ...login },
    { folder, masks: false, certificate: makeCertificate(harness.folder) },
  );
  const url = new URL(target.url);
  assert.ok(target.process);
  const { username: user, password } = url;
  return { process: target.process, target: { port: Number(url.port), user, password, database: 'shop' } };
}
