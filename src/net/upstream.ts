/**
 * The way to the database: TCP, TLS where configured, and Postern's own credentials, which no agent sees.
 */
import { randomBytes, type X509Certificate } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { DatabaseConfig, Login } from '../config/installation.ts';
import { PosternError } from '../errors.ts';
import { encodePasswordMessage } from '../wire/client/password-message.ts';
import { encodeSaslInitialResponse } from '../wire/client/sasl-initial-response.ts';
import { encodeSaslResponse } from '../wire/client/sasl-response.ts';
import { md5Password } from '../wire/md5-password.ts';
import { ScramClient } from '../wire/scram.ts';
import { decodeAuthentication } from '../wire/server/authentication.ts';
import { decodeBackendKeyData } from '../wire/server/backend-key-data.ts';
import { decodeErrorResponse } from '../wire/server/error-response.ts';
import { decodeParameterStatus } from '../wire/server/parameter-status.ts';
import { SERVER_TYPE, serverMaxLength } from '../wire/server/types.ts';
import { encodeCancelRequest, encodeSslRequest, encodeStartup } from '../wire/startup.ts';
import { ByteSource, nextMessage } from './byte-source.ts';
import { KEEP_ALIVE_MS } from './limits.ts';
import { connectInto, ReadBuffers } from './read-buffers.ts';
import { saltedPasswords } from './salted-passwords.ts';
import { endPointHash } from './tls.ts';

export type CancelKey = { readonly pid: number; readonly key: Buffer };

export type Upstream = {
  readonly socket: Duplex;
  /** As the server reported them, in order. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Null where the server gave none. */
  readonly key: CancelKey | null;
  readonly rest: Buffer;
  /** Where its reads go; null with TLS, where Node sees to it. */
  readonly reads: ReadBuffers | null;
};

export type DialOptions = {
  readonly database: DatabaseConfig;
  readonly login: Login;
  readonly parameters: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
};

const MAX_READ_AHEAD = 1024 * 1024;

/**
 * Connects and authenticates, up to ReadyForQuery.
 * @throws PosternError `upstream-unavailable`; the database's own words are for the log, in `cause`
 */
