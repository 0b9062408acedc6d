import { describe, expect, it } from 'vitest';
import { groupSeries, labelSeries } from './explore-groups.ts';

const series = ['temp', 'load', 'hum', 'rx'].map((metric) => ({ device: 'pi', metric }));
const known = [
  { deviceName: 'd', unit: '°C', isCounter: false },
  { deviceName: 'd', unit: '', isCounter: false },
  { deviceName: 'd', unit: '%', isCounter: false },
  { deviceName: 'd', unit: 'B', isCounter: true },
];

describe('series on charts', () => {
  it('share a chart by pairs of units, the first on the left', () => {
    const groups = groupSeries({ series, layout: 'one', aggregate: 'mean' }, (place) => known[place]);
    expect(groups.map(({ units, lines }) => [units, lines.map(({ place, axis }) => `${place} ${axis}`)])).toEqual([
      [{ left: '°C', right: '' }, ['0 left', '1 right']],
      [{ left: '%', right: 'B/s' }, ['2 left', '3 right']],
    ]);
    expect(groups[1]!.lines[1]).toMatchObject({ colour: 4, label: 'rx' });
  });

  it('have a chart each in small multiples, in the same colours', () => {
    const groups = groupSeries({ series, layout: 'each', aggregate: 'last' }, (place) => known[place]);
    expect(groups.map(({ units, lines }) => [units.left, lines[0]!.colour])).toEqual([
      ['°C', 1],
      ['', 2],
      ['%', 3],
      ['B', 4],
    ]);
  });

  it('with one unit have one axis; unknown ones are drawn all the same', () => {
    expect(
      groupSeries({ series: series.slice(0, 2), layout: 'one', aggregate: 'mean' }, () => undefined),
    ).toMatchObject([{ units: { left: '', right: '' }, lines: [{ axis: 'left' }, { axis: 'left' }] }]);
    expect(groupSeries({ series: [], layout: 'one', aggregate: 'mean' }, () => undefined)).toEqual([]);
  });

  it('are called by what tells them apart', () => {
    expect(labelSeries(series).slice(0, 2)).toEqual(['temp', 'load']);
    expect(labelSeries([series[0]!, { device: 'esp', metric: 'temp' }])).toEqual(['pi', 'esp']);
    expect(labelSeries([series[0]!])).toEqual(['pi · temp']);
    expect(labelSeries([series[0]!], () => 'Attic')).toEqual(['Attic · temp']);
    expect(labelSeries([series[0]!, { device: 'esp', metric: 'x' }])).toEqual(['pi · temp', 'esp · x']);
  });
});
