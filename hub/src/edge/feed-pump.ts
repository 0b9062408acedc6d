/**
 * Decides when the live feed is flushed: soon after something comes, but never spending more than a fifth of a core on it.
 *
 * Owns one timer, set to the earliest flush that is wanted. After a flush that took d milliseconds the next one waits 4 × d, and at least flushMsMin: with few viewers
 * a reading is on its way within 7 ms, less than half a frame of the screen, with thousands the flushes grow rarer and fuller by themselves.
 */
import type { LiveFeed } from '../core/live-feed.ts';

export const flushMsMin = 7;
export const flushMsMax = 100;
/** Viewers that are behind are looked after this often. */
const behindMs = 50;

export class FeedPump {
  private timer: NodeJS.Timeout | null = null;
  private dueMs = Number.POSITIVE_INFINITY;
  private isHeld = false;
  private lastEndMs = 0;
  private pauseMs = flushMsMin;
  private feed: LiveFeed | null = null;

  /** The feed needs the pump's `request` to be made, so it is handed over afterwards. */
  attach(feed: LiveFeed): void {
    this.feed = feed;
  }

  readonly request = (): void => this.schedule(this.lastEndMs + this.pauseMs);

  /** `release` comes at the end of this turn: until then no timer is needed. */
  hold(): void {
    this.isHeld = true;
  }

  /** Flushes what is wanted, unless flushes are so dear that they must be rare. */
  release(): void {
    this.isHeld = false;
    if (this.dueMs === Number.POSITIVE_INFINITY) return;
    if (this.pauseMs === flushMsMin) this.flush();
    else this.arm();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.dueMs = Number.POSITIVE_INFINITY;
  }

  /** The earlier of two times wins: somebody who is behind must not make the others wait for their news. */
  private schedule(atMs: number): void {
    if (atMs >= this.dueMs) return;
    this.dueMs = atMs;
    if (!this.isHeld) this.arm();
  }

  private arm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(this.flush, Math.max(0, this.dueMs - performance.now()));
  }

  private readonly flush = (): void => {
    this.stop();
    if (this.feed === null) return;
    const startMs = performance.now();
    const isAnyBehind = this.feed.flush(Date.now());
    this.lastEndMs = performance.now();
    this.pauseMs = Math.min(flushMsMax, Math.max(flushMsMin, 4 * (this.lastEndMs - startMs)));
    if (isAnyBehind) this.schedule(this.lastEndMs + Math.max(behindMs, this.pauseMs));
  };
}
