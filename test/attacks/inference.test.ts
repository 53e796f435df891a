/**
 * Finding out a masked value without being shown it: by which rows come back, how many, in what order, or
 * whether the statement fails. Each oracle is held, in the simple and the extended protocol; each works on a
 * bare server, that is, it answers two questions about the secret differently. What honest work needs runs.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { startHarness, type Harness } from '../e2e/harness.ts';
import { answer, INFERENCE_RULES, INFERENCE_SCHEMA, rolledBack } from './asking.ts';

let harness: Harness;
let agent: pg.Client;
let direct: pg.Client;
before(async () => {
  harness = await startHarness({
    rules: INFERENCE_RULES,
    schema: `${INFERENCE_SCHEMA}
      create table guesses (guess text);
      insert into guesses select left(ssn, 1) from customers where id = 1;
      create view odd_customers as select id, city from customers where ssn like 'y%' order by ssn;`,
  });
  agent = await harness.agent();
  direct = await harness.direct();
});
after(() => harness.stop());

/** `?` is a letter: the secret of customer 1 begins with z, in whatever case, and not with y. */
const ORACLES: readonly (readonly [string, string])[] = [
  ['LIKE', "select id from customers where id = 1 and ssn like '?%'"],
  ['ILIKE', "select id from customers where id = 1 and ssn ilike '?%'"],
  ['a regular expression', "select id from customers where id = 1 and ssn ~* '^?'"],
  ['similar to', "select id from customers where id = 1 and lower(ssn) similar to '?%'"],
  ['a range', "select id from customers where id = 1 and lower(ssn) between '?' and '?zzz'"],
  ['starts_with', "select id from customers where id = 1 and starts_with(lower(ssn), '?')"],
  ['a computed equality', "select id from customers where id = 1 and left(lower(ssn), 1) = '?'"],
  [
    'through a sub-query',
    "select id from (select id, lower(ssn) as x from customers) s where id = 1 and x like '?%'",
  ],
  [
    'through a CTE',
    "with s as (select id, lower(ssn) as x from customers) select id from s where id = 1 and x like '?%'",
  ],
  [
    'through a lateral',
    "select id from customers c, lateral (select lower(c.ssn) as x) l where id = 1 and x like '?%'",
  ],
  [
    'a join with a guess',
    "select c.id from customers c join (values ('?')) v(x) on left(lower(c.ssn), 1) = v.x where c.id = 1",
  ],
  [
    'a join with guesses put into a table',
    "select c.id from customers c join guesses g on left(lower(c.ssn), 1) = lower(g.guess) and g.guess ilike '?' where c.id = 1",
  ],
  ['IN a list', "select id from customers where id = 1 and left(lower(ssn), 1) in ('?', '#')"],
  ['ANY of an array', "select id from customers where id = 1 and left(lower(ssn), 1) = any (array['?'])"],
  [
    'EXISTS over another table',
    "select id from orders where id = 1 and exists (select 1 from customers where id = 1 and ssn ilike '?%')",
  ],
  [
    'EXISTS as an output',
    "select 1 from (select exists (select 1 from customers where id = 1 and ssn ilike '?%') as e) s where e",
  ],
  [
    'a count of them',
    "select 1 from (select count(*) as n from customers where id = 1 and ssn ilike '?%') s where n = 1",
  ],
  ['HAVING', "select 1 from customers where id = 1 having max(lower(ssn)) like '?%'"],
  [
    'FILTER',
    "select 1 from (select count(*) filter (where ssn ilike '?%') as n from customers where id = 1) s where n = 1",
  ],
  [
    'CASE as an output',
    "select 1 from (select case when ssn ilike '?%' then 1 end as n from customers where id = 1) s where n = 1",
  ],
  [
    'a LIMIT',
    "select id from orders order by id limit (select case when ssn ilike '?%' then 1 else 0 end from customers where id = 1)",
  ],
  [
    'an OFFSET',
    "select id from orders where id = 1 offset (select case when ssn ilike '?%' then 0 else 1 end from customers where id = 1)",
  ],
  [
    'rows made from a value',
    "select g from customers c, generate_series(1, case when c.ssn ilike '?%' then 1 else 0 end) g where c.id = 1",
  ],
  [
    'rows made in the select list',
    "select generate_series(1, strpos(lower('?'), lower(left(ssn, 1)))) from customers where id = 1",
  ],
  [
    'rows of an array',
    "select 1 from customers c, unnest(string_to_array(nullif(left(lower(c.ssn), 1), '?'), null)) having count(*) = 0",
  ],
  [
    'UNION with a guess',
    "select 1 from (select left(lower(ssn), 1) from customers where id = 1 union select '?') u having count(*) = 1",
  ],
  [
    'INTERSECT with a guess',
    "select 1 from (select left(lower(ssn), 1) from customers where id = 1 intersect select '?') u",
  ],
  [
    'EXCEPT a guess',
    "select id from orders where id = 1 and not exists (select left(lower(ssn), 1) from customers where id = 1 except select '?')",
  ],
  [
    'DISTINCT beside a guess',
    "select 1 from (select distinct x from (select left(lower(ssn), 1) as x from customers where id = 1 union all select '?') u) v having count(*) = 1",
  ],
  [
    'groups beside a guess',
    "select 1 from (select x from (select left(lower(ssn), 1) as x from customers where id = 1 union all select '?') u group by x) v having count(*) = 1",
  ],
  [
    'count(distinct) beside a guess',
    "select 1 from (select count(distinct x) as n from (select left(lower(ssn), 1) as x from customers where id = 1 union all select '?') u) v where n = 1",
  ],
  [
    'a division by zero',
    "select 1 / (case when ssn ilike '?%' then 1 else 0 end) from customers where id = 1",
  ],
  ['a division without CASE', "select 1 / strpos(lower(left(ssn, 1)), '?') from customers where id = 1"],
  [
    'a failed cast',
    "select (case when left(lower(ssn), 1) = '?' then '1' else ssn end)::int from customers where id = 1",
  ],
  [
    'a cast that fails by itself',
    "select replace(left(lower(ssn), 1), '?', '1')::int from customers where id = 1",
  ],
  [
    'a function that fails',
    "select to_number(replace(left(lower(ssn), 1), '?', '1'), '9') / 1 from customers where id = 1",
  ],
  ['a chr that fails', "select chr(strpos(lower(left(ssn, 1)), '?')) from customers where id = 1"],
  ['an overflow', "select 2147483646 + 2 * strpos(lower(left(ssn, 1)), '?') from customers where id = 1"],
  [
    'a sub-query of too many rows',
    "select (select 1 from orders where id <= case when c.ssn ilike '?%' then 1 else 2 end) from customers c where id = 1",
  ],
  [
    'a window over a predicate',
    "select 1 from (select count(*) over (partition by ssn ilike '?%') as n, ssn ilike '?%' as s from customers where id = 1) w where s",
  ],
  [
    'a row comparison',
    "select id from customers where id = 1 and (lower(ssn), id) >= ('?', 0) and (lower(ssn), id) < ('?zzz', 0)",
  ],
  ['a whole row', 'select id from customers c where id = 1 and row_to_json(c)::text ilike \'%"ssn":"?%\''],
  ['JSON of a row', "select id from customers c where id = 1 and to_jsonb(c) ->> 'ssn' ilike '?%'"],
  ['DELETE and its count', "delete from staff where id = 1 and ssn ilike '?%'"],
  ['UPDATE and its count', "update staff set salary = salary where id = 1 and ssn ilike '?%'"],
  ['INSERT and its count', "insert into guesses select 'x' from customers where id = 1 and ssn ilike '?%'"],
  [
    'a flag set by a condition',
    "update orders set note = 'x' where id = 1 and exists (select 1 from customers where id = 1 and ssn ilike '?%')",
  ],
  [
    'MERGE',
    "merge into orders o using customers c on o.id = c.id and c.id = 1 and c.ssn ilike '?%' when matched then update set note = 'x'",
  ],
  ['a view of contacts', "select id from customer_contacts where id = 1 and contact ilike '?%'"],
  [
    'whole rows counted, of a join by a guess',
    "select 1 from (select count(c.*) as n from (values (1)) o(id) left join customers c on c.id = o.id and c.ssn ilike '?%') s where n = 1",
  ],
  [
    'whole rows counted, those that a filter lets through',
    "select 1 from (select count(c) filter (where c.ssn ilike '?%') as n from customers c where id = 1) s where n = 1",
  ],
  [
    'whole rows counted, in a window that a guess divides',
    "select 1 from (select count(c.*) over (partition by c.ssn ilike '?%') as n, c.ssn ilike '?%' as s from customers c where id = 1) w where s",
  ],
  [
    'a generated or inherited copy',
    "select contact from customer_contacts where lower(left(contact, 1)) = '?' and id = 1",
  ],
];

