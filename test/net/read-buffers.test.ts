/** Buffers that reads from the database go into: used again, and never while somebody needs what is in them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LARGE_READ_BYTES, ReadBuffers, SMALL_READ_BYTES } from '../../src/net/read-buffers.ts';

const step = fc.record({
  /** Share of the buffer that a read fills; 1 fills it. */
  fill: fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 0.99, noNaN: true })),
  /** Share of what is outstanding that the client takes after it. */
  take: fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  holding: fc.boolean(),
  idle: fc.boolean(),
});

describe('ReadBuffers', () => {
  test('never gives a buffer with bytes that were not taken, nor one that another session reads into', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), step), { maxLength: 200 }), (steps) => {
        const sessions = [session(), session()];
        for (const [which, one] of steps) {
          const [own, other] = which ? sessions : sessions.toReversed();
          const next = own!.read(one);
          assert.ok(!own!.needed().includes(next) && !other!.needed().includes(next));
          assert.notEqual(next, other!.buffers.current);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('reads into the same buffer as long as the client takes everything', () => {
    const { buffers, read } = session();
    const first = buffers.current;
    for (let i = 0; i < 5; i += 1)
      assert.equal(read({ fill: 0.5, take: 1, holding: false, idle: true }), first);
  });

  test('takes a large buffer for a large result and gives it back when idle', () => {
    const { read } = session();
    const large = read({ fill: 1, take: 1, holding: false, idle: false });
    assert.equal(large.length, LARGE_READ_BYTES);
    assert.equal(read({ fill: 0.9, take: 1, holding: false, idle: false }), large);
    assert.equal(read({ fill: 0.9, take: 1, holding: false, idle: true }).length, SMALL_READ_BYTES);
    const other = session();
    assert.equal(other.read({ fill: 1, take: 1, holding: false, idle: false }), large);
  });

  test('gives every read a buffer of its own until a session says what is needed', () => {
    const buffers = new ReadBuffers();
    const seen = new Set([buffers.current]);
    for (let i = 0; i < 5; i += 1) seen.add(buffers.next(100));
    assert.equal(seen.size, 6);
  });
});

type Step = { fill: number; take: number; holding: boolean; idle: boolean };

function session() {
  const buffers = new ReadBuffers();
  const progress = { given: 0, taken: 0, holding: false, idle: true };
  let reads: { buffer: Buffer; until: number }[] = [];
  buffers.follow(progress);
  return {
    buffers,
    /** With bytes that the client has not taken. */
    needed: () => reads.filter(({ until }) => until > progress.taken).map(({ buffer }) => buffer),
    read({ fill, take, holding, idle }: Step): Buffer {
      const bytes = Math.max(1, Math.floor(buffers.current.length * fill));
      const buffer = buffers.current;
      progress.given += bytes;
      // What was not handled yet is needed for good, for all that is known.
      reads.push({ buffer, until: holding ? Number.POSITIVE_INFINITY : progress.given });
      progress.taken += Math.floor((progress.given - progress.taken) * take);
      Object.assign(progress, { holding, idle });
      const next = buffers.next(bytes);
      reads = reads.filter(({ until }) => until > progress.taken);
      return next;
    },
  };
}
