/** Attack, or accident: values bound to parameters put a mask's own text in place of what it masks. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { SECRET, startHarness, type Harness } from './harness.ts';

let harness: Harness;
let agent: pg.Client;
before(async () => {
  harness = await startHarness();
  agent = await harness.agent();
});
after(() => harness.stop());

async function stored(id: number): Promise<{ email: string; ssn: string }> {
  const { rows } = await (
    await harness.direct()
  ).query<{ email: string; ssn: string }>('select email, ssn from customers where id = $1', [id]);
  return rows[0] ?? assert.fail('no such customer');
}

test('what was shown is not written back, in text or binary, by UPDATE, INSERT or a kept statement', async () => {
  const { rows } = await agent.query('select email, ssn from customers where id = 1');
  const shown = rows[0] as { email: string; ssn: string };
  const unchanged = await stored(1);
  const update = 'update customers set ssn = $1 where id = $2';
  const attempts: readonly (readonly [string, pg.QueryConfig])[] = [
    ['ssn', { text: update, values: [shown.ssn, 1] }],
    ['ssn', { text: update, values: [Buffer.from('****'), 1] }],
    ['ssn', { name: 'kept', text: update, values: ['****', 1] }],
    ['email', { text: 'update customers set ssn = $1, email = $2 where id = 1', values: ['x', shown.email] }],
    ['ssn', { text: 'insert into customers (id, ssn) values ($1, $2)', values: [9001, '****'] }],
  ];
  for (const [column, query] of attempts) {
    await assert.rejects(agent.query(query), (error: Error & { code: string }) => {
      assert.equal(error.code, '42501');
      assert.match(
        error.message,
        new RegExp(`would write what a mask shows over the value of public.customers.${column}`),
      );
      return true;
    });
  }
  assert.deepEqual(await stored(1), unchanged);
  assert.match(
    await harness.trail(),
    /would write what a mask shows over the value of public\.customers\.ssn/,
  );
});

test('in a transaction it fails the transaction, and nothing before it is kept', async () => {
  const email = (await stored(2)).email;
  await agent.query('begin');
  await agent.query('update customers set email = $1 where id = 2', ['new@example.com']);
  await assert.rejects(agent.query('update customers set ssn = $1 where id = 2', ['****']), /mask shows/);
  assert.equal((await agent.query('commit')).command, 'ROLLBACK');
  assert.equal((await stored(2)).email, email);
});

test('other values pass, NULL and one star among them, by the statement that was refused before', async () => {
  const query = { name: 'kept', text: 'update customers set ssn = $1 where id = $2' };
  for (const value of ['078-05-1120', '*', null]) {
    await agent.query({ ...query, values: [value, 3] });
    assert.equal((await stored(3)).ssn, value);
  }
  assert.ok((await stored(3)).email.includes(SECRET));
});
