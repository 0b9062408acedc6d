/**
 * The ranges a chart page can show, and the bucket grid each of them uses.
 *
 * Owns no state. Invariants: every bucket is a whole number of milliseconds and starts at a multiple of its own length, so that
 * history answers and live readings fall on one grid and meet without a seam; and every bucket is a whole number of the cells that
 * history keeps for its size, so that an answer with `align=grid` moves no edge.
 */

export type RangeName = '1m' | '5m' | '15m' | '1h' | '6h' | '24h' | '7d' | '30d' | '90d' | '1y' | 'all';

export interface TimeRange {
  readonly spanMs: number;
  readonly bucketMs: number;
}

export interface NamedRange extends TimeRange {
  readonly name: RangeName;
  readonly label: string;
  readonly spokenLabel: string;
}

/** At most: about one bucket a pixel of a chart. Finer cannot be seen, coarser can. */
export const bucketsPerRange = 600;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const fineBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 6_000, 10_000, 15_000, 30_000, 45_000];
const coarseBuckets = [1, 2, 3, 5, 10, 15, 20, 30, 60, 90, 120, 240, 360, 720, 960, 1_440].map(
  (minutes) => minutes * minuteMs,
);

/** The grid of a stretch: as fine as a chart can show, on lengths that come again. */
export function makeRange(spanMs: number): TimeRange {
  const least = spanMs / bucketsPerRange;
  const bucketMs = [...fineBuckets, ...coarseBuckets].find((ms) => ms >= least) ?? Math.ceil(least / dayMs) * dayMs;
  return { spanMs, bucketMs };
}

/** Of one range; a bucket that the range's end cuts counts. */
export function countBuckets({ spanMs, bucketMs }: TimeRange): number {
  return Math.ceil(spanMs / bucketMs);
}

function nameRange(name: RangeName, spokenLabel: string, spanMs: number): NamedRange {
  const label = name === 'all' ? 'All' : name.replace(/(\d+)(\D+)/, '$1\u2009$2');
  return { name, label, spokenLabel, ...makeRange(spanMs) };
}

export const timeRanges: readonly NamedRange[] = [
  nameRange('1m', 'last minute', minuteMs),
  nameRange('5m', 'last 5 minutes', 5 * minuteMs),
  nameRange('15m', 'last 15 minutes', 15 * minuteMs),
  nameRange('1h', 'last hour', hourMs),
  nameRange('6h', 'last 6 hours', 6 * hourMs),
  nameRange('24h', 'last 24 hours', dayMs),
  nameRange('7d', 'last 7 days', 7 * dayMs),
  nameRange('30d', 'last 30 days', 30 * dayMs),
  nameRange('90d', 'last 90 days', 90 * dayMs),
  nameRange('1y', 'last year', 365 * dayMs),
  // As long as there is something to show: a year, until somebody has asked since when there are readings.
  nameRange('all', 'everything', 365 * dayMs),
];

/** From the first reading to now, with a little air in front. */
export function makeAllRange(firstMs: number, nowMs: number): TimeRange {
  return makeRange(Math.max(minuteMs, Math.ceil((nowMs - firstMs) * 1.02)));
}

export function readRangeName(text: string | undefined): RangeName {
  return timeRanges.find((range) => range.name === text)?.name ?? '5m';
}

export function findRange(name: RangeName): NamedRange {
  return timeRanges.find((range) => range.name === name) ?? timeRanges[1]!;
}

/**
 * Where the labels of a time axis stand: at multiples of `stepMs` in local time. uPlot's own lie a fraction beside them, and a
 * formatter then writes the minute before.
 */
export function splitTime(
  fromMs: number,
  toMs: number,
  grid: { readonly stepMs: number; readonly zoneMs: number },
): number[] {
  const { stepMs, zoneMs } = grid;
  const splits: number[] = [];
  for (let at = Math.ceil((fromMs + zoneMs) / stepMs) * stepMs - zoneMs; at <= toMs; at += stepMs) splits.push(at);
  return splits;
}

/** Buckets behind the present that history is asked for and buffers accept: for clocks ahead, and for what comes meanwhile. */
export function countAhead({ bucketMs }: TimeRange): number {
  return Math.min(64, Math.max(8, Math.ceil(2_000 / bucketMs)));
}

/** The history query whose buckets lie on the grid, hold the range that ends at `edgeMs`, and a little more. */
export function planQuery(range: TimeRange, edgeMs: number): { fromMs: number; toMs: number; buckets: number } {
  const lastBucket = Math.floor(edgeMs / range.bucketMs);
  const before = countBuckets(range);
  const buckets = before + 1 + countAhead(range);
  const fromMs = (lastBucket - before) * range.bucketMs;
  return { fromMs, toMs: fromMs + buckets * range.bucketMs, buckets };
}
