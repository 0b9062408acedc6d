/**
 * The data behind charts of any series of any devices: history, the live feed where the stage follows the present, and the same
 * stretch of another time for comparison.
 *
 * Owns a timeline per device, and the requests in flight. Invariants: at most one of each kind of request at a time; what is shown
 * stays until what takes its place is there; a series whose device or metric is not known is empty, and may come to be known.
 */
import { signal } from '@preact/signals';
import { DeviceTimeline } from '../core/device-timeline.ts';
import type { KnownSeries } from '../core/explore-groups.ts';
import type { SeriesName } from '../core/explore-state.ts';
import type { DeviceRecord, MetricRecord } from '../core/feed-state.ts';
import { nameDevice } from '../core/fleet-order.ts';
import { learnNumbers } from '../core/number-format.ts';
import { SeriesBuffer } from '../core/series-buffer.ts';
import { countAhead, countBuckets, planQuery, type TimeRange } from '../core/time-range.ts';
import type { BoardClient, SeriesReply } from '../edge/board-client.ts';
import type { App } from './app-context.ts';
import type { StageView, TimeStage } from './time-stage.ts';

const historyEveryMs = 3_000;
const retryEveryMs = 5_000;
/** Of the span: how often the other time is asked for again while live. */
const ghostShare = 1 / 100;

export interface SourceParts {
  readonly client: BoardClient;
  readonly stage: TimeStage;
  readonly names: readonly SeriesName[];
  /** How far back the time compared with lies; 0: none. */
  readonly shiftMs: number;
}

interface Reel {
  readonly range: TimeRange;
  readonly edgeMs: number;
  readonly timelines: Map<string, DeviceTimeline>;
  /** By place in `names`. */
  readonly ghosts: (SeriesBuffer | null)[];
}

export class SeriesSource {
  readonly state = signal<'loading' | 'ready' | 'failed'>('loading');
  version = 0;
  readonly names: readonly SeriesName[];
  private readonly app: App;
  private readonly parts: SourceParts;
  private shown: Reel;
  private incoming: Reel | null = null;
  private stageVersion: number;
  private followed: TimeStage['following'];
  private nextMs = 0;
  private nextGhostMs = 0;
  private abort: AbortController | null = null;
  private isGhostLoading = false;

  constructor(app: App, parts: SourceParts) {
    this.app = app;
    this.parts = parts;
    this.names = parts.names;
    this.stageVersion = parts.stage.version;
    this.followed = parts.stage.following;
    this.shown = this.makeReel();
  }

  /** Changes when what is shown is of another stretch: the scale then starts afresh. */
  get identity(): unknown {
    return this.shown;
  }

  recordOf(place: number): MetricRecord | undefined {
    const name = this.names[place]!;
    const device = this.app.model.feed.devices.get(name.device);
    return device?.metrics.find((metric) => metric?.name === name.metric);
  }

  /** Undefined where the hub knows no such series. */
  describe(place: number): KnownSeries | undefined {
    const record = this.recordOf(place);
    if (record === undefined) return undefined;
    const deviceName = nameDevice(this.app.model.feed.devices, this.names[place]!.device);
    return { deviceName, unit: record.unit, isCounter: record.kind === 'counter' };
  }

  bufferOf(place: number): SeriesBuffer | null {
    const record = this.recordOf(place);
    if (record === undefined) return null;
    return this.shown.timelines.get(this.names[place]!.device)?.buffers[record.index] ?? null;
  }

  ghostOf(place: number): SeriesBuffer | null {
    return this.shown.ghosts[place] ?? null;
  }

  /** Starts; returns the function that ends it. */
  run(): () => void {
    const ends = [
      this.app.addObserver({
        observeBatch: (device, scratch, stream) => {
          for (const reel of [this.shown, this.incoming]) {
            reel?.timelines.get(device.id)?.applyBatch(stream, scratch, device.table);
          }
        },
        observeLate: (device) => this.askAgain(device),
        observeSnapshot: (device) => this.askAgain(device),
      }),
      this.parts.stage.addFeeder((view) => this.feed(view)),
    ];
    return () => {
      for (const end of ends) end();
      this.abort?.abort();
    };
  }

  private makeReel(): Reel {
    const { range, settled } = this.parts.stage;
    return { range, edgeMs: settled.toMs, timelines: new Map(), ghosts: this.names.map(() => null) };
  }

  private askAgain(device: DeviceRecord): void {
    const timeline = (this.incoming ?? this.shown).timelines.get(device.id);
    if (timeline !== undefined) timeline.needsHistory = true;
  }

  private feed({ nowHubMs }: StageView): void {
    this.followStage();
    const reel = this.incoming ?? this.shown;
    for (const one of [this.shown, this.incoming]) if (one !== null) this.growTimelines(one);
    let version = 0;
    for (const { version: each } of this.shown.timelines.values()) version += each;
    this.version = version + this.ghostVersion;
    const { model } = this.app;
    if (model.link.peek().kind !== 'live' && this.followed === 'present') return;
    const wants = [...reel.timelines.values()];
    const isLoading = wants.some(({ state }) => state === 'loading');
    if (!isLoading && wants.some(({ needsHistory }) => needsHistory) && nowHubMs >= this.nextMs) {
      void this.loadHistory(reel, nowHubMs);
    }
    const isDue = this.parts.shiftMs > 0 && !this.isGhostLoading && nowHubMs >= this.nextGhostMs;
    if (isDue && reel === this.shown && reel.timelines.size > 0) void this.loadGhosts(reel, nowHubMs);
  }

