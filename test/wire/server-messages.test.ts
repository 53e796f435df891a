import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PosternError } from '../../src/errors.ts';
import * as authentication from '../../src/wire/server/authentication.ts';
import { decodeBackendKeyData, encodeBackendKeyData } from '../../src/wire/server/backend-key-data.ts';
import * as bare from '../../src/wire/server/bare.ts';
import { decodeCommandComplete, encodeCommandComplete } from '../../src/wire/server/command-complete.ts';
import { decodeCopyData, encodeCopyData } from '../../src/wire/server/copy-data.ts';
import * as copy from '../../src/wire/server/copy-response.ts';
import { decodeDataRow, encodeDataRow } from '../../src/wire/server/data-row.ts';
import { decodeErrorResponse, encodeErrorResponse } from '../../src/wire/server/error-response.ts';
import {
  decodeNegotiateProtocolVersion,
  encodeNegotiateProtocolVersion,
} from '../../src/wire/server/negotiate-protocol-version.ts';
import { decodeNoticeResponse, encodeNoticeResponse } from '../../src/wire/server/notice-response.ts';
import {
  decodeNotificationResponse,
  encodeNotificationResponse,
} from '../../src/wire/server/notification-response.ts';
import {
  decodeParameterDescription,
  encodeParameterDescription,
} from '../../src/wire/server/parameter-description.ts';
import { decodeParameterStatus, encodeParameterStatus } from '../../src/wire/server/parameter-status.ts';
import { decodeReadyForQuery, encodeReadyForQuery } from '../../src/wire/server/ready-for-query.ts';
import {
  decodeRowDescription,
  encodeRowDescription,
  type FieldDescription,
} from '../../src/wire/server/row-description.ts';
import { SERVER_MESSAGES, SERVER_TYPE, serverMaxLength } from '../../src/wire/server/types.ts';
import { cat, frame, int16, int32 } from './bytes.ts';

type Decode = (buffer: Buffer, start: number, end: number) => unknown;
type Row = readonly [
  what: string,
  bytes: Buffer,
  decode: Decode,
  value: unknown,
  encode: (() => Buffer) | null,
];

const id: FieldDescription = {
  name: 'id',
  tableOid: 4_000_000_000,
  attnum: -1,
  typeOid: 20,
  typeSize: -2,
  typeModifier: -1,
  format: 1,
};
const idBytes = cat('id', int32(4_000_000_000), int16(-1), int32(20), int16(-2), int32(-1), int16(1));
const report = new Map([
  ['S', 'ERROR'],
  ['C', '42501'],
  ['M', 'grüße'],
]);
const reportBytes = cat(
  Buffer.from('S'),
  'ERROR',
  Buffer.from('C'),
  '42501',
  Buffer.from('M'),
  'grüße',
  Buffer.of(0),
);
const key = Buffer.alloc(32, 5);

