import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PosternError } from '../../src/errors.ts';
import {
  encodeCancelRequest,
  encodeSslRequest,
  encodeStartup,
  readStartupPacket,
  type StartupPacket,
} from '../../src/wire/startup.ts';
import { cat, int16, int32 } from './bytes.ts';

const V3 = cat(int16(3), int16(0));

function packet(...parts: (Buffer | string)[]): Buffer {
  const body = cat(...parts);
  return Buffer.concat([int32(body.length + 4), body]);
}

function read(bytes: Buffer): StartupPacket {
  const result = readStartupPacket(bytes);
  assert.ok(result.kind === 'packet');
  assert.equal(result.length, bytes.length);
  return result.packet;
}

describe('readStartupPacket', () => {
  it('reads a start-up message', () => {
    const found = read(
      packet(
        int16(3),
        int16(2),
        'user',
        'bot',
        'database',
        'größe',
        'options',
        '',
        '_pq_.x',
        '1',
        Buffer.of(0),
      ),
    );
    assert.ok(found.kind === 'startup');
    assert.deepEqual([found.major, found.minor], [3, 2]);
    assert.deepEqual(
      [...found.parameters],
      [
        ['user', 'bot'],
        ['database', 'größe'],
        ['options', ''],
      ],
    );
    assert.deepEqual(found.protocolOptions, ['_pq_.x']);
  });

  it('reads one without parameters, and minors nobody speaks yet', () => {
    const found = read(packet(int16(3), int16(9999), Buffer.of(0)));
    assert.ok(found.kind === 'startup');
    assert.deepEqual([found.minor, found.parameters.size], [9999, 0]);
  });

  it('reads the requests', () => {
    assert.deepEqual(read(packet(int32(80877103))), { kind: 'ssl-request' });
    assert.deepEqual(read(packet(int32(80877104))), { kind: 'gssenc-request' });
    const key = Buffer.alloc(256, 7);
    assert.deepEqual(read(packet(int32(80877102), int32(77), key)), {
      kind: 'cancel-request',
      pid: 77,
      secret: key,
    });
    const short = Buffer.of(1, 2, 3, 4);
    assert.deepEqual(read(packet(int32(80877102), int32(77), short)), {
      kind: 'cancel-request',
      pid: 77,
      secret: short,
    });
  });

  it('asks for more until the packet is whole, and says where it ends', () => {
    const bytes = packet(V3, 'user', 'bot', Buffer.of(0));
    for (let i = 0; i < bytes.length; i += 1)
      assert.deepEqual(readStartupPacket(bytes.subarray(0, i)), { kind: 'need-more' });
    const result = readStartupPacket(Buffer.concat([bytes, Buffer.from('more')]));
    assert.ok(result.kind === 'packet');
    assert.equal(result.length, bytes.length);
  });

  it('knows direct TLS by its first byte', () => {
    assert.deepEqual(readStartupPacket(Buffer.of(0x16)), { kind: 'direct-tls' });
    assert.deepEqual(readStartupPacket(Buffer.of(0x16, 3, 1, 0, 200)), { kind: 'direct-tls' });
  });

  it('takes the longest packet that PostgreSQL takes, and none longer', () => {
    const room = 10_000 - 4 - 'user\0'.length - 2;
    assert.equal(read(packet(V3, 'user', 'x'.repeat(room), Buffer.of(0))).kind, 'startup');
    assert.throws(
      () => readStartupPacket(packet(V3, 'user', 'x'.repeat(room + 1), Buffer.of(0))),
      PosternError,
    );
  });

  const refused: readonly [string, Buffer][] = [
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['one byte of HTTP', Buffer.from('G')],
    ['a length of 0', int32(0)],
    ['a length of 7', int32(7)],
    ['a length over 10,004, before its bytes', int32(10_005)],
    ['a length that wraps', int32(0xffffffff)],
    ['protocol 2', packet(int16(2), int16(0), Buffer.alloc(20))],
    ['protocol 4', packet(int16(4), int16(0), 'user', 'a', Buffer.of(0))],
    ['no terminator at all', packet(V3)],
    ['a missing terminator', packet(V3, 'user', 'bot')],
    ['a missing final NUL', packet(V3, Buffer.from('user\0bot'))],
    ['a name without a value', packet(V3, 'user', 'bot', 'database', Buffer.of(0))],
    ['bytes after the terminator', packet(V3, 'user', 'bot', Buffer.of(0), 'x')],
    ['a second parameter block', packet(V3, 'user', 'bot', Buffer.of(0), 'user', 'root', Buffer.of(0))],
    ['a name twice', packet(V3, 'user', 'bot', 'user', 'root', Buffer.of(0))],
    ['a name twice in another case', packet(V3, 'options', '', 'Options', '-c x=1', Buffer.of(0))],
    ['a value that is not UTF-8', packet(V3, 'user', Buffer.of(0xc3, 0x28, 0), Buffer.of(0))],
    ['a name that is not UTF-8', packet(V3, Buffer.of(0xff, 0), 'x', Buffer.of(0))],
    ['a TLS request with bytes to spare', packet(int32(80877103), Buffer.of(0))],
    ['a GSS request with bytes to spare', packet(int32(80877104), Buffer.of(0))],
    ['a cancel without a key', packet(int32(80877102), int32(1))],
    ['a cancel with a key of 3 bytes', packet(int32(80877102), int32(1), Buffer.alloc(3))],
    ['a cancel with a key of 257 bytes', packet(int32(80877102), int32(1), Buffer.alloc(257))],
    ['a cancel without a pid', packet(int32(80877102))],
  ];
  for (const [what, bytes] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readStartupPacket(bytes),
        (error) => error instanceof PosternError && error.code === 'protocol-violation',
      );
    });
  }
});

describe('start-up encoders', () => {
  it('write what the reader reads', () => {
    const found = read(
      encodeStartup(
        2,
        new Map([
          ['user', 'bot'],
          ['application_name', 'é'],
        ]),
      ),
    );
    assert.ok(found.kind === 'startup');
    assert.deepEqual([found.minor, ...found.parameters.values()], [2, 'bot', 'é']);
    assert.deepEqual(read(encodeSslRequest()), { kind: 'ssl-request' });
    const secret = Buffer.alloc(32, 9);
    assert.deepEqual(read(encodeCancelRequest(-5, secret)), { kind: 'cancel-request', pid: -5, secret });
  });

  it('let no value begin a parameter of its own', () => {
    assert.throws(() => encodeStartup(0, new Map([['user', 'bot\0replication\0true']])), PosternError);
    assert.throws(() => encodeStartup(0, new Map([['', 'x']])), PosternError);
    assert.throws(() => encodeStartup(0, new Map([['user', 'x'.repeat(10_001)]])), PosternError);
    assert.throws(() => encodeCancelRequest(1, Buffer.alloc(3)), PosternError);
  });
});
