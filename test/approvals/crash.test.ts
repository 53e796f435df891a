import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openApprovals } from '../../src/approvals/service.ts';
import { openSqliteStore } from '../../src/approvals/sqlite-store.ts';
import { matches } from '../../src/audit/search.ts';
import { openTrail } from '../../src/audit/trail-writer.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import { BINDING, ana, temporaryFolder } from './support.ts';

const CHILD = fileURLToPath(new URL('crash-child.ts', import.meta.url));
const LIVES = 10;
/** Lives last up to this long after they have opened their store. */
const KILL_WITHIN_MS = 150;

async function liveAndDie(folder: string): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const closed = once(child, 'close');
  while (!out.includes('open\n')) {
    assert.equal(child.exitCode, null, 'the child died by itself');
    await sleep(2);
  }
  await sleep(KILL_WITHIN_MS * Math.random());
  child.kill('SIGKILL');
  await closed;
  return out.split('\n').slice(1, -1);
}

test(
  'I7: killed anywhere, nothing is approved or spent again, and what was told is kept',
  { timeout: 120_000 },
  async (t) => {
    const folder = temporaryFolder(t);
    const told: string[] = [];
    for (let life = 0; life < LIVES; life += 1) told.push(...(await liveAndDie(folder)));
    // On a busy machine a life can end before it told anything; the tellings of all must still be many.
    assert.ok(told.length > LIVES / 2, `only ${told.length} were told in ${LIVES} lives`);

    const trail = await openTrail({
      folder: join(folder, 'trail'),
      sync: 'decisions',
      segmentBytes: 100_000,
      onFailure: () => undefined,
    });
    const store = openSqliteStore({ file: join(folder, 'store.sqlite') });
    const service = await openApprovals({ store, trail, maxPendingPerAgent: 100 });
    assert.deepEqual(await store.requests.listOpen(), []);
    const last = new Map(
      told.map((line): [string, string] => [line.split(' ')[1] ?? '', line.split(' ')[0] ?? '']),
    );
    for (const [id, what] of last) {
      const { state } = await service.get(id);
      const possible = {
        asked: ['withdrawn', 'lapsed', 'spent'],
        approved: ['lapsed', 'spent'],
        spent: ['spent'],
      }[what];
      assert.ok(possible?.includes(state), `${id} was ${what} and is ${state}`);
      await assert.rejects(service.spend(id, BINDING, 's1'), { code: 'grant-unusable' });
      await assert.rejects(service.decide(id, ana, 'approve', 'yes', 'cli'), { code: 'already-decided' });
    }

    const kinds = new Map<string, string[]>();
    for await (const record of matches(join(folder, 'trail'), {})) {
      assert.ok(record !== null);
      const id = (record.event as { request_id?: string }).request_id;
      if (id !== undefined) kinds.set(id, [...(kinds.get(id) ?? []), record.event.kind]);
    }
    for (const [id, list] of kinds) {
      assert.ok(list.filter((kind) => kind === 'grant_spent').length <= 1, id);
      // Whatever the store holds, the trail has told before.
      if ((await store.requests.find(id))?.request.state === 'spent')
        assert.deepEqual(list.slice(0, 3), ['request_created', 'request_decided', 'grant_spent']);
    }
    await service.close();
    await store.close();
    await trail.close();
    assert.equal((await verifyTrail(join(folder, 'trail'))).ok, true);
  },
);
