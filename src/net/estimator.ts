/**
 * The planner's guess for a held statement: `EXPLAIN`, never run, on a connection of its own under the
 * agent's login, so that it says nothing the agent could not learn. Invariants: read-only, with short
 * timeouts for locks and planning; late or failing is null, and never an error; nothing is planned that would
 * run a user's code (`policy/plannable.ts`). Comments are taken out of what is sent: they are for people.
 */
import pg from 'pg';
import type { Estimate, Estimator } from '../gate/held.ts';
import type { Judged } from '../gate/judge.ts';
import { mayPlan } from '../policy/plannable.ts';
import { TOKEN, tokensOf } from '../sql/tokens.ts';

/** What a request may come later for it. Planning takes milliseconds; a lock that is not there may take ever. */
const MAX_ESTIMATE_MS = 300;
/** Ends at the database, too, what nobody waits for any more. */
const STATEMENT_TIMEOUT_MS = 250;
const LOCK_TIMEOUT_MS = 100;
/** Held statements come one by one; a connection nobody uses is given back. */
const IDLE_MS = 30_000;
/** GENERIC_PLAN came with PostgreSQL 16. */
const GENERIC_PLAN_SINCE = 160_000;

export type Planner = { readonly estimate: Estimator; close(): Promise<void> };

/** @param config how the agent's login reaches the database; connects when first asked */
export function openPlanner(config: pg.PoolConfig): Planner {
  const pool = new pg.Pool({
    ...config,
    max: 1,
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: MAX_ESTIMATE_MS,
    application_name: 'postern-estimates',
    options: `-c statement_timeout=${STATEMENT_TIMEOUT_MS} -c lock_timeout=${LOCK_TIMEOUT_MS} -c default_transaction_read_only=on`,
  });
  // A connection that is lost while nobody uses it is replaced when somebody does. One that is lost while it
  // is used tells its query so, and besides says so itself: unheard, that would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  let busy = false;
  const estimate = async (judged: Judged): Promise<Estimate> => {
    const text = plannable(judged);
    if (text === null || busy) return null;
    busy = true;
    const asked = ask(pool, text).finally(() => {
      busy = false;
    });
    return within(asked);
  };
  return { estimate, close: () => pool.end() };
}

/** The statement without its comments; null for what is not to be planned. */
function plannable({ statements, snapshot }: Judged): string | null {
  const [statement, ...others] = statements;
  if (statement === undefined || others.length > 0 || !mayPlan(statement, snapshot)) return null;
  const tokens = tokensOf(statement.text);
  if (tokens === null) return null;
  const kept = tokens.filter(({ type }) => type !== TOKEN.SQL_COMMENT && type !== TOKEN.C_COMMENT);
  return kept
    .map(({ start, end, text }, i) => (i > 0 && (kept[i - 1]?.end ?? end) < start ? ` ${text}` : text))
    .join('');
}

async function ask(pool: pg.Pool, text: string): Promise<Estimate> {
  const client = await pool.connect().catch(() => null);
  if (client === null) return null;
  try {
    const version = await client.query<{ v: string }>('show server_version_num');
    const generic = Number(version.rows[0]?.v ?? 0) >= GENERIC_PLAN_SINCE;
    if (!generic && /\$\d/.test(text)) return await askPrepared(client, text);
    const options = generic ? 'FORMAT JSON, GENERIC_PLAN' : 'FORMAT JSON';
    return read((await client.query<PlanRow>(`EXPLAIN (${options}) ${text}`)).rows);
  } catch {
    return null;
  } finally {
    client.release();
  }
}

/** Before 16, parameters need a prepared statement; NULL stands for each, and a generic plan looks at none. */
async function askPrepared(client: pg.PoolClient, text: string): Promise<Estimate> {
  await client.query('SET plan_cache_mode = force_generic_plan');
  try {
    await client.query(`PREPARE postern_estimate AS ${text}`);
    const { rows } = await client.query<{ n: number }>(
      `SELECT cardinality(parameter_types) AS n FROM pg_prepared_statements WHERE name = 'postern_estimate'`,
    );
    const nulls = Array.from({ length: rows[0]?.n ?? 0 }, () => 'NULL').join(', ');
    const plan = await client.query<PlanRow>(`EXPLAIN (FORMAT JSON) EXECUTE postern_estimate(${nulls})`);
    return read(plan.rows);
  } finally {
    await client.query('DEALLOCATE ALL');
  }
}

type Plan = {
  readonly 'Plan Rows'?: number;
  readonly 'Total Cost'?: number;
  readonly 'Node Type'?: string;
  readonly Plans?: readonly Plan[];
};
type PlanRow = { readonly 'QUERY PLAN'?: readonly { readonly Plan?: Plan }[] };

/** A statement that writes returns no rows; what it would write is what the plan under it gives. */
function read(rows: readonly PlanRow[]): Estimate {
  const plan = rows[0]?.['QUERY PLAN']?.[0]?.Plan;
  if (plan === undefined) return null;
  const source = plan['Node Type'] === 'ModifyTable' ? (plan.Plans?.[0] ?? plan) : plan;
  const estimate = { rows: source['Plan Rows'] ?? NaN, cost: plan['Total Cost'] ?? NaN };
  return Number.isFinite(estimate.rows) && Number.isFinite(estimate.cost) ? estimate : null;
}

async function within(asked: Promise<Estimate>): Promise<Estimate> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), MAX_ESTIMATE_MS);
  });
  try {
    return await Promise.race([asked.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}
