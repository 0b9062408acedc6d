import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CompactTimes, compactRun } from './compact-run.ts';

const decimals = fc.record({
  places: fc.integer({ min: 0, max: 8 }),
  span: fc.constantFrom(9, 300, 1e6),
  base: fc.integer(),
});
const values = fc.oneof(
  decimals.chain(({ places, span, base }) =>
    fc.array(
      fc.integer({ min: 0, max: span }).map((n) => (base + n) / 10 ** places),
      { minLength: 1, maxLength: 400 },
    ),
  ),
  fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 400 }),
);
const steps = fc.oneof(
  fc.constantFrom(1, 1000, 0.1, 1 / 3).map((stepMs) => () => stepMs),
  fc.constantFrom(0, 1, 7.5).map((most) => (i: number) => ((i * 7919) % 13 === 0 ? 0 : most + (i % 3))),
);

function timesOf(length: number, stepOf: (i: number) => number, firstMs: number): Float64Array {
  const times = new Float64Array(length).fill(firstMs);
  for (let i = 1; i < length; i++) times[i] = times[i - 1]! + stepOf(i);
  return times;
}

describe('a compact run', () => {
  test('gives back what went in, and says of any part what a walk over it would', () => {
    const part = fc.tuple(fc.nat({ max: 399 }), fc.nat({ max: 399 }));
    const startMs = fc.constantFrom(0, -5e9, 1.7e12, 0.25);
    fc.assert(
      fc.property(
        values,
        steps,
        startMs,
        fc.array(part, { minLength: 1, maxLength: 8 }),
        (list, stepOf, ...[firstMs, parts]) => {
          const run = {
            times: timesOf(list.length, stepOf, firstMs),
            values: Float64Array.from(list),
            length: list.length,
          };
          const compact = compactRun(run)!;
          const back = compact.expand();
          expect([...back.times]).toEqual([...run.times]);
          expect(back.values!.every((value, i) => Object.is(value, list[i]))).toBe(true);
          const summary = { min: 0, max: 0, sum: 0 };
          for (const [a, b] of parts) {
            const start = Math.min(a, b) % list.length;
            const end = Math.min(list.length, start + 1 + Math.abs(a - b));
            compact.summarize(start, end, summary);
            const walked = list.slice(start, end);
            expect(summary.min + 0).toBe(Math.min(...walked) + 0);
            expect(summary.max + 0).toBe(Math.max(...walked) + 0);
            const size = walked.reduce((sum, value) => sum + Math.abs(value), 0);
            expect(Math.abs(summary.sum - walked.reduce((sum, value) => sum + value, 0))).toBeLessThanOrEqual(
              size * 1e-12,
            );
          }
        },
      ),
    );
  });

  test('finds where a time would be', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        steps,
        fc.double({ min: -50, max: 4e5, noNaN: true }),
        (length, stepOf, after) => {
          const times = timesOf(length, stepOf, 1e6);
          const compact = new CompactTimes(times, length);
          for (const timeMs of [1e6 + after, times[length >> 1]!, times[length - 1]! + 0.5]) {
            const place = times.findIndex((time) => time >= timeMs);
            expect(compact.findStart(timeMs)).toBe(place === -1 ? length : place);
          }
        },
      ),
    );
  });

  test('takes two bytes a reading of decimals at a regular pace, and a sum without rounding', () => {
    const list = Float64Array.from({ length: 4096 }, (_, i) => (200 + (i % 90)) / 10);
    const compact = compactRun({ times: timesOf(4096, () => 1000, 0), values: list, length: 4096 })!;
    expect(compact.bytes).toBeLessThan(4096 * 2.5);
    const summary = { min: 0, max: 0, sum: 0 };
    compact.summarize(0, 4096, summary);
    const tenths = list.reduce((sum, value) => sum + Math.round(value * 10), 0);
    expect(summary.sum).toBe(tenths / 10);
  });

  test('keeps −0 and the infinities, and refuses NaN and text', () => {
    const times = timesOf(3, () => 1, 0);
    const odd = compactRun({ times, values: Float64Array.of(-0, Number.POSITIVE_INFINITY, 1), length: 3 })!;
    expect([0, 1, 2].map((i) => odd.valueAt(i))).toEqual([-0, Number.POSITIVE_INFINITY, 1]);
    expect(compactRun({ times, values: Float64Array.of(1, Number.NaN, 1), length: 3 })).toBeNull();
    expect(compactRun({ times, values: null, length: 3 })).toBeNull();
  });
});
