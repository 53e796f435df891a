/** Classes 8 to 13: code, SQL in strings, RETURNING, laundering, state, COPY. */
import { cases, since, until, type Attack } from '../case.ts';

const CODE = cases(8, {
  'scalar function': 'select get_ssn(1)',
  'function that fetches from a cursor': [
    'begin',
    'declare leaky cursor for select ssn from customers',
    "select fetch_from('leaky')",
  ],
  'overload that reads': "select tax('1')",
  'overload beside a pure one': "select tax(total), tax('1') from orders limit 2",
  'function that calls one that reads': 'select calls_leak(1)',
  'functions that call each other': 'select round_leak(3), turn_leak(2)',
  'default of an argument': 'select by_default()',
  'resolved body': 'select atomic_leak(1)',
  'handler of an exception': 'select handled(1)',
  'pure function of a masked column': 'select echo(ssn), echo(c) from customers c limit 2',
  'pure function beside its like': 'select echo(name), echo(ssn) from customers limit 2',
  'pure function of a row': 'select card(c), c.card from customers c limit 2',
  'pure function as a relation': 'select e.* from customers c, echo(c.ssn) e limit 2',
  'pure aggregate': 'select kept(ssn) from customers',
  'aggregate with a final function that reads': "select kept_leak('x')",
  'pure operator': "select '' ##& ssn from customers limit 2",
  'operator of a built-in that runs SQL':
    "select to_tsquery('simple', 'a') ##! ('select ''a''::tsquery, ' || quote_literal('x') || '::tsquery') , ts_rewrite('a'::tsquery, 'select ''a''::tsquery, replace(ssn, ''-'', '''')::tsquery from customers where id = 1')",
  'error code of an argument': 'select coded(left(ssn, 5)) from customers limit 1',
  'error text of an argument': 'select checked_text(ssn) from customers limit 1',
  'error text through a sub-query': 'select checked_text((select ssn from customers where id = 1))',
  'function beside a clean table': 'select note, get_ssn(id) from orders limit 3',
  'set-returning function': 'select * from all_ssn() limit 3',
  'rows of a table': 'select * from whole() limit 3',
  'output columns with names': 'select b from named() limit 3',
  'ROWS FROM': 'select * from rows from (all_ssn(), generate_series(1, 2)) limit 3',
  'overload of a built-in': 'select lower(1)',
  'function by attribute notation': 'select o.leak from orders o limit 3',
  'function by attribute of a row': 'select (o).leak from orders o limit 3',
  'function by attribute of a relation': 'select orders.leak from orders limit 3',
  'function by attribute, quoted': 'select o."leak" as note from public.orders as o limit 3',
  'function by attribute in a sub-query': 'select x.v from (select o.leak v from orders o) x limit 3',
  operator: 'select 1 +@+ 0',
  'operator by schema': 'select 1 operator(public.+@+) 0',
  'operator on a clean table': 'select id +@+ 0 from orders limit 3',
  'operator that raises notices': 'select id from customers where id ~~~~ ssn limit 3',
  aggregate: 'select gather(id) from orders where id < 3',
  'aggregate as window': 'select gather(id) over () from orders where id < 3',
  'domain check that raises notices': 'select 1::checked',
  'domain by CAST': 'select cast(id as checked) from orders where id < 4',
  'domain in an array': "select '{1,2}'::checked[]",
  'domain in a record definition': 'select * from json_to_record(\'{"a": 1}\') as x(a checked)',
  'domain in JSON_TABLE': since(17, "select * from json_table('[1]', '$[*]' columns (a checked path '$')) t"),
  'function in VALUES': 'values (get_ssn(1))',
  'function in LIMIT offset': 'select note from orders where note <> get_ssn(1) limit 1',
  'function in EXPLAIN': 'explain (verbose, costs off) select get_ssn(1)',
  'function in EXPLAIN ANALYZE': 'explain (analyze, verbose) select get_ssn(1)',
  call: 'call get_ssn(1)',
  'qualified function': 'select public.get_ssn(1)',
  'named argument': 'select peek_step(text => null, "int" => 1), get_ssn(1)',
});

