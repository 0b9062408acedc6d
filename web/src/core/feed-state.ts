/**
 * What this viewer knows of the fleet: devices, presence, latest values, and how late they reached the screen.
 *
 * Owns the device records. A reducer over feed messages and the HTTP device list: the same messages in the same order give the
 * same state; times are arguments. Invariants: a batch of a stream is applied at most once (by its sequence number, never by
 * its times); a latest value is the newest sample, not the last arrival; a backfill never counts as the present.
 * Records are changed in place, and named in `dirty`, because ten thousand of them arrive every second.
 */
import type { BatchScratch, DeviceEvent, FeedMessage, MetricKind, PresenceState, Snapshot } from '@lapwing/protocol';
import { batchCoding } from '@lapwing/protocol';
import { learnNumber, makeNumberShape, type NumberShape } from './number-format.ts';

export interface MetricRecord {
  readonly index: number;
  readonly name: string;
  readonly unit: string;
  readonly kind: MetricKind;
  readonly shape: NumberShape;
  /** NaN: none yet. */
  latestMs: number;
  latest: number | string;
}

/** What only the hub's list tells of a device: what people wrote on it, and how it did while nobody looked. */
export interface DeviceNotes {
  /** '' : called by its id. */
  readonly label: string;
  readonly tags: readonly string[];
  /** Percent over 24 hours; NaN where nothing was expected, or not known yet. */
  readonly completeness: number;
  /** `import`: only files brought readings; `none`: it never came; `unknown`: the list has not told. */
  readonly source: 'link' | 'import' | 'none' | 'unknown';
  readonly lastError: { readonly atMs: number; readonly code: string } | null;
}

const noNotes: DeviceNotes = { label: '', tags: [], completeness: Number.NaN, source: 'unknown', lastError: null };

export interface DeviceRecord {
  readonly id: string;
  model: string;
  firmware: string;
  /** Where its newest connection came from; empty when not known. */
  address: string;
  createdMs: number;
  presence: PresenceState;
  /** Arrival of its newest message, hub time; NaN for never. */
  lastSeenMs: number;
  /** Device clock minus hub clock; NaN when unknown. */
  clockOffsetMs: number;
  stream: number;
  /** Highest sequence number of `stream` known here. */
  seq: number;
  metrics: MetricRecord[];
  /** Index in the stream's batches → index in `metrics`. */
  table: readonly number[];
  /** Learned distance between its batches, NaN until two came. */
  intervalMs: number;
  /** True once the feed has told its presence. */
  hasFeedPresence: boolean;
  /** True once the HTTP list has told model and firmware. */
  isDescribed: boolean;
  /** Replaced, never changed. */
  notes: DeviceNotes;
  /** What `notes.completeness` is at present; of the past nobody has worked it out, and the notes say NaN. */
  completenessNow: number;
  /** Place among all names; NaN until `rankNames` has seen it. */
  nameRank: number;
}

/** The device as GET /api/v1/devices tells it. */
export interface DeviceFacts {
  readonly id: string;
  readonly model: string;
  readonly firmware: string;
  readonly address?: string | null;
  readonly createdMs: number;
  readonly presence: PresenceState;
  readonly lastSeenMs: number | null;
  readonly clockOffsetMs: number | null;
  readonly label?: string;
  readonly tags?: readonly string[];
  readonly completeness?: number | null;
  readonly source?: 'link' | 'import' | 'none';
  readonly intervalMs?: number | null;
  readonly lastError?: DeviceNotes['lastError'];
  /** Through which device it speaks, and which speak through it. */
  readonly gateway?: { readonly id: string; readonly label: string } | null;
  readonly behind?: readonly {
    readonly id: string;
    readonly label: string;
    readonly model: string;
    readonly presence: PresenceState;
  }[];
  readonly stream: number;
  readonly seq: number;
  readonly metrics: readonly {
    readonly index: number;
    readonly name: string;
    readonly unit: string;
    readonly kind: MetricKind;
    readonly latest: { readonly timeMs: number; readonly value: number | string } | null;
    readonly lastKnown?: number | string | null;
  }[];
}

/** As GET /api/v1/devices?metrics=false tells it. */
export type BriefFacts = Omit<DeviceFacts, 'metrics'> & Partial<Pick<DeviceFacts, 'metrics'>>;

/** Somebody who wants each batch as it is applied: a chart page, the sparklines. The scratch is only lent. */
export interface FeedObserver {
  observeBatch?(device: DeviceRecord, scratch: BatchScratch, stream: number): void;
  /** A batch the state has already: sent again because the hub had let go of it. */
  observeRepeat?(device: DeviceRecord, scratch: BatchScratch, stream: number): void;
  observeEvent?(device: DeviceRecord, event: DeviceEvent, arrivedMs: number): void;
  /** Readings of the past arrived: only history can tell them. */
  observeLate?(device: DeviceRecord, fromMs: number, toMs: number): void;
  observeSnapshot?(device: DeviceRecord, conflated: boolean): void;
}

