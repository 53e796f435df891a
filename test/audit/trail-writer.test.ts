import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../../src/audit/canonical.ts';
import { segmentPath } from '../../src/audit/folder.ts';
import { CROWDED_EVENTS, MAX_QUEUED_EVENTS } from '../../src/audit/limits.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import { allowed, open, recordsIn, spent, temporaryFolder } from './support.ts';

test('a record is on disk when record() resolves, and what was noted before it too', async (t) => {
  const folder = await temporaryFolder(t);
  const trail = await open(folder);
  trail.note(allowed(1));
  await trail.record(spent('r1'));
  const records = await recordsIn(folder);
  assert.deepEqual(
    records.map((r) => r.event.kind),
    ['statement_allowed', 'grant_spent'],
  );
  assert.deepEqual(trail.head(), { seq: 2, hash: records[1]?.hash });
  await trail.close();
});

test('the chain is SHA-256 over the canonical form, as an auditor would compute it', async (t) => {
  const folder = await temporaryFolder(t);
  const trail = await open(folder);
  for (let n = 0; n < 5; n += 1) await trail.record(allowed(n));
  await trail.close();
  let prev = '0'.repeat(64);
  for (const { hash, ...rest } of await recordsIn(folder)) {
    assert.equal(rest.prev, prev);
    assert.equal(createHash('sha256').update(canonicalJson(rest)).digest('hex'), hash);
    prev = hash;
  }
});

test('a noted event is on disk within 20 ms, without anybody recording', async (t) => {
  const folder = await temporaryFolder(t);
  const trail = await open(folder);
  trail.note(allowed(0));
  await sleep(100);
  // The first write also makes head.json; the bound is for a trail that runs.
  const waits: number[] = [];
  for (let n = 1; n <= 5; n += 1) {
    const from = performance.now();
    trail.note(allowed(n));
    while (trail.head().seq <= n) await sleep(1);
    waits.push(performance.now() - from);
  }
  waits.sort((a, b) => a - b);
  assert.ok((waits[0] ?? 99) < 20, `it took ${waits.join(', ')} ms`);
  await trail.close();
});

test('many who wait share few syncs, in the order they came', async (t) => {
  const folder = await temporaryFolder(t);
  let syncs = 0;
  const { realIo } = await import('../../src/audit/folder.ts');
  const io = {
    async open(path: string, flags: number, mode: number) {
      const file = await realIo.open(path, flags, mode);
      const datasync = file.datasync.bind(file);
      file.datasync = async () => {
        syncs += 1;
        await datasync();
      };
      return file;
    },
  };
  const trail = await open(folder, { io });
  await Promise.all(Array.from({ length: 400 }, (_, n) => trail.record(spent(`r${n}`))));
  assert.ok(syncs <= 4, `${syncs} syncs`);
  await trail.close();
  const ids = (await recordsIn(folder))
    .slice(0, 400)
    .map((r) => (r.event as { request_id?: string }).request_id);
  assert.deepEqual(
    ids,
    Array.from({ length: 400 }, (_, n) => `r${n}`),
  );
});

test('nobody else may read the folder or its files', async (t) => {
  const folder = join(await temporaryFolder(t), 'a', 'trail');
  const trail = await open(folder);
  await trail.record(allowed(1));
  await trail.close();
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  for (const name of await readdir(folder))
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name);
});

test('segments end at their size and the chain goes on across them and across starts', async (t) => {
  const folder = await temporaryFolder(t);
  for (let start = 0; start < 3; start += 1) {
    const trail = await open(folder, { segmentBytes: 1024 });
    for (let n = 0; n < 10; n += 1) await trail.record(allowed(n));
    await trail.close();
  }
  const report = await verifyTrail(folder);
  assert.ok(report.ok && report.segments > 3 && report.records === 33, JSON.stringify(report));
  assert.ok(!(await recordsIn(folder)).some((r) => r.event.kind === 'gap_suspected'));
});

test('a second writer is turned away while the first lives', async (t) => {
  const folder = await temporaryFolder(t);
  const trail = await open(folder);
  await assert.rejects(open(folder), { code: 'trail-locked' });
  await trail.close();
  await (await open(folder)).close();
});

