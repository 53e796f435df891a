import { copyBytes, moveBytes, putInt32 } from '../bytes.ts';
import { OutputSlab } from '../output-slab.ts';

export const HEADER_BYTES = 5; // type byte and int32 length

/**
 * The output of a run of CopyData frames in the making. Everything before `from` in the source has been dealt with.
 * What was made of it lies in the source, from the run's start to `to`, for as long as that does not come to bytes that
 * were not yet read; after that in the slab.
 */
export class RunningCopy {
  readonly slab = new OutputSlab();
  from = 0;
  to = 0;
  #start = 0;
  #inSource = false;

  begin(start: number): void {
    this.slab.reset();
    this.from = start;
    this.to = start;
    this.#start = start;
    this.#inSource = true;
  }

  /** From now on output goes to the slab. */
  leave(): void {
    this.#inSource = false;
  }

  /** Whether so many bytes may be written at `to` of the source, and nothing from `position` on is touched. */
  hasRoom(bytes: number, position: number): boolean {
    return this.#inSource && this.to + bytes <= position;
  }

  /** Where in the output the byte at `position` of the source goes, which is not before `from`. */
  placeOf(position: number): number {
    return this.to - this.#start + this.slab.length + position - this.from;
  }

  /** Copies what has not been copied, up to `end`. */
  copyTo(src: Buffer, end: number): void {
    const { from, to, slab } = this;
    this.from = end;
    if (this.#inSource) {
      this.to = moveBytes(src, from, end, to);
      return;
    }
    slab.reserve(end - from);
    slab.at = copyBytes(src, from, end, slab.buffer, slab.at);
  }

  /** Writes `bytes[start, end)` in place of what is left of the source before `before`. */
  put(src: Buffer, before: number, bytes: Buffer, start: number, end: number): void {
    this.from = before;
    if (this.hasRoom(end - start, before)) {
      this.to = copyBytes(bytes, start, end, src, this.to);
      return;
    }
    this.#inSource = false;
    const { slab } = this;
    slab.reserve(end - start);
    slab.at = copyBytes(bytes, start, end, slab.buffer, slab.at);
  }

  /** In place of what is left of the source before `before` stands what was written at `to`, up to `end`. */
  wrote(end: number, before: number): void {
    this.to = end;
    this.from = before;
  }

  /** Makes the last `bytes` of output one frame whose header is at the place `head`; without data it goes. */
  setFrame(src: Buffer, head: number, bytes: number): void {
    const { slab } = this;
    const inSlab = head - (this.to - this.#start);
    if (inSlab < 0) {
      const at = this.#start + head;
      if (bytes === HEADER_BYTES) this.to = at;
      else putInt32(src, at + 1, bytes - 1);
    } else {
      const at = slab.at - slab.length + inSlab;
      if (bytes === HEADER_BYTES) slab.at = at;
      else putInt32(slab.buffer, at + 1, bytes - 1);
    }
  }
}
