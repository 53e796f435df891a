/**
 * Server-sent events to any number of clients: one subscription to the approvals, each transition made into
 * text once.
 *
 * Whoever connects is told what it missed (`Last-Event-ID`), or else everything that is pending (`snapshot`, a
 * `request` for each, then `live`); from there on nothing is left out. A client that does not read is dropped
 * once it lags MAX_EVENT_BACKLOG_BYTES behind, and costs nobody else anything (I9). A dropped client learns so
 * by the end of its stream, never by a silent gap. A stream ends when the token that opened it expires.
 * Non-goals: history beyond the last MAX_EVENT_HISTORY events. The trail has it all.
 */
import type { ServerResponse } from 'node:http';
import type { Grants } from '../approvals/grant.ts';
import type { Approvals, Request } from '../approvals/request.ts';
import { PosternError } from '../errors.ts';
import { EventHistory } from './event-history.ts';
import {
  CATCH_UP_TIMEOUT_MS,
  EVENT_HEARTBEAT_MS,
  MAX_EVENT_BACKLOG_BYTES,
  MAX_EVENT_STREAMS,
  MAX_EVENT_STREAMS_PER_CALLER,
  MAX_LISTED_REQUESTS,
  MAX_TIMEOUT_MS,
} from './limits.ts';
import { grantView, requestView } from './views.ts';

/** A stream's output: what the hub needs of a `ServerResponse`. */
export type EventSink = Pick<
  ServerResponse,
  'write' | 'writableLength' | 'destroy' | 'end' | 'once' | 'removeListener'
>;

/** Who follows, from where, and until when at the latest (ms since the epoch; null: no end). */
export type Follower = {
  readonly caller: string;
  readonly lastEventId?: string | undefined;
  readonly expiresAtMs: number | null;
};

export type EventHub = {
  /** @throws PosternError `api-busy` when there are MAX_EVENT_STREAMS, or MAX_EVENT_STREAMS_PER_CALLER of this one */
  reserve(caller: string): void;
  /** Starts the stream with a comment, so that the client knows it follows. Returns the way to stop. */
  add(sink: EventSink, follower: Follower): () => void;
  close(): void;
};

type Stream = { readonly sink: EventSink; readonly caller: string; live: boolean; ended: boolean };
type Source = Pick<Approvals, 'subscribe' | 'list'>;
type GrantSource = Pick<Grants, 'subscribe'>;

export function makeEventHub(
  approvals: Source,
  heartbeatMs = EVENT_HEARTBEAT_MS,
  catchUpTimeoutMs = CATCH_UP_TIMEOUT_MS,
  grants: GrantSource | null = null,
): EventHub {
  return new Hub(approvals, grants, heartbeatMs, catchUpTimeoutMs);
}

class Hub implements EventHub {
  readonly #approvals: Source;
  readonly #catchUpTimeoutMs: number;
  readonly #streams = new Set<Stream>();
  readonly #history = new EventHistory();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #unsubscribe: () => void;

