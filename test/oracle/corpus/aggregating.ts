/** Aggregates, windows, grouping, and functions that gather rows. */
export const AGGREGATING = `
select count(*) from app.customers
select count(email) from app.customers
select count(distinct email) from app.customers
select count(upper(email)) from app.customers
select count(nullif(email, 'x')) from app.customers
select count(*) filter (where email like 'a%') from app.customers
select count(id) filter (where email = 'x') from app.customers
select count(c) from app.customers c
select count(case when email = 'x' then 1 end) from app.customers
select count(x) from (select nullif(ssn, '1') as x from app.customers) s
select count(x) from (select email as x from app.customers) s
select count(*) + 1, count(email) * 2 from app.customers
select count(email) > 3 from app.customers
select max(email), min(email) from app.customers
select max(email) || 'x' from app.customers
select sum(balance), avg(balance), stddev(balance) from app.customers
select sum(balance) filter (where ssn = '1') from app.customers
select sum(case when email = 'x' then 1 else 0 end) from app.customers
select string_agg(email, ',') from app.customers
select string_agg(name, ',' order by email) from app.customers
select array_agg(email order by id), array_agg(distinct phone) from app.customers
select array_agg(c) from app.customers c
select json_agg(c), jsonb_agg(email), jsonb_object_agg(id, email) from app.customers c
select jsonb_agg(s) from (select email, id from app.customers) s
select json_agg(row(email, id)) from app.customers
select bool_and(vip), every(email = 'x'), bit_or(id) from app.customers
select percentile_cont(0.5) within group (order by balance) from app.customers
select mode() within group (order by email) from app.customers
select rank('x') within group (order by email) from app.customers
select corr(balance, id) from app.customers
select (array_agg(email))[1] from app.customers
select unnest(array_agg(email)) from app.customers
select name, count(*) from app.customers group by name
select name, max(email) from app.customers group by 1
select upper(email), count(*) from app.customers group by upper(email)
select upper(email) || 'x', count(*) from app.customers group by upper(email)
select email as e, count(*) from app.customers group by e
select name from app.customers group by name having max(ssn) > '1'
select id, email from app.customers group by id
select c.id, c.email, count(o.id) from app.customers c left join orders o on o.customer_id = c.id group by c.id
select name, mood, sum(balance) from app.customers group by rollup (name, mood)
select name, mood, count(*) from app.customers group by cube (name, mood)
select name, email, grouping(name, email) from app.customers group by grouping sets ((name), (email), ())
select email from app.customers group by grouping sets ((email), ())
select coalesce(email, 'all'), count(*) from app.customers group by rollup (email)
select c, count(*) from app.customers c group by c
select c.email, count(*) from app.customers c group by c.email, c.name
select email || name from app.customers group by email, name
select email || name from app.customers group by email || name
select (home).city, count(*) from app.customers group by (home).city
select (select count(*) from orders o where o.customer_id = c.id), c.email from app.customers c group by c.id
select max(o.note) from orders o group by (select email from app.customers c where c.id = o.customer_id)
select row_number() over () from app.customers
select row_number() over (order by email) from app.customers
select rank() over (partition by ssn order by balance desc) from app.customers
select dense_rank() over w, ntile(4) over w from app.customers window w as (order by balance)
select lag(email) over (order by id), lead(phone, 2, name::varchar) over (order by id) from app.customers
select first_value(email) over (partition by name order by id), nth_value(ssn, 2) over () from app.customers
select sum(balance) over (order by born), avg(balance) over () from app.customers
select count(*) over () from app.customers
select count(email) over () from app.customers
select count(*) over (partition by email) from app.customers
select sum(id) over (order by balance range between 10 preceding and current row) from app.customers
select sum(id) over (order by id rows between (select max(id) from orders) preceding and current row) from app.customers
select max(email) over w from app.customers window w as (partition by name), v as (w order by id)
select max(email) filter (where vip) over () from app.customers
select sum(count(*)) over (order by name) from app.customers group by name
select sum(sum(balance)) over (partition by mood) from app.customers group by mood
select cume_dist() over (order by balance), percent_rank() over (order by balance) from app.customers
select email, row_number() over (partition by name order by id) as rn from app.customers
select email from (select email, row_number() over (partition by name order by ssn) as rn from app.customers) s where rn = 1
select rn from (select email, row_number() over (order by ssn) as rn from app.customers) s
select x.m from (select max(email) as m from app.customers) x
select m, n from (select name as n, max(email) as m from app.customers group by name) x
select s.total, c.email from app.customers c join (select customer_id, sum(total) as total from orders group by 1) s on s.customer_id = c.id
select (select string_agg(o.note, c.email) from orders o) from app.customers c
select (select max(c.email) from orders o) from app.customers c
select (select max(c.email) from orders o limit 1) from app.customers c group by c.id
select array(select max(email) from app.customers group by name)
select generate_series(1, max(id)) from app.customers
select distinct max(email) over () from app.customers
select any_value from (select max(note) as any_value from orders) s
select json_object_agg(name, (select max(note) from orders)) from app.customers
select regr_slope(salary, id), covar_pop(salary, id) from employees
select range_agg(shift) from employees
select count(*) from v_customers
select count(email) from v_customers
select count(label) from v_contact
select count(shout) from m_customers
select count(spent), max(spent) from v_spend
select mail is null, label is null from v_contact
select s.e is null from (select upper(email) as e from app.customers) s
select s.e is null from (select email as e from app.customers) s
select count(veiled) from (select initials as veiled from app.customers) s
select count(d) from (select distinct email as d from app.customers) s
select count(u) from (select email as u from app.customers union select note from orders) s
`;
