import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptySnapshot } from '../../src/catalog/snapshot.ts';
import { lineageOfText } from '../../src/sql/lineage/follow.ts';
import { namesOf, outputsOf } from './lineage-notation.ts';
import { table } from './reading.ts';

function expect(name: string, cases: string): void {
  describe(name, () => {
    for (const [expected, sql] of table(cases)) it(sql, () => assert.equal(outputsOf(sql), expected));
  });
}

expect(
  'columns and stars',
  `
  c.ssn | select ssn from c
  c.ssn | select x.ssn from c x
  c.ssn | select public.c.ssn from c
  c.ssn | select shop.public.c.ssn from public.c
  c.id c.name c.ssn c.email c.tags | select * from c
  c.id c.name c.ssn c.email c.tags | table c
  o.id o.cid o.total o.note - | select o.*, 1 from c, o
  c.name c.ssn | select b, d from c as x(a, b, d)
  c.id c.name c.ssn c.email c.tags | select x.* from c as x(a, b)
  g.initials | select initials from g
  c.#-6 c.#-1 | select tableoid, c.ctid from c
  - - | select 1, $1
  - - - | select current_user, current_timestamp, now()
  lost | select nope from c
  lost | select ssn from nowhere
  lost | select ssn from other.c
  lost | select x.ssn from c
  lost | select other.c.ssn from public.c
  lost | select * from idx
  lost | select *
`,
);

expect(
  'names without a schema are every relation of the name',
  `
  ~a.twin.x+b.twin.x | select x from twin
  ~a.twin.id+b.twin.id ~a.twin.x+b.twin.x | select * from twin
  a.twin.x | select x from a.twin
  ~a.odd.x+b.odd.x | select x from odd
  b.odd.y | select odd.y from odd
  lost | select * from odd
  lost | select p from odd as t(n, m, p)
  b.odd.id b.odd.y b.odd.x | select * from b.odd
  ~b.odd.y+o.total | select (select y from odd) from (select total as y from o) s
`,
);

expect(
  'expressions',
  `
  ~c.ssn | select lower(ssn) from c
  ~c.ssn | select pg_catalog.lower(ssn) from c
  ~c.ssn | select ssn::varchar from c
  ~c.name+c.ssn | select ssn || name from c
  ~c.ssn | select ssn like '1%' from c
  ~c.ssn | select ssn in ('a', 'b') from c
  ~c.ssn | select ssn between 'a' and 'b' from c
  ~c.email+c.ssn | select coalesce(ssn, email) from c
  ~c.ssn | select nullif(ssn, '') from c
  ~c.name+c.ssn | select greatest(ssn, name) from c
  ~c.ssn | select case when ssn like '1%' then 1 else 0 end from c
  ~c.name+c.ssn | select case ssn when '1' then name end from c
  - | select case when true then 1 end from c
  ~c.ssn | select not (ssn = '1') from c
  ~c.ssn | select (ssn = '1') is true from c
  - - | select ssn is null, c.ssn is not null from c
  ~c.ssn | select lower(ssn) is null from c
  ~c.name+c.ssn | select array[ssn, name] from c
  ~c.tags | select tags[1] from c
  ~c.id+c.tags | select tags[id] from c
  ~c.ssn | select ssn collate "C" from c
  ~c.name+c.ssn | select row(ssn, name) from c
  ~c.ssn | select format('%s', variadic array[ssn]) from c
  ~c.ssn | select substring(ssn from 1 for 2) from c
  ~c.id | select id at time zone 'utc' from c
  ~c.ssn | select xmlelement(name e, xmlattributes(ssn as a)) from c
  ~c.name+c.ssn | select xmlforest(ssn as a, name) from c
  ~c.ssn | select xmlserialize(content ssn::xml as text) from c
  ~c.name+c.ssn | select json_object('a': ssn, name: 1) from c
  ~c.ssn | select json_array(ssn, 1) from c
  ~c.ssn | select json_array(select ssn from c)
  ~c.name+c.ssn | select json_value(ssn, '$.a' passing name as x) from c
  ~c.name+c.ssn | select json_query(ssn, '$' default name on empty) from c
  ~c.ssn | select json_exists(ssn::jsonb, '$') from c
  ~c.ssn | select ssn is json from c
  ~c.ssn | select json_scalar(ssn) from c
  ~c.name+c.ssn | select json_arrayagg(name order by ssn) from c
  ~c.email+c.name+c.ssn | select json_objectagg(name: ssn) filter (where email = '') from c
  - | select grouping(ssn) from c group by rollup (ssn)
  lost | select ssn::positive from c
  lost | select ssn === '1' from c
  lost | select ssn operator(app.<<<) '1' from c
  ~c.ssn | select ssn operator(pg_catalog.=) '1' from c
`,
);

