/** Whatever agents, approvers, time and crashes do, in any order and at once: see model/. */
import test, { after, before } from 'node:test';
import { loadParser } from '../../src/sql/analyze.ts';
import { PLACES } from './model/grounds.ts';
import { playing } from './model/playing.ts';
import { atOnce, inOrder } from './model/steps.ts';
import { stopServer } from './stores.ts';

before(() => loadParser());
after(stopServer);

/** For each of the four; `npm run test:approvals -- --minutes=N` takes longer. Fast-check prints seed and path. */
const ENOUGH = { numRuns: 200, interruptAfterTimeLimit: 4000 };

for (const place of PLACES) {
  test(`${place.name}: any order of steps does what the reference does`, async (t) => {
    const { play, close } = await place.open();
    t.after(close);
    await playing(inOrder, (steps) => play.inOrder(steps), ENOUGH);
    t.diagnostic(JSON.stringify(play.totals));
  });

  test(`${place.name}: at once, and killed anywhere, nothing runs without its grant or twice`, async (t) => {
    const { play, close } = await place.open();
    t.after(close);
    await playing(atOnce, (bursts) => play.atOnce(bursts), ENOUGH);
    t.diagnostic(JSON.stringify(play.totals));
  });
}
