/** Rows by the hour, in both stores: what is counted is kept, summed over instances, and runs out after an hour. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RowLedger } from '../../src/approvals/row-ledger.ts';
import type { RowCountStore } from '../../src/approvals/store.ts';
import { freshSchema, openShared, stopServer, KINDS } from './stores.ts';

after(stopServer);

const HOUR_MS = 3_600_000;

async function ledger(counts: RowCountStore, clock: { ms: number }): Promise<RowLedger> {
  const made = new RowLedger({
    counts,
    clock: () => clock.ms,
    needed: () => true,
    onError: (error) => assert.fail(String(error)),
    everyMs: 1e8,
  });
  await made.open();
  return made;
}

for (const kind of KINDS) {
  test(`${kind.name}: counted at once, kept, and forgotten an hour later`, async (t) => {
    const store = await kind.open(t);
    const clock = { ms: 1_000 * HOUR_MS };
    const one = await ledger(store.rowCounts, clock);
    const account = one.account('bot', 'bulk');
    account.add(5);
    assert.equal(account.rows, 5);
    await one.sync();
    account.add(2);
    assert.equal(account.rows, 7);
    clock.ms += HOUR_MS / 2;
    await one.sync();
    assert.equal(account.rows, 7);
    assert.equal(one.account('other', 'bulk').rows, 0);
    const later = await ledger(store.rowCounts, clock);
    assert.equal(later.account('bot', 'bulk').rows, 7, 'whoever opens it next knows');
    clock.ms += HOUR_MS / 2 + 61_000;
    await one.sync();
    assert.equal(account.rows, 2);
    clock.ms += HOUR_MS;
    await one.sync();
    assert.equal(account.rows, 0);
    assert.deepEqual(await store.rowCounts.totals(0), [], 'nothing is left in the store');
  });
}

test('postgres: instances add up', async (t) => {
  const schema = freshSchema();
  const clock = { ms: 1_000 * HOUR_MS };
  const all = await Promise.all(
    [1, 2, 3].map(async () => ledger((await openShared(t, schema)).rowCounts, clock)),
  );
  for (const [i, one] of all.entries()) one.account('bot', 'bulk').add(10 ** i);
  await Promise.all(all.map((one) => one.sync()));
  await Promise.all(all.map((one) => one.sync()));
  assert.deepEqual(
    all.map((one) => one.account('bot', 'bulk').rows),
    [111, 111, 111],
  );
});

test('while the store is away nothing is forgotten, and it is told once', async () => {
  const stored = new Map<string, number>();
  let away = false;
  const counts: RowCountStore = {
    add: async (added) => {
      if (away) throw new Error('away');
      for (const { agent, rows } of added) stored.set(agent, (stored.get(agent) ?? 0) + rows);
    },
    totals: async () => {
      if (away) throw new Error('away');
      return [...stored].map(([agent, rows]) => ({ agent, rule: 'r', rows }));
    },
  };
  let told = 0;
  const one = new RowLedger({ counts, clock: () => 0, needed: () => true, onError: () => (told += 1) });
  const account = one.account('bot', 'r');
  account.add(3);
  await one.sync();
  away = true;
  account.add(4);
  await one.sync();
  await one.sync();
  account.add(5);
  assert.deepEqual([account.rows, told], [12, 1]);
  away = false;
  await one.sync();
  assert.deepEqual([account.rows, stored.get('bot')], [12, 12]);
  await one.close();
});
