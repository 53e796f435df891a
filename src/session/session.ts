/**
 * One client and its upstream, from authentication to goodbye: joins the two sides, paces them, and sees to
 * it that whichever way the session ends, a held request is withdrawn and a running statement cancelled.
 *
 * Invariants: I6 (a session ends with a reason the client can read), I9 (back-pressure each way; what a
 * client may send ahead is bounded). Non-goals: start-up (`net/`), what messages mean (the two sides).
 */
import type { Duplex } from 'node:stream';
import { PosternError } from '../errors.ts';
import { encodeTerminate } from '../wire/client/bare.ts';
import { cancel } from './cancelling.ts';
import { ClientSide } from './client-side.ts';
import { asRefusal, withdraw } from './holding.ts';
import { refusalMessage } from './messages.ts';
import { SessionState, type SessionParts } from './state.ts';
import { UpstreamSide } from './upstream-side.ts';
import { ClientWriter, UpstreamWriter } from './writers.ts';

/** How far the client has taken what came from the upstream: what memory of it may be used again. */
export type ReadProgress = {
  /** Bytes handed to the client's socket so far, and how many of them have left the process. */
  readonly given: number;
  readonly taken: number;
  /** Some of what was read was not handled yet. */
  readonly holding: boolean;
  /** Nothing is owed by the upstream. */
  readonly idle: boolean;
};

export type SessionOptions = Omit<SessionParts, 'toClient' | 'toUpstream'> & {
  readonly client: Duplex;
  readonly upstream: Duplex;
  /** Told how far what was read from the upstream is needed still. */
  readonly followReads: (progress: ReadProgress) => void;
  /** Sends a CancelRequest with the upstream's own key. */
  readonly cancelUpstream: () => Promise<void>;
  readonly onClosed: (reason: string) => void;
};

