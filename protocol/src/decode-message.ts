/**
 * Every frame into its message, or into the fault it has (SPEC, table of messages, FR-1 to FR-21).
 *
 * Owns one reusable reader and one BatchScratch. Never throws and never looks outside the frame. Results own their memory, except the
 * frames inside a Live, which are views of the frame given. It refuses whatever the sender's side does not say.
 */
import { BatchScratch } from './batch-scratch.ts';
import { ByteReader } from './byte-reader.ts';
import type { FaultName, FaultReport } from './faults.ts';
import { limits } from './limits.ts';
import { columnEncodings } from './message-codes.ts';
import {
  type Batch,
  type BatchColumn,
  type DeviceMessage,
  type FeedMessage,
  frameType,
  type HubMessage,
  type Message,
  type NumberColumn,
  type ViewerMessage,
} from './messages.ts';
import { readBatch } from './read-batch.ts';
import { readDeviceBody } from './read-device-body.ts';
import { readFeedBody } from './read-feed-body.ts';
import { readHubBody } from './read-hub-body.ts';

/** Whose messages: said by a device, by the hub to a device, by a viewer, by the hub to a viewer. */
export type Side = 'device' | 'hub' | 'viewer' | 'feed';
export type Decoded<M> = { readonly ok: true; readonly message: M } | ({ readonly ok: false } & FaultReport);

type MessageName = Message['type'];

const namesOfTypes = new Map<number, MessageName>(
  Object.entries(frameType).map(([name, type]) => [type, name as MessageName]),
);
const shared: readonly MessageName[] = ['ping', 'pong'];
const saidBy: Readonly<Record<Side, ReadonlySet<MessageName>>> = {
  device: new Set<MessageName>([
    ...(['hello', 'declare', 'batch', 'skipped', 'event', 'commandResult', 'reported', 'flush', 'goodbye'] as const),
    ...shared,
  ]),
  hub: new Set<MessageName>([
    ...(['welcome', 'ack', 'command', 'desired', 'rate', 'goodbye', 'fault'] as const),
    ...shared,
  ]),
  viewer: new Set<MessageName>([...(['subscribe', 'unsubscribe'] as const), ...shared]),
  feed: new Set<MessageName>([...(['snapshot', 'live', 'presence', 'goodbye', 'fault'] as const), ...shared]),
};

const reader = new ByteReader();
const scratch = new BatchScratch();

export function decodeMessage(frame: Uint8Array, side: 'device'): Decoded<DeviceMessage>;
export function decodeMessage(frame: Uint8Array, side: 'hub'): Decoded<HubMessage>;
export function decodeMessage(frame: Uint8Array, side: 'viewer'): Decoded<ViewerMessage>;
export function decodeMessage(frame: Uint8Array, side: 'feed'): Decoded<FeedMessage>;
export function decodeMessage(frame: Uint8Array, side: Side): Decoded<Message>;
export function decodeMessage(frame: Uint8Array, side: Side): Decoded<Message> {
  const bytesMax = side === 'feed' ? limits.feedFrameBytesMax : limits.frameBytesMax;
  if (frame.length > bytesMax) return refuse('frameTooLarge', `a frame of ${frame.length} bytes, at most ${bytesMax}`);
  const type = frame[0];
  if (type === undefined) return refuse('malformedFrame', 'an empty frame');
  const name = namesOfTypes.get(type);
  const typeText = `0x${type.toString(16).padStart(2, '0')}`;
  if (name === undefined) return refuse('malformedFrame', `no message has the type ${typeText}`);
  if (!saidBy[side].has(name)) return refuse('unexpectedMessage', `${name} (${typeText}) is not said by this side`);
  if (name === 'batch') return decodeBatch(frame);
  reader.open(frame);
  const message = readDeviceBody(reader, name) ?? readHubBody(reader, name) ?? readFeedBody(reader, name);
  reader.expectEnd();
  const { fault, text } = reader;
  reader.close();
  if (fault !== null || message === null) return refuse(fault ?? 'malformedFrame', `${name}, ${text}`);
  return { ok: true, message };
}

function refuse(fault: FaultName, text: string): Decoded<never> {
  return { ok: false, fault, text };
}

function decodeBatch(frame: Uint8Array): Decoded<Batch> {
  const report = readBatch(frame, scratch);
  if (report !== null) return refuse(report.fault, report.text);
  const { seq, ackNow, backfill, rows } = scratch;
  const columns = Array.from({ length: scratch.columns }, (_, c) => copyColumn(scratch, c));
  return { ok: true, message: { type: 'batch', seq, ackNow, backfill, times: scratch.times.slice(0, rows), columns } };
}

function copyColumn(from: BatchScratch, c: number): BatchColumn {
  const start = c * from.rows;
  const end = start + from.rows;
  const metric = from.metrics[c]!;
  const encoding = columnEncodings[from.encodings[c]!]!;
  const present = from.presentAll[c] === 1 ? null : from.present.slice(start, end);
  if (encoding === 'text') return { metric, encoding, present, values: from.texts.slice(start, end) };
  const column: NumberColumn = {
    metric,
    encoding,
    exponent: from.exponents[c]!,
    present,
    values: from.values.slice(start, end),
  };
  return column;
}
