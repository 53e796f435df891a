/**
 * DDL where nothing is masked: it costs no reading of the catalog, and what follows it is as the database gives
 * it. What the built-in masks cover stays masked all the same, and other agents' masks hold.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { makeVerifier } from '../../src/wire/scram.ts';
import { SECRET, startHarness, type Harness } from './harness.ts';

const ALLOW = `defaults: { ddl: allow, code: allow, privilege: allow, export: allow, laundering: allow,
  influence: allow, unknown: allow, destructive: allow }
`;
const OPEN = `version: 1\n${ALLOW}`;
/** Nothing is masked for `seer`; all of it is for `bot`. */
const SEEN_BY_ONE = `version: 1
masks: [{ name: ssn, columns: ['*.ssn'], with: redact, visibleTo: { agents: [seer] } }]
${ALLOW}`;
const PASSWORD = 'md5zqxPASSWORD';

let harness: Harness;
let direct: pg.Client;
let seer: string;
before(async () => {
  harness = await startHarness({ rules: OPEN });
  direct = await harness.direct();
  await direct.query(`create role planted; update pg_authid set rolpassword = '${PASSWORD}' where rolname = 'planted';
    create view slow_to_read as select 1 as one`);
  seer = randomBytes(12).toString('base64url');
  const verifier = await makeVerifier(seer, { salt: randomBytes(16) });
  await harness.postern.agents.add(
    { name: 'seer', owner: 'olga', groups: [], databases: ['*'], login: 'default', verifier },
    'test',
  );
});
after(() => harness.stop());

const asSeer = (): Promise<pg.Client> =>
  harness.agent({ connectionString: harness.agentUrl.replace(/bot:[^@]*/, `seer:${seer}`) });

const catalogReadings = async (): Promise<number> =>
  (await harness.statementLog()).split('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY').length - 1;

test('DDL waits for no reading of the catalog, not even one that cannot be made', async () => {
  const client = await harness.agent();
  await direct.query('begin; lock table slow_to_read in access exclusive mode');
  try {
    const earlier = await catalogReadings();
    const startedAt = performance.now();
    for (let i = 0; i < 20; i += 1) {
      await client.query(`create table t${i} (i int); create view v${i} as select i + 1 as j from t${i}`);
      await client.query(`insert into t${i} values (${i})`);
      assert.deepEqual((await client.query(`select max(j) * 2 as x from v${i}`)).rows, [{ x: i * 2 + 2 }]);
    }
    const elapsed = performance.now() - startedAt;
    assert.ok(elapsed < 4_000, `${elapsed} ms`); // one reading would wait a second for the lock
    assert.ok((await catalogReadings()) - earlier <= 1); // the poll's
  } finally {
    await direct.query('rollback');
  }
});

test('in a transaction with DDL, values, notices and errors are the database’s own', async () => {
  const client = await harness.agent();
  const notices: (string | undefined)[] = [];
  client.on('notice', (notice) => notices.push(notice.message));
  await client.query('begin; create table inside (a int); insert into inside values (1), (2)');
  assert.deepEqual((await client.query('select sum(a)::int as s, $1::text as p from inside', ['x'])).rows, [
    { s: 3, p: 'x' },
  ]);
  const telling = `create function tell() returns int language plpgsql as
    $$ begin raise notice 'told %', (select sum(a) from inside); return 7; end $$`;
  await client.query(telling);
  assert.deepEqual((await client.query('select tell() + 1 as x')).rows, [{ x: 8 }]);
  assert.deepEqual(notices, ['told 3']);
  const both = (await client.query(
    'create table also (a int); select 1 + 1 as two',
  )) as unknown as pg.QueryResult[];
  assert.deepEqual(both[1]?.rows, [{ two: 2 }]);
  await assert.rejects(client.query('select a / 0 from inside'), /division by zero/);
  await client.query('rollback');
});

test('cursors that code opened are fetched from as they are', async () => {
  const client = await harness.agent();
  await client.query(`create function opened(refcursor) returns refcursor language plpgsql as
    $$ begin open $1 for select 6 * 7 as answer; return $1; end $$`);
  await client.query('begin');
  await client.query("select opened('c')");
  assert.deepEqual((await client.query('fetch all from c')).rows, [{ answer: 42 }]);
  await client.query('commit');
});

