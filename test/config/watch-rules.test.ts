import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadRules, watchRules } from '../../src/config/watch-rules.ts';
import type { RulesOutcome } from '../../src/config/watch-rules.ts';

const FAST = { settleMs: 20, pollMs: 60_000 };
const DENY = 'version: 1\ndefaults: { read: deny }\n';

function setUp(t: TestContext, timing = FAST) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-rules-'));
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, 'version: 1\n');
  const first = loadRules(file);
  assert.ok(first.kind === 'ok');
  const seen: RulesOutcome[] = [];
  const watch = watchRules(file, first.rules.version, (outcome) => seen.push(outcome), timing);
  t.after(() => {
    watch.close();
    rmSync(folder, { recursive: true });
  });
  const settled = async (count: number) => {
    for (let i = 0; i < 200 && seen.length < count; i++) await sleep(10);
    await sleep(FAST.settleMs * 4);
    assert.equal(seen.length, count, JSON.stringify(seen));
    return seen.at(-1);
  };
  return { folder, file, seen, watch, settled };
}

function isDeny(outcome: RulesOutcome | undefined): boolean {
  return outcome?.kind === 'ok' && outcome.rules.defaults.read === 'deny';
}

test('a changed file is reported once; the same content written again is not', async (t) => {
  const { file, settled } = setUp(t);
  await settled(0);
  writeFileSync(file, DENY);
  assert.ok(isDeny(await settled(1)));
  writeFileSync(file, DENY);
  await settled(1);
});

test('a file replaced by renaming is noticed, again and again', async (t) => {
  const { folder, file, settled } = setUp(t);
  for (const [index, text] of [DENY, 'version: 1\n', DENY].entries()) {
    writeFileSync(join(folder, 'new'), text);
    renameSync(join(folder, 'new'), file);
    assert.equal(isDeny(await settled(index + 1)), text === DENY);
  }
});

test('an invalid file brings problems and no rules, and the way back is reported', async (t) => {
  const { file, settled } = setUp(t);
  writeFileSync(file, 'version: 1\nrulez: []\n');
  const outcome = await settled(1);
  assert.ok(outcome?.kind === 'invalid' && outcome.version !== null && outcome.problems[0]?.line === 2);
  writeFileSync(file, 'version: 1\n');
  assert.equal((await settled(2))?.kind, 'ok');
});

test('a file that goes away is a problem', async (t) => {
  const { file, settled } = setUp(t);
  rmSync(file);
  const outcome = await settled(1);
  assert.ok(outcome?.kind === 'invalid' && outcome.version === null);
});

test('a busy neighbour in the folder does not keep a change from being seen', async (t) => {
  const { folder, file, settled } = setUp(t);
  const busy = setInterval(() => writeFileSync(join(folder, 'store.db'), String(Math.random())), 5);
  t.after(() => clearInterval(busy));
  writeFileSync(file, DENY);
  assert.ok(isDeny(await settled(1)));
});

test('without events the poll finds the change', async (t) => {
  const { file, settled } = setUp(t, { settleMs: 20, pollMs: 50 });
  writeFileSync(file, DENY);
  assert.ok(isDeny(await settled(1)));
});

test('reload answers at once and tells the listener, even of what it knows', (t) => {
  const { file, seen, watch } = setUp(t);
  assert.equal(watch.reload().kind, 'ok');
  writeFileSync(file, DENY);
  assert.ok(isDeny(watch.reload()));
  assert.equal(seen.length, 2);
});

test('a closed watch says nothing more', async (t) => {
  const { file, watch, settled } = setUp(t);
  watch.close();
  writeFileSync(file, DENY);
  watch.reload();
  await settled(0);
});
