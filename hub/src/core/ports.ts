/**
 * What the hub's core asks of the world: the shapes of its ports. Types only, no state, no behaviour.
 *
 * Ids: a device has a public text id (`deviceId`) and a small `DeviceKey` in this hub; a stream is one (device, epoch).
 * Keys are handed out by the main thread (it is the only one that makes devices and streams) and are never reused.
 */
import type { EventLevel, MetricDeclaration, MetricKind, SkipReason } from '@lapwing/protocol';
import type { FleetAtAnswer, FleetAtQuery, FleetCompletenessQuery } from './fleet-past.ts';
import type { HistoryAnswer, HistoryQuery, ReadingsAnswer, ReadingsQuery } from './history-port.ts';
import type { LinkGap, Outage } from './link-gap.ts';
import type {
  StoredApiToken,
  StoredDocument,
  StoredEnrolmentKey,
  StoredSession,
  StoredShare,
  StoredUser,
} from './people-records.ts';

import type { DeviceKey, StreamKey } from './store-keys.ts';

export type * from './fleet-past.ts';
export type * from './history-port.ts';
export type * from './link-gap.ts';
export type * from './people-records.ts';
export type * from './store-keys.ts';

/** A frame and when it came, hub time. */
export interface Arrived {
  readonly frame: Uint8Array;
  readonly nowMs: number;
  /** As in `Store.append`. */
  readonly once?: readonly StoredOnceKey[] | null;
}

/** A device as the store keeps it. `metrics[i]` is metric i of the device, for ever: lists only grow. */
export interface StoredDevice {
  readonly key: DeviceKey;
  readonly deviceId: string;
  readonly model: string;
  readonly firmware: string;
  readonly createdMs: number;
  /** Arrival of its newest stored message; NaN for never. */
  readonly lastSeenMs: number;
  readonly metrics: readonly MetricDeclaration[];
  /** Newest sample of each metric (by sample time), in step with `metrics`; timeMs NaN where there is none. */
  readonly latest: readonly { readonly timeMs: number; readonly value: number | string }[];
  /** As it said last; absent for never. */
  readonly sleep?: StoredSleep;
}
/** When a device was last heard before it went to sleep, and when it meant to wake. */
export interface StoredSleep {
  readonly fromMs: number;
  readonly wakeMs: number;
}

export interface StoredStream {
  readonly key: StreamKey;
  readonly device: DeviceKey;
  readonly epoch: number;
  /** Highest sequence number committed; 0 for none. */
  readonly committedSeq: number;
  /** Made of a file; absent: spoken by a device. */
  readonly isImport?: boolean;
  /** Index in the stream's batches → index in the device's metric list. */
  readonly table: readonly number[];
}

/** Secrets are kept only as hashes: SHA-256 in base64url for random tokens, an argon2id string for passwords. */
export interface StoredIdentity {
  readonly deviceTokens: readonly { readonly device: DeviceKey; readonly hash: string; readonly createdMs: number }[];
  readonly enrolmentKeys: readonly StoredEnrolmentKey[];
  readonly users: readonly StoredUser[];
  readonly sessions: readonly StoredSession[];
  readonly apiTokens: readonly StoredApiToken[];
}
/** What people wrote on a device. */
export interface StoredDeviceNotes {
  readonly device: DeviceKey;
  readonly label: string;
  readonly tags: readonly string[];
}

/** 64 bits that stand for one message of a sender who may repeat it (once-keys.ts). */
export interface StoredOnceKey {
  readonly high: number;
  readonly low: number;
}
/** What a foreign device is called in its dialect, and which device it is here; null: blocked. */
export interface StoredForeignDevice {
  readonly dialect: string;
  readonly native: string;
  readonly device: DeviceKey | null;
}

/** A row of what the MQTT broker keeps: only it knows what is in them. */
export interface StoredMqttRow {
  readonly kind: string;
  readonly client: string;
  readonly id: string;
  readonly value: Uint8Array;
}

