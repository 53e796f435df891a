/**
 * The writer of the trail: a bounded queue, written and synced in batches (group commit) by one loop.
 * Invariants: records are written in the order they were given; `record` resolves only after its bytes are
 * synced; a `record` that was refused is not in the trail of a process that lives on; a `note` that was
 * accepted stays queued across a failure and is written once the disk works again.
 * `note` costs at most one object: time stamps become text, and events are encoded and hashed, in the loop.
 * Not here: reading (`verify.ts`, `search.ts`), what to record and when (`gate/`, `approvals/`).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PosternError } from '../errors.ts';
import type { AuditEvent, Trail } from './event.ts';
import { prepareFolder, realIo, type TrailIo } from './folder.ts';
import { writeHeadFile } from './head-file.ts';
import {
  HEAD_INTERVAL_MS,
  CROWDED_BATCH_RECORDS,
  CROWDED_EVENTS,
  CROWDED_MS,
  MAX_BATCH_RECORDS,
  MAX_QUEUED_EVENTS,
  MIN_SEGMENT_BYTES,
  NOTE_DELAY_MS,
  RECOVERY_INTERVAL_MS,
} from './limits.ts';
import { lockFolder } from './lock.ts';
import { EventQueue, type Entry } from './queue.ts';
import { encodeRecord, type Head } from './record.ts';
import { SegmentEnd } from './segment-end.ts';
import { openTail } from './tail.ts';
import { TimeText } from './time-text.ts';

export type SyncMode = 'decisions' | 'always';

export type TrailOptions = {
  readonly folder: string;
  /** Kept for the gate: under `always` it calls `record` where it would call `note`. */
  readonly sync: SyncMode;
  /** A segment that has reached this size is not written to any more. At least 1024. */
  readonly segmentBytes: number;
  /** Milliseconds since 1970; the machine's clock where absent. */
  readonly now?: () => number;
  /** Called once for each time the trail fails, with what the system said. Must not throw. */
  readonly onFailure: (error: Error) => void;
  /** Called when a failed trail works again. Must not throw. */
  readonly onRecovery?: () => void;
  /** For tests: how files are opened for writing, and how often a failed trail tries again. */
  readonly io?: TrailIo;
  readonly recoveryIntervalMs?: number;
};

export type FileTrail = Trail & {
  readonly sync: SyncMode;
  /** True while nothing can be recorded. It tries to recover by itself. */
  readonly failed: boolean;
  /** Events accepted and not yet on disk. */
  readonly queued: number;
  /** Age of the oldest of them, in milliseconds; 0 where there is none. */
  queuedForMs(): number;
  /** The last synced record; seq 0 and 64 zeros in an empty trail. */
  head(): Head;
  /**
   * Writes what is queued, then `postern_stopped` as the last record, then `head.json`; frees the folder.
   * Callers record `postern_started` themselves and never `postern_stopped`.
   * @throws PosternError `trail-unavailable` if not all of it could be written; the folder is free anyway
   */
  close(): Promise<void>;
};

/**
 * Opens the trail in `folder` (made with mode 0700), mends a torn end, and records `gap_suspected` when the
 * trail did not end with a clean stop.
 * @throws PosternError `trail-locked`, `trail-damaged`, `bad-input`, `trail-unavailable`
 * @throws the file system's error
 */
export async function openTrail(options: TrailOptions): Promise<FileTrail> {
  const { folder, segmentBytes } = options;
  if (!Number.isSafeInteger(segmentBytes) || segmentBytes < MIN_SEGMENT_BYTES) {
    throw new PosternError('bad-input', {
      reason: `trail.segmentBytes must be at least ${MIN_SEGMENT_BYTES}`,
    });
  }
  const io = options.io ?? realIo;
  const now = options.now ?? Date.now;
  await prepareFolder(folder);
  const unlock = lockFolder(folder);
  let end: SegmentEnd | null = null;
  let trail: Writer | null = null;
  try {
    const startedAt = new Date(now());
    const tail = await openTail(io, folder, startedAt);
    end = new SegmentEnd(io, folder, segmentBytes, tail);
    await end.open();
    trail = new Writer(options, io, now, end, tail.head, unlock);
    if (!tail.clean) {
      const to = startedAt.toISOString();
      await trail.record({ kind: 'gap_suspected', from: tail.lastTime ?? to, to });
    }
    return trail;
  } catch (error) {
    if (trail !== null) {
      // It has timers by now, and close() takes them down.
      await trail.close().catch(() => undefined);
    } else {
      await end?.close();
      unlock();
    }
    throw error;
  }
}

