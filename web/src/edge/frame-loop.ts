/**
 * The one requestAnimationFrame of the page: every chart, table and number is painted from here.
 *
 * Owns the list of painters and when the next frame is asked for: at once when something came or somebody touches the page, else seven
 * times a second, for a frame costs the browser as much as what is painted in it. Behind a key or a click painters wait until their
 * answer is on the screen. Invariant: painters run in one frame, in the order they were added, and none runs while the tab is hidden
 * (the browser then grants no frames). Refuses to decide what is due: each painter knows.
 */

export type Painter = (nowHubMs: number) => void;

/** Ages, and windows that move by a pixel. */
const restMs = 150;
/** For so long after somebody touched the page each frame of the screen is painted: what it moved, and what it fetched. */
const livelyMs = 600;
/** The frame of an answer is not to hold the numbers of the feed as well: on a slow processor those take longer than the answer. */
const answerMs = 60;
/** Whoever types on and on still sees the page move. */
const heldMsMax = 250;

export class FrameLoop {
  private readonly painters = new Set<Painter>();
  private readonly nowHubMs: () => number;
  private isStarted = false;
  private isAsked = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private livelyUntilMs = 0;
  private heldUntilMs = 0;
  private paintedMs = 0;

  constructor(nowHubMs: () => number) {
    this.nowHubMs = nowHubMs;
  }

  start(): void {
    this.isStarted = true;
    this.wake();
  }

  /** Returns the function that takes the painter out again. */
  add(paint: Painter): () => void {
    this.painters.add(paint);
    this.wake();
    return () => {
      this.painters.delete(paint);
    };
  }

  /** Something came: it is painted in the screen's next frame. */
  wake(): void {
    if (!this.isStarted || this.isAsked) return;
    this.isAsked = true;
    clearTimeout(this.timer);
    requestAnimationFrame((atMs) => this.loopOnFrame(atMs));
  }

  /** Somebody moves something. */
  stir(): void {
    this.livelyUntilMs = performance.now() + livelyMs;
    this.wake();
  }

  /** Somebody pressed something. */
  answer(): void {
    this.heldUntilMs = performance.now() + answerMs;
    this.stir();
  }

  private loopOnFrame(atMs: number): void {
    this.isAsked = false;
    if (atMs >= this.heldUntilMs || atMs - this.paintedMs > heldMsMax) {
      this.paintedMs = atMs;
      const nowMs = this.nowHubMs();
      for (const paint of this.painters) paint(nowMs);
    }
    if (atMs < this.livelyUntilMs) this.wake();
    // A painter may have asked for the next frame.
    else if (!this.isAsked) this.timer = setTimeout(() => this.wake(), restMs);
  }
}
