/**
 * Requests and decisions in SQLite. The facts of a request never change and are kept as one JSON text; what
 * changes or is searched by has its own column. Invariant: `state` changes only by an UPDATE that names the
 * state it expects, so of two that race one changes nothing.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT } from './limits.ts';
import type { Decision, NewRequest, Request, RequestState } from './request.ts';
import { answered, inTransaction } from './sqlite-guard.ts';
import { escalatesAt, outlivesInstance, type ListFilter, type RequestStore, type Stored } from './store.ts';
import type { Approval } from './transitions.ts';

type Row = Record<string, SQLOutputValue>;

const OPEN = `state IN ('pending', 'approved')`;

/** @param instance what this process is called as long as it has the file; what others asked is orphaned */
export function sqliteRequests(database: DatabaseSync, instance: string): RequestStore {
  const byId = database.prepare('SELECT * FROM requests WHERE id = ?');
  const byPrefix = database.prepare('SELECT id FROM requests WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT ?');
  const listed = database.prepare(
    `SELECT * FROM requests WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR agent = ?2)
     ORDER BY created_at DESC, rowid DESC LIMIT ?3`,
  );
  const open = database.prepare(`SELECT * FROM requests WHERE ${OPEN}`);
  const openAgents = database.prepare(`SELECT DISTINCT agent FROM requests WHERE ${OPEN}`);
  const pending = database.prepare(
    `SELECT count(*) AS n FROM requests WHERE state = 'pending' AND agent = ?`,
  );
  const decisionsOf = database.prepare('SELECT * FROM decisions WHERE request_id = ? ORDER BY rowid');
  const stored = (row: Row): Stored => readStored(row, decisionsOf);

  return {
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
    agentsWithOpen: () => answered(() => openAgents.all().map((row) => text(row, 'agent'))),
    listOpen: () => answered(() => open.all().map((row) => stored(row).request)),
    ...lookups(database, instance, stored),
    ...changes(database, instance),
  };
}

type Changes = Pick<RequestStore, 'insert' | 'decide' | 'escalate' | 'move' | 'claim' | 'prune'>;

