/**
 * Server-sent events to any number of clients: one subscription to the approvals, each transition made into
 * text once.
 *
 * Invariants: a client that does not read is dropped once it lags MAX_EVENT_BACKLOG_BYTES behind, and costs
 * nobody else anything (I9); a dropped client learns so by the end of its stream, never by a silent gap.
 * Non-goals: replay. Whoever connects reads `GET /v1/requests` first and then follows.
 */
import type { ServerResponse } from 'node:http';
import type { Approvals } from '../approvals/request.ts';
import { PosternError } from '../errors.ts';
import { EVENT_HEARTBEAT_MS, MAX_EVENT_BACKLOG_BYTES, MAX_EVENT_STREAMS } from './limits.ts';
import { requestView } from './views.ts';

/** A stream's output: what the hub needs of a `ServerResponse`. */
export type EventSink = Pick<ServerResponse, 'write' | 'writableLength' | 'destroy' | 'end'>;

export type EventHub = {
  /** @throws PosternError `api-busy` when there are MAX_EVENT_STREAMS of them */
  reserve(): void;
  /** Starts the stream with a comment, so that the client knows it follows. Returns the way to stop. */
  add(sink: EventSink): () => void;
  close(): void;
};

export function makeEventHub(
  approvals: Pick<Approvals, 'subscribe'>,
  heartbeatMs = EVENT_HEARTBEAT_MS,
): EventHub {
  const sinks = new Set<EventSink>();

  function send(sink: EventSink, text: string): void {
    if (sink.writableLength + Buffer.byteLength(text) > MAX_EVENT_BACKLOG_BYTES) {
      sinks.delete(sink);
      sink.destroy();
      return;
    }
    sink.write(text);
  }
  function broadcast(text: string): void {
    for (const sink of sinks) send(sink, text);
  }

  const unsubscribe = approvals.subscribe((request) => {
    if (sinks.size > 0) broadcast(`event: request\ndata: ${JSON.stringify(requestView(request))}\n\n`);
  });
  const heartbeat = setInterval(() => broadcast(': still here\n\n'), heartbeatMs);
  heartbeat.unref();

  return {
    reserve() {
      if (sinks.size >= MAX_EVENT_STREAMS)
        throw new PosternError('api-busy', { limit: MAX_EVENT_STREAMS, what: 'event streams' });
    },
    add(sink) {
      sinks.add(sink);
      send(sink, ': following\n\n');
      return () => {
        sinks.delete(sink);
      };
    },
    close() {
      clearInterval(heartbeat);
      unsubscribe();
      for (const sink of sinks) sink.end();
      sinks.clear();
    },
  };
}
