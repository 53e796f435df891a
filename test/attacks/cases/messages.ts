/** Classes 14, 15, 17, 19, 20: errors, notices, statistics, parsers, names that move. */
import { cases, since, type Attack } from '../case.ts';

const ERRORS = cases(14, {
  cast: 'select ssn::int from customers',
  'cast in a predicate': 'select 1 from customers where ssn::int = 1',
  'cast of an aggregate': "select (select string_agg(ssn, '') from customers)::date",
  'check that prints the row': 'update staff set salary = -1 where id = 2',
  'not null that prints the row': 'update customers set name = null where id = 71',
  'unique violation': 'update indexed set ssn = (select ssn from indexed where id = 2) where id = 1',
  'unique violation by arbiter': 'insert into indexed select 99, ssn from indexed where id = 3',
  'regular expression': "select 'a' ~ ('(' || ssn) from customers",
  json: 'select ssn::json from customers',
  xml: "select ('<' || ssn)::xml from customers",
  'raised by a function': 'select burst()',
  'raised with a code': 'select burst_code()',
  'raised in a clean transaction': ['begin', 'select burst()', 'commit'],
  to_date: "select to_date(ssn, 'YYYY') from customers",
  setting: "select set_config('work_mem', ssn, true) from customers",
  file: 'select pg_read_file(ssn) from customers',
  regclass: 'select ssn::regclass from customers',
  timezone: 'select now() at time zone ssn from customers',
  array: 'select ssn::int[] from customers',
  'deferred unique, at commit': [
    'begin',
    'update deferred set ssn = (select ssn from deferred where id = 2) where id = 1',
    'commit',
  ],
  'ON UPDATE CASCADE into a check': 'update dept set id = 5000 where id = 41',
  'ON DELETE SET NULL into NOT NULL': 'delete from dept where id = 42',
  'cascade in a transaction': ['begin', 'update dept set id = 5001 where id = 43', 'commit'],
  'cascade in a CTE': 'with x as (delete from dept where id = 44 returning 1) select * from x',
  'cascade by MERGE': since(
    15,
    'merge into dept d using (values (45)) v(i) on d.id = v.i when matched then delete',
  ),
  'cascade by upsert':
    "insert into dept (id, title) values (46, 'x') on conflict (id) do update set id = 5002",
  "a child's check, by its parent": "update plain_parent set note = repeat('x', 60) where id = 150",
  'generated column': 'update gen set ssn = ssn || (1 / (id - id)) where id = 3',
  'division by a letter': 'select 1 / (ascii(ssn) - ascii(ssn)) from customers',
  'exclusion of sub-query rows': 'select (select ssn from customers)',
  convert_from: "select convert_from(ssn::bytea || '\\xff', 'UTF8') from customers",
  inet: 'select ssn::inet from customers',
  uuid: 'select ssn::uuid from customers limit 1',
  tsquery: "select to_tsquery('simple', ssn || ' &') from customers",
  domain: 'select 5::checked, ssn::checked from customers',
  'wrong parameter': 'select $1::int from customers where ssn = $2',
});

const NOTICES = cases(15, {
  'raised by a function': 'select bark()',
  'raised by a trigger': 'update staff set salary = 5 where id = 3',
  'raised by a trigger, many rows': 'update staff set salary = 6 where id in (4, 5)',
  'raised by a trigger behind a cascade': 'delete from club where id = 41',
  'raised by a trigger behind a cascade, in a transaction': [
    'begin',
    'delete from club where id = 42',
    'commit',
  ],
  'raised behind a CTE': 'with x as (delete from club where id = 43 returning 1) select * from x',
  'raised by an operator': 'select id ~~~~ ssn from customers limit 3',
  'raised by a domain': 'select array(select id::checked from orders limit 3)',
  'raised in a prepared statement': ['prepare p as select bark()', 'execute p'],
  'raised while a cursor moves': ['begin', 'declare c cursor for select bark()', 'fetch c', 'move c'],
  'second of several statements': 'select 1; select bark(); select 2',
  'first of several statements': 'select bark(); select 1',
  'log lines': ['set client_min_messages = log', 'select bark()'],
  'debug lines': ["set client_min_messages to 'debug5'", 'select ssn from customers limit 1'],
  'query trees': [
    'set debug_print_plan = on',
    'set client_min_messages = log',
    'select ssn from customers limit 1',
  ],
  'default of a column': ["insert into defaulted (id) values (1) returning note || ''"],
  'rule that shows rows': "insert into ruled values (1, 'x')",
  'rule that shows rows, prepared': ["prepare p as insert into ruled values (2, 'x')", 'execute p'],
});

