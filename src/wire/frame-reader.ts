/**
 * Cuts a byte stream into typed frames: type byte, Int32 length (counting itself), body.
 *
 * Purpose: both directions of every session read through this, so a frame costs no allocation: `next()` moves
 * four public fields. A frame that lies wholly in one pushed chunk is shown in that chunk, for forwarding by
 * reference; a frame that straddles chunks is put together once, in a buffer that grows with the bytes that
 * have arrived (never with the length that is claimed) and is never written again once it was shown.
 *
 * Invariant: the bytes shown, in order, are the bytes pushed, whatever the chunking; memory held is at most a
 * small multiple of the bytes pushed and not yet shown; after an error every call throws the same error.
 *
 * Non-goals: the untyped start-up packets (startup.ts), the meaning of a body, and limits on how much may be
 * pushed ahead: the caller watches `pending`.
 */

import { FIRST_ASSEMBLY_BYTES, MERGE_AFTER_CHUNKS, MERGE_BUFFER_BYTES } from './limits.ts';
import type { PosternError } from '../errors.ts';
import { violation } from './violation.ts';

const HEADER_BYTES = 5;
const EMPTY = Buffer.alloc(0);

/** Server → client: DataRow and CopyData. */
export const SERVER_STREAMABLE: readonly number[] = [0x44, 0x64];
/** Client → server: CopyData only; there 'D' is Describe. */
export const CLIENT_STREAMABLE: readonly number[] = [0x64];

export class FrameReader {
  /** The frame's type byte. */
  type = 0;
  /**
   * Holds the frame, or the piece of it, in `[start, end)`; the first piece includes type byte and length.
   */
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** The frame's whole size in bytes, type byte included, also when only a piece is shown. */
  frameBytes = 0;
  /** Whether this is the first and the last piece of its frame; a whole frame is both. */
  first = true;
  last = true;
  /** Show streamable frames in pieces where they are not wholly at hand. May change between calls. */
  streaming = false;

  readonly #maxLengthOf: (type: number) => number;
  readonly #streamable: readonly number[];
  readonly #wholeUpTo: (type: number) => number;
  #chunk: Buffer = EMPTY;
  #position = 0;
  /** Chunks after `#chunk`, from `#queueHead` on. */
  #queue: Buffer[] = [];
  #queueHead = 0;
  #queuedBytes = 0;
  /** The queue's last chunk if it is ours to append to, and how much of it is filled. */
  #merge: Buffer | null = null;
  #merged = 0;
  /** A frame being put together, its first bytes already taken out of the chunks. */
  #partial: Buffer = EMPTY;
  #partialBytes = 0;
  /** Its whole size, once the header was read; asked once, so a change of state cannot refuse it half-way. */
  #partialSize = 0;
  /** Bytes of the current frame still to be shown, once its first piece was. */
  #unshown = 0;
  #failure: PosternError | null = null;

  /**
   * @param maxLengthOf the largest length field allowed for a type byte; 0 for a type that may not come now.
   *   Asked for every frame, so it may change its answers with the protocol's state.
   * @param streamable type bytes that `streaming` applies to
   * @param wholeUpTo length fields above this are streamed too, whatever the type: what nobody wants to read whole
   */
  constructor(
    maxLengthOf: (type: number) => number,
    streamable: readonly number[] = SERVER_STREAMABLE,
    wholeUpTo: (type: number) => number = () => Number.POSITIVE_INFINITY,
  ) {
    this.#maxLengthOf = maxLengthOf;
    this.#streamable = streamable;
    this.#wholeUpTo = wholeUpTo;
  }

  /** Bytes pushed and not yet shown. */
  get pending(): number {
    return this.#chunk.length - this.#position + this.#queuedBytes + this.#partialBytes;
  }

  /** Whether a pushed chunk is still referred to: until then it must not change. The start of a cut frame is a copy. */
  get holding(): boolean {
    return this.#position < this.#chunk.length || this.#queuedBytes > 0;
  }

  /** A frame was shown in part: its next piece is still to come. */
  get midFrame(): boolean {
    return this.#unshown > 0;
  }

