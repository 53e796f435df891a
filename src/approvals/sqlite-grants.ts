/**
 * Grants in SQLite: what never changes is one JSON text, what changes has its own column. Invariants: `state`
 * changes only from `active`, once; rows are given out by one UPDATE that also says how many.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { Grant, GrantEnding, GrantState, GrantStore } from './grant.ts';
import { DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT } from './limits.ts';
import { answered } from './sqlite-guard.ts';

type Row = Record<string, SQLOutputValue>;

export function sqliteGrants(database: DatabaseSync): GrantStore {
  const byId = database.prepare('SELECT * FROM grants WHERE id = ?');
  const byPrefix = database.prepare('SELECT id FROM grants WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT ?');
  const listed = database.prepare(
    `SELECT * FROM grants WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR agent = ?2)
     ORDER BY created_at DESC, rowid DESC LIMIT ?3`,
  );
  const active = database.prepare(`SELECT * FROM grants WHERE state = 'active' ORDER BY rowid`);
  const insert = database.prepare(
    `INSERT INTO grants (id, state, agent, created_at, expires_at, max_rows, facts)
     VALUES (?, 'active', ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  // Every right-hand side sees the row as it was.
  const reserve = database.prepare(
    `UPDATE grants SET taken = min(?1, max_rows - rows_reserved), rows_reserved = rows_reserved + min(?1, max_rows - rows_reserved)
     WHERE id = ?2 AND state = 'active' AND expires_at > ?3 AND rows_reserved < max_rows RETURNING taken`,
  );
  const settle = database.prepare(
    'UPDATE grants SET rows_shown = rows_shown + ?, rows_reserved = max(0, rows_reserved - ?) WHERE id = ?',
  );
  const end = database.prepare(`UPDATE grants SET state = ?, ending = ? WHERE id = ? AND state = 'active'`);
  const prune = database.prepare(
    `DELETE FROM grants WHERE id IN
       (SELECT id FROM grants WHERE state <> 'active' AND created_at < ? ORDER BY created_at LIMIT ?)`,
  );
  return {
    insert: (grant) =>
      answered(() => {
        const { id, agent, createdAt, expiresAt, maxRows } = grant;
        return insert.run(id, agent, createdAt, expiresAt, maxRows, factsOf(grant)).changes === 1;
      }),
    find: (id) =>
      answered(() => {
        const row = byId.get(id);
        return row === undefined ? null : readGrant(row);
      }),
    idsLike: (prefix, limit) =>
      answered(() => byPrefix.all(prefix.length, prefix, limit).map((row) => String(row['id']))),
    list: ({ state, agent, limit }) =>
      answered(() => {
        const most = Math.max(1, Math.min(limit ?? DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT));
        return listed.all(state ?? null, agent ?? null, most).map(readGrant);
      }),
    listActive: () => answered(() => active.all().map(readGrant)),
    reserve: (id, rows, nowMs) =>
      answered(() => Number(reserve.get(rows, id, new Date(nowMs).toISOString())?.['taken'] ?? 0)),
    settle: (id, shown, unused) => answered(() => void settle.run(shown, unused, id)),
    end: (id, to, ending) => answered(() => end.run(to, JSON.stringify(ending), id).changes === 1),
    prune: (beforeMs, limit) =>
      answered(() => Number(prune.run(new Date(beforeMs).toISOString(), limit).changes)),
  };
}

/** What never changes, without what has a column of its own. */
export function factsOf(grant: Grant): string {
  const { id: _i, state: _s, createdAt: _c, expiresAt: _e, maxRows: _m, ...rest } = grant;
  const { rowsReserved: _r, rowsShown: _n, ended: _d, ...facts } = rest;
  return JSON.stringify(facts);
}

type Facts = Omit<
  Grant,
  'id' | 'state' | 'createdAt' | 'expiresAt' | 'maxRows' | 'rowsReserved' | 'rowsShown' | 'ended'
>;

function readGrant(row: Row): Grant {
  const ending = row['ending'];
  return {
    ...(JSON.parse(String(row['facts'])) as Facts),
    id: String(row['id']),
    state: String(row['state']) as GrantState,
    createdAt: String(row['created_at']),
    expiresAt: String(row['expires_at']),
    maxRows: Number(row['max_rows']),
    rowsReserved: Number(row['rows_reserved']),
    rowsShown: Number(row['rows_shown']),
    ended: typeof ending === 'string' ? (JSON.parse(ending) as GrantEnding) : null,
  };
}
