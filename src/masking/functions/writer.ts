/**
 * A mask that has to look at the value. It reads `src[start, end)`, writes its result at `out[at…]` and
 * returns the bytes written, or SENDS_NULL; never more than `growthOf` of functions.ts allows. It may throw
 * where the value is not what its type says: the caller then sends NULL, never the value.
 */
export type MaskWriter = (src: Buffer, start: number, end: number, out: Buffer, at: number) => number;

/** What a writer returns for values that nothing better is known for than NULL. As a length it means NULL. */
export const SENDS_NULL = -1;
