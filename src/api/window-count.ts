/** Counts what happens per key in windows of a fixed length, for a bounded number of keys. */

export type WindowCount = {
  /** Counts one more for the key; true while it is within the limit. */
  within(key: string): boolean;
};

/** @param maxKeys beyond it the key whose window began first is forgotten */
export function makeWindowCount(
  limit: number,
  windowMs: number,
  maxKeys: number,
  now: () => number = Date.now,
): WindowCount {
  const windows = new Map<string, { count: number; since: number }>();
  return {
    within(key) {
      const at = now();
      let entry = windows.get(key);
      if (entry === undefined || at - entry.since >= windowMs) {
        // Anew at the end: the map's order is the order in which windows began.
        windows.delete(key);
        entry = { count: 0, since: at };
        windows.set(key, entry);
        if (windows.size > maxKeys) {
          const oldest = windows.keys().next();
          if (oldest.done !== true) windows.delete(oldest.value);
        }
      }
      entry.count += 1;
      return entry.count <= limit;
    },
  };
}
