/**
 * Which devices are new since somebody began to look: for the page that waits for a first reading.
 *
 * Owns the names known at the start. Invariant: a device counts once, at its first reading; one that had readings before never does.
 */
import type { DeviceRecord } from './feed-state.ts';

export class ArrivalWatch {
  private readonly old = new Set<string>();
  private readonly arrived = new Set<string>();

  /** Devices that have spoken before; told again when a list comes late, for those not yet seen to arrive. */
  noteKnown(devices: Iterable<DeviceRecord>): void {
    for (const device of devices) {
      if (!this.arrived.has(device.id) && hasSpoken(device)) this.old.add(device.id);
    }
  }

  /** True when this is the first reading of a new device. */
  noteReading(id: string): boolean {
    if (this.old.has(id) || this.arrived.has(id)) return false;
    this.arrived.add(id);
    return true;
  }

  get names(): readonly string[] {
    return [...this.arrived];
  }
}

function hasSpoken(device: DeviceRecord): boolean {
  return device.metrics.some((metric) => !Number.isNaN(metric.latestMs));
}
