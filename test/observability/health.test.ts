/** Which faults make Postern not ready, and which one means that only a restart helps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveness, readiness, type HealthSources } from '../../src/observability/health.ts';

const WELL: HealthSources = {
  parser: () => 'ready',
  trail: { failed: false },
  store: { problem: () => null },
  catalogs: () => [{ database: 'shop', failing: false }],
};

test('a parser that is being loaded again is alive and not ready; one that broke for good is neither', () => {
  assert.equal(liveness({ parser: () => 'loading' }).alive, true);
  assert.equal(readiness({ ...WELL, parser: () => 'loading' }).ready, false);
  assert.equal(liveness({ parser: () => 'broken' }).alive, false);
  assert.equal(readiness({ ...WELL, parser: () => 'broken' }).ready, false);
});

test('trail, store and each database count for readiness', () => {
  assert.deepEqual(readiness(WELL), { ready: true, problems: [] });
  const faults: Partial<HealthSources>[] = [
    { trail: { failed: true } },
    { store: { problem: () => 'disk' } },
    { catalogs: () => [{ database: 'crm', failing: true }] },
  ];
  for (const fault of faults) assert.equal(readiness({ ...WELL, ...fault }).problems.length, 1);
});
