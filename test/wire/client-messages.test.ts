import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PosternError, type ErrorCode } from '../../src/errors.ts';
import * as bare from '../../src/wire/client/bare.ts';
import { decodeBind } from '../../src/wire/client/bind.ts';
import { decodeClose, encodeClose } from '../../src/wire/client/close.ts';
import { decodeCopyData, encodeCopyData } from '../../src/wire/client/copy-data.ts';
import { decodeCopyFail, encodeCopyFail } from '../../src/wire/client/copy-fail.ts';
import { decodeDescribe, encodeDescribe } from '../../src/wire/client/describe.ts';
import { decodeExecute, encodeExecute } from '../../src/wire/client/execute.ts';
import { decodeFunctionCall } from '../../src/wire/client/function-call.ts';
import { decodeParse, encodeParse } from '../../src/wire/client/parse.ts';
import { decodePasswordMessage, encodePasswordMessage } from '../../src/wire/client/password-message.ts';
import { decodeQuery, encodeQuery } from '../../src/wire/client/query.ts';
import {
  decodeSaslInitialResponse,
  encodeSaslInitialResponse,
} from '../../src/wire/client/sasl-initial-response.ts';
import { decodeSaslResponse, encodeSaslResponse } from '../../src/wire/client/sasl-response.ts';
import {
  CLIENT_MESSAGES,
  CLIENT_TYPE,
  clientAuthenticationMaxLength,
  clientMaxLength,
} from '../../src/wire/client/types.ts';
import { cat, frame, int16, int32 } from './bytes.ts';

type Decode = (buffer: Buffer, start: number, end: number) => unknown;

/** Decodes the frame from the middle of a chunk whose other bytes would be noticed. */
function inChunk(decode: Decode, bytes: Buffer): unknown {
  const chunk = Buffer.concat([Buffer.alloc(3, 0x41), bytes, Buffer.alloc(9, 0)]);
  return decode(chunk, 3, 3 + bytes.length);
}

const Q = (body: Buffer): Buffer => frame('Q', body);
const latin1 = Buffer.of(0x53, 0xe9, 0);

