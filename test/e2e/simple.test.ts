/** The simple protocol where something is refused, held or masked; the rest is in `chunking.test.ts`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SECRET, startHarness, type Harness } from './harness.ts';
import {
  bind,
  codesIn,
  execute,
  flush,
  parse,
  query,
  rowsIn,
  shape,
  status,
  sync,
  text,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

let harness: Harness;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

const DENIED = 'drop database shop';

test('a refusal while idle: one error, and ready, idle', async () => {
  const client = await raw();
  const answer = await client.query(DENIED);
  assert.equal(shape(answer), 'EZ');
  assert.deepEqual(codesIn(answer), ['42501']);
  assert.equal(status(answer), 'I');
});

test('a refusal in a transaction fails it, as any failing statement does', async () => {
  const client = await raw();
  assert.equal(status(await client.query('begin')), 'T');
  await client.query("insert into orders values (8001, 1, 1, 'x')");
  const answer = await client.query(DENIED);
  assert.equal(shape(answer), 'EZ');
  assert.equal(status(answer), 'E');
  assert.deepEqual(codesIn(await client.query('select 1')), ['25P02']);
  const committed = await client.query('commit');
  assert.ok(text(committed).includes('ROLLBACK'));
  assert.deepEqual(rowsIn(await client.query('select count(*) from orders where id = 8001')), [['0']]);
});

test('a refusal in a failed transaction says that it failed before', async () => {
  const client = await raw();
  await client.query('begin');
  await client.query('select 1/0');
  const answer = await client.query(DENIED);
  assert.equal(shape(answer), 'EZ');
  assert.equal(status(answer), 'E');
  assert.equal(status(await client.query('rollback')), 'I');
});

test('one refused statement refuses the whole message, and nothing of it runs', async () => {
  const client = await raw();
  const answer = await client.query(`insert into orders values (8002, 1, 1, 'x'); ${DENIED}; select 1`);
  assert.equal(shape(answer), 'EZ');
  assert.deepEqual(rowsIn(await client.query('select count(*) from orders where id = 8002')), [['0']]);
});

test('a refused Query rolls an open pipeline back', async () => {
  const client = await raw();
  const insert = parse("insert into orders values (8003, 1, 1, 'x')");
  client.send(insert, bind(), execute(), query(DENIED), sync());
  const first = await client.until('Z');
  assert.equal(shape(first), '12CEZ');
  assert.equal(status(first), 'I');
  assert.equal(shape(await client.until('Z')), 'Z');
  assert.deepEqual(rowsIn(await client.query('select count(*) from orders where id = 8003')), [['0']]);
});

test('a Query refused behind a Parse that did nothing', async () => {
  const client = await raw();
  client.send(parse('select 1', 'kept'), query(DENIED), sync());
  assert.equal(shape(await client.until('Z')), '1EZ');
  assert.equal(shape(await client.until('Z')), 'Z');
  assert.equal(shape(await client.ask(bind({ statement: 'kept' }), execute(), sync())), '2DCZ');
});

test('several statements, masked and clean in turn, in one message', async () => {
  const client = await raw();
  const answer = await client.query(
    'select name from customers where id = 1; select ssn from customers where id = 1; select note from orders where id = 1',
  );
  assert.equal(shape(answer), 'TDCTDCTDCZ');
  assert.deepEqual(rowsIn(answer), [['name 1'], ['****'], ['note 1']]);
});

test('an error in the middle of masked statements tells nothing', async () => {
  const client = await raw();
  const answer = await client.query('select 1; select 1 / (id - 1), ssn from customers; select 2');
  assert.ok(!text(answer).includes(SECRET));
  assert.equal(shape(answer).at(-2), 'E');
});

test('a constraint that fails at the commit keeps its code', async () => {
  const admin = await harness.direct();
  await admin.query(`create table parents (id int primary key);
    create table children (id int references parents deferrable initially deferred)`);
  const client = await raw();
  const answer = await client.query('insert into children values (1)');
  assert.deepEqual(
    codesIn(answer).map((c) => c.slice(0, 2)),
    ['23'],
  );
});

test('a changed setting is told of', async () => {
  const client = await raw();
  assert.equal(shape(await client.query("set application_name = 'renamed'")), 'CSZ');
  const extended = await client.ask(parse("set application_name = 'again'"), bind(), execute(), sync());
  assert.equal(shape(extended), '12CSZ');
});

test('a setting that code filled with a masked value is not told of, in either protocol', async () => {
  const admin = await harness.direct();
  await admin.query(`create function rename_me() returns int language plpgsql as
    $$ begin perform set_config('application_name', (select ssn from customers limit 1), false); return 1; end $$`);
  const client = await raw();
  const simple = await client.query('select rename_me()');
  assert.equal(shape(simple).at(-1), 'Z');
  assert.ok(!text(simple).includes(SECRET));
  const extended = await client.ask(parse('select rename_me()'), bind(), execute(), sync());
  assert.ok(!text(extended).includes(SECRET));
  const flushed = [...(await client.ask(parse('select rename_me()'), bind(), execute(), flush(), sync()))];
  assert.ok(!text(flushed).includes(SECRET));
});

test('pinned settings stay, by every road', async () => {
  for (const sql of [
    "set client_encoding = 'LATIN1'",
    "set names 'latin1'",
    'set standard_conforming_strings = off',
    "select set_config('client_encoding', 'LATIN1', false)",
    'begin; set local standard_conforming_strings = off',
  ]) {
    const client = await raw();
    assert.deepEqual(codesIn(await client.query(sql)), ['42501'], sql);
    assert.deepEqual(rowsIn(await client.query('show client_encoding; show standard_conforming_strings')), [
      ['UTF8'],
      ['on'],
    ]);
  }
});

test('a pinned setting changed from inside ends the session, with the reason', async () => {
  const admin = await harness.direct();
  await admin.query(`create function unpin() returns int language plpgsql as
    $$ begin perform set_config('client_encoding', 'LATIN1', false); return 1; end $$`);
  const client = await raw();
  client.send(query('select unpin()'));
  const answer = await client.ended();
  assert.deepEqual(codesIn(answer).at(-1), '42501');
});
