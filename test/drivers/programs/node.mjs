/** node-postgres with pg-cursor, pg-query-stream and pg-copy-streams; postgres.js; Drizzle. Packages come from POSTERN_NODE_MODULES. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const require = createRequire(join(process.env.POSTERN_NODE_MODULES, 'x.js'));
const masked = process.env.MODE === 'masked';
const e = process.env;
const ssl = e.PGSSLMODE === 'require' ? { rejectUnauthorized: false } : false;
const base = {
  host: e.PGHOST,
  port: Number(e.PGPORT),
  user: e.PGUSER,
  password: e.PGPASSWORD,
  database: e.PGDATABASE,
};
const say = (label, ...values) => console.log(label, JSON.stringify(values));
const attempt = async (label, action) => {
  try {
    say(label, await action());
  } catch (error) {
    say(label, error.code, masked ? '' : [error.message, error.position]);
  }
};

async function nodePostgres() {
  const pg = require('pg');
  const Cursor = require('pg-cursor');
  const QueryStream = require('pg-query-stream');
  const copy = require('pg-copy-streams');
  const client = new pg.Client({ ...base, ssl });
  await client.connect();
  const rows = async (...query) => (await client.query(...query)).rows;
  if (masked) {
    say('simple', await rows('select id, email from people order by id'));
    say('binary', await rows({ text: 'select email from people order by id', binary: true }));
    for (let i = 0; i < 3; i += 1)
      say('named', await rows({ name: 'n', text: 'select email from people where id = $1', values: [i] }));
    const cursor = client.query(new Cursor('select email from people order by id'));
    say('cursor', await cursor.read(2), await cursor.read(2));
    await cursor.close();
    const out = [];
    for await (const chunk of client.query(copy.to('copy people (email) to stdout'))) out.push(chunk);
    say('copy', Buffer.concat(out).toString());
    await attempt('held', async () => (await client.query('delete from doomed')).rowCount);
    await attempt('denied', async () => (await client.query('delete from doomed_too')).rowCount);
    say('after', await rows('select 1 as one'));
    return client.end();
  }
  say('simple', await rows('select * from things order by id'));
  say(
    'several',
    (await client.query('select 1 as a; select 2 as b')).map((r) => r.rows),
  );
  say(
    'parameters',
    await rows('select $1::int as a, $2::text as b, $3::jsonb as c, $4::int[] as d', [
      1,
      'é',
      { x: 1 },
      [1, null],
    ]),
  );
  for (let i = 0; i < 3; i += 1)
    say('named', await rows({ name: 'n', text: 'select name from things where id = $1', values: [i] }));
  await attempt('zero', () => rows('select 1/$1::int', [0]));
  await attempt('syntax', () => rows('selec 1'));
  await attempt('syntax', () => rows({ name: 'bad', text: 'select nope', values: [] }));
  const queued = await Promise.allSettled([
    rows('select 1 as a'),
    rows('select 1/0'),
    rows('select $1::int as b', [2]),
  ]);
  say(
    'queued',
    queued.map((r) => (r.status === 'fulfilled' ? r.value : r.reason.code)),
  );
  const cursor = client.query(new Cursor('select i from generate_series(1, 25) i'));
  say('cursor', (await cursor.read(10)).length, (await cursor.read(10)).length);
  await cursor.close();
  let seen = 0;
  for await (const row of client.query(
    new QueryStream('select i from generate_series(1, 1000) i', [], { batchSize: 100 }),
  ))
    seen += row.i;
  say('stream', seen);
  await pipeline(Readable.from(['1\tone\n', '2\ttwo\n']), client.query(copy.from('copy scratch from stdin')));
  await attempt('copy fails', () =>
    pipeline(Readable.from(['bad\n']), client.query(copy.from('copy scratch from stdin'))),
  );
  const out = [];
  for await (const chunk of client.query(copy.to('copy (select * from scratch order by 1) to stdout')))
    out.push(chunk);
  say('copy out', Buffer.concat(out).toString());
  await client.query('truncate scratch');
  const heard = new Promise((resolve) => client.once('notification', (n) => resolve([n.channel, n.payload])));
  await client.query("listen news; notify news, 'hello'");
  say('notified', await heard);
  const notices = [];
  client.on('notice', (n) => notices.push(n.message));
  await client.query("do $$ begin raise notice 'hi'; end $$");
  say('notice', notices);
  say('large', (await rows("select repeat('x', 3000000) as x"))[0].x.length);
  await client.end();
  const pool = new pg.Pool({ ...base, ssl, max: 4 });
  say(
    'pool',
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => (await pool.query('select $1::int as i', [i])).rows[0].i),
    ),
  );
  const { drizzle } = require('drizzle-orm/node-postgres');
  const { pgTable, integer, text } = require('drizzle-orm/pg-core');
  const { eq } = require('drizzle-orm');
  const scratch = pgTable('scratch', { a: integer('a'), b: text('b') });
  const db = drizzle(pool);
  await db.insert(scratch).values([
    { a: 1, b: 'x' },
    { a: 2, b: 'y' },
  ]);
  await db.transaction(async (tx) => tx.update(scratch).set({ b: 'z' }).where(eq(scratch.a, 2)));
  say(
    'drizzle',
    await db.select().from(scratch).orderBy(scratch.a),
    (await db.delete(scratch).where(eq(scratch.a, 1)).returning()).length,
  );
  await pool.query('truncate scratch');
  await pool.end();
}

async function postgresJs() {
  const postgres = require('postgres');
  const notices = [];
  const sql = postgres({
    ...base,
    ssl: ssl === false ? false : { rejectUnauthorized: false },
    max: 2,
    onnotice: (n) => notices.push(n.message),
  });
  if (masked) {
    say('rows', await sql`select id, email from people order by id`);
    say('parameter', await sql`select email from people where id < ${9} order by id`);
    await sql`select email from people order by id`.cursor(2, (part) => say('cursor', part));
    await attempt('held', async () => (await sql`delete from doomed`).count);
    await attempt('denied', async () => (await sql`delete from doomed_too`).count);
    say('after', await sql`select 1 as one`);
    return sql.end();
  }
  say('rows', await sql`select * from things order by id`);
  say(
    'parameters',
    await sql`select ${1}::int as a, ${'é'} as b, ${sql.json({ x: 1 })} as c, ${sql.array([1, 2])}::int[] as d`,
  );
  say('pipelined', await Promise.all(Array.from({ length: 30 }, (_, i) => sql`select ${i}::int as i`)));
  await attempt('zero', () => sql`select 1/${0}::int`);
  await attempt('syntax', () => sql`selec 1`);
  await sql`select i from generate_series(1, 25) i`.cursor(10, (part) => say('cursor', part.length));
  for await (const part of sql`select i from generate_series(1, 25) i`.cursor(10)) {
    say('cursor stopped', part.length);
    break;
  }
  let count = 0;
  await sql`select i from generate_series(1, 50) i`.forEach(() => (count += 1));
  say(
    'each',
    count,
    await sql`select 1 as a, 2 as b`.values(),
    (await sql`select id from things`.describe()).columns.length,
  );
  say('simple', await sql`select 1 as a; select 2 as b`.simple());
  await attempt('transaction', () =>
    sql.begin(async (tx) => {
      await tx`insert into scratch values (1, 'x')`;
      await tx.savepoint(async (point) => point`select 1/0`).catch((error) => say('savepoint', error.code));
      return tx`select count(*)::int as n from scratch`;
    }),
  );
  await attempt('pipelined transaction', () =>
    sql.begin((tx) => [tx`select 1 as a`, tx`select 1/0`, tx`select 2`]),
  );
  const write = await sql`copy scratch from stdin`.writable();
  await pipeline(Readable.from(['5\tfive\n']), write);
  const out = [];
  for await (const chunk of await sql`copy (select * from scratch order by 1) to stdout`.readable())
    out.push(chunk);
  say('copy', Buffer.concat(out).toString());
  await sql`truncate scratch`;
  const heard = new Promise((resolve) => void sql.listen('news', resolve));
  await sleep(200);
  await sql.notify('news', 'hello');
  say('notified', await heard);
  const slow = sql`select pg_sleep(20)`.execute();
  setTimeout(() => slow.cancel(), 300);
  await attempt('cancelled', () => slow);
  say(
    'large',
    (await sql`select repeat('x', 3000000) as x`)[0].x.length,
    (await sql`select length(${'y'.repeat(2000000)}) as n`)[0].n,
  );
  await sql.end();
}

await (process.argv[2] === 'postgres.js' ? postgresJs() : nodePostgres());
