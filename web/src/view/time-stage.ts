/**
 * The stretch of time that a page of charts shows, and the painting of everything on it in one frame.
 *
 * Owns the window (the last `range` up to the page's now, or one held still, or one under a moving finger) and the lists of drawers
 * and writers. Knows no device and no data: boards fetch for it, plots draw on it, any page may have one. Invariants: drawers run in
 * one animation frame; writers, for numbers that a person reads, at most four times a second.
 */
import type { PageClock } from '../core/page-clock.ts';
import type { TimeRange } from '../core/time-range.ts';
import { clampWindow, isSameWindow, makeWindowRange, type TimeWindow } from '../core/time-window.ts';

const writeEveryMs = 250;
/** After the last turn of the wheel. */
const settleMs = 180;
/** Points in sight from which on charts are painted with the texts only, and not for each pixel; and with every second text. */
const calmFromPoints = 6_000;
const calmerFromPoints = 12_000;

/** What is to be drawn, in sample time: hub time plus the stage's offset. */
export interface StageView {
  readonly fromMs: number;
  readonly edgeMs: number;
  readonly nowHubMs: number;
  /** Where there is much to draw, it is drawn in these frames only. */
  readonly isBeat: boolean;
}

export interface StageParts {
  readonly clock: PageClock;
  readonly addPainter: (paint: (nowHubMs: number) => void) => () => void;
  readonly nowHubMs: () => number;
  /** Told in each frame whether charts wait for a later one: the time from device to screen goes on meanwhile. */
  readonly stageOnPaint?: (isHeld: boolean) => void;
  /** Somebody zoomed, moved or went back to live by hand; the address then says so, and `setView` follows. */
  readonly stageOnWindow: (window: TimeWindow | null) => void;
}

export class TimeStage {
  /** Sample clock minus hub clock as used for the window: steady, so that charts do not tremble with each measurement. */
  offsetMs = 0;
  /** Rises when somebody set another view, not with time passing. */
  version = 0;
  private readonly parts: StageParts;
  private liveRange: TimeRange;
  private fixed: TimeWindow | null = null;
  /** While a finger or the wheel is still moving. */
  private preview: TimeWindow | null = null;
  private settleTimer: ReturnType<typeof setTimeout> | undefined;
  private nextWriteMs = 0;
  private beats = 0;
  /** Points that each plot in sight draws. */
  private readonly weights = new Map<object, number>();
  private weight = 0;
  private readonly feeders = new Set<(view: StageView) => void>();
  private readonly drawers = new Set<(view: StageView) => void>();
  private readonly writers = new Set<(view: StageView) => void>();

  constructor(range: TimeRange, parts: StageParts) {
    this.parts = parts;
    this.liveRange = range;
  }

  /** What to show: the last `range` and on, or a window held still. */
  setView(range: TimeRange, window: TimeWindow | null): void {
    const isSame = window === null && this.fixed === null ? range === this.liveRange : isSameWindow(window, this.fixed);
    this.preview = null;
    this.liveRange = range;
    if (isSame) return;
    this.fixed = window;
    this.version++;
  }

  /** The span and grid of what is shown. */
  get range(): TimeRange {
    return this.fixed === null ? this.liveRange : makeWindowRange(this.fixed);
  }
  /** The stretch on the screen, hub time. */
  get window(): TimeWindow {
    return this.preview ?? this.settled;
  }
  /** As `window`, but for a finger that is still moving: what data is fetched for. */
  get settled(): TimeWindow {
    if (this.fixed !== null) return this.fixed;
    const toMs = this.parts.clock.nowMs();
    return { fromMs: toMs - this.liveRange.spanMs, toMs };
  }
  /** Whether the right edge is the present, and moves. */
  get isLive(): boolean {
    return this.fixed === null && this.preview === null && this.parts.clock.mode.peek() === 'live';
  }
  /** What data follows: the present, whatever a finger shows meanwhile; a past that plays on; or nothing, for a window is held. */
  get following(): 'present' | 'past' | 'nothing' {
    const mode = this.parts.clock.mode.peek();
    if (this.fixed !== null || mode === 'paused') return 'nothing';
    return mode === 'live' ? 'present' : 'past';
  }
  get spanMs(): number {
    const { fromMs, toMs } = this.window;
    return toMs - fromMs;
  }
  toHubMs(sampleMs: number): number {
    return sampleMs - this.offsetMs;
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
    const settled = clampWindow(window, this.nowHubMs());
    if (isSameWindow(settled, this.fixed)) this.preview = null;
    else this.parts.stageOnWindow(settled);
  }
  goLive(): void {
    clearTimeout(this.settleTimer);
    this.preview = null;
    if (this.fixed !== null) this.parts.stageOnWindow(null);
  }
  nowHubMs(): number {
    return this.parts.nowHubMs();
  }

  /** So much is to be drawn that the charts are painted a few times a second; what a hand moves still follows it. */
  get isCalm(): boolean {
    return this.preview === null && this.weight > calmFromPoints;
  }
  /** How many points a plot draws; 0 when it is out of sight. */
  setWeight(plot: object, points: number): void {
    this.weight += points - (this.weights.get(plot) ?? 0);
    if (points === 0) this.weights.delete(plot);
    else this.weights.set(plot, points);
  }

  /** Starts; returns the function that ends it. */
  run(): () => void {
    const endPainter = this.parts.addPainter((nowHubMs) => this.paint(nowHubMs));
    return () => {
      endPainter();
      this.parts.stageOnPaint?.(false);
      clearTimeout(this.settleTimer);
    };
  }

  /** Called in each frame in front of the drawers: whoever moves buffers on and fetches. */
  addFeeder(feed: (view: StageView) => void): () => void {
    return addTo(this.feeders, feed);
  }
  /** Called in each frame; the drawer itself knows whether anything moved. */
  addDrawer(draw: (view: StageView) => void): () => void {
    return addTo(this.drawers, draw);
  }
  addWriter(write: (view: StageView) => void): () => void {
    this.nextWriteMs = 0;
    return addTo(this.writers, write);
  }

  private paint(nowHubMs: number): void {
    const isWriting = nowHubMs >= this.nextWriteMs;
    if (isWriting) this.beats++;
    const isBeat = isWriting && (this.weight < calmerFromPoints || this.beats % 2 === 0);
    const look = () => {
      const { fromMs, toMs } = this.window;
      return { fromMs: fromMs + this.offsetMs, edgeMs: toMs + this.offsetMs, nowHubMs, isBeat };
    };
    for (const feed of this.feeders) feed(look());
    const view = look();
    for (const draw of this.drawers) draw(view);
    this.parts.stageOnPaint?.(this.isCalm && !isBeat);
    if (!isWriting) return;
    this.nextWriteMs = nowHubMs + writeEveryMs;
    for (const write of this.writers) write(view);
  }
}

function addTo<T>(list: Set<T>, one: T): () => void {
  list.add(one);
  return () => {
    list.delete(one);
  };
}
