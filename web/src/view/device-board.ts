/**
 * What drives one device page: its timeline, the history behind it, and the painting of everything on it in one frame.
 *
 * Owns the timeline, the window shown and the request in flight. Invariants: at most one history request at a time; a chart is painted only when
 * its data or its pixels moved, it is in sight, and the tab is seen; texts change at most four times a second.
 */
import type { BatchScratch } from '@lapwing/protocol';
import { signal } from '@preact/signals';
import { DeviceTimeline } from '../core/device-timeline.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import type { CausedGap, Completeness } from '../core/gap-cause.ts';
import { readDeclared } from '../core/gap-cause.ts';
import { learnNumbers } from '../core/number-format.ts';
import { planQuery, type TimeRange } from '../core/time-range.ts';
import { clampWindow, isSameWindow, makeWindowRange, type TimeWindow } from '../core/time-window.ts';
import type { App } from './app-context.ts';

const historyEveryMs = 3_000;
const gapsEveryMs = 30_000;
const retryEveryMs = 5_000;
/** Longest wait for the feed to introduce the device. */
const introductionMs = 2_000;
const textsEveryMs = 250;
/** After the last turn of the wheel. */
const settleMs = 180;
/** Up to the range of 15 minutes. */
const refinedBucketMsMax = 1_500;

export interface BoardView {
  /** The window to draw, in the device's own time. */
  readonly fromMs: number;
  readonly edgeMs: number;
  readonly nowHubMs: number;
}

export interface BoardWishes {
  readonly isIntroduced: () => boolean;
  /** Somebody zoomed, moved or went back to live by hand; the address then says so, and `setView` follows. */
  readonly boardOnWindow: (window: TimeWindow | null) => void;
}

export class DeviceBoard {
  /** What the charts show now. */
  timeline: DeviceTimeline;
  readonly historyState = signal<'loading' | 'ready' | 'failed'>('loading');
  /** Why stretches are empty, as far as anybody knows. */
  gaps: readonly CausedGap[] = [];
  /** Of the stretch on the screen; null until the hub has said. */
  readonly completeness = signal<Completeness | null>(null);
  /** Taking the place of `timeline` once its history is there: until then the old data is drawn in the new window. */
  private incoming: DeviceTimeline | null = null;
  private range: TimeRange;
  private fixed: TimeWindow | null = null;
  /** While a finger or the wheel is still moving. */
  private preview: TimeWindow | null = null;
  private readonly app: App;
  private readonly device: DeviceRecord;
  private readonly wishes: BoardWishes;
  private readonly drawers = new Set<(view: BoardView) => void>();
  private readonly writers = new Set<(view: BoardView) => void>();
  private readonly bornMs: number;
  private nextHistoryMs = 0;
  private nextGapsMs = 0;
  private nextTextsMs = 0;
  private abort: AbortController | null = null;
  private settleTimer: ReturnType<typeof setTimeout> | undefined;
  /** Device clock minus hub clock as used for the window: steady, so that charts do not tremble with each measurement. */
  private offsetMs = 0;

  constructor(app: App, device: DeviceRecord, look: { readonly range: TimeRange; readonly wishes: BoardWishes }) {
    this.app = app;
    this.wishes = look.wishes;
    this.bornMs = app.nowHubMs();
    this.device = device;
    this.range = look.range;
    this.settleOffset();
    this.timeline = new DeviceTimeline(this.range, this.edgeMs);
    this.growMetrics();
  }

  /** What to show: the last `range` and on, or a window held still. */
  setView(range: TimeRange, window: TimeWindow | null): void {
    const isSame = window === null && this.fixed === null ? range === this.range : isSameWindow(window, this.fixed);
    this.preview = null;
    if (isSame) return;
    this.fixed = window;
    this.range = window === null ? range : makeWindowRange(window);
    const next = new DeviceTimeline(this.range, this.edgeMs);
    if (this.timeline.state === 'empty') this.timeline = next;
    else this.incoming = next;
    this.abort?.abort();
    this.nextHistoryMs = 0;
    this.nextGapsMs = 0;
    this.growMetrics();
  }

  /** The stretch on the screen, hub time. */
  get window(): TimeWindow {
    const toMs = this.app.nowHubMs();
    return this.preview ?? this.fixed ?? { fromMs: toMs - this.range.spanMs, toMs };
  }
  get isLive(): boolean {
    return this.fixed === null && this.preview === null;
  }
  get spanMs(): number {
    const { fromMs, toMs } = this.window;
    return toMs - fromMs;
  }
  toHubMs(deviceMs: number): number {
    return deviceMs - this.offsetMs;
  }