expect(
  'calls',
  `
  - - - | select count(*), count(ssn), count(distinct c.ssn) from c
  - | select count(s.x) from (select ssn as x from c) s
  ~c.ssn | select count(case when ssn like '1%' then 1 end) from c
  ~c.ssn | select count(x) from (select case when ssn = '1' then 1 end as x from c) s
  ~c.ssn | select count(nullif(ssn, '1')) from c
  ~c.ssn | select count(*) filter (where ssn like '1%') from c
  ~c.id+c.ssn | select count(id) filter (where ssn like '1%') from c
  - - - | select count(c), count(c.*), count(t) from c left join o t on t.cid = c.id
  - | select (select count(c) from o) from c
  ~c.* | select count(distinct c) from c
  ~c.*+c.ssn | select count(s.x) from c, lateral (select case when ssn like '1%' then c end as x) s
  ~pg_catalog.pg_attribute.atttypid+pg_catalog.pg_type.typbasetype+pg_catalog.pg_type.typtype | select information_schema._pg_truetypid(a.*, t) from pg_attribute a, pg_type t
  ~pg_catalog.pg_attribute.atttypid+pg_catalog.pg_type.typbasetype+pg_catalog.pg_type.typtype | select information_schema._pg_truetypid(a, t) from pg_attribute a (x, y, atttypid), pg_type t
  ~c.ssn+pg_catalog.pg_type.typbasetype+pg_catalog.pg_type.typtype | select information_schema._pg_truetypid(s::pg_attribute, t) from (select 1 as atttypid, ssn as x, 1 as y from c) s, pg_type t
  ~c.ssn+pg_catalog.pg_type.typbasetype+pg_catalog.pg_type.typtype | select information_schema._pg_truetypid(row(1, ssn, 1), t) from c, pg_type t
  ~c.id+c.ssn | select count(s) from (select id, ssn from c) s
  ~c.ssn | select max(ssn) from c
  ~c.name+c.ssn | select string_agg(name, ',' order by ssn) from c
  ~c.ssn | select percentile_cont(0.5) within group (order by ssn) from c
  ~c.ssn | select row_number() over (order by ssn) from c
  ~c.name+c.ssn | select lag(name) over (partition by ssn) from c
  ~c.name+c.ssn | select count(*) over w from c window w as (partition by ssn order by name)
  ~c.email+c.name+c.ssn | select max(name) over (w order by email) from c window w as (partition by ssn)
  ~c.ssn | select count(*) over w2 from c window w as (partition by ssn), w2 as (w rows unbounded preceding)
  ~anything | select get_ssn(1)
  ~anything+c.ssn | select app.lower(ssn) from c
  ~anything+c.ssn | select reverse(ssn) from c
  ~anything | select unheard_of(1)
  c.id | select id from c where get_ssn(id) = '1'
  ~anything | select query_to_xml('select ssn from c', true, true, '')
  ~anything | select pg_read_file('x')
  lost | select * from pg_stat_get_activity(null)
  ~anything+c.ssn | select ts_rewrite(ssn::tsquery, 'select 1') from c
  ~c.ssn | select ts_rewrite(ssn::tsquery, 'a', 'b') from c
`,
);

