/** What breaks underneath: each ends in a clear error, nothing is let through, and it goes on once mended. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { realIo, type TrailIo } from '../../src/audit/folder.ts';
import { MAX_QUEUED_EVENTS } from '../../src/audit/limits.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import { encodeQuery } from '../../src/wire/client/query.ts';
import { RawClient } from './raw-client.ts';
import { RULES, settled, startHarness, type Harness } from './harness.ts';

const running: Harness[] = [];
async function start(options: Parameters<typeof startHarness>[0] = {}): Promise<Harness> {
  const harness = await startHarness(options);
  running.push(harness);
  return harness;
}
after(async () => {
  for (const harness of running) await harness.stop();
});

test('a full disk under the trail stops what must be recorded, and only that long', async () => {
  const disk = { full: false };
  const harness = await start({ trailIo: fillable(disk) });
  const agent = await harness.agent();
  assert.equal((await agent.query('select 1 as one')).rowCount, 1);
  disk.full = true;
  await agent.query('select 2').catch(() => undefined);
  await sleep(100);
  const marked = 'select 3 as nobody_recorded_this';
  await assert.rejects(agent.query(marked), { code: '53100' });
  await assert.rejects(agent.query('drop table orders'), { code: '53100' });
  assert.ok(!(await harness.statementLog()).includes('nobody_recorded_this'));
  disk.full = false;
  await recovers(() => agent.query('select 4'));
  const report = await verifyTrail(join(harness.folder, 'trail'));
  assert.ok(report.ok, JSON.stringify(report));
});

test('under trail.sync: always, nothing is sent before its record is on disk', async () => {
  const disk = { full: false };
  const harness = await start({ trailIo: fillable(disk), sync: 'always' });
  const agent = await harness.agent();
  await agent.query('select 1');
  disk.full = true;
  // Not even the first statement after the disk filled up, and by neither protocol.
  await assert.rejects(agent.query('select 2 as unsynced'), { code: '53100' });
  await assert.rejects(agent.query('select $1::int as unsynced', [3]), { code: '53100' });
  assert.ok(!(await harness.statementLog()).includes('unsynced'));
});

/** Sends while the disk hangs, then lets it go on. How many were answered before, and each statement's record. */
async function whileTheDiskHangs(send: (client: RawClient) => Promise<number>): Promise<void> {
  const disk = { full: false, hangs: false };
  const harness = await start({ trailIo: fillable(disk) });
  const { agentPort: port } = harness.postern;
  const client = await RawClient.connect({ port, user: 'bot', password: harness.password, database: 'shop' });
  disk.hangs = true;
  const sent = await send(client);
  const before = await client.quiet(500);
  const answered = before.filter(({ type }) => type === 'Z').length;
  disk.hangs = false;
  assert.ok(answered < sent, 'nothing was made to wait');
  const rest = await client.until('Z', sent - answered);
  assert.equal([...before, ...rest].filter(({ type }) => type === 'E').length, 0);
  assert.equal(allowedIn(await harness.trail()), sent);
  client.destroy();
}

/** Statements allowed, by the records of a trail's text. */
function allowedIn(trail: string): number {
  const records = trail.split('\n').filter((line) => line.includes('"kind":"statement_allowed"'));
  const times = records.map((line) => (JSON.parse(line) as { event: { times?: number } }).event.times ?? 1);
  return times.reduce((sum, one) => sum + one, 0);
}

test('a disk that hangs under the trail stops a client that sends ahead, and refuses it nothing', () =>
  whileTheDiskHangs((client) => {
    const texts = ['select 1', "select 'one', 2"];
    const messages = Array.from({ length: SENT_AHEAD }, (_, i) => encodeQuery(texts[i % texts.length]!));
    client.send(Buffer.concat(messages));
    return Promise.resolve(SENT_AHEAD);
  }));

test('it also stops one that sends the same again and again, though that is little to record', () =>
  whileTheDiskHangs(async (client) => {
    const burst = Buffer.concat(Array.from({ length: 100 }, () => encodeQuery('select 1')));
    const bursts = 100;
    for (let i = 0; i < bursts; i += 1) {
      client.send(burst);
      await sleep(20);
    }
    return bursts * 100;
  }));

test('a database that goes away ends its sessions with a reason, and comes back', async () => {
  const harness = await start();
  const agent = await harness.agent();
  const slow = agent.query('select pg_sleep(30)').catch((error: Error) => error);
  await sleep(200);
  await harness.server.kill();
  const error = (await slow) as Error & { code?: string };
  assert.ok(error.code === '08006' || /terminat|closed/.test(error.message), String(error));
  await assert.rejects(harness.agent(), { code: '08006' });
});

test('invalid rules leave the old ones in force, and say so in the trail', async () => {
  const harness = await start();
  const agent = await harness.agent();
  await harness.writeRules('version: 1\nrules:\n  - nmae: oops\n');
  const run = agent.query('drop table orders').catch((error: Error) => error);
  const request = await harness.nextRequest();
  await harness.decide(request.id, 'deny', 'still held');
  assert.match(String(await run), /still held/);
  assert.match(await harness.trail(), /"kind":"rules_rejected"/);
  await harness.writeRules(RULES);
});

test('a restart withdraws what was waiting, and the trail stays whole', async () => {
  const harness = await start();
  const agent = await harness.agent();
  const run = agent.query('drop table orders').catch((error: Error) => error);
  const request = await harness.nextRequest();
  await harness.restartPostern();
  assert.match(String(await run), /withdrawn|shutting down|terminated/);
  await settled(harness, request.id, 'withdrawn');
  const report = await verifyTrail(join(harness.folder, 'trail'));
  assert.ok(report.ok, JSON.stringify(report));
});

test('one changed byte of the trail is found, and its place named', async () => {
  const harness = await start();
  const agent = await harness.agent();
  for (let i = 0; i < 20; i += 1) await agent.query(`select ${i}`);
  await harness.trail();
  const file = join(harness.folder, 'trail', 'trail-000001.jsonl');
  const bytes = await readFile(file);
  const at = bytes.indexOf('statement_allowed');
  const line = bytes.subarray(0, at).toString().split('\n').length;
  bytes[at] = 's'.charCodeAt(0) ^ 1;
  const copy = join(harness.folder, 'changed.jsonl');
  await writeFile(copy, bytes);
  const report = await verifyTrail([copy]);
  assert.ok(!report.ok);
  assert.equal(report.line, line);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20);
}

async function recovers(attempt: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const error = await attempt().then(
      () => null,
      (failure: unknown) => failure,
    );
    if (error === null) return;
    await sleep(100);
  }
  assert.fail('it never recovered');
}

/** More than the trail's queue holds. */
const SENT_AHEAD = MAX_QUEUED_EVENTS + 2_000;

/** Real files on a disk that can be full, or take its time to sync. */
function fillable(disk: { readonly full: boolean; readonly hangs?: boolean }): TrailIo {
  return {
    async open(path, flags, mode) {
      const file = await realIo.open(path, flags, mode);
      return new Proxy(file, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          if (name === 'write' && disk.full) {
            return () =>
              Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
          }
          if (name === 'datasync')
            return () => until(() => disk.hangs !== true).then(() => target.datasync());
          return value.bind(target) as unknown;
        },
      });
    },
  };
}
