/**
 * The live feed: who watches what, and what each viewer gets.
 *
 * Owns viewers, their subscriptions, and what is pending since the last flush. Viewers that watch the same devices form one
 * audience: their Live frame is encoded once and shared. A viewer whose socket does not drain is "behind": from then on the
 * feed only remembers *which* devices changed, and when the socket drains it sends each one's Snapshot. So a slow viewer
 * loses points in between but never the newest, costs a bounded set of keys, and slows nobody. Never waits, knows no socket.
 *
 * Invariant: a viewer with a scope gets no frame of a device, only Snapshots cut to its scope: a frame cannot be cut.
 */
import {
  type BatchScratch,
  encodeMessage,
  type FaultReport,
  type LiveEntry,
  limits,
  type PresenceEntry,
  type Subscribe,
} from '@lapwing/protocol';
import type { DeviceRoster, DeviceState, StreamState } from './device-roster.ts';
import type { Arrived, DeviceKey, StreamKey } from './ports.ts';
import type { ViewScope } from './shares.ts';
import { makePresenceEntry, makeScopedSnapshot, makeSnapshot } from './snapshot.ts';

/** One viewer's socket as the feed sees it. */
export interface ViewerLink {
  send(frame: Uint8Array): void;
  /** Bytes handed to send and not yet taken by the network. */
  bufferedBytes(): number;
}

export interface FeedOptions {
  /** A viewer with more than this unsent is behind. */
  readonly stallBytes: number;
  readonly subscriptionsMax: number;
}

export const feedDefaults: FeedOptions = { stallBytes: 32_768, subscriptionsMax: 64 };

export interface Viewer {
  readonly link: ViewerLink;
  /** All that it may see; null: everything. */
  readonly scope: ViewScope | null;
  /** Subscription id → device ids, null for the whole fleet. */
  readonly subscriptions: Map<number, readonly DeviceKey[] | null>;
  audience: Audience;
  /** Devices owed a Snapshot; true when readings were left out before it. */
  readonly owed: Map<DeviceKey, boolean>;
}

/** Viewers with equal selections. `devices` null: the whole fleet. */
interface Audience {
  readonly key: string;
  readonly devices: ReadonlySet<DeviceKey> | null;
  readonly viewers: Set<Viewer>;
}

interface PendingEntry {
  readonly device: DeviceState;
  readonly seq: number;
  readonly entry: LiveEntry;
}

const presencePerFrameMax = 500;
const liveBytesMax = 262_144;
/** Stream, times, kind and length of an entry, at most. */
const entryOverheadBytes = 48;

export class LiveFeed {
  private readonly audiences = new Map<string, Audience>();
  private pending: PendingEntry[] = [];
  private readonly presenceChanged = new Set<DeviceState>();
  private readonly roster: DeviceRoster;
  private readonly requestFlush: () => void;
  private readonly options: FeedOptions;
  private viewers = 0;

  /** `requestFlush` is called when there is something to flush; the caller decides when. */
  constructor(roster: DeviceRoster, requestFlush: () => void, options: FeedOptions = feedDefaults) {
    this.roster = roster;
    this.requestFlush = requestFlush;
    this.options = options;
  }

  viewerCount(): number {
    return this.viewers;
  }

  addViewer(link: ViewerLink, scope: ViewScope | null = null): Viewer {
    const audience = this.audienceOf(new Set());
    const viewer: Viewer = { link, scope, subscriptions: new Map(), audience, owed: new Map() };
    audience.viewers.add(viewer);
    this.viewers += 1;
    return viewer;
  }

  removeViewer(viewer: Viewer): void {
    this.leaveAudience(viewer);
    viewer.owed.clear();
    this.viewers -= 1;
  }

