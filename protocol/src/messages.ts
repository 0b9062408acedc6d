/**
 * The messages two sides of a link say to each other, as plain values.
 *
 * Owns no state. The bytes of each message are SPEC.md's business (rules FR-*) and live in the `encode-*` and `decode-*`
 * files; this file is the shape that the rest of the program works with. Device links and viewer links share one numbering.
 */

/** First byte of every frame (SPEC FR-3). Device → hub below 0x40, hub → device from 0x40, viewer → hub from 0x80, hub → viewer from 0xc0. */
export const frameType = {
  hello: 0x01,
  declare: 0x02,
  batch: 0x03,
  skipped: 0x04,
  event: 0x05,
  commandResult: 0x06,
  reported: 0x07,
  flush: 0x08,
  ping: 0x20,
  pong: 0x21,
  goodbye: 0x22,
  fault: 0x23,
  welcome: 0x41,
  ack: 0x42,
  command: 0x43,
  desired: 0x44,
  rate: 0x45,
  subscribe: 0x81,
  unsubscribe: 0x82,
  snapshot: 0xc1,
  live: 0xc2,
  presence: 0xc3,
} as const;

/** What a metric's values are. `counter` only rises, and starts again from a smaller value after a reset. */
export type MetricKind = 'gauge' | 'counter' | 'bool' | 'text';

/** One row of a stream's metric table; its index is its place in Hello and Declare, from 0. */
export interface MetricDeclaration {
  readonly name: string;
  /** UCUM-like unit text, '' where there is none: `Cel`→"°C" is the sender's choice of spelling; it is shown as it is. */
  readonly unit: string;
  readonly kind: MetricKind;
}

export interface Hello {
  readonly type: 'hello';
  readonly version: number;
  readonly deviceId: string;
  /** '' when the token came in the upgrade request's Authorization header. */
  readonly token: string;
  readonly model: string;
  readonly firmware: string;
  /** Names the outbox: kept as long as its sequence numbers go on, drawn anew when they start again at 1. Up to 2^53 − 1. */
  readonly epoch: number;
  /** The device's clock when it sent this, Unix milliseconds; 0 when it has no clock. */
  readonly clockMs: number;
  readonly metrics: readonly MetricDeclaration[];
}

export interface Welcome {
  readonly type: 'welcome';
  readonly version: number;
  readonly serverMs: number;
  /** Highest sequence number of this epoch that the hub holds durably; 0 for none. */
  readonly committedSeq: number;
  readonly ackIntervalMs: number;
  readonly heartbeatMs: number;
  readonly frameBytesMax: number;
  readonly batchRowsMax: number;
  readonly metricsMax: number;
  /** Sequenced messages a device may have sent and not yet seen acked. */
  readonly inFlightMax: number;
}

export interface Declare {
  readonly type: 'declare';
  /** Index of the first metric below; must equal the number already declared in this session. */
  readonly firstIndex: number;
  readonly metrics: readonly MetricDeclaration[];
}

/** Values of one metric for the rows of a batch. `values[r]` is meaningless where `present[r]` is 0. */
export interface NumberColumn {
  readonly metric: number;
  /** How the values travel: `decimal` as integers × 10^exponent, `float32`, `float64`, `bool` as bits. */
  readonly encoding: 'decimal' | 'float32' | 'float64' | 'bool';
  /** Power of ten of a decimal column, −22…22; 0 for the other encodings. */
  readonly exponent: number;
  /** One 0/1 per row, or null when every row has a value. */
  readonly present: Uint8Array | null;
  readonly values: Float64Array;
}
export interface TextColumn {
  readonly metric: number;
  readonly encoding: 'text';
  readonly present: Uint8Array | null;
  readonly values: readonly string[];
}
export type BatchColumn = NumberColumn | TextColumn;

export interface Batch {
  readonly type: 'batch';
  readonly seq: number;
  /** The device wants an Ack as soon as this is committed: full outbox, going to sleep. */
  readonly ackNow: boolean;
  /** Stored readings sent late: kept like any other, but not drawn as the present. */
  readonly backfill: boolean;
  /** Unix milliseconds, whole, one per row, in any order. */
  readonly times: Float64Array;
  readonly columns: readonly BatchColumn[];
}

/** `overflow` the outbox was full; `acked-elsewhere` another store acked them; `corrupt` the outbox could not read them; `dropped` left out on purpose. */
export type SkipReason = 'overflow' | 'acked-elsewhere' | 'corrupt' | 'dropped';

/** Takes the place of the sequenced messages fromSeq…toSeq, which will never come. */
export interface Skipped {
  readonly type: 'skipped';
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: SkipReason;
  /** Times of the first and last reading lost, Unix milliseconds; both 0 when unknown. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Readings lost, 0 when unknown. */
  readonly readings: number;
}

export type EventLevel = 'debug' | 'info' | 'warning' | 'error';

/** A log line or change of state: sequenced and stored like a batch. */
export interface DeviceEvent {
  readonly type: 'event';
  readonly seq: number;
  readonly atMs: number;
  readonly level: EventLevel;
  /** Short machine-readable name, such as `throttled`. */
  readonly code: string;
  readonly text: string;
}

export interface Flush {
  readonly type: 'flush';
}

export interface Ack {
  readonly type: 'ack';
  readonly seq: number;
}

