import { expect, test } from 'vitest';
import { SignInThrottle } from './sign-in-throttle.ts';

test('the first failures are free, then the wait doubles up to a quarter of an hour', () => {
  const throttle = new SignInThrottle();
  const waits = Array.from({ length: 20 }, () => throttle.noteFailure('a', 0));
  expect(waits.slice(0, 8)).toEqual([0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000]);
  expect(waits.at(-1)).toBe(900_000);
  expect(throttle.waitMs('a', 1_000)).toBe(899_000);
  expect(throttle.waitMs('b', 1_000)).toBe(0);
  throttle.noteSuccess('a');
  expect(throttle.waitMs('a', 1_000)).toBe(0);
});

test('a flood of addresses costs bounded memory and forgets the oldest first', () => {
  const throttle = new SignInThrottle();
  for (let i = 0; i < 10_000; i++) for (let n = 0; n < 5; n++) throttle.noteFailure(`a${i}`, 0);
  throttle.noteFailure('one more', 0);
  expect(throttle.waitMs('a0', 0)).toBe(0);
  expect(throttle.waitMs('a9999', 0)).toBe(1_000);
});