  constructor(approvals: Source, grants: GrantSource | null, heartbeatMs: number, catchUpTimeoutMs: number) {
    this.#approvals = approvals;
    this.#catchUpTimeoutMs = catchUpTimeoutMs;
    const tell = (event: string): void => {
      const { text } = this.#history.add(event);
      for (const stream of this.#streams) if (stream.live) this.#send(stream, text);
    };
    const stops = [
      approvals.subscribe((request) => tell(eventOf(request))),
      grants?.subscribe((grant) => tell(`event: grant\ndata: ${JSON.stringify(grantView(grant))}\n\n`)),
    ];
    this.#unsubscribe = () => {
      for (const stop of stops) stop?.();
    };
    this.#heartbeat = setInterval(() => {
      for (const stream of this.#streams) this.#send(stream, ': still here\n\n');
    }, heartbeatMs).unref();
  }

  reserve(caller: string): void {
    if (this.#streams.size >= MAX_EVENT_STREAMS)
      throw new PosternError('api-busy', { limit: MAX_EVENT_STREAMS, what: 'event streams' });
    const own = [...this.#streams].filter((one) => one.caller === caller).length;
    if (own >= MAX_EVENT_STREAMS_PER_CALLER) {
      const what = `event streams of ${caller}`;
      throw new PosternError('api-busy', { limit: MAX_EVENT_STREAMS_PER_CALLER, what });
    }
  }

  add(sink: EventSink, { caller, lastEventId, expiresAtMs }: Follower): () => void {
    const stream: Stream = { sink, caller, live: false, ended: false };
    this.#streams.add(stream);
    const stop = (): void => {
      stream.ended = true;
      this.#streams.delete(stream);
      clearTimeout(expiry);
    };
    const expiry = whenOver(expiresAtMs, () => {
      stop();
      sink.end();
    });
    this.#send(stream, ': following\n\n');
    this.#catchUp(stream, lastEventId).catch(() => this.#drop(stream));
    return stop;
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#unsubscribe();
    for (const stream of this.#streams) {
      stream.ended = true;
      stream.sink.end();
    }
    this.#streams.clear();
  }

  #drop(stream: Stream): void {
    stream.ended = true;
    this.#streams.delete(stream);
    stream.sink.destroy();
  }

  #send(stream: Stream, text: string): void {
    const { sink } = stream;
    // One event that is larger than the whole backlog still gets through to a client that has read all before.
    if (sink.writableLength > 0 && sink.writableLength + Buffer.byteLength(text) > MAX_EVENT_BACKLOG_BYTES)
      this.#drop(stream);
    else sink.write(text);
  }

  /** As `send`, for what is told at once and in any amount: waits for a client that reads slowly. */
  async #sendSlowly(stream: Stream, text: string): Promise<void> {
    if (!stream.ended && stream.sink.writableLength > MAX_EVENT_BACKLOG_BYTES / 2)
      await drained(stream.sink, this.#catchUpTimeoutMs);
    if (stream.ended) throw new Error('the stream has ended');
    this.#send(stream, text);
  }

  async #catchUp(stream: Stream, lastEventId: string | undefined): Promise<void> {
    const history = this.#history;
    const known = history.seqOf(lastEventId);
    let at = known === null || history.since(known) === null ? await this.#snapshot(stream) : known;
    for (let missed = history.since(at); missed?.length !== 0; missed = history.since(at)) {
      if (missed === null) return this.#drop(stream);
      for (const event of missed) await this.#sendSlowly(stream, event.text);
      at = missed.at(-1)?.seq ?? at;
    }
    this.#send(stream, `id: ${history.idOf(at)}\nevent: live\ndata: {}\n\n`);
    stream.live = true;
  }

  /** @returns the number of the event from which to go on */
  async #snapshot(stream: Stream): Promise<number> {
    // Read before the list: what changes meanwhile is told twice rather than never.
    const { seq } = this.#history;
    const limit = MAX_LISTED_REQUESTS;
    const pending = await Promise.resolve(this.#approvals.list({ state: 'pending', limit }));
    const ids = { pending: pending.map((one) => one.id), truncated: pending.length === limit };
    await this.#sendSlowly(stream, `event: snapshot\ndata: ${JSON.stringify(ids)}\n\n`);
    for (const one of pending.toReversed()) await this.#sendSlowly(stream, eventOf(one));
    return seq;
  }
}

function eventOf(request: Request): string {
  return `event: request\ndata: ${JSON.stringify(requestView(request))}\n\n`;
}

function whenOver(atMs: number | null, over: () => void): NodeJS.Timeout | undefined {
  if (atMs === null) return undefined;
  return setTimeout(over, Math.min(Math.max(0, atMs - Date.now()), MAX_TIMEOUT_MS)).unref();
}

/** Resolves once all that was written is gone; rejects if it takes too long or the stream is closed. */
function drained(sink: EventSink, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      clearTimeout(timer);
      sink.removeListener('drain', ok);
      sink.removeListener('close', failed);
      settle();
    };
    const ok = (): void => done(resolve);
    const failed = (): void => done(() => reject(new Error('the client does not read')));
    const timer = setTimeout(failed, timeoutMs).unref();
    sink.once('drain', ok);
    sink.once('close', failed);
  });
}