  /** LV-2: from now on these devices too; each is answered by a Snapshot before its Live goes on. */
  subscribe(viewer: Viewer, message: Subscribe): FaultReport | null {
    if (!viewer.subscriptions.has(message.id) && viewer.subscriptions.size >= this.options.subscriptionsMax) {
      return {
        fault: 'tooManySubscriptions',
        text: `a viewer has at most ${this.options.subscriptionsMax} subscriptions`,
      };
    }
    const keys: DeviceKey[] = [];
    const { scope } = viewer;
    const isAll = message.devices.length === 0 && scope === null;
    const asked = message.devices.length === 0 && scope !== null ? scope.keys() : message.devices;
    for (const deviceId of asked) {
      const device = scope === null || scope.has(deviceId) ? this.roster.devices.get(deviceId) : undefined;
      // A board may name a device that is not here any more.
      if (device === undefined && message.devices.length === 0) continue;
      if (device === undefined) return { fault: 'unknownDevice', text: `there is no device ${deviceId}` };
      keys.push(device.key);
    }
    viewer.subscriptions.set(message.id, isAll ? null : keys);
    this.chooseAudience(viewer);
    const wanted = isAll ? [...this.roster.devices.values()].map((device) => device.key) : keys;
    for (const key of wanted) if (!viewer.owed.has(key)) viewer.owed.set(key, false);
    this.requestFlush();
    return null;
  }

  unsubscribe(viewer: Viewer, id: number): void {
    viewer.subscriptions.delete(id);
    this.chooseAudience(viewer);
    const { devices } = viewer.audience;
    if (devices !== null) for (const key of viewer.owed.keys()) if (!devices.has(key)) viewer.owed.delete(key);
  }

  /** A batch as the device sent it; of a backfill only where it changed history (LV-6). `frame` must not change afterwards. */
  publishBatch(stream: StreamState, batch: BatchScratch, { frame, nowMs }: Arrived): void {
    if (this.viewers === 0) return;
    const body: LiveEntry['body'] = batch.backfill ? describeLate(batch) : { kind: 'batch', frame };
    this.push(stream, { stream: stream.key, arrivedMs: nowMs, body });
  }

  publishEvent(stream: StreamState, { frame, nowMs }: Arrived): void {
    if (this.viewers === 0) return;
    this.push(stream, { stream: stream.key, arrivedMs: nowMs, body: { kind: 'event', frame } });
  }

  /** Its stream, metric table or facts changed: viewers need a Snapshot before the next Live makes sense. */
  publishDevice(device: DeviceState): void {
    if (this.viewers === 0) return;
    for (const audience of this.audiences.values()) {
      if (!isWatched(audience, device)) continue;
      for (const viewer of audience.viewers) if (!viewer.owed.has(device.key)) viewer.owed.set(device.key, false);
    }
    this.requestFlush();
  }

  publishPresence(device: DeviceState): void {
    if (this.viewers === 0) return;
    this.presenceChanged.add(device);
    this.requestFlush();
  }

  /** Sends what is pending. True when a viewer is still behind, so that another flush is due even if nothing new comes. */
  flush(nowMs: number): boolean {
    const { pending } = this;
    const presence = [...this.presenceChanged];
    const shown = findShown(pending);
    this.pending = [];
    this.presenceChanged.clear();
    let anyBehind = false;
    for (const audience of this.audiences.values()) {
      if (audience.devices?.size === 0) continue;
      const watched = audience.devices === null ? pending : pending.filter((item) => isWatched(audience, item.device));
      const changed = presence.filter((device) => isWatched(audience, device));
      const frames = encodeOnce(watched, changed, nowMs);
      for (const viewer of audience.viewers) {
        if (this.flushViewer(viewer, { watched, changed, frames, shown })) continue;
        anyBehind = true;
      }
    }
    return anyBehind;
  }

  /** False when the viewer is behind. */
  private flushViewer(viewer: Viewer, news: News): boolean {
    if (viewer.scope !== null) {
      for (const { device } of news.watched) viewer.owed.set(device.key, false);
      for (const device of news.changed) viewer.owed.set(device.key, false);
      return this.payOwed(viewer, news.shown);
    }
    if (this.payOwed(viewer, news.shown)) {
      for (const frame of news.frames()) viewer.link.send(frame);
      return true;
    }
    for (const { device } of news.watched) viewer.owed.set(device.key, true);
    for (const device of news.changed) if (!viewer.owed.has(device.key)) viewer.owed.set(device.key, false);
    return false;
  }