class Writer implements FileTrail {
  readonly sync: SyncMode;
  readonly #options: TrailOptions;
  readonly #io: TrailIo;
  readonly #now: () => number;
  readonly #timeText = new TimeText();
  readonly #end: SegmentEnd;
  readonly #unlock: () => void;
  #head: Head;
  readonly #queue = new EventQueue();
  /** Who waits for room. */
  #pressing: (() => void)[] = [];
  /** Of the batch that is on its way to the disk: how many, and since when. */
  #writing = 0;
  #writingSince: number | undefined;
  #failed = false;
  #closing: Promise<void> | null = null;
  #draining = false;
  #noteTimer: NodeJS.Timeout | null = null;
  #recoveryTimer: NodeJS.Timeout | null = null;
  #recovering: Promise<void> | null = null;
  #headTimer: NodeJS.Timeout | null = null;
  #headDue = true;
  #headWritten = 0;
  #complaint = '';

  constructor(
    options: TrailOptions,
    io: TrailIo,
    now: () => number,
    end: SegmentEnd,
    head: Head,
    unlock: () => void,
  ) {
    this.sync = options.sync;
    this.#options = options;
    this.#io = io;
    this.#now = now;
    this.#end = end;
    this.#head = head;
    this.#unlock = unlock;
  }

  get failed(): boolean {
    return this.#failed;
  }
  get queued(): number {
    return this.#queue.length + this.#writing;
  }

