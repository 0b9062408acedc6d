/**
 * One device's charts over one range: history and the live feed as one line.
 *
 * Owns the device's series buffers and the batches that came while history was on its way. Invariant: every reading is in a
 * buffer exactly once. It is kept by sequence number, never by time: a history answer says through which sequence number of
 * each stream it holds everything; of live batches up to there only readings outside of its stretch are added, of later ones all
 * (SPEC LV).
 * Refuses to fetch: it says what it needs (`needsHistory`), and is given the answer.
 */
import type { BatchScratch, MetricKind } from '@lapwing/protocol';
import { forEachReading } from './feed-state.ts';
import { type BucketArrays, SeriesBuffer } from './series-buffer.ts';
import { countAhead, countBuckets, type TimeRange } from './time-range.ts';

export interface HistorySeries extends BucketArrays {
  readonly metric: number;
  readonly texts?: readonly { readonly timeMs: number; readonly value: string }[];
}
export interface HistoryAnswer {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bucketMs: number;
  readonly through: readonly { readonly stream: number; readonly seq: number }[];
  readonly series: readonly HistorySeries[];
}

interface PendingReadings {
  readonly stream: number;
  readonly seq: number;
  readonly metrics: number[];
  readonly times: number[];
  readonly values: (number | string)[];
}

export interface TextEntry {
  readonly timeMs: number;
  readonly value: string;
}

const pendingBatchesMax = 5000;
const textsMax = 100;

export class DeviceTimeline {
  readonly range: TimeRange;
  /** By device metric index; texts have none. */
  readonly buffers: (SeriesBuffer | null)[] = [];
  /** Changes of text metrics, oldest first, by device metric index. */
  readonly texts = new Map<number, TextEntry[]>();
  /** `empty`: nothing asked for yet or the last answer failed; `loading`: on its way; `joined`: history and live are one. */
  state: 'empty' | 'loading' | 'joined' = 'empty';
  /** Set when something happened that only history can tell: late data, a conflated feed, a reconnection. */
  needsHistory = true;
  version = 0;
  /** Live batches dropped because history already held them. */
  dropped = 0;
  /** Per stream the highest sequence number that the buffers hold: what history said, and what came live on top of it. */
  private readonly held = new Map<number, number>();
  private pending: PendingReadings[] = [];
  private edgeMs: number;
  /** Of a long list those that somebody looks at; null: all. */
  private readonly chosen: ReadonlySet<number> | null;

  constructor(range: TimeRange, edgeMs: number, chosen: ReadonlySet<number> | null = null) {
    this.range = range;
    this.edgeMs = edgeMs;
    this.chosen = chosen;
  }

  /** Makes a buffer for each metric that does not have one: metric lists only grow. */
  setMetrics(kinds: readonly MetricKind[]): void {
    for (let m = this.buffers.length; m < kinds.length; m++) {
      if (this.chosen?.has(m) === false) this.buffers.push(null);
      else if (kinds[m] === 'text') {
        this.buffers.push(null);
        this.texts.set(m, []);
      } else {
        const buffer = new SeriesBuffer(this.range.bucketMs, countBuckets(this.range) + 1, countAhead(this.range));
        buffer.advanceTo(this.edgeMs);
        this.buffers.push(buffer);
        if (this.state === 'joined') this.needsHistory = true;
      }
    }
  }

  advanceTo(edgeMs: number): void {
    this.edgeMs = Math.max(this.edgeMs, edgeMs);
    for (const buffer of this.buffers) buffer?.advanceTo(this.edgeMs);
  }

  /** Call when the request leaves: from now on batches are kept until the answer says which of them it holds. */
  startHistory(): void {
    this.needsHistory = false;
    this.state = 'loading';
    this.pending = [];
  }

  /** The request failed: what is shown stays, and the next attempt starts afresh. */
  failHistory(): void {
    this.state = 'empty';
    this.needsHistory = true;
    this.pending = [];
  }

  applyHistory(answer: HistoryAnswer): void {
    for (const buffer of this.buffers) buffer?.clear();
    for (const series of answer.series) {
      this.buffers[series.metric]?.replace(answer.fromMs, series);
      if (series.texts !== undefined) this.texts.set(series.metric, series.texts.slice(-textsMax));
    }
    // What was shown before and is not in the answer is gone from the buffers: the hub let go of it, and will send it again.
    this.held.clear();
    for (const { stream, seq } of answer.through) this.held.set(stream, seq);
    this.state = 'joined';
    const pending = this.pending;
    this.pending = [];
    for (const batch of pending) {
      if (this.isHeld(batch.stream, batch.seq)) {
        this.dropped++;
        this.addPending(batch, answer);
      } else {
        this.held.set(batch.stream, batch.seq);
        this.addPending(batch, null);
      }
    }
    this.version++;
  }

  /** A batch of the feed, in sequence; `table` maps its metrics to the device's. */
  applyBatch(stream: number, scratch: BatchScratch, table: readonly number[]): void {
    if (this.isHeld(stream, scratch.seq)) {
      this.dropped++;
      return;
    }
    if (this.state !== 'joined') this.keepPending(stream, scratch, table);
    this.held.set(stream, scratch.seq);
    forEachReading(scratch, table, (metric, timeMs, value) => this.addReading(metric, timeMs, value));
    this.version++;
  }

  private isHeld(stream: number, seq: number): boolean {
    return seq <= (this.held.get(stream) ?? 0);
  }

  private keepPending(stream: number, scratch: BatchScratch, table: readonly number[]): void {
    if (this.state === 'empty') return;
    if (this.pending.length >= pendingBatchesMax) {
      // History takes longer than a bounded memory can bridge: ask once more when it has come.
      this.pending = [];
      this.needsHistory = true;
    }
    const kept: PendingReadings = { stream, seq: scratch.seq, metrics: [], times: [], values: [] };
    forEachReading(scratch, table, (metric, timeMs, value) => {
      kept.metrics.push(metric);
      kept.times.push(timeMs);
      kept.values.push(value);
    });
    this.pending.push(kept);
  }

  /** `known`: the stretch of which history has told everything already. */
  private addPending(
    { metrics, times, values }: PendingReadings,
    known: { fromMs: number; toMs: number } | null,
  ): void {
    for (let i = 0; i < metrics.length; i++) {
      const timeMs = times[i]!;
      if (known !== null && timeMs >= known.fromMs && timeMs < known.toMs) continue;
      this.addReading(metrics[i]!, timeMs, values[i]!);
    }
  }

  private addReading(metric: number, timeMs: number, value: number | string): void {
    if (typeof value === 'number') this.buffers[metric]?.add(timeMs, value);
    else this.addText(metric, timeMs, value);
  }

  /** Keeps changes of value only, in order of time. */
  private addText(metric: number, timeMs: number, value: string): void {
    const entries = this.texts.get(metric);
    if (entries === undefined) return;
    let at = entries.length;
    while (at > 0 && entries[at - 1]!.timeMs > timeMs) at--;
    if (at > 0 && entries[at - 1]!.value === value) return;
    entries.splice(at, 0, { timeMs, value });
    if (entries.length > textsMax) entries.shift();
  }
}