const messages: readonly Row[] = [
  [
    'RowDescription',
    frame('T', cat(int16(1), idBytes)),
    decodeRowDescription,
    [id],
    () => encodeRowDescription([id]),
  ],
  [
    'RowDescription of nothing',
    frame('T', int16(0)),
    decodeRowDescription,
    [],
    () => encodeRowDescription([]),
  ],
  [
    'DataRow',
    frame('D', cat(int16(3), int32(-1), int32(2), Buffer.from('é'), int32(0))),
    decodeDataRow,
    [null, Buffer.from('é'), Buffer.alloc(0)],
    () => encodeDataRow([null, 'é', Buffer.alloc(0)]),
  ],
  [
    'CommandComplete',
    frame('C', cat('SELECT 3')),
    decodeCommandComplete,
    { tag: 'SELECT 3' },
    () => encodeCommandComplete('SELECT 3'),
  ],
  ['ErrorResponse', frame('E', reportBytes), decodeErrorResponse, report, () => encodeErrorResponse(report)],
  [
    'NoticeResponse',
    frame('N', reportBytes),
    decodeNoticeResponse,
    report,
    () => encodeNoticeResponse(report),
  ],
  [
    'ParameterStatus',
    frame('S', cat('a', 'b')),
    decodeParameterStatus,
    { name: 'a', value: 'b' },
    () => encodeParameterStatus('a', 'b'),
  ],
  ['ReadyForQuery', frame('Z', Buffer.from('I')), decodeReadyForQuery, 'I', () => encodeReadyForQuery('I')],
  ['ReadyForQuery', frame('Z', Buffer.from('T')), decodeReadyForQuery, 'T', () => encodeReadyForQuery('T')],
  ['ReadyForQuery', frame('Z', Buffer.from('E')), decodeReadyForQuery, 'E', () => encodeReadyForQuery('E')],
  [
    'BackendKeyData',
    frame('K', cat(int32(7), key)),
    decodeBackendKeyData,
    { pid: 7, key },
    () => encodeBackendKeyData(7, key),
  ],
  [
    'NegotiateProtocolVersion',
    frame('v', cat(int16(3), int16(2), int32(2), '_pq_.a', '_pq_.b')),
    decodeNegotiateProtocolVersion,
    { minor: 2, unrecognizedOptions: ['_pq_.a', '_pq_.b'] },
    () => encodeNegotiateProtocolVersion({ minor: 2, unrecognizedOptions: ['_pq_.a', '_pq_.b'] }),
  ],
  [
    'NegotiateProtocolVersion, by the letter of the docs',
    frame('v', cat(int32(2), int32(0))),
    decodeNegotiateProtocolVersion,
    { minor: 2, unrecognizedOptions: [] },
    null,
  ],
  [
    'AuthenticationOk',
    frame('R', int32(0)),
    authentication.decodeAuthentication,
    { kind: 'ok' },
    authentication.encodeAuthenticationOk,
  ],
  [
    'AuthenticationCleartextPassword',
    frame('R', int32(3)),
    authentication.decodeAuthentication,
    { kind: 'cleartext-password' },
    null,
  ],
  [
    'AuthenticationMD5Password',
    frame('R', cat(int32(5), Buffer.of(1, 2, 3, 4))),
    authentication.decodeAuthentication,
    { kind: 'md5-password', salt: Buffer.of(1, 2, 3, 4) },
    null,
  ],
  [
    'AuthenticationGSS',
    frame('R', int32(7)),
    authentication.decodeAuthentication,
    { kind: 'unsupported', code: 7 },
    null,
  ],
  [
    'AuthenticationSASL',
    frame('R', cat(int32(10), 'A', 'B', '')),
    authentication.decodeAuthentication,
    { kind: 'sasl', mechanisms: ['A', 'B'] },
    () => authentication.encodeAuthenticationSasl(['A', 'B']),
  ],
  [
    'AuthenticationSASLContinue',
    frame('R', cat(int32(11), Buffer.from('r='))),
    authentication.decodeAuthentication,
    { kind: 'sasl-continue', data: Buffer.from('r=') },
    () => authentication.encodeAuthenticationSaslContinue('r='),
  ],
  [
    'AuthenticationSASLFinal',
    frame('R', cat(int32(12), Buffer.from('v='))),
    authentication.decodeAuthentication,
    { kind: 'sasl-final', data: Buffer.from('v=') },
    () => authentication.encodeAuthenticationSaslFinal('v='),
  ],
  [
    'CopyInResponse',
    frame('G', cat(Buffer.of(0), int16(2), int16(0), int16(0))),
    copy.decodeCopyInResponse,
    { format: 0, columnFormats: [0, 0] },
    () => copy.encodeCopyInResponse({ format: 0, columnFormats: [0, 0] }),
  ],
  [
    'CopyOutResponse',
    frame('H', cat(Buffer.of(1), int16(1), int16(1))),
    copy.decodeCopyOutResponse,
    { format: 1, columnFormats: [1] },
    () => copy.encodeCopyOutResponse({ format: 1, columnFormats: [1] }),
  ],
  [
    'CopyData',
    frame('d', Buffer.of(0, 9)),
    decodeCopyData,
    Buffer.of(0, 9),
    () => encodeCopyData(Buffer.of(0, 9)),
  ],
  [
    'ParameterDescription',
    frame('t', cat(int16(2), int32(20), int32(0xfffffffe))),
    decodeParameterDescription,
    [20, 0xfffffffe],
    () => encodeParameterDescription([20, 0xfffffffe]),
  ],
  [
    'NotificationResponse',
    frame('A', cat(int32(9), 'ch', 'x')),
    decodeNotificationResponse,
    { pid: 9, channel: 'ch', payload: 'x' },
    () => encodeNotificationResponse({ pid: 9, channel: 'ch', payload: 'x' }),
  ],
  ['ParseComplete', frame('1'), bare.decodeBare, undefined, () => bare.PARSE_COMPLETE],
  ['BindComplete', frame('2'), bare.decodeBare, undefined, () => bare.BIND_COMPLETE],
  ['CloseComplete', frame('3'), bare.decodeBare, undefined, () => bare.CLOSE_COMPLETE],
  ['NoData', frame('n'), bare.decodeBare, undefined, () => bare.NO_DATA],
  ['PortalSuspended', frame('s'), bare.decodeBare, undefined, () => bare.PORTAL_SUSPENDED],
  ['EmptyQueryResponse', frame('I'), bare.decodeBare, undefined, () => bare.EMPTY_QUERY_RESPONSE],
  ['CopyDone', frame('c'), bare.decodeBare, undefined, () => bare.COPY_DONE],
];

const violated = (error: unknown): boolean =>
  error instanceof PosternError && error.code === 'protocol-violation';

