import { describe, expect, it, test } from 'vitest';
import { ChartColumns, settleRange } from './chart-columns.ts';
import { makeRateUnit, rateSecondsOf } from './chart-groups.ts';
import { SeriesBuffer } from './series-buffer.ts';

function fillBuffer(readings: readonly (readonly [number, number])[], edgeMs = 60_000): SeriesBuffer {
  const buffer = new SeriesBuffer(1000, 60);
  buffer.advanceTo(edgeMs);
  for (const [timeMs, value] of readings) buffer.add(timeMs, value);
  return buffer;
}

describe('ChartColumns', () => {
  it('joins the buckets of a group on one rising x, with NaN where a series has none', () => {
    const columns = new ChartColumns(2);
    columns.fill(
      [
        fillBuffer([
          [10_000, 1],
          [10_900, 3],
          [12_000, 5],
        ]),
        fillBuffer([
          [11_000, 7],
          [12_000, 9],
        ]),
      ],
      { isRate: false },
    );
    expect([...columns.times]).toEqual([10_500, 11_500, 12_500]);
    expect([...columns.series[0]!.mean]).toEqual([2, Number.NaN, 5]);
    expect([...columns.series[0]!.max]).toEqual([3, Number.NaN, 5]);
    expect([...columns.series[1]!.mean]).toEqual([Number.NaN, 7, 9]);
    expect([columns.low, columns.high]).toEqual([1, 9]);
  });

  it('leaves out what lies behind the edge, and is empty where a series has no buffer', () => {
    const columns = new ChartColumns(2);
    columns.fill([null, fillBuffer([10_000, 11_000, 12_000].map((timeMs) => [timeMs, 1] as const))], {
      isRate: false,
      toMs: 11_500,
    });
    expect([...columns.times]).toEqual([10_500, 11_500]);
    expect([columns.findLast(0), columns.findLast(1), columns.findNear(1, 0)]).toEqual([-1, 1, 0]);
    columns.fill([null, null], { isRate: false });
    expect(columns.times.length).toBe(0);
  });

  it('calls three missed readings a gap, in the rhythm of the series itself', () => {
    const columns = new ChartColumns(1);
    const slow = Array.from({ length: 10 }, (_, i) => [i * 5_000 + 500, i] as const);
    columns.fill([fillBuffer(slow)], { isRate: false });
    expect(columns.series[0]!.gapMs).toBe(15_000);
  });

  it('draws a counter as what it grows by per second, over a restart from zero too', () => {
    const columns = new ChartColumns(1);
    const readings = Array.from(
      { length: 40 },
      (_, s) => [(s + 10) * 1000 + 300, s < 30 ? 5_000 + s * 20 : (s - 29) * 20] as const,
    );
    columns.fill([fillBuffer(readings)], { isRate: true });
    const rates = [...columns.series[0]!.mean];
    expect(rates).toHaveLength(40);
    expect(rates[0]).toBeNaN();
    for (const rate of rates.slice(1)) expect(rate).toBeCloseTo(20, 6);
    // As many kWh in an hour are so many kW.
    columns.fill([fillBuffer(readings)], { isRate: true, rateSeconds: rateSecondsOf(makeRateUnit('kWh')) });
    expect(columns.series[0]!.mean[20]).toBeCloseTo(72_000, 6);
  });
});

test.each([
  ['kWh', 'kW', 3_600],
  ['Wh', 'W', 3_600],
  ['m³', 'm³/h', 3_600],
  ['Ah', 'A', 3_600],
  ['B', 'B/s', 1],
  ['', '1/s', 1],
  ['W', 'W/s', 1],
])('what is counted in %j grows in %s', (unit, rateUnit, seconds) => {
  expect(makeRateUnit(unit)).toBe(rateUnit);
  expect(rateSecondsOf(rateUnit)).toBe(seconds);
});

describe('settleRange', () => {
  it('holds the data on round figures', () => {
    const [low, high] = settleRange(null, { low: 21.3, high: 24.9, unit: 'V' });
    expect(low).toBeLessThanOrEqual(21.3);
    expect(high).toBeGreaterThanOrEqual(24.9);
    expect(high - low).toBeLessThan(8);
  });

  it('draws nothing but zero on a plain scale, and no percentage above a hundred', () => {
    expect(settleRange(null, { low: 0, high: 0, unit: 'B/s' })).toEqual([0, 1]);
    expect(settleRange(null, { low: 1, high: 100, unit: '%' })).toEqual([0, 100]);
  });

  it('stays where it is while the data fits it well', () => {
    const before: [number, number] = [20, 30];
    expect(settleRange(before, { low: 21, high: 29, unit: 'V' })).toEqual([20, 30]);
    expect(settleRange(before, { low: 21, high: 33, unit: 'V' })[1]).toBeGreaterThan(30);
    expect(settleRange(before, { low: 25, high: 25.5, unit: 'V' })[1]).toBeLessThan(30);
  });

  it('leaves no room above the whole', () => {
    expect(settleRange(null, { low: 3, high: 99, unit: '%' })).toEqual([0, 100]);
    expect(settleRange(null, { low: 3, high: 240, unit: '%' })[1]).toBeGreaterThan(240);
  });

  it('starts at zero what comes near zero, and survives having nothing', () => {
    expect(settleRange(null, { low: 2, high: 90, unit: 'V' })[0]).toBe(0);
    expect(settleRange(null, { low: 5, high: 5, unit: 'V' })[0]).toBeLessThan(5);
    expect(settleRange(null, { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY, unit: 'V' })).toEqual([
      0, 1,
    ]);
  });
});
