/** An instance of its own process: asks once in each mode, says the ids, and holds them until it is killed. */
import { writeSync } from 'node:fs';
import { openPostgresStore } from '../../src/approvals/postgres-store.ts';
import { openApprovals } from '../../src/approvals/service.ts';
import { MemoryTrail, asked } from './support.ts';

const [url = '', schema = '', name = ''] = process.argv.slice(2);
const store = await openPostgresStore({
  connection: { connectionString: url },
  schema,
  name,
  heartbeatMs: 100,
  leaseMs: 1000,
});
const service = await openApprovals({ store, trail: new MemoryTrail(), maxPendingPerAgent: 10 });
const held = await service.ask(asked());
const returned = await service.ask(Object.assign(asked(), { mode: 'return' }));
writeSync(1, `${held.id} ${returned.id}\n`);
setInterval(() => undefined, 1000);