export interface Command {
  readonly type: 'command';
  readonly id: string;
  /** Hub time after which the device must not run it, Unix milliseconds. */
  readonly deadlineMs: number;
  readonly name: string;
  /** JSON text, '' for none. */
  readonly args: string;
}

export interface CommandResult {
  readonly type: 'commandResult';
  readonly id: string;
  readonly ok: boolean;
  /** JSON or plain text, '' for none. */
  readonly result: string;
}

/** Desired (hub → device) and reported (device → hub) state: a JSON object with a version that only rises. */
export interface Desired {
  readonly type: 'desired';
  readonly version: number;
  readonly state: string;
}
export interface Reported {
  readonly type: 'reported';
  readonly version: number;
  readonly state: string;
}

/** The hub asks for another sampling interval of the whole device, until `forMs` have passed. */
export interface Rate {
  readonly type: 'rate';
  readonly intervalMs: number;
  readonly forMs: number;
}

export interface Ping {
  readonly type: 'ping';
  /** The sender's clock, Unix milliseconds; comes back in the Pong. */
  readonly sentMs: number;
}
export interface Pong {
  readonly type: 'pong';
  readonly pingSentMs: number;
  /** The answering side's clock, Unix milliseconds; 0 when it has none. */
  readonly clockMs: number;
}

export type GoodbyeReason = 'stopping' | 'sleeping' | 'restarting' | 'updating';

/** An orderly end. From the hub: come back after `backMs`. From a device: expect me again in `backMs` (0: unknown). */
export interface Goodbye {
  readonly type: 'goodbye';
  readonly reason: GoodbyeReason;
  readonly backMs: number;
}

/** Last message before the hub closes a link; the WebSocket close code is 4000 + code. */
export interface Fault {
  readonly type: 'fault';
  readonly code: number;
  /** The device should not try again sooner; 0: its own back-off decides. */
  readonly retryAfterMs: number;
  readonly text: string;
}

/** Viewer → hub: watch these devices from now on under `id`. An empty list watches the whole fleet. */
export interface Subscribe {
  readonly type: 'subscribe';
  readonly id: number;
  readonly devices: readonly string[];
}
export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly id: number;
}

/** `asleep`: said Goodbye with a time to be back. `late`: live link, but no reading for longer than its learned interval. */
export type PresenceState = 'online' | 'late' | 'offline' | 'asleep' | 'unknown';

/** A latest value: `timeMs` NaN where the metric has none yet; such an entry is left out on the wire. */
export interface LatestValue {
  /** Index into the device's metric list, the same in HTTP answers, for as long as the device exists. */
  readonly metric: number;
  readonly timeMs: number;
  readonly value: number | string;
}

/** Hub → viewer: everything about one device as it stands; sent on subscribe, when its metric table changes, and instead of what a slow viewer missed. */
export interface Snapshot {
  readonly type: 'snapshot';
  readonly device: string;
  /** Stands for (device, epoch) in Live; unique in this hub, for ever. 0: the device has had no stream yet. */
  readonly stream: number;
  /** Highest sequence number received on `stream`: Live goes on behind it. */
  readonly seq: number;
  /** Readings were left out between the last Live and this: fetch the stretch from history where it matters. */
  readonly conflated: boolean;
  /** Device clock minus hub clock, milliseconds, as last measured; NaN when unknown. */
  readonly clockOffsetMs: number;
  /** The stream's metric table: index in Batch columns → index into the device's metric list. */
  readonly table: readonly number[];
  /** The device's metric list. */
  readonly metrics: readonly MetricDeclaration[];
  readonly latest: readonly LatestValue[];
}

/** Hub → viewer: batches as the devices sent them. */
export interface LiveEntry {
  readonly stream: number;
  /** Hub time of arrival, Unix milliseconds. */
  readonly arrivedMs: number;
  /** The device's own Batch, or, for a backfill, only the stretch that changed. */
  readonly body:
    | { readonly kind: 'batch'; readonly frame: Uint8Array }
    | { readonly kind: 'late'; readonly seq: number; readonly fromMs: number; readonly toMs: number }
    | { readonly kind: 'event'; readonly frame: Uint8Array };
}
export interface Live {
  readonly type: 'live';
  /** Hub time of sending, Unix milliseconds. */
  readonly sentMs: number;
  readonly entries: readonly LiveEntry[];
}

export interface PresenceEntry {
  readonly device: string;
  readonly state: PresenceState;
  /** Arrival of its newest message, hub time, Unix milliseconds; NaN for never. */
  readonly lastSeenMs: number;
}
/** Hub → viewer: changes of presence; all devices watched on subscribe. */
export interface Presence {
  readonly type: 'presence';
  readonly entries: readonly PresenceEntry[];
}

export type DeviceMessage =
  | Hello
  | Declare
  | Batch
  | Skipped
  | DeviceEvent
  | CommandResult
  | Reported
  | Flush
  | Ping
  | Pong
  | Goodbye;
export type HubMessage = Welcome | Ack | Command | Desired | Rate | Ping | Pong | Goodbye | Fault;
export type ViewerMessage = Subscribe | Unsubscribe | Ping | Pong;
export type FeedMessage = Snapshot | Live | Presence | Ping | Pong | Goodbye | Fault;
export type Message = DeviceMessage | HubMessage | ViewerMessage | FeedMessage;
