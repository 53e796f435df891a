/**
 * The store in one SQLite file, by Node's own `node:sqlite`. Invariants: a commit is on disk when a call
 * returns (WAL with synchronous=FULL), one process has the file at a time (exclusive locking), and every
 * change is one guarded statement or one transaction of two.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { KeyedMutex } from './keyed-mutex.ts';
import { guarded, inTransaction } from './sqlite-guard.ts';
import { sqliteAgents } from './sqlite-agents.ts';
import { sqliteRowCounts } from './sqlite-row-counts.ts';
import { sqliteGrants } from './sqlite-grants.ts';
import { sqliteRequests } from './sqlite-requests.ts';
import type { Store } from './store.ts';

/** `PRAGMA user_version` of what `MIGRATIONS` makes; each entry takes the file from its index one further. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE requests (
     id TEXT PRIMARY KEY,
     state TEXT NOT NULL
       CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'withdrawn', 'spent', 'lapsed')),
     agent TEXT NOT NULL,
     created_at TEXT NOT NULL,
     expires_at TEXT NOT NULL,
     ending TEXT NOT NULL DEFAULT '',
     facts TEXT NOT NULL
   ) STRICT;
   CREATE INDEX requests_by_state ON requests (state, agent);
   CREATE INDEX requests_by_age ON requests (created_at);
   CREATE TABLE decisions (
     request_id TEXT NOT NULL REFERENCES requests (id),
     person TEXT NOT NULL,
     decision TEXT NOT NULL CHECK (decision IN ('approve', 'deny')),
     approver TEXT NOT NULL,
     groups TEXT NOT NULL,
     reason TEXT NOT NULL,
     channel TEXT NOT NULL,
     time TEXT NOT NULL,
     PRIMARY KEY (request_id, person, decision)
   ) STRICT;
   CREATE TABLE agents (
     name TEXT PRIMARY KEY,
     owner TEXT NOT NULL,
     groups TEXT NOT NULL,
     databases TEXT NOT NULL,
     login TEXT NOT NULL,
     verifier TEXT NOT NULL,
     disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
     created_at TEXT NOT NULL
   ) STRICT;`,
  `ALTER TABLE requests ADD COLUMN binding TEXT NOT NULL DEFAULT '';
   ALTER TABLE requests ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
   ALTER TABLE requests ADD COLUMN instance TEXT NOT NULL DEFAULT '';
   ALTER TABLE requests ADD COLUMN outlives INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE requests ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE requests ADD COLUMN escalates_at TEXT;
   ALTER TABLE requests ADD COLUMN escalated_at TEXT;
   UPDATE requests SET binding = json_extract(facts, '$.binding'),
     fingerprint = json_extract(facts, '$.fingerprint');
   CREATE INDEX requests_by_binding ON requests (binding);
   CREATE INDEX requests_by_agent ON requests (agent, created_at);`,
  `CREATE TABLE row_counts (
     agent TEXT NOT NULL,
     rule TEXT NOT NULL,
     minute INTEGER NOT NULL,
     rows INTEGER NOT NULL,
     PRIMARY KEY (agent, rule, minute)
   ) STRICT;`,
  `CREATE TABLE grants (
     id TEXT PRIMARY KEY,
     state TEXT NOT NULL CHECK (state IN ('active', 'revoked', 'expired', 'exhausted', 'void')),
     agent TEXT NOT NULL,
     created_at TEXT NOT NULL,
     expires_at TEXT NOT NULL,
     max_rows INTEGER NOT NULL,
     rows_reserved INTEGER NOT NULL DEFAULT 0 CHECK (rows_reserved BETWEEN 0 AND max_rows),
     rows_shown INTEGER NOT NULL DEFAULT 0,
     taken INTEGER NOT NULL DEFAULT 0,
     ending TEXT,
     facts TEXT NOT NULL
   ) STRICT;
   CREATE INDEX grants_by_state ON grants (state, agent);
   CREATE INDEX grants_by_age ON grants (created_at);`,
];

/**
 * Opens or makes the file, with mode 0600.
 * @throws PosternError `store-unavailable` if it is in use, damaged, newer than this Postern, or unreachable
 */
export function openSqliteStore(options: { readonly file: string }): Store {
  const database = guarded(() => {
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 });
    makePrivate(options.file);
    return new DatabaseSync(options.file, { timeout: 0 });
  });
  try {
    guarded(() => openTables(database));
    // Others cannot have the file, so there is nobody to hear from and no lock but one's own.
    const mutex = new KeyedMutex();
    return {
      requests: sqliteRequests(database, randomUUID()),
      agents: sqliteAgents(database),
      rowCounts: sqliteRowCounts(database),
      grants: sqliteGrants(database),
      broadcast: null,
      exclusively: (key, work) => mutex.run(key, work),
      clock: steadyClock(),
      follow: () => () => undefined,
      problem: () => problemOf(database),
      close: async () => {
        if (database.isOpen) database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A clock set back must not lengthen what was approved for a time; set forward, it ends it early. */
function steadyClock(): () => number {
  const offsetMs = Date.now() - performance.now();
  return () => Math.max(Date.now(), Math.round(offsetMs + performance.now()));
}

/** Reads a page, for nothing else tells of a file that cannot be read any more. */
function problemOf(database: DatabaseSync): string | null {
  try {
    guarded(() => database.prepare('SELECT 1 FROM requests LIMIT 1').get());
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Makes the file if there is none, and takes others' permissions on it away. An existing one is not opened:
 * closing it would drop every lock that this process has on it, as POSIX has it.
 */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(file, 0o600);
}

/** Sets the database up as the store's and makes or migrates its tables. */
export function openTables(database: DatabaseSync): void {
  // Before anything else, so that a second process fails here and not in the middle of its work.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec('PRAGMA foreign_keys = ON; BEGIN IMMEDIATE; COMMIT;');
  const check = database.prepare('PRAGMA quick_check(1)').get() as
    | { readonly quick_check?: string }
    | undefined;
  if (check?.quick_check !== 'ok')
    throw new Error(`the file is damaged: ${check?.quick_check ?? 'no answer'}`);
  const row = database.prepare('PRAGMA user_version').get() as { readonly user_version: number };
  if (row.user_version > MIGRATIONS.length) throw new Error('the file was written by a newer Postern');
  for (let version = row.user_version; version < MIGRATIONS.length; version += 1) {
    inTransaction(database, () => {
      database.exec(MIGRATIONS[version] ?? '');
      database.exec(`PRAGMA user_version = ${version + 1}`);
    });
  }
}
