import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { makeEventHub } from '../../src/api/event-hub.ts';
import type { EventSink, Follower } from '../../src/api/event-hub.ts';
import {
  MAX_EVENT_BACKLOG_BYTES,
  MAX_EVENT_HISTORY,
  MAX_EVENT_STREAMS,
  MAX_EVENT_STREAMS_PER_CALLER,
} from '../../src/api/limits.ts';
import type { Approvals, Request } from '../../src/approvals/request.ts';
import { readEvents } from '../../src/cli/event-stream.ts';
import type { ServerEvent } from '../../src/cli/event-stream.ts';
import { TOKENS, asked, bench } from './support.ts';
import type { Bench, Person } from './support.ts';

async function* follow(house: Bench, who: Person, lastEventId?: string): AsyncGenerator<ServerEvent> {
  const response = await fetch(`${house.url}/v1/events`, {
    headers: {
      authorization: `Bearer ${TOKENS[who]}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(response.headers.get('x-frame-options'), 'DENY');
  assert.ok(response.body);
  yield* readEvents(response.body, () => undefined);
}

async function upTo(events: AsyncGenerator<ServerEvent>, name: string): Promise<ServerEvent[]> {
  const seen: ServerEvent[] = [];
  for (let next = await events.next(); next.done !== true; next = await events.next()) {
    seen.push(next.value);
    if (next.value.name === name) break;
  }
  return seen;
}

const stateOf = (event: ServerEvent): string => (JSON.parse(event.data) as { state: string }).state;

test('whoever connects gets what is pending, then every transition', async (t) => {
  const house = await bench(t);
  const { approvals, call } = house;
  const before = await approvals.ask(asked({ statement: 'COPY a\nTO STDOUT\r\ndata: forged\n\n' }));
  const gone = await approvals.ask(asked());
  await call('ana', 'POST', `/v1/requests/${gone.id}/deny`, { reason: 'no' });
  const events = follow(house, 'audra');
  const first = await upTo(events, 'live');
  assert.deepEqual(
    first.map((one) => one.name),
    ['snapshot', 'request', 'live'],
  );
  assert.deepEqual(JSON.parse(first[0]?.data ?? ''), { pending: [before.id], truncated: false });
  assert.ok(!('binding' in (JSON.parse(first[1]?.data ?? '') as object)));
  await call('ana', 'POST', `/v1/requests/${before.id}/approve`, { reason: 'ok' });
  await approvals.spend(before.id, 'a'.repeat(64), 's1');
  const states: string[] = [];
  for (let i = 0; i < 2; i += 1) states.push(stateOf((await events.next()).value as ServerEvent));
  assert.deepEqual(states, ['approved', 'spent']);
  await events.return(undefined);
});

test('Last-Event-ID: exactly what was missed; an id of another process gets the snapshot', async (t) => {
  const house = await bench(t);
  const { id } = await house.approvals.ask(asked());
  const events = follow(house, 'ana');
  const live = (await upTo(events, 'live')).at(-1);
  await events.return(undefined);
  await house.call('ana', 'POST', `/v1/requests/${id}/deny`, { reason: 'no' });
  await house.approvals.ask(asked());
  const resumed = await upTo(follow(house, 'ana', live?.id), 'live');
  assert.deepEqual(
    resumed.map((one) => one.name),
    ['request', 'request', 'live'],
  );
  assert.equal(stateOf(resumed[0] as ServerEvent), 'denied');
  const again = await upTo(follow(house, 'ana', resumed[0]?.id), 'live');
  assert.deepEqual(
    again.map((one) => one.name),
    ['request', 'live'],
  );
  for (const foreign of ['000000000000-1', 'x', `${live?.id ?? ''}99`, '-1', '']) {
    const [one] = await upTo(follow(house, 'ana', foreign), 'live');
    assert.equal(one?.name, 'snapshot', foreign);
  }
});

test('the stream needs a token, and ends when the API closes', async (t) => {
  const { url, call, stop } = await bench(t);
  assert.equal((await call(null, 'GET', '/v1/events')).status, 401);
  const response = await fetch(`${url}/v1/events`, { headers: { authorization: `Bearer ${TOKENS.ana}` } });
  const text = response.text();
  await stop();
  assert.match(await text, /^: following\n\n/);
});

/** What a socket's other end does or does not do. */
class Sink extends EventEmitter {
  writableLength = 0;
  destroyed = false;
  ended = false;
  written = '';
  reads: boolean;

  constructor(reads: boolean) {
    super();
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

  end(): void {
    this.ended = true;
  }
}

const FOLLOWER: Follower = { caller: 'ana', expiresAtMs: null };
const asSink = (sink: Sink): EventSink => sink as unknown as EventSink;

function request(changes: Partial<Request> = {}): Request {
  return {
    ...asked(),
    id: 'k7f3-9qzm',
    state: 'pending',
    createdAt: '',
    expiresAt: '',
    decisions: [],
    history: {},
    ...changes,
  };
}

function source(pending: readonly Request[] = []) {
  let push: (request: Request) => void = () => undefined;
  const approvals = {
    subscribe: (listener: (request: Request) => void) => {
      push = listener;
      return () => undefined;
    },
    list: () => Promise.resolve(pending),
  } as unknown as Pick<Approvals, 'subscribe' | 'list'>;
  return { approvals, push: (one: Request) => push(one) };
}

test('I9: a client that does not read is dropped within its bound, and others miss nothing', async () => {
  const { approvals, push } = source();
  const hub = makeEventHub(approvals);
  const slow = new Sink(false);
  const quick = new Sink(true);
  hub.add(asSink(slow), FOLLOWER);
  hub.add(asSink(quick), FOLLOWER);
  await sleep(1);
  for (let i = 0; i < 1000; i += 1) push(request());
  assert.ok(slow.destroyed);
  assert.ok(slow.written.length <= MAX_EVENT_BACKLOG_BYTES);
  assert.equal(quick.written.split('event: request\n').length, 1001);
  hub.close();
});

test('one event larger than the backlog reaches a client that has read all before it', async () => {
  const { approvals, push } = source();
  const hub = makeEventHub(approvals);
  const quick = new Sink(true);
  const slow = new Sink(false);
  hub.add(asSink(quick), FOLLOWER);
  hub.add(asSink(slow), FOLLOWER);
  await sleep(1);
  push(request({ statement: 'x'.repeat(MAX_EVENT_BACKLOG_BYTES) }));
  assert.ok(!quick.destroyed && quick.written.includes('x'.repeat(MAX_EVENT_BACKLOG_BYTES)));
  assert.ok(slow.destroyed);
  hub.close();
});

test('I9: a snapshot waits for its reader, a while; what changes meanwhile is told once after it', async () => {
  const pending = Array.from({ length: 20 }, (_, i) =>
    request({ id: `aaaa-aa${i + 10}`, statement: 'x'.repeat(60_000) }),
  );
  const { approvals, push } = source(pending);
  const hub = makeEventHub(approvals, 60_000, 40);
  const stuck = new Sink(false);
  const patient = new Sink(false);
  hub.add(asSink(stuck), FOLLOWER);
  hub.add(asSink(patient), FOLLOWER);
  for (let i = 0; i < 40 && !patient.written.includes('event: live'); i += 1) {
    if (i === 2) push(request({ id: 'zzzz-zzzz', state: 'denied' }));
    await sleep(5);
    patient.writableLength = 0;
    patient.emit('drain');
  }
  await sleep(60);
  assert.ok(stuck.destroyed);
  assert.ok(stuck.written.length < 2 * MAX_EVENT_BACKLOG_BYTES);
  assert.ok(!patient.destroyed);
  assert.equal(patient.written.split('event: request\n').length, 22);
  assert.equal(patient.written.split('zzzz-zzzz').length, 2);
  assert.equal(patient.listenerCount('drain') + patient.listenerCount('close'), 0);
  hub.close();
});

test('what is no longer kept is replaced by the snapshot', async () => {
  const { approvals, push } = source([request()]);
  const hub = makeEventHub(approvals);
  const first = new Sink(true);
  hub.add(asSink(first), FOLLOWER);
  await sleep(1);
  const lastEventId = /^id: (.*)$/m.exec(first.written)?.[1];
  for (let i = 0; i <= MAX_EVENT_HISTORY; i += 1) push(request());
  const back = new Sink(true);
  hub.add(asSink(back), { ...FOLLOWER, lastEventId });
  await sleep(1);
  assert.match(back.written, /event: snapshot\n/);
  assert.equal(back.written.split('event: request\n').length, 2);
  hub.close();
});

test('I9: only so many streams, and so many of one caller', () => {
  const hub = makeEventHub(source().approvals);
  const open = (caller: string): (() => void) => {
    hub.reserve(caller);
    return hub.add(asSink(new Sink(true)), { caller, expiresAtMs: null });
  };
  const own = Array.from({ length: MAX_EVENT_STREAMS_PER_CALLER }, () => open('ana'));
  assert.throws(() => open('ana'), { code: 'api-busy' });
  for (let i = own.length; i < MAX_EVENT_STREAMS; i += 1) open(`caller ${i}`);
  assert.throws(() => open('bob'), { code: 'api-busy' });
  own[0]?.();
  open('ana');
  hub.close();
});

test('a stream ends when the token that opened it does', async () => {
  const hub = makeEventHub(source().approvals);
  const short = new Sink(true);
  const long = new Sink(true);
  hub.add(asSink(short), { caller: 'ana', expiresAtMs: Date.now() + 20 });
  hub.add(asSink(long), { caller: 'ana', expiresAtMs: Date.now() + 1e12 });
  await sleep(60);
  assert.deepEqual([short.ended, long.ended], [true, false]);
  hub.close();
});

test('a heartbeat comes by itself', async () => {
  const hub = makeEventHub(source().approvals, 5);
  const sink = new Sink(true);
  hub.add(asSink(sink), FOLLOWER);
  await sleep(60);
  hub.close();
  assert.ok(sink.written.includes(': still here\n\n'));
});

test('slow loris: who does not finish a request is cut off, and a body that drips too', async (t) => {
  const { port } = await bench(t, { timeouts: { headersMs: 100, requestMs: 200, checkMs: 50 } });
  for (const begun of [
    'GET /v1/whoami HTTP/1.1\r\nHost: localhost\r\nX: ',
    `POST /v1/agents HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKENS.ops}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  ]) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (chunk) => void (answer += String(chunk)));
    socket.write(begun);
    const drip = setInterval(() => socket.write('a'), 20);
    const began = Date.now();
    // not once(), which an error on the way, a reset for instance, would end
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(drip);
    assert.ok(Date.now() - began < 3000);
    assert.match(answer, /^HTTP\/1\.1 408|^$/);
  }
});

test('a stream is read the same however it is cut up', async () => {
  const bytes = Buffer.from(
    ': hi\n\nid: 7\nevent: request\r\ndata: {"a":"ü\u{1f600}"}\r\n\r\ndata: x\ndata:y\n\nevent: lost\n\ndata: unfinished\n',
  );
  for (const size of [1, 2, 3, 7, 1000]) {
    const chunks: Buffer[] = [];
    for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size));
    const events: object[] = [];
    for await (const event of readEvents(ReadableStream.from(chunks), () => undefined)) events.push(event);
    assert.deepEqual(events, [
      { name: 'request', data: '{"a":"ü\u{1f600}"}', id: '7' },
      { name: 'message', data: 'x\ny', id: '7' },
    ]);
  }
});
