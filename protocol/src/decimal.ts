/**
 * Decimals on the wire: a whole number and a power of ten, and the double they stand for (SPEC FR-14).
 *
 * No state. Invariant: `toDouble(n, e)` is the double nearest to n × 10^e. One IEEE operation on exact operands is correctly
 * rounded, |n| < 2^53 is exact, and so is 10^k for k ≤ 22; that is where the bound on the exponent comes from.
 */
import { limits } from './limits.ts';

/** 10^0 … 10^22, all exact. */
export const powersOfTen = Float64Array.from({ length: limits.decimalExponentMax + 1 }, (_, k) => Number(`1e${k}`));

export function toDouble(integer: number, exponent: number): number {
  return exponent < 0 ? integer / powersOfTen[-exponent]! : integer * powersOfTen[exponent]!;
}

/** The whole number that stands for `value` at this exponent and can follow `before` in a column; NaN when there is none. */
export function toInteger(value: number, exponent: number, before = 0): number {
  if (!Number.isFinite(value) || Object.is(value, -0)) return Number.NaN;
  const scaled = exponent < 0 ? value * powersOfTen[-exponent]! : value / powersOfTen[exponent]!;
  const guess = Math.round(scaled);
  // Two roundings can miss by two where the whole number has 53 bits.
  for (let step = 0; step <= 4; step++) {
    const integer = guess + (step & 1 ? -((step + 1) >> 1) : step >> 1);
    if (!Number.isSafeInteger(integer) || !Number.isSafeInteger(integer - before)) continue;
    if (toDouble(integer, exponent) === value) return integer === 0 ? 0 : integer;
    if (Math.abs(integer) < 0x4_0000_0000_0000) break;
  }
  return Number.NaN;
}

/** The largest exponent at which `value` is a whole number times a power of ten; NaN when there is none. Not for 0. */
export function findExponent(value: number): number {
  let exponent = 0;
  if (!Number.isNaN(toInteger(value, 0)) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    let found = Number.isSafeInteger(value) ? 0 : Number.NaN;
    while (exponent < limits.decimalExponentMax) {
      exponent++;
      if (!Number.isNaN(toInteger(value, exponent))) found = exponent;
      else if (!Number.isNaN(found)) break;
    }
    return found;
  }
  while (exponent > -limits.decimalExponentMax) {
    exponent--;
    if (Math.abs(value) * powersOfTen[-exponent]! > 9.1e15) break;
    if (!Number.isNaN(toInteger(value, exponent))) return exponent;
  }
  return Number.NaN;
}
