/**
 * Requests and decisions in PostgreSQL. As in SQLite, the facts are one JSON value, and what changes or is
 * searched by has its own column. Invariants: `state` changes only by an UPDATE that names the state (and for
 * decisions the revision) it expects, so of any number of instances that race one changes a row; the same
 * statement tells the others, so that no change goes untold and nothing untrue is told.
 */
import { DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT } from './limits.ts';
import type { StoreConnections } from './postgres-connection.ts';
import type { Decision, NewRequest, Request, RequestState } from './request.ts';
import { escalatesAt, outlivesInstance, type RequestStore, type Stored } from './store.ts';

export type Place = {
  /** The quoted name of the schema. */
  readonly schema: string;
  readonly channel: string;
  /** For what instances tell each other beside changes of the store. */
  readonly broadcasts: string;
  /** This instance. */
  readonly instance: string;
  readonly leaseMs: number;
};

type DecisionRow = Decision & { readonly person: string; readonly groups: readonly string[] };
type Row = {
  readonly id: string;
  readonly state: RequestState;
  readonly revision: number;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly escalated_at: Date | null;
  readonly ending: string;
  readonly facts: NewRequest & Pick<Request, 'history'>;
  readonly decisions: readonly DecisionRow[];
};

const OPEN = `state IN ('pending', 'approved')`;

