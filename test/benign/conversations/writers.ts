/** Writes that touch only what they name: inserts, upserts, restricted updates and deletes, transactions, settings. */
import { statements, undone, type Conversation } from '../conversation.ts';

export const WRITERS: readonly Conversation[] = [
  undone(
    'insert',
    "insert into products (sku, title, price) values ('n1', 'new', 9.5), ('n2', 'newer', 10)",
    "select sku, price from products where sku like 'n_' order by sku",
  ),
  undone('insert returning', {
    text: 'insert into orders (id, customer_id, total, placed) values ($1, $2, $3, $4) returning id, total, paid',
    values: [9001, 3, '12.5', '2024-02-02T00:00:00Z'],
  }),
  undone(
    'insert from select',
    'insert into jobs (id, state) select md5(id::text || $$x$$)::uuid, note from orders where id < 4 returning state',
  ),
  undone(
    'update of a table with a trigger',
    "update tickets set body = 'x' where id = 1 returning upper(body)",
  ),
  undone(
    'insert of what a function computes',
    'insert into orders (id, customer_id, total, placed) values (9101, 3, add_tax(10), now()) returning add_tax(total)',
  ),
  undone('insert default values', 'insert into jobs default values', 'select count(*) from jobs'),
  undone(
    'upsert',
    "insert into products (sku, title, price) values ('sku-1', 'again', 1) on conflict (sku) do update set title = excluded.title, price = products.price + excluded.price returning id, title, price",
  ),
  undone(
    'upsert that does nothing',
    "insert into products (sku, title, price) values ('sku-1', 'again', 1) on conflict do nothing",
  ),
  undone('update by key', {
    text: 'update orders set note = $1, paid = not paid where id = $2 returning id, note, paid',
    values: ['seen', 7],
  }),
  undone(
    'update with arithmetic',
    'update products set stock = stock + 1, price = price * 1.1 where id = 3 returning stock, price',
  ),
  undone(
    'update from',
    'update orders o set note = p.title from products p where p.id = o.id and o.id = 5 returning o.note',
  ),
  undone(
    'update of json',
    "update products set details = jsonb_set(details, '{w}', '99') where id = 2 returning details",
  ),
  undone(
    'delete by key',
    'delete from lines where order_id = 3 and product_id = 3',
    'select count(*) from lines',
  ),
  undone('delete using', 'delete from lines l using products p where p.id = l.product_id and p.id = 4'),
  undone(
    'delete with cascade',
    'delete from orders where id = 8',
    'select count(*) from lines where order_id = 8',
  ),
  {
    since: 15,
    ...undone(
      'merge',
      "merge into products p using (values ('sku-1', 5), ('sku-x', 6)) v(sku, n) on p.sku = v.sku when matched then update set stock = v.n when not matched then insert (sku, title, price) values (v.sku, 'm', 1)",
    ),
  },
  undone(
    'data-modifying CTE',
    "with moved as (update jobs set state = 'run' where state = 'new' and run_at < '2024-01-01 05:00' returning id, state) select count(*), min(state) from moved",
  ),
  undone(
    'job queue',
    "update jobs set state = 'run' where id = (select id from jobs where state = 'new' order by run_at for update skip locked limit 1) returning id, state",
  ),
  undone(
    'clean columns of a masked table',
    "update customers set city = 'x', age = 41 where id = 3",
    'select city, age from customers where id = 3',
  ),
  undone(
    'arithmetic in a masked table',
    'update customers set age = age + 1 where id = 3',
    'select age from customers where id = 3',
  ),
  undone('a masked column is written', {
    text: 'update customers set email = $1 where id = $2',
    values: ['a@b.c', 4],
  }),
  undone(
    'a row of a masked table',
    {
      text: 'insert into customers (id, name, email) values ($1, $2, $3) returning id, name',
      values: [501, 'n', 'x@y.z'],
    },
    'delete from customers where id = 501',
  ),
  undone(
    'savepoints',
    'savepoint a',
    'update orders set note = null where id = 1',
    'rollback to savepoint a',
    'release a',
    'select note from orders where id = 1',
  ),
  undone('isolation', 'set transaction isolation level repeatable read', 'select count(*) from orders'),
  undone(
    'row locks',
    'select id from orders where id = 1 for update',
    'select id from orders where id = 2 for share nowait',
  ),
  undone(
    'cursor',
    'declare c cursor for select id, note from orders order by id',
    'fetch 2 c',
    'fetch forward 1 from c',
    'move 5 in c',
    'fetch c',
    'close c',
  ),
  undone(
    'set local',
    "set local statement_timeout = '5s'",
    "set local timezone = 'UTC'",
    'select placed from orders where id = 1',
  ),
  undone('sequence', "select nextval('invoice_numbers') > 0"),
  undone('deferred constraints', 'set constraints all deferred', 'set constraints all immediate'),
  {
    name: 'read-only transaction',
    steps: [
      'begin transaction isolation level serializable, read only, deferrable',
      'select count(*) from orders',
      'commit',
    ],
  },
  {
    name: 'implicit transaction of several statements',
    steps: ['select 1 as a; select 2 as b; select note from orders where id = 1'],
  },
  { name: 'an error and on', steps: ['select 1 / 0', 'select 1 as fine'] },
  {
    name: 'an error that says where',
    steps: [
      'select nope from orders',
      "select 'x'::int",
      'insert into lines values (999999, 1, 1)',
      "insert into products (sku, title, price) values ('sku-1', 'x', 1)",
    ],
  },
  {
    name: 'a failed transaction',
    steps: ['begin', 'select 1 / 0', 'select 1', 'rollback', 'select 2 as fine'],
  },
  {
    name: 'SQL PREPARE',
    steps: [
      'prepare p(int) as select note from orders where id = $1',
      'execute p(3)',
      'execute p(4)',
      'deallocate p',
    ],
  },
  {
    name: 'named statements of a driver',
    steps: [1, 2, 3].map((id) => ({
      name: 's',
      text: 'select id, note, total from orders where id = $1',
      values: [id],
    })),
  },
  {
    name: 'parameters of many types',
    steps: [
      {
        text: 'select $1::int + 1, $2::text, $3::jsonb, $4::timestamptz, $5::bool, $6::int[], $7::numeric, $8::bytea',
        values: [1, 'x', { a: 1 }, '2024-01-01Z', true, [1, 2], '1.50', Buffer.from('z')],
      },
    ],
  },
  {
    name: 'advisory locks',
    steps: [
      'select pg_advisory_lock(42)',
      'select pg_advisory_unlock(42)',
      "select pg_try_advisory_xact_lock(hashtext('job'))",
    ],
  },
  { name: 'listen', steps: ['listen jobs', "notify jobs, 'hello'", 'unlisten *'] },
  ...statements('settings', [
    'show server_version',
    'show transaction isolation level',
    'show search_path',
    "set application_name = 'benign'",
    "set timezone to 'Europe/Berlin'",
    'set search_path to public',
    'set statement_timeout = 10000',
    'reset statement_timeout',
    "set client_encoding to 'UTF8'",
    'set standard_conforming_strings = on',
    "select current_setting('server_version_num')::int > 0",
    "set datestyle = 'ISO, MDY'",
    'set extra_float_digits = 3',
    'set session characteristics as transaction read write',
    'discard plans',
    'set bytea_output = hex',
    'set client_min_messages to warning',
    "select set_config('search_path', 'public', false)",
    'set lock_timeout = 0',
    'set idle_in_transaction_session_timeout = 0',
  ]),
];
