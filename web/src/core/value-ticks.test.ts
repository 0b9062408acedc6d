import { afterEach, expect, test } from 'vitest';
import { plainStyle, setDisplayStyle } from './display-style.ts';
import { formatTicks } from './number-format.ts';
import { findUnitChange } from './preferences.ts';
import { splitValues } from './value-ticks.ts';

afterEach(() => setDisplayStyle(plainStyle));

const label = (low: number, high: number, wanted: { step: number; unit: string }) =>
  formatTicks(splitValues(low, high, wanted), wanted.unit);

test('as measured, labels stand at multiples of the step, both ends included', () => {
  expect(label(19.2, 19.5, { step: 0.1, unit: '°C' })).toEqual(['19.2', '19.3', '19.4', '19.5']);
  expect(label(-10, 10, { step: 5, unit: 'V' })).toEqual(['−10', '−5', '0', '5', '10']);
});

test('in a chosen unit they are round in that unit, and no closer than asked for', () => {
  const units = { temperature: '°F' };
  setDisplayStyle({ ...plainStyle, unitFor: (unit) => findUnitChange(unit, units) });
  // 66.6 °F to 67.1 °F, at least 0.18 °F apart.
  expect(label(19.2, 19.5, { step: 0.1, unit: '°C' })).toEqual(['66.6', '66.8', '67.0']);
  expect(label(0, 40, { step: 10, unit: '°C' })).toEqual(['40', '60', '80', '100']);
  const splits = splitValues(0, 40, { step: 10, unit: '°C' });
  expect(splits[0]).toBeCloseTo(4.444, 3);
});
