/** Plain reading: names, stars, joins, expressions, rows. */
export const SELECTING = `
select 1
select 1, 'x', null, true
select email from app.customers
select email as e from app.customers
select customers.email from app.customers
select app.customers.email from app.customers
select c.email from app.customers c
select c.phone from app.customers as c (a, b)
select b from app.customers as c (a, b)
select c.b, c.phone from app.customers as c (a, b)
select * from app.customers
select customers.* from app.customers
select c.* from app.customers c
select app.customers.* from app.customers
select *, email from app.customers
select * from app.customers c (a, b, c)
table app.customers
table app.v_contact
select from app.customers
select "Secret Word", "select" from documents
select EMAIL from App.Customers
select iban from accounts
select login from hr.accounts
select a.iban, b.password from app.accounts a join hr.accounts b using (id)
select * from app.accounts a, hr.accounts b
select * from app.accounts natural join hr.accounts
select supplier from products
select * from products
select p from products p
select ctid, tableoid, xmin from app.customers
select tableoid::regclass, name from people
select * from only people
select * from people*
select * from staff
select name, ssn from people union all select name, badge from staff
select * from events
select actor from events_2024
select e.payload from events e where at > '2024-05-05'
select veiled from v_everyone, lateral (select 1 as veiled) x
select * from v_customers
select mail, label from v_contact
select * from v_contact
select * from v_star
select initials from app.customers
select initials, left(initials, 1) from v_star
select * from v_spend
select spent from v_spend
select * from v_everyone
select email from v_everyone
select whole from v_row
select (whole).ssn from v_row
select (whole).* from v_row
select * from hr.v_chain
select * from v_using
select email from v_using
select number from v_shared
select * from v_values
select k + 1 from v_values
select * from v_counts
select * from m_customers
select email, shout from m_customers
select * from m_spend
select mail, shout from v_over_mat
select c from v_customers c
select c from m_customers c
select v_customers from v_customers
18: select * from virtuals
18: select veiled from virtuals
18: select veiled, open from v_virtuals
select email || phone from app.customers
select upper(email) from app.customers
select email::varchar from app.customers
select phone::text from app.customers
select cast(ssn as text) from app.customers
select phone from app.customers union select email from hr.employees
select case when vip then email else phone end from app.customers
select case email when 'x' then 1 else 2 end from app.customers
select case when ssn like '1%' then 'a' end from app.customers
select coalesce(email, phone, 'none') from app.customers
select nullif(email, 'x') from app.customers
select greatest(balance, 10), least(balance, id) from app.customers
select email = 'x', email like 'a%', email ~ 'b', email in ('a', 'b'), email between 'a' and 'b' from app.customers
select email is null, email is not null from app.customers
select (email || 'x') is null from app.customers
select row(email, phone) is null from app.customers
select c is null from app.customers c
select vip is true, vip is not unknown from app.customers
select email is distinct from phone from app.customers
select not vip, vip and balance > 3, vip or id = 1 from app.customers
select balance * 2, -balance, balance + id, balance % 3 from app.customers
select (balance)::int, balance::text::int from app.customers
select tags[1], tags[1:2], tags || 'x'::text, array_length(tags, 1) from app.customers
select tags from app.customers
select 'x' = any (tags), id = any (array[1, 2]) from app.customers
select array[email, phone], array[[id]] from app.customers
select profile -> 'a', profile ->> 'b', profile #> '{a,b}', profile @> '{}' from app.customers
select profile['a'] from app.customers
select (home).city, home from app.customers
select (c.home).street, (c.home).* from app.customers c
select (c).home from app.customers c
select ((c).home).zip from app.customers c
select (c).email from app.customers c
select c.email from (select * from app.customers) c
select row(email, phone) from app.customers
select (email, ssn) from app.customers
select row(c.*) from app.customers c
select row(c.*, 1) from app.customers c
select c from app.customers c
select customers from app.customers
select c::text from app.customers c
select c.*::text from app.customers c
select to_jsonb(c), row_to_json(c) from app.customers c
select to_jsonb(c) - 'email' from app.customers c
select jsonb_build_object('e', email) from app.customers
select json_build_array(email, id) from app.customers
select name(c) from app.customers c
select c.name, (c).name from app.customers c
select email(c) from app.customers c
select md5(email), length(email), substr(email, 1, 2), position('a' in email) from app.customers
select substring(email from 1 for 2), overlay(email placing 'x' from 1), trim(both from email) from app.customers
select extract(year from born), date_trunc('month', born), born - 1 from app.customers
select born at time zone 'utc' from app.customers
select age(born), (born, born) overlaps (born, born) from app.customers
select email collate "C" from app.customers
select lower(shift), upper(shift) from employees
select reviews[1] ->> 'text' from employees
select mood from app.customers
select mood::text, mood > 'calm' from app.customers
select ssn from employees
select ssn::text, ssn || 'x' from employees
select name::app.secret from employees
select total, total + 1 from orders
select search @@ to_tsquery('x'), to_tsvector(body) from documents
select meta -> 'x' from documents
select host(ip), ip from events
select current_user, current_date, now(), session_user
select nextval('app.ticket'), currval('app.ticket')
select $1::text, email from app.customers where id = $2
select $1 || email from app.customers
select grouping(email), email from app.customers group by email
select format('%s %s', email, name) from app.customers
select concat(email, 1), concat_ws(',', email, phone) from app.customers
select num_nulls(email, phone) from app.customers
select pg_typeof(email), pg_column_size(email) from app.customers
select shout(email) from app.customers
select app.shout('x')
select customer_emails()
select * from customer_emails()
select * from app.customers c, orders o where c.id = o.customer_id
select c.email, o.note from app.customers c join orders o on c.id = o.customer_id
select c.email, o.note from app.customers c left join orders o on c.id = o.customer_id
select * from app.customers c right join orders o on c.id = o.customer_id
select * from app.customers c full join orders o on c.id = o.customer_id
select * from app.customers cross join orders
select * from app.customers join hr.employees using (email)
select email from app.customers join hr.employees using (email)
select email from app.customers left join hr.employees using (email)
select email from app.customers right join hr.employees using (email)
select email from app.customers full join hr.employees using (email)
select employees.email, customers.email, email from app.customers full join hr.employees using (email)
select * from app.customers full join hr.employees using (email, name)
select * from app.customers natural join hr.employees
select ssn from app.customers right join staff using (ssn)
select ssn from app.customers left join staff using (ssn)
select ssn from app.customers join staff using (ssn)
select ssn is null, count(ssn) from app.customers right join staff using (ssn) group by ssn
select balance from app.customers left join app.accounts using (balance)
select name from departments right join app.customers using (name)
select name from app.customers natural full join hr.employees
select j.email from (app.customers join hr.employees using (email)) j
select j.* from (app.customers c join orders o on c.id = o.customer_id) j
select j.a, j.b from (app.customers c cross join orders o) j (a, b)
select u.email from app.customers join hr.employees using (email) as u
select u.* from app.customers join hr.employees using (email) as u
select u from app.customers join hr.employees using (email) as u
select j from (app.customers c join orders o on c.id = o.customer_id) j
select a.email, b.email, d.email from app.customers a join app.customers b on a.referrer_id = b.id join employees d on d.email = a.email
select id from app.customers join orders using (id) join products using (id)
select id from app.customers full join orders using (id) full join products using (id)
select * from pairs p1 join pairs p2 using (a, b) left join pairs p3 using (a)
select e.name, b.name from employees e left join employees b on e.boss_id = b.id
select * from app.customers tablesample system (10)
select distinct email from app.customers
select distinct on (name) name, email from app.customers order by name, ssn
select email from app.customers order by ssn limit 3
select email as x from app.customers order by x
select id from app.customers order by email
select id from app.customers where email = 'x' and exists (select 1 from orders)
select email from app.customers for update
select x.* from (values (1, 'a'), (2, 'b')) x
select x.column2 from (values (1, 'a')) x
values (1, 2), (3, 4)
select relname from pg_class
select * from pg_stats
select table_name from information_schema.tables
`;