function changes(database: DatabaseSync, instance: string): Changes {
  const insert = database.prepare(
    `INSERT INTO requests
       (id, state, agent, created_at, expires_at, escalates_at, outlives, binding, fingerprint, instance, facts)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  const addDecision = database.prepare(
    `INSERT INTO decisions (request_id, person, decision, approver, groups, reason, channel, time)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const move = database.prepare(
    'UPDATE requests SET state = ?, ending = ?, revision = revision + 1 WHERE id = ? AND state = ?',
  );
  const decide = database.prepare(
    `UPDATE requests SET state = ?, revision = revision + 1 WHERE id = ? AND state = 'pending' AND revision = ?`,
  );
  const escalate = database.prepare(
    `UPDATE requests SET escalated_at = ?, revision = revision + 1
     WHERE id = ? AND state = 'pending' AND revision = ? AND escalated_at IS NULL`,
  );
  const claim = database.prepare(
    `UPDATE requests SET outlives = 0, instance = ? WHERE id = ? AND state = 'approved' AND outlives = 1`,
  );
  return {
    insert: (request) =>
      answered(() => {
        const { id, state, createdAt, expiresAt, escalatedAt: _e, decisions: _, ...facts } = request;
        const { agent, binding, fingerprint } = request;
        const outlives = outlivesInstance(request) ? 1 : 0;
        const first = [id, state, agent, createdAt, expiresAt, escalatesAt(request), outlives];
        return insert.run(...first, binding, fingerprint, instance, JSON.stringify(facts)).changes === 1;
      }),
    decide: (id, revision, decision, approval, to) =>
      answered(() =>
        inTransaction(database, () => {
          if (decide.run(to, id, revision).changes !== 1) return false;
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
    escalate: (id, revision, at) => answered(() => escalate.run(at, id, revision).changes === 1),
    move: (id, from, to, ending) => answered(() => move.run(to, ending, id, from).changes === 1),
    claim: (id) => answered(() => claim.run(instance, id).changes === 1),
    prune: prunes(database),
  };
}

type Lookups = Omit<
  RequestStore,
  keyof Changes | 'find' | 'idsLike' | 'list' | 'agentsWithOpen' | 'countPending' | 'listOpen'
>;

/** Who is due, orphaned or to be escalated, and what an agent asked before. Times are ISO text, which sorts. */
function lookups(database: DatabaseSync, instance: string, stored: (row: Row) => Stored): Lookups {
  const ids = (where: string) => {
    const found = database.prepare(`SELECT id FROM requests WHERE ${where}`);
    return (...values: SQLInputValue[]) => answered(() => found.all(...values).map((row) => text(row, 'id')));
  };
  const held = ids(`${OPEN} AND outlives = 0 AND instance = ?`);
  const orphans = ids(`${OPEN} AND outlives = 0 AND instance <> ? LIMIT ?`);
  const due = ids(`${OPEN} AND expires_at <= ? LIMIT ?`);
  const escalating = ids(`state = 'pending' AND escalates_at <= ? AND escalated_at IS NULL LIMIT ?`);
  const settled = ids(`state <> 'pending' AND id IN (SELECT value FROM json_each(?))`);
  const returned = database.prepare(
    `SELECT * FROM requests WHERE state = ? AND binding = ? AND agent = ? AND outlives = 1
     ORDER BY created_at DESC, rowid DESC LIMIT 1`,
  );
  const denied = database.prepare(
    `SELECT d.time FROM requests r JOIN decisions d ON d.request_id = r.id
     WHERE r.state = 'denied' AND r.agent = ? AND json_extract(r.facts, '$.database') = ? AND r.fingerprint = ?
       AND d.decision = 'deny' AND d.time >= ? ORDER BY d.time DESC LIMIT ?`,
  );
  const counts = database.prepare(
    'SELECT state, count(*) AS n FROM requests WHERE agent = ? AND created_at >= ? GROUP BY state',
  );
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    listHeld: () => held(instance),
    listOrphans: (limit) => orphans(instance, limit),
    listDue: (nowMs, limit) => due(iso(nowMs), limit),
    listEscalating: (nowMs, limit) => escalating(iso(nowMs), limit),
    listSettled: (waiting) => settled(JSON.stringify(waiting)),
    findReturned: (agent, binding, state) =>
      answered(() => {
        const row = returned.get(state, binding, agent);
        return row === undefined ? null : stored(row).request;
      }),
    listDenials: ({ agent, database: on, fingerprint, sinceMs }, limit) =>
      answered(() => denied.all(agent, on, fingerprint, iso(sinceMs), limit).map((row) => text(row, 'time'))),
    recent: (agent, sinceMs) =>
      answered(() =>
        Object.fromEntries(
          counts.all(agent, iso(sinceMs)).map((row) => [text(row, 'state'), Number(row['n'])]),
        ),
      ),
  };
}

function prunes(database: DatabaseSync): RequestStore['prune'] {
  const old = `SELECT id FROM requests WHERE NOT ${OPEN} AND created_at < ? ORDER BY created_at LIMIT ?`;
  const decisions = database.prepare(`DELETE FROM decisions WHERE request_id IN (${old})`);
  const requests = database.prepare(`DELETE FROM requests WHERE id IN (${old})`);
  return (beforeMs, limit) =>
    answered(() =>
      inTransaction(database, () => {
        const before = new Date(beforeMs).toISOString();
        decisions.run(before, limit);
        return Number(requests.run(before, limit).changes);
      }),
    );
}

type Facts = NewRequest & Pick<Request, 'history'>;

/** What requests say that were kept before there was more to say. */
const BEFORE = {
  mode: 'wait',
  waitMs: 0,
  unmask: [],
  estimate: null,
  locks: [],
  history: {},
} satisfies Partial<Facts>;

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
    ...BEFORE,
    ...(JSON.parse(text(row, 'facts')) as Facts),
    id: text(row, 'id'),
    state: text(row, 'state') as RequestState,
    createdAt: text(row, 'created_at'),
    expiresAt: text(row, 'expires_at'),
    escalatedAt: row['escalated_at'] === null ? null : text(row, 'escalated_at'),
    decisions,
  };
  return { request, approvals, ending: text(row, 'ending'), revision: Number(row['revision']) };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`column ${column} of the store is not text`);
  return value;
}