const STRINGS = cases(9, {
  'dynamic SQL': "select dyn('select ssn from customers')",
  'dynamic SQL in FROM': "select * from dyn('select reverse(ssn) from customers') limit 3",
  query_to_xml: "select query_to_xml('select ssn from customers', true, true, '')",
  table_to_xml: "select table_to_xml('customers', true, true, '')",
  database_to_xml: "select database_to_xml(true, true, '')",
  schema_to_xml: "select schema_to_xml('public', true, true, '')",
  cursor_to_xml: [
    'begin',
    'declare c cursor for select ssn from customers',
    "select cursor_to_xml('c', 3, true, true, '')",
  ],
  ts_stat: "select * from ts_stat('select to_tsvector(''simple'', ssn) from customers')",
  ts_rewrite:
    "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, to_tsquery(''simple'', ssn) from customers limit 1')",
  DO: "do $$ declare v text; begin select ssn into v from customers limit 1; raise notice '%', v; end $$",
  'DO that raises': "do $$ begin raise exception '%', (select ssn from customers limit 1); end $$",
  'EXECUTE in DO': "do $$ begin execute 'create temp table t as select ssn from customers'; end $$",
});

const RETURNING = cases(10, {
  DELETE: 'delete from vault where id = 11 returning *',
  UPDATE: "update customers set city = 'x' where id = 31 returning ssn, reverse(ssn)",
  INSERT:
    "insert into customers (id, name) values (5001, 'n') returning customers, (select ssn from customers where id = 1)",
  upsert:
    "insert into customers (id, name) values (32, 'n') on conflict (id) do update set city = 'y' returning ssn, upper(email)",
  'old and new': since(18, "update customers set city = 'x' where id = 33 returning old.ssn, new.ssn, old"),
  'renamed old': since(
    18,
    "update customers set city = 'x' where id = 34 returning with (old as o) o.ssn || ''",
  ),
  MERGE: since(
    17,
    "merge into customers c using (values (35)) v(i) on c.id = v.i when matched then update set city = 'z' returning c.ssn, c",
  ),
  'in a CTE':
    "with d as (update customers set city = 'x' where id = 36 returning ssn) select reverse(ssn) from d",
  'sub-query over another table':
    "update orders set note = 'x' where id = 9 returning (select ssn from customers where id = 1)",
  'from a joined table':
    "update orders o set note = 'x' from customers c where c.id = o.customer_id and o.id = 10 returning c.ssn || ''",
  'using a joined table':
    'delete from orders o using customers c where c.id = o.customer_id and o.id = 499 returning c.email || 1',
  'copy that returns it': 'update customers set name = ssn where id = 37 returning name',
});

