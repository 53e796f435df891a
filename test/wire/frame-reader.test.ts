import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PosternError } from '../../src/errors.ts';
import { CLIENT_STREAMABLE, FrameReader } from '../../src/wire/frame-reader.ts';
import { clientAuthenticationMaxLength, clientMaxLength } from '../../src/wire/client/types.ts';
import { serverMaxLength } from '../../src/wire/server/types.ts';
import { cut, frame } from './bytes.ts';

type Seen = { readonly type: number; readonly bytes: Buffer };

const anyFrame = fc.record({
  type: fc.constantFrom('D', 'd', 'C', 'Z', 'T', 'E', 'S'),
  body: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 900, maxLength: 5_000 })),
});
const places = fc.array(fc.nat(40_000), { maxLength: 40 });

/** Reads all there is, putting pieces together and checking that they follow each other. */
function drain(reader: FrameReader, seen: Seen[], open: Buffer[]): void {
  while (reader.next()) {
    assert.equal(reader.first, open.length === 0);
    assert.ok(reader.end > reader.start, 'no empty pieces');
    open.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)));
    if (reader.first) assert.ok(reader.end - reader.start >= 5, 'the header is never cut');
    if (!reader.last) assert.ok(reader.streaming);
    if (reader.last) {
      const bytes = Buffer.concat(open.splice(0));
      assert.equal(bytes.length, reader.frameBytes);
      seen.push({ type: reader.type, bytes });
    }
  }
}