for (const [name, sql] of ORACLES) {
  test(`oracle: ${name}`, async () => {
    const ask = (letter: string): Promise<string> =>
      rolledBack(direct, () => answer(direct, sql.replaceAll('?', letter), false));
    assert.notEqual(await ask('z'), await ask('y'), 'on a bare server it tells the letters apart');
    for (const extended of [false, true])
      assert.equal(await answer(agent, sql.replaceAll('?', 'z'), extended), 'refused');
  });
}

/** Orderings and equalities with a value known before: what they tell needs no letter. */
const REFUSED: readonly string[] = [
  "select id from customers where ssn = '1'",
  'select id from customers order by ssn',
  'select id from customers order by lower(ssn) limit 1',
  'select id, ssn from customers order by 2',
  'select distinct on (city) id from customers order by city, ssn',
  "select id from customers where ssn > (select '5')",
  'select c.id from customers c join guesses g on g.guess = c.ssn',
  'select c.id from customers c join guesses g on g.guess > c.ssn',
  'select id from customers natural join (select guess as ssn from guesses) g',
  "select id from customers join (values ('1')) v(ssn) using (ssn)",
  'select id from customers where ssn in (select guess from guesses)',
  'select guess from guesses where guess in (select ssn from customers)',
  'select array_agg(id order by ssn) from customers',
  'select id from customers where get_ssn(id) is not null',
  'select count(*) from customers where lower(ssn) is null',
  'select pg_sleep(ascii(ssn) / 100000) from customers where id = 1',
  "explain select 1 from customers where ssn < 'm'",
  "explain analyze select 1 from customers where ssn < 'm'",
  'prepare q as select id from customers where ssn = $1',
  'declare k cursor for select id from customers order by ssn',
  'select id from customers where id = 1 and ssn = $1',
  'select min(id) as n from customers group by ssn',
  'select sum(id) as n from customers group by ssn',
  'select string_agg(id::text, $$,$$) as n from customers group by ssn order by 1',
  'select city, count(*) as n from customers group by city, ssn',
  'select city, count(*) as n from customers group by city, ssn order by count(*)',
  'select city as n, ssn, city as m, count(*) from customers group by city, ssn order by m',
  'select count(*) as n from customers c join orders o on o.id <= c.id group by c.ssn',
  'select c.ssn, count(*) as n from customers c, orders o where o.id <= c.id group by c.ssn',
  'select c.ssn, count(*) as n from customers c join orders o on o.id = c.id or o.id < c.id group by c.ssn',
  'select distinct city, ssn from customers',
  'select distinct city, ssn from customers order by ssn',
  'select distinct on (ssn) city from customers order by ssn, city',
  'select count(*) as n from customers group by lower(ssn)',
  'select a.id, count(*) as n from customers a cross join customers b group by a.id, b.ssn',
  'select id from (select ssn, min(id) as id from customers group by ssn) s',
  'select row_number() over () as n, ssn, city from customers group by ssn, city',
  'select x, count(*) as n from (select ssn as x from customers union all select $$1$$) u group by x',
  'select a.id, b.id from customers a join customers b using (ssn)',
  'select a.id from customers a join customers b on a.ssn = b.ssn where b.id = 7',
  'select row_number() over (partition by ssn order by id) > 0 as x, id from customers where id < 3 order by id',
];

