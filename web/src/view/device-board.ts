/**
 * The data behind the charts of one device, or of some of its metrics: history, the live feed, and their meeting.
 *
 * Owns the timeline and the request in flight. Invariants: at most one history request at a time; what is shown stays until what
 * takes its place is there. Several boards may share a stage: a page over a long list of metrics has one for each part in sight.
 */
import type { BatchScratch } from '@lapwing/protocol';
import { signal } from '@preact/signals';
import { DeviceTimeline } from '../core/device-timeline.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import { learnNumbers } from '../core/number-format.ts';
import { planQuery, type TimeRange } from '../core/time-range.ts';
import type { App } from './app-context.ts';
import type { StageView, TimeStage } from './time-stage.ts';

const historyEveryMs = 3_000;
const retryEveryMs = 5_000;
/** Longest wait for the feed to introduce the device. */
const introductionMs = 2_000;
/** Up to the range of 15 minutes. */
const refinedBucketMsMax = 2_000;
/** Of the span: how far history is fetched ahead of a past that plays on. */
const leadShare = 0.5;

export interface BoardParts {
  readonly stage: TimeStage;
  /** The metrics it holds, by index; null: all, and those to come. */
  readonly metrics: readonly number[] | null;
  /** Whether the feed has introduced the device: before that history and live have no seam to meet at. */
  readonly isIntroduced: () => boolean;
}

/** A timeline and the stretch of sample time it was made for. */
interface Reel {
  readonly timeline: DeviceTimeline;
  readonly edgeMs: number;
}

export class DeviceBoard {
  readonly historyState = signal<'loading' | 'ready' | 'failed'>('loading');
  readonly device: DeviceRecord;
  readonly stage: TimeStage;
  private readonly app: App;
  private readonly parts: BoardParts;
  private readonly chosen: ReadonlySet<number> | null;
  /** What the charts show now. */
  private shown: Reel;
  /** Taking the place of `shown` once its history is there: until then the old data is drawn in the new window. */
  private incoming: Reel | null = null;
  private readonly bornMs: number;
  private stageVersion: number;
  private followed: TimeStage['following'];
  private nextHistoryMs = 0;
  private abort: AbortController | null = null;

  constructor(app: App, device: DeviceRecord, parts: BoardParts) {
    this.app = app;
    this.device = device;
    this.parts = parts;
    this.stage = parts.stage;
    this.chosen = parts.metrics === null ? null : new Set(parts.metrics);
    this.bornMs = app.nowHubMs();
    this.stageVersion = this.stage.version;
    this.followed = this.stage.following;
    this.settleOffset();
    this.shown = this.makeReel();
    this.growMetrics();
  }

  get timeline(): DeviceTimeline {
    return this.shown.timeline;
  }

  /** Starts; returns the function that ends it. */
  run(): () => void {
    const ends = [
      this.app.addObserver({
        observeBatch: (device, scratch, stream) => {
          if (device !== this.device) return;
          this.growMetrics();
          if (this.stage.following === 'present') this.timeline.advanceTo(this.edgeMs);
          this.applyBatch(stream, scratch);
        },
        observeRepeat: (device, scratch, stream) => {
          if (device === this.device) this.applyBatch(stream, scratch);
        },
        observeLate: (device) => this.askAgain(device),
        // After a reconnection, or when the feed left readings out, only history knows the stretch between.
        observeSnapshot: (device) => this.askAgain(device),
      }),
      this.stage.addFeeder((view) => this.feed(view)),
    ];
    return () => {
      for (const end of ends) end();
      this.abort?.abort();
    };
  }

  private get edgeMs(): number {
    return this.stage.settled.toMs + this.stage.offsetMs;
  }

  private makeReel(range: TimeRange = this.stage.range): Reel {
    const leadMs = this.stage.following === 'past' ? Math.round(range.spanMs * leadShare) : 0;
    const edgeMs = this.edgeMs + leadMs;
    const held = { spanMs: range.spanMs + leadMs, bucketMs: range.bucketMs };
    return { timeline: new DeviceTimeline(held, edgeMs, this.chosen), edgeMs };
  }

  private applyBatch(stream: number, scratch: BatchScratch): void {
    this.timeline.applyBatch(stream, scratch, this.device.table);
    this.incoming?.timeline.applyBatch(stream, scratch, this.device.table);
  }

