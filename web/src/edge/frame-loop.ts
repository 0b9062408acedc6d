/**
 * The one requestAnimationFrame of the page: every chart, table and number is painted from here.
 *
 * Owns the list of painters. Invariant: painters run in one frame, in the order they were added, and none runs while the tab is
 * hidden (the browser then grants no frames). Refuses to decide what is due: each painter knows.
 */

export type Painter = (nowHubMs: number) => void;

export class FrameLoop {
  private readonly painters = new Set<Painter>();
  private readonly nowHubMs: () => number;

  constructor(nowHubMs: () => number) {
    this.nowHubMs = nowHubMs;
  }

  start(): void {
    const loopOnFrame = () => {
      const nowMs = this.nowHubMs();
      for (const paint of this.painters) paint(nowMs);
      requestAnimationFrame(loopOnFrame);
    };
    requestAnimationFrame(loopOnFrame);
  }

  /** Returns the function that takes the painter out again. */
  add(paint: Painter): () => void {
    this.painters.add(paint);
    return () => {
      this.painters.delete(paint);
    };
  }
}
