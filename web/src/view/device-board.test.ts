/** When a board fetches, and what it shows meanwhile: with a hand-made page, time as numbers. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { DeviceRecord } from '../core/feed-state.ts';
import { PageClock } from '../core/page-clock.ts';
import { findRange } from '../core/time-range.ts';
import type { HistoryRequest } from '../edge/hub-client.ts';
import type { App } from './app-context.ts';
import { DeviceBoard } from './device-board.ts';
import { TimeStage } from './time-stage.ts';

const range = findRange('5m');
const startMs = 1_700_000_000_000;

interface Asked {
  readonly request: HistoryRequest;
  readonly signal: AbortSignal;
  answer(): Promise<void>;
}

/** As much of a page as a board needs. */
class Bench {
  nowMs = startMs;
  readonly clock = new PageClock(() => this.nowMs);
  readonly asked: Asked[] = [];
  readonly painters = new Set<(nowHubMs: number) => void>();
  readonly app = {
    clock: this.clock,
    nowHubMs: () => this.nowMs,
    addPainter: (paint: (nowHubMs: number) => void) => {
      this.painters.add(paint);
      return () => this.painters.delete(paint);
    },
    addObserver: () => () => undefined,
    model: { link: { peek: () => ({ kind: 'live' }) } },
    hub: {
      readTimes: async () => [],
      readHistory: (request: HistoryRequest, signal: AbortSignal) =>
        new Promise((fulfil, reject) => {
          const { fromMs, toMs, buckets } = request;
          const empty = Float64Array.from({ length: buckets }, () => 1);
          const one = { metric: 0, count: empty, min: empty, max: empty, mean: empty, first: empty, last: empty };
          const reply = { fromMs, toMs, bucketMs: (toMs - fromMs) / buckets, through: [], series: [one] };
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          this.asked.push({ request, signal, answer: async () => settle(() => fulfil(reply)) });
        }),
    },
  } as unknown as App;
  readonly device = {
    id: 'a',
    clockOffsetMs: 0,
    table: [0],
    metrics: [
      { index: 0, name: 'x', unit: '', kind: 'gauge', shape: { decimals: 0 }, latestMs: Number.NaN, latest: 0 },
    ],
  } as unknown as DeviceRecord;
  readonly stage = new TimeStage(range, {
    clock: this.clock,
    addPainter: this.app.addPainter,
    nowHubMs: () => this.nowMs,
    stageOnWindow: (window) => this.stage.setView(range, window),
  });
  readonly board = new DeviceBoard(this.app, this.device, {
    stage: this.stage,
    metrics: null,
    isIntroduced: () => true,
  });

  constructor() {
    this.board.run();
    this.stage.run();
  }

  frame(stepMs = 16): void {
    this.nowMs += stepMs;
    for (const paint of this.painters) paint(this.nowMs);
  }
}

/** Lets promises that are due run. */
async function settle(act: () => void): Promise<void> {
  act();
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe('a board', () => {
  it('asks once for a live range, and for nothing more while live goes on', async () => {
    for (let i = 0; i < 10; i++) bench.frame();
    expect(bench.asked).toHaveLength(1);
    const { fromMs, toMs } = bench.asked[0]!.request;
    expect(fromMs).toBeLessThanOrEqual(bench.nowMs - range.spanMs);
    expect(toMs).toBeGreaterThan(bench.nowMs);
    await bench.asked[0]!.answer();
    for (let i = 0; i < 500; i++) bench.frame(1_000);
    expect(bench.asked).toHaveLength(1);
    expect(bench.board.timeline.state).toBe('joined');
  });

  it('shows what it has until what was zoomed to is there, and forgets a request that nobody waits for', async () => {
    bench.frame();
    await bench.asked[0]!.answer();
    const shown = bench.board.timeline;
    bench.stage.settle({ fromMs: startMs - 60_000, toMs: startMs - 30_000 });
    bench.frame();
    bench.stage.settle({ fromMs: startMs - 50_000, toMs: startMs - 40_000 });
    bench.frame();
    await settle(() => undefined);
    bench.frame();
    expect(bench.asked.slice(1).map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(bench.board.timeline).toBe(shown);
    await bench.asked[2]!.answer();
    expect(bench.board.timeline).not.toBe(shown);
    expect(bench.board.timeline.range.bucketMs).toBe(20);
  });

  it('follows a finger with what it has, and asks when the finger is gone', async () => {
    bench.frame();
    await bench.asked[0]!.answer();
    for (let i = 1; i <= 20; i++) {
      bench.stage.move({ fromMs: startMs - range.spanMs - i * 1_000, toMs: startMs - i * 1_000 });
      bench.frame();
    }
    expect(bench.asked).toHaveLength(1);
    bench.stage.settle();
    bench.frame();
    expect(bench.asked).toHaveLength(2);
    expect(bench.stage.window).toEqual({ fromMs: startMs - range.spanMs - 20_000, toMs: startMs - 20_000 });
  });

  it('fetches ahead of a past that plays on, one request at a time, and anew after a leap', async () => {
    bench.frame();
    await bench.asked[0]!.answer();
    bench.clock.rewind(startMs - 3_600_000, 10);
    bench.frame();
    expect(bench.asked).toHaveLength(2);
    await bench.asked[1]!.answer();
    const first = bench.asked[1]!.request;
    expect(first.toMs).toBeGreaterThan(bench.clock.nowMs() + 100_000);
    const { length } = bench.asked;
    for (let i = 0; i < 100; i++) bench.frame(100);
    expect(bench.asked).toHaveLength(length + 1);
    const next = bench.asked.at(-1)!;
    expect(next.request.fromMs).toBeGreaterThan(first.fromMs);
    expect(next.request.fromMs).toBeLessThan(first.toMs);
    await next.answer();
    bench.frame();
    expect(bench.board.timeline.buffers[0]!.endBucket * 500).toBeGreaterThan(bench.clock.nowMs());
    bench.clock.rewind(startMs - 7_200_000);
    bench.frame();
    expect(bench.asked.at(-1)!.request.toMs).toBeLessThan(first.fromMs);
    await bench.asked.at(-1)!.answer();
    bench.clock.goLive();
    bench.frame();
    expect(bench.asked.at(-1)!.request.toMs).toBeGreaterThan(startMs);
  });

  it('tries again when the hub did not answer, but not at once', async () => {
    bench.frame();
    await settle(() => bench.asked[0]!.signal.dispatchEvent(new Event('abort')));
    expect(bench.board.historyState.value).toBe('failed');
    for (let i = 0; i < 49; i++) bench.frame(100);
    expect(bench.asked).toHaveLength(1);
    bench.frame(200);
    expect(bench.asked).toHaveLength(2);
  });
});
