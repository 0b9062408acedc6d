/**
 * The latencies of the last while, and their median and 99th percentile.
 *
 * Owns a ring of (when, latency). Invariant: bounded; a percentile is one of the latencies measured, never an interpolation.
 */

const sizeMax = 2048;
const keepMs = 60_000;

export interface LatencyFigures {
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
}

export class LatencyWindow {
  private readonly atMs = new Float64Array(sizeMax);
  private readonly latencyMs = new Float64Array(sizeMax);
  private readonly sorted = new Float64Array(sizeMax);
  private next = 0;
  private length = 0;

  /** A negative latency is an error of the clocks of less than their accuracy, and shown as 0. */
  add(latencyMs: number, nowMs: number): void {
    if (!Number.isFinite(latencyMs)) return;
    this.atMs[this.next] = nowMs;
    this.latencyMs[this.next] = Math.max(0, latencyMs);
    this.next = (this.next + 1) % sizeMax;
    this.length = Math.min(sizeMax, this.length + 1);
  }

  /** Null when nothing was measured in the last minute. */
  read(nowMs: number): LatencyFigures | null {
    let count = 0;
    for (let i = 0; i < this.length; i++) {
      if (nowMs - this.atMs[i]! <= keepMs) this.sorted[count++] = this.latencyMs[i]!;
    }
    if (count === 0) return null;
    const sorted = this.sorted.subarray(0, count).sort();
    const pick = (share: number) => sorted[Math.min(count - 1, Math.ceil(share * count) - 1)]!;
    return { p50: pick(0.5), p99: pick(0.99), samples: count };
  }
}
