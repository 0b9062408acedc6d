import { expect, test } from 'vitest';
import { LogBudget, writeForPeople } from './log.ts';

test('a terminal gets a line that a person reads', () => {
  const line = {
    level: 40,
    time: '2026-11-22T14:02:11.123Z',
    fault: 'sequenceGap',
    device: 'pi-1',
    msg: 'got 9 where 7 comes next',
  };
  expect(writeForPeople(JSON.stringify(line))).toBe(
    '14:02:11 warn  got 9 where 7 comes next (fault sequenceGap, device pi-1)\n',
  );
});

test('so many lines a second and no more', () => {
  const budget = new LogBudget(2);
  expect([0, 1, 999, 1_000, 1_001, 1_002].map((ms) => budget.take(ms))).toEqual([true, true, false, true, true, false]);
});
