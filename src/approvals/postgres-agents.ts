import type { StoreConnections } from './postgres-connection.ts';
import type { Place } from './postgres-requests.ts';
import type { AgentRecord } from './request.ts';
import type { AgentStore } from './store.ts';

type Row = Omit<AgentRecord, 'createdAt'> & { readonly created_at: Date };

/**
 * Agents in PostgreSQL; they are disabled, never removed, so that a name in the trail keeps its meaning. The
 * statement that disables one tells all other instances, whose sessions end.
 */
export function postgresAgents(
  store: StoreConnections,
  { schema, channel, instance }: Omit<Place, 'leaseMs'>,
): AgentStore {
  const agents = `${schema}.agents`;
  return {
    find: async (name) => {
      const [row] = await store.query<Row>(`SELECT * FROM ${agents} WHERE name = $1`, [name]);
      return row === undefined ? null : readAgent(row);
    },
    list: async () =>
      (await store.query<Row>(`SELECT * FROM ${agents} ORDER BY name COLLATE "C"`)).map(readAgent),
    usable: async (names) => {
      const text = `SELECT name FROM ${agents} WHERE name = ANY ($1) AND NOT disabled`;
      return (await store.query<Row>(text, [names])).map((row) => row.name);
    },
    insert: async ({ name, owner, groups, databases, login, verifier, disabled, createdAt }) => {
      const lists = [JSON.stringify(groups), JSON.stringify(databases)];
      const added = await store.count(
        `INSERT INTO ${agents} (name, owner, groups, databases, login, verifier, disabled, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING RETURNING name`,
        [name, owner, ...lists, login, verifier, disabled, createdAt],
      );
      return added === 1;
    },
    setVerifier: async (name, verifier) =>
      (await store.count(`UPDATE ${agents} SET verifier = $1 WHERE name = $2 RETURNING name`, [
        verifier,
        name,
      ])) === 1,
    setDisabled: async (name) =>
      (await store.count(
        `WITH changed AS (UPDATE ${agents} SET disabled = true WHERE name = $3 RETURNING name)
         SELECT pg_notify($1, $2 || ' agent ' || name) FROM changed`,
        [channel, instance, name],
      )) === 1,
  };
}

function readAgent(row: Row): AgentRecord {
  const { name, owner, groups, databases, login, verifier, disabled } = row;
  return {
    name,
    owner,
    groups,
    databases,
    login,
    verifier,
    disabled,
    createdAt: row.created_at.toISOString(),
  };
}
