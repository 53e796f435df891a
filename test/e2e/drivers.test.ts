/** What agents connect with: node-postgres, postgres.js and psql, used as their manuals say. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import postgres from 'postgres';
import { psqlPath } from '../../fixtures/postgres/embedded.ts';
import { SECRET, startHarness, type Harness } from './harness.ts';

const RULES = `version: 1
masks:
  - name: contact
    columns: [public.customers.email, public.customers.phone]
    with: { partial: { keepLast: 2 } }
  - { name: ssn, columns: ['*.ssn'], with: redact }
defaults: { export: allow, ddl: allow }
`;

let harness: Harness;
before(async () => {
  harness = await startHarness({ rules: RULES });
});
after(() => harness.stop());

function noSecret(value: unknown): void {
  assert.ok(!JSON.stringify(value).toUpperCase().includes(SECRET.toUpperCase()));
}

test('node-postgres: parameters, names, types', async () => {
  const client = await harness.agent();
  const text = 'select id, ssn, age, $2::jsonb as j, now() as t from customers where id = $1';
  for (const name of [undefined, 'by id', 'by id']) {
    const query =
      name === undefined ? { text, values: [3, { a: 1 }] } : { name, text, values: [3, { a: 1 }] };
    const { rows } = await client.query(query);
    assert.equal(rows[0].id, 3);
    assert.equal(rows[0].ssn, '****');
    noSecret(rows);
  }
  const binary = await client.query({
    text: 'select id, ssn from customers where id = 1',
    binary: true,
  } as pg.QueryConfig);
  noSecret(binary.rows);
});

test('node-postgres: several statements, errors, transactions', async () => {
  const client = await harness.agent();
  const results = (await client.query(
    'select 1 as a; select ssn from customers where id = 1',
  )) as unknown as pg.QueryResult[];
  assert.deepEqual(
    results.map((r) => r.rows),
    [[{ a: 1 }], [{ ssn: '****' }]],
  );
  await assert.rejects(client.query('select nothing from customers'), { code: '42703' });
  await client.query('begin');
  await assert.rejects(client.query('select 1/0 where $1 = 1', [1]), { code: '22012' });
  await assert.rejects(client.query('select 1'), { code: '25P02' });
  await client.query('rollback');
  await assert.rejects(client.query("insert into customers values (1, 'taken')"), { code: '23505' });
});

test('node-postgres: rows in portions', async () => {
  const client = await harness.agent();
  const query = new pg.Query({
    text: 'select id, email from customers order by id',
    rows: 10,
  } as pg.QueryConfig);
  let seen = 0;
  query.on('row', (row) => {
    seen += 1;
    noSecret(row);
  });
  await new Promise((resolve, reject) => {
    query.on('end', resolve);
    query.on('error', reject);
    client.query(query);
  });
  assert.equal(seen, 200);
});

test('node-postgres: a pool under load', async () => {
  const pool = new pg.Pool({ connectionString: harness.agentUrl, max: 8 });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      i % 2 === 0
        ? pool.query('select id, ssn from customers where id = $1', [1 + (i % 200)])
        : pool.query(`select id, note as ssn from orders where id = ${1 + i}`),
    ),
  );
  for (const [i, { rows }] of answers.entries()) {
    assert.equal(rows[0].id, 1 + (i % 200));
    assert.equal(rows[0].ssn, i % 2 === 0 ? '****' : `note ${1 + i}`);
  }
  await pool.end();
});

for (const prepare of [true, false]) {
  test(`postgres.js: prepare ${prepare}`, async () => {
    const sql = postgres(harness.agentUrl, { prepare, max: 2, onnotice: () => undefined });
    try {
      const [row] = await sql`select id, ssn, name from customers where id = ${5}`;
      assert.deepEqual({ ...row }, { id: 5, ssn: '****', name: 'name 5' });
      const many = await Promise.all(
        Array.from({ length: 60 }, (_, i) => sql`select id, email from customers where id = ${1 + i}`),
      );
      assert.deepEqual(
        many.map((rows) => rows[0]?.['id']),
        Array.from({ length: 60 }, (_, i) => 1 + i),
      );
      noSecret(many);
      let seen = 0;
      await sql`select id, ssn from customers order by id`.cursor(30, (rows) => {
        seen += rows.length;
        noSecret(rows);
      });
      assert.equal(seen, 200);
      await sql.begin(async (inside) => {
        await inside`insert into orders values (${6000 + Number(prepare)}, 1, 1, 'in a transaction')`;
        await inside.savepoint(async (point) => {
          await point`select 1`;
        });
      });
      await assert.rejects(async () => await sql`select 1/0`, { code: '22012' });
      assert.equal((await sql.unsafe('select 1 as a; select 2 as b')).length, 2);
    } finally {
      await sql.end({ timeout: 2 });
    }
  });
}

test('postgres.js: COPY both ways, describe, listen', async () => {
  const sql = postgres(harness.agentUrl, { max: 1, onnotice: () => undefined });
  try {
    const out = await sql`copy customers (id, ssn) to stdout`.readable();
    let text = '';
    for await (const chunk of out) text += String(chunk);
    assert.equal(text.split('\n')[0], '1\t****');
    noSecret(text);
    await sql`create table loaded_by_driver (id int, t text)`;
    const into = await sql`copy loaded_by_driver from stdin`.writable();
    for (let i = 0; i < 1_000; i += 1) into.write(`${i}\tline ${i}\n`);
    await new Promise<void>((resolve, reject) => {
      into.on('error', reject);
      into.end(() => resolve());
    });
    assert.equal((await sql`select count(*)::int as n from loaded_by_driver`)[0]?.['n'], 1_000);
    const described = await sql`select id, ssn from customers`.describe();
    assert.deepEqual(
      described.columns.map((c) => c.name),
      ['id', 'ssn'],
    );
  } finally {
    await sql.end({ timeout: 2 });
  }
});

async function psql(script: string, ...more: readonly string[]): Promise<string> {
  const path = psqlPath();
  assert.ok(path !== null);
  const file = join(harness.folder, `script-${Math.random()}.sql`);
  await writeFile(file, script);
  const { stdout, stderr } = await promisify(execFile)(path, [
    '-X',
    '-q',
    ...more,
    '-f',
    file,
    harness.agentUrl,
  ]);
  return stdout + stderr;
}

const skip = psqlPath() === null;

test('psql: describing, \\gdesc, \\gset, \\bind-like prepared statements', { skip }, async () => {
  const output = await psql(
    [
      '\\d customers',
      '\\dt',
      '\\df',
      '\\dn',
      '\\du',
      '\\dv+',
      '\\d+ staff',
      'select id, upper(ssn) as s from customers limit 1 \\gdesc',
      'select id as one from orders order by id limit 1 \\gset',
      'select :one + 41 as answer;',
      'prepare by_id(int) as select ssn from customers where id = $1;',
      'execute by_id(4);',
    ].join('\n'),
  );
  assert.ok(!/ERROR/.test(output), output);
  assert.match(output, /42/);
  noSecret(output);
});

test('psql: \\copy both ways, and rollback on error', { skip }, async () => {
  const file = join(harness.folder, 'copied.csv');
  const output = await psql(
    [
      `\\copy (select id, ssn from customers order by id) to '${file}' csv`,
      'create temp table back (id int, ssn text);',
      `\\copy back from '${file}' csv`,
      'select count(*) as rows_back from back;',
      '\\set ON_ERROR_ROLLBACK on',
      'begin;',
      'select 1/0;',
      "select 'still here' as said;",
      'commit;',
      '\\set FETCH_COUNT 50',
      'select id, email from customers order by id;',
    ].join('\n'),
  );
  assert.match(output, /200/);
  assert.match(output, /still here/);
  assert.match(output, /\(200 rows\)/);
  noSecret(output);
  assert.match(await readFile(file, 'utf8'), /^1,\*\*\*\*\n/);
});

test('psql: several statements of which one fails', { skip }, async () => {
  const path = psqlPath();
  assert.ok(path !== null);
  const run = promisify(execFile)(path, ['-XAtc', 'select 1; select 1/0; select 3', harness.agentUrl]);
  await assert.rejects(run, (error: { stdout: string; stderr: string }) => {
    assert.equal(error.stdout.trim(), '1');
    assert.match(error.stderr, /division by zero/);
    return true;
  });
});