test('a view over what built-in masks cover is masked from its first row on', async () => {
  const client = await harness.agent();
  const secrets = async (sql: string): Promise<void> => {
    const { rows } = await client.query(sql);
    assert.ok(rows.length > 0 && !JSON.stringify(rows).includes(PASSWORD), sql);
  };
  const where = "where rolname = 'planted'";
  await client.query('begin');
  await client.query('create view first as select rolname, rolpassword as p from pg_authid');
  await secrets(`select p from first ${where}`);
  await secrets(`select p || '!' as p from first ${where}`);
  await client.query('commit');
  await secrets(`select p from first ${where}`);
  // Not even moved about, so that its name is one that nobody has read.
  await client.query('create schema moved; alter view first set schema moved');
  await client.query('alter schema moved rename to again');
  await client.query('create view second as select rolname, p || $$$$ as q from again.first');
  await secrets(`select q from second ${where}`);
  await client.query('alter view second rename to third');
  await client.query('create view fourth as select * from third; create view fifth as table fourth');
  await secrets(`select q from fifth ${where}`);
  await secrets(`select upper(q) as q from fifth ${where}`);
  const other = await harness.agent();
  await client.query(
    'begin; create view sixth as select rolname, rolpassword as r from pg_catalog.pg_authid',
  );
  await client.query('commit');
  const { rows } = await other.query(`select r from sixth ${where}`);
  assert.ok(rows.length === 1 && !JSON.stringify(rows).includes(PASSWORD));
});

test('what nobody has read is read once more while others change what masks may be about, and comes as it is', async () => {
  const [one, other] = [await harness.agent(), await harness.agent()];
  const notices: (string | undefined)[] = [];
  one.on('notice', (notice) => notices.push(notice.message));
  await one.query('create table unread (a int check (a < 10)); create temp table unread_too (b text)');
  // Under way when the answers come: for all that is known, what they name is what it made.
  const running = other.query(
    'begin; create view members as select rolname from pg_authid; commit; select pg_sleep(3)',
  );
  await sleep(200);
  await one.query('insert into unread values (7)');
  assert.deepEqual((await one.query('select a, a + 1 as more from unread')).rows, [{ a: 7, more: 8 }]);
  await one.query("insert into unread_too values ('x')");
  assert.deepEqual((await one.query('select b from unread_too where b = $1', ['x'])).rows, [{ b: 'x' }]);
  await one.query('create table if not exists unread (a int)');
  await assert.rejects(one.query('insert into unread values (70)'), { detail: 'Failing row contains (70).' });
  assert.deepEqual(notices, ['relation "unread" already exists, skipping']);
  await running;
});

test('a view comes as it is while others change what masks may be about, for it waits until they are done', async () => {
  const [one, other] = [await harness.agent(), await harness.agent()];
  await one.query('create table behind (a int); insert into behind values (7)');
  await one.query('create view computing as select a, a + 1 as more from behind');
  assert.deepEqual((await one.query('select * from computing')).rows, [{ a: 7, more: 8 }]);
  const changing = other.query(
    'begin; create view role_names as select rolname from pg_authid; commit; select pg_sleep(0.5)',
  );
  await sleep(100);
  assert.deepEqual((await one.query('select * from computing')).rows, [{ a: 7, more: 8 }]);
  await changing;
  // What is left open for longer is waited for once, and not by every statement.
  await other.query('begin; create view more_names as select rolname from pg_authid');
  const long = other.query('select pg_sleep(4)');
  const from = performance.now();
  for (let i = 0; i < 10; i += 1) await one.query('select * from computing');
  assert.ok(performance.now() - from < 3000);
  await long;
  await other.query('rollback');
});

test('what turns out to be a view over what built-in masks cover is masked by that', async () => {
  const [one, other] = [await harness.agent(), await harness.agent()];
  const made =
    other.query(`begin; create view made_now as select rolname, rolpassword as p from pg_authid; commit;
    select pg_sleep(2)`);
  await sleep(500);
  for (const column of ['p', "p || '!' as p"]) {
    const { rows } = await one.query(`select ${column} from made_now where rolname = 'planted'`);
    assert.ok(rows.length === 1 && !JSON.stringify(rows).includes(PASSWORD), JSON.stringify(rows));
  }
  await made;
});

test('DDL of an agent that sees all is doubted by those that do not, and rules that come in between count', async () => {
  const bot = await harness.agent();
  const free = await asSeer();
  await free.query('create view people as select id, name as x from customers');
  await bot.query('select x from people limit 1');
  await harness.writeRules(SEEN_BY_ONE);
  try {
    const shows = async (client: pg.Client): Promise<boolean> =>
      JSON.stringify((await client.query('select x from people order by id limit 1')).rows).includes(SECRET);
    await free.query('create or replace view people as select id, upper(ssn) as x from customers');
    assert.equal(await shows(bot), false);
    await free.query(
      'begin; drop view people; create view people as select id, lower(ssn) as x from customers',
    );
    const blocked = shows(bot);
    await free.query('commit');
    assert.equal(await blocked, false);
    assert.equal(await shows(bot), false);
  } finally {
    await harness.writeRules(OPEN);
  }
  await bot.query('begin; create view mine as select id, upper(ssn) as x from customers');
  await harness.writeRules(SEEN_BY_ONE);
  const { rows } = await bot.query('select x from mine order by id limit 1');
  assert.ok(!JSON.stringify(rows).toLowerCase().includes(SECRET.toLowerCase()));
  await bot.query('rollback');
  await harness.writeRules(OPEN);
});

