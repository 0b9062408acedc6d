/**
 * Puts off heavy work until the browser has painted its answer to a key or a click.
 *
 * Owns the tasks that wait. Invariant: all of them run, in their order and in one go, so that the page is rendered once. On a slow
 * processor a page takes a fifth of a second to render; the pressed button and the typed letter must not wait for it.
 */
export class AfterPaint {
  private readonly waiting: (() => void)[] = [];

  run(task: () => void): void {
    this.waiting.push(task);
    // A hidden page is granted no frames.
    if (document.visibilityState === 'hidden') this.runAll();
    else if (this.waiting.length === 1) requestAnimationFrame(() => setTimeout(() => this.runAll(), 0));
  }

  private runAll(): void {
    for (const task of this.waiting.splice(0)) task();
  }
}
