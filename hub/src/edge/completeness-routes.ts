/**
 * HTTP route about what came and what did not, and why. No state of its own.
 */
import type { DeviceRoster } from '../core/device-roster.ts';
import type { Store } from '../core/ports.ts';
import { findDevice, orNull } from './device-routes.ts';
import { fleetRangeMs, goneSince } from './fleet-percents.ts';
import { makeRoute, type Route } from './http-router.ts';
import { shapes } from './http-shapes.ts';

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
      const range = { device: device.key, fromMs, toMs, nowMs: now, ...goneSince(device) };
      const answer = await store.completeness(range, signal);
      const [percent, firstMs] = [orNull(answer.percent), orNull(answer.firstMs)];
      return { status: 200, json: { device: device.deviceId, fromMs, toMs, ...answer, percent, firstMs } };
    },
  });
}