describe('FrameReader', () => {
  it('gives the same frames whatever the chunking, streaming or not, drained often or late', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 12 }),
        places,
        fc.boolean(),
        fc.constantFrom(0, 1, 5, 100),
        (frames, at, streaming, lag) => {
          const wanted = frames.map(({ type, body }) => frame(type, Buffer.from(body)));
          const bytes = Buffer.concat(wanted);
          const reader = new FrameReader(serverMaxLength);
          reader.streaming = streaming;
          const seen: Seen[] = [];
          const open: Buffer[] = [];
          let pushed = 0;
          for (const [i, piece] of cut(bytes, at).entries()) {
            reader.push(piece);
            pushed += piece.length;
            if (i % (lag + 1) === 0) drain(reader, seen, open);
            const shown =
              seen.reduce((sum, { bytes: b }) => sum + b.length, 0) + open.reduce((s, b) => s + b.length, 0);
            assert.equal(reader.pending, pushed - shown);
          }
          drain(reader, seen, open);
          assert.deepEqual(
            seen.map((s) => s.bytes.toString('hex')),
            wanted.map((w) => w.toString('hex')),
          );
          assert.deepEqual(
            seen.map((s) => s.type),
            wanted.map((w) => w[0]),
          );
          assert.equal(reader.pending, 0);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('gives the same frames when streaming is switched at any time', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1, maxLength: 8 }),
        places,
        fc.array(fc.boolean(), { minLength: 1 }),
        (frames, at, modes) => {
          const bytes = Buffer.concat(frames.map(({ type, body }) => frame(type, Buffer.from(body))));
          const reader = new FrameReader(serverMaxLength);
          const out: Buffer[] = [];
          for (const [i, piece] of cut(bytes, at).entries()) {
            reader.streaming = modes[i % modes.length]!;
            reader.push(piece);
            while (reader.next()) out.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)));
          }
          assert.ok(Buffer.concat(out).equals(bytes));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('never writes again to bytes it has shown', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), places, fc.boolean(), (frames, at, streaming) => {
        const bytes = Buffer.concat(frames.map(({ type, body }) => frame(type, Buffer.from(body))));
        const reader = new FrameReader(serverMaxLength);
        reader.streaming = streaming;
        const shown: Buffer[] = [];
        for (const piece of cut(bytes, at)) {
          reader.push(Buffer.from(piece));
          while (reader.next()) shown.push(reader.buffer.subarray(reader.start, reader.end));
        }
        assert.ok(Buffer.concat(shown).equals(bytes));
      }),
    );
  });

  it('shows a frame in the very chunk that brought it', () => {
    const chunk = Buffer.concat([frame('Z', Buffer.from('I')), frame('D', Buffer.alloc(50))]);
    const reader = new FrameReader(serverMaxLength);
    reader.push(chunk);
    assert.ok(reader.next());
    assert.equal(reader.buffer, chunk);
    assert.deepEqual([reader.start, reader.end, reader.first, reader.last], [0, 6, true, true]);
    assert.ok(reader.next());
    assert.equal(reader.buffer, chunk);
    assert.deepEqual([reader.start, reader.end], [6, 61]);
    assert.ok(!reader.next());
  });

  it('hands out a huge row in pieces without keeping it, and without a copy', () => {
    const reader = new FrameReader(serverMaxLength);
    reader.streaming = true;
    const head = frame('D', Buffer.alloc(0), 0x7fffffff);
    reader.push(head);
    assert.ok(reader.next());
    assert.deepEqual([reader.first, reader.last, reader.frameBytes], [true, false, 0x80000000]);
    const more = Buffer.alloc(65_536);
    for (let i = 0; i < 50; i += 1) {
      reader.push(more);
      assert.ok(reader.next());
      assert.equal(reader.buffer, more);
      assert.deepEqual([reader.type, reader.first, reader.last], [0x44, false, false]);
      assert.equal(reader.pending, 0);
      assert.ok(!reader.next());
    }
  });

  it("does not stream a client's Describe", () => {
    const whole = new FrameReader(clientMaxLength, CLIENT_STREAMABLE);
    whole.streaming = true;
    const bytes = frame('D', Buffer.from('Sxx\0'));
    whole.push(bytes.subarray(0, 7));
    assert.ok(!whole.next());
    whole.push(bytes.subarray(7));
    assert.ok(whole.next());
    assert.ok(whole.first && whole.last);
    const copy = frame('d', Buffer.alloc(100));
    whole.push(copy.subarray(0, 20));
    assert.ok(whole.next());
    assert.ok(whole.first && !whole.last);
  });

  const refused: readonly [string, Buffer, (type: number) => number][] = [
    ['a length under 4', frame('Z', Buffer.alloc(0), 3), serverMaxLength],
    ['a length of 0', frame('Z', Buffer.alloc(0), 0), serverMaxLength],
    ['a length that a signed reading takes for -1', frame('D', Buffer.alloc(0), 0xffffffff), serverMaxLength],
    ['a length over the limit of its type', frame('Z', Buffer.alloc(0), 30_001), serverMaxLength],
    ['a client message over 1 GB', frame('Q', Buffer.alloc(0), 0x3fffffff), clientMaxLength],
    ['an unknown type', frame('x'), serverMaxLength],
    ['CopyBoth, which only replication brings', frame('W', Buffer.alloc(3)), serverMaxLength],
    ['a password message after authentication', frame('p', Buffer.alloc(3)), clientMaxLength],
    ['a query during authentication', frame('Q', Buffer.alloc(3)), clientAuthenticationMaxLength],
    ['a password message over 10,000', frame('p', Buffer.alloc(0), 10_001), clientAuthenticationMaxLength],
  ];
  for (const [what, bytes, limits] of refused) {
    it(`refuses ${what}, again and again, however it is cut`, () => {
      for (const at of [[], [1], [4], [1, 2, 3, 4]]) {
        const reader = new FrameReader(limits);
        for (const piece of cut(bytes, at)) reader.push(piece);
        const isViolation = (error: unknown): boolean =>
          error instanceof PosternError && error.code === 'protocol-violation';
        assert.throws(() => reader.next(), isViolation);
        reader.push(frame('Z', Buffer.from('I')));
        assert.throws(() => reader.next(), isViolation);
      }
    });
  }

  it('names an unknown type as such', () => {
    const reader = new FrameReader(() => 0);
    reader.push(frame('!'));
    assert.throws(() => reader.next(), /unknown message type 0x21/);
  });

  it('takes a length of exactly the limit', () => {
    const reader = new FrameReader(() => 10);
    reader.push(frame('Q', Buffer.alloc(6)));
    assert.ok(reader.next());
    reader.push(frame('Q', Buffer.alloc(7)));
    assert.throws(() => reader.next(), PosternError);
  });

  it('gives the rest back so that pushing it again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), places, fc.boolean(), (frames, at, streaming) => {
        const bytes = Buffer.concat(frames.map(({ type, body }) => frame(type, Buffer.from(body))));
        const reader = new FrameReader(serverMaxLength);
        reader.streaming = streaming;
        const out: Buffer[] = [];
        for (const piece of cut(bytes, at)) {
          reader.push(piece);
          if (reader.next()) out.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)));
          const { pending } = reader;
          const rest = reader.takeRest();
          assert.equal(rest.length, pending);
          assert.equal(reader.pending, 0);
          reader.push(rest);
        }
        while (reader.next()) out.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)));
        assert.ok(Buffer.concat(out).equals(bytes));
      }),
    );
  });

  it('gives the rest back when small chunks were merged', () => {
    const bytes = Buffer.concat([frame('Q', Buffer.alloc(50, 0x20)), frame('S')]);
    const reader = new FrameReader(clientMaxLength);
    for (let i = 0; i < bytes.length; i += 1) reader.push(bytes.subarray(i, i + 1));
    assert.ok(reader.takeRest().equals(bytes));
    reader.push(bytes);
    assert.ok(reader.next() && reader.next() && !reader.next());
  });

  it('stays with its first error when the limits change afterwards', () => {
    let max = 0;
    const reader = new FrameReader(() => max);
    reader.push(frame('Q', Buffer.alloc(6)));
    assert.throws(() => reader.next(), /unknown message type/);
    max = 100;
    assert.throws(() => reader.next(), /unknown message type/);
  });

  it('allocates by what has arrived and not by what is claimed', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 200 }, () => {
      const reader = new FrameReader(serverMaxLength);
      reader.push(frame('D', Buffer.alloc(10), 0x7fffffff));
      assert.ok(!reader.next());
      return reader;
    });
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 2_000_000, `${grown} bytes for ${readers.length} readers`);
  });

  it('keeps small writes cheap while nobody reads', () => {
    const reader = new FrameReader(clientMaxLength);
    const bytes = frame('Q', Buffer.alloc(300_000, 0x20));
    const before = process.memoryUsage();
    for (let i = 0; i < bytes.length; i += 1) reader.push(bytes.subarray(i, i + 1));
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    // Uncollected one-byte views are part of this; kept ones would be over 100 bytes each for ever.
    assert.equal(reader.pending, bytes.length);
    assert.ok(reader.next());
    assert.ok(reader.buffer.subarray(reader.start, reader.end).equals(bytes));
    assert.ok(grown < 100_000_000);
  });

  it('puts a long frame together in linear time', () => {
    const size = 32 * 1024 * 1024;
    const reader = new FrameReader(serverMaxLength);
    reader.push(frame('D', Buffer.alloc(0), size + 4));
    const piece = Buffer.alloc(4_096);
    const started = process.hrtime.bigint();
    for (let sent = 0; sent < size; sent += piece.length) {
      assert.ok(!reader.next());
      reader.push(piece);
    }
    assert.ok(reader.next());
    assert.equal(reader.end - reader.start, size + 5);
    // Copying everything at every chunk would move 128 GB here.
    assert.ok(Number(process.hrtime.bigint() - started) / 1e9 < 5);
  });
});
