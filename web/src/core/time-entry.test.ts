import { describe, expect, it } from 'vitest';
import { plainStyle, setDisplayStyle } from './display-style.ts';
import { checkEntry, readLocalTime, writeLocalTime } from './time-entry.ts';

const nowMs = new Date(2026, 10, 23, 12, 0, 0).getTime();

function check(from: string, to: string) {
  const result = checkEntry({ from, to }, nowMs);
  return result.ok ? result.window : `${result.field}: ${result.text}`;
}

describe('local times', () => {
  it('are read back as they were written', () => {
    for (const timeMs of [0, nowMs, new Date(2014, 3, 3, 4, 5, 6).getTime()]) {
      expect(readLocalTime(writeLocalTime(timeMs))).toBe(timeMs);
    }
    expect(readLocalTime('2014-04-03T14:05')).toBe(new Date(2014, 3, 3, 14, 5).getTime());
    expect(readLocalTime(' 2014-04-03 14:05 ')).toBe(new Date(2014, 3, 3, 14, 5).getTime());
  });
  it('are those of the zone chosen, summer and winter', () => {
    setDisplayStyle({ ...plainStyle, zone: 'Asia/Kathmandu' });
    expect(readLocalTime('2026-07-01T05:45:10')).toBe(Date.UTC(2026, 6, 1, 0, 0, 10));
    expect(writeLocalTime(Date.UTC(2026, 6, 1, 0, 0, 10))).toBe('2026-07-01T05:45:10');
    setDisplayStyle({ ...plainStyle, zone: 'Europe/Berlin' });
    expect(readLocalTime('2026-07-01T02:00')).toBe(Date.UTC(2026, 6, 1));
    expect(readLocalTime('2026-10-25T12:00')).toBe(Date.UTC(2026, 9, 25, 11));
    setDisplayStyle(plainStyle);
  });
  it.each(['', 'yesterday', '2014-02-31T10:00', '2014-13-01T10:00', '2014-01-01T25:00', '2014-01-01', '20140101T1000'])(
    'refuse %j',
    (text) => expect(readLocalTime(text)).toBeNaN(),
  );
});

describe('a typed stretch', () => {
  it('is a window, up to now where its end is empty or still to come', () => {
    const fromMs = new Date(2014, 3, 3, 4, 0).getTime();
    expect(check('2014-04-03T04:00', '2014-04-03T06:00')).toEqual({ fromMs, toMs: fromMs + 7_200_000 });
    expect(check('2014-04-03T04:00', '')).toEqual({ fromMs, toMs: nowMs });
    expect(check('2014-04-03T04:00', '2030-01-01T00:00')).toEqual({ fromMs, toMs: nowMs });
  });
  it.each([
    ['', '2014-04-03T06:00', 'from: Say when'],
    ['1960-01-01T00:00', '', 'from: Nothing was'],
    ['2014-04-03T04:00', 'soon', 'to: Give a date'],
    ['2027-01-01T00:00', '', 'from: That is still'],
    ['2014-04-03T04:00', '2014-04-03T04:00', 'to: It must end'],
    ['1972-01-01T00:00', '', 'from: At most'],
  ])('from %j to %j is refused with the field and what to do', (from, to, text) => {
    expect(check(from, to)).toContain(text);
  });
});
