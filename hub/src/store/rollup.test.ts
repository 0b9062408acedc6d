/** A rollup says what its readings would, at every tier, and its bytes say what was put in. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeRollup, tiersMs } from './rollup.ts';
import { type Cells, coarsen, foldRun, sortRun, stepOf } from './rollup-cells.ts';
import { encodeRollup, openRollup } from './rollup-code.ts';

const odd = fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY, 1e300, 0.1 + 0.2, -(2 ** 53));
const decimal = fc.integer({ min: -5000, max: 5000 }).map((n) => n / 100);
const values = fc.oneof(
  fc.array(decimal, { minLength: 1, maxLength: 300 }),
  fc.array(fc.oneof({ weight: 20, arbitrary: decimal }, { weight: 1, arbitrary: odd }), {
    minLength: 1,
    maxLength: 300,
  }),
  fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 300 }).map((steps) => {
    let total = 1e6;
    return steps.map((step) => (total = step === 9 ? 0 : total + step));
  }),
);
const timed = values.chain((list) =>
  fc.record({
    values: fc.constant(list),
    times: fc.array(fc.integer({ min: -20_000, max: 100_000 }), { minLength: list.length, maxLength: list.length }),
  }),
);

function expectCells(cells: Cells, run: { times: readonly number[]; values: readonly number[] }): void {
  const groups = new Map<number, number[]>();
  run.times.forEach((time, i) => {
    const index = Math.floor(time / cells.tierMs);
    if (!groups.has(index)) groups.set(index, []);
    groups.get(index)!.push(run.values[i]!);
  });
  expect([...cells.index]).toEqual([...groups.keys()]);
  [...groups.values()].forEach((group, i) => {
    const plain = group.filter((value) => !Number.isNaN(value));
    expect([cells.count[i], cells.numbers[i]]).toEqual([group.length, plain.length]);
    expect([cells.first[i], cells.last[i]]).toEqual([group[0], group.at(-1)]);
    if (plain.length === 0) return;
    expect([cells.min[i]! + 0, cells.max[i]! + 0]).toEqual([Math.min(...plain) + 0, Math.max(...plain) + 0]);
    expectNear(
      cells.sum[i]!,
      plain.reduce((a, b) => a + b),
      plain,
    );
    if (cells.increase === null) return;
    const risen = group.slice(1).reduce((sum, value, k) => sum + stepOf(group[k]!, value), 0);
    expectNear(cells.increase[i]!, risen, plain);
  });
}

/** Within what adding doubles in another order may differ. */
function expectNear(got: number, wanted: number, list: readonly number[]): void {
  if (!Number.isFinite(wanted)) return void expect(got).toBe(wanted);
  const magnitude = list.reduce((sum, value) => sum + Math.abs(value), 0);
  expect(Math.abs(got - wanted)).toBeLessThanOrEqual(2 * list.length * magnitude * Number.EPSILON);
}

test('cells hold what their readings say, coarsened or not, and their bytes bring them back', () => {
  fc.assert(
    fc.property(timed, fc.boolean(), ({ values: list, times }, sorted) => {
      const given = sorted ? times.toSorted((a, b) => a - b) : times;
      const column = { values: Float64Array.from(list), count: list.length, rowOf: null };
      const order = given.map((_, i) => i).sort((a, b) => given[a]! - given[b]! || a - b);
      const naive = { times: order.map((i) => given[i]!), values: order.map((i) => list[i]!) };
      const fine = foldRun(sortRun(column, Float64Array.from(given)), 1000);
      const tiers = [fine, coarsen(fine, 5000), coarsen(coarsen(fine, 5000), 60_000)];
      const rollup = openRollup(encodeRollup(tiers, false))!;
      expect(rollup.tiersMs).toEqual([60_000, 5000, 1000]);
      for (let tier = 0; tier < 3; tier++) {
        expectCells(tiers[2 - tier]!, naive);
        expectCells(rollup.decode(tier), naive);
        expect(rollup.decode(tier).increase === null).toBe(tiers[2 - tier]!.increase === null);
      }
    }),
    { numRuns: 300 },
  );
});