const decoded: readonly [string, Decode, Buffer, unknown][] = [
  ['Query', decodeQuery, Q(cat('select 1')), { sql: 'select 1' }],
  ['Query, empty', decodeQuery, Q(cat('')), { sql: '' }],
  [
    'Query, UTF-8 with a byte order mark',
    decodeQuery,
    Q(cat('\u{FEFF}select \u{1F600}')),
    { sql: '\u{FEFF}select \u{1F600}' },
  ],
  [
    'Parse',
    decodeParse,
    frame('P', cat('s1', 'select $1', int16(2), int32(20), int32(0xffffffff))),
    { name: 's1', sql: 'select $1', parameterTypes: [20, 0xffffffff] },
  ],
  [
    'Parse, unnamed',
    decodeParse,
    frame('P', cat('', '', int16(0))),
    { name: '', sql: '', parameterTypes: [] },
  ],
  [
    'Bind, portal before statement',
    decodeBind,
    frame(
      'B',
      cat(
        'p',
        's',
        int16(1),
        int16(1),
        int16(2),
        int32(-1),
        int32(2),
        Buffer.of(7, 8),
        int16(2),
        int16(0),
        int16(1),
      ),
    ),
    {
      portal: 'p',
      statement: 's',
      resultFormats: [0, 1],
      parameterCount: 2,
      parameters: cat(int16(1), int16(1), int16(2), int32(-1), int32(2), Buffer.of(7, 8)),
    },
  ],
  [
    'Bind, bare',
    decodeBind,
    frame('B', cat('', '', int16(0), int16(0), int16(0))),
    { portal: '', statement: '', resultFormats: [], parameterCount: 0, parameters: Buffer.alloc(4) },
  ],
  [
    'Describe of a statement',
    decodeDescribe,
    frame('D', cat(Buffer.from('S'), 's1')),
    { what: 'S', name: 's1' },
  ],
  ['Describe of a portal', decodeDescribe, frame('D', cat(Buffer.from('P'), '')), { what: 'P', name: '' }],
  ['Close', decodeClose, frame('C', cat(Buffer.from('P'), 'c1')), { what: 'P', name: 'c1' }],
  ['Execute', decodeExecute, frame('E', cat('p', int32(50))), { portal: 'p', maxRows: 50 }],
  ['Execute, negative', decodeExecute, frame('E', cat('', int32(-1))), { portal: '', maxRows: -1 }],
  ['Sync', bare.decodeSync, frame('S'), undefined],
  ['Flush', bare.decodeFlush, frame('H'), undefined],
  ['Terminate', bare.decodeTerminate, frame('X'), undefined],
  ['CopyDone', bare.decodeCopyDone, frame('c'), undefined],
  ['CopyData', decodeCopyData, frame('d', Buffer.of(0, 1, 2)), Buffer.of(0, 1, 2)],
  ['CopyData, empty', decodeCopyData, frame('d'), Buffer.alloc(0)],
  ['CopyFail', decodeCopyFail, frame('f', cat('why')), { reason: 'why' }],
  [
    'FunctionCall',
    decodeFunctionCall,
    frame('F', cat(int32(1598), int16(0), int16(0), int16(0))),
    { functionOid: 1598 },
  ],
  ['PasswordMessage', decodePasswordMessage, frame('p', cat('sésame')), { password: 'sésame' }],
  [
    'SASLInitialResponse',
    decodeSaslInitialResponse,
    frame('p', cat('SCRAM-SHA-256', int32(3), Buffer.from('n,,'))),
    { mechanism: 'SCRAM-SHA-256', data: Buffer.from('n,,') },
  ],
  [
    'SASLInitialResponse without data',
    decodeSaslInitialResponse,
    frame('p', cat('X', int32(-1))),
    { mechanism: 'X', data: null },
  ],
  [
    'SASLInitialResponse with empty data',
    decodeSaslInitialResponse,
    frame('p', cat('X', int32(0))),
    { mechanism: 'X', data: Buffer.alloc(0) },
  ],
  ['SASLResponse', decodeSaslResponse, frame('p', Buffer.from('c=')), Buffer.from('c=')],
];

