/**
 * Counts every fault by name, and logs the first ten of each second: a device gone mad must not fill the disk with its log.
 *
 * Owns the counters.
 */
import type { FaultName } from '@lapwing/protocol';
import type { Log } from './log.ts';

const logsPerSecondMax = 10;
/** Somebody signed out, a device came back on another link, a laptop was closed: nobody's mistake. */
const ordinary: ReadonlySet<FaultName> = new Set(['revoked', 'superseded', 'heartbeatTimeout']);

export class FaultBook {
  private readonly log: Log;
  private readonly byName = new Map<string, number>();
  private second = 0;
  private inSecond = 0;

  constructor(log: Log) {
    this.log = log;
  }

  note(fault: FaultName, about: { deviceId: string | null; text: string; nowMs: number }): void {
    const name = `fault.${fault}`;
    this.byName.set(name, (this.byName.get(name) ?? 0) + 1);
    const second = Math.floor(about.nowMs / 1000);
    if (second !== this.second) {
      if (this.inSecond > logsPerSecondMax)
        this.log.warn({ faults: this.inSecond }, 'more faults in a second than are logged');
      this.second = second;
      this.inSecond = 0;
    }
    this.inSecond += 1;
    if (this.inSecond > logsPerSecondMax) return;
    const level = ordinary.has(fault) ? 'info' : 'warn';
    this.log[level]({ fault, ...(about.deviceId === null ? {} : { device: about.deviceId }) }, about.text);
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.byName);
  }
}