test('a torn last line is cut off, kept aside, and the gap recorded', async (t) => {
  const folder = await temporaryFolder(t);
  const first = await open(folder);
  await first.record(allowed(1));
  await first.record(allowed(2));
  await first.close();
  await appendFile(segmentPath(folder, 1), '{"event":{"kind":"statement_al');
  const again = await open(folder, { now: () => Date.parse('2031-01-02T03:04:05.678Z') });
  await again.close();
  const records = await recordsIn(folder);
  const gap = records.find((r) => r.event.kind === 'gap_suspected');
  assert.deepEqual(gap?.event, {
    kind: 'gap_suspected',
    from: records[2]?.time,
    to: '2031-01-02T03:04:05.678Z',
  });
  const torn = (await readdir(folder)).filter((name) => name.startsWith('torn-'));
  assert.equal(torn.length, 1);
  assert.equal(await readFile(join(folder, torn[0] ?? ''), 'utf8'), '{"event":{"kind":"statement_al');
  assert.equal((await verifyTrail(folder)).ok, true);
});

test('a changed record, a cut tail or a missing segment is refused at start, not mended', async (t) => {
  const make = async () => {
    const folder = await temporaryFolder(t);
    const trail = await open(folder, { segmentBytes: 1024 });
    for (let n = 0; n < 13; n += 1) await trail.record(allowed(n));
    await trail.close();
    const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
    return { folder, last: join(folder, names.at(-1) ?? ''), middle: join(folder, names[1] ?? '') };
  };
  const changed = await make();
  const text = await readFile(changed.last, 'utf8');
  assert.match(text, /billing-bot/);
  await writeFile(changed.last, text.replace('billing-bot', 'billing-b0t'));
  await assert.rejects(open(changed.folder), { code: 'trail-damaged' });

  const cut = await make();
  const lines = (await readFile(cut.last, 'utf8')).split('\n');
  await truncate(cut.last, Buffer.byteLength(lines.slice(0, -2).join('\n')) + (lines.length > 2 ? 1 : 0));
  await assert.rejects(open(cut.folder), { code: 'trail-damaged' });

  const missing = await make();
  await rm(missing.middle);
  await assert.rejects(open(missing.folder), { code: 'trail-damaged' });

  const emptied = await make();
  for (const name of await readdir(emptied.folder))
    if (name.endsWith('.jsonl')) await rm(join(emptied.folder, name));
  await assert.rejects(open(emptied.folder), { code: 'trail-damaged' });
});

test('the queue is bounded: one event too many is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const trail = await open(folder);
  for (let n = 0; n < MAX_QUEUED_EVENTS; n += 1) trail.note(allowed(1));
  const event = allowed(1);
  assert.throws(() => trail.note(event), { code: 'trail-unavailable' });
  await assert.rejects(trail.record(event), { code: 'trail-unavailable' });
  await trail.close();
  assert.equal((await recordsIn(folder)).length, MAX_QUEUED_EVENTS + 1);
});

test('after close nothing is accepted, and the last record is postern_stopped', async (t) => {
  const folder = await temporaryFolder(t);
  const trail = await open(folder);
  trail.note(allowed(1));
  const closing = trail.close();
  assert.throws(() => trail.note(allowed(2)), { code: 'trail-unavailable' });
  await closing;
  assert.deepEqual(
    (await recordsIn(folder)).map((r) => r.event.kind),
    ['statement_allowed', 'postern_stopped'],
  );
});

test('I9: whoever notes much is made to wait before the queue is full, and goes on when there is room', async (t) => {
  const folder = await temporaryFolder(t);
  const trail = await open(folder);
  assert.equal(trail.room(), undefined);
  let waited = 0;
  for (let n = 0; n < MAX_QUEUED_EVENTS * 2; n += 1) {
    trail.note(allowed(n));
    const room = trail.room();
    if (room === undefined) continue;
    assert.ok(trail.queued >= CROWDED_EVENTS);
    await room;
    assert.ok(trail.queued < CROWDED_EVENTS);
    waited += 1;
  }
  assert.ok(waited > 3);
  for (let n = 0; n < CROWDED_EVENTS; n += 1) trail.note(allowed(n));
  const last = trail.room();
  await trail.close();
  await last;
});
