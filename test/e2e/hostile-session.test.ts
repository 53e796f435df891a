/**
 * Clients that try to confuse Postern's idea of the session with the server's: names that mean something
 * else than Postern thinks, frames cut where the state changes, batches that hide one statement behind
 * another. Each of these once got a masked value or an unjudged statement through.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SECRET, startHarness, type Harness } from './harness.ts';
import {
  bind,
  close,
  codesIn,
  describe,
  execute,
  flush,
  frame,
  parse,
  query,
  rowsIn,
  shape,
  sync,
  text,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

let harness: Harness;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness();
  const admin = await harness.direct();
  await admin.query('create table loads (line text)');
  await admin.query('create table deferred_parent (id int primary key)');
  await admin.query(
    'create table deferred_child (id int references deferred_parent deferrable initially deferred)',
  );
  await sleep(50);
});
after(() => harness.stop());

/** Computed, so only the reading of the statement tells that it must be masked. */
const SECRETS = 'select upper(ssn) as s from customers order by id limit 3';

function assertNoSecret(received: string): void {
  assert.ok(!received.toUpperCase().includes(SECRET.toUpperCase()), 'a masked value came through');
}

test('COPY data cut open where COPY begins does not carry a statement past the gate', async () => {
  const client = await raw();
  const hidden = query('drop table loads /* smuggled */');
  // One CopyData by its length, whose second half is sent once COPY has begun.
  const body = Buffer.concat([Buffer.from('a line\n'), hidden, hidden]);
  const whole = frame('d', body);
  const cut = whole.length - 2 * hidden.length;
  client.send(query('copy loads from stdin'), whole.subarray(0, cut));
  await client.until('G');
  client.send(whole.subarray(cut), frame('c', ''));
  const answer = await client.until('Z');
  assert.equal(shape(answer).at(-1), 'Z');
  await sleep(100);
  const log = await harness.statementLog();
  assert.ok(!/statement: drop table loads/.test(log), 'the server ran a statement nobody judged');
});

test('COPY data cut open where COPY ends does not desynchronise the two legs', async () => {
  const client = await raw();
  const bad = frame('d', 'a\tline\twith\ttoo\tmany\tcolumns\n');
  const rest = Buffer.alloc(100, 0x20);
  const late = frame('d', rest);
  client.send(query('copy loads from stdin'));
  await client.until('G');
  client.send(bad, late.subarray(0, 20));
  client.send(Buffer.alloc(0));
  await sleep(100);
  client.send(late.subarray(20), frame('c', ''));
  const answer = await client.until('Z');
  assert.equal(shape(answer), 'EZ');
  assert.deepEqual(rowsIn(await client.query('select 41 + 1')), [['42']]);
});

test('COPY data sent ahead of the answer is not lost', async () => {
  const client = await raw();
  const answer = await client.ask(
    query('copy loads from stdin'),
    frame('d', 'ahead 1\nahead 2\n'),
    frame('c', ''),
  );
  assert.equal(shape(answer), 'GCZ');
  assert.deepEqual(rowsIn(await client.query("select count(*) from loads where line like 'ahead%'")), [
    ['2'],
  ]);
});

test('a stale cursor name does not lend its harmless meaning to a portal', async () => {
  const client = await raw();
  await client.query('begin');
  await client.query('declare c cursor for select 1');
  await client.query('commit');
  await client.query('begin');
  await client.ask(parse(SECRETS), bind({ portal: 'c' }), sync());
  assertNoSecret(text(await client.query('fetch 3 from c')));
});

test('a portal that ended inside a batch does not lend its meaning to a cursor', async () => {
  const client = await raw();
  await client.query('begin');
  client.send(
    parse('select 1::text', 'harmless'),
    bind({ statement: 'harmless', portal: 'c' }),
    parse('commit', 'commit'),
    bind({ statement: 'commit' }),
    execute(),
    parse('begin', 'begin'),
    bind({ statement: 'begin' }),
    execute(),
    parse(`declare c cursor for ${SECRETS}`, 'declare'),
    bind({ statement: 'declare' }),
    execute(),
    execute('c'),
    sync(),
  );
  const answer = await client.until('Z');
  assertNoSecret(text(answer));
  assertNoSecret(text(await client.query('fetch 3 from c')));
});

test('a failed message does not undo the names that its statements made before the failure', async () => {
  const client = await raw();
  await client.query('prepare a as select 1::text');
  const failed = await client.query(`deallocate a; prepare a as ${SECRETS}; select 1/0`);
  assert.equal(shape(failed).at(-2), 'E');
  assertNoSecret(text(await client.query('execute a')));
  assertNoSecret(text(await client.ask(bind({ statement: 'a' }), execute(), sync())));
});

test('nor when the failure comes after the last statement, at the commit', async () => {
  const client = await raw();
  await client.query('prepare a as select 1::text');
  await client.query(`insert into deferred_child values (1); deallocate a; prepare a as ${SECRETS}`);
  assertNoSecret(text(await client.query('execute a')));
});

test('the Bind of a held statement does not go ahead behind another execution', async () => {
  const client = await raw();
  const held = 'truncate orders /* withheld bind */';
  client.send(
    parse(held, 'held'),
    bind({ statement: 'held', portal: 'h', values: [] }),
    parse('select 7', 'fine'),
    bind({ statement: 'fine' }),
    execute(),
    sync(),
  );
  const request = await harness.nextRequest();
  await harness.decide(request.id, 'deny', 'no');
  const answer = await client.until('Z');
  assert.deepEqual(codesIn(answer), ['42501']);
});