  private askAgain(device: DeviceRecord): void {
    if (device === this.device) (this.incoming ?? this.shown).timeline.needsHistory = true;
  }

  private growMetrics(): void {
    const { metrics } = this.device;
    for (const reel of [this.shown, this.incoming]) {
      if (reel === null || reel.timeline.buffers.length === metrics.length) continue;
      reel.timeline.setMetrics(metrics.map((metric) => metric.kind));
    }
  }

  private settleOffset(): void {
    const measured = Number.isFinite(this.device.clockOffsetMs) ? this.device.clockOffsetMs : 0;
    if (Math.abs(measured - this.stage.offsetMs) > 1_000) this.stage.offsetMs = Math.round(measured);
  }

  /** Another view, or a past that has played on to the end of what was fetched. */
  private followStage(): void {
    const { version, following } = this.stage;
    const isSet = version !== this.stageVersion || following !== this.followed;
    if (!isSet && !this.isRunOut()) return;
    this.stageVersion = version;
    this.followed = following;
    const next = this.makeReel();
    if (this.timeline.state === 'empty') this.shown = next;
    else this.incoming = next;
    this.abort?.abort();
    this.nextHistoryMs = 0;
  }

  private isRunOut(): boolean {
    const { timeline, edgeMs } = this.incoming ?? this.shown;
    if (this.stage.following !== 'past' || timeline.state === 'loading') return false;
    const leftMs = edgeMs - this.edgeMs;
    const { spanMs } = this.stage.range;
    return leftMs < spanMs * 0.2 || leftMs > spanMs;
  }

  private feed({ nowHubMs }: StageView): void {
    this.settleOffset();
    this.followStage();
    this.growMetrics();
    if (this.stage.following === 'present') {
      this.timeline.advanceTo(this.edgeMs);
      this.incoming?.timeline.advanceTo(this.edgeMs);
    }
    const wanting = this.incoming ?? this.shown;
    const { needsHistory, state } = wanting.timeline;
    if (needsHistory && state !== 'loading' && nowHubMs >= this.nextHistoryMs) void this.loadHistory(wanting, nowHubMs);
  }

  private async loadHistory(reel: Reel, nowHubMs: number): Promise<void> {
    const metrics = this.device.metrics.map(({ index }) => index).filter((index) => this.chosen?.has(index) !== false);
    const isWaiting = !this.parts.isIntroduced() && nowHubMs < this.bornMs + introductionMs;
    if (metrics.length === 0 || isWaiting || this.app.model.link.peek().kind !== 'live') return;
    const { timeline } = reel;
    this.nextHistoryMs = nowHubMs + historyEveryMs;
    timeline.startHistory();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const plan = planQuery(timeline.range, this.stage.following === 'present' ? this.edgeMs : reel.edgeMs);
      const answer = await this.app.hub.readHistory({ device: this.device.id, metrics, ...plan }, abort.signal);
      timeline.applyHistory(answer);
      if (this.incoming === reel) {
        this.shown = reel;
        this.incoming = null;
      }
      for (const { metric, last } of answer.series) {
        const record = this.device.metrics[metric];
        if (record !== undefined) learnNumbers(record.shape, last);
      }
      this.historyState.value = 'ready';
      await this.refineCounters(timeline, { plan, metrics, signal: abort.signal });
    } catch {
      timeline.failHistory();
      if (abort.signal.aborted) return;
      this.nextHistoryMs = nowHubMs + retryEveryMs;
      this.historyState.value = 'failed';
    }
  }

  /** Where a bucket holds about one reading, a counter's rate wants the readings' own times. Best effort: the chart stands without. */
  private async refineCounters(
    timeline: DeviceTimeline,
    asked: { plan: { fromMs: number; toMs: number }; metrics: readonly number[]; signal: AbortSignal },
  ): Promise<void> {
    if (timeline.range.bucketMs > refinedBucketMsMax) return;
    const { plan, signal } = asked;
    for (const index of asked.metrics) {
      const buffer = timeline.buffers[index];
      if (this.device.metrics[index]?.kind !== 'counter' || buffer === null || buffer === undefined) continue;
      const stretch = { device: this.device.id, metric: index, fromMs: plan.fromMs, toMs: plan.toMs };
      const times = await this.app.hub.readTimes(stretch, signal).catch(() => []);
      buffer.refineTimes(times);
      timeline.version++;
    }
  }
}
