/** Classes 1 to 7: the value itself, renamed, computed with, or read where another relation shows it. */
import { cases, since, type Attack } from '../case.ts';

const RENAMING = cases(1, {
  'plain columns': 'select * from customers where id < 4',
  'column alias': 'select ssn as harmless, email "name" from customers where id < 4',
  'CTE column list': 'with x(a, b) as (select id, ssn from customers) select b from x limit 3',
  'sub-query column list': 'select b from (select id, ssn from customers) as x(a, b) limit 3',
  'table alias with columns': 'select e from customers as c(a, b, c, d, e) limit 3',
  'TABLE command': 'table customers',
  'view column': 'select contact from customer_contacts limit 3',
  'view of a view': 'select c from nested_contacts limit 3',
  'view column aliased again': 'select x.q from nested_contacts as x(q) limit 3',
  'join alias with columns':
    'select k from (customers join orders on orders.id = customers.id) as j(i, n, e, p, k) limit 3',
  lateral:
    'select l.v from orders o, lateral (select ssn as v from customers where id = o.customer_id) l limit 3',
  'recursive CTE':
    'with recursive r(i, v) as (select 1, ssn from customers where id = 1 union all select i + 1, v from r where i < 3) select v from r',
  'qualified by schema': 'select public.customers.ssn from public.customers limit 2',
  'quoted identifiers': 'select "customers"."ssn" from "public"."customers" limit 2',
  'unicode identifiers': 'select U&"\\0073sn" from U&"c\\0075stomers" limit 2',
  'upper case': 'SELECT SSN FROM CUSTOMERS LIMIT 2',
  only: 'select ssn from only customers limit 2',
  tablesample: 'select ssn from customers tablesample system (100) limit 2',
  'materialised CTE': 'with x as materialized (select ssn from customers) select * from x limit 2',
  'search clause':
    'with recursive r(i, v) as (select 1, ssn from customers where id = 1 union all select i + 1, v from r where i < 2) search depth first by v set o select o from r',
  'cycle clause':
    'with recursive r(i, v) as (select 1, ssn from customers where id = 1 union all select 2, v from r where i < 2) cycle v set c using p select p from r',
});

const COMPUTING = cases(2, {
  reverse: 'select reverse(ssn) from customers limit 3',
  substr: 'select substr(ssn, 1, 12) from customers limit 3',
  upper: 'select upper(ssn), initcap(email) from customers limit 3',
  encode: "select encode(ssn::bytea, 'base64'), encode(ssn::bytea, 'hex') from customers limit 3",
  'cast to bytea': 'select ssn::bytea from customers limit 3',
  concatenation: "select 'a' || ssn from customers limit 3",
  CASE: "select case when id > 0 then ssn else '' end from customers limit 3",
  COALESCE: 'select coalesce(null, ssn) from customers limit 3',
  NULLIF: "select nullif(ssn, '') from customers limit 3",
  GREATEST: "select greatest(ssn, '') from customers limit 3",
  aggregate: 'select max(ssn), min(email) from customers',
  string_agg: "select string_agg(ssn, '') from customers",
  array_agg: 'select array_agg(ssn) from customers',
  window: 'select first_value(ssn) over (order by id) from customers limit 3',
  lag: 'select lag(ssn) over (order by id) from customers limit 3',
  filter: 'select max(ssn) filter (where id > 1) from customers',
  'within group': 'select percentile_disc(0.5) within group (order by ssn) from customers',
  format: "select format('%s', ssn) from customers limit 3",
  'string to rows': "select regexp_split_to_table(ssn, 'x') from customers limit 3",
  'letters as rows':
    "select string_agg(c, '') from (select unnest(string_to_array(ssn, null)) c from customers where id = 1) x",
  'letters as codes': 'select ascii(substr(ssn, 1, 1)), ascii(substr(ssn, 2, 1)) from customers limit 1',
  'array constructor': 'select array[ssn] from customers limit 3',
  'row constructor': 'select row(ssn, id) from customers limit 3',
  'json object': "select json_build_object('k', ssn) from customers limit 3",
  JSON_OBJECT: since(16, "select json_object('k': ssn) from customers limit 3"),
  'jsonb path': "select jsonb_path_query(to_jsonb(ssn), '$') from customers limit 3",
  overlay: "select overlay(ssn placing '' from 1 for 0) from customers limit 3",
  trim: "select trim(both ' ' from ssn) from customers limit 3",
  collate: 'select ssn collate "C" from customers limit 3',
  'cast to name': 'select ssn::name from customers limit 3',
  to_tsvector: "select to_tsvector('simple', ssn) from customers limit 3",
  regexp_matches: "select regexp_matches(ssn, '.*') from customers limit 3",
  quote_literal: 'select quote_literal(ssn) from customers limit 3',
  'min over partition': 'select min(ssn) over (partition by city) from customers limit 3',
  'bytea of jsonb': "select convert_to(to_jsonb(ssn)::text, 'UTF8') from customers limit 3",
  'masked columns of many types': 'select * from vault order by id limit 3',
  'elements of an array': 'select s_array[1], unnest(s_array) from vault limit 3',
  'field of a document': "select s_json ->> 'k', s_hstore ->> 0 from vault limit 3",
  lexemes: 'select unnest(s_tsv) from vault limit 3',
  'distinct on': 'select distinct on (ssn) ssn || id from customers limit 3',
});

