/** Several whole Posterns on one PostgreSQL store, beside the one of a harness, which has a store of its own. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostern, type Postern } from '../../src/app.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import type { Harness } from './harness.ts';

export const STORE_DATABASE = 'postern_store';

/** Who may connect at all of them, and with what. */
export const SHARED_BOT = { user: 'shared-bot', password: 'p-w', database: 'shop' } as const;

/** The harness' postern.yaml with a store that several can have; without `trail`, which is each one's own. */
export async function sharedConfiguration(harness: Harness): Promise<string> {
  const root = await harness.direct();
  await root.query(`create database ${STORE_DATABASE}`);
  const { port, user, password } = harness.server;
  const base = (await readFile(join(harness.folder, 'postern.yaml'), 'utf8')).replace(
    /^(store|trail):.*$/gm,
    '',
  );
  return `${base}
store:
  postgres:
    { host: 127.0.0.1, port: ${port}, database: ${STORE_DATABASE}, user: ${user}, password: { inline: '${password}' } }
`;
}

/** @param edit changes the configuration of one of them, by its name */
export async function startPosterns(
  harness: Harness,
  names: readonly string[],
  edit: (text: string, name: string) => string = (text) => text,
): Promise<Postern[]> {
  const base = await sharedConfiguration(harness);
  const posterns: Postern[] = [];
  for (const name of names) {
    const configFile = join(harness.folder, `${name}.yaml`);
    await writeFile(configFile, edit(`${base}trail: { folder: trail-${name} }\n`, name));
    posterns.push(await startPostern({ configFile, log: 'silent' }));
  }
  return posterns;
}

export async function addSharedBot(postern: Postern): Promise<void> {
  const verifier = await makeVerifier(SHARED_BOT.password, { salt: Buffer.alloc(16, 7) });
  const name = SHARED_BOT.user;
  await postern.agents.add(
    { name, owner: 'olga', groups: [], databases: ['*'], login: 'default', verifier },
    'test',
  );
}
