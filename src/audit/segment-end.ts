/**
 * The end of the trail that is written to: one open segment, grown by whole synced batches. Invariant:
 * `bytes` counts only what is synced; after any failure `rollback` puts the file back to exactly that.
 * Knows nothing of events, queues or who waits.
 */
import { constants } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_MODE, segmentPath, syncFolder, writeAll, type TrailFile, type TrailIo } from './folder.ts';
import { PROBE_BYTES } from './limits.ts';
import { readRecord, type Head } from './record.ts';
import type { Tail } from './tail.ts';

// O_RDWR because rollback reads the last record again; O_NOFOLLOW because nothing of ours is a link.
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW;

export class SegmentEnd {
  readonly #io: TrailIo;
  readonly #folder: string;
  readonly #segmentBytes: number;
  #number: number;
  #bytes: number;
  #lastLineBytes: number;
  #file: TrailFile | null = null;

  constructor(io: TrailIo, folder: string, segmentBytes: number, tail: Tail) {
    this.#io = io;
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#number = tail.segment;
    this.#bytes = tail.bytes;
    this.#lastLineBytes = tail.lastLineBytes;
  }

  /** Opens the segment, making it if this is a new trail. */
  async open(): Promise<void> {
    this.#file = await this.#io.open(
      segmentPath(this.#folder, this.#number),
      APPEND | constants.O_CREAT,
      FILE_MODE,
    );
    await this.#file.sync();
    await syncFolder(this.#io, this.#folder);
  }

  /**
   * Appends whole lines and syncs them; `lastLineBytes` is the length of the last. When it resolves they
   * are on disk. When it rejects, the file's end is unknown until `rollback` has succeeded.
   */
  async append(lines: Buffer, lastLineBytes: number): Promise<void> {
    if (this.#bytes >= this.#segmentBytes) await this.#rotate();
    const file = this.#opened();
    await writeAll(file, lines);
    await file.datasync();
    this.#bytes += lines.length;
    this.#lastLineBytes = lastLineBytes;
  }

  async #rotate(): Promise<void> {
    const next = await this.#io.open(
      segmentPath(this.#folder, this.#number + 1),
      APPEND | constants.O_CREAT,
      FILE_MODE,
    );
    try {
      // A rotation that failed half-way leaves an empty file behind; anything else is not ours.
      const { size } = await next.stat();
      if (size !== 0) throw new Error(`segment ${this.#number + 1} is there already and not empty`);
      await next.sync();
      await syncFolder(this.#io, this.#folder);
    } catch (error) {
      await next.close().catch(() => undefined);
      throw error;
    }
    const old = this.#opened();
    this.#file = next;
    this.#number += 1;
    this.#bytes = 0;
    this.#lastLineBytes = 0;
    // All of it is synced, so a failing close loses nothing.
    await old.close().catch(() => undefined);
  }

  /**
   * Opens the segment anew, cuts off what was not synced, and checks that it ends with the record `head`.
   * @throws the file system's error, or an Error saying that the end is not what it was
   */
  async rollback(head: Head): Promise<void> {
    await this.close();
    const file = await this.#io.open(segmentPath(this.#folder, this.#number), APPEND, FILE_MODE);
    this.#file = file;
    const { size } = await file.stat();
    if (size < this.#bytes) throw new Error(`segment ${this.#number} is shorter than what was synced to it`);
    if (size > this.#bytes) {
      await file.truncate(this.#bytes);
      await file.datasync();
    }
    if (this.#lastLineBytes === 0) return;
    const length = this.#lastLineBytes - 1;
    const line = Buffer.alloc(length);
    const { bytesRead } = await file.read(line, 0, length, this.#bytes - this.#lastLineBytes);
    const read = bytesRead === length ? readRecord(line) : null;
    if (read?.kind !== 'record' || read.record.hash !== head.hash) {
      throw new Error(`segment ${this.#number} no longer ends with record ${head.seq}`);
    }
  }

  /** Finds out whether the disk takes bytes again, without touching the trail. */
  async probe(): Promise<void> {
    const path = join(this.#folder, 'probe.tmp');
    const file = await this.#io.open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
      FILE_MODE,
    );
    try {
      await writeAll(file, Buffer.alloc(PROBE_BYTES));
      await file.datasync();
    } finally {
      await file.close().catch(() => undefined);
      await unlink(path).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close().catch(() => undefined);
  }

  #opened(): TrailFile {
    if (this.#file === null) throw new Error('the segment is not open');
    return this.#file;
  }
}
