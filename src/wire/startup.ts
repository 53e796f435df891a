/**
 * The untyped packets that open a connection: SSLRequest, GSSENCRequest, CancelRequest, StartupMessage, and
 * the first byte of a direct TLS handshake. Source: PostgreSQL docs, "Message Formats" and "SSL Session
 * Encryption"; bounds and layout as in `ProcessStartupPacket` (tcop/backend_startup.c).
 *
 * Invariant: strict where PostgreSQL is lenient and two readers could differ: a name given twice, text that
 * is not UTF-8, a request with bytes to spare. Non-goals: what the parameters mean (a missing `user`,
 * `replication`, settings), and bytes after the packet: the caller compares `length` with what it has.
 */

import { isUtf8 } from 'node:buffer';
import { BodyWriter } from './body-writer.ts';
import { MAX_CANCEL_KEY, MAX_STARTUP_PAYLOAD, MIN_CANCEL_KEY } from './limits.ts';
import { violation } from './violation.ts';

/** libpq/pqcomm.h: majors no protocol will ever have. */
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
/** TLS record type `handshake` (RFC 8446 section 5.1). A packet length never begins with it. */
const TLS_HANDSHAKE = 0x16;
/** Protocol extensions, negotiated and never settings (PostgreSQL docs, "Protocol Extensions"). */
const PROTOCOL_OPTION_PREFIX = '_pq_.';

export type StartupPacket =
  | { readonly kind: 'ssl-request' }
  | { readonly kind: 'gssenc-request' }
  /** `secret` is not copied. */
  | { readonly kind: 'cancel-request'; readonly pid: number; readonly secret: Buffer }
  | {
      readonly kind: 'startup';
      /** Always 3: the layout of any other is unknown, so it is refused. */
      readonly major: number;
      readonly minor: number;
      /** In the order sent, names as sent, without protocol options. */
      readonly parameters: ReadonlyMap<string, string>;
      /** Names of `_pq_.` options, for NegotiateProtocolVersion. */
      readonly protocolOptions: readonly string[];
    };

export type StartupRead =
  | { readonly kind: 'need-more' }
  | { readonly kind: 'direct-tls' }
  /** `length`: the bytes of `buffer` that the packet takes. */
  | { readonly kind: 'packet'; readonly length: number; readonly packet: StartupPacket };

/**
 * Reads the packet at the start of `buffer`, which holds everything received so far.
 * Asks for at most 10,004 bytes before it answers.
 * @throws PosternError `protocol-violation`
 */
export function readStartupPacket(buffer: Buffer): StartupRead {
  if (buffer.length === 0) return { kind: 'need-more' };
  if (buffer[0] === TLS_HANDSHAKE) return { kind: 'direct-tls' };
  if (buffer[0] !== 0) throw violation('this is no PostgreSQL start-up packet');
  if (buffer.length < 4) return { kind: 'need-more' };
  const length = buffer.readUInt32BE(0);
  if (length < 8 || length - 4 > MAX_STARTUP_PAYLOAD) throw violation('invalid length of start-up packet');
  if (buffer.length < length) return { kind: 'need-more' };
  return { kind: 'packet', length, packet: parsePacket(buffer.subarray(0, length)) };
}

function parsePacket(packet: Buffer): StartupPacket {
  const code = packet.readUInt32BE(4);
  switch (code) {
    case SSL_REQUEST:
    case GSSENC_REQUEST:
      if (packet.length !== 8) throw violation('invalid length of encryption request');
      return { kind: code === SSL_REQUEST ? 'ssl-request' : 'gssenc-request' };
    case CANCEL_REQUEST: {
      const keyLength = packet.length - 12;
      if (keyLength < MIN_CANCEL_KEY || keyLength > MAX_CANCEL_KEY)
        throw violation('invalid length of cancel request');
      return { kind: 'cancel-request', pid: packet.readInt32BE(8), secret: packet.subarray(12) };
    }
    default:
      return parseStartup(packet, code >>> 16, code & 0xffff);
  }
}

function parseStartup(packet: Buffer, major: number, minor: number): StartupPacket {
  if (major !== 3) throw violation(`unsupported protocol version ${major}.${minor}`);
  const body = packet.subarray(8);
  if (body.length === 0 || body[body.length - 1] !== 0)
    throw violation('start-up packet lacks its terminator');
  if (!isUtf8(body)) throw violation('start-up packet is not UTF-8');
  const parameters = new Map<string, string>();
  const protocolOptions: string[] = [];
  const seen = new Set<string>();
  let at = 0;
  while (at < body.length - 1) {
    const nameEnd = body.indexOf(0, at);
    if (nameEnd === at) throw violation('start-up packet has bytes after its terminator');
    const valueEnd = body.indexOf(0, nameEnd + 1);
    // The last NUL is the packet's terminator and cannot end a value too.
    if (valueEnd < 0 || valueEnd === body.length - 1)
      throw violation('start-up packet has a name without a value');
    const name = body.toString('utf8', at, nameEnd);
    // Setting names fold case, so `Options` beside `options` is a second reading waiting to happen.
    const folded = name.toLowerCase();
    if (seen.has(folded)) throw violation('start-up packet names a parameter twice');
    seen.add(folded);
    if (name.startsWith(PROTOCOL_OPTION_PREFIX)) protocolOptions.push(name);
    else parameters.set(name, body.toString('utf8', nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
  return { kind: 'startup', major, minor, parameters, protocolOptions };
}

/**
 * CancelRequest. `pg-protocol` writes 4-byte keys only.
 * @throws PosternError `protocol-violation` for a bad key
 */
export function encodeCancelRequest(pid: number, secret: Buffer): Buffer {
  if (secret.length < MIN_CANCEL_KEY || secret.length > MAX_CANCEL_KEY)
    throw violation('invalid length of cancel key');
  return new BodyWriter().int32(CANCEL_REQUEST).int32(pid).bytes(secret).packet();
}

/** SSLRequest: answered by one byte, `S` or `N`. */
export function encodeSslRequest(): Buffer {
  return new BodyWriter().int32(SSL_REQUEST).packet();
}

/**
 * StartupMessage for protocol 3.`minor`. `pg-protocol` writes 3.0 only and adds a `client_encoding` of its
 * own.
 * @throws PosternError `protocol-violation` for an empty name, a NUL, or more than PostgreSQL would read
 */
export function encodeStartup(minor: number, parameters: ReadonlyMap<string, string>): Buffer {
  const writer = new BodyWriter().int16(3).int16(minor);
  for (const [name, value] of parameters) {
    if (name === '') throw violation('a start-up parameter has no name');
    writer.string(name).string(value);
  }
  const packet = writer.uint8(0).packet();
  if (packet.length - 4 > MAX_STARTUP_PAYLOAD) throw violation('the start-up packet is too long');
  return packet;
}