export function postgresRequests(store: StoreConnections, place: Place): RequestStore {
  const { schema, instance, leaseMs } = place;
  const requests = `${schema}.requests`;
  const select = selectFrom(schema);
  const ids = async (text: string, values: readonly unknown[]): Promise<string[]> =>
    (await store.query<{ id: string }>(text, values)).map((row) => row.id);
  const changing = changes(store, place);
  return {
    ...changing,
    find: async (id) => {
      const [row] = await store.query<Row>(`${select} WHERE r.id = $1`, [id]);
      return row === undefined ? null : readStored(row);
    },
    idsLike: (prefix, limit) =>
      ids(`SELECT id FROM ${requests} WHERE starts_with(id, $1) ORDER BY id LIMIT $2`, [prefix, limit]),
    list: async ({ state, agent, limit }) => {
      const most = Math.max(1, Math.min(limit ?? DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT));
      const rows = await store.query<Row>(
        `${select} WHERE ($1::text IS NULL OR r.state = $1) AND ($2::text IS NULL OR r.agent = $2)
         ORDER BY r.created_at DESC, r.number DESC LIMIT $3`,
        [state ?? null, agent ?? null, most],
      );
      return rows.map((row) => readStored(row).request);
    },
    countPending: async (agent) => {
      const [row] = await store.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${requests} WHERE state = 'pending' AND agent = $1`,
        [agent],
      );
      return row?.n ?? 0;
    },
    agentsWithOpen: async () => {
      const text = `SELECT DISTINCT agent FROM ${requests} WHERE ${OPEN}`;
      return (await store.query<{ agent: string }>(text)).map((row) => row.agent);
    },
    listOpen: async () =>
      (await store.query<Row>(`${select} WHERE r.${OPEN}`)).map((row) => readStored(row).request),
    listHeld: () =>
      ids(`SELECT id FROM ${requests} WHERE ${OPEN} AND NOT outlives AND instance = $1`, [instance]),
    listOrphans: (limit) =>
      ids(
        `SELECT id FROM ${requests} r WHERE ${OPEN} AND NOT outlives AND instance <> $1 AND NOT EXISTS (
           SELECT FROM ${schema}.instances i WHERE i.id = r.instance
             AND i.seen_at > clock_timestamp() - $2 * interval '1 millisecond') LIMIT $3`,
        [instance, leaseMs, limit],
      ),
    listDue: (nowMs, limit) =>
      ids(`SELECT id FROM ${requests} WHERE ${OPEN} AND expires_at <= $1 LIMIT $2`, [new Date(nowMs), limit]),
    listEscalating: (nowMs, limit) =>
      ids(
        `SELECT id FROM ${requests}
         WHERE state = 'pending' AND escalates_at <= $1 AND escalated_at IS NULL LIMIT $2`,
        [new Date(nowMs), limit],
      ),
    listSettled: (waiting) =>
      ids(`SELECT id FROM ${requests} WHERE id = ANY ($1) AND state <> 'pending'`, [waiting]),
    ...looksBack(store, schema, select),
  };
}

/** The decisions come with their request, in one look at the store, so that they fit its state. */
function selectFrom(schema: string): string {
  return `SELECT r.id, r.state, r.revision, r.created_at, r.expires_at, r.escalated_at, r.ending, r.facts,
    coalesce((SELECT json_agg(json_build_object('decision', d.decision, 'approver', d.approver, 'reason', d.reason,
      'channel', d.channel, 'time', d.time, 'person', d.person, 'groups', d.groups) ORDER BY d.number)
      FROM ${schema}.decisions d WHERE d.request_id = r.id), '[]') AS decisions
    FROM ${schema}.requests r`;
}

type Changes = Pick<RequestStore, 'insert' | 'decide' | 'escalate' | 'move' | 'claim' | 'prune'>;

function changes(store: StoreConnections, { schema, channel, instance }: Place): Changes {
  const requests = `${schema}.requests`;
  /** Tells the others of the rows of `changed`, by the parameters `$1` (channel) and `$2` (who tells). */
  const tell = `SELECT pg_notify($1, $2 || ' ' || id) FROM changed`;
  const changed = async (text: string, values: readonly unknown[]): Promise<boolean> =>
    (await store.count(`${text} ${tell}`, [channel, instance, ...values])) === 1;
  return {
    insert: (request) => {
      const { id, state, createdAt, expiresAt, escalatedAt: _e, decisions: _, ...facts } = request;
      const { agent, binding, fingerprint } = request;
      const times = [createdAt, expiresAt, escalatesAt(request)];
      const first = [id, state, agent, binding, fingerprint, outlivesInstance(request)];
      return changed(
        `WITH changed AS (INSERT INTO ${requests}
           (id, state, agent, binding, fingerprint, outlives, created_at, expires_at, escalates_at, facts, instance)
         VALUES ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $2) ON CONFLICT (id) DO NOTHING RETURNING id)`,
        [...first, ...times, JSON.stringify(facts)],
      );
    },
    decide: (id, revision, decision, approval, to) => {
      const { approver, reason, time } = decision;
      const given = [approval.person, decision.decision, approver, JSON.stringify(approval.groups)];
      return changed(
        `WITH moved AS (UPDATE ${requests} SET state = $3, revision = revision + 1
           WHERE id = $4 AND state = 'pending' AND revision = $5 RETURNING id),
         changed AS (INSERT INTO ${schema}.decisions
           (request_id, person, decision, approver, groups, reason, channel, time)
         SELECT id, $6, $7, $8, $9::json, $10, $11, $12::timestamptz FROM moved RETURNING request_id AS id)`,
        [to, id, revision, ...given, reason, decision.channel, time],
      );
    },
    escalate: (id, revision, at) =>
      changed(
        `WITH changed AS (UPDATE ${requests} SET escalated_at = $3, revision = revision + 1
           WHERE id = $4 AND state = 'pending' AND revision = $5 AND escalated_at IS NULL RETURNING id)`,
        [at, id, revision],
      ),
    move: (id, from, to, ending) =>
      changed(
        `WITH changed AS (UPDATE ${requests} SET state = $3, ending = $4, revision = revision + 1
           WHERE id = $5 AND state = $6 RETURNING id)`,
        [to, ending, id, from],
      ),
    claim: async (id) =>
      (await store.count(
        `UPDATE ${requests} SET outlives = false, instance = $1
         WHERE id = $2 AND state = 'approved' AND outlives RETURNING id`,
        [instance, id],
      )) === 1,
    prune: (beforeMs, limit) =>
      store.count(
        `DELETE FROM ${requests} WHERE id IN (SELECT id FROM ${requests}
           WHERE NOT ${OPEN} AND created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id`,
        [new Date(beforeMs), limit],
      ),
  };
}

type LooksBack = Pick<RequestStore, 'findReturned' | 'listDenials' | 'recent'>;

function looksBack(store: StoreConnections, schema: string, select: string): LooksBack {
  return {
    findReturned: async (agent, binding, state) => {
      const [row] = await store.query<Row>(
        `${select} WHERE r.state = $1 AND r.binding = $2 AND r.agent = $3 AND r.outlives
         ORDER BY r.created_at DESC, r.number DESC LIMIT 1`,
        [state, binding, agent],
      );
      return row === undefined ? null : readStored(row).request;
    },
    listDenials: async ({ agent, database, fingerprint, sinceMs }, limit) => {
      const rows = await store.query<{ time: Date }>(
        `SELECT d.time FROM ${schema}.requests r JOIN ${schema}.decisions d ON d.request_id = r.id
         WHERE r.state = 'denied' AND r.agent = $1 AND r.facts->>'database' = $2 AND r.fingerprint = $3
           AND d.decision = 'deny' AND d.time >= $4 ORDER BY d.time DESC LIMIT $5`,
        [agent, database, fingerprint, new Date(sinceMs), limit],
      );
      return rows.map(({ time }) => time.toISOString());
    },
    recent: async (agent, sinceMs) => {
      const rows = await store.query<{ state: RequestState; n: number }>(
        `SELECT state, count(*)::int AS n FROM ${schema}.requests
         WHERE agent = $1 AND created_at >= $2 GROUP BY state`,
        [agent, new Date(sinceMs)],
      );
      return Object.fromEntries(rows.map((row) => [row.state, row.n]));
    },
  };
}

function readStored(row: Row): Stored {
  const { id, state, ending, revision } = row;
  const request: Request = {
    ...row.facts,
    id,
    state,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    escalatedAt: row.escalated_at?.toISOString() ?? null,
    decisions: row.decisions.map(({ decision, approver, reason, channel, time }) => {
      return { decision, approver, reason, channel, time: new Date(time).toISOString() };
    }),
  };
  const approvals = row.decisions
    .filter((one) => one.decision === 'approve')
    .map(({ person, groups }) => ({ person, groups }));
  return { request, approvals, ending, revision };
}
