/**
 * A machine's metrics where there is no /proc: what every system's runtime knows.
 *
 * Owns the CPU times of the sample before. Refuses to ask the system: the facts are an argument.
 */
import { type HostReading, makeGauge } from './host-reading.ts';

export interface OsFacts {
  /** Milliseconds since start, all cores together. */
  readonly busyMs: number;
  readonly idleMs: number;
  readonly loads: readonly number[];
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly uptimeS: number;
}

export class OsSampler {
  private before: OsFacts | null = null;

  sample(facts: OsFacts): readonly HostReading[] {
    const { before } = this;
    this.before = facts;
    const busyMs = before === null ? Number.NaN : facts.busyMs - before.busyMs;
    const share = busyMs / (busyMs + facts.idleMs - (before?.idleMs ?? 0));
    const used = facts.totalBytes - facts.freeBytes;
    return [
      makeGauge('cpu.usage', '%', { value: share * 100, exponent: -1 }),
      ...['1m', '5m', '15m'].map((span, index) =>
        makeGauge(`load.${span}`, '', { value: facts.loads[index] ?? Number.NaN, exponent: -2 }),
      ),
      makeGauge('memory.usage', '%', { value: (used / facts.totalBytes) * 100, exponent: -1 }),
      makeGauge('memory.used', 'B', { value: used, exponent: 0 }),
      makeGauge('memory.available', 'B', { value: facts.freeBytes, exponent: 0 }),
      makeGauge('uptime', 's', { value: facts.uptimeS, exponent: 0 }),
    ];
  }
}
