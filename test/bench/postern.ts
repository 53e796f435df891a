/** Postern in a process of its own, with one agent. `node postern.ts CONFIG_FILE AGENT PASSWORD` */
import { randomBytes } from 'node:crypto';
import { startPostern } from '../../src/app.ts';
import { makeVerifier, SCRAM_SALT_BYTES } from '../../src/wire/scram.ts';

const [configFile = '', agent = '', password = ''] = process.argv.slice(2);

const postern = await startPostern({ configFile, log: 'silent' });
const verifier = await makeVerifier(password, { salt: randomBytes(SCRAM_SALT_BYTES) });
await postern.agents.add(
  { name: agent, owner: 'bench', groups: [], databases: ['*'], login: 'default', verifier },
  'bench',
);
process.send?.({ port: postern.agentPort });
process.on('disconnect', () => {
  void postern.stop().finally(() => process.exit(0));
});