const STATISTICS = cases(17, {
  pg_stats: "select most_common_vals, histogram_bounds from pg_stats where tablename = 'customers'",
  'pg_stats computed':
    "select most_common_vals::text || histogram_bounds::text from pg_stats where attname = 'ssn'",
  'pg_stats renamed':
    'with x(a, b, c, d, e, f, g, h, i, j, k, l) as (select * from pg_stats) select j::text from x',
  'pg_stats as rows': 'select to_json(s) from pg_stats s',
  pg_statistic: 'select stavalues1::text, stavalues2::text from pg_statistic',
  'pg_statistic rows': 'select s::text from pg_statistic s',
  'pg_statistic by array_to_json': 'select row_to_json(s) from pg_catalog.pg_statistic s',
  pg_stat_activity: ['select query from pg_stat_activity'],
  pg_stat_get_activity: 'select * from pg_stat_get_activity(null)',
  pg_toast: 'do $$ begin end $$',
  'password hashes': 'select rolpassword from pg_authid',
  passwords: 'select passwd || 1 from pg_shadow',
  'missing values': 'select attmissingval from pg_attribute where attmissingval is not null',
  'missing values computed': 'select attmissingval::text from pg_attribute where attmissingval is not null',
  'missing values of a row': 'select to_json(a) from pg_attribute a where attmissingval is not null',
  'missing values by *': 'select * from pg_attribute where attmissingval is not null',
  'large objects': 'select data from pg_largeobject',
  pg_prepared_statements: [
    'prepare q as select ssn from customers',
    'select statement from pg_prepared_statements',
  ],
  pg_mcv_list_items: 'select * from pg_statistic_ext_data d, pg_mcv_list_items(d.stxdmcv)',
});

const PARSERS = cases(19, {
  'strings off': ['set standard_conforming_strings = off', "select 'a\\' , ssn from customers --'"],
  'strings off by set_config': [
    "select set_config('standard_conforming_strings', 'off', false)",
    "select 'a\\' , ssn from customers --'",
  ],
  encoding: ["set client_encoding = 'SJIS'", 'select reverse(ssn) from customers limit 1'],
  'encoding by SET NAMES': ["set names 'BIG5'", 'select reverse(ssn) from customers limit 1'],
  'nested comments': 'select /* /* */ 1 -- */ reverse(ssn) from customers limit 2',
  'dollar quotes': 'select $a$ $$ from orders $a$, reverse(ssn) from customers limit 2',
  'several statements': 'select 1; select reverse(ssn) from customers limit 2; select 2',
  'empty statements between': ';;select reverse(ssn) from customers limit 2;;',
  'in a transaction': 'begin; select reverse(ssn) from customers limit 2; commit',
  'long identifiers': `select ${'x'.repeat(80)}.v from (select reverse(ssn) v from customers) ${'x'.repeat(63)} limit 2`,
  'unicode escape': "select U&\"!0073sn\" UESCAPE '!' || '' from customers limit 2",
  'E strings': "select E'\\'' || reverse(ssn) from customers limit 2",
  'deeply nested': `select ${'('.repeat(3000)}reverse(ssn)${')'.repeat(3000)} from customers limit 1`,
  'many terms': `select reverse(ssn)${" || ''".repeat(4000)} from customers limit 1`,
  'too long': `select reverse(ssn) /* ${'x'.repeat(1_100_000)} */ from customers limit 1`,
  'vertical tab': since(17, 'select\vreverse(ssn)\ffrom customers limit 1'),
  'syntax of another version': 'select reverse(ssn) from customers limit 1 fetch first 1 row only',
  'psql meta-command': '\\copy customers to stdout',
  'quoted name of a star': 'select "ssn"||$1 from customers limit 1',
});

/** Afterwards `name` is what `ssn` was. */
const SWAP = `alter table customers rename column name to aside; alter table customers rename column ssn to name;
  alter table customers rename column aside to ssn`;

const MOVING = cases(20, {
  search_path: ['set search_path = other, public', 'select reverse(ssn) from public.customers limit 2'],
  'search_path after PREPARE': [
    'set search_path = other',
    'prepare p as select * from customers',
    'set search_path = public',
    'execute p',
  ],
  'search_path by function': [
    "select set_config('search_path', 'public', false)",
    'select customers::text from customers limit 2',
  ],
  'temporary table of that name': [
    'create temp table orders as select ssn as note from customers',
    'select note from orders limit 3',
  ],
  rename: [
    'begin',
    'alter table customers rename column ssn to harmless',
    'select harmless || 1 from customers limit 2',
    'rollback',
  ],
  'rename of the table': [
    'begin',
    'alter table customers rename to harmless',
    'select ssn || 1 from harmless limit 2',
    'rollback',
  ],
  'columns that swap names under a text that was answered': [
    'select id, name from customers order by id limit 2',
    'begin',
    SWAP,
    'select id, name from customers order by id limit 2',
    'rollback',
  ],
  'columns that swap names under a prepared statement': [
    'prepare p as select id, name from customers order by id limit 2',
    'execute p',
    'begin',
    SWAP,
    'execute p',
    'rollback',
  ],
  'columns that swap names under a COPY that was answered': [
    'copy customers (id, name) to stdout',
    'begin',
    SWAP,
    'copy customers (id, name) to stdout',
    'rollback',
  ],
  'database-qualified': 'select reverse(ssn) from shop.public.customers limit 2',
  role: ['set role pg_read_all_data', 'select reverse(ssn) from customers limit 2'],
});

export const MESSAGES: readonly Attack[] = [...ERRORS, ...NOTICES, ...STATISTICS, ...PARSERS, ...MOVING];
