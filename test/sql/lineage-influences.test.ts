import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { influencesOf, storesOf } from './lineage-notation.ts';
import { table } from './reading.ts';

function expect(name: string, of: (sql: string) => string, cases: string): void {
  describe(name, () => {
    for (const [expected, sql] of table(cases))
      it(sql, () => assert.equal(of(sql), expected === '-' ? '' : expected));
  });
}

expect(
  'conditions',
  influencesOf,
  `
  - | select ssn from c
  - | select 1 from c where true and $1
  equality:c.ssn | select 1 from c where ssn = '1'
  equality:c.ssn | select 1 from c where '1' = ssn
  equality:c.ssn | select 1 from c where ssn = $1
  equality:c.ssn | select 1 from c where ssn in ('1', $2)
  equality:c.ssn | select 1 from c where ssn = any ($1)
  equality:c.ssn | select 1 from c where not ssn = '1'
  equality:c.ssn | select 1 from c where ssn is not distinct from '1'
  equality:c.name equality:c.ssn | select 1 from c where (ssn, name) = ('1', '2')
  equality:c.name equality:c.ssn | select 1 from c where (ssn, name) in (('1', '2'), ('3', '4'))
  equality:c.ssn | select 1 from c where ssn = (select '1')
  equality:c.ssn | select 1 from c join (values ('1')) v(x) on ssn = x
  equality:c.ssn | select 1 from c where '1' in (select ssn from c)
  equality:c.tags | select 1 from c where tags is true
  range:c.ssn | select 1 from c where ssn <> '1'
  range:c.ssn | select 1 from c where ssn > '1'
  range:c.ssn | select 1 from c where ssn like '1%'
  range:c.ssn | select 1 from c where ssn ~ '1'
  range:c.ssn | select 1 from c where ssn between '1' and '2'
  range:c.ssn | select 1 from c where ssn not in ('1', '2')
  range:c.ssn | select 1 from c where lower(ssn) = '1'
  branch:c.ssn range:c.ssn | select 1 from c where ssn::int = 1
  range:c.ssn range:c.tags | select 1 from c where ssn = any (tags)
  range:c.name range:c.ssn | select 1 from c where (ssn, name) < ('1', '2')
  range:c.* | select 1 from c where row_to_json(c)::text = ''
  - | select 1 from c where ssn is null or c.ssn is not null
  range:c.ssn | select 1 from c where (ssn || '') is null
  join:c.id join:o.cid | select 1 from c, o where c.id = o.cid
  join:c.id join:o.cid | select 1 from c join o on c.id = o.cid
  join:c.id join:o.id | select 1 from c join o using (id)
  join:c.id join:o.id | select 1 from c natural join o
  join:c.id join:o.cid | select 1 from o where cid in (select id from c)
  join:c.id join:o.cid | select 1 from o where not exists (select 1 from c where c.id = o.cid)
  branch:c.id branch:o.cid range:c.id range:o.cid | select 1 from o where cid > all (select id from c)
  branch:c.ssn range:c.name range:c.ssn | select 1 from c where case when ssn = '1' then name = '2' end
  range:c.ssn | select 1 from c having max(ssn) > '1'
  - | select 1 from c having count(*) > 1
  equality:c.email | select ssn from v
  range:anything range:c.id | select 1 from c where get_ssn(id) = '1'
  range:anything | select 1 from get_ssn(1) g
`,
);

expect(
  'the other clauses',
  influencesOf,
  `
  order:c.ssn | select 1 from c order by ssn
  order:c.ssn | select ssn as x from c order by x
  order:c.ssn | select ssn from c order by 1
  order:c.name | select name as ssn from c order by ssn
  order:c.ssn range:c.ssn | select 1 from c order by ssn like '1%'
  order:c.ssn range:c.ssn | select lower(ssn) as x from c order by x
  group:c.ssn | select count(*) from c group by ssn
  group:c.name group:c.ssn | select count(*) from c group by grouping sets ((ssn), rollup (name), ())
  group:c.ssn range:c.ssn | select count(*) from c group by left(ssn, 1)
  group:c.ssn range:c.ssn | select left(ssn, 1) as l, count(*) from c group by l
  group:c.ssn range:c.ssn | select left(ssn, 1), count(*) from c group by 1
  group:c.name group:c.ssn range:c.name range:c.ssn | select lower(name) as ssn from c group by ssn
  group:c.ssn | select distinct ssn from c
  group:c.ssn order:c.name | select distinct on (ssn) name from c order by name
  limit:c.id | select 1 limit (select id from c)
  branch:c.id limit:c.id | select 1 offset (select count(*) + max(id) from c)
  branch:c.ssn | select case when ssn = '1' then 1 end from c
  branch:c.ssn | select case ssn when '1' then 1 end from c
  branch:c.ssn | select count(*) filter (where ssn = '1') from c
  - | select sum(total), avg(total), abs(total) from o
  branch:o.total | select abs(coalesce(total, 1.5)) from o
  - | select split_part(ssn, name, 2), lpad(ssn, 3, name), ssn || name, array[ssn, name] from c
  branch:c.ssn | select split_part(name, 'a', strpos(ssn, 'b')) from c
  - | select coalesce(ssn, name, 'x'), ssn is null and name = 'x', ssn in ('a', name) from c
  branch:c.id branch:c.ssn | select coalesce(ssn, (1 / id)::text) from c
  branch:c.ssn | select ssn = 'a' and random() < 1 from c
  branch:c.name branch:c.ssn | select coalesce(ssn, name ~ '(') from c
  branch:c.ssn | select array[string_to_array(ssn, 'a')] from c
  branch:c.ssn | select x || array['a'] from (select string_to_array(ssn, 'a') as x from c) s
  - | select x || 'a' from (select lower(ssn) as x from c) s
  order:c.ssn | select string_agg(name, ',' order by ssn) from c
  group:c.name order:c.ssn | select rank() over (partition by name order by ssn) from c
  group:c.name order:c.ssn | select rank() over (w order by ssn) from c window w as (partition by name)
  group:c.name | select 1 from c window w as (partition by name)
  limit:c.id | select 1 from o tablesample system ((select id from c))
  equality:c.ssn group:c.ssn | select ssn from c intersect select '1'
  equality:c.ssn group:c.ssn | select ssn from c union select '1'
  - | select ssn from c union all select '1'
  group:c.ssn group:o.note join:c.ssn join:o.note | select ssn from c except select note from o
  group:c.ssn range:c.ssn | select left(ssn, 1) from c intersect select '1'
`,
);

