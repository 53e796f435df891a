import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { realIo, type TrailFile, type TrailIo } from '../../src/audit/folder.ts';
import type { FileTrail } from '../../src/audit/trail-writer.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import { allowed, open, recordsIn, spent, temporaryFolder } from './support.ts';

/** A disk with a switch. Full means the kernel's own ENOSPC, from /dev/full, after some bytes went through. */
class Disk implements TrailIo {
  mode: 'works' | 'full' | 'sync-fails' = 'works';
  /** Bytes that a full disk still takes: a short write comes first, as on a real one. */
  room = 0;

  async open(path: string, flags: number, mode: number): Promise<TrailFile> {
    const file = await realIo.open(path, flags, mode);
    const write = async (bytes: Uint8Array, offset: number, length: number) =>
      plainWrite(bytes, offset, length, null);
    const plainWrite = file.write.bind(file);
    const datasync = file.datasync.bind(file);
    const full = async (bytes: Uint8Array, offset: number, length: number) => {
      if (this.mode !== 'full') return write(bytes, offset, length);
      if (this.room > 0) {
        const taken = Math.min(this.room, length);
        this.room -= taken;
        return write(bytes, offset, taken);
      }
      const device = await openFile('/dev/full', constants.O_WRONLY);
      try {
        return await device.write(bytes, offset, length, null);
      } finally {
        await device.close();
      }
    };
    file.write = full as TrailFile['write'];
    file.datasync = async () => {
      if (this.mode === 'sync-fails')
        throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
      await datasync();
    };
    return file;
  }
}

async function failing(
  t: TestContext,
): Promise<{ disk: Disk; trail: FileTrail; folder: string; errors: Error[] }> {
  const folder = await temporaryFolder(t);
  const disk = new Disk();
  const errors: Error[] = [];
  const trail = await open(folder, {
    io: disk,
    onFailure: (error) => errors.push(error),
    recoveryIntervalMs: 20,
  });
  await trail.record(allowed(0));
  return { disk, trail, folder, errors };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i += 1) await sleep(5);
  assert.ok(condition(), 'it did not come to pass');
}

for (const mode of ['full', 'sync-fails'] as const) {
  test(`a disk that ${mode}: waiters are refused, notes are kept, the chain goes on`, async (t) => {
    const { disk, trail, folder, errors } = await failing(t);
    disk.mode = mode;
    disk.room = 700;
    trail.note(allowed(1));
    const refused = await Promise.allSettled([trail.record(spent('lost1')), trail.record(spent('lost2'))]);
    {
      assert.ok(refused.every((r) => r.status === 'rejected' && r.reason.code === 'trail-unavailable'));
      assert.equal(trail.failed, true);
      assert.throws(() => trail.note(allowed(9)), { code: 'trail-unavailable' });
      await assert.rejects(trail.record(allowed(9)), { code: 'trail-unavailable' });
      // What was not synced is off the file again at once.
      assert.equal((await recordsIn(folder)).length, 1);
    }
    await sleep(70);
    assert.equal(trail.failed, true);
    assert.equal(errors.length, 1, 'the operator is told once');
    assert.match(errors[0]?.message ?? '', mode === 'full' ? /ENOSPC/ : /EIO/);

    disk.mode = 'works';
    await until(() => !trail.failed && trail.head().seq === 2);
    await trail.record(spent('kept'));
    await trail.close();
    const kinds = (await recordsIn(folder)).map(
      (r) => (r.event as { request_id?: string }).request_id ?? r.event.kind,
    );
    assert.deepEqual(kinds, ['statement_allowed', 'statement_allowed', 'kept', 'postern_stopped']);
    assert.equal((await verifyTrail(folder)).ok, true);
  });
}

test('a disk that fills while segments change', async (t) => {
  const folder = await temporaryFolder(t);
  const disk = new Disk();
  const trail = await open(folder, { io: disk, segmentBytes: 1024, recoveryIntervalMs: 10 });
  let acknowledged = 0;
  for (let n = 0; n < 60; n += 1) {
    disk.mode = n % 7 === 3 ? 'full' : n % 7 === 5 ? 'sync-fails' : 'works';
    disk.room = (n * 97) % 900;
    const outcome = await trail.record(spent(`r${n}`)).then(
      () => true,
      () => false,
    );
    if (outcome) acknowledged += 1;
    disk.mode = 'works';
    await until(() => !trail.failed);
  }
  await trail.close();
  const report = await verifyTrail(folder);
  assert.ok(report.ok && report.records === acknowledged + 1, JSON.stringify(report));
  assert.ok(acknowledged >= 42 && acknowledged < 60);
});

test('a trail that cannot recover says so at close and frees its folder', async (t) => {
  const { disk, trail, folder } = await failing(t);
  disk.mode = 'full';
  await assert.rejects(trail.record(spent('lost')), { code: 'trail-unavailable' });
  await assert.rejects(trail.close(), { code: 'trail-unavailable' });
  const next = await open(folder);
  await next.close();
  assert.ok((await recordsIn(folder)).some((r) => r.event.kind === 'gap_suspected'));
});

test('a start on a full disk fails and leaves nothing locked', async (t) => {
  const { trail, folder } = await failing(t);
  await trail.close();
  const unclean = await open(folder);
  await unclean.record(allowed(1));
  const disk = new Disk();
  disk.mode = 'full';
  await assert.rejects(open(folder, { io: disk }), { code: 'trail-locked' });
  await unclean.close();
  const { rm } = await import('node:fs/promises');
  await rm(`${folder}/head.json`);
  await assert.rejects(open(folder, { io: disk }), { code: 'trail-unavailable' });
  await (await open(folder)).close();
});
