/**
 * Every device this hub knows: its metrics, its streams, its newest values and whether it is here.
 *
 * Owns devices, streams, latest values and presence in memory. Devices, metrics, streams and tables are told to the store
 * before anything refers to them. Only this file hands out keys. It knows no sockets: a session is just "the newest one".
 */
import { type BatchScratch, type Hello, limits, type MetricDeclaration, type PresenceState } from '@lapwing/protocol';
import { DeliveryProgress } from './delivery-progress.ts';
import { growLatest, type LatestColumns, noteBatch } from './latest-values.ts';
import { makeDevice } from './make-device.ts';
import { isPrefix, MetricLists } from './metric-lists.ts';
import type { DeviceKey, StoreChange, StoredState, StreamKey } from './ports.ts';

/** The session that speaks for a device now. The roster only compares and replaces it. */
export interface SessionHandle {
  /** A newer session of the same device took over. */
  supersede(): void;
  /** The device's token was revoked. */
  revoke(): void;
}

export interface DeviceState {
  readonly key: DeviceKey;
  readonly deviceId: string;
  model: string;
  firmware: string;
  readonly createdMs: number;
  /** Replaced, never changed, with `metricByName`: devices of a kind share one (metric-lists.ts). */
  metrics: readonly MetricDeclaration[];
  metricByName: ReadonlyMap<string, number>;
  readonly latest: LatestColumns;
  readonly streamByEpoch: Map<number, StreamState>;
  /** The stream it spoke last; null before its first session in this store. */
  stream: StreamState | null;
  session: SessionHandle | null;
  presence: PresenceState;
  /** Where its newest link came from, '' for none since the hub started. */
  address: string;
  /** Arrival of the newest message, NaN for never. */
  lastSeenMs: number;
  /** Arrival of the newest batch that was not a backfill, NaN for none since the hub started. */
  lastReadingMs: number;
  /** When its newest session began, NaN for none since the hub started. */
  attachedMs: number;
  /** Learned time between batches; NaN until two have come. */
  intervalMs: number;
  /** Asleep until then (hub time); NaN when it is not. */
  wakeMs: number;
  /** Device clock minus hub clock; NaN until measured. */
  clockOffsetMs: number;
  /** Its newest event of level error since the hub started. */
  lastError: { readonly atMs: number; readonly code: string } | null;
}

export interface StreamState {
  readonly key: StreamKey;
  readonly device: DeviceState;
  readonly epoch: number;
  /** Made of a file, not spoken by a device. */
  readonly isImport: boolean;
  readonly progress: DeliveryProgress;
  /** Index in its batches → index in the device's metric list. Replaced, never changed: streams of a device may share one. */
  table: readonly number[];
}

export interface RosterOptions {
  readonly startedMs: number;
  /** How long after a start a device that has not come back is `unknown` before it is `offline`. */
  readonly graceMs: number;
  /** A live device is `late` after this many learned intervals without a batch, and never before lateMsMin. */
  readonly lateIntervals: number;
  readonly lateMsMin: number;
  /** A live device that has sent nothing on this link yet is `late` after this; one without metrics, as a gateway, never. */
  readonly firstReadingMsMax: number;
  /** Of one stream's table. */
  readonly tableMetricsMax: number;
  /** Of one device, over all its streams. */
  readonly deviceMetricsMax: number;
}

export const rosterDefaults = {
  graceMs: 30_000,
  lateIntervals: 3,
  lateMsMin: 5_000,
  firstReadingMsMax: 60_000,
  tableMetricsMax: limits.metricsMax,
  deviceMetricsMax: limits.deviceMetricsMax,
} as const;

/** A shorter absence leaves no hole worth a cause. */
const outageMsMin = 2_000;

/** Why a metric table was refused. */
export interface TableRefusal {
  readonly fault: 'metricConflict' | 'tooManyMetrics';
  readonly text: string;
}