test('a pipeline that fails before a held statement leaves the session usable', async () => {
  const client = await raw();
  client.send(
    parse('select 1/0'),
    bind(),
    execute(),
    parse('truncate orders', 'held'),
    bind({ statement: 'held' }),
    execute(),
    sync(),
  );
  const answer = await client.until('Z');
  assert.deepEqual(codesIn(answer), ['22012']);
  assert.deepEqual(rowsIn(await client.query('select 42')), [['42']]);
  client.send(parse('select 1/0'), bind(), execute(), flush());
  await client.until('E');
  client.send(
    parse('truncate orders', 'held'),
    bind({ statement: 'held' }),
    execute(),
    query('select 5'),
    sync(),
  );
  assert.equal(shape(await client.until('Z')), 'Z');
  assert.deepEqual(rowsIn(await client.query('select 42')), [['42']]);
});

test('a held Query behind a pipeline that fails is ignored, as the server ignores it', async () => {
  const client = await raw();
  client.send(parse('select 1/0'), bind(), execute(), query('truncate orders'), sync());
  const answer = await client.until('Z');
  assert.deepEqual(codesIn(answer), ['22012']);
  assert.deepEqual(rowsIn(await client.query('select 42')), [['42']]);
});

test('too many names leave the names before them as they were', async () => {
  const client = await raw();
  await client.query(`prepare a as ${SECRETS}`);
  for (let from = 0; from < 9_998; from += 1_000) {
    const count = Math.min(1_000, 9_998 - from);
    const names = Array.from({ length: count }, (_, i) => close('S', `x${from + i}`));
    const made = Array.from({ length: count }, (_, i) => parse('select 1', `n${from + i}`));
    await client.ask(...names, ...made, sync());
  }
  const refused = await client.query(
    'deallocate a; prepare a as select 1::text; prepare b as select 1; prepare c as select 1; prepare d as select 1',
  );
  assert.deepEqual(codesIn(refused), ['54000']);
  assertNoSecret(text(await client.query('execute a')));
});

test('describing what nobody prepared is an answer that says so', async () => {
  const client = await raw();
  assert.deepEqual(codesIn(await client.ask(describe('S', 'nothing'), sync())), ['26000']);
  assert.deepEqual(codesIn(await client.ask(describe('P', 'nothing'), sync())), ['34000']);
});

test('a name pipelined across batches is never judged by what a failing message would have made of it', async () => {
  const client = await raw();
  await client.ask(parse(SECRETS, 'a'), sync());
  // Parse fails, for the name is taken; the second batch runs what it meant before.
  client.send(parse('select 1::text', 'a'), sync(), bind({ statement: 'a' }), execute(), sync());
  const [first, second] = [await client.until('Z'), await client.until('Z')];
  assert.deepEqual(codesIn(first), ['42P05']);
  assertNoSecret(text(second));
  client.send(query('prepare a as select 1::text'), query('execute a'));
  await client.until('Z');
  assertNoSecret(text(await client.until('Z')));
});

test('nor an unnamed statement whose Parse was skipped', async () => {
  const client = await raw();
  await client.ask(parse(SECRETS), sync());
  client.send(
    bind({ statement: 'absent-upstream', portal: 'x' }),
    parse('select 1::text'),
    sync(),
    bind(),
    execute(),
    sync(),
  );
  await client.until('Z');
  assertNoSecret(text(await client.until('Z')));
});

test('nor a name that a rolled-back pipeline seemed to have replaced', async () => {
  const client = await raw();
  await client.query(`prepare a as ${SECRETS}`);
  client.send(
    query('begin'),
    query('select 1/0'),
    query('deallocate a'),
    query('prepare a as select 1::text'),
    query('rollback'),
    query('execute a'),
  );
  const answers = await client.until('Z', 6);
  assert.equal(shape(answers).replaceAll(/[^Z]/g, ''), 'ZZZZZZ');
  assertNoSecret(text(answers));
});

test('code that opens a cursor under a known name does not inherit its harmless meaning', async () => {
  const admin = await harness.direct();
  await admin.query(`create or replace function reopen(c refcursor) returns int language plpgsql as
    $$ begin close c; open c for select upper(ssn) from customers order by id; return 1; end $$`);
  const client = await raw();
  await client.query('begin');
  await client.query('declare c cursor for select 1::text');
  await client.query("select reopen('c')");
  assertNoSecret(text(await client.query('fetch 3 from c')));
  assertNoSecret(text(await client.ask(execute('c'), sync())));
});

test('a notification carries no text of others, nor of a trigger that had masked values at hand', async () => {
  const admin = await harness.direct();
  await admin.query(`create function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('news', (select ssn from customers limit 1)); return new; end $$;
    create table told (id int); create trigger tells after insert on told for each row execute function tell()`);
  const client = await raw();
  await client.query('listen news');
  await admin.query('insert into told values (1)');
  await client.wait(() => client.messages.some((m) => m.type === 'A'));
  const answers = [
    ...(await client.query('insert into told values (2)')),
    ...(await client.query("notify news, 'mine'")),
  ];
  assertNoSecret(text(answers));
  const seen = answers.filter((m) => m.type === 'A').map((m) => m.bytes.subarray(9).toString());
  assert.ok(seen.includes('news\0mine\0'), JSON.stringify(seen));
  assert.ok(seen.includes('news\0\0'));
});
