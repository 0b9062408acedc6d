/**
 * From rings to the columns that a chart draws: one x column for the group, and mean, min and max of each series.
 *
 * Owns reusable arrays, so that painting allocates nothing but views. Invariant: x rises strictly; NaN in a column means "no
 * reading of this series in this bucket"; a gap is decided by `gapMs` alone.
 */
import type { SeriesBuffer } from './series-buffer.ts';

export interface SeriesColumns {
  mean: Float64Array;
  min: Float64Array;
  max: Float64Array;
  /** Neighbours further apart than this are not joined by a line. */
  gapMs: number;
}

/** A counter's rate over fewer buckets than this would show the grid instead of the device. */
const rateBuckets = 10;

export class ChartColumns {
  private capacity = 0;
  private x = new Float64Array(0);
  private scratch = new Float64Array(0);
  private stepCounts = new Uint16Array(1);
  private full: SeriesColumns[] = [];
  readonly series: SeriesColumns[];
  times: Float64Array;
  low = 0;
  high = 0;

  constructor(seriesCount: number) {
    this.series = Array.from({ length: seriesCount }, () => makeColumns(0));
    this.times = this.x;
  }

  /**
   * Fills the columns from the buffers, all on one grid; a series without a buffer is empty. `isRate`: counters, drawn as growth per
   * second, or over `rateSeconds`. Buckets that begin after `toMs` are left out: what was fetched ahead of a past that plays on is not known yet.
   */
  fill(
    buffers: readonly (SeriesBuffer | null | undefined)[],
    how: { isRate: boolean; rateSeconds?: number; toMs?: number },
  ): void {
    const lead = buffers.find((buffer) => buffer != null);
    if (lead == null) {
      this.times = this.x.subarray(0, 0);
      for (const out of this.series) Object.assign(out, makeColumns(0));
      this.measureExtent();
      return;
    }
    this.grow(lead.size);
    const last = Math.min(lead.endBucket, Math.floor((how.toMs ?? Number.POSITIVE_INFINITY) / lead.bucketMs));
    let rows = 0;
    for (let bucket = lead.endBucket - lead.size + 1; bucket <= last && rows < this.capacity; bucket++) {
      if (!hasReading(buffers, bucket)) continue;
      this.x[rows] = (bucket + 0.5) * lead.bucketMs;
      for (let s = 0; s < buffers.length; s++) copyBucket(buffers[s], bucket, { out: this.full[s]!, row: rows });
      rows++;
    }
    this.times = this.x.subarray(0, rows);
    for (let s = 0; s < buffers.length; s++) {
      const full = this.full[s]!;
      const buffer = buffers[s];
      if (how.isRate && buffer != null) this.deriveRate(buffer, full, { rows, perMs: (how.rateSeconds ?? 1) * 1000 });
      const out = this.series[s]!;
      out.mean = full.mean.subarray(0, rows);
      out.min = full.min.subarray(0, rows);
      out.max = full.max.subarray(0, rows);
      out.gapMs = this.learnGap(full.mean, rows, lead.bucketMs);
    }
    this.measureExtent();
  }

  private grow(size: number): void {
    if (size <= this.capacity) return;
    this.capacity = size;
    this.x = new Float64Array(size);
    this.scratch = new Float64Array(size);
    this.stepCounts = new Uint16Array(size + 1);
    this.full = this.series.map(() => makeColumns(size));
  }

  /** The row nearest to `near` where the series has a value, within a few rows: series of one chart need not share every bucket. */
  findNear(series: number, near: number): number {
    const values = this.series[series]?.mean;
    if (values === undefined) return -1;
    for (let distance = 0; distance <= 12; distance++) {
      if (!Number.isNaN(values[near - distance] ?? Number.NaN)) return near - distance;
      if (!Number.isNaN(values[near + distance] ?? Number.NaN)) return near + distance;
    }
    return -1;
  }

  findLast(series: number): number {
    const values = this.series[series]?.mean ?? this.x.subarray(0, 0);
    for (let row = values.length - 1; row >= 0; row--) if (!Number.isNaN(values[row]!)) return row;
    return -1;
  }

  /**
   * Rewrites a counter's columns as growth over `perMs` since the reading at least a few buckets earlier. A counter that started
   * again from a smaller value grew by that value; growth is summed up step by step, so that a restart spoils one step only.
   */
  private deriveRate(buffer: SeriesBuffer, columns: SeriesColumns, how: { rows: number; perMs: number }): void {
    const { rows, perMs } = how;
    const { mean, min: total, max: atMs } = columns;
    sumGrowth(buffer, columns, { rows, bucketAt: (row) => this.bucketAt(buffer, row) });
    let back = -1;
    for (let row = 0; row < rows; row++) {
      this.scratch[row] = Number.NaN;
      if (Number.isNaN(mean[row]!)) continue;
      if (back < 0) back = row;
      const bucket = this.bucketAt(buffer, row);
      const reach = buffer.count[buffer.slotOf(bucket)]! > 1 ? 1 : rateBuckets;
      for (let ahead = back + 1; ahead < row; ahead++) {
        if (Number.isNaN(mean[ahead]!)) continue;
        if (bucket - this.bucketAt(buffer, ahead) < reach) break;
        back = ahead;
      }
      const spanMs = atMs[row]! - atMs[back]!;
      if (spanMs > 0) this.scratch[row] = ((total[row]! - total[back]!) / spanMs) * perMs;
    }
    for (let row = 0; row < rows; row++) {
      const rate = this.scratch[row]!;
      mean[row] = rate;
      total[row] = rate;
      atMs[row] = rate;
    }
  }

