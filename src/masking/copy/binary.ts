/**
 * COPY's binary format: a header, tuples of an int16 field count and fields, a trailer of −1
 * (https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format").
 *
 * Invariant: every tuple has exactly the plan's fields; flags we don't know (such as the OIDs of old
 * releases) mean fields we didn't plan for, and are refused.
 */
import { int32At } from '../bytes.ts';
import { COPY_EXTENSION_BYTES } from '../limits.ts';
import { OutputSlab } from '../output-slab.ts';
import type { RowPlan } from '../plan.ts';
import { FieldSplicer } from '../splice.ts';
import { malformed, PendingBytes } from './masker.ts';
import type { CopyMasker } from './masker.ts';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags, length of the extension. */
const HEADER_BYTES = SIGNATURE.length + 8;
const TRAILER = 0xffff;

type Stage = 'header' | 'tuples' | 'ended';

export class CopyBinaryMasker implements CopyMasker {
  readonly #splicer: FieldSplicer;
  readonly #slab = new OutputSlab();
  readonly #pending: PendingBytes;
  #stage: Stage = 'header';
  // how far the unfinished tuple has been walked, relative to its start
  #walked = 0;
  #fields = 0;

  constructor(plan: RowPlan, key: Uint8Array, maxRowBytes: number) {
    this.#splicer = new FieldSplicer(plan, key);
    this.#pending = new PendingBytes(maxRowBytes);
  }

  get failures(): number {
    return this.#splicer.failures;
  }

  push(data: Buffer): Buffer {
    const view = this.#pending.join(data);
    let at = 0;
    for (;;) {
      const end = this.#unitEnd(view, at);
      if (end < 0) break;
      at = end;
    }
    this.#pending.keep(view, at);
    return this.#slab.take();
  }

  end(): Buffer {
    if (this.#stage !== 'ended' || this.#pending.length > 0) malformed('it stops before its trailer');
    return Buffer.alloc(0);
  }

  /** Emits the header, tuple or trailer at `at` and returns its end, or −1 where it isn't all there yet. */
  #unitEnd(view: Buffer, at: number): number {
    switch (this.#stage) {
      case 'header':
        return this.#header(view);
      case 'tuples':
        return this.#tuple(view, at);
      case 'ended':
        if (at < view.length) malformed('it goes on after its trailer');
        return -1;
    }
  }

  #header(view: Buffer): number {
    const seen = Math.min(view.length, SIGNATURE.length);
    if (view.compare(SIGNATURE, 0, seen, 0, seen) !== 0) malformed('it has no binary header');
    if (view.length < HEADER_BYTES) return -1;
    const flags = int32At(view, SIGNATURE.length);
    const extension = int32At(view, SIGNATURE.length + 4);
    if (flags !== 0) malformed('its header has unknown flags');
    if (extension < 0 || extension > COPY_EXTENSION_BYTES) malformed('its header extension is too long');
    const end = HEADER_BYTES + extension;
    if (view.length < end) return -1;
    this.#slab.reserve(end);
    view.copy(this.#slab.buffer, this.#slab.at, 0, end);
    this.#slab.at += end;
    this.#stage = 'tuples';
    return end;
  }

  #tuple(view: Buffer, at: number): number {
    if (view.length - at < 2) return -1;
    const count = (view[at]! << 8) | view[at + 1]!;
    if (count === TRAILER) {
      this.#slab.reserve(2);
      this.#slab.buffer[this.#slab.at++] = 0xff;
      this.#slab.buffer[this.#slab.at++] = 0xff;
      this.#stage = 'ended';
      return at + 2;
    }
    if (count !== this.#splicer.fieldCount) malformed('a tuple has another number of fields than columns');
    let walked = Math.max(this.#walked, 2);
    while (this.#fields < count) {
      if (view.length - at < walked + 4) return this.#wait(walked);
      const length = int32At(view, at + walked);
      if (length < -1) malformed('a field has a negative length');
      this.#pending.check(walked + 4 + length);
      if (length > 0 && view.length - at < walked + 4 + length) return this.#wait(walked);
      walked += length > 0 ? 4 + length : 4;
      this.#fields++;
    }
    const end = at + walked;
    this.#slab.reserve(walked + this.#splicer.growthFor(walked));
    this.#slab.at = this.#splicer.splice(view, at, end, this.#slab.buffer, this.#slab.at);
    this.#walked = 0;
    this.#fields = 0;
    return end;
  }

  #wait(walked: number): number {
    this.#walked = walked;
    return -1;
  }
}
