/**
 * Accepts agents' connections: bounds how many there are and how long start-up may take, answers
 * CancelRequests, and turns every failure on the way in into an answer the client can read.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { AgentRecord } from '../approvals/request.ts';
import type { Trail } from '../audit/event.ts';
import type { Limits } from '../config/installation.ts';
import { PosternError } from '../errors.ts';
import { refusalMessage } from '../session/messages.ts';
import type { Session } from '../session/session.ts';
import type { CancelRouter } from './cancel-routing.ts';
import { arrive, authenticate, negotiate, type Arrival } from './client-startup.ts';
import { KEEP_ALIVE_MS } from './limits.ts';
import { startSession, type StarterParts } from './session-starter.ts';
import type { ServerTls } from './tls.ts';

export type ListenerOptions = StarterParts & {
  readonly host: string;
  readonly port: number;
  /** Other processes of the same user may listen on the port too; the system spreads connections over them. */
  readonly reusePort: boolean;
  readonly tls: ServerTls | null;
  readonly tlsRequired: boolean;
  readonly findAgent: (name: string) => Promise<AgentRecord | null>;
  /** The same wherever a client may land, and after a restart. */
  readonly mockSecret: Buffer;
  readonly cancels: CancelRouter;
  readonly trail: Trail;
  readonly limits: Limits;
  readonly log: Logger;
};

type Arrived = Extract<Arrival, { kind: 'startup' }>;
type CancelArrival = Extract<Arrival, { kind: 'cancel' }>;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  /** Each with the name of its agent. */
  readonly #sessions = new Map<Session, string>();
  /** Connections that are not sessions yet. */
  readonly #arriving = new Set<Socket>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
      (socket) => {
        this.#accept(socket).catch((error: unknown) => {
          options.log.error({ err: error }, 'a connection could not be handled');
          socket.destroy();
        });
      },
    );
  }

  /** @returns the port it listens on @throws Error when the address is taken or not this machine's */
  async listen(): Promise<number> {
    const { host, port, reusePort } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, reusePort }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#options.log.error({ err: error }, 'the listener failed'));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Agents that have sessions here. */
  agents(): readonly string[] {
    return [...new Set(this.#sessions.values())];
  }

  /** Ends what is open of an agent, whatever runs. */
  endSessionsOf(agent: string): void {
    for (const [session, name] of this.#sessions)
      if (name === agent) session.kill(new PosternError('agent-disabled', { agent }));
  }

  /** Refuses new connections, ends idle ones, waits for running statements up to the limit, then ends them. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#arriving) socket.destroy();
    for (const session of this.#sessions.keys()) session.drain();
    const deadline = performance.now() + this.#options.limits.shutdownGraceMs;
    while (this.#sessions.size > 0 && performance.now() < deadline) await sleep(DRAIN_CHECK_MS);
    for (const session of this.#sessions.keys()) session.kill(new PosternError('shutting-down'));
    this.#options.cancels.close();
    await Promise.race([closed, sleep(CLOSE_WAIT_MS)]);
  }

  async #accept(socket: Socket): Promise<void> {
    const { limits, log } = this.#options;
    socket.on('error', (error) => log.debug({ err: error }, 'client connection failed'));
    if (this.#sessions.size + this.#arriving.size >= limits.maxSessions) {
      socket.end(
        refusalMessage(new PosternError('too-many-sessions', { limit: limits.maxSessions }), 'FATAL'),
      );
      linger(socket);
      return;
    }
    this.#arriving.add(socket);
    const deadline = setTimeout(() => socket.destroy(), limits.authenticationTimeoutMs);
    try {
      await this.#welcome(socket, () => clearTimeout(deadline));
    } finally {
      clearTimeout(deadline);
      this.#arriving.delete(socket);
    }
  }

  async #welcome(socket: Socket, settled: () => void): Promise<void> {
    const { tls, tlsRequired } = this.#options;
    let writable: Duplex = socket;
    try {
      const arrival = await arrive(socket, tls, tlsRequired, (inside) => {
        writable = inside;
      });
      if (arrival.kind === 'cancel') return await this.#cancel(writable, arrival, socket.remoteAddress ?? '');
      // The server, too, closes without a word.
      if (arrival.kind === 'goodbye') return closeUnsaid(writable);
      await this.#begin(socket, arrival, settled);
    } catch (error) {
      this.#refuse(error, writable);
    }
  }

  async #begin(raw: Socket, arrival: Arrived, settled: () => void): Promise<void> {
    const { socket, source, startup, secure } = arrival;
    const { findAgent, mockSecret, tls } = this.#options;
    negotiate(socket, startup);
    const name = startup.parameters.get('user') ?? '';
    const channelBinding = secure ? (tls?.endPoint ?? null) : null;
    const address = raw.remoteAddress ?? '';
    // A name that never was an agent's is somebody's guess, and may be a password typed in the wrong place.
    let known = false;
    const agent = await authenticate(socket, source, name, {
      find: async (one) => {
        const found = await findAgent(one);
        known = found !== null;
        return found;
      },
      mockSecret,
      channelBinding,
    }).catch((error: unknown) => {
      this.#noteFailure(error, known ? name : '(unknown)', address);
      throw error;
    });
    settled();
    const session = await startSession(
      this.#options,
      { socket, address, startup, agent },
      () => source.release(),
      (s) => this.#sessions.delete(s),
    );
    // It may be over already: goodbye can come in the same packet as the password.
    if (!session.closed) this.#sessions.set(session, agent.name);
  }

  #noteFailure(error: unknown, agent: string, address: string): void {
    if (!(error instanceof PosternError) || error.code !== 'authentication-failed') return;
    this.#options.trail.note({ kind: 'authentication_failed', agent, client_address: address });
  }

  /** Never answered; the client's socket stays open until the upstream has closed its own. */
  async #cancel(socket: Duplex, { pid, secret }: CancelArrival, address: string): Promise<void> {
    try {
      await this.#options.cancels.cancel(pid, secret, address);
    } catch (error) {
      this.#options.log.debug({ err: error }, 'a cancel could not be passed on');
    }
    closeUnsaid(socket);
  }

  #refuse(error: unknown, socket: Duplex): void {
    const { log } = this.#options;
    if (!(error instanceof PosternError)) log.error({ err: error }, 'a connection could not be handled');
    const refusal = error instanceof PosternError ? error : new PosternError('internal-error');
    log.info({ code: refusal.code }, 'a connection was refused');
    if (socket.destroyed) return;
    socket.end(refusalMessage(refusal, 'FATAL'));
    linger(socket);
  }
}

function closeUnsaid(socket: Duplex): void {
  socket.end();
  linger(socket);
}

/**
 * Lets the peer read what was written and close; then closes whatever the peer does. What it still sends is
 * thrown away: a paused socket would never notice that the peer has gone.
 */
function linger(socket: Duplex): void {
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** How long a refused connection may take to read why. */
const LINGER_MS = 2_000;
const DRAIN_CHECK_MS = 20;
/** Sockets that linger after their session must not keep the process. */
const CLOSE_WAIT_MS = 3_000;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
