/**
 * How long the last 256 commits took: median and worst. Owns one ring of numbers.
 */
const length = 256;

export class CommitTimes {
  private readonly ring = new Float64Array(length);
  private count = 0;

  add(ms: number): void {
    this.ring[this.count++ % length] = ms;
  }

  /** Milliseconds; 0 when there was no commit. */
  summarize(): { p50: number; max: number } {
    const filled = Math.min(this.count, length);
    if (filled === 0) return { p50: 0, max: 0 };
    const sorted = this.ring.slice(0, filled).sort();
    return { p50: sorted[filled >> 1]!, max: sorted[filled - 1]! };
  }
}
