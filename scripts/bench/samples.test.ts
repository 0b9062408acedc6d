import { expect, it } from 'vitest';
import { medianOf, Samples } from './samples.ts';

it('takes the middle, or the mean of the two in the middle', () => {
  expect([medianOf([3, 1, 2]), medianOf([4, 1, 2, 3]), medianOf([])]).toEqual([2, 2.5, Number.NaN]);
});

it('compares round by round, not median with median', () => {
  const samples = new Samples();
  for (const [hub, floor] of [
    [10, 10],
    [40, 20],
    [90, 30],
  ] as const) {
    samples.add('hub', { cost: hub });
    samples.add('floor', { cost: floor });
  }
  expect(samples.medianRatio('cost', 'hub', 'floor')).toBe(2);
  expect(samples.figures()).toEqual({
    'hub.cost': 40,
    'hub.cost.quartiles': '10 … 90',
    'floor.cost': 20,
    'floor.cost.quartiles': '10 … 30',
  });
});

it('leaves out what was not measured', () => {
  const samples = new Samples();
  samples.add('hub', { cost: Number.NaN, other: null });
  expect(samples.figures()).toEqual({});
  expect(samples.median('hub', 'cost')).toBeNaN();
});
