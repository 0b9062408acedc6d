/** The seam between history and live: whatever the order of events, every reading is drawn once. */
import { BatchScratch, encodeMessage, makeNumberColumn, readBatch } from '@lapwing/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceTimeline, type HistoryAnswer } from './device-timeline.ts';
import {
  countAhead,
  countBuckets,
  findRange,
  makeAllRange,
  makeRange,
  planQuery,
  splitTime,
  timeRanges,
} from './time-range.ts';

const range = findRange('1m');
const nowMs = 1_700_000_000_000;
const stream = 5;

interface Sent {
  readonly seq: number;
  readonly times: readonly number[];
}

/** A batch of metric 0 as the feed brings it; the values are the sequence number. */
function readFrame(scratch: BatchScratch, batch: Sent): void {
  const frame = encodeMessage({
    type: 'batch',
    seq: batch.seq,
    ackNow: false,
    backfill: false,
    times: Float64Array.from(batch.times),
    columns: [
      makeNumberColumn(
        0,
        batch.times.map(() => batch.seq),
      ),
    ],
  });
  expect(readBatch(frame, scratch)).toBeNull();
}

/** The hub's answer from all batches up to `through`. */
function answerHistory(sent: readonly Sent[], through: number): HistoryAnswer {
  const { fromMs, toMs, buckets } = planQuery(range, nowMs);
  const held: number[][] = Array.from({ length: buckets }, () => []);
  for (const batch of sent) {
    if (batch.seq > through) continue;
    for (const timeMs of batch.times) held[Math.floor((timeMs - fromMs) / range.bucketMs)]?.push(batch.seq);
  }
  const each = (pick: (values: number[]) => number) =>
    held.map((values) => (values.length === 0 ? null : pick(values)));
  const series = {
    metric: 0,
    count: held.map((values) => values.length),
    min: each((values) => Math.min(...values)),
    max: each((values) => Math.max(...values)),
    mean: each((values) => values.reduce((sum, one) => sum + one, 0) / values.length),
    first: each((values) => values[0]!),
    last: each((values) => values.at(-1)!),
  };
  return { fromMs, toMs, bucketMs: range.bucketMs, through: [{ stream, seq: through }], series: [series] };
}

function makeTimeline(): DeviceTimeline {
  const timeline = new DeviceTimeline(range, nowMs);
  timeline.setMetrics(['gauge']);
  return timeline;
}

