/**
 * Requests and decisions in SQLite. The facts of a request never change and are kept as one JSON text; what
 * changes or is searched by has its own column. Invariant: `state` changes only by an UPDATE that names the
 * state it expects, so of two that race one changes nothing.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT } from './limits.ts';
import type { Decision, NewRequest, Request, RequestState } from './request.ts';
import { answered, inTransaction } from './sqlite-guard.ts';
import type { ListFilter, RequestStore, Stored } from './store.ts';
import type { Approval } from './transitions.ts';

type Row = Record<string, SQLOutputValue>;

export function sqliteRequests(database: DatabaseSync): RequestStore {
  const insert = database.prepare(
    `INSERT INTO requests (id, state, agent, created_at, expires_at, facts) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const byId = database.prepare('SELECT * FROM requests WHERE id = ?');
  const byPrefix = database.prepare('SELECT id FROM requests WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT ?');
  const listed = database.prepare(
    `SELECT * FROM requests WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR agent = ?2)
     ORDER BY created_at DESC, rowid DESC LIMIT ?3`,
  );
  const open = database.prepare(`SELECT * FROM requests WHERE state IN ('pending', 'approved')`);
  const pending = database.prepare(
    `SELECT count(*) AS n FROM requests WHERE state = 'pending' AND agent = ?`,
  );
  const decisionsOf = database.prepare('SELECT * FROM decisions WHERE request_id = ? ORDER BY rowid');
  const addDecision = database.prepare(
    `INSERT INTO decisions (request_id, person, decision, approver, groups, reason, channel, time)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const move = database.prepare('UPDATE requests SET state = ?, ending = ? WHERE id = ? AND state = ?');
  const stored = (row: Row): Stored => readStored(row, decisionsOf);

  return {
    insert: (request) =>
      answered(() => {
        const { id, state, createdAt, expiresAt, decisions: _, ...facts } = request;
        return (
          insert.run(id, state, request.agent, createdAt, expiresAt, JSON.stringify(facts)).changes === 1
        );
      }),
    find: (id) =>
      answered(() => {
        const row = byId.get(id);
        return row === undefined ? null : stored(row);
      }),
    idsLike: (prefix, limit) =>
      answered(() => byPrefix.all(prefix.length, prefix, limit).map((row) => text(row, 'id'))),
    list: (filter: ListFilter) =>
      answered(() => {
        const limit = Math.max(1, Math.min(filter.limit ?? DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT));
        return listed
          .all(filter.state ?? null, filter.agent ?? null, limit)
          .map((row) => stored(row).request);
      }),
    countPending: (agent) => answered(() => Number(pending.get(agent)?.['n'] ?? 0)),
    listOpen: () => answered(() => open.all().map((row) => stored(row).request)),
    decide: (id, decision, approval, to) =>
      answered(() =>
        inTransaction(database, () => {
          if (move.run(to, '', id, 'pending').changes !== 1) return false;
          const { approver, reason, channel, time } = decision;
          addDecision.run(
            id,
            approval.person,
            decision.decision,
            approver,
            JSON.stringify(approval.groups),
            reason,
            channel,
            time,
          );
          return true;
        }),
      ),
    move: (id, from, to, ending) => answered(() => move.run(to, ending, id, from).changes === 1),
  };
}

function readStored(row: Row, decisionsOf: StatementSync): Stored {
  const decisionRows = decisionsOf.all(text(row, 'id'));
  const decisions = decisionRows.map((d) => ({
    decision: text(d, 'decision') as Decision['decision'],
    approver: text(d, 'approver'),
    reason: text(d, 'reason'),
    channel: text(d, 'channel') as Decision['channel'],
    time: text(d, 'time'),
  }));
  const approvals: Approval[] = decisionRows
    .filter((d) => d['decision'] === 'approve')
    .map((d) => ({ person: text(d, 'person'), groups: JSON.parse(text(d, 'groups')) as string[] }));
  const request: Request = {
    ...(JSON.parse(text(row, 'facts')) as NewRequest),
    id: text(row, 'id'),
    state: text(row, 'state') as RequestState,
    createdAt: text(row, 'created_at'),
    expiresAt: text(row, 'expires_at'),
    decisions,
  };
  return { request, approvals, ending: text(row, 'ending') };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`column ${column} of the store is not text`);
  return value;
}