  /** Adds bytes; they must not change while `holding`, nor while a frame shown from them is needed. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#position === this.#chunk.length && this.#queuedBytes === 0) {
      this.#chunk = chunk;
      this.#position = 0;
      return;
    }
    this.#queuedBytes += chunk.length;
    const crowded = this.#queue.length - this.#queueHead >= MERGE_AFTER_CHUNKS;
    if (crowded && chunk.length <= MERGE_BUFFER_BYTES / 2) this.#append(chunk);
    else {
      this.#sealMerge();
      this.#queue.push(chunk);
    }
  }

  /**
   * Shows the next frame or piece. False when there is none yet.
   * @throws PosternError `protocol-violation` for an unknown type or a length out of bounds
   */
  next(): boolean {
    if (this.#unshown > 0) return this.#showPiece();
    if (this.#partialBytes > 0) return this.#assemble();
    const chunk = this.#chunk;
    const start = this.#position;
    const available = chunk.length - start;
    if (available < HEADER_BYTES) {
      if (available === 0) return this.#nextChunk() && this.next();
      return this.#assemble();
    }
    const size = this.#sizeAt(chunk, start);
    if (size > available) {
      if (this.streaming && this.#streams(chunk[start]!, size)) return this.#showFirstPiece(size);
      return this.#assemble();
    }
    const end = start + size;
    this.#position = end;
    this.type = chunk[start]!;
    this.frameBytes = size;
    this.buffer = chunk;
    this.start = start;
    this.end = end;
    this.first = true;
    this.last = true;
    return true;
  }

  /**
   * Widens what was just shown by the whole frames of the same type that follow it in the same chunk, for
   * a caller that treats them all alike. They are within `maxLengthOf`, for they are within one chunk.
   */
  extendRun(): void {
    const chunk = this.#chunk;
    if (!this.last || this.buffer !== chunk || this.end !== this.#position) return;
    let at = this.#position;
    const available = chunk.length;
    while (at + HEADER_BYTES <= available && chunk[at] === this.type) {
      const length =
        ((chunk[at + 1]! << 24) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 8) | chunk[at + 4]!) >>> 0;
      if (length < 4 || length >= available - at) break;
      at += length + 1;
    }
    this.#position = at;
    this.end = at;
  }

  /** Takes every byte not yet shown, in one buffer, out of the reader. Pushing it back changes nothing. */
  takeRest(): Buffer {
    this.#sealMerge();
    const parts = [
      this.#partial.subarray(0, this.#partialBytes),
      this.#chunk.subarray(this.#position),
      ...this.#queue.slice(this.#queueHead),
    ].filter((part) => part.length > 0);
    this.#partial = EMPTY;
    this.#partialBytes = 0;
    this.#partialSize = 0;
    this.#chunk = EMPTY;
    this.#position = 0;
    this.#queue = [];
    this.#queueHead = 0;
    this.#queuedBytes = 0;
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  #show(buffer: Buffer, start: number, end: number, size: number, first: boolean, last: boolean): true {
    if (first) {
      this.type = buffer[start]!;
      this.frameBytes = size;
    }
    this.buffer = buffer;
    this.start = start;
    this.end = end;
    this.first = first;
    this.last = last;
    return true;
  }

  /** The size of the frame whose header is at `at`, type byte included. */
  #sizeAt(buffer: Buffer, at: number): number {
    const length =
      ((buffer[at + 1]! << 24) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 8) | buffer[at + 4]!) >>> 0;
    const max = this.#maxLengthOf(buffer[at]!);
    if (length < 4 || length > max || this.#failure !== null) throw this.#fail(buffer[at]!, length, max);
    return length + 1;
  }

  #fail(type: number, length: number, max: number): PosternError {
    this.#failure ??=
      max === 0
        ? violation(`unknown message type 0x${type.toString(16).padStart(2, '0')}`)
        : violation(`message length ${length} is out of bounds`);
    return this.#failure;
  }

  #streams(type: number, size: number): boolean {
    return this.#streamable.includes(type) || size - 1 > this.#wholeUpTo(type);
  }