for (const sql of REFUSED) {
  test(`refused: ${sql}`, async () => {
    const values = sql.includes('$1') && sql.startsWith('select') ? ['1'] : [];
    await assert.rejects(agent.query(sql, values), /defaults\.(influence|laundering)/);
  });
}

const FREE: readonly string[] = [
  'select ssn as x, count(*) from public.customers group by ssn',
  'select email as x, count(*) as n from public.customers group by email order by n desc limit 3',
  'select count(*) as n from public.customers group by ssn having count(*) > 5',
  "select c.ssn as x, count(*) from public.customers c join public.orders o on o.customer_id = c.id and o.note = 'n' where c.city = 'city 1' group by c.ssn",
  'select c.ssn as x, count(*) as n from public.customers c join public.orders o on o.id <= c.id group by c.ssn order by n',
  'select distinct email as x from public.customers',
  'select city, ssn as x, count(*) from public.customers group by city, ssn order by city',
  'select max(n) from (select ssn, count(*) as n from public.customers group by ssn) s',
  'select ssn as x, sum(age) as total from public.customers group by ssn order by total desc',
  'select ssn as x, round(avg(age), 1) as mean from public.customers group by ssn order by round(avg(age), 1)',
  'select c.id, c.ssn as x, count(o.id) from public.customers c join public.orders o on o.customer_id = c.id group by c.id, c.ssn',
  'select a.id, b.id as x from public.customers a join public.customers b on a.ssn = b.ssn and a.id < b.id order by a.id, b.id',
  'select id from public.customers where ssn in (select ssn from public.staff) order by id',
  'select c.id, v.id as v from public.customers c join public.staff v on v.ssn = c.ssn',
  'select count(*) from public.customers where ssn is not null',
  'select count(distinct ssn) from public.customers',
  'select count(*) from (select ssn from public.customers group by ssn) s',
  'select count(*) from (select distinct email from public.customers) s',
  'select count(*) from public.customers c join customer_contacts v on v.contact = c.email',
  'select count(*) from public.customers a join public.customers b on a.ssn = b.ssn where b.id = 7',
  'select city, count(email) from public.customers group by city order by city',
  'select id, city from odd_customers',
  "select id from public.customers where name = 'name 1' and city like 'city%' order by city, id",
  'select city, max(age) from public.customers group by city order by 2 desc, 1',
  'select row_number() over (partition by city order by id) as n, id from public.customers where id < 3 order by id',
];

for (const sql of FREE) {
  test(`free: ${sql}`, async () => {
    const expected = await direct.query(sql);
    const got = await agent.query(sql);
    assert.equal(got.rowCount, expected.rowCount);
    const shown = ({ x: _masked, ...row }: Record<string, unknown>): object => row;
    assert.deepEqual(got.rows.map(shown), expected.rows.map(shown));
  });
}
