/**
 * The client's way in: TLS or not, one StartupMessage, then proof of who it is. Everything here happens
 * before a session exists and within one deadline.
 *
 * Invariants: no byte is accepted between an SSLRequest and its handshake; one StartupMessage only;
 * unknown agent, disabled agent and wrong password cannot be told apart, in text or in time.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AgentRecord } from '../approvals/request.ts';
import { PosternError } from '../errors.ts';
import { MAX_STARTUP_PAYLOAD, NEWEST_MINOR } from '../wire/limits.ts';
import { encodeTerminate } from '../wire/client/bare.ts';
import { decodeSaslInitialResponse } from '../wire/client/sasl-initial-response.ts';
import { decodeSaslResponse } from '../wire/client/sasl-response.ts';
import { CLIENT_TYPE } from '../wire/client/types.ts';
import { mockVerifier, scramMechanisms, ScramServer } from '../wire/scram.ts';
import {
  encodeAuthenticationOk,
  encodeAuthenticationSasl,
  encodeAuthenticationSaslContinue,
  encodeAuthenticationSaslFinal,
} from '../wire/server/authentication.ts';
import { encodeNegotiateProtocolVersion } from '../wire/server/negotiate-protocol-version.ts';
import { readStartupPacket, type StartupPacket } from '../wire/startup.ts';
import { ByteSource, nextMessage } from './byte-source.ts';
import { upgrade, type ServerTls } from './tls.ts';

export type Startup = Extract<StartupPacket, { kind: 'startup' }>;

export type Arrival =
  | { readonly kind: 'cancel'; readonly pid: number; readonly secret: Buffer }
  /** Drivers that are told to end while they connect say goodbye before anything else. */
  | { readonly kind: 'goodbye' }
  | {
      readonly kind: 'startup';
      readonly socket: Duplex;
      readonly source: ByteSource;
      readonly startup: Startup;
      readonly secure: boolean;
    };

const TERMINATE = encodeTerminate();

/** Room for a start-up packet and the largest SASL message behind it. */
const MAX_START_UP_BYTES = 2 * (MAX_STARTUP_PAYLOAD + 4);

/**
 * Reads up to the StartupMessage or CancelRequest.
 * @param secured called once TLS is up: from then on every answer, refusals too, belongs inside it
 * @throws PosternError `protocol-violation`, `tls-required`
 */
export async function arrive(
  socket: Socket,
  tls: ServerTls | null,
  tlsRequired: boolean,
  secured: (inside: Duplex) => void,
): Promise<Arrival> {
  let duplex: Duplex = socket;
  let source = new ByteSource(socket, MAX_START_UP_BYTES);
  let secure = false;
  let asked = { ssl: false, gss: false };
  for (;;) {
    // The start-up that was under way may come behind it.
    if (TERMINATE.equals(source.buffered.subarray(0, TERMINATE.length))) return { kind: 'goodbye' };
    const read = readStartupPacket(source.buffered);
    if (read.kind === 'need-more') {
      await source.more();
      continue;
    }
    if (read.kind === 'direct-tls') {
      if (tls === null || secure || asked.ssl || asked.gss) throw violation('TLS is not spoken here');
      const rest = source.release();
      socket.unshift(rest);
      duplex = await upgrade(socket, tls, true);
      secured(duplex);
      source = new ByteSource(duplex, MAX_START_UP_BYTES);
      secure = true;
      continue;
    }
    const { packet } = read;
    // The packet's buffers may lie in what is consumed, and are read before anything else arrives.
    source.consume(read.length);
    if (packet.kind === 'cancel-request') {
      source.release();
      return { kind: 'cancel', pid: packet.pid, secret: Buffer.from(packet.secret) };
    }
    if (packet.kind === 'startup') {
      if (tlsRequired && !secure) throw new PosternError('tls-required');
      return { kind: 'startup', socket: duplex, source, startup: packet, secure };
    }
    if (source.buffered.length > 0) throw violation('bytes were sent ahead of the encryption handshake');
    if (packet.kind === 'gssenc-request') {
      if (asked.gss || secure) throw violation('a second request for GSS encryption');
      asked = { ...asked, gss: true };
      duplex.write('N');
      continue;
    }
    if (asked.ssl || secure) throw violation('a second request for TLS');
    asked = { ...asked, ssl: true };
    if (tls === null) {
      duplex.write('N');
      continue;
    }
    source.release();
    socket.write('S');
    duplex = await upgrade(socket, tls, false);
    secured(duplex);
    source = new ByteSource(duplex, MAX_START_UP_BYTES);
    secure = true;
  }
}

/** What protocol version and options Postern speaks, when the client asked for more. */
export function negotiate(socket: Duplex, startup: Startup): void {
  if (startup.minor <= NEWEST_MINOR && startup.protocolOptions.length === 0) return;
  const minor = Math.min(startup.minor, NEWEST_MINOR);
  socket.write(encodeNegotiateProtocolVersion({ minor, unrecognizedOptions: startup.protocolOptions }));
}

export type AuthenticationOptions = {
  readonly find: (name: string) => Promise<AgentRecord | null>;
  /** Makes unknown agents look like known ones, the same each time. */
  readonly mockSecret: Buffer;
  readonly channelBinding: Buffer | null;
};

/**
 * SCRAM-SHA-256 against the agent's verifier.
 * @throws PosternError `authentication-failed`, `protocol-violation`, `store-unavailable`
 */
export async function authenticate(
  socket: Duplex,
  source: ByteSource,
  name: string,
  options: AuthenticationOptions,
): Promise<AgentRecord> {
  const agent = await options.find(name);
  const usable = agent !== null && !agent.disabled;
  const verifier = usable ? agent.verifier : mockVerifier(name, options.mockSecret);
  const nonce = randomBytes(NONCE_BYTES).toString('base64');
  const { channelBinding } = options;
  const server = new ScramServer({ verifier, nonce, channelBinding });
  socket.write(encodeAuthenticationSasl(scramMechanisms(channelBinding)));
  const initial = await nextMessage(source, onlyPassword);
  const { mechanism, data } = decodeSaslInitialResponse(initial, 0, initial.length);
  socket.write(encodeAuthenticationSaslContinue(server.first(mechanism, data)));
  const final = await nextMessage(source, onlyPassword);
  const outcome = server.final(decodeSaslResponse(final, 0, final.length));
  if (outcome.kind === 'rejected' || !usable)
    throw new PosternError('authentication-failed', { agent: name });
  socket.write(Buffer.concat([encodeAuthenticationSaslFinal(outcome.message), encodeAuthenticationOk()]));
  return agent;
}

/** As PostgreSQL's SCRAM_RAW_NONCE_LEN. */
const NONCE_BYTES = 18;

function onlyPassword(type: number): number {
  return type === CLIENT_TYPE.password ? MAX_STARTUP_PAYLOAD : 0;
}

function violation(reason: string): PosternError {
  return new PosternError('protocol-violation', { reason });
}
