/** Both stores behind one door, so that one set of tests holds for each. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { startPostgres, type EmbeddedPostgres } from '../../fixtures/postgres/embedded.ts';
import { openPostgresStore, type PostgresStoreOptions } from '../../src/approvals/postgres-store.ts';
import { openSqliteStore } from '../../src/approvals/sqlite-store.ts';
import type { Store } from '../../src/approvals/store.ts';
import { temporaryFolder } from './support.ts';

export type StoreKind = { readonly name: string; open(t: TestContext): Promise<Store> };

let server: Promise<EmbeddedPostgres> | null = null;
let schemas = 0;

/** One server for a test file; `stopServer` in its `after`. */
export function postgres(): Promise<EmbeddedPostgres> {
  server ??= startPostgres();
  return server;
}

export async function stopServer(): Promise<void> {
  await (await server)?.stop();
}

export function freshSchema(): string {
  schemas += 1;
  return `postern_${process.pid}_${schemas}`;
}

export async function openShared(
  t: TestContext,
  schema: string,
  changes: Partial<PostgresStoreOptions> = {},
): Promise<Store> {
  const connection = { connectionString: (await postgres()).url() };
  const times = { heartbeatMs: 100, leaseMs: 1000 };
  const store = await openPostgresStore({
    connection,
    schema,
    name: `one-${Math.random()}`,
    ...times,
    ...changes,
  });
  t.after(() => store.close());
  return store;
}

/** A statement of the server's superuser, as an operator or a fault would give it. */
export async function asRoot(
  text: string,
  values: unknown[] = [],
): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ connectionString: (await postgres()).url() });
  await client.connect();
  try {
    return await client.query(text, values);
  } finally {
    await client.end();
  }
}

export const KINDS: readonly StoreKind[] = [
  {
    name: 'sqlite',
    open: async (t) => {
      const store = openSqliteStore({ file: join(temporaryFolder(t), 'store.sqlite') });
      t.after(() => store.close());
      return store;
    },
  },
  { name: 'postgres', open: (t) => openShared(t, freshSchema()) },
];
