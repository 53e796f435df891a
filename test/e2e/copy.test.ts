/** COPY through Postern: out and masked in every form, held as the export it is; in, as it comes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SECRET, startHarness, type Harness } from './harness.ts';
import {
  bind,
  codesIn,
  copyIn,
  describe,
  execute,
  frame,
  parse,
  query,
  type RawClient,
  rowsIn,
  shape,
  status,
  sync,
  text,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

const RULES = `version: 1
masks:
  - name: contact
    columns: [public.customers.email, public.customers.phone]
    with: { partial: { keepLast: 2 } }
  - { name: ssn, columns: ['*.ssn'], with: redact }
defaults: { export: allow, ddl: allow }
rules:
  - { name: staff leaves by approval only, when: { action: export, relation: public.staff }, then: hold }
`;

let harness: Harness;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness({ rules: RULES });
});
after(() => harness.stop());

const PROTOCOLS = {
  simple: (client: RawClient, sql: string) => client.query(sql),
  extended: (client: RawClient, sql: string) =>
    client.ask(parse(sql), bind(), describe('P'), execute(), sync()),
  'extended, undescribed': (client: RawClient, sql: string) =>
    client.ask(parse(sql), bind(), execute(), sync()),
} as const;

const COPIES = [
  'copy customers to stdout',
  'copy customers (id, ssn) to stdout',
  'copy customers (ssn, email, id) to stdout (format csv, header)',
  'copy customers to stdout (format binary)',
  'copy customers to stdout (format csv, force_quote *)',
  'copy (select ssn from customers) to stdout',
  'copy (select id, upper(ssn) as s, email from customers order by id) to stdout (format csv, header)',
  'copy (select id, ssn from customers) to stdout (format binary)',
  'copy (table customer_contacts) to stdout',
  'copy (with c as (select ssn from customers) select * from c) to stdout with csv',
];

for (const [protocol, ask] of Object.entries(PROTOCOLS)) {
  test(`COPY out is masked: ${protocol}`, async () => {
    const client = await raw();
    for (const sql of COPIES) {
      const answer = await ask(client, sql);
      assert.match(
        shape(answer),
        /Hd+cCZ$/,
        `${sql}: ${shape(answer).slice(0, 20)} ${codesIn(answer).join()}`,
      );
      assert.ok(!text(answer).toUpperCase().includes(SECRET.toUpperCase()), sql);
      assert.ok(copyIn(answer).length > 100, sql);
    }
  });

  test(`COPY out of what is not masked is as the server sends it: ${protocol}`, async () => {
    const client = await raw();
    const answer = await ask(client, 'copy (select id, note from orders order by id limit 2) to stdout');
    assert.equal(copyIn(answer).toString(), '1\tnote 1\n2\tnote 2\n');
    const table = await ask(client, 'copy orders (id) to stdout');
    assert.equal(copyIn(table).toString().split('\n').length, 501);
  });
}

test('the columns beside a mask are as they were, in their places', async () => {
  const client = await raw();
  const answer = await client.query(
    'copy (select id, ssn, name from customers order by id limit 1) to stdout',
  );
  assert.equal(copyIn(answer).toString(), '1\t****\tname 1\n');
});

test('COPY in a message of several statements', async () => {
  const client = await raw();
  const answer = await client.query(
    'select 1; copy customers (id, ssn) to stdout; select ssn from customers limit 1',
  );
  assert.match(shape(answer), /^TDCHd+cCTDCZ$/);
  assert.ok(!text(answer).includes(SECRET));
});

test('COPY in a transaction, and a failing COPY fails it with its own error', async () => {
  const client = await raw();
  await client.query('begin');
  assert.equal(status(await client.query('copy (select ssn from customers) to stdout')), 'T');
  const failed = await client.query('copy (select no_such_column from orders) to stdout');
  assert.equal(shape(failed), 'EZ');
  assert.deepEqual(codesIn(failed), ['42703']);
  assert.equal(status(failed), 'E');
  await client.query('rollback');
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
});

test('the server fails in the middle of COPY out', async () => {
  const client = await raw();
  const sql = 'copy (select id, ssn, 1/(id - 150) from customers order by id) to stdout';
  for (const ask of Object.values(PROTOCOLS)) {
    const answer = await ask(client, sql);
    assert.match(shape(answer), /EZ$/);
    assert.ok(!text(answer).includes(SECRET));
    assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  }
});

test('a large COPY is masked row by row, in its order, up to where the server fails', async () => {
  const client = await raw();
  const made = `select c.id + 200 * g as n, c.ssn, repeat('x', g % 90), c.email from customers c, generate_series(0, 199) g`;
  const lines = Array.from({ length: 40_000 }, (_, i) => {
    const id = 1 + (i % 200);
    const email = `${SECRET}${id}@example.com`;
    const kept = `${'*'.repeat(email.length - 2)}om`;
    return `${i + 1}\t****\t${'x'.repeat(Math.floor(i / 200) % 90)}\t${kept}\n`;
  });
  for (const ask of Object.values(PROTOCOLS)) {
    const answer = await ask(client, `copy (${made} order by n) to stdout`);
    assert.match(shape(answer), /Hd+cCZ$/);
    assert.equal(shape(answer).split('d').length - 1, lines.length);
    assert.ok(copyIn(answer).toString() === lines.join(''), 'the rows are those expected');
    const failed = await ask(
      client,
      `copy (select *, 1 / (n - 30000) from (${made} order by n) m) to stdout`,
    );
    assert.match(shape(failed), /Hd+EZ$/);
    assert.ok(!text(failed).includes(SECRET));
    const rows = copyIn(failed).toString().split('\n').slice(0, -1);
    assert.deepEqual(
      rows.map((row) => row.slice(0, row.lastIndexOf('\t'))),
      lines.slice(0, rows.length).map((line) => line.trimEnd()),
    );
  }
});

test('COPY behind work of the same batch keeps that work uncommitted until it is done', async () => {
  const client = await raw();
  client.send(
    parse("insert into orders values (7001, 1, 1, 'x')"),
    bind(),
    execute(),
    query('copy (select 1/0) to stdout'),
    sync(),
  );
  assert.equal(shape(await client.until('Z')), '12CEZ');
  assert.equal(shape(await client.until('Z')), 'Z');
  assert.deepEqual(rowsIn(await client.query('select count(*) from orders where id = 7001')), [['0']]);
});

test('COPY out that needs approval waits for it, and comes out masked', async () => {
  const client = await raw();
  for (const send of [
    () => client.send(query('copy staff to stdout')),
    () => client.send(parse('copy (select ssn, salary from staff) to stdout'), bind(), execute(), sync()),
  ]) {
    send();
    const request = await harness.nextRequest();
    assert.equal(shape(await client.until('N')).at(-1), 'N');
    await harness.decide(request.id, 'approve');
    const answer = await client.until('Z');
    assert.match(shape(answer), /Hd+cCZ$/);
    assert.ok(!text(answer).includes(SECRET));
  }
});

test('COPY in runs by either protocol, and a refused one swallows its data', async () => {
  const client = await raw();
  await client.query('create temp table loaded (id int, t text)');
  assert.equal(
    shape(await client.ask(query('copy loaded from stdin'), frame('d', '1\ta\n'), frame('c', ''))),
    'GCZ',
  );
  const extended = await client.ask(
    parse('copy loaded from stdin'),
    bind(),
    execute(),
    frame('d', '2\tb\n'),
    frame('c', ''),
    sync(),
  );
  assert.equal(shape(extended), '12GCZ');
  assert.deepEqual(rowsIn(await client.query('select id from loaded order by id')), [['1'], ['2']]);
  client.send(query("copy loaded from '/nowhere'"), frame('d', '3\tc\n'), frame('c', ''));
  const request = await harness.nextRequest();
  await harness.decide(request.id, 'deny', 'no');
  assert.deepEqual(codesIn(await client.until('Z')), ['42501']);
  assert.deepEqual(rowsIn(await client.query('select count(*) from loaded')), [['2']]);
});

test('a line longer than any chunk comes in whole and in order', async () => {
  const client = await raw();
  await client.query('create temp table wide (t text)');
  const line = `${'x'.repeat(3_000_000)}\n`;
  client.send(query('copy wide from stdin'));
  await client.until('G');
  client.send(frame('d', line), frame('c', ''));
  assert.equal(shape(await client.until('Z')), 'CZ');
  assert.deepEqual(rowsIn(await client.query('select length(t) from wide')), [['3000000']]);
});