describe('client decoders', () => {
  for (const [what, decode, bytes, wanted] of decoded) {
    it(`read ${what}`, () => assert.deepEqual(inChunk(decode, bytes), wanted));
    it(`refuse ${what} with another type byte, wrong bounds or cut anywhere`, () => {
      const violated = (error: unknown): boolean =>
        error instanceof PosternError && error.code === 'protocol-violation';
      const other = Buffer.from(bytes);
      other[0] = 0x21;
      assert.throws(() => decode(other, 0, other.length), violated);
      assert.throws(() => decode(bytes, 0, bytes.length - 1), violated);
      assert.throws(() => decode(bytes, 0, bytes.length + 1), violated);
      assert.throws(() => decode(Buffer.concat([bytes, Buffer.of(0)]), 0, bytes.length + 1), violated);
      assert.throws(() => decode(bytes, -1, bytes.length), violated);
      assert.throws(() => decode(bytes, 0, 0), violated);
    });
  }

  const V: ErrorCode = 'protocol-violation';
  const U: ErrorCode = 'unparsable-encoding';
  const refused: readonly [string, Decode, Buffer, ErrorCode][] = [
    ['Query without its NUL', decodeQuery, Q(Buffer.from('select 1')), V],
    ['Query without a body', decodeQuery, Q(Buffer.alloc(0)), V],
    ['Query with a NUL inside', decodeQuery, Q(cat('select 1', '; drop table t')), V],
    ['Query with bytes after it', decodeQuery, Q(cat('select 1', Buffer.of(1))), V],
    ['Query in Latin-1', decodeQuery, Q(latin1), U],
    ['Query with an overlong slash', decodeQuery, Q(Buffer.of(0xc0, 0xaf, 0)), U],
    ['Query with a surrogate', decodeQuery, Q(Buffer.of(0xed, 0xa0, 0x80, 0)), U],
    ['Query beyond Unicode', decodeQuery, Q(Buffer.of(0xf4, 0x90, 0x80, 0x80, 0)), U],
    ['Parse with a name in Latin-1', decodeParse, frame('P', cat(latin1, 'x', int16(0))), U],
    ['Parse with text in Latin-1', decodeParse, frame('P', cat('x', latin1, int16(0))), U],
    ['Parse with a NUL in its text', decodeParse, frame('P', cat('', 'a', 'b', int16(0))), V],
    ['Parse with more types announced', decodeParse, frame('P', cat('', 'a', int16(0xffff), int32(1))), V],
    ['Parse with bytes after it', decodeParse, frame('P', cat('', 'a', int16(0), Buffer.of(0))), V],
    ['Parse without types', decodeParse, frame('P', cat('', 'a')), V],
    [
      'Bind with a value of -2 bytes',
      decodeBind,
      frame('B', cat('', '', int16(0), int16(1), int32(-2), int16(0))),
      V,
    ],
    [
      'Bind with a value over the end',
      decodeBind,
      frame('B', cat('', '', int16(0), int16(1), int32(100), int16(0))),
      V,
    ],
    [
      'Bind with a value of 2 GB',
      decodeBind,
      frame('B', cat('', '', int16(0), int16(1), int32(0x7fffffff), int16(0))),
      V,
    ],
    [
      'Bind with 2 formats for 3 values',
      decodeBind,
      frame(
        'B',
        cat('', '', int16(2), int16(0), int16(0), int16(3), int32(-1), int32(-1), int32(-1), int16(0)),
      ),
      V,
    ],
    [
      'Bind with parameter format 2',
      decodeBind,
      frame('B', cat('', '', int16(1), int16(2), int16(0), int16(0))),
      V,
    ],
    [
      'Bind with result format 2',
      decodeBind,
      frame('B', cat('', '', int16(0), int16(0), int16(1), int16(2))),
      V,
    ],
    [
      'Bind with more result formats announced',
      decodeBind,
      frame('B', cat('', '', int16(0), int16(0), int16(9))),
      V,
    ],
    [
      'Bind with bytes after it',
      decodeBind,
      frame('B', cat('', '', int16(0), int16(0), int16(0), int16(0))),
      V,
    ],
    ['Describe of neither', decodeDescribe, frame('D', cat(Buffer.from('X'), '')), V],
    ['Describe with two names', decodeDescribe, frame('D', cat(Buffer.from('S'), 'a', 'b')), V],
    ['Close of neither', decodeClose, frame('C', cat(Buffer.from('s'), '')), V],
    ['Execute without a row limit', decodeExecute, frame('E', cat('p')), V],
    ['Sync with a body', bare.decodeSync, frame('S', Buffer.of(0)), V],
    ['Flush with a body', bare.decodeFlush, frame('H', Buffer.of(0)), V],
    ['SASLInitialResponse with length -2', decodeSaslInitialResponse, frame('p', cat('X', int32(-2))), V],
    [
      'SASLInitialResponse with bytes after it',
      decodeSaslInitialResponse,
      frame('p', cat('X', int32(-1), Buffer.of(1))),
      V,
    ],
    ['PasswordMessage with a NUL inside', decodePasswordMessage, frame('p', cat('a', 'b')), V],
    ['FunctionCall without a function', decodeFunctionCall, frame('F', int16(1)), V],
  ];
  for (const [what, decode, bytes, code] of refused) {
    it(`refuse ${what}`, () => {
      assert.throws(
        () => inChunk(decode, bytes),
        (error) => error instanceof PosternError && error.code === code,
      );
    });
  }
});

describe('a string without its NUL', () => {
  it('does not borrow one from the next message', () => {
    assert.throws(() => inChunk(decodeQuery, Q(Buffer.from('select 1'))), /unterminated string/);
  });
});

