/**
 * The pulse: how long a reading took from the device to this screen, and that the feed is alive.
 *
 * Owns the window of latencies. A latency is the hub's time of the frame in which the reading was painted, minus the reading's
 * sample time corrected by its device's clock offset. Invariant: signals change at most twice a second (figures: once).
 */
import type { AppModel } from './app-model.ts';
import { LatencyWindow } from './latency-window.ts';

/** A beat is an animation, and each of its frames costs the main thread: four a second took a twenty-fifth of it. */
const beatEveryMs = 500;
const figuresEveryMs = 1000;
const structureEveryMs = 500;

export class PulseMeter {
  private readonly model: AppModel;
  private readonly window = new LatencyWindow();
  private nextBeatMs = 0;
  private nextFiguresMs = 0;
  private nextStructureMs = 0;
  private batchesSeen = 0;

  constructor(model: AppModel) {
    this.model = model;
  }

  /** Called in each frame, behind the painters. Nothing is measured before the browser's clock has been compared with the hub's. */
  measure(nowHubMs: number, isClockMeasured: boolean): void {
    const { feed } = this.model;
    if (!feed.isPaintHeld) this.takePainted(nowHubMs, isClockMeasured);
    feed.dirty.clear();
    if (feed.batches !== this.batchesSeen && nowHubMs >= this.nextBeatMs) {
      this.batchesSeen = feed.batches;
      this.nextBeatMs = nowHubMs + beatEveryMs;
      this.model.beat.value++;
    }
    if (nowHubMs >= this.nextFiguresMs) {
      this.nextFiguresMs = nowHubMs + figuresEveryMs;
      this.model.latency.value = this.window.read(nowHubMs);
    }
    if (nowHubMs >= this.nextStructureMs && this.model.structure.peek() !== feed.structureVersion) {
      this.nextStructureMs = nowHubMs + structureEveryMs;
      this.model.structure.value = feed.structureVersion;
    }
  }

  private takePainted(nowHubMs: number, isClockMeasured: boolean): void {
    const { feed } = this.model;
    const held = Math.min(feed.unpaintedCount, feed.unpainted.length);
    if (isClockMeasured) {
      for (let i = 0; i < held; i++) this.window.add(nowHubMs - feed.unpainted[i]!, nowHubMs);
    }
    feed.unpaintedCount = 0;
  }
}
