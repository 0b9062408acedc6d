/**
 * Times of arrival of a block's rows. The rows of a batch arrive together, so only the rows where the arrival changes are kept, as
 * the rows that have a value. No state.
 */
import type { Column } from './column-code.ts';

export function foldArrivals(arrivals: Float64Array, rows: number): Column {
  const values = new Float64Array(rows);
  const rowOf = new Uint32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    if (row > 0 && arrivals[row] === values[count - 1]) continue;
    rowOf[count] = row;
    values[count++] = arrivals[row]!;
  }
  return { values, count, rowOf: count === rows ? null : rowOf };
}

export function unfoldArrivals({ values, count, rowOf }: Column, rows: number): Float64Array {
  if (rowOf === null) return values as Float64Array;
  const arrivals = new Float64Array(rows);
  for (let i = 0; i < count; i++) arrivals.fill(values[i] as number, rowOf[i], i + 1 < count ? rowOf[i + 1] : rows);
  return arrivals;
}
