/** What statements that write give back, and what they store. */
export const WRITING = `
insert into log (who) values ('x') returning *
insert into log (who) values ('x') returning id, who || what, log
insert into log as l (who) values ('x') returning l.who, l.*
insert into log (who, what) select email, name from app.customers
insert into log (who, what) select email, name from app.customers returning who
insert into log (who) select upper(email) || phone from app.customers
insert into log (what) values ((select email from app.customers limit 1)) returning what
insert into log (who) values ('a'), ((select ssn from employees limit 1))
insert into log (who) with c as (select email from app.customers) select email from c
with c as (select email from app.customers) insert into log (who) select email from c returning (select max(email) from c)
insert into log default values returning id
insert into log table log
insert into log (what) select c::text from app.customers c
insert into app.customers (id, email) values (1, 'x') on conflict (id) do update set email = excluded.email returning email
insert into app.customers (id, email, name) select id, email, note from employees join orders using (id) on conflict (id) do update set name = excluded.email || customers.phone returning *
insert into app.customers (id) values (1) on conflict do nothing returning ssn
insert into orders (id, note) select id, email from app.customers on conflict (id) do update set (note, status) = (select ssn, name from employees limit 1) returning note
insert into products values (1, 'x', 2, 3) returning *
insert into products (id, supplier) select id, email from app.customers returning supplier
insert into v_customers (id, email) select id, ssn from employees returning *
insert into v_shared (id, number) values (1, 'x') returning number
insert into v_trigger (id, email) values (1, 'x') returning *
insert into events values (1, '2024-01-01', 'x', '{}') returning payload
insert into app.customers (id, home) values (1, ('a', 'b', 'c')) returning home, (home).city
insert into app.customers (id, home.street, tags[1]) select id, email, phone from app.customers
insert into employees (id, ssn) select id, ssn from app.customers returning ssn
insert into hr.accounts (id, password) select id, iban from app.accounts
update app.customers set email = 'x' returning email
update app.customers set email = phone returning *
update app.customers set email = upper(email), balance = balance * 2 where id = 1 returning id, email
update app.customers c set email = o.note from orders o where o.customer_id = c.id returning c.email, o.note, o.*
update app.customers set (email, phone) = (name, ssn) returning phone
update app.customers set (email, phone) = row (name, ssn)
update app.customers set (email, phone) = (select e.email, e.ssn from employees e where e.id = customers.id) returning email
update orders set note = (select email from app.customers c where c.id = orders.customer_id) returning note
update orders set note = case when exists (select 1 from app.customers where ssn = note) then 'a' else status end
update app.customers set home.city = email, tags[1] = phone
update app.customers set profile['a'] = to_jsonb(email)
update only people set name = ssn returning *
update people set name = ssn returning tableoid, name
update staff set badge = ssn returning staff
update events set actor = payload ->> 'x' returning actor
update v_customers set email = name returning email, v_customers
update v_shared set number = (select max(password) from hr.accounts) returning *
update v_trigger set email = quiet returning quiet
update app.customers set email = default returning email
update app.customers set referrer_id = l.id from lateral (select id, email from employees) l returning l.email
with c as (select id, email from employees) update orders set note = c.email from c where c.id = orders.id returning c.email, orders.note
with moved as (delete from app.customers returning id, email) update orders set note = moved.email from moved returning moved.email
delete from app.customers
delete from app.customers returning *
delete from app.customers c using orders o where o.customer_id = c.id returning c.email, o.note
delete from app.customers where id = 1 returning email || ssn, customers
delete from only people returning name
delete from v_customers returning email
delete from v_trigger returning quiet
delete from orders o using (select id, email from app.customers) c where c.id = o.customer_id returning c.email
delete from app.customers returning (select max(note) from orders where customer_id = customers.id)
18: update app.customers set email = phone returning old.email, new.email, old.*, new
18: delete from app.customers returning old.email, old
18: insert into app.customers (id) values (1) on conflict (id) do update set email = 'x' returning with (old as before, new as after) before.email, after.phone
18: update virtuals set secret = open returning veiled, secret
17: merge into orders o using app.customers c on o.customer_id = c.id when matched then update set note = c.email returning merge_action(), o.*, c.email
15: merge into orders o using app.customers c on o.customer_id = c.id when matched and c.vip then update set note = c.email || c.phone when not matched then insert (id, note) values (c.id, c.ssn)
15: merge into orders o using (select id, ssn from employees) e on o.id = e.id when matched then delete when not matched then insert (id, status) values (e.id, e.ssn)
17: merge into v_customers v using employees e on v.id = e.id when matched then update set name = e.ssn returning v.name, e.ssn
15: with e as (select id, email from employees) merge into app.customers c using e on c.id = e.id when matched then update set email = e.email, name = c.phone
insert into log (who) select email from v_everyone returning who
insert into log (who) select shout from m_customers
insert into log (who) select k::text from v_values
insert into log (who) select name from app.customers union select ssn from employees
insert into log (who, what) values ($1, $2) returning who
insert into pairs select id, id, email from app.customers
insert into pairs (c) select string_agg(email, ',') from app.customers
insert into pairs (a) select count(email) from app.customers returning a
insert into log (what) select max(salary) over (order by id)::text from employees
insert into log (who) select l.v from app.customers c, lateral (values (c.email), (c.ssn::text)) l (v)
`;
