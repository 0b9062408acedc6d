/**
 * The newest reading of each metric of one device at each of a few instants, as readings are offered in any order.
 *
 * Invariant: at every instant the newest reading offered whose time is not after it; of equal times the one of the higher rank, and
 * within a rank the later row. Owns its columns.
 */

export interface OfferedColumn {
  /** Of the rows; `rowOf` says which row each value is of, null for all of them. */
  readonly times: Float64Array;
  readonly values: Float64Array | readonly string[];
  readonly count: number;
  readonly rowOf: Uint32Array | Float64Array | null;
  /** Times are known to rise. */
  readonly isSorted?: boolean;
}

export class InstantTrack {
  private readonly instants: Float64Array;
  private readonly metrics: number;
  private readonly times: Float64Array;
  private readonly ranks: Float64Array;
  private readonly values: (number | string)[];
  /** Filled for each instant up to here; see `spread`. */
  private isSpread = true;

  constructor(instants: Float64Array, metrics: number) {
    this.instants = instants;
    this.metrics = metrics;
    this.times = new Float64Array(metrics * instants.length).fill(Number.NaN);
    this.ranks = new Float64Array(metrics * instants.length);
    this.values = new Array(metrics * instants.length).fill(Number.NaN);
  }

  get firstInstantMs(): number {
    return this.instants[0]!;
  }
  get lastInstantMs(): number {
    return this.instants[this.instants.length - 1]!;
  }

  /** Counts from the first instant that is not before it. */
  offer(metric: number, reading: { timeMs: number; value: number | string }, rank: number): void {
    const { instants } = this;
    const { timeMs, value } = reading;
    if (metric >= this.metrics || timeMs > instants[instants.length - 1]!) return;
    const cell = metric * instants.length + findInstant(instants, timeMs);
    const known = this.times[cell]!;
    if (known > timeMs || (known === timeMs && this.ranks[cell]! > rank)) return;
    this.times[cell] = timeMs;
    this.ranks[cell] = rank;
    this.values[cell] = value;
    this.isSpread = false;
  }

  offerRun(metric: number, column: OfferedColumn, rank: number): void {
    const { times, values, count, rowOf } = column;
    if (column.isSorted === true) return this.offerSorted(metric, column, rank);
    const lastMs = this.instants[this.instants.length - 1]!;
    for (let i = 0; i < count; i++) {
      const timeMs = times[rowOf === null ? i : rowOf[i]!]!;
      if (timeMs <= lastMs) this.offer(metric, { timeMs, value: values[i]! }, rank);
    }
  }

  private offerSorted(metric: number, { times, values, count, rowOf }: OfferedColumn, rank: number): void {
    let from = 0;
    for (const instant of this.instants) {
      let low = from;
      let high = count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (times[rowOf === null ? middle : rowOf[middle]!]! <= instant) low = middle + 1;
        else high = middle;
      }
      if (low === from) continue;
      const timeMs = times[rowOf === null ? low - 1 : rowOf[low - 1]!]!;
      this.offer(metric, { timeMs, value: values[low - 1]! }, rank);
      from = low;
    }
  }

  /** Nothing at or before this time can be news at the first instant any more. */
  isSettledBehind(timeMs: number): boolean {
    for (let metric = 0; metric < this.metrics; metric++) {
      if (!(this.times[metric * this.instants.length]! > timeMs)) return false;
    }
    return true;
  }
  isMetricSettled(metric: number, timeMs: number): boolean {
    return this.times[metric * this.instants.length]! > timeMs;
  }

  timeAt(metric: number, instant: number): number {
    this.spread();
    return this.times[metric * this.instants.length + instant]!;
  }
  valueAt(metric: number, instant: number): number | string {
    this.spread();
    return this.values[metric * this.instants.length + instant]!;
  }

  /** Of all metrics, at each instant; NaN for none yet. */
  newestMs(): Float64Array {
    this.spread();
    const newest = new Float64Array(this.instants.length).fill(Number.NaN);
    for (let cell = 0; cell < this.times.length; cell++) {
      const k = cell % this.instants.length;
      if (!(newest[k]! >= this.times[cell]!) && !Number.isNaN(this.times[cell]!)) newest[k] = this.times[cell]!;
    }
    return newest;
  }

  /** A reading stands until a newer one comes. */
  private spread(): void {
    if (this.isSpread) return;
    this.isSpread = true;
    const { times, ranks, values, instants } = this;
    for (let cell = 0; cell < times.length; cell++) {
      if (cell % instants.length === 0) continue;
      const before = times[cell - 1]!;
      if (!(times[cell]! >= before) && !Number.isNaN(before)) {
        times[cell] = before;
        ranks[cell] = ranks[cell - 1]!;
        values[cell] = values[cell - 1]!;
      }
    }
  }
}

/** The first instant at or after `timeMs`. */
export function findInstant(instants: Float64Array, timeMs: number): number {
  let low = 0;
  let high = instants.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (instants[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
