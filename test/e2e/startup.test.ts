/** How a client gets in, and how it does not: versions, options, authentication, cancel. TLS: `startup-tls`. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeTerminate } from '../../src/wire/client/bare.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import { decodeAuthentication } from '../../src/wire/server/authentication.ts';
import { decodeNegotiateProtocolVersion } from '../../src/wire/server/negotiate-protocol-version.ts';
import { decodeParameterStatus } from '../../src/wire/server/parameter-status.ts';
import { encodeSslRequest, encodeStartup } from '../../src/wire/startup.ts';
import { startHarness, type Harness } from './harness.ts';
import {
  cancel,
  codesIn,
  errorsIn,
  query,
  RawClient,
  rowsIn,
  shape,
  type Message,
  type Target,
} from './raw-client.ts';

let harness: Harness;
const clients: RawClient[] = [];
before(async () => {
  harness = await startHarness({ limits: '{ maxSessions: 12 }' });
  const verifier = await makeVerifier('off', { salt: randomBytes(16) });
  const { agents } = harness.postern;
  await agents.add(
    { name: 'idle', owner: 'olga', groups: [], databases: ['*'], login: 'default', verifier },
    'test',
  );
  await agents.disable('idle', 'test');
  await agents.add(
    { name: 'elsewhere', owner: 'olga', groups: [], databases: ['other'], login: 'default', verifier },
    'test',
  );
});
after(() => harness.stop());
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

const GSSENC_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]);

function target(change: Partial<Target> = {}): Target {
  return {
    port: harness.postern.agentPort,
    user: 'bot',
    password: harness.password,
    database: 'shop',
    ...change,
  };
}

async function open(): Promise<RawClient> {
  const client = await RawClient.open(harness.postern.agentPort);
  clients.push(client);
  return client;
}

/** Everything from StartupMessage to readiness or the end. */
async function startUp(change: Partial<Target> = {}): Promise<readonly Message[]> {
  const client = await open();
  await client.startUp(target(change));
  return client.until('ZE');
}

test('SCRAM, then parameters, the server’s pid with a key of Postern’s own, readiness', async () => {
  const client = await open();
  await client.startUp(target());
  const messages = await client.until('ZE');
  assert.match(shape(messages), /^S+KZ$/);
  assert.ok(client.key.pid > 0);
  assert.equal(client.key.key.length, 4);
  assert.deepEqual(rowsIn(await client.query('select pg_backend_pid()')), [[String(client.key.pid)]]);
  // The server knows the pid, not the key: its own cancel does nothing.
  client.send(query('select pg_sleep(0.5)'));
  await sleep(100);
  await cancel(harness.server.port, client.key);
  assert.deepEqual(codesIn(await client.until('Z')), []);
});

for (const [what, behind] of [
  ['alone', Buffer.alloc(0)],
  ['with the start-up packet behind', encodeStartup(0, new Map([['user', 'bot']]))],
] as const) {
  test(`goodbye before any start-up packet, ${what}, is answered by closing, without a word`, async () => {
    const client = await open();
    client.send(Buffer.concat([encodeTerminate(), behind]));
    assert.deepEqual(await client.ended(), []);
  });
}

for (const [what, change] of [
  ['a wrong password', { password: 'wrong' }],
  ['an unknown agent', { user: 'nobody' }],
  ['a disabled agent', { user: 'idle', password: 'off' }],
] as const) {
  test(`${what} gets the answer every failure gets`, async () => {
    const user = 'user' in change ? change.user : 'bot';
    const errors = errorsIn(await startUp(change));
    assert.deepEqual(errors, [`FATAL 28P01 password authentication failed for agent "${user}"`]);
  });
}

test('an unknown agent’s salt is the same each time, as a known one’s is', async () => {
  const salts = new Set<string>();
  for (let i = 0; i < 2; i += 1) {
    const client = await open();
    const { ScramClient } = await import('../../src/wire/scram.ts');
    const { encodeSaslInitialResponse } = await import('../../src/wire/client/sasl-initial-response.ts');
    client.send(
      encodeStartup(
        0,
        new Map([
          ['user', 'nobody'],
          ['database', 'shop'],
        ]),
      ),
    );
    await client.until('R');
    const scram = new ScramClient({
      password: 'x',
      nonce: randomBytes(18).toString('base64'),
      channelBinding: null,
    });
    const { mechanism, message } = scram.start(['SCRAM-SHA-256']);
    client.send(encodeSaslInitialResponse(mechanism, message));
    const [answer] = await client.until('R');
    const request = decodeAuthentication(answer!.bytes, 0, answer!.bytes.length);
    assert.equal(request.kind, 'sasl-continue');
    salts.add(/s=([^,]+)/.exec(request.kind === 'sasl-continue' ? request.data.toString() : '')?.[1] ?? '');
  }
  assert.equal(salts.size, 1);
  assert.notEqual([...salts][0], '');
});

