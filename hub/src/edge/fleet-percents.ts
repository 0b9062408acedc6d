/**
 * The fleet's completeness, for the device list.
 *
 * Owns the last known percentages: the store is asked at most once a minute, and only while somebody asks for the list, which never
 * waits for them.
 */
import type { DeviceRoster, DeviceState } from '../core/device-roster.ts';
import type { DeviceKey, Store } from '../core/ports.ts';

export const fleetRangeMs = 86_400_000;
const fleetEveryMs = 60_000;

export class FleetPercents {
  private readonly roster: Pick<DeviceRoster, 'devices'>;
  private readonly store: Pick<Store, 'fleetCompleteness'>;
  private percents = new Map<DeviceKey, number>();
  private askedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: { roster: Pick<DeviceRoster, 'devices'>; store: Pick<Store, 'fleetCompleteness'> }) {
    this.roster = parts.roster;
    this.store = parts.store;
  }

  /** Of the last 24 hours, as last known; null where nothing was expected, or nobody has asked yet. */
  percentOf(device: DeviceKey): number | null {
    const percent = this.percents.get(device) ?? Number.NaN;
    return Number.isNaN(percent) ? null : Math.round(percent * 1000) / 1000;
  }

  refresh(nowMs: number): void {
    if (nowMs - this.askedMs < fleetEveryMs) return;
    this.askedMs = nowMs;
    const asleep = new Map<DeviceKey, number>();
    for (const device of this.roster.devices.values()) if (isAsleep(device)) asleep.set(device.key, device.lastSeenMs);
    this.store.fleetCompleteness({ fromMs: nowMs - fleetRangeMs, toMs: nowMs, nowMs, asleep }).then(
      (list) => {
        this.percents = new Map(list.map(({ device, percent }) => [device, percent]));
      },
      // A busy or closed store: the old figures stay, and are asked for again with the next list.
      () => {
        this.askedMs = Number.NEGATIVE_INFINITY;
      },
    );
  }
}

/** By its own word, and without a link. */
export function isAsleep({ session, presence }: DeviceState): boolean {
  return session === null && presence === 'asleep';
}

/** Since when it has had no link, for one of two reasons; NaN for the other, both while it has one. */
export function goneSince(device: DeviceState): { offlineSinceMs: number; asleepSinceMs: number } {
  const { session, lastSeenMs } = device;
  const sleeps = isAsleep(device);
  return {
    offlineSinceMs: session !== null || sleeps ? Number.NaN : lastSeenMs,
    asleepSinceMs: sleeps ? lastSeenMs : Number.NaN,
  };
}
