/**
 * Chooses how a column of numbers travels: the smallest coding that keeps every value exactly.
 *
 * No state. Refuses nothing: any double fits float64.
 */
import { findExponent, toInteger } from './decimal.ts';
import type { NumberColumn } from './messages.ts';

/**
 * A column for `values`, one per row (`present[r]` 0: no value at row r; its place in `values` does not matter). Decimal at the largest
 * exact exponent, unless float32 (when exact) or float64 takes fewer bytes. A bool metric wants `encoding: 'bool'` made by hand.
 */
export function makeNumberColumn(
  metric: number,
  values: ArrayLike<number>,
  present: Uint8Array | null = null,
): NumberColumn {
  const kept = new Float64Array(values);
  if (present !== null) for (let r = 0; r < kept.length; r++) if (present[r] === 0) kept[r] = 0;
  const exponent = findCommonExponent(kept, present);
  const floatBytes = countFloatBytes(kept, present);
  const decimalBytes = Number.isNaN(exponent) ? Number.POSITIVE_INFINITY : countDecimalBytes(kept, present, exponent);
  if (decimalBytes <= floatBytes.total) return { metric, encoding: 'decimal', exponent, present, values: kept };
  return { metric, encoding: floatBytes.each === 4 ? 'float32' : 'float64', exponent: 0, present, values: kept };
}

/** NaN when the values are not all decimals. */
function findCommonExponent(values: Float64Array, present: Uint8Array | null): number {
  let common = Number.POSITIVE_INFINITY;
  for (let r = 0; r < values.length; r++) {
    if (present !== null && present[r] === 0) continue;
    const value = values[r]!;
    if (value === 0 && !Object.is(value, -0)) continue;
    // A value that is whole at the exponent so far cannot raise it: most rows need one test.
    if (common !== Number.POSITIVE_INFINITY && !Number.isNaN(toInteger(value, common))) continue;
    const exponent = findExponent(value);
    if (Number.isNaN(exponent)) return Number.NaN;
    if (exponent < common) common = exponent;
  }
  return common === Number.POSITIVE_INFINITY ? 0 : common;
}

function countFloatBytes(values: Float64Array, present: Uint8Array | null): { each: 4 | 8; total: number } {
  let count = 0;
  let each: 4 | 8 = 4;
  for (let r = 0; r < values.length; r++) {
    if (present !== null && present[r] === 0) continue;
    count++;
    if (!Object.is(Math.fround(values[r]!), values[r]!)) each = 8;
  }
  return { each, total: each * count };
}

/** Infinity when a whole number or a difference does not fit. */
function countDecimalBytes(values: Float64Array, present: Uint8Array | null, exponent: number): number {
  let total = 1;
  let before = 0;
  for (let r = 0; r < values.length; r++) {
    if (present !== null && present[r] === 0) continue;
    const integer = toInteger(values[r]!, exponent, before);
    if (Number.isNaN(integer)) return Number.POSITIVE_INFINITY;
    total += countSvBytes(integer - before);
    before = integer;
  }
  return total;
}

function countSvBytes(value: number): number {
  let rest = Math.floor((value < 0 ? -value - 1 : value) / 0x40);
  let count = 1;
  while (rest > 0) {
    rest = Math.floor(rest / 0x80);
    count++;
  }
  return count;
}
