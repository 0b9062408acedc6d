/** The ring against a naive model that keeps every reading in a list. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeriesBuffer } from './series-buffer.ts';

interface Reading {
  readonly timeMs: number;
  readonly value: number;
}

/** What a bucket should hold, from the plain list. */
function modelBucket(readings: readonly Reading[], bucketMs: number, bucket: number) {
  const inside = readings.filter(({ timeMs }) => Math.floor(timeMs / bucketMs) === bucket);
  const finite = inside.filter(({ value }) => Number.isFinite(value));
  const values = finite.map(({ value }) => value);
  let first: Reading | undefined;
  let last: Reading | undefined;
  for (const reading of finite) {
    if (first === undefined || reading.timeMs < first.timeMs) first = reading;
    if (last === undefined || reading.timeMs >= last.timeMs) last = reading;
  }
  return { count: inside.length, finite: finite.length, values, first, last };
}

function expectSameAsModel(buffer: SeriesBuffer, accepted: readonly Reading[]): void {
  for (let bucket = buffer.endBucket - buffer.size + 1; bucket <= buffer.endBucket; bucket++) {
    const model = modelBucket(accepted, buffer.bucketMs, bucket);
    const slot = buffer.slotOf(bucket);
    expect(buffer.count[slot]).toBe(model.count);
    expect(buffer.finite[slot]).toBe(model.finite);
    if (model.finite === 0) continue;
    expect(buffer.min[slot]).toBe(Math.min(...model.values));
    expect(buffer.max[slot]).toBe(Math.max(...model.values));
    expect(buffer.sum[slot]).toBeCloseTo(
      model.values.reduce((sum, value) => sum + value, 0),
      6,
    );
    expect(buffer.first[slot]).toBe(model.first?.value);
    expect(buffer.last[slot]).toBe(model.last?.value);
    expect(buffer.lastMs[slot]).toBe(model.last?.timeMs);
  }
}

const value = fc.oneof(
  fc.integer({ min: -50, max: 50 }),
  fc.constant(Number.NaN),
  fc.constant(Number.POSITIVE_INFINITY),
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('add' as const), timeMs: fc.integer({ min: -2_000, max: 9_000 }), value }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), edgeMs: fc.integer({ min: 0, max: 9_000 }) }),
  },
);

describe('SeriesBuffer', () => {
  it('holds exactly the readings of its window, in whatever order they and the window come', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const buffer = new SeriesBuffer(100, 20);
        buffer.advanceTo(0);
        let accepted: Reading[] = [];
        for (const one of steps) {
          if (one.kind === 'advance') {
            buffer.advanceTo(one.edgeMs);
            const oldest = buffer.endBucket - buffer.size + 1;
            accepted = accepted.filter(({ timeMs }) => Math.floor(timeMs / 100) >= oldest);
          } else {
            const bucket = Math.floor(one.timeMs / 100);
            const isInside = bucket <= buffer.endBucket && bucket > buffer.endBucket - buffer.size;
            expect(buffer.add(one.timeMs, one.value)).toBe(isInside);
            if (isInside) accepted.push(one);
          }
        }
        expectSameAsModel(buffer, accepted);
        expect(buffer.countAll()).toBe(accepted.length);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps readings with the same time apart by their count', () => {
    const buffer = new SeriesBuffer(1000, 10);
    buffer.advanceTo(5_000);
    for (const one of [1, 2, 3]) buffer.add(4_200, one);
    expect(buffer.countAll()).toBe(3);
    expect(buffer.last[buffer.slotOf(4)]).toBe(3);
  });

  it('does not let a device with a clock far ahead wipe out its window', () => {
    const buffer = new SeriesBuffer(1000, 10);
    buffer.advanceTo(5_000);
    buffer.add(4_000, 7);
    expect(buffer.add(31_536_000_000, 8)).toBe(false);
    expect(buffer.outside).toBe(1);
    expect(buffer.findExtent()).toEqual({ min: 7, max: 7 });
  });

  it('starts a reused slot from nothing', () => {
    const buffer = new SeriesBuffer(1000, 10);
    for (let second = 0; second < 100; second++) {
      buffer.advanceTo(second * 1000);
      buffer.add(second * 1000, 4);
    }
    for (let bucket = 92; bucket < 100; bucket++) expect(buffer.sum[buffer.slotOf(bucket)]).toBe(4);
  });

  it('never moves its window back', () => {
    const buffer = new SeriesBuffer(1000, 10);
    buffer.advanceTo(50_000);
    const end = buffer.endBucket;
    buffer.advanceTo(10_000);
    expect(buffer.endBucket).toBe(end);
  });

  it('takes a history answer in the place of what it held, and live readings on top of it', () => {
    const buffer = new SeriesBuffer(1000, 10);
    buffer.advanceTo(5_000);
    buffer.add(3_100, 99);
    buffer.replace(3_000, {
      count: [2, 0, 1],
      min: [1, null, 5],
      max: [3, null, 5],
      mean: [2, null, 5],
      first: [1, null, 5],
      last: [3, null, 5],
    });
    buffer.add(5_900, 7);
    expect(buffer.countAll()).toBe(4);
    const slot = buffer.slotOf(5);
    expect([buffer.min[slot], buffer.max[slot], buffer.sum[slot], buffer.last[slot]]).toEqual([5, 7, 12, 7]);
  });

  it('puts first and last at their own times once these are known', () => {
    const buffer = new SeriesBuffer(1000, 10);
    buffer.advanceTo(5_000);
    const one = [1];
    buffer.replace(4_000, { count: one, min: one, max: one, mean: one, first: one, last: one });
    expect(buffer.lastMs[buffer.slotOf(4)]).toBe(4_500);
    buffer.refineTimes([4_930, 99_000, 2_000]);
    expect(buffer.lastMs[buffer.slotOf(4)]).toBe(4_930);
    expect(buffer.countAll()).toBe(1);
  });
});
