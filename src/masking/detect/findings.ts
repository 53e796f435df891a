import type { Detector } from '../../policy/rules.ts';

/** Looks through `src[start, end)` and adds what it finds, from left to right. */
export type Finder = (src: Buffer, start: number, end: number, found: Findings) => void;

/**
 * Ranges found in one value by all finders. Allocates only where something was found, so that texts with
 * nothing in them cost no garbage.
 */
export class Findings {
  /** After `settle`: in order, none touching the next one's bytes. */
  readonly list: { start: number; end: number; detector: Detector }[] = [];

  clear(): void {
    if (this.list.length > 0) this.list.length = 0;
  }

  add(start: number, end: number, detector: Detector): void {
    this.list.push({ start, end, detector });
  }

  /** Sorts, and makes one of findings that overlap: what began first, or is longer, gives its name. */
  settle(): void {
    const { list } = this;
    if (list.length < 2) return;
    list.sort((a, b) => a.start - b.start || b.end - a.end);
    let last = 0;
    for (let i = 1; i < list.length; i++) {
      const one = list[i]!;
      if (one.start >= list[last]!.end) list[++last] = one;
      else if (one.end > list[last]!.end) list[last]!.end = one.end;
    }
    list.length = last + 1;
  }
}
