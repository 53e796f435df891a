/**
 * Grants in PostgreSQL. As in SQLite; besides, the statement that makes or ends one tells all other instances,
 * so that a grant's end reaches every session that uses it.
 */
import type { Grant, GrantEnding, GrantState, GrantStore } from './grant.ts';
import { DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT } from './limits.ts';
import type { StoreConnections } from './postgres-connection.ts';
import type { Place } from './postgres-requests.ts';
import { factsOf } from './sqlite-grants.ts';

type Row = Pick<Grant, 'id'> & {
  readonly state: GrantState;
  readonly created_at: Date;
  readonly expires_at: Date;
  /** bigint, as text. */
  readonly max_rows: string;
  readonly rows_reserved: string;
  readonly rows_shown: string;
  readonly facts: Omit<Grant, 'id' | 'state' | 'createdAt' | 'expiresAt' | 'maxRows' | 'ended'>;
  readonly ending: GrantEnding | null;
};

export function postgresGrants(store: StoreConnections, { schema, channel, instance }: Place): GrantStore {
  const grants = `${schema}.grants`;
  const tell = `SELECT pg_notify($1, $2 || ' grant ' || id) FROM changed`;
  const changed = async (text: string, values: readonly unknown[]): Promise<boolean> =>
    (await store.count(`${text} ${tell}`, [channel, instance, ...values])) === 1;
  return {
    insert: (grant) => {
      const { id, agent, createdAt, expiresAt, maxRows } = grant;
      return changed(
        `WITH changed AS (INSERT INTO ${grants} (id, state, agent, created_at, expires_at, max_rows, facts)
           VALUES ($3, 'active', $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING RETURNING id)`,
        [id, agent, createdAt, expiresAt, maxRows, factsOf(grant)],
      );
    },
    find: async (id) => {
      const [row] = await store.query<Row>(`SELECT * FROM ${grants} WHERE id = $1`, [id]);
      return row === undefined ? null : readGrant(row);
    },
    idsLike: async (prefix, limit) => {
      const text = `SELECT id FROM ${grants} WHERE starts_with(id, $1) ORDER BY id LIMIT $2`;
      return (await store.query<{ id: string }>(text, [prefix, limit])).map((row) => row.id);
    },
    list: async ({ state, agent, limit }) => {
      const most = Math.max(1, Math.min(limit ?? DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT));
      const rows = await store.query<Row>(
        `SELECT * FROM ${grants} WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR agent = $2)
         ORDER BY created_at DESC, number DESC LIMIT $3`,
        [state ?? null, agent ?? null, most],
      );
      return rows.map(readGrant);
    },
    listActive: async () =>
      (await store.query<Row>(`SELECT * FROM ${grants} WHERE state = 'active' ORDER BY number`)).map(
        readGrant,
      ),
    reserve: async (id, rows, nowMs) => {
      // Every right-hand side sees the row as it was.
      const [row] = await store.query<{ taken: string }>(
        `UPDATE ${grants} SET taken = least($1::bigint, max_rows - rows_reserved),
           rows_reserved = rows_reserved + least($1::bigint, max_rows - rows_reserved)
         WHERE id = $2 AND state = 'active' AND expires_at > $3 AND rows_reserved < max_rows RETURNING taken`,
        [rows, id, new Date(nowMs)],
      );
      return Number(row?.taken ?? 0);
    },
    settle: async (id, shown, unused) => {
      await store.query(
        `UPDATE ${grants} SET rows_shown = rows_shown + $1::bigint,
           rows_reserved = greatest(0, rows_reserved - $2::bigint) WHERE id = $3`,
        [shown, unused, id],
      );
    },
    end: (id, to, ending) =>
      changed(
        `WITH changed AS (UPDATE ${grants} SET state = $3, ending = $4
           WHERE id = $5 AND state = 'active' RETURNING id)`,
        [to, JSON.stringify(ending), id],
      ),
    prune: (beforeMs, limit) =>
      store.count(
        `DELETE FROM ${grants} WHERE id IN (SELECT id FROM ${grants} WHERE state <> 'active' AND created_at < $1
           ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id`,
        [new Date(beforeMs), limit],
      ),
  };
}

function readGrant(row: Row): Grant {
  return {
    ...row.facts,
    id: row.id,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    maxRows: Number(row.max_rows),
    rowsReserved: Number(row.rows_reserved),
    rowsShown: Number(row.rows_shown),
    ended: row.ending,
  };
}
