/**
 * Bodies of what viewers and the hub say to each other (SPEC, table of messages).
 *
 * No state. After a fault the reader gives zeros: the caller looks at `reader.fault` before it uses a message. Frames inside a Live stay
 * views and are not looked into: whoever shows them decodes them.
 */
import type { ByteReader } from './byte-reader.ts';
import { limits } from './limits.ts';
import { presenceStates, snapshotFlag, textRules } from './message-codes.ts';
import {
  frameType,
  type LatestValue,
  type Live,
  type LiveEntry,
  type Message,
  type Presence,
  type PresenceEntry,
  type Snapshot,
  type Subscribe,
} from './messages.ts';
import { readDeviceId, readMetrics } from './read-device-body.ts';

/** The message, or null when `name` is none of these. */
export function readFeedBody(from: ByteReader, name: Message['type']): Message | null {
  switch (name) {
    case 'subscribe':
      return readSubscribe(from);
    case 'unsubscribe':
      return { type: 'unsubscribe', id: from.readUv() };
    case 'snapshot':
      return readSnapshot(from);
    case 'live':
      return readLive(from);
    case 'presence':
      return readPresence(from);
    default:
      return null;
  }
}

function readSubscribe(from: ByteReader): Subscribe {
  const id = from.readUv();
  const count = from.readCount(limits.subscribedDevicesMax, 'tooManySubscriptions', 'devices');
  const devices: string[] = [];
  for (let i = 0; i < count && from.fault === null; i++) devices.push(readDeviceId(from));
  return { type: 'subscribe', id, devices };
}

function readSnapshot(from: ByteReader): Snapshot {
  const device = readDeviceId(from);
  const stream = from.readUv();
  const seq = from.readUv();
  const flags = from.readChoice(4, 'flags byte');
  const clockOffsetMs = flags & snapshotFlag.clockOffset ? from.readSv() : Number.NaN;
  const tableAt = from.at;
  const table = readIndices(from);
  const metrics = readMetrics(from, limits.deviceMetricsMax);
  for (const index of table) {
    if (index >= metrics.length) from.fail('malformedFrame', `table entry ${index} names no metric`, tableAt);
  }
  const latest = readLatestValues(from, metrics.length);
  const conflated = (flags & snapshotFlag.conflated) !== 0;
  return { type: 'snapshot', device, stream, seq, conflated, clockOffsetMs, table, metrics, latest };
}

function readIndices(from: ByteReader): number[] {
  const count = from.readCount(limits.metricsMax, 'tooManyMetrics', 'table entries');
  const table: number[] = [];
  for (let i = 0; i < count && from.fault === null; i++) table.push(from.readUv());
  return table;
}

function readLatestValues(from: ByteReader, metrics: number): LatestValue[] {
  const count = from.readCount(limits.deviceMetricsMax, 'tooManyMetrics', 'latest values');
  const values: LatestValue[] = [];
  for (let i = 0; i < count && from.fault === null; i++) {
    const start = from.at;
    const metric = from.readUv();
    if (metric >= metrics)
      from.fail('malformedFrame', `a latest value of metric ${metric}, which is not listed`, start);
    const isText = from.readChoice(2, 'kind of value') === 1;
    const timeMs = from.readMs();
    values.push({ metric, timeMs, value: isText ? from.readText(textRules.reading) : from.readF64() });
  }
  return values;
}

function readLive(from: ByteReader): Live {
  const sentMs = from.readMs();
  const count = from.readCount(limits.feedFrameBytesMax, 'frameTooLarge', 'entries');
  const entries: LiveEntry[] = [];
  for (let i = 0; i < count && from.fault === null; i++) {
    entries.push({ stream: from.readPositive('stream'), arrivedMs: from.readMs(), body: readLiveBody(from) });
  }
  return { type: 'live', sentMs, entries };
}

function readLiveBody(from: ByteReader): LiveEntry['body'] {
  const choice = from.readChoice(3, 'kind of entry');
  if (choice === 1) return { kind: 'late', seq: from.readPositive('seq'), fromMs: from.readMs(), toMs: from.readMs() };
  const kind = choice === 0 ? 'batch' : 'event';
  const length = from.readCount(limits.frameBytesMax, 'frameTooLarge', 'bytes');
  const start = from.at;
  const frame = from.readView(length);
  if (frame[0] !== frameType[kind]) from.fail('malformedFrame', `a ${kind} entry that holds another message`, start);
  return { kind, frame };
}

function readPresence(from: ByteReader): Presence {
  const count = from.readCount(limits.feedFrameBytesMax, 'frameTooLarge', 'entries');
  const entries: PresenceEntry[] = [];
  for (let i = 0; i < count && from.fault === null; i++) {
    const device = readDeviceId(from);
    const state = presenceStates[from.readChoice(presenceStates.length, 'state')]!;
    const seenMs = from.readMs();
    entries.push({ device, state, lastSeenMs: seenMs === 0 ? Number.NaN : seenMs });
  }
  return { type: 'presence', entries };
}
