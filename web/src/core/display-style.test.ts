import { afterEach, describe, expect, it } from 'vitest';
import { makeTimeFormat, plainStyle, readDay, readZoneOffset, setDisplayStyle } from './display-style.ts';
import { formatTicks, formatValue } from './number-format.ts';
import { findUnitChange } from './preferences.ts';

afterEach(() => setDisplayStyle(plainStyle));

const winter = Date.UTC(2026, 0, 15, 22, 30);
const summer = Date.UTC(2026, 6, 15, 22, 30);

describe('times as chosen', () => {
  it('in a zone, with its summer time, and on a clock of twelve or twenty-four hours', () => {
    const clock = makeTimeFormat({ hour: '2-digit', minute: '2-digit' });
    setDisplayStyle({ ...plainStyle, zone: 'Europe/Zurich' });
    expect(clock.format(winter)).toBe('23:30');
    expect(clock.format(summer)).toBe('00:30');
    expect([readZoneOffset(winter), readZoneOffset(summer)]).toEqual([3_600_000, 7_200_000]);
    setDisplayStyle({ ...plainStyle, zone: 'UTC', clock: '12' });
    expect(clock.format(winter)).toMatch(/^10:30\sPM$/);
    expect(readZoneOffset(summer)).toBe(0);
    setDisplayStyle({ ...plainStyle, zone: 'Asia/Kathmandu' });
    expect(readZoneOffset(winter)).toBe(5.75 * 3_600_000);
  });

  it('a day is the zone’s', () => {
    setDisplayStyle({ ...plainStyle, zone: 'Europe/Zurich' });
    expect(readDay(summer) - readDay(summer - 3_600_000)).toBe(1);
    setDisplayStyle({ ...plainStyle, zone: 'UTC' });
    expect(readDay(summer)).toBe(readDay(summer - 3_600_000));
  });
});

describe('units as chosen', () => {
  const choose = (units: Record<string, string>) =>
    setDisplayStyle({ ...plainStyle, unitFor: (unit) => findUnitChange(unit, units) });

  it('values with as many decimals as they were measured with', () => {
    choose({ temperature: '°F', pressure: 'bar' });
    expect(formatValue(21.5, '°C', { decimals: 1 })).toEqual({ text: '70.7', unit: '°F' });
    expect(formatValue(1013.2, 'hPa', { decimals: 1 })).toEqual({ text: '1.0132', unit: 'bar' });
    expect(formatValue(50, '%', { decimals: 0 })).toEqual({ text: '50', unit: '%' });
    choose({ pressure: 'Pa' });
    expect(formatValue(1013.2, 'hPa', { decimals: 1 }).text.replace(/\s/g, '')).toBe('101320');
  });

  it('labels of an axis too', () => {
    choose({ temperature: '°F' });
    expect(formatTicks([20, 25, 30], '°C')).toEqual(['68', '77', '86']);
    setDisplayStyle(plainStyle);
    expect(formatTicks([20, 25, 30], '°C')).toEqual(['20', '25', '30']);
  });
});
