import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { truncate, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { verifyTrail } from '../../src/audit/verify.ts';
import { open, recordsIn, temporaryFolder } from './support.ts';

const CHILD = fileURLToPath(new URL('crash-child.ts', import.meta.url));
const LIVES = 20;

/** Runs a writer, kills it after a random time, and returns what it was told is on disk. */
async function liveAndDie(folder: string, life: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, folder, String(life)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const closed = once(child, 'close');
  while (!out.includes('open\n')) {
    assert.equal(child.exitCode, null, 'the writer died by itself');
    await sleep(2);
  }
  await sleep(Math.random() * 40);
  child.kill('SIGKILL');
  await closed;
  return out.split('\n').slice(1, -1);
}

test(
  'I7: killed at any point, what was acknowledged is there and the chain holds',
  { timeout: 120_000 },
  async (t) => {
    const folder = await temporaryFolder(t);
    const acknowledged: string[] = [];
    for (let life = 0; life < LIVES; life += 1) {
      acknowledged.push(...(await liveAndDie(folder, life)));
      if (life % 3 === 0) await tear(folder);
    }
    await (await open(folder)).close();
    const report = await verifyTrail(folder);
    assert.ok(report.ok, JSON.stringify(report));
    const records = await recordsIn(folder);
    const present = new Set(records.map((r) => (r.event as { request_id?: string }).request_id));
    assert.deepEqual(
      acknowledged.filter((id) => !present.has(id)),
      [],
    );
    assert.ok(acknowledged.length > LIVES);
    const gaps = records.filter((r) => r.event.kind === 'gap_suspected').length;
    assert.ok(gaps >= LIVES - 1, `${gaps} gaps`);
  },
);

/** A kill alone rarely leaves half a line, as one write is one system call; so half a line is added. */
async function tear(folder: string): Promise<void> {
  const last =
    (await readdir(folder))
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .at(-1) ?? '';
  const path = join(folder, last);
  const { size } = await stat(path);
  await truncate(path, size + 100);
}
