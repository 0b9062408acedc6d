/**
 * Stretches without readings, found among buckets. No state.
 *
 * A series' usual interval is the median, over its readings, of how far apart they are: a bucket's readings share the way to the
 * next bucket that has any. A gap leaves at least one bucket empty and is longer than `gapIntervals` usual intervals.
 */
import type { Buckets } from './history-buckets.ts';

export const gapsMax = 1000;

export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** `timesOf`: a bucket's first and last readings, exactly. */
export function findGaps(
  { edges }: Buckets,
  { count, timesOf }: { count: Float64Array; timesOf: (bucket: number) => { firstMs: number; lastMs: number } },
  gapIntervals: number,
): readonly Gap[] {
  const filled = Array.from(count.keys()).filter((bucket) => count[bucket]! > 0);
  const longerThanMs = gapIntervals * findUsualInterval(edges, count, filled);
  const candidates: { before: number; after: number; emptyMs: number }[] = [];
  for (let i = 1; i < filled.length; i++) {
    const before = filled[i - 1]!;
    const after = filled[i]!;
    // At least emptyMs, at most the buckets on both sides more.
    if (after - before > 1 && edges[after + 1]! - edges[before]! > longerThanMs) {
      candidates.push({ before, after, emptyMs: edges[after]! - edges[before + 1]! });
    }
  }
  const longest = candidates.toSorted((a, b) => b.emptyMs - a.emptyMs || a.before - b.before).slice(0, gapsMax);
  return longest
    .sort((a, b) => a.before - b.before)
    .map(({ before, after }) => ({ fromMs: timesOf(before).lastMs, toMs: timesOf(after).firstMs }))
    .filter(({ fromMs, toMs }) => toMs - fromMs > longerThanMs);
}

/** Infinity where fewer than two buckets hold readings: then nothing is known to be missing. */
function findUsualInterval(edges: Float64Array, count: Float64Array, filled: readonly number[]): number {
  const intervals: { ms: number; readings: number }[] = [];
  let readings = 0;
  for (let i = 1; i < filled.length; i++) {
    const bucket = filled[i - 1]!;
    intervals.push({ ms: (edges[filled[i]!]! - edges[bucket]!) / count[bucket]!, readings: count[bucket]! });
    readings += count[bucket]!;
  }
  intervals.sort((a, b) => a.ms - b.ms);
  let seen = 0;
  for (const interval of intervals) {
    seen += interval.readings;
    if (seen * 2 >= readings) return interval.ms;
  }
  return Number.POSITIVE_INFINITY;
}