const LAUNDERING = cases(11, {
  'INSERT SELECT': [
    'insert into orders (id, note) select 10000 + id, ssn from customers',
    'select note from orders where id > 10000 limit 3',
  ],
  'sub-query in VALUES': [
    'insert into orders (id, note) values (20000, (select ssn from customers where id = 1))',
    'select note from orders where id = 20000',
  ],
  'UPDATE from itself': [
    'update customers set name = ssn where id = 41',
    'select name from customers where id = 41',
  ],
  'UPDATE FROM': [
    'update orders o set note = c.ssn from customers c where c.id = o.customer_id and o.id = 42',
    'select note from orders where id = 42',
  ],
  'UPDATE by row': [
    'update customers set (name, city) = (ssn, email) where id = 43',
    'select name, city from customers where id = 43',
  ],
  'UPDATE by sub-query row': [
    'update customers set (name, city) = (select ssn, email from customers where id = 1) where id = 44',
    'select name, city from customers where id = 44',
  ],
  'upsert with the old value': [
    "insert into customers (id, name) values (45, 'x') on conflict (id) do update set name = customers.ssn",
    'select name from customers where id = 45',
  ],
  'upsert with an alias of excluded': [
    "insert into customers as excluded (id, name) values (46, 'x') on conflict (id) do update set name = excluded.ssn",
    'select name from customers where id = 46',
  ],
  'upsert with a whole row': [
    "insert into customers as t (id, name) values (47, 'x') on conflict (id) do update set name = t::text",
    'select name from customers where id = 47',
  ],
  MERGE: since(
    15,
    'merge into orders o using customers c on o.id = c.id and c.id = 48 when matched then update set note = c.ssn',
    'select note from orders where id = 48',
  ),
  'MERGE that inserts': since(
    15,
    'merge into orders o using customers c on o.id = c.id + 30000 when not matched then insert (id, note) values (c.id + 30000, c.ssn)',
    'select note from orders where id > 30000 limit 3',
  ),
  'CREATE TABLE AS': [
    'create table copied as select ssn as x from customers',
    'select x from copied limit 3',
  ],
  'SELECT INTO': ['select ssn as x into copied2 from customers', 'select x from copied2 limit 3'],
  'temporary table': [
    'create temp table copied3 as select reverse(ssn) as x from customers',
    'select x from copied3 limit 3',
  ],
  'materialised view': [
    'create materialized view copied4 as select reverse(ssn) as x from customers',
    'select x from copied4 limit 3',
  ],
  view: ['create view copied5 as select reverse(ssn) as x from customers', 'select x from copied5 limit 3'],
  'data-modifying CTE': [
    'with m as (select ssn from customers where id = 1) insert into orders (id, note) select 40000, ssn from m',
    'select note from orders where id = 40000',
  ],
  'DELETE RETURNING into INSERT': [
    'with d as (delete from vault where id = 12 returning s_text) insert into orders (id, note) select 40001, s_text from d',
    'select note from orders where id = 40001',
  ],
  'pure function stored': [
    'insert into orders (id, note) select 40011, echo(ssn) from customers where id = 1',
    'select note from orders where id = 40011',
  ],
  'pure function of a row stored': [
    'insert into orders (id, note) select 40012, c.card from customers c where id = 1',
    'select note from orders where id = 40012',
  ],
  'function in VALUES': [
    'insert into orders (id, note) values (40002, get_ssn(1))',
    'select note from orders where id = 40002',
  ],
  'function in UPDATE': [
    'update orders set note = get_ssn(1) where id = 49',
    'select note from orders where id = 49',
  ],
  'function by attribute in UPDATE': [
    'update orders set note = orders.leak where id = 50',
    'select note from orders where id = 50',
  ],
  'operator in UPDATE': [
    'update orders set note = 1 +@+ 0 where id = 51',
    'select note from orders where id = 51',
  ],
  'function as argument of EXECUTE': [
    'prepare p(text) as update orders set note = $1 where id = 52',
    'execute p(get_ssn(1))',
    'select note from orders where id = 52',
  ],
  'operator as argument of EXECUTE': [
    'prepare p(text) as insert into orders (id, note) values (40003, $1)',
    'execute p(1 +@+ 0)',
    'select note from orders where id = 40003',
  ],
  'CREATE TABLE AS EXECUTE': [
    'prepare p as select reverse(ssn) as x from customers',
    'create temp table copied6 as execute p',
    'select x from copied6 limit 3',
  ],
  'EXPLAIN ANALYZE INSERT': [
    'explain analyze insert into orders (id, note) select 50000 + id, ssn from customers',
    'select note from orders where id > 50000 limit 3',
  ],
  'COPY between tables': ["copy orders (id, note) from program 'echo 1'", 'select 1'],
  'ALTER TYPE USING': [
    'alter table orders alter column note type text using get_ssn(1)',
    'select note from orders limit 3',
  ],
  'default of a column': [
    'alter table orders add column extra text default get_ssn(1)',
    'select extra from orders limit 3',
  ],
  'row into a composite column': [
    'insert into snapshots (id, who) select 77, c from customers c where id = 1',
    'select (who).ssn || 1 from snapshots where id = 77',
  ],
  'array element': [
    'update vault set s_bpchar = s_text where id = 13',
    'select s_bpchar from vault where id = 13',
  ],
  'into a masked column, and out by its type': [
    'update customers set ssn = reverse(ssn) where id = 53',
    'select ssn from customers where id = 53',
  ],
});

