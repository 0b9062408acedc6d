import { describe, expect, it } from 'vitest';
import { findUnitChange, quantities } from './preferences.ts';

function show(value: number, from: string, chosen: Record<string, string>): string {
  const change = findUnitChange(from, chosen);
  return change === null
    ? `${value} ${from}`
    : `${Number((value * change.scale + change.offset).toFixed(6))} ${change.unit}`;
}

describe('units for display', () => {
  it.each([
    [100, '°C', 'temperature', '°F', '212 °F'],
    [-40, '°F', 'temperature', '°C', '-40 °C'],
    [0, 'K', 'temperature', '°C', '-273.15 °C'],
    [98.6, 'degF', 'temperature', 'K', '310.15 K'],
    [1013.25, 'hPa', 'pressure', 'Pa', '101325 Pa'],
    [1, 'bar', 'pressure', 'hPa', '1000 hPa'],
    [10, 'm/s', 'speed', 'km/h', '36 km/h'],
    [1, 'kn', 'speed', 'km/h', '1.852 km/h'],
    [3.6, 'MJ', 'energy', 'kWh', '1 kWh'],
  ])('%d %s, %s in %s, is %s', (...row) => {
    const [value, from, quantity, to, shown] = row;
    expect(show(value, from, { [quantity]: to })).toBe(shown);
  });

  it('leave alone what they do not know, and what is right already', () => {
    const chosen = { temperature: '°F', pressure: 'ell', other: 'x' };
    expect(findUnitChange('%', chosen)).toBeNull();
    expect(findUnitChange('hPa', chosen)).toBeNull();
    expect(findUnitChange('°F', chosen)).toBeNull();
    expect(findUnitChange('°C', {})).toBeNull();
  });

  it('name each unit once', () => {
    const spellings = quantities.flatMap(({ units }) => units.flatMap((one) => one.spellings));
    expect(new Set(spellings).size).toBe(spellings.length);
  });
});