expect(
  'in statements that write',
  influencesOf,
  `
  equality:c.ssn | update c set name = '' where ssn = '1'
  equality:c.ssn | delete from c where ssn = '1'
  range:c.ssn | delete from o using c where c.ssn like '1%'
  join:c.id join:o.cid | merge into o using c on o.cid = c.id when matched and false then delete
  equality:o.note join:c.id join:o.cid | merge into o using c on o.cid = c.id when matched and note = '' then delete
  equality:c.ssn | with d as (delete from c where ssn = '1') select 1
  range:o.note | insert into o values (1) on conflict (id) do update set total = 1 where o.note like 'x'
  equality:c.ssn | explain select 1 from c where ssn = '1'
  branch:c.ssn | insert into o (note) select case when ssn = '1' then 'x' end from c
`,
);

expect(
  'what is stored, and from what',
  storesOf,
  `
  o.id= o.note= | insert into o (id, note) values (1, $1)
  o.id=c.id o.cid=c.ssn | insert into o select id, ssn from c
  c.tags=c.id+o.note | insert into c (tags[(select id from c)]) select note from o
  o.note=c.name+c.ssn | insert into o (note) values ((select ssn from c)), ((select name from c))
  - | insert into o default values
  o.note=c.ssn | insert into o (note) select lower(ssn) from c
  o.note= | update o set note = ''
  o.note=c.ssn | update o set note = c.ssn from c
  c.email=c.ssn c.name=c.ssn | update c set (email, name) = (ssn, ssn || '')
  c.email=o.note c.name=o.total | update c set (email, name) = (select note, total from o)
  c.tags=c.id+c.ssn | update c set tags[id] = ssn
  c.email= | update c set email = default
  o.note=c.ssn | merge into o using c on o.cid = c.id when matched then update set note = ssn
  o.id=c.id o.note=c.ssn | merge into o using c on o.cid = c.id when not matched then insert (id, note) values (c.id, ssn)
  o.id=c.id o.cid=c.ssn | merge into o using c on o.cid = c.id when not matched then insert values (c.id, ssn)
  o.id= o.note=c.ssn o.total=c.ssn+o.note | insert into o (id, note) select 1, ssn from c on conflict (id) do update set total = excluded.note
  o.id= o.note= o.total=o.note | insert into o (id, note) values (1, '') on conflict (id) do update set total = excluded.note
  o.id= o.note= o.total=o.note | insert into o (id, note) values (1, '') on conflict (id) do update set total = o.note
  ?=c.ssn ?= | create table t as select ssn, 1 from c
  ?=c.ssn | select ssn into t from c
  ?=c.ssn | select ssn into t from c union all select '1'
  ?=c.name+c.ssn | create materialized view m as select ssn || name from c
  c.name=c.ssn | with u as (update c set name = ssn returning 1) select * from u
  o.note=c.ssn | prepare p as insert into o (note) select ssn from c
  o.note=c.ssn | explain insert into o (note) select ssn from c
  c.ssn= v.ssn= | update v set ssn = ''
  c.id= c.name= c.ssn= c.email= c.tags= | copy c from stdin
  c.ssn= | copy c (ssn) from stdin
  a.twin.x=c.ssn b.twin.x=c.ssn | insert into twin (x) select ssn from c
  lost | insert into nowhere select 1
  lost | insert into odd select 1, 2
  lost | insert into triggered (id) select id from c
  lost | insert into o (nope) values (1)
  lost | insert into o values (1, 2, 3, 4, 5)
`,
);
