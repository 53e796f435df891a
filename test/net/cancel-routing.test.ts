/** Cancels between routers on one real store, with sessions that only note what happens to them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import type { Store } from '../../src/approvals/store.ts';
import { CancelKeys } from '../../src/net/cancel-keys.ts';
import { CancelLimit } from '../../src/net/cancel-limit.ts';
import { CancelRouter } from '../../src/net/cancel-routing.ts';
import {
  CANCEL_FOUND_MS,
  CANCEL_FRESH_MS,
  MAX_PROVEN_CANCELS,
  MAX_UNPROVEN_CANCELS,
  MAX_UNPROVEN_CANCELS_PER_ADDRESS,
} from '../../src/net/limits.ts';
import { freshSchema, openShared, stopServer } from '../approvals/stores.ts';

after(stopServer);

const SECRET = randomBytes(32);
const log = pino({ level: 'silent' });

class Sleeper {
  cancelled = 0;
  readonly #takesMs: number;

  constructor(takesMs = 0) {
    this.#takesMs = takesMs;
  }

  async cancel(): Promise<void> {
    await sleep(this.#takesMs);
    this.cancelled += 1;
  }
}

function routerOn(
  store: Store,
  secret = SECRET,
  clock = store.clock,
): { keys: CancelKeys; router: CancelRouter } {
  const keys = new CancelKeys(secret);
  return { keys, router: new CancelRouter({ keys, secret, broadcast: store.broadcast, clock, log }) };
}

async function two(t: TestContext): Promise<ReturnType<typeof routerOn>[]> {
  const schema = freshSchema();
  const stores = [await openShared(t, schema), await openShared(t, schema)];
  return stores.map((store) => routerOn(store));
}

test('the same pid at two, in front of two databases: the key says which', async (t) => {
  const [here, there] = await two(t);
  for (const minor of [0, 2]) {
    const [mine, yours] = [new Sleeper(), new Sleeper()];
    const own = here!.keys.issue(mine, minor, 77 + minor);
    const other = there!.keys.issue(yours, minor, 77 + minor);
    assert.equal(own.pid, other.pid);
    await here!.router.cancel(other.pid, other.key, '');
    assert.deepEqual([mine.cancelled, yours.cancelled], [0, 1]);
    await here!.router.cancel(own.pid, own.key, '');
    assert.deepEqual([mine.cancelled, yours.cancelled], [1, 1]);
  }
});

test('it waits until the other one is done, however long that takes; for nobody only a moment', async (t) => {
  const [here, there] = await two(t);
  const slow = new Sleeper(CANCEL_FOUND_MS + 300);
  const { pid, key } = there!.keys.issue(slow, 2, 99);
  await here!.router.cancel(pid, key, '');
  assert.equal(slow.cancelled, 1);
  there!.keys.revoke(pid);
  const startedAt = performance.now();
  await here!.router.cancel(pid, key, '');
  const took = performance.now() - startedAt;
  assert.ok(took > CANCEL_FOUND_MS - 50 && took < CANCEL_FOUND_MS + 700, String(took));
  assert.equal(slow.cancelled, 1);
});

test('what was passed on too long ago is not acted on', async (t) => {
  const schema = freshSchema();
  const [one, other] = [await openShared(t, schema), await openShared(t, schema)];
  const late = routerOn(one, SECRET, () => one.clock() - CANCEL_FRESH_MS - 1000);
  const there = routerOn(other);
  const session = new Sleeper();
  const { pid, key } = there.keys.issue(session, 2, 5);
  await late.router.cancel(pid, key, '');
  assert.equal(session.cancelled, 0);
});

test('closing ends the waiting, and what is heard later does nothing', async (t) => {
  const [here, there] = await two(t);
  const session = new Sleeper(5000);
  const { pid, key } = there!.keys.issue(session, 2, 5);
  const asked = here!.router.cancel(pid, key, '');
  await sleep(100);
  here!.router.close();
  await asked;
  there!.router.close();
  await here!.router.cancel(pid, key, '');
  assert.equal(session.cancelled, 0);
});

test('a long key proves that it was issued, for its pid and by this secret; a short one cannot', () => {
  const keys = new CancelKeys(SECRET);
  const long = keys.issue(new Sleeper(), 2, 10);
  const short = keys.issue(new Sleeper(), 0, 11);
  const fellow = new CancelKeys(SECRET);
  assert.equal(fellow.provenance(10, long.key), 'issued');
  assert.equal(fellow.provenance(12, long.key), 'made-up');
  assert.equal(new CancelKeys(randomBytes(32)).provenance(10, long.key), 'made-up');
  for (let bit = 0; bit < 256; bit += 1) {
    const changed = Buffer.from(long.key);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(fellow.provenance(10, changed), 'made-up');
  }
  assert.equal(fellow.provenance(11, short.key), 'unproven');
  assert.equal(fellow.provenance(-11, short.key), 'made-up');
  assert.equal(fellow.provenance(10, randomBytes(33)), 'made-up');
});

test('limits: by the second, of each kind by itself, and of one address', () => {
  let now = 0;
  const limit = new CancelLimit(() => now);
  const admitted = (kind: 'issued' | 'unproven', address: string): number =>
    Array.from({ length: 500 }, () => limit.admits(kind, address)).filter(Boolean).length;
  assert.equal(admitted('unproven', 'a'), MAX_UNPROVEN_CANCELS_PER_ADDRESS);
  assert.equal(admitted('unproven', 'b'), MAX_UNPROVEN_CANCELS - MAX_UNPROVEN_CANCELS_PER_ADDRESS);
  assert.equal(admitted('unproven', 'c'), 0);
  assert.equal(admitted('issued', 'a'), MAX_PROVEN_CANCELS);
  assert.ok(limit.worthTelling());
  assert.ok(!limit.worthTelling());
  now = 1000;
  assert.equal(admitted('unproven', 'c'), MAX_UNPROVEN_CANCELS_PER_ADDRESS);
  assert.equal(admitted('issued', 'a'), MAX_PROVEN_CANCELS);
  now = 11_000;
  assert.ok(limit.worthTelling());
});
