/**
 * `npm run test:approvals [-- --minutes=10] [-- --seed=N]`: the properties of model.test.ts on each store in turns,
 * with seeds that are printed, until the time is over. Ends with 1 at the first that fails.
 */
import { loadParser } from '../../../src/sql/analyze.ts';
import { stopServer } from '../stores.ts';
import { PLACES } from './grounds.ts';
import { playing } from './playing.ts';
import { atOnce, inOrder } from './steps.ts';

const option = (name: string, otherwise: number): number => {
  const word = process.argv.find((one) => one.startsWith(`--${name}=`));
  return word === undefined ? otherwise : Number(word.slice(name.length + 3));
};
const TURN_MS = 20_000;
const endsAt = performance.now() + option('minutes', 10) * 60_000;
const firstSeed = option('seed', Date.now() % 1_000_000);

await loadParser();
try {
  for (let n = 0; performance.now() < endsAt; n += 1) {
    for (const place of PLACES) {
      const seed = firstSeed + n;
      const { play, close } = await place.open();
      const enough = {
        seed,
        numRuns: 100_000,
        interruptAfterTimeLimit: Math.min(TURN_MS, Math.max(1, endsAt - performance.now())),
      };
      if (n % 2 === 0) await playing(atOnce, (bursts) => play.atOnce(bursts), enough);
      else await playing(inOrder, (steps) => play.inOrder(steps), enough);
      const what = n % 2 === 0 ? 'at once' : 'in order';
      process.stdout.write(`${place.name}, ${what}, seed ${seed}: ${JSON.stringify(play.totals)}\n`);
      await close();
    }
  }
} finally {
  await stopServer();
}
