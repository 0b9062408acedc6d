/**
 * Frames of the feed as objects for people: names instead of indices, null instead of NaN.
 *
 * Owns one scratch for batches. The same frame gives the same list, in the same order: an event is known by its place in it. What is
 * not among the metrics asked for is left out, and an object about nothing else as well.
 */
import { BatchScratch, batchCoding, decodeMessage, type LiveEntry, readBatch, type Snapshot } from '@lapwing/protocol';
import type { DeviceRoster, StreamState } from './device-roster.ts';
import type { StreamKey } from './ports.ts';

export interface FeedObject {
  readonly name: 'snapshot' | 'readings' | 'late' | 'event' | 'presence' | 'goodbye';
  readonly data: object;
}

const scratch = new BatchScratch();

/** `metrics`: names; null for all. */
export function describeFrame(
  roster: DeviceRoster,
  frame: Uint8Array,
  metrics: ReadonlySet<string> | null,
): FeedObject[] {
  const decoded = decodeMessage(frame, 'feed');
  if (!decoded.ok) throw new Error(`the feed made a frame that cannot be read: ${decoded.text}`);
  const { message } = decoded;
  switch (message.type) {
    case 'snapshot':
      return [{ name: 'snapshot', data: describeSnapshot(message, metrics) }];
    case 'live':
      return message.entries.flatMap((entry) => describeEntry(roster, entry, metrics));
    case 'presence': {
      const devices = message.entries.map((entry) => ({ ...entry, lastSeenMs: orNull(entry.lastSeenMs) }));
      return [{ name: 'presence', data: { devices } }];
    }
    case 'goodbye':
      return [{ name: 'goodbye', data: { reason: message.reason, backMs: message.backMs } }];
    default:
      return [];
  }
}

function describeSnapshot(snapshot: Snapshot, wanted: ReadonlySet<string> | null): object {
  const { device, stream, seq, conflated, metrics } = snapshot;
  const latest = new Map(snapshot.latest.map((one) => [one.metric, one]));
  const list = metrics.flatMap(({ name, unit, kind }, index) => {
    if (wanted !== null && !wanted.has(name)) return [];
    const newest = latest.get(index);
    const told = newest === undefined ? {} : { timeMs: newest.timeMs, value: speak(newest.value) };
    return [{ metric: name, index, unit, kind, ...told }];
  });
  return { device, stream, seq, conflated, metrics: list };
}

function describeEntry(roster: DeviceRoster, entry: LiveEntry, wanted: ReadonlySet<string> | null): FeedObject[] {
  const stream = roster.streams.get(entry.stream as StreamKey);
  if (stream === undefined) return [];
  const { body, arrivedMs } = entry;
  const from = { device: stream.device.deviceId, stream: entry.stream };
  if (body.kind === 'late') {
    return [{ name: 'late', data: { ...from, seq: body.seq, fromMs: body.fromMs, toMs: body.toMs } }];
  }
  if (body.kind === 'batch') {
    if (readBatch(body.frame, scratch) !== null) throw new Error('the feed holds a batch that cannot be read');
    const readings = listReadings(stream, wanted);
    return readings.length === 0
      ? []
      : [{ name: 'readings', data: { ...from, seq: scratch.seq, arrivedMs, readings } }];
  }
  const event = decodeMessage(body.frame, 'device');
  if (!event.ok || event.message.type !== 'event') throw new Error('the feed holds an event that cannot be read');
  const { seq, level, code, text, atMs } = event.message;
  return [{ name: 'event', data: { ...from, seq, arrivedMs, atMs, level, code, text } }];
}

function listReadings({ table, device }: StreamState, wanted: ReadonlySet<string> | null): object[] {
  const { rows, columns, times, values, texts, present } = scratch;
  const readings: object[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const cell = c * rows + r;
      const metric = device.metrics[table[scratch.metrics[c]!] ?? -1];
      if (metric === undefined || (wanted !== null && !wanted.has(metric.name))) continue;
      if (scratch.presentAll[c] === 0 && present[cell] === 0) continue;
      const isText = scratch.encodings[c] === batchCoding.text;
      readings.push({
        metric: metric.name,
        timeMs: times[r]!,
        value: isText ? (texts[cell] ?? '') : speak(values[cell]!),
      });
    }
  }
  return readings;
}

/** JSON knows no NaN, no infinity and no −0: they are spelt, as everywhere in this API. */
function speak(value: number | string): number | string {
  if (typeof value === 'string' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return Object.is(value, -0) ? '-0' : String(value);
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
