/**
 * Puts off heavy work until the browser has painted its answer to a key or a click.
 *
 * Owns the one task that waits: a newer one takes its place, since only the newest page is worth rendering. On a slow processor a page
 * takes a fifth of a second to render; the pressed button and the typed letter must not wait for it.
 */
export class AfterPaint {
  private waiting: (() => void) | null = null;

  run(task: () => void): void {
    const isFirst = this.waiting === null;
    this.waiting = task;
    if (!isFirst) return;
    // A hidden page is granted no frames.
    if (document.visibilityState === 'hidden') this.runNow();
    else requestAnimationFrame(() => setTimeout(() => this.runNow(), 0));
  }

  private runNow(): void {
    const task = this.waiting;
    this.waiting = null;
    task?.();
  }
}