  queuedForMs(): number {
    const oldest = this.#writingSince ?? this.#queue.oldest?.atMs;
    return oldest === undefined ? 0 : Math.max(0, this.#now() - oldest);
  }

  head(): Head {
    return this.#head;
  }

  note(event: AuditEvent): void {
    if (!this.#accepts()) throw new PosternError('trail-unavailable');
    this.#queue.note(event, this.#now());
    if (this.#noteTimer === null && !this.#draining) this.#armNotes();
  }

  record(event: AuditEvent): Promise<void> {
    if (!this.#accepts()) return Promise.reject(new PosternError('trail-unavailable'));
    return this.#enqueue(event);
  }

  room(): Promise<void> | undefined {
    if (!this.#crowded(CROWDED_EVENTS)) return undefined;
    this.#kick();
    return new Promise((resolve) => this.#pressing.push(resolve));
  }

  /** There is much to write, or what is being written takes long. Asked for each message, so it reads no clock. */
  #crowded(events: number): boolean {
    if (this.#failed || this.#closing !== null) return false;
    const { newest, oldest, length } = this.#queue;
    if (newest === undefined || oldest === undefined) return false;
    return length >= events || newest.atMs - (this.#writingSince ?? oldest.atMs) >= CROWDED_MS;
  }

  /** Lets those go on who were made to wait, once there is room or nothing to wait for. */
  #makeRoom(): void {
    if (!this.#crowded(CROWDED_EVENTS / 2)) for (const go of this.#pressing.splice(0)) go();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #accepts(): boolean {
    return !this.#failed && this.#closing === null && this.#queue.length < MAX_QUEUED_EVENTS;
  }

  #enqueue(event: AuditEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.record(event, this.#now(), { resolve, reject });
      this.#kick();
    });
  }

  #armNotes(): void {
    this.#noteTimer = setTimeout(() => {
      this.#noteTimer = null;
      this.#kick();
    }, NOTE_DELAY_MS);
  }

  #kick(): void {
    if (!this.#draining && !this.#failed) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    // One turn of the loop, so that all who ask in this one share a sync.
    await nextTurn();
    try {
      do {
        const crowded = this.#queue.length >= CROWDED_EVENTS / 2;
        const batch = this.#queue.take(crowded ? CROWDED_BATCH_RECORDS : MAX_BATCH_RECORDS);
        this.#writing = batch.length;
        this.#writingSince = batch[0]?.atMs;
        if (batch.length > 0) await this.#write(batch);
        this.#writing = 0;
        this.#writingSince = undefined;
        this.#makeRoom();
        if (this.#headDue && this.#head.seq > 0) await this.#writeHead();
      } while (this.#queue.waiting > 0 || this.#queue.length >= MAX_BATCH_RECORDS);
    } catch (error) {
      await this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.#draining = false;
    if (this.#queue.length > 0 && !this.#failed && this.#noteTimer === null) this.#armNotes();
  }

  async #write(batch: readonly Entry[]): Promise<void> {
    try {
      let head = this.#head;
      let lines = '';
      let last = '';
      for (const { event, atMs, times } of batch) {
        const encoded = encodeRecord(head, this.#timeText.of(atMs), event, times);
        head = encoded.head;
        last = encoded.line;
        lines += last;
      }
      await this.#end.append(Buffer.from(lines), Buffer.byteLength(last));
      this.#head = head;
    } catch (error) {
      this.#queue.putBack(batch);
      this.#writing = 0;
      this.#writingSince = undefined;
      throw error;
    }
    this.#queue.settle(batch);
  }

  async #writeHead(): Promise<void> {
    const head = this.#head;
    await writeHeadFile(this.#io, this.#options.folder, head, this.#timeText.of(this.#now()));
    this.#headWritten = head.seq;
    this.#headDue = false;
    this.#headTimer ??= setTimeout(() => {
      this.#headTimer = null;
      this.#headDue = true;
      if (this.#head.seq > this.#headWritten) this.#kick();
    }, HEAD_INTERVAL_MS).unref();
  }

  /** Refuses all who wait, keeps what was noted, and cuts what was not synced off the file. */
  async #fail(cause: Error): Promise<void> {
    this.#failed = true;
    this.#makeRoom();
    // Before the refusals go out, so that the trail does not show what its caller is told did not happen.
    await this.#end.rollback(this.#head).catch(() => undefined);
    for (const { reject } of this.#queue.takeWaiters()) reject(new PosternError('trail-unavailable'));
    if (this.#closing === null) this.#armRecovery();
    this.#complain(cause);
  }

  /** Tells the operator, once for each thing that is wrong. */
  #complain(error: Error): void {
    if (this.#complaint === error.message) return;
    this.#complaint = error.message;
    try {
      this.#options.onFailure(error);
    } catch {
      // A listener's fault must not take the trail's recovery with it.
    }
  }

  #armRecovery(): void {
    this.#recoveryTimer = setTimeout(() => {
      this.#recovering = this.#recover().then(
        () => this.#kick(),
        (error: Error) => {
          this.#complain(error);
          if (this.#closing === null) this.#armRecovery();
        },
      );
    }, this.#options.recoveryIntervalMs ?? RECOVERY_INTERVAL_MS).unref();
  }

  async #recover(): Promise<void> {
    await this.#end.rollback(this.#head);
    await this.#end.probe();
    this.#failed = false;
    this.#complaint = '';
    this.#options.onRecovery?.();
  }

  async #close(): Promise<void> {
    // `close` has not yet stored this promise; from the next turn on nothing more is accepted.
    await nextTurn();
    this.#makeRoom();
    if (this.#noteTimer !== null) clearTimeout(this.#noteTimer);
    if (this.#recoveryTimer !== null) clearTimeout(this.#recoveryTimer);
    try {
      await this.#recovering;
      while (this.#draining) await nextTurn();
      if (this.#failed) await this.#recover();
      await this.#enqueue({ kind: 'postern_stopped', clean: true });
      while (this.#draining) await nextTurn();
      await this.#writeHead();
    } catch {
      throw new PosternError('trail-unavailable');
    } finally {
      if (this.#headTimer !== null) clearTimeout(this.#headTimer);
      await this.#end.close();
      this.#unlock();
    }
  }
}
