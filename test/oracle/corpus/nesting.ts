/** Queries inside queries: FROM, expressions, WITH, set operations, LATERAL, functions in FROM. */
export const NESTING = `
select e from (select email as e from app.customers) s
select * from (select email, upper(phone) as p from app.customers) s
select s.* from (select * from app.customers) s
select s from (select email, phone from app.customers) s
select s.x from (select email, phone from app.customers) s (x, y)
select (s).email from (select email, phone from app.customers) s
select (s.r).email from (select c as r from app.customers c) s
select (s.r).f1 from (select row(email, id) as r from app.customers) s
select (r).email, (r).ssn from (select c as r from app.customers c offset 0) s
16: select email from (select email from app.customers)
select y from (select x as y from (select email as x from app.customers) a) b
select b.* from (select a.*, 1 as one from (select c.email, c.id from app.customers c) a) b
select (select email from app.customers limit 1)
select (select email from app.customers where id = o.customer_id) from orders o
select (select c.email || o.note from app.customers c limit 1) from orders o
select (select count(*) from app.customers where ssn = '1')
select (select count(email) from app.customers)
select (select max(ssn) from app.customers), id from orders
select (select o.note) from orders o
select (select o.note from app.customers c limit 1) from orders o
select array(select email from app.customers)
select array(select email from app.customers order by ssn)
select exists (select 1 from app.customers where email = 'x')
select exists (select email from app.customers)
select id in (select id from app.customers), note from orders
select note = any (select email from app.customers) from orders
select 'x' > all (select email from app.customers)
select ('a', 'b') in (select email, phone from app.customers)
select row(1, 'x') = (select id, email from app.customers limit 1)
select case when exists (select 1 from app.customers where ssn = '1') then note end from orders
select coalesce((select email from app.customers limit 1), 'none')
select upper((select email from app.customers limit 1))
select (select s.e from (select email as e from app.customers) s limit 1)
select (select (select c.email from app.customers c where c.id = o.id limit 1) from orders o limit 1)
select x.id from app.customers x where x.email = (select email from employees limit 1)
select id, (select email from v_customers v where v.id = c.id) from app.customers c
select l.e from orders o, lateral (select email as e from app.customers where id = o.customer_id) l
select l.n from orders o, lateral (select o.note as n) l
select l.* from orders o left join lateral (select o.note || c.email as mix, c.ssn from app.customers c) l on true
select l.v from app.customers c, lateral (values (c.email), (c.phone)) l (v)
select l.v from app.customers c cross join lateral (values (c.email)) l (v)
select a.n, b.m from orders o, lateral (select o.note as n) a, lateral (select a.n || 'x' as m) b
select u from app.customers c, unnest(c.tags) u
select u.* from app.customers c, unnest(c.tags) with ordinality u (tag, place)
select t, n from app.customers c, lateral unnest(c.tags, array[1, 2]) as u (t, n)
select unnest(tags) from app.customers
select unnest(array[email, phone]) from app.customers
select regexp_split_to_table(email, '@') from app.customers
select k, v from app.customers c, jsonb_each_text(c.profile) as j (k, v)
select j.key, j.value from app.customers c cross join jsonb_each(c.profile) j
select jsonb_each(profile) from app.customers
select (jsonb_each(profile)).* from app.customers
select (jsonb_each(profile)).key from app.customers
select r.a, r.b from app.customers, jsonb_to_record(profile) as r (a int, b text)
select r.* from documents d, json_to_recordset(d.meta) as r (x text, y text)
select (jsonb_populate_record(c, '{}')).email from app.customers c
select g from generate_series(1, 3) g
select g.g, c.email from generate_series(1, 3) g join app.customers c on c.id = g.g
select g from app.customers c, generate_series(1, c.id) g
select a, b from rows from (generate_series(1, 2), generate_series(1, 3)) as r (a, b)
select a, b, o from app.customers c, rows from (unnest(c.tags), generate_series(1, c.id)) with ordinality as r (a, b, o)
select * from json_each('{}')
select e from app.customers c, lateral (select string_agg(t, ',') as e from unnest(c.tags) t) x
17: select j.a from app.customers c, json_table(c.profile, '$' columns (a text path '$.a', b int path '$.b')) j
17: select j.* from app.customers c, json_table(c.profile, '$[*]' columns (n for ordinality, a text path '$.a')) j
17: select json_value(profile, '$.a'), json_query(profile, '$.b'), json_exists(profile, '$.c') from app.customers
16: select json_object('k': email), json_array(email, id) from app.customers
16: select json_arrayagg(email), json_objectagg(id: email) from app.customers
16: select profile is json object from app.customers
with c as (select email from app.customers) select email from c
with c (x) as (select email from app.customers) select x from c
with c as (select * from app.customers) select * from c
with c as (select email, id from app.customers), d as (select email as e from c) select e from d
with c as materialized (select email from app.customers) select upper(email) from c
with c as not materialized (select email from app.customers) select * from c
with customers as (select id, note as email from orders) select email from customers
with customers as (select email from app.customers) select email from customers
with orders as (select email as note from app.customers) select note from orders
with c as (select email from app.customers) select (select email from c limit 1)
with c as (select email from app.customers) select c from c
with c as (select email from app.customers) select * from c a join c b using (email)
with c as (with d as (select email from app.customers) select * from d) select * from c
with c as (select 1 as one) select one from c union all select (with c as (select id from orders) select id from c limit 1)
select * from (with c as (select email from app.customers) select * from c) s
select * from (with c as (select note from orders) select * from c) s, (with c as (select email from app.customers) select * from c) t
with a as (select email from app.customers), b as (with a as (select note from orders) select * from a) select a.email, b.note from a, b
with recursive t (n) as (select 1 union all select n + 1 from t where n < 5) select n from t
with recursive t as (select id, email from app.customers where id = 1 union all select c.id, c.email from app.customers c join t on c.referrer_id = t.id) select * from t
with recursive t (id, path) as (select id, email from app.customers union all select c.id, t.path || c.phone from app.customers c join t on c.referrer_id = t.id) select path from t
with recursive t (a, b, c) as (select email, name, ssn::text from app.customers union select b, c, a from t) select a from t
with recursive t (a, b) as (select email, 'x' from app.customers union all select b, a from t where a < 'z') select b from t
with recursive t (a, b) as (select 'x', 'y' union all select t.b, e.ssn::text from t, employees e) select a from t
with recursive t as (select id, name from departments), u as (select id from t union all select e.id from employees e join u on u.id = e.boss_id) select * from u
with recursive t (id, email) as (select id, email from app.customers union all (with x as (select * from t) select x.id, x.email || 'z' from x)) select email from t
with recursive t as (select id, boss_id, name from employees union all select e.id, e.boss_id, e.name from employees e join t on t.id = e.boss_id) search depth first by name set ord select ord, name from t
with recursive t as (select id, boss_id, name from employees union all select e.id, e.boss_id, e.name from employees e join t on t.id = e.boss_id) search breadth first by id set ord select ord from t
with recursive t as (select id, boss_id, email from employees union all select e.id, e.boss_id, e.email from employees e join t on t.id = e.boss_id) cycle email set looped using trail select looped, trail from t
with recursive t as (select id, email from app.customers), s as (select * from t) select s.* from s
with w as (insert into log (who) select email from app.customers returning who, id) select * from w
with w as (update app.customers set email = phone returning email, name) select email from w
with w as (delete from app.customers returning *) select w.ssn from w
with w as (delete from app.customers returning email) insert into log (what) select email from w returning what
with w as (update orders set note = c.email from app.customers c returning orders.note, c.phone) select * from w
17: with w as (merge into orders o using app.customers c on o.customer_id = c.id when matched then update set note = c.email returning o.note, c.ssn) select * from w
select email from app.customers union select note from orders
select email from app.customers union all select email from app.customers
select email, id from app.customers union all select note, id from orders order by 1
select email from app.customers intersect select note from orders
select email from app.customers except select note from orders
select note from orders except select email from app.customers
(select email from app.customers limit 1) union all (select ssn from employees limit 1)
select email from app.customers union (select note from orders except select ssn from employees)
(select email from app.customers union select note from orders) intersect select title from products
select 1, null union all select id, email from app.customers
select null union all select email from app.customers
select id, 'x' from orders union select id, phone from app.customers
select * from (select email from app.customers union select note from orders) s
select s.e from (select email e from app.customers union all select note from orders) s where e > 'a'
select * from app.v_customers union all select id, note, status, total from orders
select a from (values ('x'), ('y')) v (a) union select email from app.customers
values (1, 'a') union all select id, email from app.customers
table app.accounts union all select id, id, login, id from hr.accounts
select c from app.customers c union all select c from app.customers c
select row(email, id) from app.customers union all select row(note, id) from orders
select email from app.customers union select phone from app.customers union select ssn from app.customers
select (select email from app.customers union select note from orders limit 1)
select (values (1)), (select x.v from (values ('a')) x (v))
values ((select email from app.customers limit 1), 2)
select v.a from (values ((select email from app.customers limit 1)), ('x')) v (a)
select a.b from (select b.email as b from app.customers b) a
select customers.email from (select note as email from orders) customers
select o.c from (select c from app.customers c) o
select (o.c).email from (select c from app.customers c) o
select (o.c).home from (select c from app.customers c) o
select ((o.c).home).city from (select c from app.customers c) o
select s.* from app.customers c, lateral (select c.*) s
select s.email from app.customers c, lateral (select c.*) s
select s.x from app.customers c, lateral (select c as x) s
select (s.x).email from app.customers c, lateral (select c as x) s
select count(*) from (select email from app.customers) s
select count(s) from (select email from app.customers) s
select s.email, c.email from (select email from employees) s, app.customers c
`;