const STATE = cases(12, {
  set_config: [
    "select set_config('my.stash', ssn, false) from customers where id = 1",
    "select current_setting('my.stash')",
    'show my.stash',
  ],
  'set_config of a reported setting': [
    "select set_config('application_name', ssn, false) from customers where id = 1",
    'select 1',
  ],
  'UPDATE pg_settings': [
    "update pg_settings set setting = (select ssn from customers where id = 1) where name = 'application_name'",
    'show application_name',
  ],
  sequence: [
    "select setval('counter', ascii(ssn)) from customers where id = 1",
    'select last_value from counter',
  ],
  'large object': ['select lo_from_bytea(99, ssn::bytea) from customers where id = 1', 'select lo_get(99)'],
  pg_notify: ['listen news', "select pg_notify('news', ssn) from customers where id = 1", 'select 1'],
  'pg_notify by attribute notation': [
    'listen news',
    "select pg_notify('news', (select max(ssn) from customers))",
    'select 1',
  ],
  'advisory locks': [
    'select pg_advisory_lock(ascii(ssn)) from customers where id = 1',
    "select objid from pg_locks where locktype = 'advisory'",
  ],
  setseed: ['select setseed(ascii(ssn) / 256.0) from customers where id = 1', 'select random()'],
  'prepared transaction': ['begin', "prepare transaction 'x'", "rollback prepared 'x'"],
  'a trigger that notifies': ['listen news', 'delete from staff where id = 57', 'select 1'],
  'a trigger that notifies, in a transaction': [
    'listen news',
    'begin',
    'delete from staff where id = 58',
    'commit',
    'select 1',
  ],
  'custom setting by SET LOCAL and function': [
    'begin',
    "select set_config('a.b', get_ssn(1), true)",
    "select current_setting('a.b')",
  ],
  'label of a backup': since(
    15,
    "select pg_backup_start(ssn || ' x', true) from customers where id = 1",
    'select (pg_backup_stop(false)).labelfile',
  ),
  'label of a backup, before 15': until(
    14,
    "select pg_start_backup(ssn || ' x', true, false) from customers where id = 1",
    'select (pg_stop_backup(false)).labelfile',
  ),
  'name of a replication slot': [
    'select pg_create_physical_replication_slot(lower(ssn)::name) from customers where id = 1',
    'select slot_name from pg_replication_slots',
  ],
  'name of a replication origin': [
    'select pg_replication_origin_create(ssn) from customers where id = 2',
    'select roname from pg_replication_origin',
  ],
  pg_logical_emit_message: "select pg_logical_emit_message(false, 'x', ssn) from customers where id = 1",
});

const COPY = cases(13, {
  table: 'copy customers to stdout',
  columns: 'copy customers (ssn, id) to stdout',
  query: 'copy (select reverse(ssn) from customers) to stdout',
  CSV: 'copy (select ssn from customers) to stdout with (format csv, header, force_quote *)',
  binary: 'copy customers to stdout with (format binary)',
  'odd delimiter': "copy customers to stdout with (delimiter 's')",
  RETURNING: "copy (update customers set city = 'q' where id = 61 returning ssn) to stdout",
  'old syntax': "copy customers to stdout delimiters '|'",
  program: "copy customers to program 'cat'",
  file: "copy customers to '/dev/stdout'",
  'in a comment': 'copy /* (select name from customers) */ (select ssn from customers) to stdout',
  'child only': 'copy child_person to stdout',
  function: 'copy (select get_ssn(1)) to stdout',
  several: 'copy (select 1) to stdout; copy (select ssn from customers) to stdout',
  encoding: "copy customers to stdout with (encoding 'latin1')",
});

export const WRITING: readonly Attack[] = [
  {
    class: 12,
    name: 'a function that runs the SQL it is given, and sets',
    sql: [
      "select dyn('select set_config(''application_name'', ssn, false) from customers where id = 1')",
      'show application_name',
    ],
  },
  {
    class: 11,
    name: 'a function that runs the SQL it is given, and stores',
    sql: [
      "select dyn('insert into orders (id, note) select 20077, ssn from customers where id = 1 returning note')",
      'select note from orders where id = 20077',
    ],
  },
  ...CODE,
  ...STRINGS,
  ...RETURNING,
  ...LAUNDERING,
  ...STATE,
  ...COPY,
];
