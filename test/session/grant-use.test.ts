/** One execution under grants: that what waits for rows ends, whatever ends first. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Grant } from '../../src/approvals/grant.ts';
import { Lease } from '../../src/approvals/grant-lease.ts';
import type { Granted } from '../../src/gate/judged.ts';
import type { MaskableField, RowPlan } from '../../src/masking/plan.ts';
import { GrantUse } from '../../src/session/grant-use.ts';
import { compileMasks } from '../../src/policy/masks.ts';
import { AGENT, ruleSet, snapshotOf } from '../policy/build.ts';

const T0 = Date.parse('2030-01-01T00:00:00.000Z');
const EMAIL = { relation: 16_384, attnum: 3, typeOid: 25, family: '16384.3', name: 'public.customers.email' };
const FIELDS: readonly MaskableField[] = [{ tableOid: 16_384, attnum: 3, typeOid: 25, format: 0 }];
const FULL = {
  fields: FIELDS,
  masked: [{ index: 0, cause: 'column', rule: 'contact', mask: null }],
} as unknown as RowPlan;
const GRANTED: Granted = {
  columns: [EMAIL],
  masks: compileMasks(ruleSet({}), snapshotOf({}), AGENT),
  scope: 'clean',
  outputs: null,
  reach: 0,
  denied: false,
  rules: [],
};

/** A use that counts, of one lease; `recorded` happens while its rows are being recorded. */
function useOf(recorded: (lease: Lease) => void): { use: GrantUse; lease: Lease; ended: string[] } {
  let looks = 0;
  const lease: Lease = new Lease(
    {
      id: 'aaaa-aaaa',
      maxRows: 80,
      columns: [EMAIL],
      expiresAt: new Date(T0 + 60_000).toISOString(),
    } as unknown as Grant,
    { sessionId: 's', fingerprint: 'f', relations: [] },
    {
      store: { reserve: async () => 10, settle: async () => undefined } as never,
      trail: { note: () => undefined, record: async () => recorded(lease), room: () => undefined },
      // What never ends would never let the test end either.
      now: () => {
        looks += 1;
        if (looks > 10_000) throw new Error('it looks on and on');
        return T0;
      },
      settled: () => undefined,
    },
  );
  const ended: string[] = [];
  const use = new GrantUse([lease], GRANTED, {
    look: () => undefined,
    stop: (error) => ended.push(error.message),
  });
  assert.equal(
    use.planOf(FULL, FIELDS, () => true),
    null,
    'all of it is shown',
  );
  assert.ok(use.counts);
  return { use, lease, ended };
}

test('a client that goes away while rows are being reserved leaves nothing that runs on', async () => {
  for (const wait of ['more', 'ready'] as const) {
    const { use, ended } = useOf((lease) => lease.settle());
    await use[wait]();
    assert.deepEqual(ended, [], 'nobody is there to be told');
  }
});

test('rows are reserved until one may go out; a grant that is over has none', async () => {
  const { use, lease } = useOf(() => undefined);
  await use.ready();
  assert.equal(lease.left, 10);
  await use.ready();
  assert.equal(lease.left, 10, 'what is there is enough');
  const over = useOf((one) => one.end('its time is over'));
  await over.use.ready();
  assert.match(over.ended.join(), /its time is over/);
});
