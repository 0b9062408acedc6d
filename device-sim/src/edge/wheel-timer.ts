/**
 * Drives one timer wheel with one Node timer.
 *
 * Owns that timer. Invariant: while anything waits in the wheel, the timer is set not later than it. Refuses to keep the
 * process alive once `stop` was called.
 */
import { performance } from 'node:perf_hooks';
import { TickWheel } from '../core/tick-wheel.ts';

export class WheelTimer {
  readonly wheel: TickWheel;
  private readonly fire: (id: number, dueMs: number) => void;
  private timer: NodeJS.Timeout | null = null;
  private timerDueMs = Number.POSITIVE_INFINITY;
  private inFire = false;
  private stopped = false;

  constructor(options: { slotMs: number; idsMax: number; fire: (id: number, dueMs: number) => void }) {
    this.wheel = new TickWheel({ slotMs: options.slotMs, idsMax: options.idsMax, nowMs: performance.now() });
    this.fire = options.fire;
  }

  /** Infinity cancels. */
  schedule(id: number, atMs: number): void {
    if (this.stopped) return;
    if (atMs === Number.POSITIVE_INFINITY) {
      this.wheel.cancel(id);
      return;
    }
    this.wheel.schedule(id, atMs);
    if (!this.inFire && atMs < this.timerDueMs) this.arm(atMs);
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private arm(atMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerDueMs = atMs;
    // Whole slots: a thousand boards a second then cost a few hundred wakes, not a thousand.
    const waitMs = Math.max(this.wheel.slotMs, atMs - performance.now());
    this.timer = setTimeout(() => this.turn(), waitMs);
  }

  private turn(): void {
    this.timer = null;
    this.timerDueMs = Number.POSITIVE_INFINITY;
    this.inFire = true;
    this.wheel.advanceTo(performance.now(), this.fire);
    this.inFire = false;
    if (this.stopped) return;
    const dueMs = this.wheel.nextDueMs();
    if (!Number.isNaN(dueMs)) this.arm(dueMs);
  }
}
