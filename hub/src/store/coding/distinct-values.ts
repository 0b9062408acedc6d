/**
 * The different values of a column, by their bits, in order of size, and for every value its place among them.
 *
 * Owns an open-addressed table and the list of places, both reused. Gives up early on columns with too many different values.
 */

const tableBits = 13;
const tableSize = 2 ** tableBits;
/** Half of the table: short probes. */
const distinctMax = tableSize / 2;

/** By hash: 1 + the value's number in order of appearance; 0 is empty. */
const table = new Uint16Array(tableSize);
const found = new Float64Array(distinctMax);
const foundHalves = new Int32Array(found.buffer);
const ranks = new Uint16Array(distinctMax);

/** After `collectDistinct`: for each value, its place in the answer. */
export let indexes = new Float64Array(0);

/** In ascending order, −0 before 0 and NaN last; null where there are more than a quarter as many as values. */
export function collectDistinct(values: Float64Array, count: number): Float64Array | null {
  if (indexes.length < count) indexes = new Float64Array(count * 2);
  const most = Math.min(distinctMax, count >> 2);
  const halves = new Int32Array(values.buffer, values.byteOffset, count * 2);
  table.fill(0);
  let length = 0;
  for (let i = 0; i < count; i++) {
    const low = halves[2 * i]!;
    const high = halves[2 * i + 1]!;
    const mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) >>> (32 - tableBits);
    let entry = table[slot]!;
    while (entry !== 0 && (foundHalves[2 * entry - 2] !== low || foundHalves[2 * entry - 1] !== high)) {
      slot = (slot + 1) & (tableSize - 1);
      entry = table[slot]!;
    }
    if (entry === 0) {
      if (length === most) return null;
      found[length++] = values[i]!;
      table[slot] = entry = length;
    }
    indexes[i] = entry - 1;
  }
  return rankFound(length, count);
}

function rankFound(length: number, count: number): Float64Array {
  const order = Array.from({ length }, (_, i) => i);
  order.sort((a, b) => compareValues(found[a]!, found[b]!));
  const sorted = new Float64Array(length);
  for (let rank = 0; rank < length; rank++) {
    sorted[rank] = found[order[rank]!]!;
    ranks[order[rank]!] = rank;
  }
  for (let i = 0; i < count; i++) indexes[i] = ranks[indexes[i]!]!;
  return sorted;
}

function compareValues(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return Number(Object.is(a, 0)) - Number(Object.is(b, 0));
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}
