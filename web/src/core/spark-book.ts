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

export interface SparkEntry {
  /** By device metric index, only of the metrics shown. */
  readonly buffers: Map<number, SeriesBuffer>;
  history: 'wanted' | 'asked' | 'held';
}

export class SparkBook {
  private readonly entries = new Map<string, SparkEntry>();

  /** The entry of a device that is in sight, made when needed. */
  open(deviceId: string, metrics: readonly number[], nowMs: number): SparkEntry {
    let entry = this.entries.get(deviceId);
    if (entry === undefined) entry = { buffers: new Map(), history: 'wanted' };
    else this.entries.delete(deviceId);
    this.entries.set(deviceId, entry);
    for (const metric of metrics) {
      let buffer = entry.buffers.get(metric);
      if (buffer === undefined) {
        buffer = new SeriesBuffer(sparkBucketMs, sparkBuckets);
        entry.buffers.set(metric, buffer);
        entry.history = 'wanted';
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

  /** The device seen last whose history nobody has asked for; it then counts as asked. Null when there is none. */
  takeWanted(): { readonly deviceId: string; readonly metrics: readonly number[] } | null {
    let found: [string, SparkEntry] | null = null;
    for (const item of this.entries) if (item[1].history === 'wanted') found = item;
    if (found === null) return null;
    const [deviceId, entry] = found;
    entry.history = 'asked';
    const metrics = [...entry.buffers.keys()];
    return metrics.length === 0 ? this.takeWanted() : { deviceId, metrics };
  }

  /** What came live in the meantime is in the answer too, but for its last moments, which the next reading brings back. */
  fill(deviceId: string, fromMs: number, series: readonly ({ readonly metric: number } & BucketArrays)[]): void {
    const entry = this.entries.get(deviceId);
    if (entry === undefined) return;
    for (const one of series) entry.buffers.get(one.metric)?.replace(fromMs, one);
    entry.history = 'held';
  }

  /** After a pause of the feed the lines have holes that history can fill. */
  forgetHistory(): void {
    for (const entry of this.entries.values()) entry.history = 'wanted';
  }
}