describe('client encoders', () => {
  it('write the bytes of the docs', () => {
    assert.deepEqual(encodeQuery('select é'), Q(cat('select é')));
    assert.deepEqual(encodeDescribe({ what: 'S', name: '' }), frame('D', cat(Buffer.from('S'), '')));
    assert.deepEqual(encodeDescribe({ what: 'P', name: 'p' }), frame('D', cat(Buffer.from('P'), 'p')));
    assert.deepEqual(encodeClose({ what: 'S', name: 's' }), frame('C', cat(Buffer.from('S'), 's')));
    assert.deepEqual(encodeExecute({ portal: '', maxRows: 0 }), frame('E', cat('', int32(0))));
    assert.deepEqual(encodeExecute({ portal: 'p', maxRows: 7 }), frame('E', cat('p', int32(7))));
    assert.deepEqual(encodeExecute({ portal: 'p', maxRows: -3 }), frame('E', cat('p', int32(0))));
    assert.deepEqual(
      encodeExecute({ portal: 'p', maxRows: 2 ** 40 }),
      frame('E', cat('p', int32(0x7fffffff))),
    );
    assert.deepEqual(bare.encodeSync(), frame('S'));
    assert.deepEqual(bare.encodeFlush(), frame('H'));
    assert.deepEqual(bare.encodeTerminate(), frame('X'));
    assert.deepEqual(bare.encodeCopyDone(), frame('c'));
    assert.deepEqual(encodeCopyData(Buffer.of(1, 0, 2)), frame('d', Buffer.of(1, 0, 2)));
    assert.deepEqual(encodeCopyFail('no'), frame('f', cat('no')));
    assert.deepEqual(encodePasswordMessage('é'), frame('p', cat('é')));
    assert.deepEqual(
      encodeSaslInitialResponse('M', 'n,,'),
      frame('p', cat('M', int32(3), Buffer.from('n,,'))),
    );
    assert.deepEqual(encodeSaslResponse('c='), frame('p', Buffer.from('c=')));
  });

  it('write a Parse that reads as it was, whatever the name', () => {
    const text = fc.string({ unit: 'binary', maxLength: 100 }).map((s) => s.replaceAll('\0', ''));
    fc.assert(
      fc.property(text, text, fc.array(fc.nat(0xffffffff), { maxLength: 5 }), (name, sql, parameterTypes) => {
        const bytes = encodeParse({ name, sql, parameterTypes });
        const read = decodeParse(bytes, 0, bytes.length);
        assert.deepEqual(read, { name: name.toWellFormed(), sql: sql.toWellFormed(), parameterTypes });
      }),
    );
  });

  it('let no string begin a field or message of its own', () => {
    const evil = 'x\0y';
    for (const encode of [
      () => encodeQuery(evil),
      () => encodeParse({ name: evil, sql: '', parameterTypes: [] }),
      () => encodeParse({ name: '', sql: evil, parameterTypes: [] }),
      () => encodeDescribe({ what: 'S', name: evil }),
      () => encodeParse({ name: `${'n'.repeat(80)}\0`, sql: '', parameterTypes: [] }),
      () => encodeClose({ what: 'P', name: evil }),
      () => encodeExecute({ portal: evil, maxRows: 0 }),
      () => encodeCopyFail(evil),
      () => encodePasswordMessage(evil),
      () => encodeSaslInitialResponse(evil, ''),
    ]) {
      assert.throws(encode, PosternError);
    }
    // The library's writer is shared: a refusal must leave nothing behind in it.
    assert.deepEqual(encodeQuery('ok'), Q(cat('ok')));
  });
});

describe('the table of client messages', () => {
  it('has every type once, and lengths for the reader', () => {
    assert.deepEqual(new Set(CLIENT_MESSAGES.keys()), new Set(Object.values(CLIENT_TYPE)));
    for (const [type, { name, maxLength }] of CLIENT_MESSAGES) {
      assert.equal(clientMaxLength(type), name === 'Password' ? 0 : maxLength);
      assert.equal(clientAuthenticationMaxLength(type), name === 'Password' ? 10_000 : 0);
    }
    for (const type of [0, 0x21, 0xff, 256, -1]) assert.equal(clientMaxLength(type), 0);
  });
});
