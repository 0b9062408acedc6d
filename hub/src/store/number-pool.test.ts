import { expect, test } from 'vitest';
import { NumberPool } from './number-pool.ts';

test('gives again what came back, where it has room enough, and else something new', () => {
  const pool = new NumberPool(1 << 20);
  const first = pool.take(100);
  expect(first.length).toBe(128);
  pool.give(first);
  expect(pool.take(129)).not.toBe(first);
  expect(pool.take(65)).toBe(first);
  expect(pool.take(128)).not.toBe(first);
});

test('keeps no more than it may', () => {
  const pool = new NumberPool(2_048);
  const arrays = [pool.take(128), pool.take(128), pool.take(128)];
  for (const array of arrays) pool.give(array);
  const again = [pool.take(128), pool.take(128), pool.take(128)];
  expect(arrays.filter((array) => again.includes(array))).toHaveLength(2);
});

test('has room for whatever is asked, also for nothing', () => {
  const pool = new NumberPool(0);
  for (const need of [0, 1, 2, 3, 16, 17, 8_192, 8_193]) expect(pool.take(need).length).toBeGreaterThanOrEqual(need);
});
