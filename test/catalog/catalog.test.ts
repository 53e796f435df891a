import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Catalog } from '../../src/catalog/catalog.ts';
import { loadSnapshot } from '../../src/catalog/load.ts';
import { resolve } from '../../src/catalog/snapshot.ts';
import type { CatalogRelation, Snapshot } from '../../src/catalog/snapshot.ts';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import type { EmbeddedPostgres } from '../../fixtures/postgres/embedded.ts';

const SCHEMA = `
  create schema app;
  create table app.people (id int primary key, gone text, ssn text, full_name text,
    initials text generated always as (left(full_name, 1) || left(ssn, 1)) stored);
  alter table app.people drop column gone;
  create table app.staff (badge text) inherits (app.people);
  create table app.events (at date, note text) partition by range (at);
  create table app.events_2024 partition of app.events for values from ('2024-01-01') to ('2025-01-01');
  create view app.names as select id, full_name from app.people;
  create view app.nested as select (select count(*) from app.events), n.* from app.names n;
  create materialized view app.stored as select ssn from app.people;
  create view app.statistics as select stanumbers1 from pg_catalog.pg_statistic;
  create function app.get_ssn(i int) returns text language sql as 'select ssn from app.people where id = i';
  create view app.calls as select app.get_ssn(1) as s;
  create view app.calls_again as select * from app.calls;
  create function app.note() returns trigger language plpgsql as 'begin raise notice ''x''; return new; end';
  create trigger note before insert on app.events_2024 for each row execute function app.note();
  create function app.same(a text, b text) returns boolean language sql immutable as 'select a = b';
  create operator app.=== (leftarg = text, rightarg = text, function = app.same);
  create view app.operator_view as select 'a' operator(app.===) 'b' as s;
  create domain app.positive as int check (value > 0);
  create type app.mood as enum ('good', 'bad');
  create function app.to_mood(t int) returns app.mood language sql as $$ select 'good'::app.mood $$;
  create cast (int as app.mood) with function app.to_mood(int);
  create table public.people (id int);
  create table app.dept (id int primary key);
  create table app.member (dept_id int references app.dept on delete set null, plain_id int references app.dept);
  create function app.member_told() returns trigger language plpgsql as 'begin return old; end';
  create trigger told after update on app.member for each row execute function app.member_told();
  create table app.unrelated (dept_id int references app.dept on delete restrict);
  create domain app.person as app.people;
  create type app.pair as (one app.people, two int);
  create table app.holds (id int, direct app.people, many app.people[], domained app.person, paired app.pair, text text);
  create function app.total(app.dept) returns int language sql as 'select 1';
  create function app.any_total(anyelement, text default '') returns int language sql as 'select 1';
  create function app.two(app.dept, int) returns int language sql as 'select 1';
  create function public.upper(t int) returns int language sql as 'select 1';
`;