export interface FeedState {
  readonly devices: Map<string, DeviceRecord>;
  readonly streams: Map<number, DeviceRecord>;
  /** Records changed since somebody last emptied this. */
  readonly dirty: Set<DeviceRecord>;
  /** Rises when a device appears, or a presence, model or metric table changes: what ordering and columns depend on. */
  structureVersion: number;
  /** Devices seen in the feed that the HTTP list has not described yet. */
  readonly undescribed: Set<string>;
  /** Sample times in hub time of readings applied but not yet painted; bounded, the newest win. */
  readonly unpainted: Float64Array;
  unpaintedCount: number;
  /** What was applied is not on the screen yet: a page with much to draw waits for its next beat. */
  isPaintHeld: boolean;
  /** The page is rewound: presence and values are of the past (rewind-reel.ts), and none of the present gets in. */
  isPast: boolean;
  /** Batches applied, and dropped as already known. */
  batches: number;
  duplicates: number;
}

export function makeFeedState(): FeedState {
  return {
    devices: new Map(),
    streams: new Map(),
    dirty: new Set(),
    structureVersion: 0,
    undescribed: new Set(),
    unpainted: new Float64Array(512),
    unpaintedCount: 0,
    isPaintHeld: false,
    isPast: false,
    batches: 0,
    duplicates: 0,
  };
}

export function applyFacts(state: FeedState, facts: BriefFacts): void {
  const device = findOrAdd(state, facts.id);
  device.model = facts.model;
  device.firmware = facts.firmware;
  device.address = facts.address ?? '';
  device.createdMs = facts.createdMs;
  device.isDescribed = true;
  state.undescribed.delete(facts.id);
  // The list may have been on its way for long; once the feed has spoken, it is the newer.
  if (!device.hasFeedPresence && !state.isPast) {
    device.presence = facts.presence;
    device.lastSeenMs = facts.lastSeenMs ?? Number.NaN;
  }
  if (Number.isNaN(device.clockOffsetMs)) device.clockOffsetMs = facts.clockOffsetMs ?? Number.NaN;
  if (Number.isNaN(device.intervalMs)) device.intervalMs = facts.intervalMs ?? Number.NaN;
  putNotes(device, facts, state.isPast);
  for (const metric of facts.metrics ?? []) {
    const record = putMetric(device, metric.index, metric);
    if (metric.latest !== null && !state.isPast)
      putLatest(record, metric.latest.timeMs, readWireValue(metric.latest.value, metric.kind));
  }
  markChanged(state, device);
}

/** A name changes the order, so it is ranked anew. */
function putNotes(device: DeviceRecord, facts: BriefFacts, isPast: boolean): void {
  const { notes } = device;
  if (facts.completeness !== undefined) device.completenessNow = facts.completeness ?? Number.NaN;
  const label = facts.label ?? notes.label;
  if (label !== notes.label) device.nameRank = Number.NaN;
  const tags = facts.tags ?? notes.tags;
  device.notes = {
    label,
    tags: tags.join(' ') === notes.tags.join(' ') ? notes.tags : tags,
    completeness: isPast ? Number.NaN : device.completenessNow,
    source: facts.source ?? notes.source,
    lastError: facts.lastError === undefined ? notes.lastError : facts.lastError,
  };
}

/** Hides what is only known of the present, or shows it again. */
export function setPast(state: FeedState, isPast: boolean): void {
  if (state.isPast === isPast) return;
  state.isPast = isPast;
  for (const device of state.devices.values()) {
    device.notes = { ...device.notes, completeness: isPast ? Number.NaN : device.completenessNow };
    markChanged(state, device);
  }
}

/** What somebody here wrote on devices, as the hub answered. */
export function applyNotes(
  state: FeedState,
  edited: readonly { readonly id: string; readonly label: string; readonly tags: readonly string[] }[],
): void {
  for (const { id, label, tags } of edited) {
    const device = state.devices.get(id);
    if (device === undefined) continue;
    if (label !== device.notes.label) device.nameRank = Number.NaN;
    device.notes = { ...device.notes, label, tags };
    markChanged(state, device);
  }
}

/** An error event that came live counts like those the list tells. */
export function noteError(state: FeedState, device: DeviceRecord, error: { atMs: number; code: string }): void {
  device.notes = { ...device.notes, lastError: error };
  markChanged(state, device);
}

/** JSON cannot hold NaN or −0, so the HTTP API spells them. */
function readWireValue(value: number | string, kind: MetricKind): number | string {
  return kind !== 'text' && typeof value === 'string' ? Number(value) : value;
}

function findOrAdd(state: FeedState, id: string): DeviceRecord {
  let device = state.devices.get(id);
  if (device === undefined) {
    device = {
      id,
      model: '',
      firmware: '',
      address: '',
      createdMs: Number.NaN,
      presence: 'unknown',
      lastSeenMs: Number.NaN,
      clockOffsetMs: Number.NaN,
      stream: 0,
      seq: 0,
      metrics: [],
      table: [],
      intervalMs: Number.NaN,
      hasFeedPresence: false,
      isDescribed: false,
      notes: noNotes,
      completenessNow: Number.NaN,
      nameRank: Number.NaN,
    };
    state.devices.set(id, device);
    state.undescribed.add(id);
  }
  return device;
}