expect(
  'whole rows and composites',
  `
  ~c.* | select c from c
  ~c.* | select c::text from c
  ~c.* | select row_to_json(c) from c
  ~c.* | select row_to_json(c.*) from c
  ~c.* | select to_jsonb(x) from c x
  c.ssn | select (c).ssn from c
  c.ssn | select ssn(c) from c
  ~c.* | select name(c) from c
  ~c.* | select c.row_to_json from c
  ~c.* | select (c).row_to_json from c
  c.id c.name c.ssn c.email c.tags | select (c).* from c
  c.ssn c.name | select (x::c).ssn, ((c.*)::public.c).name from (select c as x from c) s, c
  ~c.id+o.note | select (o.note, 1) = (select id, 'x' from c) from o
  c.ssn | select (s.r).ssn from (select c as r from c) s
  ~c.email+c.id+c.name+c.ssn+c.tags | select (s::c).name from (select id, ssn as name, name as ssn, email, tags from c) s
  ~c.ssn | select (select s from (select ssn from c) s)
  c.id c.name c.ssn c.email c.tags | select (s.r).* from (select c as r from c) s
  c.ssn - | select (row(ssn, 1)).* from c
  c.ssn | select (row(ssn, 1)).f1 from c
  ~pairs.pair | select (pair).first from pairs
  lost | select (pair).* from pairs
  lost | select (pair).total_of from pairs
  lost | select c.get_ssn from c
  lost | select c.total_of from c
  ~pairs.pair ~pairs.pair ~pairs.pair ~pairs.pair ~pairs.pair | select (pair::c).* from pairs
  ~c.ssn ~c.ssn | select (jsonb_each(ssn::jsonb)).* from c
  ~c.ssn | select x from (select ssn from c) x
  c.id c.ssn | values ((select id from c), (select ssn from c))
`,
);

expect(
  'sub-queries',
  `
  c.ssn | select x from (select ssn as x from c) s
  c.ssn | select s.b from (select id, ssn from c) s(a, b)
  c.ssn | select (select ssn from c limit 1)
  ~c.ssn | select array(select ssn from c)
  - | select exists (select from c)
  ~c.ssn | select exists (select from c where ssn = '1')
  ~c.ssn+o.note | select note in (select ssn from c) from o
  ~c.name+c.ssn+o.note | select note = any (select name from c where ssn like '1%') from o
  ~c.ssn+o.note | select note < all (select ssn from c) from o
  c.name | select (select name from o limit 1) from c
  ~c.ssn | select 1 + (select ssn::int from c)
  c.ssn | select y from c, lateral (select c.ssn as y) s
  lost | select y from c, (select c.ssn as y) s
  c.ssn | select count from (select ssn as count from c) s
  - | select count from (select count(*) from c) s
  lost | select (select x from (select (select * from (select ssn as x from c) k)) s) from (select 1 as x) o
  ~c.ssn | select lower from (select lower(ssn) from c) s
  ~c.ssn | select "?column?" from (select ssn || '' from c) s
`,
);

expect(
  'joins',
  `
  ~c.id+o.id | select id from c join o using (id)
  ~c.id+o.id | select id from c full join o using (id)
  c.id | select id from c left join o using (id)
  o.id | select id from c right join o using (id)
  ~c.id ~pairs.id | select p.id, q.id from c left join pairs using (id) as p, c cc right join pairs using (id) as q
  ~c.id | select id is null from c left join pairs using (id)
  c.id o.id | select c.id, o.id from c join o using (id)
  ~c.id+o.id c.name c.ssn c.email c.tags o.cid o.total o.note | select * from c join o using (id)
  ~c.id+o.id | select u.id from c join o using (id) as u
  lost | select u.ssn from c join o using (id) as u
  ~c.id+o.id | select a from (c join o using (id)) as j(a)
  lost | select c.ssn from (c join o using (id)) as j
  c.ssn | select j.ssn from (c cross join (select 1 as one) k) as j
  ~c.id+o.id c.name | select id, name from c natural join o
  c.ssn o.note | select ssn, note from c join o on c.id = o.cid
  c.id c.name c.ssn c.email c.tags o.id o.cid o.total o.note | select * from c left join o on true
  a.twin.x b.twin.x | select p.x, q.x from a.twin p cross join b.twin q
  c.ssn | select a.ssn from c a join c b using (id)
  lost | select id from c join nowhere using (id)
  lost | select * from c natural join odd
`,
);

expect(
  'set operations',
  `
  ~c.name+c.ssn | select ssn from c union all select name from c
  c.ssn | select ssn from c union select ssn from c
  ~c.ssn | select ssn from c union all select null
  ~c.ssn | select '1' except select ssn from c
  ~c.ssn | select '1' intersect select ssn from c
  - ~c.ssn | select 1, 'x' union (select 2, 'y' union all select 3, ssn from c)
  ~c.email+c.name+c.ssn | select ssn from c union select name from c union select email from c order by 1
  - ~c.ssn | values (1, 'x'), (2, (select ssn from c))
  ~c.name+c.ssn | select column1 from (values ((select ssn from c)), ((select name from c))) v
  c.id c.name c.ssn c.email c.tags | values ((select id from c), (select name from c), (select ssn from c), (select email from c), (select tags from c))
  lost | select 1 union select 1, 2
`,
);

