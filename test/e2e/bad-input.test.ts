/** What no driver sends: each ends in a clear error, and nobody else notices. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeStartup } from '../../src/wire/startup.ts';
import { startHarness, type Harness } from './harness.ts';
import {
  bind,
  codesIn,
  errorsIn,
  execute,
  flush,
  frame,
  parse,
  query,
  RawClient,
  rowsIn,
  shape,
  status,
  sync,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

let harness: Harness;
let bystander: RawClient | null;
const { target, raw, open } = rawClients(() => harness);
before(async () => {
  harness = await startHarness({ limits: '{ authenticationTimeoutMs: 1000 }' });
  bystander = await RawClient.connect(target());
});
after(async () => {
  bystander?.destroy();
  await harness.stop();
});
afterEach(async () => {
  if (bystander !== null)
    assert.deepEqual(rowsIn(await bystander.query('select 41 + 1')), [['42']], 'another session suffered');
});

const BEFORE_START_UP: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['zeros', Buffer.alloc(64)],
  ['a length of four', Buffer.from([0, 0, 0, 4])],
  ['a length beyond the limit', Buffer.from([0, 1, 0, 0, 0, 3, 0, 0])],
  ['protocol 2', Buffer.from([0, 0, 0, 9, 0, 2, 0, 0, 0])],
  ['protocol 4', Buffer.from([0, 0, 0, 9, 0, 4, 0, 0, 0])],
  ['parameters that do not end', Buffer.from([0, 0, 0, 13, 0, 3, 0, 0, 0x75, 0x73, 0x65, 0x72, 0x73])],
  ['a user twice', encodeTwice()],
  [
    'a query instead of a password',
    Buffer.concat([encodeStartup(0, new Map([['user', 'bot']])), query('select 1')]),
  ],
  [
    'a password message that is no SCRAM',
    Buffer.concat([encodeStartup(0, new Map([['user', 'bot']])), frame('p', 'secret\0')]),
  ],
];

function encodeTwice(): Buffer {
  const body = Buffer.from('user\0bot\0user\0root\0\0');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.writeUInt32BE(0x30000, 4);
  return Buffer.concat([head, body]);
}

for (const [what, bytes] of BEFORE_START_UP) {
  test(`before the session: ${what}`, async () => {
    const client = await open();
    client.send(bytes);
    const answer = await client.ended();
    assert.deepEqual(codesIn(answer), ['08P01'], JSON.stringify(errorsIn(answer)));
    assert.ok(errorsIn(answer)[0]!.startsWith('FATAL'));
  });
}

test('a client that says nothing, or half a packet, is not waited for', async () => {
  const [silent, half] = [await open(), await open()];
  half.send(Buffer.from([0, 0, 0, 50, 0, 3]));
  await Promise.all([silent.ended(), half.ended()]);
});

const nul = Buffer.from('select 1\0; drop table orders\0');
const FATAL: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['an unknown message type', frame('!', 'x')],
  ['a zero byte for a type', Buffer.alloc(8)],
  ['a password message', frame('p', 'again\0')],
  ['a length below four', Buffer.from([0x51, 0, 0, 0, 3])],
  ['a negative length', Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff])],
  ['a query longer than may be', Buffer.from([0x51, 0x3f, 0xff, 0xff, 0xff])],
  ['a query with a NUL inside', frame('Q', nul)],
  ['a query without its end', frame('Q', 'select 1')],
  ['a query without text', frame('Q', '')],
  ['a Parse cut short', frame('P', 's\0select 1\0\0')],
  ['a Parse with a NUL inside', frame('P', Buffer.concat([Buffer.from('s\0'), nul, Buffer.from([0, 0])]))],
  ['a Bind cut short', frame('B', 'p\0s\0\0\x01')],
  [
    'a Bind whose value runs over its end',
    frame('B', Buffer.concat([Buffer.from('\0\0'), Buffer.from([0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff])])),
  ],
  ['a Describe of nothing', frame('D', 'X\0')],
  ['a Close of nothing', frame('C', 'X\0')],
  ['an Execute cut short', frame('E', 'p\0\0')],
  ['a Sync with a body', frame('S', 'x')],
  ['a second StartupMessage', encodeStartup(0, new Map([['user', 'root']]))],
];
for (const [what, bytes] of FATAL) {
  test(`in a session: ${what}`, async () => {
    const client = await raw();
    client.send(bytes);
    const answer = await client.ended();
    assert.deepEqual(codesIn(answer), ['08P01'], JSON.stringify(errorsIn(answer)));
    assert.ok(errorsIn(answer)[0]!.startsWith('FATAL'));
  });
}

test('text that is not UTF-8 is refused, and the session goes on', async () => {
  const client = await raw();
  const bad = Buffer.from([0x27, 0xff, 0xfe, 0x27]);
  const simple = await client.ask(frame('Q', Buffer.concat([Buffer.from('select '), bad, Buffer.of(0)])));
  assert.equal(shape(simple), 'EZ');
  assert.deepEqual(codesIn(simple), ['22021']);
  const extended = await client.ask(
    frame('P', Buffer.concat([Buffer.from('s\0select '), bad, Buffer.from([0, 0, 0])])),
    bind({ statement: 's' }),
    execute(),
    sync(),
  );
  assert.equal(shape(extended), 'EZ');
  assert.deepEqual(codesIn(extended), ['22021']);
  await client.query('begin');
  const inside = await client.ask(frame('Q', Buffer.concat([Buffer.from('select '), bad, Buffer.of(0)])));
  assert.equal(status(inside), 'E');
  assert.equal(status(await client.query('rollback')), 'I');
});

test('FunctionCall is refused, and the session goes on', async () => {
  const client = await raw();
  const call = frame('F', Buffer.from([0, 0, 4, 0xb4, 0, 0, 0, 0, 0, 0]));
  const idle = await client.ask(call);
  assert.equal(shape(idle), 'EZ');
  assert.deepEqual(codesIn(idle), ['42501']);
  await client.query('begin');
  const inside = await client.ask(call);
  assert.equal(shape(inside), 'EZ');
  assert.equal(status(inside), 'E');
  await client.query('rollback');
  const skipped = await client.ask(parse('select 1/0'), bind(), execute(), call, sync());
  assert.equal(shape(skipped), '1EZ');
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
});

test('a statement in the middle of COPY in ends in an error', async () => {
  const client = await raw();
  client.send(query('copy orders from stdin'));
  await client.until('G');
  client.send(query('select 1'));
  assert.equal(
    (await client.quiet(100)).some((m) => m.type === 'E'),
    true,
  );
});

test('a frame that never ends is not waited for with the others', async () => {
  const client = await raw();
  client.send(query('select 1').subarray(0, 9));
  await sleep(50);
  client.destroy();
});

test('the database is gone when an agent comes, and dies in the middle of a result', async () => {
  const client = await raw();
  client.send(query("select repeat('x', 1000) from generate_series(1, 2000000)"), flush());
  await client.wait(() => client.messages.length > 10);
  await harness.server.kill();
  await client.wait(() => client.closed);
  const late = await open();
  await late.startUp(target());
  const answer = await late.until('ZE');
  assert.deepEqual(codesIn(answer), ['08006']);
  // It lost its database too.
  bystander?.destroy();
  bystander = null;
});
