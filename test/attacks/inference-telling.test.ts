/**
 * Questions that a computation answers beside its result: by failing, by computing what stands behind it or
 * not, by the order in which it leaves the rows. Each tells the first letter of the secret on a bare server.
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
      create view set_customers as select id from customers where lower(ssn) like current_setting('app.guess', true);
      create table required (id int primary key, ssn text not null);
      insert into required select id, ssn from customers;`,
  });
  agent = await harness.agent();
  direct = await harness.direct();
});
after(() => harness.stop());

/** Has a value that depends on the letter `?`: the secret of customer 1 begins with z, not with y. */
const FIRST = 'left(lower(ssn), 1)';

/** Written over `customers where id = 1`. */
const FAILING: Readonly<Record<string, string>> = {
  'split_part at a position': `split_part('a', 'b', strpos(${FIRST}, '?'))`,
  'substring of a length': `substring('abc', 1, 0 - strpos(${FIRST}, '?'))`,
  'overlay from a position': `overlay('abc' placing 'x' from strpos(${FIRST}, '?'))`,
  'width_bucket with equal bounds': `width_bucket(5, strpos(${FIRST}, '?'), 1, 10)`,
  'a regular expression that is none': `regexp_replace('x', replace(${FIRST}, '?', '('), '')`,
  'matching with what is no pattern': `'x' ~ replace(${FIRST}, '?', '(')`,
  'LIKE with what is no pattern': `'x' like replace(${FIRST}, '?', '\\')`,
  'SIMILAR TO with what is no pattern': `'x' similar to replace(${FIRST}, '?', '(')`,
  'a format that is none': `format(concat('%', replace(${FIRST}, '?', 's'), 's'), 1, 2)`,
  'an identifier that is NULL': `format('%I', nullif(${FIRST}, '?'))`,
  'an encoding that is none': `encode('a'::bytea, replace(${FIRST}, '?', 'hex'))`,
  'a field of a date that is none': `date_part(replace(${FIRST}, '?', 'year'), timestamp '2020-01-01')`,
  'a unit that is none': `date_trunc(replace(${FIRST}, '?', 'year'), timestamp '2020-01-01')`,
  'a time zone that is none': `timezone(replace(replace(${FIRST}, '?', 'utc'), 'z', 'nowhere'), timestamp '2020-01-01')`,
  'a normal form that is none': `normalize('a', nfc) || encode('a', replace(${FIRST}, '?', 'hex'))`,
  'padding beyond all bounds': `length(lpad('x', length(replace(${FIRST}, '?', '')) - 1)) + length(substr('a', 1, length(replace(${FIRST}, '?', '')) - 1))`,
  'arrays of two lengths': `array[string_to_array(${FIRST}, '?'), array['a']]`,
  'putting arrays together': `array[['a', 'b']] || string_to_array(${FIRST}, '?')`,
  'XML that is none': `xmlparse(content replace(${FIRST}, '?', '<'))`,
  'a processing instruction that is none': `xmlpi(name a, replace(${FIRST}, '?', chr(63) || '>'))`,
  'a JSON key that is NULL': `json_build_object(nullif(${FIRST}, '?'), 1)`,
  'an interval beyond all bounds': `make_interval(years => length(replace(${FIRST}, '?', repeat('x', 100000))) * 10000)`,
  'COALESCE before a division': `coalesce(nullif(${FIRST}, '?'), (1 / (id - 1))::text)`,
  'AND before a division': `${FIRST} = '?' and 1 / (id - 1) > 0`,
  'OR before a division': `${FIRST} = '?' or 1 / (id - 1) > 0`,
  'IN before a division': `${FIRST} in (left('?', id), (1 / (id - 1))::text)`,
  'BETWEEN before a division': `${FIRST} between '?zz' and (1 / (id - 1))::text`,
  'a row comparison before a division': `(${FIRST}, 1) = ('?', 1 / (id - 1))`,
  'a greater row before a division': `(${FIRST}, 1) > ('?', 1 / (id - 1))`,
  'ANY of rows with a division': `${FIRST} like any (select case when o.id = 1 then '?' else (1 / (o.id - 2))::text end from orders o where o.id < 3)`,
  'ALL of rows with a division': `${FIRST} <> all (select case when o.id = 1 then '?' else (1 / (o.id - 2))::text end from orders o where o.id < 3)`,
  'the sign of an extreme': `abs(coalesce(nullif(strpos(${FIRST}, '?'), 1), -2147483648))`,
};

