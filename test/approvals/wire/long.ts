/**
 * `npm run test:crash [-- --minutes=15] [-- --seed=N] [-- --store=postgres]`: campaigns of a few dozen crashes each, in turns with
 * either store, until the time is over. Ends with 1 at the first campaign that does not add up, and says its seed.
 */
import { campaign, type Report } from './campaign.ts';

const option = (name: string, otherwise: number): number => {
  const word = process.argv.find((one) => one.startsWith(`--${name}=`));
  return word === undefined ? otherwise : Number(word.slice(name.length + 3));
};
const EACH = 40;
const endsAt = performance.now() + option('minutes', 15) * 60_000;
const only = process.argv.find((one) => one.startsWith('--store='))?.slice('--store='.length);
const firstSeed = option('seed', Date.now() % 1_000_000);
const total = { crashes: 0, requests: 0, spent: 0, ran: 0, acknowledged: 0, decisions: 0, records: 0 };

for (let n = 0; performance.now() < endsAt; n += 1) {
  const store = (only ?? (n % 2 === 0 ? 'sqlite' : 'postgres')) as 'sqlite' | 'postgres';
  const seed = firstSeed + n;
  const goesOn = (crashes: number): boolean => crashes < EACH && performance.now() < endsAt;
  process.stdout.write(`${store}, seed ${seed}: `);
  const report: Report = await campaign({ store, seed, goesOn });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  const { crashes, states: _, slowestStarts: __, ...figures } = report;
  total.crashes += Object.values(crashes).reduce((sum, one) => sum + one, 0);
  for (const [name, value] of Object.entries(figures) as [keyof typeof figures, number][])
    total[name] += value;
}
process.stdout.write(`all of it adds up: ${JSON.stringify(total)}\n`);