expect(
  'WITH',
  `
  c.ssn | with x as (select ssn from c) select * from x
  c.ssn | with x(y) as (select ssn from c) select y from x
  c.ssn | with c as (select ssn from public.c) select * from c
  - | with c as (select 1 as ssn) select ssn from c
  c.ssn | with c as (select 1 as ssn) select ssn from public.c
  c.ssn | with a as (select ssn from c), b as (select * from a) select * from b
  lost | with a as (select * from b), b as (select 1) select * from a
  - | with recursive a as (select * from b), b as (select 1) select * from a
  c.ssn | select (with x as (select ssn from c) select ssn from x)
  c.ssn | with x as (select ssn from c) select (select ssn from x)
  - | with recursive n(i) as (select 1 union all select i + 1 from n) select i from n
  ~c.name+c.ssn | with recursive r(a) as (select ssn from c union all select name from c, r) select a from r
  ~c.email+c.name+c.ssn ~c.email+c.name+c.ssn ~c.email+c.name+c.ssn | with recursive r(x, y, z) as (select ssn, name, email from c union all select y, z, x from r) select * from r
  - - ~c.ssn | with recursive r(x, y, z) as (select 1, 2, ssn from c union all select x, y, z || y from r) select * from r
  ~c.ssn ~c.ssn c.ssn | with recursive r(x, y, z) as (select 'a', 'b', ssn from c union all select y, z, z from r) select * from r
  c.id ~c.id | with recursive r as (select id from c union all select id from r) search depth first by id set o select * from r
  c.id ~c.id ~c.id | with recursive r as (select id from c union all select id from r) cycle id set seen using path select * from r
  c.ssn ~c.ssn | with recursive r(a) as (select ssn from c union all select a from r where o is null) search depth first by a set o select * from r
  c.ssn | with d as (delete from c returning ssn) select * from d
  c.ssn | with d as (update c set name = '' returning ssn as x) select x from d
  lost | with recursive r as (select a from r) select * from r
  lost | with x(a, b) as (select 1) select * from x
`,
);

expect(
  'views',
  `
  c.id<v.id c.ssn<v.ssn ~c.name+v.init v.n | select * from v
  c.ssn<v.ssn<vv.social | select social from vv
  c.ssn<mv.ssn | select ssn from mv
  ~c.*+whole.r | select r from whole
  ~c.id+c.name+c.ssn+v.* | select v::text from v
  c.ssn<v.ssn | select (v).ssn from v
  lost | select * from blind
  ~anything+calls.s | select * from calls
  lost | select id from old_view
  pg_catalog.pg_class.relname<catalogs.relname | select relname from catalogs
  ~pg_catalog.pg_class.relname+pg_class.relname | select relname from pg_class
  pg_catalog.pg_stats.most_common_vals | select most_common_vals from pg_catalog.pg_stats
`,
);

expect(
  'functions and other tables',
  `
  - | select * from generate_series(1, 3)
  - | select g from generate_series(1, 3) g
  ~c.id - | select i, n from c, generate_series(1, id) with ordinality as g(i, n)
  ~c.tags | select u from c, unnest(tags) u
  ~c.tags ~c.tags | select t.u, (select u) from c, unnest(tags) as t(u)
  - - | select * from unnest(array[1, 2], '{a}'::text[])
  lost | select * from pairs, unnest(pair)
  ~pairs.pair | select w from pairs, unnest(pair) as u(w)
  ~c.ssn ~c.ssn | select key, value from c, jsonb_each(ssn::jsonb)
  ~c.ssn | select e.value from c, jsonb_array_elements(ssn::jsonb) e
  ~c.ssn | select e ->> 'a' from c, jsonb_array_elements(ssn::jsonb) as e
  ~c.ssn ~c.ssn | select r.* from c, jsonb_to_record(ssn::jsonb) as r(a int, b text)
  lost | select * from json_populate_record(null::c, '{}')
  ~c.ssn | select anything from (select ssn from c) s, json_populate_record(null::c, s.ssn::json)
  - ~c.ssn ~c.ssn - | select r.* from c, rows from (generate_series(1, 2), jsonb_each(ssn::jsonb)) with ordinality as r
  ~c.name+c.ssn ~c.name+c.ssn | select x.* from c, xmltable('/r' passing (ssn::xml) columns a int path 'a' default name, b for ordinality) x
  ~c.ssn ~c.ssn ~c.ssn | select j.* from c, json_table(ssn::jsonb, '$' columns (a int, nested path '$.b' columns (d int, e text))) j
  c.ssn | select ssn from c tablesample system (10)
  lost | select ssn from c tablesample own (10)
  - | select d from current_date d
  lost | select * from get_ssn(1)
`,
);

