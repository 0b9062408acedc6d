import { describe, expect, it } from 'vitest';
import { LineColumns, writeCsv } from './explore-columns.ts';
import type { Aggregate } from './explore-state.ts';
import { SeriesBuffer } from './series-buffer.ts';

function makeBuffer(readings: [number, number][]): SeriesBuffer {
  const buffer = new SeriesBuffer(1_000, 20, 0);
  buffer.advanceTo(19_999);
  for (const [timeMs, value] of readings) buffer.add(timeMs, value);
  return buffer;
}

const readings: [number, number][] = [
  [1_100, 4],
  [1_900, 8],
  [2_500, 2],
  [5_000, 5],
];

function draw(aggregate: Aggregate, isCounter = false): number[] {
  const line = new LineColumns();
  line.fill(makeBuffer(readings), { aggregate, isCounter, toMs: 19_999 });
  return [...line.drawn.mean];
}

describe('a line', () => {
  it('is the mean, lowest, highest or last of each bucket that has readings', () => {
    expect(draw('mean')).toEqual([6, 2, 5]);
    expect(draw('min')).toEqual([4, 2, 5]);
    expect(draw('max')).toEqual([8, 2, 5]);
    expect(draw('last')).toEqual([8, 2, 5]);
    expect(draw('last', true)).toEqual([8, 2, 5]);
  });

  it('as a rate may fall where the quantity may; a counter’s never does', () => {
    expect(draw('rate')).toEqual([Number.NaN, (2 - 8) / 0.6, 3 / 2.5]);
    expect(
      draw('rate', true)
        .slice(1)
        .every((rate) => rate >= 0),
    ).toBe(true);
    expect(draw('mean', true)).toEqual(draw('rate', true));
  });

  it('keeps the band of a mean, and knows its extent', () => {
    const line = new LineColumns();
    line.fill(makeBuffer(readings), { aggregate: 'mean', isCounter: false, toMs: 19_999 });
    expect([...line.drawn.min, ...line.drawn.max]).toEqual([4, 2, 5, 8, 2, 5]);
    expect([line.low, line.high]).toEqual([2, 8]);
    line.fill(null, { aggregate: 'last', isCounter: false, toMs: 19_999 });
    expect([line.times.length, line.low <= line.high]).toEqual([0, false]);
  });

  it('finds the row that is meant by a place under the crosshair', () => {
    const line = new LineColumns();
    line.fill(makeBuffer(readings), { aggregate: 'mean', isCounter: false, toMs: 19_999 });
    expect([1_000, 1_900, 2_200, 3_900, 9_000, 5_800].map((at) => line.findNear(at, 1_500))).toEqual([
      0, 0, 1, 1, -1, 2,
    ]);
  });
});

describe('CSV of what is seen', () => {
  it('has a row per time and a column per line, whatever a title holds', () => {
    const lines = [
      { title: 'a "b", c', times: Float64Array.of(1_000, 2_000), values: Float64Array.of(1.5, Number.NaN) },
      { title: '=SUM(A1)', times: Float64Array.of(2_000, 9_000), values: Float64Array.of(-0.1, 7) },
    ];
    expect(writeCsv(lines, 0, 5_000)).toBe(
      'time,"a ""b"", c",\'=SUM(A1)\r\n1970-01-01T00:00:01.000Z,1.5,\r\n1970-01-01T00:00:02.000Z,,-0.1\r\n',
    );
  });
});