export class Session {
  readonly #options: SessionOptions;
  readonly #state: SessionState;
  readonly #clientSide: ClientSide;
  readonly #upstreamSide: UpstreamSide;
  /** The client takes no more, or a result waits for a decision: the upstream is not read. */
  #clientBehind = false;
  /** How many results, or rows of one, wait for something. */
  #halts = 0;
  readonly #toClient: ClientWriter;
  #clientFull = false;
  #upstreamFull = false;
  #draining = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { client, upstream, cancelUpstream: _c, onClosed: _o, ...parts } = options;
    const toClient = new ClientWriter(client, (full) => this.#paceUpstream(full));
    this.#toClient = toClient;
    const toUpstream = new UpstreamWriter(upstream, (full) => this.#paceClient(full));
    this.#state = new SessionState({ ...parts, toClient, toUpstream });
    this.#clientSide = new ClientSide(
      this.#state,
      (error) => this.#endWith(error),
      () => this.#terminated(),
    );
    this.#upstreamSide = new UpstreamSide(this.#state, {
      halt: () => this.#halt(),
      resume: () => this.#goOn(),
      cancel: () => options.cancelUpstream(),
      fail: (error) => this.#endWith(error),
    });
  }

  /**
   * Takes over both sockets.
   * @param clientRest bytes the client sent behind its last start-up message
   */
  start(clientRest: Buffer, upstreamRest: Buffer): void {
    const { client, upstream, followReads } = this.#options;
    followReads(this.#readProgress());
    upstream.on('data', (chunk: Buffer) => this.#fromUpstream(chunk));
    upstream.on('error', (error) => this.#options.log.debug({ err: error }, 'upstream connection failed'));
    upstream.on('close', () => this.#upstreamLost());
    client.on('data', (chunk: Buffer) => this.#fromClient(chunk));
    client.on('error', (error) => this.#options.log.debug({ err: error }, 'client connection failed'));
    client.on('end', () => this.#close('the client disconnected'));
    client.on('close', () => this.#close('the client disconnected'));
    if (client.destroyed) return this.#close('the client disconnected');
    if (upstreamRest.length > 0) this.#fromUpstream(upstreamRest);
    if (clientRest.length > 0) this.#fromClient(clientRest);
    upstream.resume();
    client.resume();
  }

  #readProgress(): ReadProgress {
    const [toClient, upstreamSide, { replies }] = [this.#toClient, this.#upstreamSide, this.#state];
    return {
      get given() {
        return toClient.given;
      },
      get taken() {
        return toClient.taken;
      },
      get holding() {
        return upstreamSide.holding;
      },
      get idle() {
        return replies.size === 0;
      },
    };
  }

  /** The pid that the client was told is its own. */
  knownAs(pid: number): void {
    this.#state.clientPid = pid;
  }

  /** A CancelRequest for this session. */
  cancel(): Promise<void> {
    return cancel(this.#state, () => this.#clientSide.waiting, this.#options.cancelUpstream);
  }

  /** Ends at the next idle moment, at once if it is idle or holds a statement. */
  drain(): void {
    this.#draining = true;
    if (this.#state.asking || this.#idle()) this.#endWith(new PosternError('shutting-down'));
  }

  /** Ends now, whatever runs. */
  kill(error: PosternError): void {
    this.#endWith(error);
  }

  #idle(): boolean {
    const { replies, transaction } = this.#state;
    return replies.size === 0 && transaction === 'I' && !this.#clientSide.waiting;
  }

  #fromClient(chunk: Buffer): void {
    if (this.#state.closed) return;
    this.#clientSide.push(chunk);
    if (this.#clientSide.waiting && this.#clientSide.pending > this.#options.limits.maxHeldBytes)
      this.#pauseClient();
  }

  #fromUpstream(chunk: Buffer): void {
    if (this.#state.closed) return;
    this.#state.answerTimer.came();
    try {
      this.#upstreamSide.push(chunk);
    } catch (error) {
      this.#endWith(error);
      return;
    }
    if (!this.#clientSide.waiting) this.#resumeClient();
    if (this.#draining && this.#idle()) this.#endWith(new PosternError('shutting-down'));
  }

  #paceUpstream(full: boolean): void {
    this.#clientBehind = full;
    if (full) this.#options.upstream.pause();
    else if (this.#halts === 0) this.#options.upstream.resume();
  }

  #halt(): void {
    this.#halts += 1;
    this.#options.upstream.pause();
  }

  /** What is at hand goes first; it may stop the reading again. */
  #goOn(): void {
    this.#halts -= 1;
    this.#fromUpstream(NOTHING);
    if (this.#halts > 0 || this.#state.closed) return;
    // What is dropped needs no client to take it.
    if (!this.#clientBehind || this.#upstreamSide.dropping) this.#options.upstream.resume();
  }

  #paceClient(full: boolean): void {
    this.#upstreamFull = full;
    if (full) this.#options.client.pause();
    else this.#resumeClient();
  }

  #pauseClient(): void {
    this.#clientFull = true;
    this.#options.client.pause();
    // A hold that ends must start the reading again.
    const watch = setInterval(() => {
      if (this.#state.closed || !this.#clientSide.waiting) {
        clearInterval(watch);
        this.#resumeClient();
      }
    }, RESUME_CHECK_MS);
    watch.unref();
  }

  #resumeClient(): void {
    if (this.#upstreamFull) return;
    if (!this.#clientFull && !this.#options.client.isPaused()) return;
    this.#clientFull = false;
    this.#options.client.resume();
  }

  /** The session ended and takes nothing any more. */
  get closed(): boolean {
    return this.#state.closed;
  }

  /** What was sent before Terminate is answered first, as the server would. */
  #terminated(): void {
    const state = this.#state;
    if (state.replies.size === 0) return this.#close(GOODBYE);
    state.goodbye = true;
    state.parts.toUpstream.send(state.parts.gate.passage(), encodeTerminate());
    state.parts.toUpstream.flush();
  }

  #upstreamLost(): void {
    const state = this.#state;
    state.upstreamGone();
    if (state.closed) return;
    if (state.goodbye) return this.#close(GOODBYE);
    if (state.upstreamSaidWhy) return this.#close('the database ended the session');
    this.#endWith(new PosternError('upstream-lost'));
  }

  /** Tells the client why, then closes both legs. */
  #endWith(error: unknown): void {
    if (this.#state.closed) return;
    const refusal = asRefusal(error);
    const { log, client } = this.#options;
    if (error instanceof PosternError) log.info({ code: error.code, reason: error.message }, 'session ends');
    else log.error({ err: error }, 'session ends because of a defect');
    // In the middle of a row the client would take these bytes for the rest of it.
    if (client.writable && !this.#upstreamSide.midFrame) client.write(refusalMessage(refusal, 'FATAL'));
    this.#close(refusal.code);
  }

  #close(reason: string): void {
    const state = this.#state;
    if (state.closed) return;
    const running = state.replies.size > 0 && !state.goodbye;
    state.closed = true;
    state.use?.settle();
    state.use = null;
    const { client, upstream, log, onClosed } = this.#options;
    withdraw(state, reason).catch((error: unknown) =>
      log.error({ err: error }, 'a request could not be withdrawn'),
    );
    client.end();
    setTimeout(() => client.destroy(), LINGER_MS).unref();
    this.#leaveUpstream(upstream, running);
    onClosed(reason);
  }

  /** A statement nobody waits for any more is cancelled; then the upstream is told goodbye. */
  #leaveUpstream(upstream: Duplex, running: boolean): void {
    const { log, cancelUpstream } = this.#options;
    upstream.resume();
    if (!running) {
      upstream.end(encodeTerminate());
      setTimeout(() => upstream.destroy(), LINGER_MS).unref();
      return;
    }
    cancelUpstream()
      .catch((error: unknown) => log.debug({ err: error }, 'a running statement could not be cancelled'))
      .finally(() => {
        upstream.end(encodeTerminate());
        setTimeout(() => upstream.destroy(), LINGER_MS).unref();
      });
  }
}

const NOTHING = Buffer.alloc(0);
const GOODBYE = 'the client said goodbye';
/** How long a closed leg may take to flush what was written to it, in milliseconds. */
const LINGER_MS = 2_000;
/** How often a client that sent too far ahead is looked at again, in milliseconds. */
const RESUME_CHECK_MS = 50;