  private ghostVersion = 0;

  private followStage(): void {
    const { version, following, settled } = this.parts.stage;
    // A past that plays on is fetched in pieces of a tenth of what is seen.
    const reel = this.incoming ?? this.shown;
    const isRunOut = following === 'past' && Math.abs(settled.toMs - reel.edgeMs) > reel.range.spanMs / 10;
    if (version === this.stageVersion && following === this.followed && !isRunOut) return;
    this.stageVersion = version;
    this.followed = following;
    this.incoming = this.makeReel();
    this.abort?.abort();
    this.nextMs = 0;
    this.nextGhostMs = 0;
  }

  /** Devices and metrics become known by and by: the list, the feed. */
  private growTimelines(reel: Reel): void {
    const edgeMs = this.followed === 'present' ? this.parts.stage.settled.toMs : reel.edgeMs;
    for (let place = 0; place < this.names.length; place++) {
      const record = this.recordOf(place);
      if (record === undefined) continue;
      const id = this.names[place]!.device;
      const device = this.app.model.feed.devices.get(id)!;
      let timeline = reel.timelines.get(id);
      if (timeline === undefined) {
        timeline = new DeviceTimeline(reel.range, edgeMs, this.listMetrics(id));
        reel.timelines.set(id, timeline);
      }
      if (timeline.buffers.length < device.metrics.length) timeline.setMetrics(device.metrics.map(({ kind }) => kind));
      if (this.followed === 'present') timeline.advanceTo(edgeMs);
    }
  }

  private listMetrics(device: string): ReadonlySet<number> {
    const places = this.names.map((name, place) => (name.device === device ? this.recordOf(place)?.index : undefined));
    return new Set(places.filter((index) => index !== undefined));
  }

  private listAsked(): { readonly device: string; readonly metric: number; readonly place: number }[] {
    return this.names.flatMap((name, place) => {
      const record = this.recordOf(place);
      return record === undefined || record.kind === 'text'
        ? []
        : [{ device: name.device, metric: record.index, place }];
    });
  }

  private async loadHistory(reel: Reel, nowHubMs: number): Promise<void> {
    const series = this.listAsked();
    if (series.length === 0) return;
    this.nextMs = nowHubMs + historyEveryMs;
    for (const timeline of reel.timelines.values()) timeline.startHistory();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const plan = planQuery(reel.range, this.followed === 'present' ? this.parts.stage.settled.toMs : reel.edgeMs);
      const answer = await this.parts.client.readHistory({ series, ...plan }, abort.signal);
      this.take(reel, answer);
      this.state.value = 'ready';
    } catch {
      for (const timeline of reel.timelines.values()) timeline.failHistory();
      if (abort.signal.aborted) return;
      this.nextMs = nowHubMs + retryEveryMs;
      this.state.value = 'failed';
    }
  }

  private take(reel: Reel, answer: SeriesReply): void {
    for (const [id, timeline] of reel.timelines) {
      const mine = answer.series.filter(({ device }) => device === id);
      timeline.applyHistory({ ...answer, series: mine });
      for (const { metric, last } of mine) {
        const record = this.app.model.feed.devices.get(id)?.metrics[metric];
        if (record !== undefined) learnNumbers(record.shape, last);
      }
    }
    if (this.incoming !== reel) return;
    this.shown = reel;
    this.incoming = null;
  }

  /** The same stretch of another time, put where it is compared: best effort, the chart stands without. */
  private async loadGhosts(reel: Reel, nowHubMs: number): Promise<void> {
    const { shiftMs, client, stage } = this.parts;
    const asked = this.listAsked();
    this.isGhostLoading = true;
    const everyMs = Math.max(retryEveryMs, reel.range.spanMs * ghostShare);
    this.nextGhostMs = this.followed === 'present' ? nowHubMs + everyMs : Number.POSITIVE_INFINITY;
    try {
      const edgeMs = this.followed === 'present' ? stage.settled.toMs + everyMs : reel.edgeMs;
      const plan = planQuery(reel.range, edgeMs);
      const past = { ...plan, fromMs: plan.fromMs - shiftMs, toMs: plan.toMs - shiftMs };
      const answer = await client.readHistory({ series: asked, ...past }, new AbortController().signal);
      for (const { device, metric, place } of asked) {
        const series = answer.series.find((one) => one.device === device && one.metric === metric);
        if (series === undefined) continue;
        const buffer = new SeriesBuffer(reel.range.bucketMs, countBuckets(reel.range) + 1, countAhead(reel.range));
        buffer.advanceTo(edgeMs);
        buffer.replace(plan.fromMs, series);
        reel.ghosts[place] = buffer;
      }
      this.ghostVersion++;
    } catch {
      this.nextGhostMs = nowHubMs + retryEveryMs;
    }
    this.isGhostLoading = false;
  }
}
