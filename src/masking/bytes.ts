import { LOOP_COPY_BYTES, LOOP_MOVE_BYTES } from './limits.ts';

/** Copies `src[start, end)` to `out[at…]` and returns the offset after it. The room must be there. */
export function copyBytes(src: Buffer, start: number, end: number, out: Buffer, at: number): number {
  const length = end - start;
  if (length < LOOP_COPY_BYTES) {
    for (let i = 0; i < length; i++) out[at + i] = src[start + i]!;
  } else {
    src.copy(out, at, start, end);
  }
  return at + length;
}

/** Moves `buf[start, end)` to `buf[at…]`, not behind where it is, and returns the offset after it. */
export function moveBytes(buf: Buffer, start: number, end: number, at: number): number {
  const length = end - start;
  if (at !== start) {
    if (length > LOOP_MOVE_BYTES) buf.copyWithin(at, start, end);
    else for (let i = 0; i < length; i++) buf[at + i] = buf[start + i]!;
  }
  return at + length;
}

/** A big-endian int32 by shifts: without `readInt32BE`'s checks, which the caller has made. */
export function int32At(src: Buffer, at: number): number {
  return (src[at]! << 24) | (src[at + 1]! << 16) | (src[at + 2]! << 8) | src[at + 3]!;
}

export function putInt32(out: Buffer, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}
