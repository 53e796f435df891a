/** The database the oracle asks about: every kind of relation and column that lineage has to see through. */
export const SEARCH_PATH = 'app, hr, public';

const TYPES = `
  create schema app; create schema hr;
  create type app.mood as enum ('calm', 'cross');
  create type app.address as (street text, city text, zip varchar(10));
  create domain app.secret as text check (length(value) < 200);
  create domain app.positive as numeric check (value >= 0);
  create sequence app.ticket;
`;

const TABLES = `
  create table app.customers (id int primary key, email text, phone varchar(20), ssn char(11), name text,
    balance numeric(12, 2), tags text[], profile jsonb, home app.address, mood app.mood, born date,
    vip boolean default false, referrer_id int references app.customers,
    initials text generated always as (left(name, 1) || left(email, 1)) stored);
  create table app.orders (id int primary key, customer_id int references app.customers, total app.positive,
    note text, placed timestamptz default now(), status text, shipped date);
  create table app.products (id int primary key, title text, price numeric, cost numeric, doomed text, attributes json);
  alter table app.products drop column doomed;
  alter table app.products add column supplier text;
  create table app.order_items (order_id int, product_id int, quantity int, price numeric,
    primary key (order_id, product_id));
  create table app.accounts (id int primary key, owner_id int, iban text, balance numeric);
  create table hr.accounts (id int primary key, login text, password text);
  create table hr.departments (id int primary key, name text, head_id int);
  create table hr.employees (id int primary key, name text, email text, salary numeric, ssn app.secret,
    boss_id int, department_id int, hired date, reviews jsonb[], shift int4range);
  create table app.people (id int primary key, name text, ssn text);
  create table app.staff (badge text, rate numeric) inherits (app.people);
  create table app.contractors (agency text) inherits (app.people);
  create table app.events (id int, at date, actor text, payload jsonb, ip inet) partition by range (at);
  create table app.events_2024 partition of app.events for values from ('2024-01-01') to ('2025-01-01');
  create table app.events_2025 partition of app.events for values from ('2025-01-01') to ('2026-01-01');
  create table app.documents (id int primary key, author_id int, body text, meta json, "Secret Word" text,
    "select" text, search tsvector);
  create table app.log (id serial primary key, who text, what text, at timestamptz default now());
  create unlogged table app.pairs (a int, b int, c text);
`;

const VIEWS = `
  create view app.v_customers as select id, email, name, balance from app.customers;
  create view app.v_contact (customer, mail, label) as
    select id, email, name || ' <' || email || '>' from app.v_customers where balance > 0;
  create view app.v_star as select * from app.customers;
  create view app.v_spend as select c.id, c.email, sum(o.total) as spent, max(o.placed) as latest
    from app.customers c left join app.orders o on o.customer_id = c.id group by c.id, c.email;
  create view app.v_everyone as select id, name, email, 'customer' as kind from app.customers
    union all select id, name, email, 'employee' from hr.employees;
  create view app.v_row as select c as whole, c.id from app.customers c;
  create view hr.v_chain as with recursive up (id, name, boss_id, depth) as (
      select id, name, boss_id, 0 from hr.employees where boss_id is null
      union all select e.id, e.name, e.boss_id, u.depth + 1 from hr.employees e join up u on e.boss_id = u.id)
    select * from up;
  create view app.v_using as select email, customers.name, salary from app.customers full join hr.employees using (email);
  create view app.v_shared as select id, iban as number from app.accounts;
  create view app.v_values (k, v) as values (1, 'one'), (2, 'two');
  create view app.v_counts as select count(*) as n, count(email) as mails, bool_or(ssn is null) as gaps
    from app.customers;
  create materialized view app.m_customers as select id, email, upper(name) as shout from app.v_customers;
  create materialized view app.m_spend as select s.*, m.shout from app.v_spend s join app.m_customers m using (id);
  create view app.v_over_mat as select id, email as mail, shout from app.m_customers;
`;

const CODE = `
  create function app.shout(t text) returns text language sql immutable as 'select upper(t)';
  create function app.customer_emails() returns setof text language sql as 'select email from app.customers';
  create function app.insert_contact() returns trigger language plpgsql as 'begin return new; end';
  create view app.v_trigger as select id, email, lower(name) as quiet from app.customers;
  create trigger writable instead of insert or update or delete on app.v_trigger
    for each row execute function app.insert_contact();
`;

/** Virtual generated columns are new in 18. */
const SINCE_18 = `
  create table app.virtuals (id int primary key, secret text, open text,
    veiled text generated always as (upper(secret)) virtual);
  create view app.v_virtuals as select id, veiled, open from app.virtuals;
`;

export function schemaFor(major: number): string {
  return [TYPES, TABLES, VIEWS, CODE, major >= 18 ? SINCE_18 : ''].join('\n');
}

/** One of the corpus: its text, and the first major version that understands it. */
export type Asked = { readonly sql: string; readonly since: number };

/** One statement a line; `18: select …` is for that version and newer. Blank lines are for people. */
export function statementsIn(text: string): Asked[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const marked = /^(\d\d): /.exec(line);
      return { sql: marked === null ? line : line.slice(4), since: Number(marked?.[1] ?? 14) };
    });
}
