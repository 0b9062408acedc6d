import { expect, test } from 'vitest';
import { CompactTimes, compactRun } from './compact-run.ts';
import { RunCache } from './run-cache.ts';

const rows = 1000;
const times = Float64Array.from({ length: rows }, (_, i) => i * 1000);
const run = compactRun({ times, values: new Float64Array(rows).fill(1.5), length: rows })!;
const keepAll = (cache: RunCache, ids: readonly number[]) => {
  for (const id of ids) if (cache.findRun(id, 10) === null) cache.keepRun(id, 10, run);
};
const kept = (cache: RunCache, ids: readonly number[]) => ids.filter((id) => cache.findRun(id, 10) !== null);

test('the least recently used goes first, and the bytes stay within the bound', () => {
  const cache = new RunCache(run.bytes * 3);
  for (const id of [1, 2, 3]) {
    cache.beginQuery();
    cache.keepRun(id, 10, run);
  }
  cache.beginQuery();
  expect(cache.findRun(1, 10)).toBe(run);
  cache.beginQuery();
  cache.keepRun(4, 10, run);
  cache.beginQuery();
  expect(kept(cache, [1, 2, 3, 4])).toEqual([1, 3, 4]);
  expect(cache.bytes).toBe(run.bytes * 3);
});

test('a query over more than fits finds again what fitted', () => {
  const cache = new RunCache(run.bytes * 3);
  const ids = [1, 2, 3, 4, 5, 6];
  for (let i = 0; i < 3; i++) {
    cache.beginQuery();
    keepAll(cache, ids);
  }
  cache.beginQuery();
  expect(kept(cache, ids)).toEqual([1, 2, 3]);
});

test('what retention took the bytes of is another column', () => {
  const cache = new RunCache();
  cache.keepRun(1, 10, run);
  expect(cache.findRun(1, 0)).toBeNull();
  cache.keepRun(1, 12, run);
  expect(cache.findRun(1, 10)).toBeNull();
  expect(cache.findRun(1, 12)).toBe(run);
  expect(cache.bytes).toBe(run.bytes);
});

test('times of a block are not its columns', () => {
  const cache = new RunCache();
  const shared = new CompactTimes(times, rows);
  cache.keepTimes(7, shared);
  expect(cache.findTimes(7)).toBe(shared);
  expect(cache.findTimes(8)).toBeNull();
  expect(cache.findRun(7, 0)).toBeNull();
});