  /** Sends Snapshots as far as the socket drains; true when none is owed any more. */
  private payOwed(viewer: Viewer, shown: ReadonlyMap<StreamKey, number>): boolean {
    const { owed, link } = viewer;
    if (link.bufferedBytes() > this.options.stallBytes) return false;
    let presence: PresenceEntry[] = [];
    for (const [key, conflated] of owed) {
      if (link.bufferedBytes() > this.options.stallBytes) break;
      owed.delete(key);
      const device = this.roster.deviceOf(key);
      if (device === undefined) continue;
      if (viewer.scope === null) {
        const shownSeq = device.stream === null ? undefined : shown.get(device.stream.key);
        link.send(encodeMessage(makeSnapshot(device, { conflated, shownSeq })));
      } else {
        const names = viewer.scope.get(device.deviceId);
        if (names === undefined) continue;
        link.send(encodeMessage(makeScopedSnapshot(device, names, conflated)));
      }
      presence.push(makePresenceEntry(device));
      if (presence.length < presencePerFrameMax) continue;
      link.send(encodeMessage({ type: 'presence', entries: presence }));
      presence = [];
    }
    if (presence.length > 0) link.send(encodeMessage({ type: 'presence', entries: presence }));
    return owed.size === 0;
  }

  private push(stream: StreamState, entry: LiveEntry): void {
    this.pending.push({ device: stream.device, seq: stream.progress.received, entry });
    if (this.pending.length === 1) this.requestFlush();
  }

  private chooseAudience(viewer: Viewer): void {
    const selections = [...viewer.subscriptions.values()];
    const devices = selections.includes(null) ? null : new Set(selections.flatMap((keys) => keys ?? []));
    this.leaveAudience(viewer);
    viewer.audience = this.audienceOf(devices);
    viewer.audience.viewers.add(viewer);
  }

  private audienceOf(devices: ReadonlySet<DeviceKey> | null): Audience {
    const key = devices === null ? '*' : [...devices].sort((a, b) => a - b).join(',');
    let audience = this.audiences.get(key);
    if (audience === undefined) {
      audience = { key, devices, viewers: new Set() };
      this.audiences.set(key, audience);
    }
    return audience;
  }

  private leaveAudience(viewer: Viewer): void {
    viewer.audience.viewers.delete(viewer);
    if (viewer.audience.viewers.size === 0) this.audiences.delete(viewer.audience.key);
  }
}

type FrameMaker = () => readonly Uint8Array[];

/** What one flush has for one audience. */
interface News {
  readonly watched: readonly PendingEntry[];
  readonly changed: readonly DeviceState[];
  readonly frames: FrameMaker;
  /** Per stream with something pending: up to where it was shown before. A Snapshot says that, so that Live goes on behind it. */
  readonly shown: ReadonlyMap<StreamKey, number>;
}

function findShown(pending: readonly PendingEntry[]): Map<StreamKey, number> {
  const shown = new Map<StreamKey, number>();
  for (const { seq, entry } of pending) {
    const stream = entry.stream as StreamKey;
    if (!shown.has(stream)) shown.set(stream, seq - 1);
  }
  return shown;
}

/** The frames of one audience, made when the first of its viewers takes them. */
function encodeOnce(watched: readonly PendingEntry[], changed: readonly DeviceState[], sentMs: number): FrameMaker {
  let frames: Uint8Array[] | null = null;
  return () => {
    if (frames !== null) return frames;
    frames = [];
    for (const entries of splitByBytes(watched)) frames.push(encodeMessage({ type: 'live', sentMs, entries }));
    for (let start = 0; start < changed.length; start += presencePerFrameMax) {
      const entries = changed.slice(start, start + presencePerFrameMax).map(makePresenceEntry);
      frames.push(encodeMessage({ type: 'presence', entries }));
    }
    return frames;
  };
}

/** A burst becomes several frames: one has its limit (FR-2), and a socket is asked between them whether it drains. */
function splitByBytes(watched: readonly PendingEntry[]): LiveEntry[][] {
  const parts: LiveEntry[][] = [];
  let bytes = liveBytesMax;
  for (const { entry } of watched) {
    const entryBytes = entryOverheadBytes + (entry.body.kind === 'late' ? 0 : entry.body.frame.length);
    if (bytes + entryBytes > liveBytesMax) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(entry);
    bytes += entryBytes;
  }
  return parts;
}

function isWatched(audience: Audience, device: DeviceState): boolean {
  return audience.devices === null || audience.devices.has(device.key);
}

function describeLate(batch: BatchScratch): LiveEntry['body'] {
  let fromMs: number = limits.timeMsMax;
  let toMs: number = limits.timeMsMin;
  for (let row = 0; row < batch.rows; row++) {
    fromMs = Math.min(fromMs, batch.times[row]!);
    toMs = Math.max(toMs, batch.times[row]!);
  }
  return { kind: 'late', seq: batch.seq, fromMs, toMs };
}
