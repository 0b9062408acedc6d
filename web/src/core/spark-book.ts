/**
 * The sparklines of the devices that were looked at lately.
 *
 * Owns a bounded number of entries, one per device, each with one buffer per shown metric; the one unseen longest goes first.
 * Invariant: devices never looked at cost nothing. History fills an entry once; live readings only go behind what it held.
 */
import type { BatchScratch } from '@lapwing/protocol';
import { type DeviceRecord, forEachReading } from './feed-state.ts';
import { type BucketArrays, SeriesBuffer } from './series-buffer.ts';

export const sparkBucketMs = 5_000;
export const sparkBuckets = 60;
const entriesMax = 240;
/** Rows in sight are opened again at least this often. */
const inSightMs = 1_000;

export interface SparkEntry {
  /** By device metric index, only of the metrics shown. */
  readonly buffers: Map<number, SeriesBuffer>;
  /** Metrics whose history nobody has asked for yet. */
  readonly wanted: Set<number>;
  seenMs: number;
}

export class SparkBook {
  private readonly entries = new Map<string, SparkEntry>();
  /** When an entry was last opened. */
  private openedMs = Number.NEGATIVE_INFINITY;

  /** The entry of a device that is in sight, made when needed. */
  open(deviceId: string, metrics: readonly number[], nowMs: number): SparkEntry {
    let entry = this.entries.get(deviceId);
    if (entry === undefined) entry = { buffers: new Map(), wanted: new Set(), seenMs: nowMs };
    else this.entries.delete(deviceId);
    this.entries.set(deviceId, entry);
    entry.seenMs = nowMs;
    this.openedMs = nowMs;
    for (const metric of metrics) {
      let buffer = entry.buffers.get(metric);
      if (buffer === undefined) {
        buffer = new SeriesBuffer(sparkBucketMs, sparkBuckets);
        entry.buffers.set(metric, buffer);
        entry.wanted.add(metric);
      }
      buffer.advanceTo(nowMs);
    }
    if (this.entries.size > entriesMax) this.entries.delete(this.entries.keys().next().value!);
    return entry;
  }

  find(deviceId: string): SparkEntry | undefined {
    return this.entries.get(deviceId);
  }

  addBatch(device: DeviceRecord, scratch: BatchScratch, nowMs: number): void {
    const entry = this.entries.get(device.id);
    if (entry === undefined) return;
    for (const buffer of entry.buffers.values()) buffer.advanceTo(nowMs);
    forEachReading(scratch, device.table, (metric, timeMs, value) => {
      if (typeof value === 'number') entry.buffers.get(metric)?.add(timeMs, value);
    });
  }

  /** One reading of the past, as it is played. */
  addReading(deviceId: string, metric: number, reading: { timeMs: number; value: number; nowMs: number }): void {
    const buffer = this.entries.get(deviceId)?.buffers.get(metric);
    if (buffer === undefined) return;
    buffer.advanceTo(reading.nowMs);
    buffer.add(reading.timeMs, reading.value);
  }

  /** The page's now went elsewhere: lines of another time say nothing. */
  clear(): void {
    this.entries.clear();
  }

  /** The first device in sight that lacks history, and of which metrics; they then count as asked for. What went out of sight waits. */
  takeWanted(): { readonly deviceId: string; readonly metrics: readonly number[] } | null {
    for (const [deviceId, { wanted, seenMs }] of this.entries) {
      if (wanted.size === 0 || seenMs <= this.openedMs - inSightMs) continue;
      const metrics = [...wanted];
      wanted.clear();
      return { deviceId, metrics };
    }
    return null;
  }

  /** What came live in the meantime is in the answer too, but for its last moments, which the next reading brings back. */
  fill(deviceId: string, fromMs: number, series: readonly ({ readonly metric: number } & BucketArrays)[]): void {
    const entry = this.entries.get(deviceId);
    if (entry === undefined) return;
    for (const one of series) entry.buffers.get(one.metric)?.replace(fromMs, one);
  }

  /** After a pause of the feed the lines have holes that history can fill. */
  forgetHistory(): void {
    for (const { buffers, wanted } of this.entries.values()) {
      for (const metric of buffers.keys()) wanted.add(metric);
    }
  }
}