describe('DeviceTimeline', () => {
  it('draws every reading once, wherever the history answer falls between live batches, duplicates of time included', () => {
    const times = fc.array(fc.integer({ min: nowMs - 50_000, max: nowMs }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(times, { minLength: 4, maxLength: 30 }),
        fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
        (batches, cuts) => {
          const sent = batches.map((one, i) => ({ seq: i + 1, times: one }));
          // Four points in order: subscribed, asked, what the answer holds through, answered.
          const [subscribed, asked, through, answered] = cuts
            .map((cut) => cut % (sent.length + 1))
            .sort((a, b) => a - b) as [number, number, number, number];
          const timeline = makeTimeline();
          const scratch = new BatchScratch();
          const live = (from: number, to: number) => {
            for (const batch of sent.slice(from, to)) {
              readFrame(scratch, batch);
              timeline.applyBatch(stream, scratch, [0]);
            }
          };
          live(subscribed, asked);
          timeline.startHistory();
          live(asked, answered);
          timeline.applyHistory(answerHistory(sent, through));
          live(answered, sent.length);
          const all = sent.reduce((sum, batch) => sum + batch.times.length, 0);
          expect(timeline.buffers[0]!.countAll()).toBe(all);
          expect(timeline.state).toBe('joined');
        },
      ),
      { numRuns: 200 },
    );
  });

  it('drops a live batch that history already holds', () => {
    const timeline = makeTimeline();
    const scratch = new BatchScratch();
    timeline.startHistory();
    timeline.applyHistory(answerHistory([{ seq: 1, times: [nowMs - 500] }], 3));
    readFrame(scratch, { seq: 3, times: [nowMs - 100] });
    timeline.applyBatch(stream, scratch, [0]);
    expect(timeline.dropped).toBe(1);
    expect(timeline.buffers[0]!.countAll()).toBe(1);
  });

  it('draws again what the hub let go of and the device sent once more', () => {
    const timeline = makeTimeline();
    const scratch = new BatchScratch();
    const sent = [1, 2, 3].map((seq) => ({ seq, times: [nowMs - seq * 100] }));
    const live = (batch: Sent) => {
      readFrame(scratch, batch);
      timeline.applyBatch(stream, scratch, [0]);
    };
    timeline.startHistory();
    timeline.applyHistory(answerHistory([], 0));
    for (const batch of sent) live(batch);
    // The store gave up on batch 3 before it was durable.
    timeline.startHistory();
    timeline.applyHistory(answerHistory(sent, 2));
    expect(timeline.buffers[0]!.countAll()).toBe(2);
    live(sent[2]!);
    live(sent[2]!);
    expect(timeline.buffers[0]!.countAll()).toBe(3);
  });

  it('keeps what it shows when a history request fails, and wants another', () => {
    const timeline = makeTimeline();
    const scratch = new BatchScratch();
    timeline.startHistory();
    readFrame(scratch, { seq: 1, times: [nowMs - 100] });
    timeline.applyBatch(stream, scratch, [0]);
    timeline.failHistory();
    expect(timeline.needsHistory).toBe(true);
    expect(timeline.buffers[0]!.countAll()).toBe(1);
  });

  it('keeps only the changes of a text, in order of time', () => {
    const timeline = new DeviceTimeline(range, nowMs);
    timeline.setMetrics(['text']);
    const scratch = new BatchScratch();
    const say = (seq: number, timeMs: number, value: string) => {
      const times = Float64Array.of(timeMs);
      const columns = [{ metric: 0, encoding: 'text', present: null, values: [value] } as const];
      readBatch(encodeMessage({ type: 'batch', seq, ackNow: false, backfill: false, times, columns }), scratch);
      timeline.applyBatch(stream, scratch, [0]);
    };
    say(1, nowMs - 300, 'idle');
    say(2, nowMs - 200, 'idle');
    say(3, nowMs - 100, 'busy');
    expect(timeline.texts.get(0)).toEqual([
      { timeMs: nowMs - 300, value: 'idle' },
      { timeMs: nowMs - 100, value: 'busy' },
    ]);
  });

  it('keeps a reading behind the end of an answer that holds its batch', () => {
    const timeline = makeTimeline();
    timeline.startHistory();
    const answer = answerHistory([{ seq: 1, times: [nowMs - 1000] }], 2);
    timeline.advanceTo(answer.toMs + 1000);
    const scratch = new BatchScratch();
    readFrame(scratch, { seq: 2, times: [answer.toMs - 1, answer.toMs + 10] });
    timeline.applyBatch(stream, scratch, [0]);
    timeline.applyHistory(answer);
    // The one of before the end is history's to tell, and it told nothing of it.
    expect(timeline.buffers[0]!.countAll()).toBe(2);
  });

  it('holds only the metrics it was made for', () => {
    const timeline = new DeviceTimeline(range, nowMs, new Set([1]));
    timeline.setMetrics(['gauge', 'gauge', 'text']);
    expect(timeline.buffers.map((buffer) => buffer !== null)).toEqual([false, true, false]);
    expect(timeline.texts.size).toBe(0);
  });

  it('asks for history again when a metric appears that the answer did not hold', () => {
    const timeline = makeTimeline();
    timeline.startHistory();
    timeline.applyHistory(answerHistory([], 0));
    expect(timeline.needsHistory).toBe(false);
    timeline.setMetrics(['gauge', 'counter']);
    expect(timeline.needsHistory).toBe(true);
  });
});

describe('splitTime', () => {
  it('labels round local times inside the window', () => {
    const minute = 60_000;
    expect(splitTime(5.5 * minute, 8 * minute, { stepMs: minute, zoneMs: 0 })).toEqual(
      [6, 7, 8].map((n) => n * minute),
    );
    // Days begin at local midnight, two hours before the zone's zero.
    expect(splitTime(0, 30 * 60 * minute, { stepMs: 24 * 60 * minute, zoneMs: 120 * minute })).toEqual([
      22 * 60 * minute,
    ]);
  });
});

describe('planQuery', () => {
  it('starts on the grid and ends behind the edge', () => {
    const { fromMs, toMs, buckets } = planQuery(range, nowMs + 37);
    expect(fromMs % range.bucketMs).toBe(0);
    expect(toMs).toBeGreaterThan(nowMs + 37);
    expect((toMs - fromMs) / buckets).toBe(range.bucketMs);
    expect(buckets).toBe(countBuckets(range) + 1 + countAhead(range));
  });
});

describe('the grid of a range', () => {
  /** As the hub moves edges with align=grid: to the longest of its tiers of which a bucket holds eight. */
  const tiersMs = [1000, 5000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000];
  const spans = [...timeRanges.map(({ spanMs }) => spanMs), 1_000, 44_000, 5e6, 31e6, 2e9, 4.1e10, 6.4e11];

  it('is never moved by the hub, and never finer than a chart can show', () => {
    for (const spanMs of spans) {
      const { bucketMs } = makeRange(spanMs);
      const grid = tiersMs.findLast((tierMs) => tierMs * 8 <= bucketMs) ?? 1;
      expect([spanMs, bucketMs % grid]).toEqual([spanMs, 0]);
      expect(spanMs / bucketMs).toBeLessThanOrEqual(600);
      expect(spanMs / bucketMs).toBeGreaterThan(200);
    }
  });
  it('of everything holds the first reading', () => {
    const { spanMs } = makeAllRange(1_000_000, 9_000_000);
    expect(spanMs).toBeGreaterThan(8_000_000);
    expect(makeAllRange(5_000, 5_000).spanMs).toBe(60_000);
  });
});