export class DeviceRoster {
  readonly devices = new Map<string, DeviceState>();
  readonly streams = new Map<StreamKey, StreamState>();
  private readonly byKey = new Map<DeviceKey, DeviceState>();
  private readonly lists = new MetricLists();
  private nextDevice = 1;
  private nextStream = 1;
  private readonly persist: (change: StoreChange) => void;
  private readonly options: RosterOptions;

  constructor(stored: StoredState, persist: (change: StoreChange) => void, options: RosterOptions) {
    this.persist = persist;
    this.options = options;
    for (const device of stored.devices) {
      const state = makeDevice(device, this.lists);
      device.latest.forEach((latest, metric) => {
        state.latest.timeMs[metric] = latest.timeMs;
        if (typeof latest.value === 'string') state.latest.texts[metric] = latest.value;
        else state.latest.value[metric] = latest.value;
      });
      // Unless something came from it since.
      if (device.sleep !== undefined && !(device.lastSeenMs > device.sleep.fromMs)) {
        state.presence = 'asleep';
        state.wakeMs = device.sleep.wakeMs;
        state.lastSeenMs = device.sleep.fromMs;
      }
      this.remember(state);
    }
    for (const { key, device: owner, epoch, committedSeq, table, isImport = false } of stored.streams) {
      const device = this.byKey.get(owner);
      if (device === undefined) throw new Error(`stream ${key} belongs to no device`);
      this.rememberStream({
        key,
        device,
        epoch,
        isImport,
        progress: new DeliveryProgress(committedSeq),
        table: this.lists.table(table),
      });
    }
  }

  deviceOf(key: DeviceKey): DeviceState | undefined {
    return this.byKey.get(key);
  }

  /** The device of that id, made and stored when it is new. */
  enrol(deviceId: string, nowMs: number): DeviceState {
    const known = this.devices.get(deviceId);
    if (known !== undefined) return known;
    const key = this.nextDevice as DeviceKey;
    const device = makeDevice(
      {
        key,
        deviceId,
        model: '',
        firmware: '',
        createdMs: nowMs,
        lastSeenMs: Number.NaN,
        metrics: [],
      },
      this.lists,
    );
    this.remember(device);
    this.persistDevice(device);
    return device;
  }

  /** Opens or resumes the stream that a Hello names and takes its facts and metric table (SE-3, SE-5). */
  openStream(device: DeviceState, hello: Hello, nowMs: number): StreamState | TableRefusal {
    const mapped = this.mapMetrics(device, hello.metrics);
    if ('fault' in mapped) return mapped;
    if (device.model !== hello.model || device.firmware !== hello.firmware) {
      device.model = hello.model;
      device.firmware = hello.firmware;
      this.persistDevice(device);
    }
    const known = device.streamByEpoch.get(hello.epoch);
    if (known !== undefined && !isPrefix(known.table, mapped)) {
      // Batches that wait in the device's outbox were encoded with the old table: under another one they would lie.
      return {
        fault: 'metricConflict',
        text: 'within an epoch the metric table only grows; draw a new epoch for another table',
      };
    }
    const stream = known ?? this.makeStream(device, { epoch: hello.epoch, isImport: false }, nowMs);
    device.stream = stream;
    if (mapped.length > stream.table.length) this.replaceTable(stream, mapped);
    return stream;
  }

  /** Opens or resumes the stream of an imported file: beside the one that the device itself speaks on. */
  openImport(device: DeviceState, epoch: number, nowMs: number): StreamState {
    const known = device.streamByEpoch.get(epoch);
    if (known !== undefined) return known;
    const spoken = device.stream;
    const stream = this.makeStream(device, { epoch, isImport: true }, nowMs);
    device.stream = spoken ?? stream;
    return stream;
  }

  /** The stream that the hub itself fills for a device that speaks a foreign tongue; its metrics are declared as they are found. */
  openHubStream(device: DeviceState, epoch: number, nowMs: number): StreamState {
    const stream = device.streamByEpoch.get(epoch) ?? this.makeStream(device, { epoch, isImport: false }, nowMs);
    device.stream = stream;
    return stream;
  }

