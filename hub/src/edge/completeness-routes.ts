/**
 * HTTP route about what came and what did not, and the fleet's percentages for the device list.
 *
 * Owns the last known percentages: they are asked for at most once a minute, and only while somebody asks for the list, which
 * never waits for them.
 */
import type { DeviceRoster, DeviceState } from '../core/device-roster.ts';
import type { DeviceKey, Store } from '../core/ports.ts';
import { findDevice } from './device-routes.ts';
import { makeRoute, type Route } from './http-router.ts';
import { shapes } from './http-shapes.ts';

const fleetRangeMs = 86_400_000;
const fleetEveryMs = 60_000;

export class FleetPercents {
  private readonly store: Pick<Store, 'fleetCompleteness'>;
  private percents = new Map<DeviceKey, number>();
  private askedMs = Number.NEGATIVE_INFINITY;

  constructor(store: Pick<Store, 'fleetCompleteness'>) {
    this.store = store;
  }

  /** Of the last 24 hours, as last known; null where nothing was expected, or nobody has asked yet. */
  percentOf(device: DeviceKey): number | null {
    const percent = this.percents.get(device) ?? Number.NaN;
    return Number.isNaN(percent) ? null : Math.round(percent * 1000) / 1000;
  }

  refresh(nowMs: number): void {
    if (nowMs - this.askedMs < fleetEveryMs) return;
    this.askedMs = nowMs;
    this.store.fleetCompleteness({ fromMs: nowMs - fleetRangeMs, toMs: nowMs, nowMs }).then(
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

export function makeCompletenessRoute(parts: { roster: DeviceRoster; store: Store; nowMs: () => number }): Route {
  const { roster, store, nowMs } = parts;
  return makeRoute({
    method: 'GET',
    path: '/api/v1/devices/:id/completeness',
    access: 'reader',
    summary: 'What came, what is missing and why: a percentage and a list of gaps',
    query: shapes.completenessQuery,
    answer: shapes.completeness,
    handle: async ({ params, query, signal }) => {
      const device = findDevice(roster, params.id ?? '');
      const now = nowMs();
      const toMs = query.to ?? now;
      const fromMs = query.from ?? toMs - fleetRangeMs;
      const range = { device: device.key, fromMs, toMs, nowMs: now, offlineSinceMs: offlineSince(device) };
      const answer = await store.completeness(range, signal);
      const percent = Number.isNaN(answer.percent) ? null : answer.percent;
      return { status: 200, json: { device: device.deviceId, fromMs, toMs, ...answer, percent } };
    },
  });
}

function offlineSince(device: DeviceState): number {
  return device.session !== null || device.presence === 'asleep' ? Number.NaN : device.lastSeenMs;
}