  /** Shows a window while it is being moved; it is settled, and its own data fetched, when nothing moved for a moment. */
  move(window: TimeWindow): void {
    this.preview = window;
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.settle(), settleMs);
  }
  settle(window: TimeWindow | null = this.preview): void {
    clearTimeout(this.settleTimer);
    if (window === null) return;
    const settled = clampWindow(window, this.app.nowHubMs());
    if (isSameWindow(settled, this.fixed)) this.preview = null;
    else this.wishes.boardOnWindow(settled);
  }
  goLive(): void {
    clearTimeout(this.settleTimer);
    this.preview = null;
    if (this.fixed !== null) this.wishes.boardOnWindow(null);
  }

  private get edgeMs(): number {
    return this.window.toMs + this.offsetMs;
  }

  /** Starts; returns the function that ends it. */
  run(): () => void {
    const endObserver = this.app.addObserver({
      observeBatch: (device, scratch, stream) => {
        if (device !== this.device) return;
        this.growMetrics();
        if (this.isLive) this.timeline.advanceTo(this.edgeMs);
        this.applyBatch(stream, scratch);
      },
      observeRepeat: (device, scratch, stream) => {
        if (device === this.device) this.applyBatch(stream, scratch);
      },
      observeLate: (device) => this.askAgain(device),
      // After a reconnection, or when the feed left readings out, only history knows the stretch between.
      observeSnapshot: (device) => this.askAgain(device),
    });
    const endPainter = this.app.addPainter((nowHubMs) => this.paint(nowHubMs));
    return () => {
      endObserver();
      endPainter();
      clearTimeout(this.settleTimer);
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

  private applyBatch(stream: number, scratch: BatchScratch): void {
    this.timeline.applyBatch(stream, scratch, this.device.table);
    this.incoming?.applyBatch(stream, scratch, this.device.table);
  }

  private askAgain(device: DeviceRecord): void {
    if (device !== this.device) return;
    (this.incoming ?? this.timeline).needsHistory = true;
    this.nextGapsMs = Math.min(this.nextGapsMs, this.app.nowHubMs() + historyEveryMs);
  }

  private growMetrics(): void {
    for (const timeline of [this.timeline, this.incoming]) {
      if (timeline === null || timeline.buffers.length === this.device.metrics.length) continue;
      timeline.setMetrics(this.device.metrics.map((metric) => metric.kind));
    }
  }

  /** Best effort: a gap without a known cause is still drawn as a gap. */
  private async loadGaps(nowHubMs: number): Promise<void> {
    this.nextGapsMs = nowHubMs + gapsEveryMs;
    const { fromMs, toMs } = this.window;
    try {
      const found = await this.app.hub.readCompleteness(this.device.id, fromMs, toMs);
      this.completeness.value = found;
      this.gaps = found.gaps;
    } catch (error) {
      this.completeness.value = null;
      console.info(`Lapwing: completeness could not be read: ${String(error)}`);
      this.gaps = readDeclared(await this.app.hub.readGaps(this.device.id).catch(() => []));
    }
  }

  private settleOffset(): void {
    const measured = Number.isFinite(this.device.clockOffsetMs) ? this.device.clockOffsetMs : 0;
    if (Math.abs(measured - this.offsetMs) > 1_000) this.offsetMs = Math.round(measured);
  }

  private paint(nowHubMs: number): void {
    this.growMetrics();
    this.settleOffset();
    const { fromMs, toMs } = this.window;
    const edgeMs = toMs + this.offsetMs;
    const wanting = this.incoming ?? this.timeline;
    if (this.isLive) {
      this.timeline.advanceTo(edgeMs);
      this.incoming?.advanceTo(edgeMs);
    }
    if (wanting.needsHistory && wanting.state !== 'loading' && nowHubMs >= this.nextHistoryMs) {
      void this.loadHistory(wanting, nowHubMs);
    }
    // Behind the charts' own data, which people came for.
    if (this.incoming === null && this.timeline.state === 'joined' && nowHubMs >= this.nextGapsMs) {
      void this.loadGaps(nowHubMs);
    }
    const view = { fromMs: fromMs + this.offsetMs, edgeMs, nowHubMs };
    for (const draw of this.drawers) draw(view);
    if (nowHubMs < this.nextTextsMs) return;
    this.nextTextsMs = nowHubMs + textsEveryMs;
    for (const write of this.writers) write(view);
  }

  private async loadHistory(timeline: DeviceTimeline, nowHubMs: number): Promise<void> {
    const metrics = this.device.metrics.map((metric) => metric.index);
    const isWaiting = !this.wishes.isIntroduced() && nowHubMs < this.bornMs + introductionMs;
    if (metrics.length === 0 || isWaiting || this.app.model.link.peek().kind !== 'live') return;
    this.nextHistoryMs = nowHubMs + historyEveryMs;
    timeline.startHistory();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const plan = planQuery(timeline.range, (this.fixed?.toMs ?? nowHubMs) + this.offsetMs);
      const answer = await this.app.hub.readHistory({ device: this.device.id, metrics, ...plan }, abort.signal);
      timeline.applyHistory(answer);
      if (this.incoming === timeline) {
        this.timeline = timeline;
        this.incoming = null;
      }
      for (const { metric, last } of answer.series) {
        const record = this.device.metrics[metric];
        if (record !== undefined) learnNumbers(record.shape, last);
      }
      this.historyState.value = 'ready';
      await this.refineCounters(timeline, { plan, signal: abort.signal });
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
    { plan, signal }: { plan: { fromMs: number; toMs: number }; signal: AbortSignal },
  ): Promise<void> {
    if (timeline.range.bucketMs > refinedBucketMsMax) return;
    for (const metric of this.device.metrics) {
      const buffer = timeline.buffers[metric.index];
      if (metric.kind !== 'counter' || buffer === null || buffer === undefined) continue;
      const stretch = { device: this.device.id, metric: metric.index, fromMs: plan.fromMs, toMs: plan.toMs };
      const times = await this.app.hub.readTimes(stretch, signal).catch(() => []);
      buffer.refineTimes(times);
      timeline.version++;
    }
  }
}
