/**
 * The inbox: devices that spoke to the hub and that nobody has let in yet, with what they said last.
 *
 * Owns these entries, in memory only: after a restart whoever is still there speaks again. Nothing in it is stored as a reading.
 * Invariants: at most `inboxDefaults.devicesMax` entries and `payloadBytesMax` bytes of payload each; the longest silent makes room.
 * It decides nothing by itself: to adopt or to block is somebody's word.
 */
import type { MetricKind } from '@lapwing/protocol';
import type { Finding, FoundReading } from './dialects/dialect.ts';
import type { ForeignFacts, ForeignName } from './foreign-devices.ts';

export interface InboxOptions {
  readonly devicesMax: number;
  readonly metricsMax: number;
  readonly payloadBytesMax: number;
  /** Blocked ones of which is remembered what they said. */
  readonly asideMax: number;
}

export const inboxDefaults: InboxOptions = { devicesMax: 500, metricsMax: 64, payloadBytesMax: 512, asideMax: 100 };

export interface InboxMetric {
  readonly name: string;
  unit: string;
  kind: MetricKind;
  latest: number | string | null;
  latestMs: number;
}

export interface InboxEntry {
  readonly id: string;
  /** The likely one; '' where none knows the topic. */
  readonly dialect: string;
  readonly native: string;
  readonly facts: ForeignFacts;
  readonly firstMs: number;
  lastMs: number;
  messages: number;
  /** Learned time between words with readings; NaN until two have come. */
  intervalMs: number;
  /** How many such times it is learned from, up to `gapsMax`. */
  gaps: number;
  lastReadingMs: number;
  lastTopic: string;
  lastPayload: Uint8Array;
  readonly metrics: Map<string, InboxMetric>;
}

export class Inbox {
  /** The longest silent first. */
  private readonly entries = new Map<string, InboxEntry>();
  private readonly aside = new Map<string, InboxEntry>();
  private readonly options: InboxOptions;
  dropped = 0;

  constructor(options: InboxOptions = inboxDefaults) {
    this.options = options;
  }

  /** Newest word first. */
  list(): InboxEntry[] {
    return [...this.entries.values()].reverse();
  }

  find(id: string): InboxEntry | null {
    return this.entries.get(id) ?? null;
  }

  remove(name: ForeignName): void {
    this.entries.delete(inboxIdOf(name));
  }

  /** Blocked: what is known of it is kept for when it is unblocked, since many devices say who they are but once. */
  setAside(name: ForeignName): void {
    const id = inboxIdOf(name);
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    this.entries.delete(id);
    this.aside.delete(id);
    this.aside.set(id, entry);
    if (this.aside.size > this.options.asideMax) this.aside.delete(this.aside.keys().next().value!);
  }

  bringBack(name: ForeignName): void {
    const id = inboxIdOf(name);
    const entry = this.aside.get(id);
    if (entry === undefined) return;
    this.aside.delete(id);
    this.makeRoom();
    this.entries.set(id, entry);
  }

  note(
    name: ForeignName,
    message: {
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly arrivedMs: number;
      /** Somebody had kept it: of no time known. */
      readonly isLastKnown?: boolean;
    },
    findings: readonly Finding[],
  ): void {
    const entry = this.touch(name, message.arrivedMs);
    entry.lastMs = message.arrivedMs;
    entry.messages += 1;
    entry.lastTopic = message.topic;
    entry.lastPayload = message.payload.slice(0, this.options.payloadBytesMax);
    let hasReading = false;
    for (const finding of findings) {
      if (finding.type === 'facts') Object.assign(entry.facts, pickFacts(finding));
      else if (finding.type === 'reading') {
        hasReading = message.isLastKnown !== true;
        const timeMs = hasReading ? (finding.timeMs ?? message.arrivedMs) : Number.NaN;
        this.noteMetric(entry, { ...finding, timeMs });
      } else if (finding.type === 'metric') this.noteMetric(entry, { ...finding, value: null, timeMs: Number.NaN });
    }
    if (hasReading) noteInterval(entry, message.arrivedMs);
  }

  private noteMetric(
    entry: InboxEntry,
    found: { metric: string; unit: string; kind: MetricKind; value: number | string | null; timeMs: number },
  ): void {
    let metric = entry.metrics.get(found.metric);
    if (metric === undefined) {
      if (entry.metrics.size >= this.options.metricsMax) return;
      metric = { name: found.metric, unit: found.unit, kind: found.kind, latest: null, latestMs: Number.NaN };
      entry.metrics.set(found.metric, metric);
    }
    if (found.unit !== '') metric.unit = found.unit;
    metric.kind = found.kind;
    if (found.value === null) return;
    metric.latest = typeof found.value === 'string' ? found.value.slice(0, 128) : found.value;
    metric.latestMs = found.timeMs;
  }

  private makeRoom(): void {
    if (this.entries.size < this.options.devicesMax) return;
    const [oldest] = this.entries.keys();
    this.entries.delete(oldest!);
    this.dropped += 1;
  }

  private touch(name: ForeignName, nowMs: number): InboxEntry {
    const id = inboxIdOf(name);
    const known = this.entries.get(id);
    this.entries.delete(id);
    if (known === undefined) this.makeRoom();
    const entry: InboxEntry = known ?? {
      id,
      ...name,
      facts: {},
      firstMs: nowMs,
      lastMs: nowMs,
      messages: 0,
      intervalMs: Number.NaN,
      gaps: 0,
      lastReadingMs: Number.NaN,
      lastTopic: '',
      lastPayload: new Uint8Array(0),
      metrics: new Map(),
    };
    this.entries.set(id, entry);
    return entry;
  }
}

export type ShownReading = Pick<FoundReading, 'metric' | 'unit' | 'kind' | 'value'>;

/** What has been shown of it. */
export function listShown({ metrics }: InboxEntry): ShownReading[] {
  return [...metrics.values()].flatMap(({ name, unit, kind, latest }) =>
    latest === null ? [] : [{ metric: name, unit, kind, value: latest }],
  );
}

export function inboxIdOf({ dialect, native }: ForeignName): string {
  return `${dialect}/${native}`;
}

function pickFacts({ name, maker, model, address, via }: ForeignFacts): ForeignFacts {
  const known = Object.entries({ name, maker, model, address, via }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known);
}

/** Messages closer together are one word: a device says on several topics what it measured at one time. */
const sameWordMs = 250;
const gapsMax = 8;

/** The mean of the first few, then mostly of the newest. */
function noteInterval(entry: InboxEntry, nowMs: number): void {
  const gapMs = nowMs - entry.lastReadingMs;
  entry.lastReadingMs = nowMs;
  if (Number.isNaN(gapMs) || gapMs < sameWordMs) return;
  entry.gaps = Math.min(entry.gaps + 1, gapsMax);
  entry.intervalMs = entry.gaps === 1 ? gapMs : entry.intervalMs + (gapMs - entry.intervalMs) / entry.gaps;
}
