import { describe, expect, it } from 'vitest';
import { bucketsPerRange } from './time-range.ts';
import {
  clampWindow,
  makeWindowRange,
  panWindow,
  readWindow,
  spanMsMax,
  spanMsMin,
  zoomWindow,
} from './time-window.ts';

const nowMs = 1_760_000_000_000;
const hour = { fromMs: nowMs - 7_200_000, toMs: nowMs - 3_600_000 };

describe('zooming', () => {
  it('keeps what is under the pointer where it is', () => {
    const aroundMs = hour.fromMs + 900_000;
    const zoomed = zoomWindow(hour, { aroundMs, factor: 0.5, nowMs });
    expect(zoomed.toMs - zoomed.fromMs).toBe(1_800_000);
    expect((aroundMs - zoomed.fromMs) / 1_800_000).toBeCloseTo(0.25, 5);
  });
  it('ends at a second and at forty years, and never behind the present', () => {
    const tiny = zoomWindow(hour, { aroundMs: hour.fromMs, factor: 1e-9, nowMs });
    expect(tiny.toMs - tiny.fromMs).toBe(spanMsMin);
    const huge = zoomWindow(hour, { aroundMs: hour.toMs, factor: 1e9, nowMs });
    expect(huge.toMs - huge.fromMs).toBe(spanMsMax);
    expect(huge.toMs).toBeLessThanOrEqual(nowMs);
  });
});

describe('panning', () => {
  it('keeps the span and stops at the present', () => {
    expect(panWindow(hour, -60_000, nowMs)).toEqual({ fromMs: hour.fromMs - 60_000, toMs: hour.toMs - 60_000 });
    expect(panWindow(hour, 9e9, nowMs)).toEqual({ fromMs: nowMs - 3_600_000, toMs: nowMs });
  });
});

describe('windows', () => {
  it('are whole milliseconds', () => {
    const { fromMs, toMs } = clampWindow({ fromMs: nowMs - 5_000.4, toMs: nowMs - 0.7 }, nowMs);
    expect([Number.isInteger(fromMs), Number.isInteger(toMs)]).toEqual([true, true]);
  });
  it.each([1_000, 61_234, 3_600_000, 86_400_000 * 9, 86_400_000 * 400])(
    'of %i ms fit the buckets of a chart',
    (spanMs) => {
      const { bucketMs } = makeWindowRange({ fromMs: nowMs - spanMs, toMs: nowMs });
      expect(Number.isInteger(bucketMs)).toBe(true);
      expect(spanMs / bucketMs).toBeLessThanOrEqual(bucketsPerRange);
      expect(spanMs / bucketMs).toBeGreaterThan(bucketsPerRange / 4);
    },
  );
  it.each([
    ['1', undefined],
    ['5', '2'],
    ['x', '9000'],
    ['0', '500'],
    ['-5', '9000'],
    ['0', '99999999999999999999'],
  ])('are not read from %s…%s', (from, to) => {
    expect(readWindow(from, to)).toBeNull();
  });
});