/** Everything the hub must know before it listens. */
export interface StoredState {
  readonly devices: readonly StoredDevice[];
  readonly streams: readonly StoredStream[];
  readonly identity: StoredIdentity;
  /** Absent: nobody wrote anything. */
  readonly deviceNotes?: readonly StoredDeviceNotes[];
  readonly documents: readonly StoredDocument[];
  readonly shares: readonly StoredShare[];
  /** What `setting` changes left, '' for none. */
  readonly settings: { readonly bridges: string };
  /** Absent: none. */
  readonly foreignDevices?: readonly StoredForeignDevice[];
  /** Pairs of words (high, low), oldest first; absent: none. */
  readonly onceKeys?: Uint32Array;
  readonly mqttRows?: readonly StoredMqttRow[];
}

/** A rare write (not a frame). Applied in the order given, in the same transaction as, and before, the frames of its group. */
export type StoreChange =
  | {
      readonly kind: 'device';
      readonly key: DeviceKey;
      readonly deviceId: string;
      readonly model: string;
      readonly firmware: string;
      readonly createdMs: number;
    }
  | {
      readonly kind: 'metrics';
      readonly device: DeviceKey;
      readonly firstIndex: number;
      readonly metrics: readonly MetricDeclaration[];
    }
  | {
      readonly kind: 'stream';
      readonly key: StreamKey;
      readonly device: DeviceKey;
      readonly epoch: number;
      readonly createdMs: number;
      readonly isImport?: boolean;
    }
  /** The whole table as it now stands; batches submitted before this one keep meaning what they meant, because tables only grow. */
  | { readonly kind: 'table'; readonly stream: StreamKey; readonly table: readonly number[] }
  | { readonly kind: 'deviceNotes'; readonly notes: readonly StoredDeviceNotes[] }
  /** The device had no link from … to, and had not said that it would sleep. */
  | ({ readonly kind: 'outage'; readonly device: DeviceKey } & Outage)
  | ({ readonly kind: 'sleep'; readonly device: DeviceKey } & StoredSleep)
  | { readonly kind: 'deviceToken'; readonly device: DeviceKey; readonly hash: string | null; readonly atMs: number }
  | { readonly kind: 'enrolmentKey'; readonly key: StoredEnrolmentKey }
  | { readonly kind: 'enrolmentKeyGone'; readonly id: string }
  | { readonly kind: 'user'; readonly user: StoredUser }
  | { readonly kind: 'session'; readonly session: StoredSession }
  | { readonly kind: 'sessionGone'; readonly hash: string }
  | { readonly kind: 'apiToken'; readonly token: StoredApiToken }
  | { readonly kind: 'apiTokenGone'; readonly id: string }
  | { readonly kind: 'document'; readonly document: StoredDocument }
  | { readonly kind: 'documentGone'; readonly document: Pick<StoredDocument, 'kind' | 'id'> }
  | { readonly kind: 'share'; readonly share: StoredShare }
  | { readonly kind: 'shareGone'; readonly id: string }
  | { readonly kind: 'foreignDevice'; readonly foreign: StoredForeignDevice }
  | { readonly kind: 'foreignDeviceGone'; readonly dialect: string; readonly native: string }
  /** Made by the store of the keys that came with frames; pairs of words. */
  | { readonly kind: 'onceKeys'; readonly atMs: number; readonly words: Uint32Array }
  /** Rows put, or (value null) removed. */
  | {
      readonly kind: 'mqtt';
      readonly rows: readonly (Omit<StoredMqttRow, 'value'> & { readonly value: Uint8Array | null })[];
    }
  /** What operators chose, as JSON, by a name that its owner in the core knows. */
  | { readonly kind: 'setting'; readonly name: 'bridges'; readonly value: string }
  /** Applied from now on, a few milliseconds at a time. */
  | { readonly kind: 'retention'; readonly policy: RetentionPolicy };