function makeWalk(count: number, stepMs: number) {
  const list = new Float64Array(count);
  const times = Float64Array.from({ length: count }, (_, i) => 1_700_000_000_000 + i * stepMs);
  for (let i = 1; i < count; i++) list[i] = Math.round((list[i - 1]! + Math.sin(i * i)) * 10) / 10;
  return { column: { values: list, count, rowOf: null }, times };
}

test('a column gets tiers for an eighth of its bytes, and none where its own readings are as few', () => {
  const { column, times } = makeWalk(4096, 1000);
  const bytes = makeRollup(column, times, 2000)!;
  expect(bytes.length).toBeLessThanOrEqual(250);
  const { tiersMs: kept } = openRollup(bytes)!;
  expect(kept.every((tierMs) => (tiersMs as readonly number[]).includes(tierMs))).toBe(true);
  const constant = { ...column, values: new Float64Array(4096).fill(21.5) };
  expect(makeRollup(constant, times, 20)!.length).toBeLessThan(64);
  expect(makeRollup({ ...column, count: 50 }, times, 1e6)).toBeNull();
  const slow = makeWalk(4096, 300_000);
  expect(makeRollup(slow.column, slow.times, 1e6)!.length).toBeGreaterThan(0);
});

test('text has counts only', () => {
  const times = Float64Array.from({ length: 2000 }, (_, i) => i * 100);
  const column = { values: Array.from(times, (i) => String(i)), count: 2000, rowOf: null };
  const rollup = openRollup(makeRollup(column, times, 2000)!)!;
  const cells = rollup.decode(0);
  expect(cells.count.reduce((a, b) => a + b)).toBe(2000);
  expect([cells.numbers[0], cells.min[0], cells.first[0]]).toEqual([0, Number.NaN, Number.NaN]);
});

test('damaged bytes are no rollup', () => {
  const { column, times } = makeWalk(4096, 1000);
  const bytes = makeRollup(column, times, 2000)!;
  for (let i = 0; i < bytes.length; i++) {
    const damaged = bytes.slice();
    damaged[i]! ^= 1 << (i % 8);
    expect(openRollup(damaged)).toBeNull();
  }
  for (let length = 0; length < bytes.length; length++) expect(openRollup(bytes.slice(0, length))).toBeNull();
});

test('rollups of the first format are read as they were written', () => {
  const bytes = Buffer.from(
    'e69e7b080101e80789011e24d00f04040401029003af0309dc530c488125c5000231c0c4201043868a14035260493120850a193108c4' +
      '0003012a062d000000000000000080db0200000000e0b600000000010005c001b78173603be036700e6ce0dc060eb80d00010005bc81' +
      'c6416b8037d0006f0d70d01ae00d340e00000005400210a504314a002290204629410412802825',
    'hex',
  );
  const rollup = openRollup(bytes)!;
  expect(rollup.tiersMs).toEqual([1000]);
  const times = Array.from({ length: 120 }, (_, i) => 1_000_000 + i * 250);
  expectCells(rollup.decode(0), { times, values: times.map((_, i) => (200 + ((i * 7) % 23) - (i >> 3)) / 10) });
});

test('sums of large numbers that cancel each other out are kept as they are', () => {
  const length = 400;
  const times = Float64Array.from({ length }, (_, i) => i * 100);
  const values = Float64Array.from({ length }, (_, i) => (i % 2 === 0 ? 2 ** 49 + 3 : -(2 ** 49) + i));
  const cells = foldRun({ times, values, length }, 5000);
  const back = openRollup(encodeRollup([cells], false))!.decode(0);
  for (const name of ['min', 'max', 'sum', 'first', 'last'] as const) expect(back[name]).toEqual(cells[name]);
});