test('under masks, a new table leaves what reads other tables as it is', async () => {
  await harness.writeRules(SEEN_BY_ONE);
  try {
    const bot = await harness.agent();
    await bot.query('begin; create table brand_new (a int)');
    await bot.query('create index on brand_new (a)');
    assert.deepEqual((await bot.query('select count(*)::int as n from customers')).rows, [{ n: 200 }]);
    assert.deepEqual((await bot.query('select upper(name) as x from customers where id = $1', [1])).rows, [
      { x: 'NAME 1' },
    ]);
    assert.deepEqual((await bot.query('select count(*)::int as n from brand_new')).rows, [{ n: null }]);
    const { rows } = await bot.query('select upper(ssn) as x, ssn from customers limit 1');
    assert.ok(!JSON.stringify(rows).includes(SECRET));
    await bot.query('commit');
    assert.deepEqual((await bot.query('select count(*)::int as n from brand_new')).rows, [{ n: 0 }]);
    await bot.query('begin; alter table brand_new rename to other_name');
    assert.deepEqual((await bot.query('select count(*)::int as n from customers')).rows, [{ n: null }]);
    await bot.query('rollback');
  } finally {
    await harness.writeRules(OPEN);
  }
});

for (const copying of ['create temp table copied as select', 'select']) {
  test(`under masks, a table that is filled as it is made leaves others as they are: ${copying}`, async () => {
    await harness.writeRules(SEEN_BY_ONE);
    const into = copying === 'select' ? 'into temp copied' : '';
    const bot = await harness.agent();
    const count = async (from: string): Promise<unknown> =>
      (await bot.query<{ n: number | null }>(`select count(*)::int as n from ${from}`)).rows[0]?.n;
    try {
      await bot.query(`begin; ${copying} id, name, ssn as note ${into} from customers`);
      assert.equal(await count('customers'), 200);
      assert.equal(await count('copied'), null);
      const { rows } = await bot.query('select note, upper(note) as x, copied from copied limit 1');
      assert.ok(!/SECRET/i.test(JSON.stringify(rows)));
      await bot.query('rollback');
      await bot.query(
        `begin; ${copying} 1 as id ${into.replace('copied', 'staff')}`.replace('copied', 'staff'),
      );
      assert.equal(await count('orders'), null, 'a name that was known stands for something else');
      await bot.query('rollback; prepare given as select id from orders');
      await bot.query('begin; create temp table copied as execute given');
      assert.equal(await count('orders'), null, 'what a prepared statement does is not seen');
      await bot.query('rollback');
    } finally {
      await bot.end();
      await harness.writeRules(OPEN);
    }
  });
}

test('code that runs behind a new table does not change what is vouched for', async () => {
  await direct.query(`create view calm as select id, upper(name) as x from customers;
    create function behind() returns event_trigger language plpgsql as $$ begin
      create or replace view calm as select id, upper(ssn) as x from customers; end $$;
    create event trigger behind on ddl_command_end when tag in ('CREATE TABLE', 'CREATE TABLE AS') execute function behind()`);
  await harness.writeRules(SEEN_BY_ONE);
  try {
    const bot = await harness.agent();
    const shown = async (): Promise<string> =>
      JSON.stringify((await bot.query('select x from calm order by id limit 1')).rows);
    assert.ok((await shown()).includes('NAME'));
    await bot.query('begin; create table with_code (a int)');
    assert.ok(!(await shown()).includes(SECRET.toUpperCase()));
    await bot.query('commit');
    assert.ok(!(await shown()).includes(SECRET.toUpperCase()));
    await direct.query('create or replace view calm as select id, upper(name) as x from customers');
    await bot.query('begin; create table filled_with_code as select 1 as a');
    assert.ok(!(await shown()).includes(SECRET.toUpperCase()));
    await bot.query('commit');
    assert.ok(!(await shown()).includes(SECRET.toUpperCase()));
    await direct.query('create or replace view calm as select id, upper(name) as x from customers');
    await bot.query('create table with_more_code (a int)');
    assert.ok(!(await shown()).includes(SECRET.toUpperCase()));
  } finally {
    await direct.query('drop event trigger behind');
    await harness.writeRules(OPEN);
  }
});
