/**
 * Clients that change what names mean while Postern looks elsewhere: by another session, behind a cursor that
 * outlives its transaction, inside a prepared transaction, in the middle of a message. Rows must be masked by
 * what the server read, not by what the name means since.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { RULES, SECRET, startHarness, type Harness } from './harness.ts';
import {
  bind,
  codesIn,
  copyIn,
  describe,
  execute,
  parse,
  query,
  rowsIn,
  shape,
  sync,
  text,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

const OPEN = RULES.replace('when: { action: export }', 'when: { action: export, command: select into }');
const DEFAULTS =
  'defaults: { ddl: allow, export: allow, code: allow, laundering: allow, unknown: allow, influence: allow }\n';

let harness: Harness;
let admin: pg.Client;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness({ rules: `${OPEN}${DEFAULTS}` });
  admin = await harness.direct();
  await admin.query(`create or replace function reopen_held(c text) returns int language plpgsql as $$
    begin execute 'close ' || c; execute 'declare ' || c || ' cursor with hold for select upper(ssn) from customers order by id';
    return 1; end $$;
    create or replace function open_held(c text) returns int language plpgsql as $$
    begin execute 'declare ' || c || ' cursor with hold for select upper(ssn) from customers order by id';
    return 1; end $$;
    create or replace function prepare_again(a text) returns int language plpgsql as $$
    begin execute 'deallocate ' || a; execute 'prepare ' || a || ' as select upper(ssn) from customers order by id';
    return 1; end $$;
    create or replace function prepare_new(a text) returns int language plpgsql as $$
    begin execute 'prepare ' || a || ' as select upper(ssn) from customers order by id'; return 1; end $$;
    create or replace function run(sql text) returns int language plpgsql as $$ begin execute sql; return 1; end $$`);
});
after(() => harness.stop());
beforeEach(async () => {
  await admin.query('drop view if exists v; create view v as select id, upper(name) as x from customers');
  await admin.query(
    'create or replace function f(int) returns text language sql stable as $$ select name from customers where id = $1 $$',
  );
  // A session of its own reads the catalog again because of its own DDL.
  const client = await raw();
  await client.query('create table if not exists nothing (id int)');
  await client.query('select 1');
  await client.query('create or replace view news as select now()');
  await client.query('select x from v limit 1');
});

const HARMLESS_VIEW = 'create or replace view v as select id, upper(name) as x from customers';
const SECRET_VIEW = 'create or replace view v as select id, upper(ssn) as x from customers';
const READ = 'select x from v order by id limit 3';
const COMPUTED = "select x || '!' as y from v order by id limit 3";

function assertNoSecret(received: string): void {
  assert.ok(!received.toUpperCase().includes(SECRET.toUpperCase()), 'a masked value came through');
}

for (const [name, read] of [
  ['attributed', READ],
  ['computed', COMPUTED],
] as const) {
  test(`another session replaces a view, ${name}`, async () => {
    const [a, b] = [await raw(), await raw()];
    assert.match(text(await b.query(read)), /NAME 1/);
    await a.query(SECRET_VIEW);
    assertNoSecret(text(await b.query(read)));
  });

  test(`another session replaces a view in the middle of a long message, ${name}`, async () => {
    const [a, b] = [await raw(), await raw()];
    a.send(query(`begin; ${SECRET_VIEW}; commit; select pg_sleep(1)`));
    await sleep(300);
    assertNoSecret(text(await b.query(read)));
    // What reads base tables only is as it was.
    assert.deepEqual(rowsIn(await b.query('select count(*) from orders')), [['500']]);
  });

  test(`another session replaces a view and reads no answer, ${name}`, async () => {
    const [a, b] = [await raw(), await raw()];
    a.socket.pause();
    a.send(
      query(
        `select repeat('x', 1000000); select repeat('x', 200000); begin; ${SECRET_VIEW}; commit; select pg_sleep(1)`,
      ),
    );
    await sleep(300);
    assertNoSecret(text(await b.query(read)));
  });

  test(`a pipelined execution waits while another session replaces the view, ${name}`, async () => {
    const [a, b] = [await raw(), await raw()];
    await b.ask(parse(read, 'p'), bind({ statement: 'p' }), execute(), sync());
    b.send(
      parse('select pg_sleep(0.5)'),
      bind(),
      execute(),
      sync(),
      bind({ statement: 'p' }),
      execute(),
      sync(),
    );
    await sleep(100);
    await a.query(SECRET_VIEW);
    await a.query('select 1');
    await b.until('Z');
    assertNoSecret(text(await b.until('Z')));
    b.send(query('select pg_sleep(0.5)'), query(read));
  });

  test(`a pipelined query waits while another session replaces the view, ${name}`, async () => {
    const [a, b] = [await raw(), await raw()];
    b.send(query('select pg_sleep(0.5)'), query(read));
    await sleep(100);
    await a.query(SECRET_VIEW);
    await a.query('select 1');
    await b.until('Z');
    assertNoSecret(text(await b.until('Z')));
  });

  test(`a held cursor outlives the view it read, ${name}`, async () => {
    const a = await raw();
    await a.query(SECRET_VIEW);
    await a.query(`declare c cursor with hold for ${read}`);
    assertNoSecret(text(await a.query('fetch 1 from c')));
    await a.query(HARMLESS_VIEW);
    assert.match(text(await a.query(read)), /NAME 1/);
    assertNoSecret(text(await a.query('fetch 1 from c')));
    assertNoSecret(text(await a.ask(execute('c', 1), sync())));
    assertNoSecret(text(await a.ask(describe('P', 'c'), execute('c', 1), sync())));
  });

  test(`a prepared transaction replaces a view when it is committed, ${name}`, async () => {
    const a = await raw();
    await a.query('begin');
    await a.query(SECRET_VIEW);
    await a.query("prepare transaction 'later'");
    await a.query('select 1');
    const b = await raw();
    assert.match(text(await b.query('select 7')), /7/);
    await a.query("commit prepared 'later'");
    assertNoSecret(text(await a.query(read)));
    assertNoSecret(text(await b.query(read)));
  });

  test(`DDL and the reading of it in one message, ${name}`, async () => {
    const a = await raw();
    assertNoSecret(text(await a.query(`${SECRET_VIEW}; ${read}`)));
  });

  test(`DDL in a transaction, in a pipeline, ${name}`, async () => {
    const a = await raw();
    a.send(parse(SECRET_VIEW), bind(), execute(), parse(read), bind(), describe('P'), execute(), sync());
    assertNoSecret(text(await a.until('Z')));
  });

  test(`DDL by a DO block, ${name}`, async () => {
    const a = await raw();
    await a.query('begin');
    await a.query(`do $$ begin ${SECRET_VIEW}; end $$`);
    assertNoSecret(text(await a.query(read)));
    await a.query('commit');
    assertNoSecret(text(await a.query(read)));
  });

  test(`a temporary view before the real one, ${name}`, async () => {
    const a = await raw();
    await a.query('create temp view v as select id, upper(ssn) as x from customers');
    assertNoSecret(text(await a.query(read)));
    assertNoSecret(text(await a.query(`copy (${read}) to stdout`)));
  });
}

test('a suspended portal outlives the function it called', async () => {
  const [a, b] = [await raw(), await raw()];
  await a.query(
    'create or replace function f(int) returns text language sql stable as $$ select ssn from customers where id = $1 $$',
  );
  await a.query('begin');
  assertNoSecret(
    text(
      await a.ask(
        parse("select f(id) || '' as x from orders order by id"),
        bind({ portal: 'p' }),
        execute('p', 1),
        sync(),
      ),
    ),
  );
  await b.query(
    'create or replace function f(int) returns text language sql stable as $$ select name from customers where id = $1 $$',
  );
  await b.query('select 1');
  assertNoSecret(text(await a.ask(execute('p', 1), sync())));
});

test('COPY of a view that another session replaces', async () => {
  const [a, b] = [await raw(), await raw()];
  await a.query(SECRET_VIEW);
  assertNoSecret(copyIn(await b.query(`copy (${COMPUTED}) to stdout`)).toString());
  assertNoSecret(copyIn(await b.query(`copy (${READ}) to stdout`)).toString());
});

test('code reopens a held cursor under a known name', async () => {
  const a = await raw();
  await a.query('declare c cursor with hold for select 1::text');
  await a.query("select reopen_held('c')");
  assertNoSecret(text(await a.query('fetch 2 from c')));
  assertNoSecret(text(await a.ask(execute('c', 1), sync())));
});

test('code opens a held cursor whose name a failing DECLARE then gives a meaning', async () => {
  const a = await raw();
  await a.query("select open_held('c')");
  await a.query('select 1');
  assert.deepEqual(codesIn(await a.query('declare c cursor with hold for select 1::text')), ['42P03']);
  assertNoSecret(text(await a.query('fetch 2 from c')));
  assertNoSecret(text(await a.ask(execute('c', 1), sync())));
});

test('a description that was skipped does not leave its portal without one', async () => {
  const a = await raw();
  await a.query('begin');
  await a.ask(
    parse('select id, ssn from customers order by id', 's'),
    bind({ statement: 's', portal: 'p' }),
    sync(),
  );
  await a.query('savepoint here');
  a.send(parse('select 1/'), describe('P', 'p'), sync());
  await a.until('Z');
  a.send(parse('select 1/0', 'boom'), bind({ statement: 'boom' }), execute(), describe('P', 'p'), sync());
  await a.until('Z');
  await a.query('rollback to here');
  const answer = await a.ask(execute('p', 2), sync());
  assert.equal(shape(answer), 'DDsZ');
  assert.equal(rowsIn(answer).length, 2);
  assertNoSecret(text(answer));
});

test('code prepares a statement under a known name', async () => {
  const a = await raw();
  await a.query('prepare p as select 1::text');
  await a.query("select prepare_again('p')");
  assertNoSecret(text(await a.query('execute p')));
  await a.ask(parse('select 1::text', 'q'), bind({ statement: 'q' }), execute(), sync());
  await a.query("select prepare_again('q')");
  assertNoSecret(text(await a.ask(bind({ statement: 'q' }), execute(), sync())));
});

test('code prepares a statement whose name a failing PREPARE then gives a meaning', async () => {
  const a = await raw();
  await a.query("select prepare_new('n')");
  assert.deepEqual(codesIn(await a.query('prepare n as select 1::text')), ['42P05']);
  assertNoSecret(text(await a.query('execute n')));
  assertNoSecret(text(await a.ask(bind({ statement: 'n' }), execute(), sync())));
});

test('a function that runs any text replaces a view', async () => {
  const [a, b] = [await raw(), await raw()];
  const replaced = `select run('${SECRET_VIEW}')`;
  await a.query(replaced);
  assertNoSecret(text(await a.query(COMPUTED)));
  assertNoSecret(text(await b.query(COMPUTED)));
  await a.query(HARMLESS_VIEW);
  await a.query('begin');
  await a.query(replaced);
  assertNoSecret(text(await a.query(COMPUTED)));
  await a.query('commit');
  assertNoSecret(text(await b.query(COMPUTED)));
});
