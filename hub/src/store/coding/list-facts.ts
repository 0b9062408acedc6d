/**
 * What can be said of a list of whole numbers before it is coded: runs, bounds, divisor, usual step. Owns scratch memory only.
 */

const sampledMax = 63;
const picked = new Float64Array(sampledMax);

/** How many stretches of equal numbers there are, at least 1. */
export function countRuns(values: Float64Array, count: number): number {
  let runs = 1;
  for (let i = 1; i < count; i++) if (values[i] !== values[i - 1]) runs++;
  return runs;
}

/** The greatest number that divides all differences from the first; 1 where there is none. */
export function findDivisor(values: Float64Array, count: number): number {
  const first = values[0]!;
  let divisor = 0;
  let before = first;
  for (let i = 1; i < count && divisor !== 1; i++) {
    const value = values[i]!;
    // Regular lists repeat their steps, and a step that is known divides.
    const step = Math.abs(value - before);
    before = value;
    if (step === divisor || step === 0) continue;
    if (divisor !== 0 && Math.floor(step / divisor) * divisor === step) continue;
    let a = divisor;
    let b = step;
    while (a !== 0) {
      const rest = b % a;
      b = a;
      a = rest;
    }
    divisor = b;
  }
  return divisor === 0 ? 1 : divisor;
}

/** The middle one of up to 63 numbers, evenly taken from values[from … from + count); 0 of none. */
export function sampleMedian(values: Float64Array, count: number): number {
  const stride = Math.max(1, Math.floor(count / sampledMax));
  let taken = 0;
  for (let i = 0; i < count && taken < sampledMax; i += stride) picked[taken++] = values[i]!;
  return pickMiddle(taken);
}

/** As `sampleMedian`, of the differences between neighbours. */
export function sampleStep(values: Float64Array, count: number): number {
  const stride = Math.max(1, Math.floor(count / sampledMax));
  let taken = 0;
  for (let i = 1; i < count && taken < sampledMax; i += stride) picked[taken++] = values[i]! - values[i - 1]!;
  return pickMiddle(taken);
}

/** Quickselect: with the typed array's own sort, some ten times a list, columns of 256 values took a third longer to encode. */
function pickMiddle(taken: number): number {
  if (taken === 0) return 0;
  const middle = taken >> 1;
  let low = 0;
  let high = taken - 1;
  while (low < high) {
    const pivot = picked[middle]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (picked[i]! < pivot) i++;
      while (picked[j]! > pivot) j--;
      if (i > j) break;
      const value = picked[i]!;
      picked[i++] = picked[j]!;
      picked[j--] = value;
    }
    if (j < middle) low = i;
    if (i > middle) high = j;
  }
  return picked[middle]!;
}

/** The middle of how far numbers are from `center`. */
export function sampleSpread(values: Float64Array, count: number, center: number): number {
  const stride = Math.max(1, Math.floor(count / sampledMax));
  let taken = 0;
  for (let i = 0; i < count && taken < sampledMax; i += stride) picked[taken++] = Math.abs(values[i]! - center);
  return pickMiddle(taken);
}