export async function dial(options: DialOptions): Promise<Upstream> {
  const { database, timeoutMs } = options;
  const where = {
    host: database.host,
    port: database.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  };
  const reads = database.tls.mode === 'disable' ? new ReadBuffers() : null;
  const tcp = reads === null ? connectTcp(where) : connectInto(reads, where);
  const timer = setTimeout(() => tcp.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await connected(tcp, 'connect');
    const { socket, certificate } = await secured(tcp, database);
    return { ...(await startUp(socket, certificate, options)), reads };
  } catch (error) {
    tcp.destroy();
    if (error instanceof PosternError && error.code === 'upstream-unavailable') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PosternError('upstream-unavailable', { reason });
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a CancelRequest; resolves when the server has closed the connection, as it does once it is done. */
export async function cancelUpstream(
  database: DatabaseConfig,
  key: CancelKey,
  timeoutMs: number,
): Promise<void> {
  const tcp = connectTcp({ host: database.host, port: database.port, noDelay: true });
  const timer = setTimeout(() => tcp.destroy(new Error('no answer to the cancel')), timeoutMs);
  try {
    await connected(tcp, 'connect');
    const { socket } = await secured(tcp, database);
    await new Promise<void>((resolve) => {
      socket.on('close', resolve);
      socket.on('error', () => resolve());
      socket.resume();
      socket.write(encodeCancelRequest(key.pid, key.key));
    });
  } finally {
    clearTimeout(timer);
    tcp.destroy();
  }
}

function connected(socket: Socket | TLSSocket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error('the connection was closed'));
    socket.once(event, () => {
      socket.off('close', closed);
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', closed);
  });
}

async function secured(
  tcp: Socket,
  { host, tls }: DatabaseConfig,
): Promise<{ socket: Duplex; certificate: X509Certificate | null }> {
  if (tls.mode === 'disable') return { socket: tcp, certificate: null };
  const source = new ByteSource(tcp, MAX_READ_AHEAD);
  tcp.write(encodeSslRequest());
  while (source.buffered.length === 0) await source.more();
  const answer = source.release();
  // Anything behind the one byte was put there before encryption, by somebody else (CVE-2021-23222).
  if (answer.length !== 1 || answer[0] !== 0x53) throw new Error('the database does not offer TLS');
  const secure = connectTls({
    socket: tcp,
    ALPNProtocols: ['postgresql'],
    rejectUnauthorized: tls.mode === 'verify-full',
    servername: tls.serverName ?? host,
    ...(tls.caPem === null ? {} : { ca: tls.caPem }),
  });
  await connected(secure, 'secureConnect');
  return { socket: secure, certificate: secure.getPeerX509Certificate() ?? null };
}

async function startUp(
  socket: Duplex,
  certificate: X509Certificate | null,
  options: DialOptions,
): Promise<Omit<Upstream, 'reads'>> {
  const { login, database, parameters } = options;
  const source = new ByteSource(socket, MAX_READ_AHEAD);
  const all = new Map([['user', login.user], ['database', database.database], ...parameters]);
  socket.write(encodeStartup(0, all));
  const binding = certificate === null ? null : endPointHash(certificate);
  await prove(socket, source, login, binding);
  const reported = new Map<string, string>();
  let key: CancelKey | null = null;
  for (;;) {
    const message = await nextMessage(source, serverMaxLength);
    switch (message[0]) {
      case SERVER_TYPE.parameterStatus: {
        const { name, value } = decodeParameterStatus(message, 0, message.length);
        reported.set(name, value);
        break;
      }
      case SERVER_TYPE.backendKeyData:
        key = decodeBackendKeyData(message, 0, message.length);
        break;
      case SERVER_TYPE.readyForQuery:
        return { socket, parameters: reported, key, rest: source.release() };
      case SERVER_TYPE.noticeResponse:
        break;
      case SERVER_TYPE.errorResponse:
        throw refused(message);
      default:
        throw new Error('the database sent an unexpected message at start-up');
    }
  }
}

async function prove(
  socket: Duplex,
  source: ByteSource,
  login: Login,
  binding: Buffer | null,
): Promise<void> {
  const nonce = randomBytes(18).toString('base64');
  const salt = saltedPasswords(login);
  const scram = new ScramClient({ password: login.password, nonce, channelBinding: binding, salt });
  for (;;) {
    const message = await nextMessage(source, serverMaxLength);
    if (message[0] === SERVER_TYPE.errorResponse) throw refused(message);
    if (message[0] === SERVER_TYPE.noticeResponse) continue;
    if (message[0] !== SERVER_TYPE.authentication)
      throw new Error('the database did not ask for authentication');
    const request = decodeAuthentication(message, 0, message.length);
    switch (request.kind) {
      case 'ok':
        return;
      case 'cleartext-password':
        socket.write(encodePasswordMessage(login.password));
        break;
      case 'md5-password':
        socket.write(encodePasswordMessage(md5Password(login.user, login.password, request.salt)));
        break;
      case 'sasl': {
        const { mechanism, message: initial } = scram.start(request.mechanisms);
        socket.write(encodeSaslInitialResponse(mechanism, initial));
        break;
      }
      case 'sasl-continue':
        socket.write(encodeSaslResponse(await scram.continue(request.data)));
        break;
      case 'sasl-final':
        scram.finish(request.data);
        break;
      default:
        throw new Error('the database asks for an authentication method Postern does not speak');
    }
  }
}

/** A refusal at start-up speaks of Postern's own login, not of data; the SQLSTATE is enough for an agent. */
function refused(message: Buffer): PosternError {
  const fields = decodeErrorResponse(message, 0, message.length);
  return new PosternError('upstream-unavailable', {
    reason: `it refused Postern's login with SQLSTATE ${fields.get('C') ?? '?'}`,
  });
}
