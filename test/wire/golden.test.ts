/**
 * A session with a real PostgreSQL 18.4 as it went over the wire: protocol 3.9999 negotiated down to 3.2,
 * SCRAM, simple and extended protocol, COPY both ways, errors, notices, notifications. Every message must be
 * read, and what Postern can write itself must come out as PostgreSQL and the driver's library wrote it.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as bareClient from '../../src/wire/client/bare.ts';
import { decodeClose, encodeClose } from '../../src/wire/client/close.ts';
import { decodeDescribe, encodeDescribe } from '../../src/wire/client/describe.ts';
import { decodeExecute, encodeExecute } from '../../src/wire/client/execute.ts';
import { decodeParse, encodeParse } from '../../src/wire/client/parse.ts';
import { decodeQuery, encodeQuery } from '../../src/wire/client/query.ts';
import { decodeSaslInitialResponse } from '../../src/wire/client/sasl-initial-response.ts';
import { decodeSaslResponse } from '../../src/wire/client/sasl-response.ts';
import { clientAuthenticationMaxLength, clientMaxLength } from '../../src/wire/client/types.ts';
import { FrameReader } from '../../src/wire/frame-reader.ts';
import { ScramClient } from '../../src/wire/scram.ts';
import { decodeAuthentication } from '../../src/wire/server/authentication.ts';
import { decodeBackendKeyData, encodeBackendKeyData } from '../../src/wire/server/backend-key-data.ts';
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
import { decodeRowDescription, encodeRowDescription } from '../../src/wire/server/row-description.ts';
import { serverMaxLength } from '../../src/wire/server/types.ts';
import { encodeStartup, readStartupPacket } from '../../src/wire/startup.ts';
import { CLIENT_DECODERS, SERVER_DECODERS } from './decoders.ts';

type Message = { readonly from: 'client' | 'server'; readonly bytes: Buffer };

const lines: ['client' | 'server', string][] = JSON.parse(
  readFileSync(new URL('golden/postgresql-18.json', import.meta.url), 'utf8'),
);
const trace: readonly Message[] = lines.map(([from, hex]) => ({ from, bytes: Buffer.from(hex, 'hex') }));
const of = (from: string, type: string): Buffer[] =>
  trace.filter((m) => m.from === from && m.bytes[0] === type.charCodeAt(0)).map((m) => m.bytes);
/** The first session; a second one follows, whose password is wrong. */
const second = trace.findLastIndex((m) => m.bytes[0] === 0);

/** Reading and writing again gives the same bytes. */
function same<T>(
  decode: (b: Buffer, s: number, e: number) => T,
  encode: (value: T) => Buffer,
): (bytes: Buffer) => Buffer {
  return (bytes) => encode(decode(bytes, 0, bytes.length));
}

const rewriteServer: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  A: same(decodeNotificationResponse, encodeNotificationResponse),
  C: same(decodeCommandComplete, ({ tag }) => encodeCommandComplete(tag)),
  D: same(decodeDataRow, encodeDataRow),
  E: same(decodeErrorResponse, encodeErrorResponse),
  G: same(copy.decodeCopyInResponse, copy.encodeCopyInResponse),
  H: same(copy.decodeCopyOutResponse, copy.encodeCopyOutResponse),
  K: same(decodeBackendKeyData, ({ pid, key }) => encodeBackendKeyData(pid, key)),
  N: same(decodeNoticeResponse, encodeNoticeResponse),
  S: same(decodeParameterStatus, ({ name, value }) => encodeParameterStatus(name, value)),
  T: same(decodeRowDescription, encodeRowDescription),
  Z: same(decodeReadyForQuery, encodeReadyForQuery),
  d: same(decodeCopyData, encodeCopyData),
  t: same(decodeParameterDescription, encodeParameterDescription),
  v: same(decodeNegotiateProtocolVersion, encodeNegotiateProtocolVersion),
};

const rewriteClient: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  C: same(decodeClose, encodeClose),
  D: same(decodeDescribe, encodeDescribe),
  E: same(decodeExecute, encodeExecute),
  H: same(bareClient.decodeFlush, bareClient.encodeFlush),
  P: same(decodeParse, encodeParse),
  Q: same(decodeQuery, ({ sql }) => encodeQuery(sql)),
  S: same(bareClient.decodeSync, bareClient.encodeSync),
  X: same(bareClient.decodeTerminate, bareClient.encodeTerminate),
  c: same(bareClient.decodeCopyDone, bareClient.encodeCopyDone),
};