describe('server messages', () => {
  for (const [what, bytes, decode, value, encode] of messages) {
    it(`${what} is read and written`, () => {
      const chunk = Buffer.concat([Buffer.alloc(3, 0x41), bytes, Buffer.alloc(9, 0)]);
      assert.deepEqual(decode(chunk, 3, 3 + bytes.length), value);
      if (encode !== null) assert.deepEqual(encode(), bytes);
    });
    it(`${what} is refused with another type byte or wrong bounds`, () => {
      const other = Buffer.from(bytes);
      other[0] = 0x21;
      assert.throws(() => decode(other, 0, other.length), violated);
      assert.throws(() => decode(bytes, 0, bytes.length - 1), violated);
      assert.throws(() => decode(bytes, 0, bytes.length + 1), violated);
      assert.throws(() => decode(bytes, -1, bytes.length), violated);
    });
  }

  const refused: readonly [string, Decode, Buffer][] = [
    [
      'RowDescription with 1,665 columns',
      decodeRowDescription,
      frame('T', cat(int16(1_665), Buffer.alloc(1_665 * 19))),
    ],
    ['RowDescription cut in a name', decodeRowDescription, frame('T', cat(int16(1), Buffer.from('id')))],
    [
      'RowDescription cut in the facts',
      decodeRowDescription,
      frame('T', cat(int16(1), idBytes.subarray(0, 20))),
    ],
    [
      'RowDescription with a field too many',
      decodeRowDescription,
      frame('T', cat(int16(1), idBytes, idBytes)),
    ],
    [
      'RowDescription with format 2',
      decodeRowDescription,
      frame('T', cat(int16(1), 'a', Buffer.alloc(16), int16(2))),
    ],
    ['DataRow with a length of -2', decodeDataRow, frame('D', cat(int16(1), int32(-2)))],
    ['DataRow with a value over the end', decodeDataRow, frame('D', cat(int16(1), int32(5), Buffer.of(1)))],
    ['DataRow with bytes too many', decodeDataRow, frame('D', cat(int16(0), Buffer.of(1)))],
    ['ErrorResponse without its end', decodeErrorResponse, frame('E', cat(Buffer.from('S'), 'ERROR'))],
    [
      'ErrorResponse with bytes after its end',
      decodeErrorResponse,
      frame('E', cat(reportBytes, Buffer.from('Mx\0\0'))),
    ],
    [
      'ErrorResponse with a field twice',
      decodeErrorResponse,
      frame('E', cat(Buffer.from('M'), 'a', Buffer.from('M'), 'b', Buffer.of(0))),
    ],
    ['ReadyForQuery with status X', decodeReadyForQuery, frame('Z', Buffer.from('X'))],
    ['ReadyForQuery without a status', decodeReadyForQuery, frame('Z')],
    [
      'BackendKeyData with a key of 3 bytes',
      decodeBackendKeyData,
      frame('K', cat(int32(7), Buffer.alloc(3))),
    ],
    [
      'BackendKeyData with a key of 257 bytes',
      decodeBackendKeyData,
      frame('K', cat(int32(7), Buffer.alloc(257))),
    ],
    [
      'NegotiateProtocolVersion with a count that lies',
      decodeNegotiateProtocolVersion,
      frame('v', cat(int32(0x30002), int32(-1), 'a')),
    ],
    [
      'NegotiateProtocolVersion of major 4',
      decodeNegotiateProtocolVersion,
      frame('v', cat(int32(0x40000), int32(0))),
    ],
    [
      'AuthenticationOk with a body',
      authentication.decodeAuthentication,
      frame('R', cat(int32(0), Buffer.of(1))),
    ],
    [
      'AuthenticationSASL without its end',
      authentication.decodeAuthentication,
      frame('R', cat(int32(10), 'A')),
    ],
    [
      'AuthenticationMD5Password with 3 bytes of salt',
      authentication.decodeAuthentication,
      frame('R', cat(int32(5), Buffer.alloc(3))),
    ],
    ['CopyOutResponse with format 2', copy.decodeCopyOutResponse, frame('H', cat(Buffer.of(2), int16(0)))],
    [
      'CopyOutResponse with 1,665 columns',
      copy.decodeCopyOutResponse,
      frame('H', cat(Buffer.of(0), int16(1_665), Buffer.alloc(3_330))),
    ],
    [
      'ParameterDescription with a count that lies',
      decodeParameterDescription,
      frame('t', cat(int16(3), int32(1))),
    ],
    ['ParseComplete with a body', bare.decodeBare, frame('1', Buffer.of(0))],
  ];
  for (const [what, decode, bytes] of refused) {
    it(`${what} is refused`, () => assert.throws(() => decode(bytes, 0, bytes.length), violated));
  }
});

describe('the table of server messages', () => {
  it('has every type once, and lengths for the reader', () => {
    assert.deepEqual(new Set(SERVER_MESSAGES.keys()), new Set(Object.values(SERVER_TYPE)));
    for (const [type, { maxLength }] of SERVER_MESSAGES) assert.equal(serverMaxLength(type), maxLength);
    for (const type of [0, 0x57, 0x56, 0xff, 256]) assert.equal(serverMaxLength(type), 0);
  });
});
