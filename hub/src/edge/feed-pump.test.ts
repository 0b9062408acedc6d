import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LiveFeed } from '../core/live-feed.ts';
import { FeedPump, flushMsMin } from './feed-pump.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function makePump(isAnyBehind: boolean): { pump: FeedPump; flushesMs: number[] } {
  const pump = new FeedPump();
  const flushesMs: number[] = [];
  const flush = (): boolean => {
    flushesMs.push(performance.now());
    return isAnyBehind;
  };
  pump.attach({ flush } as unknown as LiveFeed);
  return { pump, flushesMs };
}

test('news wait at most flushMsMin though somebody is behind', () => {
  const { pump, flushesMs } = makePump(true);
  pump.request();
  vi.advanceTimersByTime(flushMsMin);
  expect(flushesMs).toHaveLength(1);
  pump.request();
  vi.advanceTimersByTime(flushMsMin);
  expect(flushesMs).toHaveLength(2);
});

test('who is behind is looked after though no news come; nobody behind, nothing to do', () => {
  const behind = makePump(true);
  behind.pump.request();
  vi.advanceTimersByTime(200);
  expect(behind.flushesMs.length).toBeGreaterThanOrEqual(3);
  behind.pump.stop();
  const calm = makePump(false);
  calm.pump.request();
  vi.advanceTimersByTime(200);
  expect(calm.flushesMs).toHaveLength(1);
});
