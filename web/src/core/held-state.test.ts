import { expect, test } from 'vitest';
import { type Holding, listHeld } from './held-state.ts';
import { SeriesBuffer } from './series-buffer.ts';

/** Readings by their time in buckets of 10 ms; the stretch is 0 to 1000. */
function write(readings: Record<number, number>, more: Partial<Holding> = {}): string[] {
  const buffer = new SeriesBuffer(10, 100);
  buffer.advanceTo(1_000);
  const times = Object.keys(readings).map(Number);
  for (const at of times) buffer.add(at, readings[at]!);
  const latestMs = times.at(-1) ?? Number.NaN;
  const holding = { fromMs: 0, edgeMs: 1_000, latest: readings[latestMs] ?? Number.NaN, latestMs };
  const held = listHeld(buffer, { ...holding, hereToMs: 1_000, links: [], ...more });
  return held.map(({ fromMs, toMs, low, high }) => `${fromMs}-${toMs} ${low === high ? low : 'both'}`);
}

test('a state said once is held until the next and until now', () => {
  expect(write({ 200: 1 })).toEqual(['200-210 1', '210-1000 1']);
  expect(write({ 200: 1, 500: 0 })).toEqual(['200-210 1', '210-500 1', '500-510 0', '510-1000 0']);
});

test('of a bucket with both, the last one is held', () => {
  expect(write({ 200: 1, 205: 0, 500: 1 })).toEqual(['200-210 both', '210-500 0', '500-510 1', '510-1000 1']);
});

test('it is not held while the device had no link, nor after it was here last; a sleeper would have woken', () => {
  const away = (state: 'offline' | 'hub-down' | 'asleep') => [{ fromMs: 400, toMs: 600, state }];
  for (const state of ['offline', 'hub-down'] as const)
    expect(write({ 200: 1 }, { links: away(state) })).toEqual(['200-210 1', '210-400 1', '600-1000 1']);
  expect(write({ 200: 1 }, { links: away('asleep') })).toEqual(['200-210 1', '210-1000 1']);
  expect(write({ 200: 1 }, { hereToMs: 700 })).toEqual(['200-210 1', '210-700 1']);
  expect(write({ 200: 1 }, { hereToMs: 100 })).toEqual(['200-210 1']);
});

test('what was said before the stretch fills it when nothing came since, and is not made up else', () => {
  expect(write({}, { latest: 1, latestMs: -50_000 })).toEqual(['0-1000 1']);
  expect(write({}, { latest: 0, latestMs: -50_000, hereToMs: 300 })).toEqual(['0-300 0']);
  expect(write({})).toEqual([]);
  // Newer than what is shown: of the stretch it says nothing.
  expect(write({}, { latest: 1, latestMs: 5_000 })).toEqual([]);
});