  /** The first piece of a streamed frame: what is left of the chunk. */
  #showFirstPiece(size: number): true {
    const chunk = this.#chunk;
    const start = this.#position;
    this.#position = chunk.length;
    this.#unshown = size - (chunk.length - start);
    return this.#show(chunk, start, chunk.length, size, true, false);
  }

  #showPiece(): boolean {
    if (this.#position === this.#chunk.length && !this.#nextChunk()) return false;
    const start = this.#position;
    const end = Math.min(this.#chunk.length, start + this.#unshown);
    this.#position = end;
    this.#unshown -= end - start;
    return this.#show(this.#chunk, start, end, 0, false, this.#unshown === 0);
  }

  /** Moves bytes of a straddling frame into `#partial`: first the header, then what its length says. */
  #assemble(): boolean {
    if (this.#partialSize === 0) {
      if (!this.#gather(HEADER_BYTES)) return false;
      this.#partialSize = this.#sizeAt(this.#partial, 0);
    }
    const size = this.#partialSize;
    if (this.streaming && this.#partialBytes < size && this.#streams(this.#partial[0]!, size)) {
      this.#unshown = size - this.#partialBytes;
      return this.#showPartial(size, false);
    }
    return this.#gather(size) && this.#showPartial(size, true);
  }

  #showPartial(size: number, last: boolean): true {
    const partial = this.#partial;
    const bytes = this.#partialBytes;
    this.#partial = EMPTY;
    this.#partialBytes = 0;
    this.#partialSize = 0;
    return this.#show(partial, 0, bytes, size, true, last);
  }

  /** Fills `#partial` up to `size` bytes from the chunks at hand; true when it got there. */
  #gather(size: number): boolean {
    while (this.#partialBytes < size) {
      if (this.#position === this.#chunk.length && !this.#nextChunk()) return false;
      const take = Math.min(size - this.#partialBytes, this.#chunk.length - this.#position);
      this.#reserve(this.#partialBytes + take, size);
      this.#chunk.copy(this.#partial, this.#partialBytes, this.#position, this.#position + take);
      this.#partialBytes += take;
      this.#position += take;
    }
    return true;
  }

  /** Doubling keeps the copying linear; `arrived` and not the claimed `size` bounds the allocation. */
  #reserve(arrived: number, size: number): void {
    if (arrived <= this.#partial.length) return;
    const roomy = Math.max(arrived, FIRST_ASSEMBLY_BYTES, this.#partial.length * 2);
    const grown = Buffer.allocUnsafe(Math.min(roomy, size));
    this.#partial.copy(grown, 0, 0, this.#partialBytes);
    this.#partial = grown;
  }

  /** Makes the next queued chunk the current one. */
  #nextChunk(): boolean {
    if (this.#queueHead === this.#queue.length) {
      // Nothing more: let go of a chunk that is used up, so that an idle session holds none.
      this.#chunk = EMPTY;
      this.#position = 0;
      return false;
    }
    if (this.#queueHead === this.#queue.length - 1) this.#sealMerge();
    this.#chunk = this.#queue[this.#queueHead]!;
    this.#queueHead += 1;
    this.#position = 0;
    this.#queuedBytes -= this.#chunk.length;
    if (this.#queueHead === this.#queue.length) {
      this.#queue = [];
      this.#queueHead = 0;
    } else if (this.#queueHead >= 1_024) {
      this.#queue = this.#queue.slice(this.#queueHead);
      this.#queueHead = 0;
    }
    return true;
  }

  /**
   * Copies a small chunk behind the others. The queue holds the merge buffer, cut to its content when sealed.
   */
  #append(chunk: Buffer): void {
    if (this.#merge === null || this.#merged + chunk.length > this.#merge.length) {
      this.#sealMerge();
      this.#merge = Buffer.allocUnsafeSlow(MERGE_BUFFER_BYTES);
      this.#merged = 0;
      this.#queue.push(this.#merge);
    }
    chunk.copy(this.#merge, this.#merged);
    this.#merged += chunk.length;
  }

  #sealMerge(): void {
    if (this.#merge === null) return;
    this.#queue[this.#queue.length - 1] = this.#merge.subarray(0, this.#merged);
    this.#merge = null;
    this.#merged = 0;
  }
}