  /** True when something was new. */
  learnFacts(device: DeviceState, facts: { readonly model: string; readonly firmware: string }): boolean {
    if (device.model === facts.model && device.firmware === facts.firmware) return false;
    device.model = facts.model;
    device.firmware = facts.firmware;
    this.persistDevice(device);
    return true;
  }

  /** The unit of a metric that the device has. */
  learnUnit(device: DeviceState, metric: MetricDeclaration): void {
    this.updateUnit(device, metric);
  }

  /** Appends metrics to a stream's table (SE-6). */
  declare(stream: StreamState, metrics: readonly MetricDeclaration[]): TableRefusal | null {
    const mapped = this.mapMetrics(stream.device, metrics);
    if ('fault' in mapped) return mapped;
    const twice = mapped.find((index) => stream.table.includes(index));
    if (twice !== undefined) {
      return { fault: 'metricConflict', text: `metric ${stream.device.metrics[twice]!.name} is in the table already` };
    }
    if (stream.table.length + mapped.length > this.options.tableMetricsMax) {
      return { fault: 'tooManyMetrics', text: `a table holds at most ${this.options.tableMetricsMax} metrics` };
    }
    this.replaceTable(stream, [...stream.table, ...mapped]);
    return null;
  }

  /** Notes a checked batch: newest values, freshness, learned interval. */
  noteBatch(stream: StreamState, batch: BatchScratch, nowMs: number): void {
    const { device } = stream;
    noteBatch(device.latest, stream.table, batch);
    device.lastSeenMs = nowMs;
    if (batch.backfill) return;
    const gapMs = nowMs - device.lastReadingMs;
    device.lastReadingMs = nowMs;
    if (Number.isNaN(gapMs)) return;
    // An exponential mean over about eight batches: it follows a changed rate within seconds, and one hiccup hardly moves it.
    device.intervalMs = Number.isNaN(device.intervalMs) ? gapMs : device.intervalMs + (gapMs - device.intervalMs) / 8;
  }

  /** Newest session wins: the one before is told and forgotten. */
  attach(device: DeviceState, session: SessionHandle, nowMs: number): void {
    const before = device.session;
    this.noteOutage(device, nowMs);
    device.session = session;
    device.wakeMs = Number.NaN;
    device.lastSeenMs = nowMs;
    device.attachedMs = nowMs;
    // The pause while it was away is not its interval.
    device.lastReadingMs = Number.NaN;
    device.presence = 'online';
    before?.supersede();
  }

  /** It may also have been silent on a good link before it went: when a link was lost is not known better than by its last word. */
  private noteOutage({ key, lastSeenMs, presence }: DeviceState, nowMs: number): void {
    if (!(nowMs - lastSeenMs > outageMsMin)) return;
    this.persist({ kind: 'outage', device: key, fromMs: lastSeenMs, toMs: nowMs, isAsleep: presence === 'asleep' });
  }

  /** A session ended; `wakeMs` is set when it said when it will be back. True when the device's presence changed by it. */
  detach(device: DeviceState, session: SessionHandle, wakeMs: number): boolean {
    if (device.session !== session) return false;
    device.session = null;
    device.wakeMs = wakeMs;
    device.presence = Number.isNaN(wakeMs) ? 'offline' : 'asleep';
    if (device.presence === 'asleep') {
      this.persist({ kind: 'sleep', device: device.key, fromMs: device.lastSeenMs, wakeMs });
    }
    return true;
  }

  /** Judges presence anew; returns the devices whose presence changed. Called about once a second. */
  sweepPresence(nowMs: number): DeviceState[] {
    const changed: DeviceState[] = [];
    for (const device of this.devices.values()) {
      const before = device.presence;
      device.presence = this.judgePresence(device, nowMs);
      if (device.presence !== before) changed.push(device);
    }
    return changed;
  }