describe('the golden session', () => {
  it('is read to the last message, and written the same again', () => {
    const written = new Set<string>();
    for (const { from, bytes } of trace) {
      if (bytes[0] === 0) continue;
      const type = String.fromCharCode(bytes[0]!);
      if (type === 'p' && from === 'client') continue;
      for (const decode of (from === 'client' ? CLIENT_DECODERS : SERVER_DECODERS)[type] ?? [])
        decode(bytes, 0, bytes.length);
      const rewrite = (from === 'client' ? rewriteClient : rewriteServer)[type];
      if (rewrite === undefined) continue;
      assert.equal(rewrite(bytes).toString('latin1'), bytes.toString('latin1'));
      written.add(`${from} ${type}`);
    }
    assert.equal(written.size, Object.keys(rewriteServer).length + Object.keys(rewriteClient).length);
  });

  it('is cut into the same frames from one stream', () => {
    for (const from of ['client', 'server'] as const) {
      const messages = trace
        .slice(0, second)
        .filter((m) => m.from === from && m.bytes[0] !== 0)
        .map((m) => m.bytes);
      const reader = new FrameReader(
        from === 'server'
          ? serverMaxLength
          : (t) => Math.max(clientMaxLength(t), clientAuthenticationMaxLength(t)),
      );
      reader.push(Buffer.concat(messages));
      for (const message of messages) {
        assert.ok(reader.next());
        assert.ok(reader.buffer.subarray(reader.start, reader.end).equals(message));
      }
      assert.ok(!reader.next());
    }
  });

  it('says what went on', () => {
    assert.deepEqual(
      of('server', 'C').map((b) => decodeCommandComplete(b, 0, b.length).tag),
      [
        'SELECT 0',
        'INSERT 0 2',
        'LISTEN',
        'NOTIFY',
        'DO',
        'SELECT 1',
        'BEGIN',
        'COPY 1',
        'COPY 3',
        'ROLLBACK',
        'SET',
      ],
    );
    assert.deepEqual(
      of('server', 'E').map((b) => decodeErrorResponse(b, 0, b.length).get('C')),
      ['22012', '57014', '28P01'],
    );
    assert.equal(
      of('server', 'Z')
        .map((b) => decodeReadyForQuery(b, 0, b.length))
        .join(''),
      'IIIIIIITTTEII',
    );
    const [key] = of('server', 'K').map((b) => decodeBackendKeyData(b, 0, b.length));
    assert.equal(key?.key.length, 32);
    const [negotiated] = of('server', 'v').map((b) => decodeNegotiateProtocolVersion(b, 0, b.length));
    assert.deepEqual(negotiated, { minor: 2, unrecognizedOptions: ['_pq_.postern_probe'] });
    const [first] = of('server', 'T').map((b) => decodeRowDescription(b, 0, b.length));
    assert.deepEqual(
      first?.map((f) => [f.name, f.attnum, f.tableOid > 0, f.typeOid]),
      [
        ['id', 1, true, 20],
        ['email', 2, true, 25],
        ['ok', 3, true, 16],
        ['one', 0, false, 23],
        ['Grüße', 0, false, 25],
      ],
    );
  });

  it('opens with a start-up packet', () => {
    const { bytes } = trace[0]!;
    const read = readStartupPacket(bytes);
    assert.ok(read.kind === 'packet' && read.packet.kind === 'startup');
    assert.deepEqual([read.packet.minor, read.packet.protocolOptions], [9999, ['_pq_.postern_probe']]);
    const parameters = new Map([...read.packet.parameters, ['_pq_.postern_probe', '1']]);
    assert.ok(encodeStartup(9999, parameters).equals(bytes));
  });

  it('authenticates by SCRAM with a password that is not ASCII', async () => {
    const [offer, challenge, outcome] = of('server', 'R').map((b) => decodeAuthentication(b, 0, b.length));
    const [initial, response] = of('client', 'p');
    assert.ok(
      offer?.kind === 'sasl' && challenge?.kind === 'sasl-continue' && outcome?.kind === 'sasl-final',
    );
    const client = new ScramClient({
      password: 'pässwörd',
      nonce: 'fixed-client-nonce-0001',
      channelBinding: null,
    });
    const sent = decodeSaslInitialResponse(initial!, 0, initial!.length);
    assert.deepEqual(client.start(offer.mechanisms), {
      mechanism: sent.mechanism,
      message: sent.data?.toString(),
    });
    const answer = decodeSaslResponse(response!, 0, response!.length).toString();
    assert.equal(await client.continue(challenge.data), answer);
    client.finish(outcome.data);
    assert.ok(client.done);
  });
});