/** The store's word about one group: for each stream in it, the highest sequence number now durable. */
export interface Receipt {
  readonly streams: readonly StreamKey[];
  readonly seqs: readonly number[];
}

export type StoreState = 'ok' | 'unavailable';
export interface StoreHealth {
  readonly state: StoreState;
  /** '' when ok, else SQLITE_FULL, SQLITE_IOERR… */
  readonly code: string;
  readonly message: string;
  readonly sinceMs: number;
  readonly databaseBytes: number;
  readonly walBytes: number;
  readonly logBytes: number;
  readonly committedGroups: number;
  readonly committedFrames: number;
  /** Milliseconds of recent commits (the last 256): median and worst. */
  readonly commitMsP50: number;
  readonly commitMsMax: number;
}

/** What the store tells of its own accord; called on the main thread, never from inside a call to the store. */
export interface StoreListener {
  storeOnCommitted(receipt: Receipt): void;
  /** These streams' uncommitted frames are dropped: received falls back to committed, links close, devices send again. */
  storeOnAbandoned(streams: readonly StreamKey[]): void;
  /** 'high': stop reading from devices; 'normal': go on. */
  storeOnPressure(pressure: 'high' | 'normal'): void;
  storeOnState(health: StoreHealth): void;
}

/** Which metrics, and for how long what is kept of them. Ages are of sample time; days may be fractions; null: for ever. */
export interface RetentionRule {
  /** Globs (`*` any characters, `?` one) over the device's id and the metric's name. */
  readonly device: string;
  readonly metric: string;
  /** null: any. */
  readonly unit: string | null;
  readonly kind: MetricKind | null;
  /** Readings. */
  readonly rawDays: number | null;
  /** What outlives them: count, min, max, sum, first and last of every `cellMs` (one of the store's tiers) and longer. */
  readonly tiers: readonly { readonly cellMs: number; readonly days: number | null }[];
}
/** The first rule that names a metric decides. What no rule names is kept for ever, as everything is with no rules. */
export interface RetentionPolicy {
  readonly rules: readonly RetentionRule[];
}
/** For each rule, and last for what no rule names: what there is now, and what of it would go at once. Sealed blocks only. */
export interface RetentionPreview {
  readonly rules: readonly {
    readonly metrics: number;
    readonly readingBytes: number;
    readonly readingBytesFreed: number;
    readonly rollupBytes: number;
    /** Negative where rollups would be written in place of readings. */
    readonly rollupBytesFreed: number;
    /** Of the readings there are now; NaN for none. */
    readonly readingsFromMs: number;
    readonly readingsToMs: number;
    readonly bytesPerDay: number;
  }[];
}

export interface StoredEvent {
  readonly atMs: number;
  readonly arrivedMs: number;
  readonly level: EventLevel;
  readonly code: string;
  readonly text: string;
}
/** A stretch of sequence numbers that the device said will never come. */
export interface StoredGap {
  readonly stream: StreamKey;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: SkipReason;
  readonly fromMs: number;
  readonly toMs: number;
  readonly readings: number;
}

export interface CompletenessQuery {
  readonly device: DeviceKey;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Nothing is expected later than this. */
  readonly nowMs: number;
  /** Since when the device has had no link; NaN while it has one, or is asleep. */
  readonly offlineSinceMs: number;
  /** Since when the device has been asleep by its own word; NaN or absent when it is not. */
  readonly asleepSinceMs?: number;
}
/** Why readings are missing, or came late; 'unknown' when the device had a link and said nothing. */
export type GapCause =
  | `skipped-${SkipReason}`
  | 'hub-down'
  | 'device-offline'
  | 'device-restarted'
  /** Between what files brought and the device's own first connection: nothing was expected. */
  | 'not-connected-yet'
  | 'imported'
  | 'backfilled'
  | 'unknown';