expect(
  'RETURNING',
  `
  c.id c.name c.ssn c.email c.tags | insert into c (id) values (1) returning *
  c.ssn | insert into c as x (id) values (1) on conflict do nothing returning x.ssn
  ~c.ssn | update c set id = 1 returning lower(ssn)
  c.ssn o.note | update c set id = 1 from o returning ssn, note
  c.ssn c.ssn | update c set id = 1 returning old.ssn, new.ssn
  c.ssn | update c set id = 1 returning with (old as before) before.ssn
  lost | update c set id = 1 returning with (old as before) old.ssn
  c.id c.name c.ssn c.email c.tags | delete from c returning old.*
  ~c.* | delete from c returning to_jsonb(old)
  o.note | update c set id = 1 from o old returning old.note
  c.ssn o.total | delete from c using o returning ssn, total
  - c.ssn o.total | merge into c using o on c.id = o.cid when matched then delete returning merge_action(), ssn, total
  lost | merge into c using o on c.id = o.cid when matched then delete returning id, nope
  o.id o.cid o.total o.note c.id c.name c.ssn c.email c.tags | merge into c using o on c.id = o.cid when matched then delete returning *
  lost | insert into triggered (id) values (1) returning x
  c.ssn<v.ssn | update v set ssn = '' returning ssn
`,
);

expect(
  'statements that hold others, and utilities',
  `
  c.ssn | prepare p as select ssn from c
  c.ssn | declare k cursor for select ssn from c
  c.ssn | copy (select ssn from c) to stdout
  c.id c.name c.ssn c.email c.tags | copy c to stdout
  c.ssn c.id | copy c (ssn, id) to stdout
  g.id g.full_name | copy g to stdout
  lost | copy odd to stdout
  ~c.name+c.ssn | explain select name from c where ssn = '1'
  - | explain select 1
  ~c.id+c.ssn+o.note | explain update o set note = ssn from c where c.id = 1
  - | show work_mem
  - - - | show all
  lost | execute p
  lost | fetch all from k
  lost | call do_it()
  lost | do 'begin end'
  lost | create table t as execute p
  lost | alter table o alter column note type text using total
`,
);

describe('statements without rows', () => {
  for (const sql of [
    'create table t (id int)',
    'create table t as select ssn from c',
    'select ssn into t from c',
    'create view w as select ssn from c',
    'insert into o (note) values (1)',
    'begin',
    'set work_mem = 1',
    'drop table c',
    'copy c from stdin',
    'alter table o add column z int',
    'truncate c',
  ])
    it(sql, () => assert.equal(outputsOf(sql), ''));
});

describe('names of outputs', () => {
  for (const [expected, sql] of table(`
    ssn x lower | select ssn, id as x, lower(name) from c
    ?column? ?column? | select 1, ssn || '' from c
    text int4 ssn | select 'x'::text, 1::int, ssn::text from c
    case name | select case when true then 1 end, case when true then 'x' else name end from c
    array row coalesce nullif | select array[1], row(1), coalesce(ssn, ''), nullif(1, 2) from c
    exists ssn array column1 | select exists (select 1), (select ssn from c), array(select 1), (values (1))
    current_user current_date greatest | select current_user, current_date, greatest(1, 2)
    ssn | select (c).ssn from c
    QUERY PLAN | explain select 1
  `))
    it(sql, () => assert.equal(namesOf(sql), expected));
});

it('is lost where nothing is known, and never throws', () => {
  const empty = emptySnapshot('shop');
  assert.deepEqual(
    lineageOfText('select now(); select ssn from c; select 1', empty).map(({ kind }) => kind),
    ['followed', 'lost', 'followed'],
  );
  assert.equal(lineageOfText('select from from', empty)[0]?.kind, 'lost');
  assert.deepEqual(lineageOfText('', empty), []);
  const deep = `select ${'('.repeat(900)}1${')'.repeat(900)}`;
  assert.equal(lineageOfText(deep, empty).length, 1);
  const long = `select ${Array.from({ length: 900 }, () => '1').join('+')}`;
  assert.equal(lineageOfText(long, empty)[0]?.kind, 'followed');
});
