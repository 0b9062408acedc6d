import { expect, test } from 'vitest';
import { writeForPeople } from './log.ts';

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
