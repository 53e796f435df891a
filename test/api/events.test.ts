import assert from 'node:assert/strict';
import { ReadableStream } from 'node:stream/web';
import { test } from 'node:test';
import { makeEventHub } from '../../src/api/event-hub.ts';
import type { EventSink } from '../../src/api/event-hub.ts';
import { MAX_EVENT_BACKLOG_BYTES, MAX_EVENT_STREAMS } from '../../src/api/limits.ts';
import type { Request } from '../../src/approvals/request.ts';
import { readEvents } from '../../src/cli/event-stream.ts';
import { TOKENS, asked, bench } from './support.ts';

test('every transition is pushed to whoever follows', async (t) => {
  const { url, approvals, call } = await bench(t);
  const response = await fetch(`${url}/v1/events`, { headers: { authorization: `Bearer ${TOKENS.audra}` } });
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.ok(response.body);
  const { id } = await approvals.ask(asked({ statement: 'COPY a\nTO STDOUT\r\ndata: forged\n\n' }));
  await call('ana', 'POST', `/v1/requests/${id}/approve`, { reason: 'ok' });
  await approvals.spend(id, 'a'.repeat(64), 's1');
  const states: string[] = [];
  for await (const event of readEvents(response.body, () => undefined)) {
    assert.equal(event.name, 'request');
    const request = JSON.parse(event.data) as Record<string, unknown>;
    assert.equal(request['id'], id);
    assert.ok(!('binding' in request));
    states.push(String(request['state']));
    if (states.length === 3) break;
  }
  assert.deepEqual(states, ['pending', 'approved', 'spent']);
});

test('the stream needs a token, and ends when the API closes', async (t) => {
  const { url, call, stop } = await bench(t);
  assert.equal((await call(null, 'GET', '/v1/events')).status, 401);
  const response = await fetch(`${url}/v1/events`, { headers: { authorization: `Bearer ${TOKENS.ana}` } });
  const text = response.text();
  await stop();
  assert.equal(await text, ': following\n\n');
});

/** What a socket's other end does or does not do. */
class Sink {
  writableLength = 0;
  destroyed = false;
  written = '';
  reads: boolean;

  constructor(reads: boolean) {
    this.reads = reads;
  }

  write(chunk: string): boolean {
    this.written += chunk;
    if (!this.reads) this.writableLength += Buffer.byteLength(chunk);
    return this.reads;
  }

  destroy(): void {
    this.destroyed = true;
  }

  end(): void {}
}

test('I9: a client that does not read is dropped within its bound, and others miss nothing', () => {
  let push: (request: Request) => void = () => undefined;
  const hub = makeEventHub({
    subscribe: (listener) => {
      push = listener;
      return () => undefined;
    },
  });
  const slow = new Sink(false);
  const quick = new Sink(true);
  hub.add(slow as unknown as EventSink);
  hub.add(quick as unknown as EventSink);
  const request: Request = {
    ...asked(),
    id: 'k7f3-9qzm',
    state: 'pending',
    createdAt: '',
    expiresAt: '',
    decisions: [],
  };
  for (let i = 0; i < 1000; i += 1) push(request);
  assert.ok(slow.destroyed);
  assert.ok(slow.written.length <= MAX_EVENT_BACKLOG_BYTES);
  assert.equal(quick.written.split('event: request\n').length, 1001);
  hub.close();
});

test('I9: only so many streams', () => {
  const hub = makeEventHub({ subscribe: () => () => undefined });
  const stops = Array.from({ length: MAX_EVENT_STREAMS }, () => {
    hub.reserve();
    return hub.add(new Sink(true) as unknown as EventSink);
  });
  assert.throws(() => hub.reserve(), { code: 'api-busy' });
  stops[0]?.();
  hub.reserve();
  hub.close();
});

test('a heartbeat comes by itself', async () => {
  const hub = makeEventHub({ subscribe: () => () => undefined }, 5);
  const sink = new Sink(true);
  hub.add(sink as unknown as EventSink);
  await new Promise((resolve) => setTimeout(resolve, 60));
  hub.close();
  assert.ok(sink.written.includes(': still here\n\n'));
});

test('a stream is read the same however it is cut up', async () => {
  const bytes = Buffer.from(
    ': hi\n\nevent: request\r\ndata: {"a":"ü\u{1f600}"}\r\n\r\ndata: x\ndata:y\n\nevent: lost\n\ndata: unfinished\n',
  );
  for (const size of [1, 2, 3, 7, 1000]) {
    const chunks: Buffer[] = [];
    for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size));
    const events: object[] = [];
    for await (const event of readEvents(ReadableStream.from(chunks), () => undefined)) events.push(event);
    assert.deepEqual(events, [
      { name: 'request', data: '{"a":"ü\u{1f600}"}' },
      { name: 'message', data: 'x\ny' },
    ]);
  }
});
