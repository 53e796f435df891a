/** A few crashes of everything, at the level of the wire; hundreds by `npm run test:crash`. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { campaign } from './wire/campaign.ts';

const CRASHES = 3;
/** On a busy machine fewer crashes will do, so that the tests end. In ms. */
const ENOUGH_MS = 4000;

for (const store of ['sqlite', 'postgres'] as const) {
  test(
    `${store}: whatever is killed under load, trails, store and the database's log agree on what ran`,
    { timeout: 120_000 },
    async (t) => {
      const seed = Date.now() % 1_000_000;
      t.diagnostic(`seed ${seed}`);
      const endsAt = performance.now() + ENOUGH_MS;
      const goesOn = (crashes: number): boolean =>
        crashes === 0 || (crashes < CRASHES && performance.now() < endsAt);
      const report = await campaign({ store, seed, goesOn });
      t.diagnostic(JSON.stringify(report));
      assert.ok(report.acknowledged > 0 && report.spent > 0);
    },
  );
}
