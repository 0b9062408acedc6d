/**
 * Times of arrival as blocks of the first format kept them: a column with a value in the rows where the arrival changes. No state.
 */
import type { Column } from './column-code.ts';

export function unfoldArrivals({ values, count, rowOf }: Column, rows: number): Float64Array {
  if (rowOf === null) return values as Float64Array;
  const arrivals = new Float64Array(rows);
  for (let i = 0; i < count; i++) arrivals.fill(values[i] as number, rowOf[i], i + 1 < count ? rowOf[i + 1] : rows);
  return arrivals;
}
