/**
 * One metric over a moving window, as typed-array rings on a fixed grid of buckets.
 *
 * Owns the chart points of one metric: per bucket the count, min, max, sum, first and last of its readings. Invariant: a bucket
 * is the sum of exactly the readings added to it, whatever their order, so late readings need no sorting and equal times
 * are kept apart by count. Memory is bounded by construction. Refuses to move its window by itself: a device whose clock
 * leaps ahead must not wipe out the picture, so only `advanceTo` (the viewer's clock) does that.
 *
 * NaN and ±Infinity readings are counted but join no min, max, sum, first or last: they cannot be drawn.
 */

/** One column of an answer: numbers with null or NaN where a bucket is empty. */
export type BucketColumn = Float64Array | readonly (number | null)[];

export interface BucketArrays {
  readonly count: BucketColumn;
  readonly min: BucketColumn;
  readonly max: BucketColumn;
  readonly mean: BucketColumn;
  readonly first: BucketColumn;
  readonly last: BucketColumn;
}

export class SeriesBuffer {
  readonly bucketMs: number;
  /** Number of buckets in the ring. */
  readonly size: number;
  /** Ring slots: bucket number b (= floor(timeMs / bucketMs)) lives in slot b mod size. */
  readonly count: Uint32Array;
  /** Readings of the bucket that are finite: those that min…last speak of. */
  readonly finite: Uint32Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
  /** Newest bucket number the ring holds; the oldest is endBucket − size + 1. */
  endBucket = Number.NEGATIVE_INFINITY;
  /** Changes with every change of content: lets a painter skip what it has already painted. */
  version = 0;
  /** Readings refused because they lay outside the window. */
  outside = 0;

  /** Buckets beyond the window's end that already accept readings, for devices whose clock is a little ahead. */
  private readonly ahead: number;

  constructor(bucketMs: number, buckets: number, ahead = 8) {
    this.bucketMs = bucketMs;
    this.ahead = ahead;
    this.size = buckets + ahead;
    this.count = new Uint32Array(this.size);
    this.finite = new Uint32Array(this.size);
    this.min = new Float64Array(this.size);
    this.max = new Float64Array(this.size);
    this.sum = new Float64Array(this.size);
    this.first = new Float64Array(this.size);
    this.last = new Float64Array(this.size);
    this.firstMs = new Float64Array(this.size);
    this.lastMs = new Float64Array(this.size);
  }

  /** Moves the window so that it accepts readings at `edgeMs`; what falls out at the old end is forgotten. Never moves back. */
  advanceTo(edgeMs: number): void {
    const end = Math.floor(edgeMs / this.bucketMs) + this.ahead;
    if (end <= this.endBucket) return;
    const from = Math.max(this.endBucket + 1, end - this.size + 1);
    for (let bucket = from; bucket <= end; bucket++) this.clearSlot(this.slotOf(bucket));
    this.endBucket = end;
  }

  slotOf(bucket: number): number {
    const slot = bucket % this.size;
    return slot < 0 ? slot + this.size : slot;
  }

  /** Adds one reading. False, and counted in `outside`, when it lies outside the window. */
  add(timeMs: number, value: number): boolean {
    const bucket = Math.floor(timeMs / this.bucketMs);
    if (!(bucket <= this.endBucket && bucket > this.endBucket - this.size)) {
      this.outside++;
      return false;
    }
    const slot = this.slotOf(bucket);
    this.count[slot]!++;
    this.version++;
    if (Number.isFinite(value)) this.addFinite(slot, timeMs, value);
    return true;
  }

  private addFinite(slot: number, timeMs: number, value: number): void {
    const before = this.finite[slot]!++;
    this.sum[slot] = before === 0 ? value : this.sum[slot]! + value;
    if (before === 0 || value < this.min[slot]!) this.min[slot] = value;
    if (before === 0 || value > this.max[slot]!) this.max[slot] = value;
    if (before === 0 || timeMs < this.firstMs[slot]!) {
      this.firstMs[slot] = timeMs;
      this.first[slot] = value;
    }
    if (before === 0 || timeMs >= this.lastMs[slot]!) {
      this.lastMs[slot] = timeMs;
      this.last[slot] = value;
    }
  }

  /** Forgets all readings, keeps the window. */
  clear(): void {
    this.count.fill(0);
    this.finite.fill(0);
    this.version++;
  }

  /**
   * Puts a history answer in the place of the buckets it covers. `fromMs` must be on this buffer's grid. Sample times inside
   * a bucket are not told by history: its first and last reading are taken to lie evenly spaced in it.
   */
  replace(fromMs: number, answer: BucketArrays): void {
    const firstBucket = Math.round(fromMs / this.bucketMs);
    const length = answer.count.length;
    for (let i = 0; i < length; i++) {
      const bucket = firstBucket + i;
      if (bucket > this.endBucket || bucket <= this.endBucket - this.size) continue;
      this.fillSlot(this.slotOf(bucket), bucket, { answer, i });
    }
    this.version++;
  }

  /**
   * History tells how many readings a bucket holds, not when they were. Given the sample times, first and last get their own:
   * the rate of a counter needs them where buckets are hardly longer than the time between readings.
   */
  refineTimes(timesMs: readonly number[]): void {
    const touched = new Set<number>();
    for (const timeMs of timesMs) {
      const bucket = Math.floor(timeMs / this.bucketMs);
      if (bucket > this.endBucket || bucket <= this.endBucket - this.size) continue;
      const slot = this.slotOf(bucket);
      if (this.finite[slot] === 0) continue;
      const isKnown = touched.has(slot);
      touched.add(slot);
      this.firstMs[slot] = isKnown ? Math.min(this.firstMs[slot]!, timeMs) : timeMs;
      this.lastMs[slot] = isKnown ? Math.max(this.lastMs[slot]!, timeMs) : timeMs;
    }
    this.version++;
  }

  private fillSlot(slot: number, bucket: number, source: { answer: BucketArrays; i: number }): void {
    const { answer, i } = source;
    const count = answer.count[i] ?? 0;
    this.clearSlot(slot);
    this.count[slot] = count;
    const min = answer.min[i];
    if (count === 0 || min === null || min === undefined || !Number.isFinite(min)) return;
    this.finite[slot] = count;
    this.min[slot] = min;
    this.max[slot] = answer.max[i] ?? min;
    const mean = answer.mean[i] ?? min;
    this.sum[slot] = mean * count;
    this.first[slot] = answer.first[i] ?? mean;
    this.last[slot] = answer.last[i] ?? mean;
    const half = this.bucketMs / count / 2;
    this.firstMs[slot] = bucket * this.bucketMs + half;
    this.lastMs[slot] = (bucket + 1) * this.bucketMs - half;
  }

  private clearSlot(slot: number): void {
    this.count[slot] = 0;
    this.finite[slot] = 0;
  }

  /** Readings in the window, NaN ones included: what tests and completeness count. */
  countAll(): number {
    let total = 0;
    for (let slot = 0; slot < this.size; slot++) total += this.count[slot]!;
    return total;
  }

  /** Lowest and highest reading of the window, or null when there is none to draw. */
  findExtent(): { min: number; max: number } | null {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let slot = 0; slot < this.size; slot++) {
      if (this.finite[slot] === 0) continue;
      if (this.min[slot]! < min) min = this.min[slot]!;
      if (this.max[slot]! > max) max = this.max[slot]!;
    }
    return min <= max ? { min, max } : null;
  }
}
