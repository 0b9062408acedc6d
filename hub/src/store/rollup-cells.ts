/**
 * Cells: a column summed up over equal stretches of time, at one tier. Made from readings in order of time, and folded coarser.
 *
 * Cell i covers [index[i] · tierMs, (index[i] + 1) · tierMs) of sample time; only cells with readings exist, in rising order. The
 * rules for NaN, first and last are block-stats.ts's. Owns nothing.
 */

/** Readings of one column in order of (time, row). */
export interface TimedRun {
  readonly times: Float64Array;
  /** Null for text. */
  readonly values: Float64Array | null;
  readonly length: number;
}

export interface Cells {
  readonly tierMs: number;
  readonly length: number;
  /** Where columns are longer than `length`, the rest means nothing. */
  readonly index: Float64Array<ArrayBuffer>;
  readonly count: Float64Array<ArrayBuffer>;
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly min: Float64Array<ArrayBuffer>;
  readonly max: Float64Array<ArrayBuffer>;
  readonly sum: Float64Array<ArrayBuffer>;
  readonly first: Float64Array<ArrayBuffer>;
  readonly last: Float64Array<ArrayBuffer>;
  /** By how much a counter rose inside each cell (`stepOf` over neighbours); null where it is not known. */
  readonly increase: Float64Array | null;
}

/** A counter's rise from one reading to the next: one that fell was reset and has risen from 0 since. */
export function stepOf(before: number, after: number): number {
  return after >= before ? after - before : after;
}

/** In order of time, rows of equal time in their order. Copies only what is not so already. */
export function sortRun(
  column: { values: Float64Array | readonly string[]; count: number; rowOf: Uint32Array | Float64Array | null },
  rowTimes: Float64Array,
): TimedRun {
  const { count, rowOf } = column;
  const values = column.values instanceof Float64Array ? column.values : null;
  let times = rowTimes;
  if (rowOf !== null) {
    times = new Float64Array(count);
    for (let i = 0; i < count; i++) times[i] = rowTimes[rowOf[i]!]!;
  }
  let sorted = true;
  for (let i = 1; i < count; i++) if (times[i]! < times[i - 1]!) sorted = false;
  if (sorted) return { times, values, length: count };
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => times[a]! - times[b]! || a - b);
  return {
    times: Float64Array.from(order, (i) => times[i]!),
    values: values === null ? null : Float64Array.from(order, (i) => values[i]!),
    length: count,
  };
}

/** `values` may be null for text: then only counts are filled and the rest is NaN. */
export function foldRun(run: TimedRun, tierMs: number): Cells {
  const starts = findCells(run.times, run.length, tierMs);
  const cells = makeCells(tierMs, starts.length);
  for (let cell = 0; cell < starts.length; cell++) {
    const start = starts[cell]!;
    const end = cell + 1 < starts.length ? starts[cell + 1]! : run.length;
    cells.index[cell] = Math.floor(run.times[start]! / tierMs);
    cells.count[cell] = end - start;
    if (run.values !== null) foldCell(cells, cell, { values: run.values, start, end });
  }
  return { ...cells, increase: run.values === null ? null : findIncreases(run.values, starts, run.length) };
}

function findCells(times: Float64Array, length: number, tierMs: number): number[] {
  const starts: number[] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    if (times[i]! < endMs) continue;
    starts.push(i);
    endMs = (Math.floor(times[i]! / tierMs) + 1) * tierMs;
  }
  return starts;
}

export function makeCells(tierMs: number, length: number): Cells {
  const column = () => new Float64Array(length);
  const empty = () => new Float64Array(length).fill(Number.NaN);
  return {
    tierMs,
    length,
    index: column(),
    count: column(),
    numbers: column(),
    min: empty(),
    max: empty(),
    sum: empty(),
    first: empty(),
    last: empty(),
    increase: null,
  };
}

