/** Messages too long to be read: thrown away as they come, refused with a reason, and the session goes on (I6, I9). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHarness, type Harness } from './harness.ts';
import { bind, codesIn, errorsIn, execute, frame, parse, query, rowsIn, status, sync } from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

const LIMITS = '{ maxStatementBytes: 4096, maxBindBytes: 8192, maxDenials: 1000 }';
/** Over the limit with all that a message may have around its text. */
const LONG = `select 'never_sent' -- ${'x'.repeat(400_000)}`;

let harness: Harness;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness({ limits: LIMITS });
});
after(() => harness.stop());

test('a Query that is too long is refused, and the next one answered', async () => {
  const client = await raw();
  const answer = await client.query(LONG);
  assert.deepEqual([codesIn(answer), status(answer)], [['54001'], 'I']);
  assert.match(errorsIn(answer)[0] ?? '', /longer than 4096 bytes/);
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  // Two at once, the second behind the first in the same packets.
  assert.deepEqual(codesIn([...(await client.ask(query(LONG), query(LONG))), ...(await client.until('Z'))]), [
    '54001',
    '54001',
  ]);
});

test('a transaction fails with it, as with any refused statement', async () => {
  const client = await raw();
  await client.query('begin');
  assert.equal(status(await client.query(LONG)), 'E');
  assert.equal(status(await client.query('rollback')), 'I');
});

test('Parse and Bind that are too long fail their batch up to Sync', async () => {
  const client = await raw();
  const parsed = await client.ask(parse(LONG), bind(), execute(), sync());
  assert.deepEqual([codesIn(parsed), status(parsed)], [['54001'], 'I']);
  const value = 'v'.repeat(300_000);
  const bound = await client.ask(parse('select length($1)'), bind({ values: [value] }), execute(), sync());
  assert.deepEqual([codesIn(bound), status(bound)], [['54000'], 'I']);
  assert.match(errorsIn(bound)[0] ?? '', /maxBindBytes/);
  const short = await client.ask(parse('select length($1)'), bind({ values: ['four'] }), execute(), sync());
  assert.deepEqual(rowsIn(short), [['4']]);
});

test('a FunctionCall of any length is denied without being kept', async () => {
  const client = await raw();
  const answer = await client.ask(frame('F', Buffer.alloc(2_000_000)));
  assert.deepEqual([codesIn(answer).length, status(answer)], [1, 'I']);
});

test('what is kept back with a statement that will be held is bounded in bytes', async () => {
  const client = await raw();
  const value = 'v'.repeat(5000);
  const batch = [1, 2].map((i) => bind({ portal: `p${i}`, statement: 'd', values: [value] }));
  const prepare = parse('delete from orders where note = $1 or true', 'd');
  const answer = await client.ask(prepare, ...batch, execute('p1'), sync());
  assert.ok(codesIn(answer).includes('54000'), errorsIn(answer).join());
});

test('nothing of them reaches the database, and each is in the trail', async () => {
  assert.ok(!(await harness.statementLog()).includes('never_sent'));
  const denied = (await harness.trail())
    .split('\n')
    .filter((line) => line.includes('"kind":"statement_denied"'));
  assert.ok(denied.filter((line) => line.includes('it is longer than 4096 bytes')).length >= 5);
  assert.ok(denied.some((line) => line.includes('maxBindBytes')));
});
