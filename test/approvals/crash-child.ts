/** Asks, approves and spends with real files until it is killed; says on stdout what it was told. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openApprovals } from '../../src/approvals/service.ts';
import { openSqliteStore } from '../../src/approvals/sqlite-store.ts';
import { openTrail } from '../../src/audit/trail-writer.ts';
import { BINDING, ana, asked } from './support.ts';

const folder = process.argv[2] ?? '';
const trail = await openTrail({
  folder: join(folder, 'trail'),
  sync: 'decisions',
  segmentBytes: 100_000,
  onFailure: () => process.exit(3),
});
const store = openSqliteStore({ file: join(folder, 'store.sqlite') });
const service = await openApprovals({ store, trail, maxPendingPerAgent: 100 });
writeSync(1, 'open\n');
async function worker(): Promise<never> {
  for (;;) {
    const { id } = await service.ask(asked());
    writeSync(1, `asked ${id}\n`);
    await service.decide(id, ana, 'approve', 'yes', 'cli');
    writeSync(1, `approved ${id}\n`);
    await service.spend(id, BINDING, 's1');
    writeSync(1, `spent ${id}\n`);
  }
}
await Promise.all([worker(), worker()]);
