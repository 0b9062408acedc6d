/**
 * What a column's row says without its values being read: how many, min, max, sum, first, last, and the times of the last two.
 *
 * NaN readings count and may be first or last, but join no min, max or sum; `numbers` says how many did, so that sum / numbers is
 * the mean. Min, max and sum are NaN where there is no number. First and last go by sample time; among equal times the earlier
 * row is first and the later row last. No state.
 */

export interface ColumnStats {
  /** All readings. */
  count: number;
  /** Those that joined min, max and sum: not text, not NaN. */
  numbers: number;
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
  const texts = !(values instanceof Float64Array);
  let numbers = 0;
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
    if (texts) continue;
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    sum = numbers++ === 0 ? value : sum + value;
    if (!(value >= min)) min = value;
    if (!(value <= max)) max = value;
  }
  const first = texts ? Number.NaN : values[firstIndex]!;
  const last = texts ? Number.NaN : values[lastIndex]!;
  return { count: end - start, numbers, min, max, sum, first, last, firstMs, lastMs, lastIndex };
}

/**
 * Six numbers of 8 bytes; then the column's own first and last times where they differ from its block's; where not all readings
 * are numbers, these times in any case, how many are, and a 0. The length says which: 48, 64 or 80 bytes.
 */
export function encodeStats(stats: ColumnStats, block: { minMs: number; maxMs: number }): Uint8Array {
  const list = [stats.count, stats.min, stats.max, stats.sum, stats.first, stats.last];
  // Where there is no number at all, min says so.
  const isPure = stats.numbers === stats.count || stats.numbers === 0;
  if (!isPure || stats.firstMs !== block.minMs || stats.lastMs !== block.maxMs) list.push(stats.firstMs, stats.lastMs);
  if (!isPure) list.push(stats.numbers, 0);
  const bytes = new Uint8Array(list.length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < list.length; i++) view.setFloat64(i * 8, list[i]!, true);
  return bytes;
}

export function decodeStats(bytes: Uint8Array, block: { minMs: number; maxMs: number }): ColumnStats {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number) => view.getFloat64(i * 8, true);
  const ownTimes = bytes.length >= 64;
  const count = at(0);
  return {
    count,
    numbers: bytes.length === 80 ? at(8) : Number.isNaN(at(1)) ? 0 : count,
    min: at(1),
    max: at(2),
    sum: at(3),
    first: at(4),
    last: at(5),
    firstMs: ownTimes ? at(6) : block.minMs,
    lastMs: ownTimes ? at(7) : block.maxMs,
  };
}