  private bucketAt(buffer: SeriesBuffer, row: number): number {
    return Math.round(this.x[row]! / buffer.bucketMs - 0.5);
  }

  /**
   * Three times the usual distance between readings, as seen in this very picture, and never less than two buckets. Counted, not
   * sorted: it is asked for with every painting.
   */
  private learnGap(mean: Float64Array, rows: number, bucketMs: number): number {
    const counts = this.stepCounts.fill(0);
    let steps = 0;
    let before = Number.NaN;
    for (let row = 0; row < rows; row++) {
      if (Number.isNaN(mean[row]!)) continue;
      if (!Number.isNaN(before)) {
        counts[Math.min(counts.length - 1, Math.round((this.x[row]! - before) / bucketMs))]!++;
        steps++;
      }
      before = this.x[row]!;
    }
    if (steps === 0) return bucketMs * 2.5;
    let median = 0;
    for (let passed = counts[0]!; passed <= steps >> 1; passed += counts[median]!) median++;
    return Math.max(bucketMs * 2.5, median * bucketMs * 3);
  }

  private measureExtent(): void {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const { min, max } of this.series) {
      for (let row = 0; row < min.length; row++) {
        if (min[row]! < low) low = min[row]!;
        if (max[row]! > high) high = max[row]!;
      }
    }
    this.low = low;
    this.high = high;
  }
}

function makeColumns(rows: number): SeriesColumns {
  return { mean: new Float64Array(rows), min: new Float64Array(rows), max: new Float64Array(rows), gapMs: 0 };
}

function holds(buffer: SeriesBuffer | null | undefined, bucket: number): buffer is SeriesBuffer {
  if (buffer == null || bucket > buffer.endBucket || bucket <= buffer.endBucket - buffer.size) return false;
  return buffer.finite[buffer.slotOf(bucket)]! > 0;
}

function hasReading(buffers: readonly (SeriesBuffer | null | undefined)[], bucket: number): boolean {
  for (const buffer of buffers) if (holds(buffer, bucket)) return true;
  return false;
}

function copyBucket(
  buffer: SeriesBuffer | null | undefined,
  bucket: number,
  to: { readonly out: SeriesColumns; readonly row: number },
): void {
  const { out, row } = to;
  if (!holds(buffer, bucket)) {
    out.mean[row] = Number.NaN;
    out.min[row] = Number.NaN;
    out.max[row] = Number.NaN;
    return;
  }
  const slot = buffer.slotOf(bucket);
  out.mean[row] = buffer.sum[slot]! / buffer.finite[slot]!;
  out.min[row] = buffer.min[slot]!;
  out.max[row] = buffer.max[slot]!;
}

/** Into `min` the counter's growth since the first row, into `max` the time of each row's last reading. */
function sumGrowth(
  buffer: SeriesBuffer,
  columns: SeriesColumns,
  look: { readonly rows: number; readonly bucketAt: (row: number) => number },
): void {
  let before = Number.NaN;
  let total = 0;
  for (let row = 0; row < look.rows; row++) {
    if (Number.isNaN(columns.mean[row]!)) continue;
    const slot = buffer.slotOf(look.bucketAt(row));
    const last = buffer.last[slot]!;
    if (!Number.isNaN(before)) total += last >= before ? last - before : last;
    before = last;
    columns.min[row] = total;
    columns.max[row] = buffer.lastMs[slot]!;
  }
}

/**
 * A y range that holds low…high with some air, on round figures, and stays where it is while the data fits it well: an axis
 * that breathes with every reading cannot be read.
 */
export function settleRange(
  before: readonly [number, number] | null,
  data: { readonly low: number; readonly high: number; readonly unit: string },
): [number, number] {
  const { low, high } = data;
  if (!(low <= high)) return before === null ? [0, 1] : [before[0], before[1]];
  if (low === 0 && high === 0) return [0, 1];
  const span = high - low || Math.max(Math.abs(high) * 0.1, 1e-3);
  if (before !== null) {
    const width = before[1] - before[0];
    if (low >= before[0] && high <= before[1] && span > width * 0.35) return [before[0], before[1]];
  }
  const step = roundStep((span * 1.3) / 4);
  let bottom = Math.floor((low - span * 0.1) / step) * step;
  let top = Math.ceil((high + span * 0.1) / step) * step;
  // A share of the whole has no room above it.
  if (data.unit === '%' && high <= 100) top = Math.min(top, 100);
  if (low >= 0 && bottom < 0) bottom = 0;
  // A quantity that comes near zero is drawn from zero: half a bar of nothing misleads.
  if (low >= 0 && low < high * 0.3) bottom = 0;
  return [bottom, top > bottom ? top : bottom + step];
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}
