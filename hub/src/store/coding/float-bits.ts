/**
 * Doubles as their 64 bits in two halves, and as whole numbers in the order of the values. Owns one double of scratch memory.
 * The platforms this runs on are little-endian; stored columns are.
 */

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** −0 included. */
export function isNegative(value: number): boolean {
  return value < 0 || (value === 0 && 1 / value < 0);
}

/** The double `count` places above (below where negative) a finite one. Never crosses zero: that answers NaN. */
export function moveUlps(value: number, count: number): number {
  double[0] = value;
  const sum = (halves[0]! >>> 0) + (isNegative(value) ? -count : count);
  const carry = Math.floor(sum / 2 ** 32);
  halves[0] = sum - carry * 2 ** 32;
  halves[1] = halves[1]! + carry;
  return double[0]!;
}

/** How many doubles `to` is above `from`, both of the same sign, and not far apart. */
export function countUlps(from: number, to: number): number {
  double[0] = from;
  const low = halves[0]! >>> 0;
  const high = halves[1]!;
  double[0] = to;
  const count = (halves[1]! - high) * 2 ** 32 + ((halves[0]! >>> 0) - low);
  return isNegative(from) ? -count : count;
}
