import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PosternError } from '../../src/errors.ts';
import { CLIENT_TYPE, clientMaxLength } from '../../src/wire/client/types.ts';
import { FrameReader } from '../../src/wire/frame-reader.ts';
import { SERVER_TYPE, serverMaxLength } from '../../src/wire/server/types.ts';
import { readStartupPacket } from '../../src/wire/startup.ts';
import { cut, frame, int16, int32 } from './bytes.ts';
import { CLIENT_DECODERS, SERVER_DECODERS, type Decode } from './decoders.ts';

/** Bytes that look enough like messages to get past the first check. */
const soup = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((b) => Buffer.from(b)),
      fc.constantFrom('', 'S', 'P', 'é', 'select 1', '_pq_.x', 'user').map((s) => Buffer.from(`${s}\0`)),
      fc.constantFrom(0, 1, 2, 0xffff).map(int16),
      fc.constantFrom(0, 1, 4, -1, -2, 0x7fffffff, 0x80000000, 0x00030000, 10, 11).map(int32),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

function onlyPosternErrors(run: () => void): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof PosternError, String(error));
    assert.ok(error.code === 'protocol-violation' || error.code === 'unparsable-encoding', error.code);
  }
}

describe('whatever the bytes, only a PosternError is thrown', () => {
  const directions: readonly [string, Readonly<Record<string, readonly Decode[]>>, readonly number[]][] = [
    ['client', CLIENT_DECODERS, Object.values(CLIENT_TYPE)],
    ['server', SERVER_DECODERS, Object.values(SERVER_TYPE)],
  ];
  for (const [direction, decoders, types] of directions) {
    it(`by a ${direction} decoder, and there is one for every type`, () => {
      assert.deepEqual(Object.keys(decoders).sort(), types.map((type) => String.fromCharCode(type)).sort());
      fc.assert(
        fc.property(
          fc.constantFrom(...Object.keys(decoders)),
          soup,
          fc.nat(3),
          fc.nat(3),
          (type, body, before, after) => {
            const bytes = frame(type, body);
            const chunk = Buffer.concat([Buffer.alloc(before), bytes, Buffer.alloc(after)]);
            for (const decode of decoders[type]!) {
              onlyPosternErrors(() => void decode(chunk, before, before + bytes.length));
              onlyPosternErrors(() => void decode(chunk, 0, chunk.length));
              onlyPosternErrors(() => void decode(body, 0, body.length));
            }
          },
        ),
        { numRuns: 3_000 },
      );
    });
  }

  it('by the start-up reader, which answers by 10,004 bytes', () => {
    const startup = fc.oneof(
      soup,
      soup.map((body) => Buffer.concat([int32(body.length + 4), body])),
      soup.map((body) => Buffer.concat([int32(body.length + 8), int32(0x00030000), body])),
    );
    fc.assert(
      fc.property(startup, (bytes) => onlyPosternErrors(() => void readStartupPacket(bytes))),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (head) => {
        const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(10_004)]);
        onlyPosternErrors(() => assert.notEqual(readStartupPacket(bytes).kind, 'need-more'));
      }),
    );
  });

  it('by the frame reader, which holds no more than was pushed', () => {
    fc.assert(
      fc.property(
        soup,
        fc.array(fc.nat(200)),
        fc.boolean(),
        fc.boolean(),
        (bytes, places, streaming, client) => {
          const reader = new FrameReader(client ? clientMaxLength : serverMaxLength);
          reader.streaming = streaming;
          onlyPosternErrors(() => {
            for (const piece of cut(bytes, places)) {
              reader.push(piece);
              while (reader.next())
                assert.ok(reader.end <= reader.buffer.length && reader.start < reader.end);
              assert.ok(reader.pending <= bytes.length);
            }
          });
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('by a decoder given a frame with one byte changed', () => {
    const good = [
      frame(
        'B',
        Buffer.concat([
          Buffer.from('p\0s\0'),
          int16(1),
          int16(1),
          int16(1),
          int32(2),
          int16(7),
          int16(1),
          int16(0),
        ]),
      ),
      frame('P', Buffer.concat([Buffer.from('s\0select 1\0'), int16(1), int32(23)])),
      frame('T', Buffer.concat([int16(1), Buffer.from('id\0'), Buffer.alloc(18)])),
      frame('E', Buffer.from('SERROR\0C42501\0Mno\0\0')),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.nat(200), fc.nat(255), (bytes, place, value) => {
        const changed = Buffer.from(bytes);
        changed[place % changed.length] = value;
        for (const table of [CLIENT_DECODERS, SERVER_DECODERS]) {
          for (const decode of table[String.fromCharCode(bytes[0]!)] ?? []) {
            onlyPosternErrors(() => void decode(changed, 0, changed.length));
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

type Recorded = readonly (readonly [direction: 'client' | 'server', hex: string])[];

/** What a client and a server really said, and inputs that once were, or nearly were, too much. */
const corpus = (name: string): Recorded =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Recorded;
const CORPUS: Recorded = [...corpus('golden/postgresql-18.json'), ...corpus('fuzz-corpus.json')];
const conversationOf = (direction: 'client' | 'server'): Buffer =>
  Buffer.concat(CORPUS.filter(([from]) => from === direction).map(([, hex]) => Buffer.from(hex, 'hex')));

type Mutation = {
  readonly place: number;
  readonly bytes: Uint8Array;
  readonly kind: 'set' | 'insert' | 'cut';
};

const mutation: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat(),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 6 }),
    fc.constantFrom(0, 3, 4, 5, -1, 0x7fffffff, 0x3fffffff).map((value) => Uint8Array.from(int32(value))),
  ),
  kind: fc.constantFrom('set', 'insert', 'cut'),
});

function mutated(original: Buffer, { place, bytes, kind }: Mutation): Buffer {
  const at = place % (original.length + 1);
  const head = original.subarray(0, at);
  if (kind === 'insert') return Buffer.concat([head, bytes, original.subarray(at)]);
  if (kind === 'cut') return Buffer.concat([head, original.subarray(at + bytes.length)]);
  return Buffer.concat([head, bytes, original.subarray(at + bytes.length)]);
}

/** Every frame that can be cut from it is decoded; what cannot be is refused before it is gathered. */
function readAll(direction: 'client' | 'server', pieces: readonly Buffer[], whole: boolean): void {
  const decoders = direction === 'client' ? CLIENT_DECODERS : SERVER_DECODERS;
  const reader = new FrameReader(direction === 'client' ? clientMaxLength : serverMaxLength);
  reader.streaming = !whole;
  let pushed = 0;
  let steps = 0;
  for (const piece of pieces) {
    pushed += piece.length;
    reader.push(piece);
    while (reader.next()) {
      assert.ok((steps += 1) <= 2 * pushed + pieces.length, 'the reader makes no progress');
      if (!whole) continue;
      const { type, buffer, start, end } = reader;
      for (const decode of decoders[String.fromCharCode(type)] ?? []) {
        onlyPosternErrors(() => void decode(buffer, start, end));
      }
    }
    assert.ok(reader.pending <= pushed, 'more is kept than came');
  }
}

describe('recorded conversations, mutated', () => {
  const numRuns = Number(process.env['POSTERN_TEST_RUNS'] ?? 1_500);
  const seed = Number(process.env['POSTERN_TEST_SEED'] ?? 20_261_121);

  for (const direction of ['client', 'server'] as const) {
    it(`crash, hang or fill nothing that reads a ${direction}`, () => {
      // The start-up packet has no type byte and a reader of its own.
      const original = conversationOf(direction).subarray(direction === 'client' ? 80 : 0);
      const changes = fc.array(mutation, { minLength: 0, maxLength: 8 });
      fc.assert(
        fc.property(changes, fc.array(fc.nat(), { maxLength: 12 }), fc.boolean(), (list, places, whole) => {
          const bytes = list.reduce(mutated, original);
          onlyPosternErrors(() => readAll(direction, cut(bytes, places), whole));
        }),
        { numRuns, seed },
      );
    });
  }

  it('crash, hang or fill nothing that reads a start-up', () => {
    const packets = CORPUS.filter(([from, hex]) => from === 'client' && hex.startsWith('0000'));
    const original = fc.constantFrom(...packets.map(([, hex]) => Buffer.from(hex, 'hex')));
    fc.assert(
      fc.property(original, fc.array(mutation, { maxLength: 6 }), fc.nat(), (packet, list, place) => {
        const bytes = list.reduce(mutated, packet);
        onlyPosternErrors(() => {
          const part = readStartupPacket(bytes.subarray(0, place % (bytes.length + 1)));
          const all = readStartupPacket(bytes);
          // More bytes never turn what was read into something that is not there yet.
          if (part.kind !== 'need-more') assert.notEqual(all.kind, 'need-more');
        });
      }),
      { numRuns, seed },
    );
  });
});
