/** TLS towards agents: by SSLRequest and directly, and what is refused around it. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import pg from 'pg';
import { psqlPath } from '../../fixtures/postgres/embedded.ts';
import { encodeSslRequest, encodeStartup } from '../../src/wire/startup.ts';
import { SECRET, startHarness, type Harness } from './harness.ts';
import { codesIn, RawClient, rowsIn } from './raw-client.ts';

let harness: Harness;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
    ],
    { stdio: 'ignore' },
  );
  harness = await startHarness({ listen: `, tls: { cert: ${cert}, key: ${key}, required: true }` });
});
after(async () => {
  await harness.stop();
  rmSync(folder, { recursive: true, force: true });
});

const STARTUP = new Map([
  ['user', 'bot'],
  ['database', 'shop'],
]);

function tcp(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: '127.0.0.1', port: harness.postern.agentPort }, () => resolve(socket));
    socket.once('error', reject);
  });
}

function handshake(socket: Socket, alpn: readonly string[]): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({ socket, ALPNProtocols: [...alpn], rejectUnauthorized: false }, () =>
      resolve(secure),
    );
    secure.once('error', reject);
  });
}

async function asked(): Promise<{ socket: Socket; answer: string }> {
  const socket = await tcp();
  socket.write(encodeSslRequest());
  const answer = await new Promise<Buffer>((resolve) => {
    socket.once('data', resolve);
  });
  return { socket, answer: answer.toString() };
}

function target() {
  return { port: harness.postern.agentPort, user: 'bot', password: harness.password, database: 'shop' };
}

test('SSLRequest is answered S, and the session runs inside TLS', async () => {
  const { socket, answer } = await asked();
  assert.equal(answer, 'S');
  const client = new RawClient(await handshake(socket, []));
  await client.startUp(target());
  await client.until('Z');
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  client.destroy();
});

test('direct TLS with the protocol named by ALPN', async () => {
  const client = new RawClient(await handshake(await tcp(), ['postgresql']));
  await client.startUp(target());
  await client.until('Z');
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  client.destroy();
});

for (const alpn of [[], ['http/1.1']]) {
  test(`direct TLS is refused with ALPN ${JSON.stringify(alpn)}`, async () => {
    const socket = await tcp();
    const secure = await handshake(socket, alpn).catch(() => null);
    if (secure === null) return assert.equal(socket.destroyed || !socket.writable, true);
    const client = new RawClient(secure);
    client.send(encodeStartup(0, STARTUP));
    assert.deepEqual(
      (await client.ended()).map((m) => m.type).filter((t) => t !== 'E'),
      [],
    );
  });
}

test('bytes sent ahead of the handshake are refused', async () => {
  const client = await RawClient.open(harness.postern.agentPort);
  client.send(encodeSslRequest(), encodeStartup(0, STARTUP));
  const messages = await client.ended();
  assert.deepEqual(codesIn(messages), ['08P01']);
});

test('a second SSLRequest inside TLS is refused', async () => {
  const { socket } = await asked();
  const client = new RawClient(await handshake(socket, []));
  client.send(encodeSslRequest());
  assert.deepEqual(codesIn(await client.ended()), ['08P01']);
});

test('without TLS, where TLS is required', async () => {
  const client = await RawClient.open(harness.postern.agentPort);
  client.send(encodeStartup(0, STARTUP));
  assert.deepEqual(codesIn(await client.ended()), ['28000']);
});

test('garbage instead of a handshake harms nobody else', async () => {
  const { socket } = await asked();
  socket.on('error', () => undefined);
  socket.write(Buffer.alloc(5_000, 0x41));
  await sleep(100);
  socket.destroy();
  const half = await tcp();
  half.write(Buffer.from([0x16, 0x03, 0x01]));
  await sleep(50);
  half.destroy();
  const client = new RawClient(await handshake(await tcp(), ['postgresql']));
  await client.startUp(target());
  await client.until('Z');
  client.destroy();
});

test('node-postgres over TLS, binding the channel, sees masks', async () => {
  const client = new pg.Client({
    ...target(),
    host: '127.0.0.1',
    ssl: { rejectUnauthorized: false },
    enableChannelBinding: true,
  });
  await client.connect();
  const { rows } = await client.query('select ssn from customers where id = $1', [1]);
  await client.end();
  assert.deepEqual(rows, [{ ssn: '****' }]);
});

test('libpq insists on channel binding and gets it', async (t) => {
  const psql = psqlPath();
  if (psql === null) return t.diagnostic('no psql on this machine');
  const { port, password } = target();
  const url = `host=localhost port=${port} user=bot dbname=shop sslmode=require channel_binding=require`;
  const run = promisify(execFile)(psql, ['-XAtc', 'select id, ssn from customers order by id limit 1', url], {
    env: { ...process.env, PGPASSWORD: password },
  });
  const { stdout } = await run;
  assert.equal(stdout.trim(), '1|****');
  assert.ok(!stdout.includes(SECRET));
});