test('a database that is not there, and one the agent may not use, look alike', async () => {
  assert.deepEqual(codesIn(await startUp({ database: 'nowhere' })), ['3D000']);
  assert.deepEqual(codesIn(await startUp({ user: 'elsewhere', password: 'off' })), ['3D000']);
});

const REFUSED: readonly (readonly [what: string, parameters: Record<string, string>, code: string])[] = [
  ['replication', { replication: 'database' }, '42501'],
  ['physical replication', { replication: 'true' }, '42501'],
  ['a role by options', { options: '-c role=postgres' }, '42501'],
  ['a role as a setting', { role: 'postgres' }, '42501'],
  ['a role by the long form', { options: '--session-authorization=postgres' }, '42501'],
  ['strings of the old kind', { standard_conforming_strings: 'off' }, '42501'],
  ['strings of the old kind, by options', { options: '-c standard_conforming_strings=off' }, '42501'],
  ['options that are no settings', { options: '-f s' }, '22023'],
  ['a name that is none', { 'a b': 'x' }, '22023'],
];
for (const [what, parameters, code] of REFUSED) {
  test(`refused at start-up: ${what}`, async () => {
    const messages = await startUp({ parameters });
    assert.deepEqual(codesIn(messages), [code], JSON.stringify(errorsIn(messages)));
    assert.ok(errorsIn(messages)[0]!.startsWith('FATAL'));
  });
}

test('client_encoding at start-up is overridden, and the client is told', async () => {
  const messages = await startUp({
    parameters: { client_encoding: 'LATIN1', options: '-c client_encoding=latin1' },
  });
  const encodings = messages
    .filter((m) => m.type === 'S')
    .map((m) => decodeParameterStatus(m.bytes, 0, m.bytes.length))
    .filter((s) => s.name === 'client_encoding');
  assert.deepEqual(encodings, [{ name: 'client_encoding', value: 'UTF8' }]);
});

test('settings at start-up that a SET could make are passed on', async () => {
  const client = await RawClient.connect(
    target({ parameters: { application_name: 'me', options: '-c work_mem=7MB' } }),
  );
  clients.push(client);
  assert.deepEqual(rowsIn(await client.query('show application_name; show work_mem')), [['me'], ['7MB']]);
});

test('a newer minor version and unknown protocol options are negotiated', async () => {
  for (const minor of [9999, 3]) {
    const client = await open();
    await client.startUp(target({ minor, parameters: { '_pq_.shiny': '1', '_pq_.new': 'x' } }));
    const messages = await client.until('ZE');
    assert.match(shape(messages), /^vS+KZ$/);
    const [first] = messages;
    assert.deepEqual(decodeNegotiateProtocolVersion(first!.bytes, 0, first!.bytes.length), {
      minor: 2,
      unrecognizedOptions: ['_pq_.shiny', '_pq_.new'],
    });
    assert.equal(client.key.key.length, 32);
  }
});

test('protocol 3.2 is spoken without negotiation, with a longer key', async () => {
  const client = await RawClient.connect(target({ minor: 2 }));
  clients.push(client);
  assert.equal(client.key.key.length, 32);
});

test('GSSENCRequest is answered N, then SSLRequest N without TLS, then start-up goes on', async () => {
  const client = await open();
  const answers: string[] = [];
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => answers.push(chunk.toString()));
  client.send(GSSENC_REQUEST);
  await sleep(50);
  client.send(encodeSslRequest());
  await sleep(50);
  assert.deepEqual(answers, ['N', 'N']);
  client.send(
    encodeStartup(
      0,
      new Map([
        ['user', 'bot'],
        ['database', 'shop'],
      ]),
    ),
  );
  await sleep(50);
  assert.equal(answers[2]?.[0], 'R');
});

test('a cancel reaches what runs; a wrong key reaches nothing', async () => {
  const client = await RawClient.connect(target());
  clients.push(client);
  client.send(query('select pg_sleep(5)'));
  await sleep(150);
  await cancel(harness.postern.agentPort, { pid: client.key.pid, key: randomBytes(4) });
  await cancel(harness.postern.agentPort, { pid: client.key.pid + 1, key: client.key.key });
  await sleep(150);
  assert.equal(client.messages.length, 0);
  await cancel(harness.postern.agentPort, client.key);
  assert.deepEqual(codesIn(await client.until('Z')), ['57014']);
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
});

test('goodbye in the same packet as the password leaves no session behind', async () => {
  for (let i = 0; i < 15; i += 1) {
    const client = await open();
    await client.startUp(target(), Buffer.from([0x58, 0, 0, 0, 4]));
    await client.ended();
  }
  assert.match(shape(await startUp()), /Z$/);
});
