/** What code says by errors and notices once it may run: approved or allowed, it shows no masked value. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RULES, SECRET, startHarness, type Harness } from './harness.ts';

const ALLOWED = `version: 1
masks: [{ name: ssn, columns: ['*.ssn'], with: redact }]
defaults: { code: allow, export: allow, influence: allow, laundering: allow }
`;
const SSN = '(select ssn from customers limit 1)';
const BLOCKS = [
  `do $$ begin raise notice '%', ${SSN}; end $$`,
  `do $$ begin raise exception '%', ${SSN}; end $$`,
  `do $$ begin raise exception using errcode = upper(substr(${SSN}, 9, 5)), message = 'x'; end $$`,
  `do $$ begin execute 'select "' || ${SSN} || '"'; end $$`,
  `do $$ begin perform ${SSN}::int; end $$`,
];
const TEXTS = [
  `select query_to_xml('select "' || ssn || '" from customers', true, true, '') from customers`,
  `select query_to_xml('select 1 from "' || ssn || '"', true, true, '') from customers`,
  `select * from ts_stat((select 'select "' || ssn || '"' from customers limit 1))`,
  `select ts_rewrite('a'::tsquery, 'select "' || ssn || '"') from customers`,
];

let harness: Harness;
before(async () => {
  harness = await startHarness({ rules: ALLOWED });
});
after(() => harness.stop());

/** Everything but the rows that a statement makes the server say. */
async function said(text: string, approved: boolean): Promise<string> {
  const client = await harness.agent();
  const heard: unknown[] = [];
  client.on('notice', ({ code, message, detail, hint, where }) =>
    heard.push([code, message, detail, hint, where]),
  );
  const answer = client.query(text).catch((error: object) => heard.push({ ...error, error: String(error) }));
  if (approved) {
    const { id } = await harness.nextRequest();
    assert.equal((await harness.decide(id, 'approve')).status, 200);
  }
  await answer;
  await client.end();
  return JSON.stringify(heard);
}

const secret = new RegExp(SECRET.slice(0, 10), 'i');

for (const text of [...BLOCKS, ...TEXTS]) {
  test(`allowed: ${text}`, async () => {
    const heard = await said(text, false);
    assert.doesNotMatch(heard, secret);
    assert.doesNotMatch(heard, new RegExp(SECRET.slice(8, 13), 'i'));
  });
}

test('approved', async () => {
  await harness.writeRules(RULES);
  for (const text of BLOCKS)
    assert.doesNotMatch(await said(text, true), new RegExp(SECRET.slice(8, 13), 'i'));
  await harness.writeRules(ALLOWED);
});

test('what analysis finds wrong in the client’s own text is told', async () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['update customers set agee = 1 where id = 1', /column "agee" of relation "customers" does not exist/],
    ['select agee from customers', /column "agee" does not exist/],
    ['select name from customers where count(*) > 1', /aggregate functions are not allowed in WHERE/],
    ['select name from customers order by 9', /ORDER BY position 9 is not in select list/],
    ['select distinct name from customers order by age', /must appear in select list/],
    ['select name, id from customers union select 1', /must have the same number of columns/],
    ['select name from customers where id', /must be type boolean, not type integer/],
    ['select coalesce(name, 1::int) from customers', /COALESCE types text and integer/],
    [
      "update customers set age = 'x'::text where id = 1",
      /is of type integer but expression is of type text/,
    ],
    ['select name from customers group by 1 having age > 1', /must appear in the GROUP BY clause/],
  ];
  const client = await harness.agent();
  for (const [text, told] of wrong) await assert.rejects(client.query(text), { message: told });
  await assert.rejects(client.query(`select ssn::regclass from customers`), {
    message: 'undefined_table (detail withheld by Postern)',
  });
});
