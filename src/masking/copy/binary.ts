/**
 * COPY's binary format: a header, tuples of an int16 field count and fields, a trailer of −1
 * (https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format").
 *
 * Invariant: every tuple has exactly the plan's fields; flags we don't know (such as the OIDs of old
 * releases) mean fields we didn't plan for, and are refused.
 */
import { int32At } from '../bytes.ts';
import { COPY_EXTENSION_BYTES } from '../limits.ts';
import { FieldSplicer } from '../splice.ts';
import { checkRowBytes, malformed } from './masker.ts';
import type { MaskedCopy, RowScanner } from './masker.ts';
import { RunningCopy } from './running-copy.ts';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags, length of the extension. */
const HEADER_BYTES = SIGNATURE.length + 8;
const TRAILER = 0xffff;

type Stage = 'header' | 'tuples' | 'ended';

export class CopyBinaryRows implements RowScanner {
  readonly out = new RunningCopy();
  readonly #splicer: FieldSplicer;
  readonly #maxRowBytes: number;
  #stage: Stage = 'header';
  // how far the unfinished tuple has been walked, relative to its start
  #walked = 0;
  #fields = 0;

  constructor({ plan, key, maxRowBytes }: MaskedCopy) {
    this.#splicer = new FieldSplicer(plan, key);
    this.#maxRowBytes = maxRowBytes;
  }

  get failures(): number {
    return this.#splicer.failures;
  }

  scan(src: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const next = this.#unitEnd(src, at, end);
      if (next < 0) break;
      at = next;
    }
    return at;
  }

  end(): void {
    if (this.#stage !== 'ended') malformed('it stops before its trailer');
  }

  /** Takes the header, tuple or trailer at `at` and returns its end, or −1 where it isn't all there yet. */
  #unitEnd(src: Buffer, at: number, end: number): number {
    switch (this.#stage) {
      case 'header':
        return this.#header(src, at, end);
      case 'tuples':
        return this.#tuple(src, at, end);
      case 'ended':
        return malformed('it goes on after its trailer');
    }
  }

  #header(src: Buffer, at: number, limit: number): number {
    const seen = Math.min(limit - at, SIGNATURE.length);
    if (src.compare(SIGNATURE, 0, seen, at, at + seen) !== 0) malformed('it has no binary header');
    if (limit - at < HEADER_BYTES) return -1;
    const flags = int32At(src, at + SIGNATURE.length);
    const extension = int32At(src, at + SIGNATURE.length + 4);
    if (flags !== 0) malformed('its header has unknown flags');
    if (extension < 0 || extension > COPY_EXTENSION_BYTES) malformed('its header extension is too long');
    const end = at + HEADER_BYTES + extension;
    if (limit < end) return -1;
    this.#stage = 'tuples';
    return end;
  }

  #tuple(src: Buffer, at: number, limit: number): number {
    if (limit - at < 2) return -1;
    const count = (src[at]! << 8) | src[at + 1]!;
    if (count === TRAILER) {
      this.#stage = 'ended';
      return at + 2;
    }
    if (count !== this.#splicer.fieldCount) malformed('a tuple has another number of fields than columns');
    let walked = Math.max(this.#walked, 2);
    while (this.#fields < count) {
      if (limit - at < walked + 4) return this.#wait(walked);
      const length = int32At(src, at + walked);
      if (length < -1) malformed('a field has a negative length');
      checkRowBytes(walked + 4 + length, this.#maxRowBytes);
      if (length > 0 && limit - at < walked + 4 + length) return this.#wait(walked);
      walked += length > 0 ? 4 + length : 4;
      this.#fields++;
    }
    const { out } = this;
    out.copyTo(src, at);
    out.leave();
    const { slab } = out;
    slab.reserve(walked + this.#splicer.growthFor(walked));
    slab.at = this.#splicer.splice(src, at, at + walked, slab.buffer, slab.at);
    out.from = at + walked;
    this.#walked = 0;
    this.#fields = 0;
    return at + walked;
  }

  #wait(walked: number): number {
    this.#walked = walked;
    return -1;
  }
}
