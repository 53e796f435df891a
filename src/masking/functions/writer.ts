/**
 * A mask that has to look at the value. It reads `src[start, end)`, writes its result at `out[at…]` and
 * returns the bytes written; never more than the value's own length plus MASK_GROWTH_BYTES. It may throw
 * where the value is not what its type says: the caller then sends NULL, never the value.
 */
export type MaskWriter = (src: Buffer, start: number, end: number, out: Buffer, at: number) => number;
