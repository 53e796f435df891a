/** Writes to the trail in argv[2] until it is killed, and says on stdout what was acknowledged. */
import { writeSync } from 'node:fs';
import { allowed, open, spent } from './support.ts';

const folder = process.argv[2] ?? '';
const life = process.argv[3] ?? '';
const trail = await open(folder, { segmentBytes: 4096 });
writeSync(1, 'open\n');
let n = 0;
async function worker(): Promise<never> {
  for (;;) {
    const id = `${life}.${(n += 1)}`;
    trail.note(allowed(n));
    await trail.record(spent(id));
    writeSync(1, `${id}\n`);
  }
}
await Promise.all([worker(), worker(), worker()]);