const WHOLE_ROWS = cases(3, {
  'row variable': 'select c from customers c limit 3',
  'relation name as value': 'select customers from customers limit 3',
  'row as text': 'select c::text from customers c limit 3',
  row_to_json: 'select row_to_json(c) from customers c limit 3',
  'to_jsonb each': 'select (jsonb_each(to_jsonb(c))).value from customers c limit 9',
  'expanded row': 'select (c).* from customers c limit 3',
  'field of a row': 'select (c).ssn from customers c limit 3',
  'functional notation': 'select ssn(c) from customers c limit 3',
  'attribute notation of a function': 'select c.row_to_json from customers c limit 3',
  'sub-query row': 'select s from (select ssn from customers) s limit 3',
  'array of rows': 'select array_agg(c) from customers c',
  'json_agg of rows': 'select json_agg(c) from customers c',
  'row(c.*)': 'select row(c.*) from customers c limit 3',
  'format of row': "select format('%s', c) from customers c limit 3",
  'hash-free cast of record': 'select (row(c.*))::text from customers c limit 3',
  json_populate_record:
    'select * from customers c, json_populate_record(null::customers, row_to_json(c)) limit 3',
  'record compared and shown': 'select max(c::text) from customers c',
  'row stored in a column': 'select who from snapshots limit 3',
  'field of a row stored in a column': 'select (who).ssn from snapshots limit 3',
  'row stored in an array': 'select whos from snapshots limit 3',
  'row stored in an array, unnested': 'select (unnest(whos)).* from snapshots limit 3',
  'row stored in a column, as text': 'select who::text from snapshots limit 3',
  'row stored in a column, as json': 'select to_json(s) from snapshots s limit 3',
});

const SET_OPERATIONS = cases(4, {
  'second arm': 'select name from customers where id < 0 union all select ssn from customers limit 3',
  'first arm': 'select ssn from customers where id < 3 union select note from orders where id < 3',
  'third arm, nested':
    "select '' union all (select note from orders where id < 0 union all select ssn from customers) limit 4",
  except: 'select ssn from customers except select note from orders limit 3',
  intersect: 'select ssn from customers intersect select ssn from customers limit 3',
  'under a sub-query':
    'select x from (select note as x from orders where id < 0 union all select ssn from customers) s limit 3',
  'under a CTE':
    'with u as (select note from orders where id < 0 union all select ssn from customers) select note from u limit 3',
  'VALUES and select': "values ('') union all select ssn from customers limit 3",
});

const JOINS = cases(5, {
  USING: 'select ssn from customers join (select ssn from customers) b using (ssn) limit 3',
  NATURAL: 'select ssn from (select ssn from customers) a natural join (select ssn from customers) b limit 3',
  'FULL USING':
    'select v from (select note as v from orders where id < 3) a full join (select ssn as v from customers) b using (v) limit 8',
  'RIGHT USING':
    'select v from (select note as v from orders where id < 3) a right join (select ssn as v from customers) b using (v) limit 3',
  'USING with alias':
    'select j.v from (select note as v from orders) a right join (select ssn as v from customers) b using (v) as j limit 3',
});

const SUB_QUERIES = cases(6, {
  scalar: 'select (select ssn from customers where id = 1)',
  'in VALUES': 'values ((select ssn from customers where id = 1))',
  'in a function argument': 'select upper((select ssn from customers where id = 1))',
  'array constructor': 'select array(select ssn from customers limit 3)',
  'in LIMIT': 'select id from orders limit (select length(ssn) from customers where id = 1)',
  'in ORDER BY': 'select note from orders order by (select ssn from customers where id = orders.id) limit 2',
  'EXISTS row': 'select exists(select ssn from customers), (select max(ssn) from customers)',
  'beside a clean column':
    'select note, (select ssn from customers c where c.id = o.id) from orders o limit 3',
  'in a CASE': 'select case when true then (select ssn from customers where id = 2) end',
  'in FROM function': 'select * from unnest(array(select ssn from customers limit 3)) u',
  'in generate_series': 'select * from generate_series(1, 2), (select ssn as q from customers limit 1) x',
  'in a row comparison':
    "select row(1, (select ssn from customers where id = 1)) = row(1, 'a'), (select ssn from customers where id = 1)",
  'in VALUES in FROM': 'select * from (values ((select ssn from customers where id = 1))) v',
  'in GROUP BY': 'select count(*), (select ssn from customers where id = 1) from orders group by 2',
  'in JSON_TABLE': since(
    17,
    "select * from json_table((select to_jsonb(ssn) from customers where id = 1), '$' columns (v text path '$')) t",
  ),
});

const OTHER_RELATIONS = cases(7, {
  'view that aggregates': 'select top from contact_counts limit 3',
  'materialised view': 'select back from stored_contacts limit 3',
  'generated column': 'select shown from gen limit 3',
  partition: 'select ssn from people_old limit 3',
  'partitioned table': 'select ssn from people limit 3',
  'child by inheritance': 'select ssn from child_person limit 3',
  'parent by inheritance': 'select ssn from base_person limit 3',
  'child with a column of its own': 'select ssn from secret_child limit 3',
  'column added with a default': 'select ssn from late limit 3',
  'another schema': 'select * from other.customers, public.customers limit 1',
});

export const READING: readonly Attack[] = [
  ...RENAMING,
  ...COMPUTING,
  ...WHOLE_ROWS,
  ...SET_OPERATIONS,
  ...JOINS,
  ...SUB_QUERIES,
  ...OTHER_RELATIONS,
];
