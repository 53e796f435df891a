/**
 * Postern with rules that allow everything, in front of a PostgreSQL that somebody else started: for the
 * suites of this folder. Prints one line, `port password`, and ends when its standard input does.
 *
 *   node test/suites/front.ts <port> <database> <user> <password>
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostern } from '../../src/app.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import { ALLOW_ALL } from '../drivers/stage.ts';

const [port = '', database = '', user = '', password = ''] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'postern-suite-'));
const login = `{ user: ${user}, password: { inline: '${password}' } }`;
await writeFile(join(folder, 'rules.yaml'), ALLOW_ALL);
await writeFile(
  join(folder, 'postern.yaml'),
  `listen: { host: 127.0.0.1, port: 0 }
api: { host: 127.0.0.1, port: 0 }
databases:
  ${database}:
    host: 127.0.0.1
    port: ${port}
    environment: test
    control: ${login}
    logins: { default: ${login} }
approvers:
  - { name: nobody, roles: [approver], tokenSha256: ${createHash('sha256').update(randomBytes(32)).digest('hex')} }
rules: rules.yaml
store: { file: postern.db }
trail: { folder: trail }
maskKey: { inline: '${'ab'.repeat(32)}' }
limits: { maxStatementBytes: 64MiB }
log: { level: error }
`,
);
const postern = await startPostern({ configFile: join(folder, 'postern.yaml') });
const secret = randomBytes(12).toString('base64url');
const verifier = await makeVerifier(secret, { salt: randomBytes(16) });
await postern.agents.add(
  { name: user, owner: 'nobody', groups: [], databases: ['*'], login: 'default', verifier },
  'suite',
);
console.log(`${postern.agentPort} ${secret}`);
process.stdin.resume();
process.stdin.on('end', () => {
  void postern.stop().then(() => rm(folder, { recursive: true, force: true }));
});