/** Whole statements. */
const TELLING: Readonly<Record<string, string>> = {
  'the n-th of a window': `select nth_value(id, strpos(${FIRST}, '?')) over () from customers where id = 1`,
  'a number of tiles': `select ntile(strpos(${FIRST}, '?')) over () from customers where id = 1`,
  'arrays of two lengths in one': `select array_agg(x) from (select string_to_array(${FIRST}, '?') as x from customers where id = 1 union all select array['a']) s`,
  'a notice': `select to_tsvector('simple', replace(${FIRST}, '?', repeat('x', 3000))), 1 / (strpos(${FIRST}, '?')) from customers where id = 1`,
  'a sum beyond all bounds': `select sum(x) from (select coalesce(nullif(strpos(${FIRST}, '?'), 0), 1e308::float8) as x from customers, generate_series(1, 3) where id = 1) s`,
  'NULL stored where there must be none': `update required set ssn = nullif(${FIRST}, '?') where id = 1`,
  'COALESCE before a sub-query that divides': `select coalesce(nullif(${FIRST}, '?'), bad) from (select ssn, (1 / (id - 1))::text as bad from customers where id = 1) s`,
  'a subscript of NULL': `select (string_to_array(nullif(${FIRST}, '?'), ','))[1 / (id - 1)] from customers where id = 1`,
  'a default beyond the window': `select lag(id, strpos(${FIRST}, '?'), 1 / (id - 1)) over () from customers where id = 1`,
  'an array of arrays': `select array(select string_to_array(x, '?') from (select ${FIRST} as x from customers where id = 1 union all select 'aa') s)`,
  'a second JSON key': `select json_object(${FIRST} value 1, '?' value 2 with unique keys) from customers where id = 1`,
  'a JSON key of rows that is NULL': `select json_object_agg(nullif(${FIRST}, '?'), 1) from customers where id = 1`,
  'a function that leaves a trace': `select coalesce(nullif(${FIRST}, '?'), (1 / (nextval('counter') * 0 + id - 1))::text) from customers where id = 1`,
};

const ALL = [
  ...Object.entries(FAILING).map(
    ([name, sql]) => [name, `select ${sql} from customers where id = 1`] as const,
  ),
  ...Object.entries(TELLING),
];

for (const [name, sql] of ALL) {
  test(`oracle: ${name}`, async () => {
    const ask = (letter: string): Promise<string> =>
      rolledBack(direct, () => answer(direct, sql.replaceAll('?', letter), false));
    assert.notEqual(await ask('z'), await ask('y'), 'on a bare server it tells the letters apart');
    for (const extended of [false, true])
      assert.equal(await answer(agent, sql.replaceAll('?', 'z'), extended), 'refused');
  });
}

/** These show the order of a masked column, or compare it with what was set before; they need no letter. */
const ORDERED: readonly string[] = [
  'select id from set_customers',
  'select count(*) from set_customers where id = 1',
  'select distinct on (ssn) id from customers',
  'select id, count(*) over (partition by ssn) as x from customers',
  'select min(id), count(distinct city) from customers group by ssn',
  'select min(id) from customers group by ssn',
  'select array_agg(id) from (select min(id) as id from customers group by ssn) s',
  'select min(id) from customers group by grouping sets ((ssn), (city))',
  'select ssn, id from customers union select ssn, id from customers',
  'select id from (select distinct ssn, id from customers) s',
  'select id from (select distinct ssn, id from customers) s limit 1',
  'select row_number() over (), id from (select distinct ssn, id from customers) s',
  'select a.id from customers a join customers b on a.ssn = b.ssn',
  'select a.id from customers a where ssn in (select ssn from customers b where b.id = 7)',
  'select count(*) from (select distinct ssn, id from customers limit 5) s where id = 5',
  "select count(*) from (select min(id) from customers group by ssn having nextval('counter') = 7 and min(id) = 5) s",
  "select count(*) from (select min(setval('counter', id)) from customers group by ssn) s",
  "select count(*) from customers a join customers b using (ssn) where nextval('counter') = 7 and a.id = 5",
  "with n as (select id, nextval('counter') as n, ssn from customers) select count(*) from customers a join n using (ssn) where n = 7 and n.id = 5",
];

for (const sql of ORDERED) {
  test(`ordered: ${sql}`, async () => {
    await assert.rejects(agent.query(sql), /defaults\.influence/);
  });
}