function markChanged(state: FeedState, device: DeviceRecord): void {
  state.dirty.add(device);
  state.structureVersion++;
}

function putMetric(
  device: DeviceRecord,
  index: number,
  declared: { readonly name: string; readonly unit: string; readonly kind: MetricKind },
): MetricRecord {
  const known = device.metrics[index];
  if (known !== undefined && known.name === declared.name && known.unit === declared.unit) return known;
  const record: MetricRecord = {
    index,
    name: declared.name,
    unit: declared.unit,
    kind: declared.kind,
    shape: makeNumberShape(),
    latestMs: Number.NaN,
    latest: Number.NaN,
  };
  device.metrics[index] = record;
  return record;
}

/** Newest sample wins; of equal times the later arrival. */
function putLatest(record: MetricRecord, timeMs: number, value: number | string): void {
  if (record.latestMs > timeMs) return;
  record.latestMs = timeMs;
  record.latest = value;
  if (typeof value === 'number') learnNumber(record.shape, value);
}

export function applySnapshot(state: FeedState, snapshot: Snapshot, observer: FeedObserver): void {
  const device = findOrAdd(state, snapshot.device);
  device.stream = snapshot.stream;
  device.seq = snapshot.seq;
  device.table = snapshot.table;
  device.clockOffsetMs = snapshot.clockOffsetMs;
  const before = device.metrics.length;
  snapshot.metrics.forEach((metric, index) => {
    putMetric(device, index, metric);
  });
  for (const latest of snapshot.latest) {
    const record = device.metrics[latest.metric];
    if (record !== undefined && !Number.isNaN(latest.timeMs)) putLatest(record, latest.timeMs, latest.value);
  }
  if (snapshot.stream !== 0) state.streams.set(snapshot.stream, device);
  state.dirty.add(device);
  if (before !== device.metrics.length) state.structureVersion++;
  observer.observeSnapshot?.(device, snapshot.conflated);
}

export function applyPresence(state: FeedState, message: Extract<FeedMessage, { type: 'presence' }>): void {
  for (const entry of message.entries) {
    const device = findOrAdd(state, entry.device);
    const changed = device.presence !== entry.state;
    device.presence = entry.state;
    device.hasFeedPresence = true;
    if (!(device.lastSeenMs > entry.lastSeenMs)) device.lastSeenMs = entry.lastSeenMs;
    state.dirty.add(device);
    if (changed) state.structureVersion++;
  }
}

/** One Batch of the feed, already read into `scratch`. */
export function applyBatch(
  state: FeedState,
  entry: { readonly stream: number; readonly arrivedMs: number; readonly scratch: BatchScratch },
  observer: FeedObserver,
): void {
  const { scratch } = entry;
  const device = state.streams.get(entry.stream);
  if (device === undefined) return;
  if (entry.stream === device.stream) {
    if (scratch.seq <= device.seq) {
      state.duplicates++;
      observer.observeRepeat?.(device, scratch, entry.stream);
      return;
    }
    device.seq = scratch.seq;
  }
  state.batches++;
  learnInterval(device, entry.arrivedMs);
  let newestMs = Number.NEGATIVE_INFINITY;
  forEachReading(scratch, device.table, (metric, timeMs, value) => {
    const record = device.metrics[metric];
    if (record !== undefined) putLatest(record, timeMs, value);
    if (timeMs > newestMs) newestMs = timeMs;
  });
  if (!scratch.backfill) noteUnpainted(state, newestMs - device.clockOffsetMs);
  state.dirty.add(device);
  observer.observeBatch?.(device, scratch, entry.stream);
}

function learnInterval(device: DeviceRecord, arrivedMs: number): void {
  const step = arrivedMs - device.lastSeenMs;
  if (!(device.lastSeenMs > arrivedMs)) device.lastSeenMs = arrivedMs;
  if (!(step > 0)) return;
  device.intervalMs = Number.isNaN(device.intervalMs) ? step : device.intervalMs + (step - device.intervalMs) / 8;
}

function noteUnpainted(state: FeedState, sampleHubMs: number): void {
  if (!Number.isFinite(sampleHubMs)) return;
  state.unpainted[state.unpaintedCount % state.unpainted.length] = sampleHubMs;
  state.unpaintedCount++;
}

/** Calls `visit` with the device's own metric index, for every value present, row by row in each column. */
export function forEachReading(
  scratch: BatchScratch,
  table: readonly number[],
  visit: (metric: number, timeMs: number, value: number | string) => void,
): void {
  const { rows, columns, times, values, texts, present } = scratch;
  for (let c = 0; c < columns; c++) {
    const metric = table[scratch.metrics[c]!];
    if (metric === undefined) continue;
    const isText = scratch.encodings[c] === batchCoding.text;
    const isFull = scratch.presentAll[c] === 1;
    for (let r = 0; r < rows; r++) {
      const cell = c * rows + r;
      if (!isFull && present[cell] === 0) continue;
      visit(metric, times[r]!, isText ? (texts[cell] ?? '') : values[cell]!);
    }
  }
}
