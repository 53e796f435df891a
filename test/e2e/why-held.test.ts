/** A statement that is held says why, to its agent and to whoever decides. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHarness, type Harness } from './harness.ts';

let harness: Harness;
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

const HELD: readonly (readonly [string, RegExp])[] = [
  ["select name from customers where ssn like '1%'", /defaults\.influence: .*public\.customers\.ssn/],
  ['insert into orders (id, note) select 900 + id, ssn from customers', /defaults\.laundering.*ssn/],
  ['copy orders to stdout', /exports need a steward: COPY orders TO STDOUT sends a relation out/],
];

test('at once, where nobody waits', async () => {
  const client = await harness.agent();
  await client.query("set postern.hold = 'return'");
  for (const [text, why] of HELD) {
    await assert.rejects(client.query(text), (error: Error) => {
      assert.match(error.message, /request \S+ waits for it, held by /);
      assert.match(error.message, why);
      assert.doesNotMatch(error.message, /1%/);
      return true;
    });
    const { id, actions } = await harness.nextRequest();
    if (text.includes('ssn')) assert.match(actions.map(({ reason }) => reason).join(), /customers\.ssn/);
    await harness.decide(id, 'deny');
  }
});

test('by notice, while the session waits', async () => {
  const client = await harness.agent();
  const details: (string | undefined)[] = [];
  client.on('notice', ({ detail }) => details.push(detail));
  for (const [text] of HELD) {
    // the same bytes would get the denial they were given before
    const answer = assert.rejects(client.query(`${text} /* again */`));
    await harness.decide((await harness.nextRequest()).id, 'deny');
    await answer;
  }
  for (const [index, [, why]] of HELD.entries()) assert.match(details[index] ?? '', why);
});
