/**
 * The tables of the PostgreSQL store, in one place and by version. Instances that start at once take turns by
 * an advisory lock, and a version is whole or not there. Where the tables are up to date nothing is created,
 * so that the role Postern runs as needs no right to create anything.
 */
import type pg from 'pg';

/** Each entry takes the schema from its index one further; `$schema` stands for the quoted name. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE $schema.instances (
     id text PRIMARY KEY,
     name text NOT NULL,
     started_at timestamptz NOT NULL,
     seen_at timestamptz NOT NULL
   );
   CREATE TABLE $schema.requests (
     id text PRIMARY KEY,
     number bigint GENERATED ALWAYS AS IDENTITY,
     state text NOT NULL
       CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'withdrawn', 'spent', 'lapsed')),
     revision integer NOT NULL DEFAULT 0,
     agent text NOT NULL,
     binding text NOT NULL,
     fingerprint text NOT NULL,
     instance text NOT NULL,
     outlives boolean NOT NULL,
     created_at timestamptz NOT NULL,
     expires_at timestamptz NOT NULL,
     escalates_at timestamptz,
     escalated_at timestamptz,
     ending text NOT NULL DEFAULT '',
     facts json NOT NULL
   );
   CREATE INDEX requests_by_agent ON $schema.requests (agent, created_at);
   CREATE INDEX requests_by_age ON $schema.requests (created_at);
   CREATE INDEX requests_open ON $schema.requests (expires_at) WHERE state IN ('pending', 'approved');
   CREATE INDEX requests_by_binding ON $schema.requests (binding);
   CREATE TABLE $schema.decisions (
     request_id text NOT NULL REFERENCES $schema.requests (id) ON DELETE CASCADE,
     number bigint GENERATED ALWAYS AS IDENTITY,
     person text NOT NULL,
     decision text NOT NULL CHECK (decision IN ('approve', 'deny')),
     approver text NOT NULL,
     groups json NOT NULL,
     reason text NOT NULL,
     channel text NOT NULL,
     time timestamptz NOT NULL,
     PRIMARY KEY (request_id, person, decision)
   );
   CREATE TABLE $schema.agents (
     name text PRIMARY KEY,
     owner text NOT NULL,
     groups json NOT NULL,
     databases json NOT NULL,
     login text NOT NULL,
     verifier text NOT NULL,
     disabled boolean NOT NULL,
     created_at timestamptz NOT NULL
   );`,
  `CREATE TABLE $schema.row_counts (
     agent text NOT NULL,
     rule text NOT NULL,
     minute bigint NOT NULL,
     rows bigint NOT NULL,
     PRIMARY KEY (agent, rule, minute)
   );`,
  `CREATE TABLE $schema.grants (
     id text PRIMARY KEY,
     number bigint GENERATED ALWAYS AS IDENTITY,
     state text NOT NULL CHECK (state IN ('active', 'revoked', 'expired', 'exhausted', 'void')),
     agent text NOT NULL,
     created_at timestamptz NOT NULL,
     expires_at timestamptz NOT NULL,
     max_rows bigint NOT NULL,
     rows_reserved bigint NOT NULL DEFAULT 0 CHECK (rows_reserved BETWEEN 0 AND max_rows),
     rows_shown bigint NOT NULL DEFAULT 0,
     taken bigint NOT NULL DEFAULT 0,
     ending json,
     facts json NOT NULL
   );
   CREATE INDEX grants_active ON $schema.grants (agent) WHERE state = 'active';
   CREATE INDEX grants_by_age ON $schema.grants (created_at);`,
];

/** The version that the tables of this Postern have. */
export const STORE_VERSION = MIGRATIONS.length;

/** "postern" in ASCII; any number will do that nobody else in the database locks. */
const MIGRATION_LOCK = 0x706f_7374;

/** @param schema the quoted name @throws what PostgreSQL says, Error when the tables are from a newer Postern */
export async function migrate(client: pg.ClientBase, name: string, schema: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const version = await versionOf(client, name, schema);
    if (version > MIGRATIONS.length) throw new Error('its tables were made by a newer Postern');
    for (const migration of MIGRATIONS.slice(version))
      await client.query(migration.replaceAll('$schema', schema));
    if (version < MIGRATIONS.length)
      await client.query(`UPDATE ${schema}.version SET version = $1`, [MIGRATIONS.length]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function versionOf(client: pg.ClientBase, name: string, schema: string): Promise<number> {
  const known = await client.query<{ schema: boolean; version: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS schema,
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = $1 AND c.relname = 'version') AS version`,
    [name],
  );
  if (known.rows[0]?.schema !== true) await client.query(`CREATE SCHEMA ${schema}`);
  if (known.rows[0]?.version !== true) {
    await client.query(`CREATE TABLE ${schema}.version (version integer NOT NULL)`);
    await client.query(`INSERT INTO ${schema}.version VALUES (0)`);
  }
  const row = await client.query<{ version: number }>(`SELECT version FROM ${schema}.version`);
  return row.rows[0]?.version ?? 0;
}
