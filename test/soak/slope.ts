/** Whether numbers grow: by the median of all pairwise slopes, which a few outliers do not move (Theil and Sen). */

export type Point = { readonly x: number; readonly y: number };

/** In units of y for one of x; 0 for fewer than two points. */
export function slopeOf(points: readonly Point[]): number {
  const slopes: number[] = [];
  for (const [i, a] of points.entries())
    for (const b of points.slice(i + 1)) if (b.x !== a.x) slopes.push((b.y - a.y) / (b.x - a.x));
  return slopes.length === 0 ? 0 : median(slopes);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/**
 * What was gained by creeping: the usual difference between neighbours, as often as there are any. A few steps, however
 * high, do not count, nor does a level at which it comes to rest.
 */
export function creep(points: readonly Point[]): number {
  const steps = points.slice(1).map(({ y }, i) => y - points[i]!.y);
  return steps.length === 0 ? 0 : median(steps) * steps.length;
}

/** What the slope says was gained from the first point to the last. */
export function gain(points: readonly Point[]): number {
  const [first, last] = [points[0], points.at(-1)];
  return first === undefined || last === undefined ? 0 : slopeOf(points) * (last.x - first.x);
}
