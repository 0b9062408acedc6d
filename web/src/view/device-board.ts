/**
 * What drives one device page: its timeline, the history behind it, and the painting of everything on it in one frame.
 *
 * Owns the timeline and the request in flight. Invariants: at most one history request at a time; a chart is painted only when
 * its data or its pixels moved, it is in sight, and the tab is seen; texts change at most four times a second.
 */
import { signal } from '@preact/signals';
import { DeviceTimeline } from '../core/device-timeline.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import { learnNumbers } from '../core/number-format.ts';
import { planQuery, type TimeRange } from '../core/time-range.ts';
import type { App } from './app-context.ts';

const historyEveryMs = 3_000;
const retryEveryMs = 5_000;
/** Longest wait for the feed to introduce the device. */
const introductionMs = 2_000;
const textsEveryMs = 250;
/** Up to the range of 15 minutes. */
const refinedBucketMsMax = 1_500;

export interface BoardView {
  /** The window to draw, in the device's own time. */
  readonly fromMs: number;
  readonly edgeMs: number;
  readonly nowHubMs: number;
}

export class DeviceBoard {
  readonly timeline: DeviceTimeline;
  readonly range: TimeRange;
  readonly historyState = signal<'loading' | 'ready' | 'failed'>('loading');
  private readonly app: App;
  private readonly device: DeviceRecord;
  private readonly drawers = new Set<(view: BoardView) => void>();
  private readonly writers = new Set<(view: BoardView) => void>();
  /** Whether the feed has told of the device since it is watched: readings between a history and the subscription would be in neither. */
  private readonly isIntroduced: () => boolean;
  private readonly bornMs: number;
  private nextHistoryMs = 0;
  private nextTextsMs = 0;
  private abort: AbortController | null = null;
  /** Device clock minus hub clock as used for the window: steady, so that charts do not tremble with each measurement. */
  private offsetMs = 0;

  constructor(
    app: App,
    device: DeviceRecord,
    view: { readonly range: TimeRange; readonly isIntroduced: () => boolean },
  ) {
    const { range } = view;
    this.app = app;
    this.isIntroduced = view.isIntroduced;
    this.bornMs = app.nowHubMs();
    this.device = device;
    this.range = range;
    this.settleOffset();
    this.timeline = new DeviceTimeline(range, app.nowHubMs() + this.offsetMs);
    this.growMetrics();
  }

  /** Starts; returns the function that ends it. */
  run(): () => void {
    const endObserver = this.app.addObserver({
      observeBatch: (device, scratch, stream) => {
        if (device !== this.device) return;
        this.growMetrics();
        this.timeline.advanceTo(this.app.nowHubMs() + this.offsetMs);
        this.timeline.applyBatch(stream, scratch, device.table);
      },
      observeRepeat: (device, scratch, stream) => {
        if (device === this.device) this.timeline.applyBatch(stream, scratch, device.table);
      },
      observeLate: (device) => this.askAgain(device),
      // After a reconnection, or when the feed left readings out, only history knows the stretch between.
      observeSnapshot: (device) => this.askAgain(device),
    });
    const endPainter = this.app.addPainter((nowHubMs) => this.paint(nowHubMs));
    return () => {
      endObserver();
      endPainter();
      this.abort?.abort();
    };
  }

  /** Called in each frame; the drawer itself knows whether anything moved. */
  addDrawer(draw: (view: BoardView) => void): () => void {
    this.drawers.add(draw);
    return () => {
      this.drawers.delete(draw);
    };
  }

  /** Called at most four times a second: for numbers that a person reads. */
  addWriter(write: (view: BoardView) => void): () => void {
    this.writers.add(write);
    this.nextTextsMs = 0;
    return () => {
      this.writers.delete(write);
    };
  }

  private askAgain(device: DeviceRecord): void {
    if (device === this.device) this.timeline.needsHistory = true;
  }

  private growMetrics(): void {
    if (this.timeline.buffers.length === this.device.metrics.length) return;
    this.timeline.setMetrics(this.device.metrics.map((metric) => metric.kind));
  }

  private settleOffset(): void {
    const measured = Number.isFinite(this.device.clockOffsetMs) ? this.device.clockOffsetMs : 0;
    if (Math.abs(measured - this.offsetMs) > 1_000) this.offsetMs = Math.round(measured);
  }

  private paint(nowHubMs: number): void {
    this.growMetrics();
    this.settleOffset();
    const edgeMs = nowHubMs + this.offsetMs;
    this.timeline.advanceTo(edgeMs);
    if (this.timeline.needsHistory && this.timeline.state !== 'loading' && nowHubMs >= this.nextHistoryMs) {
      void this.loadHistory(nowHubMs, edgeMs);
    }
    const view = { fromMs: edgeMs - this.range.spanMs, edgeMs, nowHubMs };
    for (const draw of this.drawers) draw(view);
    if (nowHubMs < this.nextTextsMs) return;
    this.nextTextsMs = nowHubMs + textsEveryMs;
    for (const write of this.writers) write(view);
  }

  private async loadHistory(nowHubMs: number, edgeMs: number): Promise<void> {
    const metrics = this.device.metrics.map((metric) => metric.index);
    const isWaiting = !this.isIntroduced() && nowHubMs < this.bornMs + introductionMs;
    if (metrics.length === 0 || isWaiting || this.app.model.link.peek().kind !== 'live') return;
    this.nextHistoryMs = nowHubMs + historyEveryMs;
    this.timeline.startHistory();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const plan = planQuery(this.range, edgeMs);
      const answer = await this.app.hub.readHistory({ device: this.device.id, metrics, ...plan }, abort.signal);
      this.timeline.applyHistory(answer);
      for (const { metric, last } of answer.series) {
        const record = this.device.metrics[metric];
        if (record !== undefined) learnNumbers(record.shape, last);
      }
      this.historyState.value = 'ready';
      await this.refineCounters(plan, abort.signal);
    } catch {
      this.timeline.failHistory();
      this.nextHistoryMs = nowHubMs + retryEveryMs;
      if (!abort.signal.aborted) this.historyState.value = 'failed';
    }
  }

  /** Where a bucket holds about one reading, a counter's rate wants the readings' own times. Best effort: the chart stands without. */
  private async refineCounters(plan: { fromMs: number; toMs: number }, signal: AbortSignal): Promise<void> {
    if (this.range.bucketMs > refinedBucketMsMax) return;
    for (const metric of this.device.metrics) {
      const buffer = this.timeline.buffers[metric.index];
      if (metric.kind !== 'counter' || buffer === null || buffer === undefined) continue;
      const stretch = { device: this.device.id, metric: metric.index, fromMs: plan.fromMs, toMs: plan.toMs };
      const times = await this.app.hub.readTimes(stretch, signal).catch(() => []);
      buffer.refineTimes(times);
      this.timeline.version++;
    }
  }
}
