/** Thinned out readings are readings, in order, with the ends and the extremes among them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collectPoints, pointReadingsMax, thinOut } from './history-points.ts';

const makePoints = (values: readonly number[]) => ({
  timesMs: Float64Array.from(values, (_, i) => i * 10),
  values: Float64Array.from(values),
});

test('any points: at most as many as asked, a part of what came, first and last kept', () => {
  const list = fc.array(
    fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -1000, max: 1000 }) }, fc.constant(Number.NaN)),
    {
      minLength: 1,
      maxLength: 400,
    },
  );
  fc.assert(
    fc.property(list, fc.integer({ min: 3, max: 60 }), (values, pointsMax) => {
      const thinned = thinOut(makePoints(values), pointsMax);
      expect(thinned.timesMs.length).toBeLessThanOrEqual(pointsMax);
      if (values.length <= pointsMax) return void expect([...thinned.values]).toEqual(values);
      const finite = values.flatMap((value, i) => (Number.isNaN(value) ? [] : [i]));
      thinned.timesMs.forEach((timeMs, i) => {
        expect(thinned.values[i]).toBe(values[timeMs / 10]);
        if (i > 0) expect(timeMs).toBeGreaterThan(thinned.timesMs[i - 1]!);
      });
      if (finite.length === 0) return;
      expect(thinned.timesMs[0]).toBe(finite[0]! * 10);
      expect(thinned.timesMs.at(-1)).toBe(finite.at(-1)! * 10);
    }),
  );
});

test('one spike among ten thousand readings is not lost', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => Math.sin(i / 900));
  values[7321] = 50;
  values[1234] = -50;
  const thinned = thinOut(makePoints(values), 100);
  expect(thinned.values.length).toBe(100);
  expect([Math.max(...thinned.values), Math.min(...thinned.values)]).toEqual([50, -50]);
});

test('overlapping sources come in order of time; too many, or one that cannot be read, are no points', () => {
  const run = (timesMs: number[], values: number[]) => ({
    readRun: () => ({ times: Float64Array.from(timesMs), values: Float64Array.from(values), length: timesMs.length }),
  });
  const range = { fromMs: 0, toMs: 100 };
  const sources = [run([-5, 10, 50], [0, 1, 5]), run([10, 20, 100], [2, 3, 9])];
  const points = collectPoints(sources, { count: Float64Array.of(4), range, pointsMax: 10 })!;
  expect([[...points.timesMs], [...points.values]]).toEqual([
    [10, 10, 20, 50],
    [1, 2, 3, 5],
  ]);
  const gone = [{ readRun: () => null }];
  expect(collectPoints(gone, { count: Float64Array.of(1), range, pointsMax: 10 })).toBeNull();
  const many = Float64Array.of(pointReadingsMax + 1);
  expect(collectPoints(sources, { count: many, range, pointsMax: 10 })).toBeNull();
});
