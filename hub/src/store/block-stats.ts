/**
 * What a column's row says without its values being read: count, min, max, sum, first, last, and the times of the last two.
 *
 * NaN readings count and may be first or last, but join no min, max or sum; these are NaN where there is no other reading. First
 * and last go by sample time; among equal times the earlier row is first and the later row last. No state.
 */

export interface ColumnStats {
  count: number;
  min: number;
  max: number;
  sum: number;
  /** NaN for text. */
  first: number;
  last: number;
  firstMs: number;
  lastMs: number;
}

/** Values start … end of a column. */
export interface TimedColumn {
  readonly values: Float64Array | readonly string[];
  readonly rowOf: Uint32Array | Float64Array | null;
  readonly start: number;
  readonly end: number;
}

export function computeStats(column: TimedColumn, times: Float64Array): ColumnStats & { lastIndex: number } {
  const { values, rowOf, start, end } = column;
  const numbers = values instanceof Float64Array ? values : null;
  let min = Number.NaN;
  let max = Number.NaN;
  let sum = Number.NaN;
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  let firstIndex = start;
  let lastIndex = start;
  for (let i = start; i < end; i++) {
    const time = times[rowOf === null ? i : rowOf[i]!]!;
    if (time < firstMs) {
      firstMs = time;
      firstIndex = i;
    }
    if (time >= lastMs) {
      lastMs = time;
      lastIndex = i;
    }
    if (numbers === null) continue;
    const value = numbers[i]!;
    if (Number.isNaN(value)) continue;
    sum = Number.isNaN(min) ? value : sum + value;
    if (!(value >= min)) min = value;
    if (!(value <= max)) max = value;
  }
  const first = numbers === null ? Number.NaN : numbers[firstIndex]!;
  const last = numbers === null ? Number.NaN : numbers[lastIndex]!;
  return { count: end - start, min, max, sum, first, last, firstMs, lastMs, lastIndex };
}

/** 48 bytes, or 64 where the column's own times differ from its block's. */
export function encodeStats(stats: ColumnStats, block: { minMs: number; maxMs: number }): Uint8Array {
  const list = [stats.count, stats.min, stats.max, stats.sum, stats.first, stats.last];
  if (stats.firstMs !== block.minMs || stats.lastMs !== block.maxMs) list.push(stats.firstMs, stats.lastMs);
  const bytes = new Uint8Array(list.length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < list.length; i++) view.setFloat64(i * 8, list[i]!, true);
  return bytes;
}

export function decodeStats(bytes: Uint8Array, block: { minMs: number; maxMs: number }): ColumnStats {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number) => view.getFloat64(i * 8, true);
  const ownTimes = bytes.length === 64;
  return {
    count: at(0),
    min: at(1),
    max: at(2),
    sum: at(3),
    first: at(4),
    last: at(5),
    firstMs: ownTimes ? at(6) : block.minMs,
    lastMs: ownTimes ? at(7) : block.maxMs,
  };
}
