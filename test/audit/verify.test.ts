import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { verifyTrail } from '../../src/audit/verify.ts';
import { allowed, open, spent, temporaryFolder } from './support.ts';

async function trailOf(t: TestContext, records: number): Promise<{ folder: string; files: string[] }> {
  const folder = join(await temporaryFolder(t), 'trail');
  const trail = await open(folder, { segmentBytes: 1500 });
  for (let n = 0; n < records; n += 1) await trail.record(n % 3 === 0 ? spent(`ü${n}`) : allowed(n));
  await trail.close();
  const files = (await readdir(folder))
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(folder, name));
  return { folder, files };
}

test('a whole trail verifies, and says what it was held against', async (t) => {
  const { folder, files } = await trailOf(t, 14);
  const report = await verifyTrail(folder);
  assert.ok(report.ok && report.records === 15 && report.anchor === 'head-file');
  const bare = await verifyTrail(files);
  assert.ok(bare.ok && bare.anchor === 'none');
  assert.deepEqual(bare.head, report.head);
  const anchored = await verifyTrail(files, { expectedHead: report.head });
  assert.ok(anchored.ok && anchored.anchor === 'expected-head');
  const later = await verifyTrail(files.slice(1));
  assert.ok(!later.ok && later.problem === 'seq-gap');
});

test('any single byte changed, added or removed is found, in that line or the next', async (t) => {
  const { files } = await trailOf(t, 9);
  const originals = await Promise.all(files.map((file) => readFile(file)));
  const place = fc.nat({ max: files.length - 1 }).chain((file) =>
    fc.record({
      file: fc.constant(file),
      at: fc.nat({ max: (originals[file]?.length ?? 1) - 1 }),
      byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0x0a, 0x0d, 0x20, 0x22, 0x30)),
      how: fc.constantFrom('change', 'insert', 'remove'),
    }),
  );
  await fc.assert(
    fc.asyncProperty(place, async ({ file, at, byte, how }) => {
      const original = originals[file] ?? Buffer.alloc(0);
      fc.pre(how !== 'change' || original[at] !== byte);
      const middle = how === 'remove' ? Buffer.alloc(0) : Buffer.from([byte]);
      const changed = Buffer.concat([
        original.subarray(0, at),
        middle,
        original.subarray(how === 'insert' ? at : at + 1),
      ]);
      await writeFile(files[file] ?? '', changed);
      try {
        const report = await verifyTrail(files);
        assert.equal(report.ok, false, `${how} ${byte} at ${at} of ${file}`);
        const line = original.subarray(0, at).toString('latin1').split('\n').length;
        const sameLine = report.file === files[file] && (report.line === line || report.line === line + 1);
        assert.ok(
          sameLine || (report.line === 1 && report.file === files[file + 1]),
          `${how} in line ${line}: ${JSON.stringify(report)}`,
        );
      } finally {
        await writeFile(files[file] ?? '', original);
      }
    }),
    { numRuns: 400 },
  );
  assert.equal((await verifyTrail(files)).ok, true);
});

test('every single-byte change of one short segment is found', async (t) => {
  const { files } = await trailOf(t, 2);
  const file = files[0] ?? '';
  const original = await readFile(file);
  for (let at = 0; at < original.length; at += 1) {
    const changed = Buffer.from(original);
    changed[at] = (original[at] ?? 0) ^ (at % 2 === 0 ? 0x01 : 0x20);
    await writeFile(file, changed);
    const report = await verifyTrail([file]);
    assert.equal(report.ok, false, `byte ${at}`);
  }
});

test('records removed, swapped or repeated are found', async (t) => {
  const { files } = await trailOf(t, 5);
  const file = files[0] ?? '';
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  const write = (order: readonly number[]) => writeFile(file, order.map((i) => `${lines[i]}\n`).join(''));
  for (const order of [
    [1, 2, 3],
    [0, 2, 3],
    [1, 0, 2, 3],
    [0, 0, 1, 2, 3],
  ]) {
    await write(order);
    const report = await verifyTrail(files);
    assert.ok(!report.ok && report.problem === 'seq-gap', JSON.stringify(report));
  }
});

test('a missing, emptied or swapped segment is found', async (t) => {
  const { folder, files } = await trailOf(t, 14);
  const copy = async () => {
    const other = join(await temporaryFolder(t), 'copy');
    await mkdir(other);
    for (const name of await readdir(folder)) await copyFile(join(folder, name), join(other, name));
    return other;
  };
  const missing = await copy();
  await rm(join(missing, basename(files[1] ?? '')));
  assert.equal((await verifyTrail(missing)).ok, false);
  const first = await copy();
  await rm(join(first, basename(files[0] ?? '')));
  const noFirst = await verifyTrail(first);
  assert.ok(!noFirst.ok && noFirst.problem === 'missing-segment');
  const emptied = await copy();
  await writeFile(join(emptied, basename(files[1] ?? '')), '');
  const report = await verifyTrail(emptied);
  assert.ok(!report.ok && report.problem === 'empty-segment');
  const swapped = await copy();
  await copyFile(files[1] ?? '', join(swapped, basename(files[0] ?? '')));
  assert.equal((await verifyTrail(swapped)).ok, false);
});

test('a cut-off tail shows against head.json or a head kept elsewhere, and not without', async (t) => {
  const { folder, files } = await trailOf(t, 14);
  const whole = await verifyTrail(folder);
  assert.ok(whole.ok);
  await rm(files.at(-1) ?? '');
  const report = await verifyTrail(folder);
  assert.ok(!report.ok && report.problem === 'cut-off', JSON.stringify(report));
  await rm(join(folder, 'head.json'));
  const alone = await verifyTrail(folder);
  assert.ok(alone.ok && alone.anchor === 'none');
  const anchored = await verifyTrail(folder, { expectedHead: whole.head });
  assert.ok(!anchored.ok && anchored.problem === 'cut-off');
});

test('a chain that was written anew shows against a head kept elsewhere', async (t) => {
  const real = await verifyTrail((await trailOf(t, 6)).folder);
  assert.ok(real.ok);
  const forged = await verifyTrail((await trailOf(t, 9)).folder, { expectedHead: real.head });
  assert.ok(!forged.ok && forged.problem === 'replaced');
});