export interface CompletenessGap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: GapCause;
  /** Of a 'backfilled' stretch: why it did not come at once. */
  readonly because: GapCause | null;
  /** Missing, as estimated from the usual pace; or skipped, as the device said; or, where backfilled, those that came. */
  readonly readings: number;
}
export interface StreamCompleteness {
  readonly stream: StreamKey;
  readonly received: number;
  readonly late: number;
  readonly backfilled: number;
  /** Over all its time, as the device said. */
  readonly skipped: number;
}
export interface CompletenessAnswer {
  /** received / (received + skipped + missing), 0 … 100; NaN where nothing was expected. */
  readonly percent: number;
  readonly received: number;
  /** Of the received: arrived more than a minute after their time, without being marked as backfill. */
  readonly late: number;
  /** Of the received: sent by the device as a backfill. */
  readonly backfilled: number;
  readonly skipped: number;
  readonly missing: number;
  readonly gaps: readonly CompletenessGap[];
  readonly links: readonly LinkGap[];
  /** Sample time of the first reading in the range; NaN for none. */
  readonly firstMs: number;
  readonly streams: readonly StreamCompleteness[];
}
export type FleetCompleteness = readonly { readonly device: DeviceKey; readonly percent: number }[];

/**
 * The store, seen from the core. `append` and `change` only queue (bounded by pressure); all else answers later.
 * A rejected promise means the world failed: an Error with `cause`. A query may also end with an error named AbortError (its
 * asker left), QueryDeadlineError (it took too long), StoreBusyError (too many wait) or RangeError (it asks for too much).
 */
export interface Store {
  /** Queue one sequenced frame (Batch, Event or Skipped, already checked) for the next group. False: the store is unavailable, and nothing was queued. */
  append(entry: {
    stream: StreamKey;
    seq: number;
    arrivedMs: number;
    frame: Uint8Array;
    /** Kept in the frame's own transaction: what they stand for is stored, and need not be when it is sent again. */
    once?: readonly StoredOnceKey[] | null;
  }): boolean;
  /** What is appended next, up to so many bytes, goes into one transaction. */
  keepTogether(bytes: number): void;
  /** Queue a rare write. Its order with frames is kept: it is applied no later than any frame appended behind it. */
  change(change: StoreChange): void;
  /** As `change`; resolves when it is durable. */
  commitChange(change: StoreChange): Promise<void>;
  /** Somebody waits for an Ack of what is queued: the next commit does not wait for the commit interval. */
  hurry(): void;
  /** Sees every frame appended before the call. */
  history(query: HistoryQuery, signal?: AbortSignalLike): Promise<HistoryAnswer>;
  readings(query: ReadingsQuery, signal?: AbortSignalLike): Promise<ReadingsAnswer>;
  /** Newest first, at most `limit`. */
  events(device: DeviceKey, limit: number): Promise<readonly StoredEvent[]>;
  gaps(device: DeviceKey): Promise<readonly StoredGap[]>;
  completeness(query: CompletenessQuery, signal?: AbortSignalLike): Promise<CompletenessAnswer>;
  /** The percentages alone, of every device. */
  fleetCompleteness(query: FleetCompletenessQuery): Promise<FleetCompleteness>;
  /** Newest readings and presence at instants of the past. */
  fleetAt(query: FleetAtQuery, signal?: AbortSignalLike): Promise<FleetAtAnswer>;
  /** As it was saved last (`change` of kind retention). */
  retention(): Promise<RetentionPolicy>;
  /** What a policy would take if it were saved at `nowMs`; changes nothing. */
  previewRetention(
    asked: { policy: RetentionPolicy; nowMs: number },
    signal?: AbortSignalLike,
  ): Promise<RetentionPreview>;
  health(): StoreHealth;
  /** Commits what is queued, then ends its threads. */
  close(): Promise<void>;
}

/** The part of AbortSignal that the core may name without DOM or Node types. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
