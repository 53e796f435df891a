import { createReadStream } from 'node:fs';
import { MAX_LINE_BYTES, READ_CHUNK_BYTES } from './limits.ts';

/** A line of a segment, its newline taken off. */
export type Line = {
  readonly bytes: Buffer;
  /** Of its first byte in the file. */
  readonly offset: number;
  /** From 1. */
  readonly number: number;
  /** False for bytes at the end of the file that no newline follows, and for a line over the limit. */
  readonly terminated: boolean;
};

const NEWLINE = 0x0a;

/** Streams a file's lines; memory stays at one chunk and one line. Stops at a line over the limit. */
export async function* linesOf(file: string): AsyncGenerator<Line> {
  let carried: Buffer[] = [];
  let carriedBytes = 0;
  let offset = 0;
  let number = 1;
  for await (const chunk of createReadStream(file, {
    highWaterMark: READ_CHUNK_BYTES,
  }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE, from); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, at);
      const bytes = carriedBytes === 0 ? piece : Buffer.concat([...carried, piece]);
      yield { bytes, offset, number, terminated: true };
      offset += bytes.length + 1;
      number += 1;
      from = at + 1;
      carried = [];
      carriedBytes = 0;
    }
    if (from < chunk.length) {
      carried.push(chunk.subarray(from));
      carriedBytes += chunk.length - from;
    }
    if (carriedBytes > MAX_LINE_BYTES) break;
  }
  if (carriedBytes > 0) yield { bytes: Buffer.concat(carried), offset, number, terminated: false };
}