describe('the catalog of a real database', () => {
  let server: EmbeddedPostgres;
  let admin: pg.Client;
  let snapshot: Snapshot;
  const config = (): pg.ClientConfig => ({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
  });
  const quiet = { info: () => undefined, warn: () => undefined };
  const openCatalog = (pollMs: number): Promise<Catalog> =>
    Catalog.open({ connect: config, database: 'postgres', log: quiet, pollMs });

  before(async () => {
    server = await startPostgres();
    admin = new pg.Client({ ...config(), database: 'postgres' });
    admin.on('error', () => undefined);
    await admin.connect();
    await admin.query(SCHEMA);
    snapshot = await loadSnapshot(admin, 'postgres', null);
  });

  after(async () => {
    await admin.end().catch(() => undefined);
    await server.stop();
  });

  function one(schema: string, name: string): CatalogRelation {
    const found = resolve(snapshot, { schema, name });
    assert.equal(found.length, 1, `${schema}.${name}`);
    return found[0]!;
  }

  it('knows tables, their columns and kinds, system relations too', () => {
    const people = one('app', 'people');
    assert.equal(people.kind, 'table');
    assert.deepEqual(
      people.columns.map((c) => [c.attnum, c.name, c.typeOid]),
      [
        [1, 'id', 23],
        [3, 'ssn', 25],
        [4, 'full_name', 25],
        [5, 'initials', 25],
      ],
    );
    assert.deepEqual(people.columns.at(-1)?.generatedFrom, [3, 4]);
    assert.equal(people.columns[1]?.generatedFrom, null);
    assert.equal(one('app', 'events').kind, 'partitioned-table');
    assert.equal(one('app', 'stored').kind, 'materialized-view');
    assert.equal(one('pg_catalog', 'pg_stats').kind, 'view');
    assert.equal(resolve(snapshot, { schema: null, name: 'people' }).length, 2);
    assert.equal(snapshot.version, 1);
  });

  it('follows inheritance, partitions and what views read', () => {
    assert.deepEqual(one('app', 'staff').parents, [one('app', 'people').oid]);
    assert.deepEqual(one('app', 'events_2024').parents, [one('app', 'events').oid]);
    assert.deepEqual(one('app', 'names').reads, [one('app', 'people').oid]);
    assert.deepEqual(
      new Set(one('app', 'nested').reads),
      new Set([one('app', 'names').oid, one('app', 'events').oid]),
    );
    assert.deepEqual(one('app', 'stored').reads, [one('app', 'people').oid]);
  });

  it('has the definitions of views, qualified whatever the search_path', () => {
    assert.match(one('app', 'names').definition ?? '', /FROM app\.people;$/);
    assert.match(one('app', 'stored').definition ?? '', /FROM app\.people;$/);
    assert.match(one('app', 'statistics').definition ?? '', /FROM pg_statistic;$/);
    assert.equal(one('app', 'people').definition, null);
    assert.equal(one('pg_catalog', 'pg_stats').definition, null);
  });

  it('sees through to pinned relations, which pg_depend leaves out', () => {
    assert.deepEqual(one('app', 'statistics').reads, [one('pg_catalog', 'pg_statistic').oid]);
    assert.ok(one('pg_catalog', 'pg_stats').reads.includes(one('pg_catalog', 'pg_statistic').oid));
  });

  it('has a TOAST relation read its table', () => {
    const toast = [...snapshot.relations.values()].filter((r) => r.kind === 'toast');
    assert.ok(toast.some((r) => r.reads.includes(one('app', 'people').oid)));
  });

  it('knows where unseen user code runs', () => {
    assert.deepEqual(one('app', 'calls').userCode, { onRead: true, onWrite: false });
    assert.equal(one('app', 'calls_again').userCode?.onRead, true);
    assert.equal(one('app', 'operator_view').userCode?.onRead, true);
    assert.equal(one('app', 'events_2024').userCode?.onWrite, true);
    assert.deepEqual(one('app', 'events').userCode, { onRead: false, onWrite: true });
    assert.deepEqual(one('app', 'names').userCode, { onRead: false, onWrite: false });
    assert.deepEqual(one('pg_catalog', 'pg_stats').userCode, { onRead: false, onWrite: false });
  });

  it('tells PostgreSQL’s functions, operators and types from people’s', () => {
    assert.ok(snapshot.userFunctions.has('get_ssn'));
    assert.ok(!snapshot.builtinFunctions.has('get_ssn'));
    assert.ok(snapshot.builtinFunctions.has('upper') && snapshot.userFunctions.has('upper'));
    assert.ok(!snapshot.userFunctions.has('lower'));
    assert.deepEqual([...snapshot.userOperators], ['===']);
    assert.ok(snapshot.userTypes.has('positive') && snapshot.userTypes.has('mood'));
    assert.ok(!snapshot.userTypes.has('text') && !snapshot.userTypes.has('cardinal_number'));
  });

  it('gives the same snapshot until something changes', async () => {
    assert.equal(await loadSnapshot(admin, 'postgres', snapshot), snapshot);
    await admin.query('alter table app.people rename column full_name to called');
    const changed = await loadSnapshot(admin, 'postgres', snapshot);
    assert.equal(changed.version, 2);
    await admin.query('alter table app.people rename column called to full_name');
    assert.equal((await loadSnapshot(admin, 'postgres', changed)).version, 3);
  });

  it('shares readings, but never one begun before the call', async () => {
    const catalog = await openCatalog(0);
    assert.equal(catalog.failing, false);
    const first = catalog.refresh();
    await admin.query('create table app.late (id int)');
    const second = catalog.refresh();
    assert.equal(catalog.refresh(), second);
    await first;
    assert.equal(resolve(await second, { schema: 'app', name: 'late' }).length, 1);
    await catalog.close();
  });

  it('polls, tells listeners, and reconnects', async () => {
    const catalog = await openCatalog(20);
    const versions: number[] = [];
    catalog.onChange((changed) => versions.push(changed.version));
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'postern control'`,
    );
    await admin.query('create table app.polled (id int)');
    const giveUp = Date.now() + 5000;
    while (catalog.snapshot.byName.get('polled') === undefined && Date.now() < giveUp) await sleep(10);
    assert.equal(resolve(catalog.snapshot, { schema: 'app', name: 'polled' }).length, 1);
    assert.deepEqual(versions, [2]);
    await catalog.close();
  });

  it('knows what foreign keys change, and the code that runs there', () => {
    const named = (name: string): CatalogRelation | undefined =>
      resolve(snapshot, { schema: 'app', name })[0];
    const oid = named('member')?.oid;
    assert.deepEqual(named('dept')?.cascades, [oid], 'RESTRICT and NO ACTION change nothing');
    assert.deepEqual(named('dept')?.userCode, { onRead: false, onWrite: true });
    assert.deepEqual(named('member')?.cascades, []);
  });

  it('knows columns that hold rows, through arrays, domains and types', () => {
    const named = (name: string): CatalogRelation | undefined =>
      resolve(snapshot, { schema: 'app', name })[0];
    const people = named('people')?.oid ?? 0;
    const holding = named('holds')?.columns.filter((column) => column.rowsOf?.includes(people) === true);
    assert.deepEqual(
      holding?.map((column) => column.name),
      ['direct', 'many', 'domained', 'paired'],
    );
  });

  it('knows functions that can be written like a column', () => {
    const names = [...(snapshot.rowFunctions ?? [])].filter((name) => /total|two|get_ssn/.test(name));
    assert.deepEqual(names.toSorted(), ['any_total', 'total']);
  });

  it('has one named connection, and none after it is closed', async () => {
    const count = async (): Promise<number> =>
      (await admin.query(`select 1 from pg_stat_activity where application_name = 'postern control'`))
        .rowCount ?? -1;
    const catalog = await openCatalog(0);
    await Promise.all([catalog.refresh(), catalog.refresh(), catalog.refresh()]);
    assert.equal(await count(), 1);
    await catalog.close();
    const giveUp = Date.now() + 5000;
    while ((await count()) > 0 && Date.now() < giveUp) await sleep(10);
    assert.equal(await count(), 0);
    await assert.rejects(catalog.refresh(), { code: 'upstream-unavailable' });
  });

  it('is empty while nothing could be read, and keeps the last reading after', async () => {
    let password = 'wrong';
    const catalog = await Catalog.open({
      connect: () => ({ ...config(), password }),
      database: 'postgres',
      log: quiet,
      pollMs: 0,
    });
    assert.equal(catalog.failing, true);
    assert.equal(catalog.snapshot.version, 0);
    assert.equal(catalog.snapshot.relations.size, 0);
    await assert.rejects(catalog.refresh(), { code: 'upstream-unavailable' });
    password = server.password;
    await catalog.refresh();
    const known = catalog.snapshot;
    assert.ok(known.relations.size > 0);
    password = 'wrong';
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'postern control'`,
    );
    await assert.rejects(catalog.refresh(), { code: 'upstream-unavailable' });
    assert.equal(catalog.snapshot, known);
    assert.equal(catalog.failing, true);
    await catalog.close();
  });
});
