/** A database with the secret in every kind of place that a masked value can be in, and ways around to it. */
import { SECRET } from '../e2e/harness.ts';

export const RULES = `version: 1
masks:
  - name: contact
    columns: [public.customers.email, public.customers.phone]
    with: { partial: { keepLast: 2 } }
  - name: ssn
    columns: ['*.ssn']
    with: redact
  - name: vault
    columns: ['public.vault.s_*']
    with: hash
  - name: logins
    columns: [public.logins.system_user]
    with: redact
rules: []
# so that what is asked is answered, and the masks alone must hold
defaults: { influence: allow }
`;

export const SCHEMA = `
  create table customers (id int primary key, name text not null, email text, phone text, ssn text, city text, age int);
  insert into customers select i, 'name ' || i, '${SECRET}' || i || '@example.com', '${SECRET}-' || i,
    '${SECRET}' || i, 'city ' || (i % 7), 20 + i % 50 from generate_series(1, 200) i;
  create table orders (id int primary key, customer_id int references customers(id), total numeric, note text);
  insert into orders select i, 1 + i % 200, i * 1.5, 'note ' || i from generate_series(1, 500) i;
  create view customer_contacts as select id, email as contact from customers;
  create view contact_counts as select city, max(phone) as top from customers group by city;
  create view nested_contacts as select contact as c from customer_contacts;
  create materialized view stored_contacts as select id, reverse(email) as back from customers;
  create function get_ssn(int) returns text language sql stable as 'select ssn from customers where id = $1';
  create function all_ssn() returns setof text language sql stable as 'select ssn from customers';
  create function whole() returns setof customers language sql stable as 'select * from customers';
  create function named() returns table (a int, b text) language sql stable as 'select id, ssn from customers';
  create function lower(int) returns text language sql stable as 'select ssn from customers where id = $1';
  create function leak(orders) returns text language sql stable as 'select ssn from customers where id = $1.customer_id';
  create function bark() returns int language plpgsql as $$ begin raise notice '%', get_ssn(1); return 1; end $$;
  create function burst() returns int language plpgsql as $$ begin raise exception '%', get_ssn(1); end $$;
  create function burst_code() returns int language plpgsql as $$ begin raise exception using errcode = 'ZQX7S', message = get_ssn(1); end $$;
  create function open_named(refcursor) returns refcursor language plpgsql as
    $$ begin open $1 for select reverse(ssn) from customers; return $1; end $$;
  create function dyn(text) returns setof text language plpgsql as $$ begin return query execute $1; end $$;
  create function leaky_eq(int, text) returns bool language plpgsql as $$ begin raise notice '%', $2; return true; end $$;
  create operator ~~~~ (leftarg = int, rightarg = text, function = leaky_eq);
  create function peek(int, int) returns text language sql stable as 'select ssn from customers where id = $1 + $2';
  create operator +@+ (leftarg = int, rightarg = int, function = peek);
  create function ssn_ok(int) returns bool language plpgsql as $$ begin raise notice '%', get_ssn($1); return true; end $$;
  create domain checked as int check (ssn_ok(value));
  create function peek_step(text, int) returns text language sql stable as 'select ssn from customers where id = $2';
  create aggregate gather (int) (sfunc = peek_step, stype = text, initcond = '');
  create table staff (id int primary key, ssn text, salary int check (salary > 0));
  insert into staff select i, '${SECRET}' || i, 1000 + i from generate_series(1, 60) i;
  create function shout() returns trigger language plpgsql as $$ begin raise notice 'was %', old.ssn; return new; end $$;
  create trigger staff_shouts before update on staff for each row execute function shout();
  create function tell() returns trigger language plpgsql as $$ begin perform pg_notify('news', old.ssn); return old; end $$;
  create trigger staff_tells before delete on staff for each row execute function tell();

  create table dept (id int primary key, title text);
  insert into dept select i, 'dept ' || i from generate_series(1, 60) i;
  create table member (id int primary key, ssn text,
    dept_id int not null check (dept_id < 1000) references dept(id) on update cascade on delete set null);
  insert into member select i, '${SECRET}' || i, i from generate_series(1, 60) i;
  create table club (id int primary key, title text);
  insert into club select i, 'club ' || i from generate_series(1, 60) i;
  create table visitor (id int primary key, ssn text, club_id int references club(id) on delete cascade);
  insert into visitor select i, '${SECRET}' || i, i from generate_series(1, 60) i;
  create trigger visitor_shouts before delete on visitor for each row execute function shout();

  create function tax(numeric) returns numeric language sql immutable as 'select $1 * 1.19';
  create function tax(text) returns text language sql stable as 'select ssn from customers where id = $1::int';
  create function calls_leak(int) returns text language plpgsql as $$ begin return get_ssn($1); end $$;
  create function round_leak(n int) returns text language plpgsql as $$ begin if n = 0 then return get_ssn(1); end if; return turn_leak(n - 1); end $$;
  create function turn_leak(n int) returns text language sql as 'select round_leak($1)';
  create function by_default(a text default get_ssn(1)) returns text language sql as 'select a';
  create function atomic_leak(n int) returns text language sql begin atomic select 1; select ssn from customers where id = n; end;
  create function fetch_from(c refcursor) returns text language plpgsql as $$ declare t text; begin fetch c into t; return t; end $$;
  create function handled(n int) returns text language plpgsql as $$ begin return 1 / (n - n); exception when others then return get_ssn(1); end $$;
  create function coded(t text) returns int language plpgsql as $$ begin raise exception 'no' using errcode = t; end $$;
  create function checked_text(t text) returns text language plpgsql as $$ begin if t is not null then raise exception 'bad %', t using hint = t; end if; return t; end $$;
  create function echo(anyelement) returns text language sql as 'select $1::text';
  create function card(customers) returns text language sql as 'select $1.ssn';
  create function as_is(text, text) returns text language sql as 'select $2';
  create operator ##& (leftarg = text, rightarg = text, function = as_is);
  create operator ##! (leftarg = tsquery, rightarg = text, function = ts_rewrite);
  create function keep_last(text, text) returns text language sql as 'select $2';
  create function keep_final(text) returns text language sql as 'select max(ssn) from customers';
  create aggregate kept (text) (sfunc = keep_last, stype = text);
  create aggregate kept_leak (text) (sfunc = keep_last, stype = text, finalfunc = keep_final);
  create table noted (id int primary key, ssn text, note text);
  insert into noted select i, '${SECRET}' || i, 'n' from generate_series(1, 20) i;
  create function copy_note() returns trigger language plpgsql as $$ begin new.note := new.ssn; return new; end $$;
  create trigger noted_copies before update on noted for each row execute function copy_note();

  create table event (id int, note text, at date) partition by range (at);
  create table event_old (id int, note text, at date, ssn text);
  create table plain_parent (id int, note text);
  create table secret_child (ssn text, constraint short check (length(note) < 50)) inherits (plain_parent);
  insert into plain_parent select i, 'note' from generate_series(1, 20) i;
  insert into secret_child select i, 'note', '${SECRET}' || i from generate_series(100, 160) i;
  create table people (id int, ssn text, born date) partition by range (born);
  create table people_old partition of people for values from ('1900-01-01') to ('2000-01-01');
  insert into people select i, '${SECRET}' || i, '1950-01-01' from generate_series(1, 20) i;
  create table base_person (id int, ssn text);
  create table child_person (extra text) inherits (base_person);
  insert into child_person select i, '${SECRET}' || i, 'x' from generate_series(1, 20) i;

  create table snapshots (id int, who customers, whos customers[]);
  insert into snapshots select c.id, c, array[c] from customers c where id < 20;
  create table gen (id int, ssn text, shown text generated always as (upper(ssn)) stored);
  insert into gen select i, '${SECRET}' || i from generate_series(1, 20) i;

  create table vault (id int primary key, s_text text, s_bytea bytea, s_json jsonb, s_array text[], s_name name,
    s_char char(40), s_tsv tsvector, s_hstore json, s_bpchar varchar(60));
  insert into vault select i, v, convert_to(v, 'UTF8'), jsonb_build_object('k', v), array[v, v], 
    v::name, v, to_tsvector('simple', v), json_build_array(v), v from (select i, '${SECRET}' || i as v from generate_series(1, 20) i) x;
  create table late (id int);
  insert into late select i from generate_series(1, 20) i;
  alter table late add column ssn text default '${SECRET}';
  create table ruled (id int, note text);
  create rule ruled_shows as on insert to ruled do also select reverse(ssn) from customers limit 3;
  create table defaulted (id int, note text default get_ssn(1));
  create table copyable (id int, ssn text, note text);
  insert into copyable select i, '${SECRET}' || i, 'n' from generate_series(1, 20) i;
  create sequence counter;
  create schema other;
  create table other.customers (id int, remark text);
  insert into other.customers select i, 'remark ' || i from generate_series(1, 20) i;
  create table toasted (id int, ssn text);
  alter table toasted alter column ssn set storage external;
  insert into toasted select i, repeat('${SECRET}', 400) from generate_series(1, 3) i;
  create table indexed (id int, ssn text unique);
  insert into indexed select i, '${SECRET}' || i from generate_series(1, 20) i;
  create table deferred (id int, ssn text unique deferrable initially deferred);
  insert into deferred select i, '${SECRET}' || i from generate_series(1, 20) i;
  create function "json_value"(jsonb, text) returns text language sql stable as 'select ssn from customers where id = 1';
  create function "json_query"(jsonb, text) returns text language sql stable as 'select ssn from customers where id = 1';
  create function "json_exists"(jsonb, text) returns text language sql stable as 'select ssn from customers where id = 1';
  create function "json_scalar"(int) returns text language sql stable as 'select ssn from customers where id = 1';
  create function "json_serialize"(text) returns text language sql stable as 'select ssn from customers where id = 1';
  create function "json_array"(int) returns text language sql stable as 'select ssn from customers where id = 1';
  create function "json_array"() returns text language sql stable as 'select ssn from customers where id = 1';
  create function "json_object"(int, int) returns text language sql stable as 'select ssn from customers where id = 1';
  create function "json"(int) returns text language sql stable as 'select ssn from customers where id = 1';
  create function "merge_action"() returns text language sql stable as 'select ssn from customers where id = 1';
  create aggregate "json_arrayagg" (int) (sfunc = peek_step, stype = text, initcond = '');
  create table logins (id int, "system_user" text, ssn text);
  insert into logins select i, '${SECRET}' || i, '${SECRET}' || i from generate_series(1, 20) i;
  analyze;
`;
