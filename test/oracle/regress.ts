/**
 * `node test/oracle/regress.ts [FOLDER] [npm package with the server's binaries]`: every statement of PostgreSQL's
 * own regression suite that reads or writes rows, compared as long.ts does, in the state that the statements
 * before it have made. FOLDER is `src/test/regress` of PostgreSQL's source; without it, where
 * test/suites/pg-regress.sh keeps it. Ends with 1 where lineage lacks a column.
 *
 * Non-goals: results; statements inside an open transaction, whose catalog nobody else can read.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import { loadSnapshot } from '../../src/catalog/load.ts';
import type { Snapshot } from '../../src/catalog/snapshot.ts';
import { loadParser, parseText } from '../../src/sql/parser.ts';
import { as, tagOf } from '../../src/sql/tree.ts';
import { check, summary, type Checked } from './check.ts';
import { newReport } from './compare.ts';
import { statementsOf } from './psql-script.ts';
import { understanding, type Answer } from './server.ts';
import type { Source } from './values.ts';

const [, , given, module] = process.argv;
const cache =
  process.env['POSTERN_SUITES_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'postern-suites');
const fetched = globSync(join(cache, 'postgresql-15.*/src/test/regress'))[0] ?? '';
const folder = given === undefined || given === '' ? fetched : given;
/** Failures shown in full. */
const SHOWN = 40;
/** Scripts change settings, too. */
const LISTENING =
  'set debug_pretty_print = off; set client_min_messages = log; set debug_print_rewritten = on';
/** One statement may take so long, in milliseconds; the suite has some that take minutes. */
const STATEMENT_MS = 5000;
/** Savepoints are within one. */
const OPENING: ReadonlySet<string> = new Set([
  'TRANS_STMT_BEGIN',
  'TRANS_STMT_START',
  'TRANS_STMT_SAVEPOINT',
  'TRANS_STMT_RELEASE',
  'TRANS_STMT_ROLLBACK_TO',
]);
const ASKED: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
]);

if (!existsSync(join(folder, 'parallel_schedule'))) {
  process.stdout.write(
    'skipped: no source of PostgreSQL’s regression suite; npm run test:pg-regress fetches it\n',
  );
  process.exit(0);
}

/** In the order in which the suite runs them, one after the other. */
function scripts(): readonly string[] {
  const schedule = readFileSync(join(folder, 'parallel_schedule'), 'utf8');
  return [...schedule.matchAll(/^test:(.*)$/gm)].flatMap(([, names = '']) => names.trim().split(/\s+/));
}

class Suite {
  readonly #client: pg.Client;
  readonly #control: pg.Client;
  readonly #definitions = new Map<number, string>();
  readonly #views = new Map<number, readonly Source[]>();
  #snapshot: Snapshot | null = null;
  #changed = true;
  #open = false;
  readonly total: Checked = { ...newReport(), refused: [] };
  left = 0;

  constructor(client: pg.Client, control: pg.Client) {
    this.#client = client;
    this.#control = control;
  }

  async take(sql: string): Promise<void> {
    const parsed = parseText(sql, Buffer.byteLength(sql));
    const tree = parsed.kind === 'parsed' ? parsed.statements[0]?.stmt : undefined;
    const tag = tagOf(tree);
    if (tag !== null && ASKED.has(tag)) {
      if (this.#open) this.left++;
      else await this.#ask(sql);
    } else {
      this.#changed = true;
    }
    const transaction = as('TransactionStmt', tree);
    if (transaction !== undefined) this.#open = OPENING.has(transaction.kind ?? '');
    await this.#client.query(sql).catch(() => undefined);
  }

  async #ask(sql: string): Promise<void> {
    if (this.#changed) await this.#readCatalog();
    const snapshot = this.#snapshot;
    if (snapshot === null) return;
    const ask = (text: string): Promise<Answer> => understanding(this.#client, text, this.#views);
    await this.#client.query(LISTENING);
    const checked = await check({ snapshot, ask }, [sql]);
    await this.#client.query('set debug_print_rewritten = off');
    add(this.total, checked);
  }

  async #readCatalog(): Promise<void> {
    this.#snapshot = await loadSnapshot(this.#control, 'postgres', this.#snapshot);
    this.#changed = false;
    const { rows } = await this.#client.query<{ oid: number; definition: string }>(
      `select c.oid::int, pg_get_viewdef(c.oid) as definition from pg_class c
       where relkind in ('v', 'm') and c.oid >= 16384 order by c.oid`,
    );
    await this.#client.query(LISTENING);
    for (const { oid, definition } of rows) {
      if (this.#definitions.get(oid) === definition) continue;
      const answer = await understanding(this.#client, definition.replace(/;\s*$/, ''), this.#views);
      if (answer.kind === 'refused') continue;
      this.#definitions.set(oid, definition);
      this.#views.set(
        oid,
        answer.truth.outputs.map(({ source }) => source),
      );
    }
    await this.#client.query('set debug_print_rewritten = off');
  }
}

function add(total: Checked, one: Checked): void {
  for (const key of Object.keys(total.counts) as (keyof Checked['counts'])[])
    total.counts[key] += one.counts[key];
  total.failures.push(...one.failures);
  total.tooMuch.push(...one.tooMuch);
  (total.refused as Checked['refused'][number][]).push(...one.refused);
}

await loadParser();
const server = await startPostgres(module === undefined ? {} : { module });
const connected = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: server.url() });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};
const control = await connected();
try {
  const client = await connected();
  await client.query(`set statement_timeout = ${STATEMENT_MS}`);
  const suite = new Suite(client, control);
  let failed = 0;
  for (const name of scripts()) {
    const file = join(folder, 'sql', `${name}.sql`);
    if (!existsSync(file)) continue;
    const before = suite.total.failures.length;
    for (const sql of statementsOf(readFileSync(file, 'utf8'))) {
      try {
        await suite.take(sql);
      } catch (error) {
        failed++;
        process.stdout.write(`${name}: ${String(error)}\n    ${sql.slice(0, 300)}\n`);
      }
    }
    await client.query('rollback; reset session authorization; reset search_path').catch(() => undefined);
    const found = suite.total.failures.length - before;
    process.stdout.write(
      `${name}: ${suite.total.counts.statements} statements so far${found > 0 ? `, ${found} FAILURES` : ''}\n`,
    );
  }
  process.stdout.write(
    `\n${summary(suite.total)}\n${suite.left} in transactions left out, ${failed} not answered\n`,
  );
  for (const { kind, sql, detail } of suite.total.failures.slice(0, SHOWN))
    process.stdout.write(`${kind}: ${detail}\n    ${sql}\n`);
  if (suite.total.failures.length > 0 || suite.total.counts.statements === 0) process.exitCode = 1;
  await client.end();
} finally {
  await control.end().catch(() => undefined);
  await server.stop();
}