  private judgePresence(device: DeviceState, nowMs: number): PresenceState {
    if (device.session !== null) {
      if (Number.isNaN(device.lastReadingMs)) {
        const waitedMs = device.metrics.length > 0 ? nowMs - device.attachedMs : 0;
        return waitedMs > this.options.firstReadingMsMax ? 'late' : 'online';
      }
      const allowedMs = Math.max(this.options.lateMsMin, this.options.lateIntervals * device.intervalMs || 0);
      return nowMs - device.lastReadingMs > allowedMs ? 'late' : 'online';
    }
    if (device.presence === 'asleep') {
      // Half a sleep of slack: the clocks of sleeping boards are poor.
      const slackMs = Math.max(this.options.lateMsMin, (device.wakeMs - device.lastSeenMs) / 2);
      return nowMs > device.wakeMs + slackMs ? 'offline' : 'asleep';
    }
    const isFresh = nowMs - this.options.startedMs < this.options.graceMs;
    if (device.presence === 'unknown' && (isFresh || Number.isNaN(device.lastSeenMs))) return 'unknown';
    return 'offline';
  }

  /** Declared metrics → indices in the device's list, which grows by the new ones. Changes nothing when it refuses. */
  private mapMetrics(device: DeviceState, declared: readonly MetricDeclaration[]): number[] | TableRefusal {
    const fresh: MetricDeclaration[] = [];
    for (const metric of declared) {
      const index = device.metricByName.get(metric.name);
      if (index === undefined) fresh.push(metric);
      else if (device.metrics[index]!.kind !== metric.kind) {
        const text = `metric ${metric.name} is a ${device.metrics[index]!.kind}, not a ${metric.kind}`;
        return { fault: 'metricConflict', text };
      }
    }
    if (device.metrics.length + fresh.length > this.options.deviceMetricsMax) {
      return { fault: 'tooManyMetrics', text: `a device has at most ${this.options.deviceMetricsMax} metrics` };
    }
    this.addMetrics(device, fresh);
    for (const metric of declared) this.updateUnit(device, metric);
    return declared.map((metric) => device.metricByName.get(metric.name)!);
  }

  private addMetrics(device: DeviceState, fresh: readonly MetricDeclaration[]): void {
    if (fresh.length === 0) return;
    const firstIndex = device.metrics.length;
    Object.assign(device, this.lists.list([...device.metrics, ...fresh]));
    growLatest(device.latest, device.metrics.length);
    this.persist({ kind: 'metrics', device: device.key, firstIndex, metrics: device.metrics.slice(firstIndex) });
  }

  private updateUnit(device: DeviceState, { name, unit, kind }: MetricDeclaration): void {
    const index = device.metricByName.get(name)!;
    if (device.metrics[index]!.unit === unit) return;
    Object.assign(device, this.lists.list(device.metrics.with(index, { name, unit, kind })));
    this.persist({ kind: 'metrics', device: device.key, firstIndex: index, metrics: [{ name, unit, kind }] });
  }

  private makeStream(
    device: DeviceState,
    { epoch, isImport }: { epoch: number; isImport: boolean },
    nowMs: number,
  ): StreamState {
    const key = this.nextStream as StreamKey;
    const stream: StreamState = { key, device, epoch, isImport, progress: new DeliveryProgress(0), table: [] };
    this.rememberStream(stream);
    this.persist({ kind: 'stream', key, device: device.key, epoch, createdMs: nowMs, isImport });
    return stream;
  }

  private replaceTable(stream: StreamState, table: readonly number[]): void {
    stream.table = this.lists.table(table);
    this.persist({ kind: 'table', stream: stream.key, table });
  }

  private persistDevice({ key, deviceId, model, firmware, createdMs }: DeviceState): void {
    this.persist({ kind: 'device', key, deviceId, model, firmware, createdMs });
  }

  private remember(device: DeviceState): void {
    this.devices.set(device.deviceId, device);
    this.byKey.set(device.key, device);
    this.nextDevice = Math.max(this.nextDevice, device.key + 1);
  }

  private rememberStream(stream: StreamState): void {
    this.streams.set(stream.key, stream);
    stream.device.streamByEpoch.set(stream.epoch, stream);
    stream.device.stream = stream;
    this.nextStream = Math.max(this.nextStream, stream.key + 1);
  }
}
