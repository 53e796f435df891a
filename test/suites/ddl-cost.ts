/**
 * What DDL costs through Postern beyond what it costs directly, on a database with some hundreds of relations:
 * with rules that allow everything, and with masks. Prints the median and the slowest of each, in milliseconds.
 *
 *   node test/suites/ddl-cost.ts [tables]
 */
import type pg from 'pg';
import { ALLOW_ALL } from '../drivers/stage.ts';
import { startHarness } from '../e2e/harness.ts';

const TABLES = Number(process.argv[2] ?? 500);
const ROUNDS = 30;
const MASKED = `${ALLOW_ALL}masks:\n  - { name: secrets, columns: ['*.secret'], with: redact }\n`;
const SCHEMA = `
  do $$ begin
    for i in 1..${TABLES} loop
      execute format('create table t%s (id int primary key, name text, secret text, amount numeric, at timestamptz, note text)', i);
      if i % 5 = 0 then
        execute format('create view v%s as select id, upper(name) as name, count(*) over () as n from t%s where amount > 1', i, i);
        execute format('create function f%s(int) returns int language plpgsql as $f$ begin return $1 + (select count(*) from t%s); end $f$', i, i);
      end if;
    end loop;
  end $$`;

/** What is timed, each under a name of its own round; the statement behind DDL shows what waits for a reading. */
const WORK: Readonly<Record<string, (round: number) => readonly string[]>> = {
  'create table': (n) => [
    `create table made${n} (id int, name text)`,
    `insert into made${n} values (1, 'x')`,
  ],
  'create index': (n) => [`create index made${n}_id on made${n} (id)`, 'select count(*) from t1'],
  'alter table': (n) => [`alter table made${n} add column more int`, `select count(more) from made${n}`],
  'create view': (n) => [
    `create view seen${n} as select id + 1 as id from made${n}`,
    `select * from seen${n}`,
  ],
  'in a transaction': (n) => ['begin', `create table held${n} (id int)`, 'select count(*) from t1', 'commit'],
  drop: (n) => [`drop table made${n} cascade`, 'select count(*) from t1'],
};

async function timed(client: pg.Client, statements: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  for (const sql of statements) await client.query(sql);
  return performance.now() - startedAt;
}

async function measure(client: pg.Client): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  for (const [name, statements] of Object.entries(WORK)) {
    const found: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) found.push(await timed(client, statements(round)));
    times.set(
      name,
      found.toSorted((a, b) => a - b),
    );
  }
  await client.query(Array.from({ length: ROUNDS }, (_, n) => `drop table held${n};`).join(''));
  return times;
}

const harness = await startHarness({ rules: ALLOW_ALL, schema: SCHEMA });
try {
  const direct = await measure(await harness.direct());
  const open = await measure(await harness.agent());
  await harness.writeRules(MASKED);
  const masked = await measure(await harness.agent());
  const shown = (times: readonly number[] = []): string =>
    `${times[Math.floor(times.length / 2)]?.toFixed(1).padStart(8)} ${times.at(-1)?.toFixed(1).padStart(8)}`;
  console.log(
    `${''.padEnd(18)}${['direct', 'allow all', 'masks'].map((way) => way.padStart(17)).join('  ')}`,
  );
  for (const name of Object.keys(WORK))
    console.log(
      `${name.padEnd(18)}${[direct, open, masked].map((times) => shown(times.get(name))).join('  ')}`,
    );
} finally {
  await harness.stop();
}
