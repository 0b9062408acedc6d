import { describe, expect, it } from 'vitest';
import {
  type ExploreState,
  exploreSeriesMax,
  readExplore,
  shiftOf,
  toggleSeries,
  writeExplore,
} from './explore-state.ts';

const series = (device: string, metric: string) => ({ device, metric });
const full: ExploreState = {
  series: [series('boiler', 'temp'), series('a:b', 'cpu/core 0, user&x=1%')],
  layout: 'each',
  aggregate: 'max',
  compare: 'week',
};

describe('the state of Explore in its address', () => {
  it('is all of it, also names with commas, slashes and the like', () => {
    const text = writeExplore(full);
    expect(text).not.toMatch(/[ %]x|&x/);
    expect(readExplore(text)).toEqual(full);
    expect(writeExplore(readExplore(text))).toBe(text);
  });

  it('says nothing of what is usual', () => {
    expect(writeExplore(readExplore(''))).toBe('');
    expect(readExplore('')).toMatchObject({
      series: [],
      layout: 'one',
      aggregate: 'mean',
      compare: 'none',
    });
  });

  it('leaves out what is spelt wrongly', () => {
    const odd = readExplore('s=,boiler,/x,boiler/,boiler/temp,boiler/temp,%/y&draw=median&compare=year&layout=z');
    expect(odd.series).toEqual([series('boiler', 'temp'), series('%', 'y')]);
    expect(odd).toMatchObject({ layout: 'one', aggregate: 'mean', compare: 'none' });
    const many = Array.from({ length: 100 }, (_, i) => `d/${i}`).join(',');
    expect(readExplore(`s=${many}`).series).toHaveLength(exploreSeriesMax);
  });

  it('a series is added once, and taken away again', () => {
    const one = toggleSeries([], series('a', 'b'));
    expect(toggleSeries(one, series('a', 'c'))).toHaveLength(2);
    expect(toggleSeries(one, series('a', 'b'))).toEqual([]);
    expect(shiftOf('week')).toBe(7 * shiftOf('day'));
  });
});
