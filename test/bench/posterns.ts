/**
 * Several processes of one Postern, as `postern serve` runs them, with one agent.
 * `node posterns.ts CONFIG_FILE AGENT PASSWORD COUNT STORE_URL`.
 */
import { randomBytes } from 'node:crypto';
import { openPostgresStore } from '../../src/approvals/postgres-store.ts';
import { supervise } from '../../src/processes/supervisor.ts';
import { makeVerifier, SCRAM_SALT_BYTES } from '../../src/wire/scram.ts';

const [configFile = '', agent = '', password = '', countText = '', storeUrl = ''] = process.argv.slice(2);
const count = Number(countText);

const connection = { connectionString: storeUrl };
const store = await openPostgresStore({ connection, schema: 'postern', name: 'bench' });
const verifier = await makeVerifier(password, { salt: randomBytes(SCRAM_SALT_BYTES) });
const createdAt = new Date().toISOString();
const who = { name: agent, owner: 'bench', groups: [], databases: ['*'], login: 'default' };
await store.agents.insert({ ...who, verifier, disabled: false, createdAt });
await store.close();

const supervised = await supervise({ configFile, count, shutdownGraceMs: 1000, logLevel: 'silent' });
const pids = Array.from({ length: count }, (_, n) => supervised.pid(n + 1));
process.send?.({ port: supervised.agentPort, apiPort: supervised.apiPort, pids });
process.on('disconnect', () => {
  void supervised.stop().finally(() => process.exit(0));
});
