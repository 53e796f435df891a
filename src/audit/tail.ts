/**
 * Finds the end of a trail at start, and mends what an unclean end left. Invariant: only bytes that were
 * never acknowledged are taken out of a segment, and they are kept in a side file. A broken place that a
 * crash cannot explain (a sound record behind it, or an end before `head.json`) is damage: it refuses.
 * Reads the last segment and the end of the one before; the whole chain is `verify.ts`'s business.
 */
import { constants } from 'node:fs';
import { join } from 'node:path';
import { PosternError } from '../errors.ts';
import type { TrailRecord } from './event.ts';
import {
  FILE_MODE,
  listSegments,
  segmentPath,
  syncFolder,
  writeAll,
  type SegmentName,
  type TrailIo,
} from './folder.ts';
import { readHeadFile } from './head-file.ts';
import { linesOf } from './lines.ts';
import { GENESIS, readRecord, type Head } from './record.ts';

export type Tail = {
  readonly head: Head;
  /** The segment to go on writing, and how many of its bytes are good. */
  readonly segment: number;
  readonly bytes: number;
  /** Length of the last line in that segment, with its newline; 0 if it has none. */
  readonly lastLineBytes: number;
  /** Time of the last record; null for an empty trail. */
  readonly lastTime: string | null;
  /** The trail ended with `postern_stopped` and nothing says otherwise. */
  readonly clean: boolean;
};

/**
 * Reads the tail, cuts torn bytes off it into `torn-<segment>-<offset>-<ms>.bin`, and says where to go on.
 * @throws PosternError `trail-damaged`, or the file system's error
 */
export async function openTail(io: TrailIo, folder: string, now: Date): Promise<Tail> {
  const segments = await listSegments(folder);
  const headFile = await readHeadFile(folder);
  if (headFile.kind === 'unreadable') throw damaged(folder, 'head.json cannot be read');
  const last = segments.at(-1);
  if (last === undefined) {
    if (headFile.kind === 'head')
      throw damaged(folder, `head.json names record ${headFile.head.seq}, but there is no segment`);
    return { head: GENESIS, segment: 1, bytes: 0, lastLineBytes: 0, lastTime: null, clean: true };
  }
  checkNumbers(folder, segments);
  const before = await endOf(folder, segments.at(-2));
  const scan = await scanSegment(folder, last, before);
  const record = scan.record ?? before;
  if (headFile.kind === 'head' && (record?.seq ?? 0) < headFile.head.seq) {
    throw damaged(
      folder,
      `it ends at record ${record?.seq ?? 0}, but head.json names record ${headFile.head.seq}`,
    );
  }
  if (headFile.kind === 'head' && record?.seq === headFile.head.seq && record.hash !== headFile.head.hash) {
    throw damaged(folder, `record ${record.seq} is not the one that head.json names`);
  }
  if (scan.tornBytes.length > 0) await cutTorn(io, folder, last, scan, now);
  const head = record === null ? GENESIS : { seq: record.seq, hash: record.hash };
  return {
    head,
    segment: last.number,
    bytes: scan.bytes,
    lastLineBytes: scan.lastLineBytes,
    lastTime: record?.time ?? null,
    clean:
      record?.event.kind === 'postern_stopped' &&
      scan.tornBytes.length === 0 &&
      headFile.kind === 'head' &&
      headFile.head.seq === head.seq,
  };
}

function damaged(folder: string, reason: string): PosternError {
  return new PosternError('trail-damaged', { folder, reason });
}

function checkNumbers(folder: string, segments: readonly SegmentName[]): void {
  segments.forEach((segment, i) => {
    const before = segments[i - 1];
    if (before !== undefined && segment.number !== before.number + 1) {
      throw damaged(folder, `segment ${before.number + 1} is missing`);
    }
  });
}

/** The last record of a segment that is no longer written; null if there is no such segment. */
async function endOf(folder: string, segment: SegmentName | undefined): Promise<TrailRecord | null> {
  if (segment === undefined) return null;
  let last: Buffer | null = null;
  let terminated = true;
  for await (const line of linesOf(segment.path)) {
    last = line.bytes;
    terminated = line.terminated;
  }
  const read = last !== null && terminated ? readRecord(last) : null;
  if (read?.kind !== 'record')
    throw damaged(folder, `segment ${segment.number} does not end with a sound record`);
  return read.record;
}

type Scan = {
  readonly bytes: number;
  readonly lastLineBytes: number;
  readonly record: TrailRecord | null;
  readonly tornBytes: readonly Buffer[];
};

async function scanSegment(folder: string, segment: SegmentName, before: TrailRecord | null): Promise<Scan> {
  let bytes = 0;
  let lastLineBytes = 0;
  let record: TrailRecord | null = null;
  const tornBytes: Buffer[] = [];
  // Where older segments were moved away, the first record left has nothing to be compared with.
  let prev: Head | null = segment.number === 1 ? GENESIS : before;
  for await (const line of linesOf(segment.path)) {
    const read = readRecord(line.bytes);
    if (read.kind === 'record' && line.terminated) {
      const follows = prev === null || (read.record.seq === prev.seq + 1 && read.record.prev === prev.hash);
      if (tornBytes.length > 0 || !follows) {
        throw damaged(
          folder,
          `segment ${segment.number}, line ${line.number} does not follow from what is before it`,
        );
      }
      record = read.record;
      prev = record;
      lastLineBytes = line.bytes.length + 1;
      bytes += lastLineBytes;
    } else {
      tornBytes.push(line.terminated ? Buffer.concat([line.bytes, Buffer.from('\n')]) : line.bytes);
    }
  }
  return { bytes, lastLineBytes, record, tornBytes };
}

async function cutTorn(
  io: TrailIo,
  folder: string,
  segment: SegmentName,
  scan: Scan,
  now: Date,
): Promise<void> {
  const name = `torn-${String(segment.number).padStart(6, '0')}-${scan.bytes}-${now.getTime()}.bin`;
  const side = await io.open(
    join(folder, name),
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
    FILE_MODE,
  );
  try {
    await writeAll(side, Buffer.concat(scan.tornBytes));
    await side.datasync();
  } finally {
    await side.close();
  }
  await syncFolder(io, folder);
  const file = await io.open(
    segmentPath(folder, segment.number),
    constants.O_RDWR | constants.O_NOFOLLOW,
    FILE_MODE,
  );
  try {
    await file.truncate(scan.bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}
