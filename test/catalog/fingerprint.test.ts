/**
 * What is read again after a change is enough: whatever DDL ran, a reading that keeps what cannot differ is the
 * reading that keeps nothing.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, type EmbeddedPostgres } from '../../fixtures/postgres/embedded.ts';
import { loadSnapshot } from '../../src/catalog/load.ts';
import type { Snapshot } from '../../src/catalog/snapshot.ts';

const DDL: readonly string[] = [
  'create table a (id int primary key, name text, secret text)',
  'create table b (id int references a on delete cascade, made int generated always as (id * 2) stored)',
  'create table c () inherits (a)',
  'create table d (like a) partition by range (id)',
  'create table d1 partition of d for values from (1) to (9)',
  'create view v as select id, upper(name) as name from a',
  'create view w as select * from v',
  'alter table a rename column name to called',
  'alter table a rename to aa',
  'alter view v rename to vv',
  'create materialized view m as select count(*) as n from aa',
  'create function f(int) returns int language sql as $$ select $1 + 1 $$',
  'create function g(aa) returns text language sql begin atomic select ($1).called; end',
  'alter table aa rename to a3',
  'alter function f(int) rename to f2',
  'create or replace function f2(int) returns int language sql as $$ select $1 + 2 $$',
  'create function t() returns trigger language plpgsql as $$ begin return new; end $$',
  'create trigger tr before insert on b for each row execute function t()',
  'alter table b add check (f2(id) > 0)',
  'create policy p on b using (f2(id) > 1)',
  'create rule r as on delete to b do instead nothing',
  'create domain pos as int check (value > 0)',
  'alter domain pos add constraint small check (f2(value) < 9)',
  'create domain row_of as a3',
  'create table holds (one a3, many a3[], more row_of)',
  "create type mood as enum ('sad')",
  'create type pair as (x int, y a3)',
  'create table pairs (p pair)',
  'create function to_mood(a3) returns mood language sql as $$ select null::mood $$',
  'create cast (a3 as mood) with function to_mood(a3)',
  'alter type mood rename to feeling',
  'alter table a3 rename to a4',
  'create operator ### (leftarg = int, rightarg = int, function = int4pl)',
  'create function add3(int, int) returns int language sql as $$ select 1 $$',
  'create operator #### (leftarg = int, rightarg = int, function = add3)',
  'create aggregate total(int) (sfunc = add3, stype = int, initcond = 0)',
  'create type span as range (subtype = int)',
  'create index i on b (f2(made))',
  'alter table b alter column id set default f2(1)',
  'create schema s; alter table b set schema s',
  'alter schema s rename to s2',
  'alter table d detach partition d1',
  'alter table c no inherit a4',
  'truncate a4 cascade',
  'vacuum full pg_class',
  'analyze',
  'create temp table here (id int)',
  'drop cast (a4 as feeling)',
  'drop function to_mood(a4)',
  'drop rule r on s2.b; drop policy p on s2.b; drop trigger tr on s2.b',
  'drop view vv cascade',
  'drop table a4 cascade',
  'drop domain pos; drop type feeling',
];

let server: EmbeddedPostgres;
let reader: pg.Client;
let writer: pg.Client;
before(async () => {
  server = await startPostgres({});
  [reader, writer] = [new pg.Client(server.url()), new pg.Client(server.url())];
  await Promise.all([reader.connect(), writer.connect()]);
});
after(async () => {
  await Promise.all([reader.end(), writer.end()]);
  await server.stop();
});

const content = (snapshot: Snapshot): Snapshot => ({ ...snapshot, version: 0 });

test('after any DDL, reading what may differ is reading everything', async () => {
  let kept = await loadSnapshot(reader, 'postgres', null);
  for (const sql of DDL) {
    await writer.query(sql);
    kept = await loadSnapshot(reader, 'postgres', kept);
    assert.deepEqual(content(kept), content(await loadSnapshot(reader, 'postgres', null)), sql);
  }
});

test('what changes nothing gives the same snapshot, and what changes something another', async () => {
  const first = await loadSnapshot(reader, 'postgres', null);
  await writer.query('create table passing (id int); drop table passing');
  await writer.query('vacuum full pg_catalog.pg_type');
  assert.equal(await loadSnapshot(reader, 'postgres', first), first);
  await writer.query('create table staying (id int)');
  const second = await loadSnapshot(reader, 'postgres', first);
  assert.equal(second.version, first.version + 1);
  await writer.query('drop table staying; create table staying (id int)');
  assert.notEqual(await loadSnapshot(reader, 'postgres', second), second);
});
