/**
 * The ranges a chart page can show, and the bucket grid each of them uses.
 *
 * Owns no state. Invariant: every bucket is a whole number of milliseconds and starts at a multiple of its own length, so
 * that history answers and live readings fall on one grid and meet without a seam.
 */

export type RangeName = '1m' | '5m' | '15m' | '1h' | '6h' | '24h' | '7d' | '30d';

export interface TimeRange {
  readonly spanMs: number;
  readonly bucketMs: number;
}

export interface NamedRange extends TimeRange {
  readonly name: RangeName;
  readonly label: string;
  readonly spokenLabel: string;
}

/** About one bucket a pixel of a chart: finer cannot be seen, coarser can. */
export const bucketsPerRange = 600;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

function makeRange(name: RangeName, spokenLabel: string, spanMs: number): NamedRange {
  const label = name.replace(/(\d+)(\D+)/, '$1\u2009$2');
  return { name, label, spokenLabel, spanMs, bucketMs: spanMs / bucketsPerRange };
}

export const timeRanges: readonly NamedRange[] = [
  makeRange('1m', 'last minute', minuteMs),
  makeRange('5m', 'last 5 minutes', 5 * minuteMs),
  makeRange('15m', 'last 15 minutes', 15 * minuteMs),
  makeRange('1h', 'last hour', hourMs),
  makeRange('6h', 'last 6 hours', 6 * hourMs),
  makeRange('24h', 'last 24 hours', dayMs),
  makeRange('7d', 'last 7 days', 7 * dayMs),
  makeRange('30d', 'last 30 days', 30 * dayMs),
];

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

/** The history query whose buckets lie on the grid and whose last bucket holds `edgeMs` and a little more. */
export function planQuery(range: TimeRange, edgeMs: number): { fromMs: number; toMs: number; buckets: number } {
  const lastBucket = Math.floor(edgeMs / range.bucketMs);
  const buckets = bucketsPerRange + 1;
  const fromMs = (lastBucket - bucketsPerRange) * range.bucketMs;
  return { fromMs, toMs: fromMs + buckets * range.bucketMs, buckets };
}
