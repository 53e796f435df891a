/** What is computed from unmasked columns of a masked relation comes back as it is; the rest stays masked. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { SECRET, startHarness, type Harness } from './harness.ts';

let harness: Harness;
let agent: pg.Client;
let direct: pg.Client;
before(async () => {
  harness = await startHarness();
  agent = await harness.agent();
  direct = await harness.direct();
});
after(() => harness.stop());

const SAME: readonly string[] = [
  'select count(*) from customers',
  'select count(distinct email) as people, max(age) as oldest from customers',
  'select city, count(*) as n, avg(age)::int as age from customers group by city order by city',
  'select upper(name) as name, age + 1 as next from customers order by id limit 3',
  'with c as (select id, city from customers) select c.city || $$!$$ as x from c order by id limit 2',
  'select o.id, o.total * 2 as twice, c.name || $$$$ as who from orders o join customers c on c.id = o.customer_id order by 1 limit 3',
  'select email is not null as has_mail from customers order by id limit 2',
];

for (const sql of SAME) {
  test(`unmasked: ${sql}`, async () => {
    const expected = (await direct.query(sql)).rows;
    assert.deepEqual((await agent.query(sql)).rows, expected);
    assert.deepEqual((await agent.query({ name: sql.slice(0, 60), text: sql })).rows, expected);
    assert.deepEqual((await agent.query({ name: sql.slice(0, 60), text: sql })).rows, expected);
  });
}

const MASKED: readonly string[] = [
  'select count(*), max(ssn) as x from customers',
  'select count(*) as n, (select ssn from customers limit 1) as x from customers',
  'select name || ssn as x, name from customers limit 2',
  'select case when ssn is null then name else lower(ssn) end as x from customers limit 2',
  'select count(*) as n, string_agg(email, $$,$$) as x from customers',
  'select c::text as x, 1 as n from customers c limit 1',
  'select (select x.ssn from customers x where x.id = c.id) as x, c.age * 2 as n from customers c limit 1',
  'select coalesce(u.x, $$$$) as x from (select ssn as x from customers union all select name from customers) u limit 2',
];

for (const sql of MASKED) {
  test(`masked: ${sql}`, async () => {
    for (const rows of [
      (await agent.query(sql)).rows,
      (await agent.query({ name: sql.slice(0, 60), text: sql })).rows,
    ]) {
      assert.ok(!JSON.stringify(rows).includes(SECRET));
      assert.ok(
        rows.every((row: { x: string | null }) => row.x === null || /^\*+$/.test(row.x)),
        JSON.stringify(rows),
      );
    }
  });
}
