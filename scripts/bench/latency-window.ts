/**
 * Latencies of what was sent inside a window of time. Owns the list, which grows by doubling.
 */
import { quantile, round } from '../load-report.ts';

export interface LatencyQuantiles {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

export class LatencyWindow {
  private fromUs = Number.POSITIVE_INFINITY;
  private toUs = Number.POSITIVE_INFINITY;
  private ms = new Float64Array(1 << 16);
  count = 0;

  open(fromUs: number): void {
    this.fromUs = fromUs;
    this.toUs = Number.POSITIVE_INFINITY;
    this.count = 0;
  }

  close(toUs: number): void {
    this.toUs = toUs;
  }

  /** What was sent outside the window is left out. */
  note(sentUs: number, arrivedUs: number): void {
    if (!(sentUs >= this.fromUs && sentUs < this.toUs)) return;
    if (this.count === this.ms.length) {
      const more = new Float64Array(this.ms.length * 2);
      more.set(this.ms);
      this.ms = more;
    }
    this.ms[this.count] = (arrivedUs - sentUs) / 1000;
    this.count += 1;
  }

  quantiles(): LatencyQuantiles {
    return quantilesOf(this.ms.subarray(0, this.count));
  }
}

/** Milliseconds, in any order. */
export function quantilesOf(ms: Float64Array): LatencyQuantiles {
  const sorted = ms.slice().sort();
  const of = (q: number): number | null => {
    const value = quantile(sorted, q);
    return value === null ? null : round(value, 3);
  };
  return { p50: of(0.5), p99: of(0.99), p999: of(0.999), max: of(1) };
}
