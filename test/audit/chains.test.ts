/** The chains of several processes in one folder: each verified, all searched as one. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { chainFolder, listChains, verifyChains, type TrailReport } from '../../src/audit/chains.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { segmentPath } from '../../src/audit/folder.ts';
import { searchTrail } from '../../src/audit/search.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import { folder as scratch, run } from '../cli/support.ts';
import { allowed, created, decided, open, temporaryFolder } from './support.ts';

const START = Date.parse('2030-01-01T00:00:00.000Z');

function started(process?: number, processes?: number): AuditEvent {
  const several = process === undefined || processes === undefined ? {} : { process, processes };
  return { kind: 'postern_started', version: '1', rules_version: 'v', ...several };
}

/** @param events of each chain with the seconds at which they come */
async function chain(folder: string, events: readonly (readonly [number, AuditEvent])[]): Promise<void> {
  let at = 0;
  const trail = await open(folder, { now: () => START + at * 1000, segmentBytes: 1024 });
  for (const [second, event] of events) {
    at = second;
    await trail.record(event);
  }
  await trail.close();
}

async function three(t: TestContext): Promise<string> {
  const folder = join(await temporaryFolder(t), 'trail');
  const plain = (from: number) =>
    Array.from({ length: 12 }, (_, n) => [from + 3 * n, allowed(n)] as const satisfies [number, AuditEvent]);
  await chain(chainFolder(folder, 1), [[0, started(1, 3)], ...plain(1), [50, decided]]);
  await chain(chainFolder(folder, 2), [[0, started(2, 3)], ...plain(2), [49, created]]);
  await chain(chainFolder(folder, 3), [[0, started(3, 3)], ...plain(3)]);
  return folder;
}

function problems(report: TrailReport): Record<string, string> {
  assert.ok('chains' in report);
  const broken = report.chains.filter(({ report: one }) => !one.ok);
  assert.equal(report.ok, broken.length === 0);
  return Object.fromEntries(broken.map(({ chain: name, report: one }) => [name, one.ok ? '' : one.problem]));
}

test('a folder with one chain is reported and searched as it always was', async (t) => {
  const folder = join(await temporaryFolder(t), 'trail');
  await chain(folder, [
    [0, started()],
    [1, created],
    [2, decided],
  ]);
  // What else lies there is no chain.
  await mkdir(join(folder, '7'));
  await mkdir(join(folder, 'old'));
  assert.deepEqual(await verifyChains(folder), await verifyTrail(folder));
  const { records } = await searchTrail(folder, { agent: 'etl-bot' });
  assert.deepEqual(
    records.map((record) => [record.seq, 'chain' in record]),
    [
      [2, false],
      [3, false],
    ],
  );
});

test('each chain is verified by itself, and a broken one names itself', async (t) => {
  const folder = await three(t);
  assert.deepEqual(problems(await verifyChains(folder)), {});
  const file = segmentPath(chainFolder(folder, 2), 1);
  await writeFile(file, (await readFile(file, 'utf8')).replace('billing-bot', 'billing-bat'));
  assert.deepEqual(problems(await verifyChains(folder)), { 2: 'hash-mismatch' });
});

for (const number of [1, 2, 3]) {
  test(`chain ${number} taken away as a whole is missed`, async (t) => {
    const folder = await three(t);
    await rm(chainFolder(folder, number), { recursive: true });
    assert.deepEqual(problems(await verifyChains(folder)), { [number]: 'missing-chain' });
    await mkdir(chainFolder(folder, number));
    assert.deepEqual(problems(await verifyChains(folder)), { [number]: 'missing-chain' });
  });
}

test('a chain from before there were several stays, and counts', async (t) => {
  const folder = await three(t);
  await chain(folder, [[0, started()]]);
  assert.deepEqual(
    (await listChains(folder)).map(({ name }) => name),
    ['.', '1', '2', '3'],
  );
  assert.deepEqual(problems(await verifyChains(folder)), {});
  await rm(join(folder, 'head.json'));
  await rm(segmentPath(folder, 1));
  // Nothing but the chains of the processes tells of it.
  assert.deepEqual(problems(await verifyChains(folder)), {});
  await writeFile(join(folder, 'head.json'), `{"v":1,"seq":1,"hash":"${'0'.repeat(64)}","time":"x"}\n`);
  assert.deepEqual(problems(await verifyChains(folder)), { '.': 'cut-off' });
});

test('search reads all chains in the order of time, and finds a decision made at another process', async (t) => {
  const folder = await three(t);
  const all = await searchTrail(folder, { limit: 1000 });
  const times = all.records.map(({ time }) => time);
  assert.deepEqual(times, [...times].sort());
  assert.equal(all.records.length, 3 * 14 + 2);
  for (const name of ['1', '2', '3']) {
    const seqs = all.records.filter((record) => record.chain === name).map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      Array.from({ length: seqs.length }, (_, n) => n + 1),
    );
  }
  const found = await searchTrail(folder, { agent: 'etl-bot' });
  assert.deepEqual(
    found.records.map((record) => [record.chain, record.event.kind]),
    [
      ['2', 'request_created'],
      ['1', 'request_decided'],
    ],
  );
  const newest = await searchTrail(folder, { limit: 2, kinds: ['statement_allowed'] });
  assert.ok(newest.truncated);
  assert.deepEqual(
    newest.records.map(({ chain: name }) => name),
    ['2', '3'],
  );
  await appendFile(segmentPath(chainFolder(folder, 3), 1), 'nonsense\n');
  assert.equal((await searchTrail(folder, {})).unreadable, 1);
});

test('postern audit verify says it of each, and wants a head to be of one', async (t) => {
  const folder = await three(t);
  const cwd = scratch(t);
  const whole = await run(['audit', 'verify', folder], { cwd });
  assert.equal(whole.code, 0);
  assert.match(whole.out, /^chain 1: the trail is whole: 15 records.*all chains are whole\n$/s);
  const head = /^chain 2: .*\nhead (\S+)$/m.exec(whole.out)?.[1] ?? '';
  assert.equal((await run(['audit', 'verify', folder, '--head', head], { cwd })).code, 2);
  assert.equal((await run(['audit', 'verify', join(folder, '2'), '--head', head], { cwd })).code, 0);
  await rm(chainFolder(folder, 3), { recursive: true });
  const broken = await run(['audit', 'verify', folder], { cwd });
  assert.equal(broken.code, 1);
  assert.match(broken.out, /^chain 3: .*BROKEN.*missing-chain.*NOT all chains are whole\n$/ms);
});