/** Cells to be overwritten: a history looks at hundreds of rollups, and eight new arrays cost more than what they hold. */
export class CellsScratch {
  private cells = makeCells(0, 64);

  take(tierMs: number, length: number): Cells {
    if (this.cells.index.length < length) this.cells = makeCells(0, length * 2);
    return { ...this.cells, tierMs, length };
  }
}

function foldCell(cells: Cells, cell: number, part: { values: Float64Array; start: number; end: number }): void {
  const { values, start, end } = part;
  let numbers = 0;
  let min = Number.NaN;
  let max = Number.NaN;
  let sum = 0;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    numbers++;
    sum += value;
    if (!(value >= min)) min = value;
    if (!(value <= max)) max = value;
  }
  cells.first[cell] = values[start]!;
  cells.last[cell] = values[end - 1]!;
  cells.numbers[cell] = numbers;
  if (numbers === 0) return;
  cells.min[cell] = min;
  cells.max[cell] = max;
  cells.sum[cell] = sum;
}

/** A counter falls only when it is reset. A column that falls more often than this is not one worth the bytes. */
export function resetsMax(cells: number): number {
  return Math.max(2, cells >> 3);
}

function findIncreases(values: Float64Array, starts: readonly number[], length: number): Float64Array | null {
  const increase = new Float64Array(starts.length);
  const allowed = resetsMax(starts.length);
  let resets = 0;
  for (let cell = 0; cell < starts.length; cell++) {
    const start = starts[cell]!;
    const end = cell + 1 < starts.length ? starts[cell + 1]! : length;
    let risen = 0;
    let resetsHere = 0;
    for (let i = start; i < end; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) return null;
      if (i === start) continue;
      const before = values[i - 1]!;
      risen += stepOf(before, value);
      if (value < before) resetsHere++;
    }
    // The same number that a reader of the rollup computes from first and last.
    increase[cell] = resetsHere === 0 ? values[end - 1]! - values[start]! : risen;
    resets += resetsHere;
    if (resets > allowed) return null;
  }
  return increase;
}

/** `tierMs` is a multiple of the cells' own. */
export function coarsen(fine: Cells, tierMs: number): Cells {
  const ratio = tierMs / fine.tierMs;
  const starts: number[] = [];
  let before = Number.NaN;
  for (let i = 0; i < fine.length; i++) {
    const index = Math.floor(fine.index[i]! / ratio);
    if (index !== before) starts.push(i);
    before = index;
  }
  const cells = makeCells(tierMs, starts.length);
  const increase = fine.increase === null ? null : new Float64Array(starts.length);
  for (let cell = 0; cell < starts.length; cell++) {
    const start = starts[cell]!;
    const end = cell + 1 < starts.length ? starts[cell + 1]! : fine.length;
    cells.index[cell] = Math.floor(fine.index[start]! / ratio);
    for (let i = start; i < end; i++) joinCell(cells, cell, { fine, i });
    cells.first[cell] = fine.first[start]!;
    cells.last[cell] = fine.last[end - 1]!;
    if (increase === null) continue;
    let risen = fine.increase![start]!;
    for (let i = start + 1; i < end; i++) risen += stepOf(fine.last[i - 1]!, fine.first[i]!) + fine.increase![i]!;
    increase[cell] = risen;
  }
  return { ...cells, increase };
}

function joinCell(cells: Cells, cell: number, { fine, i }: { fine: Cells; i: number }): void {
  cells.count[cell]! += fine.count[i]!;
  if (fine.numbers[i] === 0) return;
  const { min, max, sum, numbers } = cells;
  sum[cell] = numbers[cell] === 0 ? fine.sum[i]! : sum[cell]! + fine.sum[i]!;
  if (!(fine.min[i]! >= min[cell]!)) min[cell] = fine.min[i]!;
  if (!(fine.max[i]! <= max[cell]!)) max[cell] = fine.max[i]!;
  numbers[cell]! += fine.numbers[i]!;
}
