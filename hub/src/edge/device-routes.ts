/**
 * HTTP routes about devices and their readings: lists, raw readings, events, gaps, health. No state of its own.
 */
import type { DeviceNotes } from '../core/device-notes.ts';
import type { DeviceRoster, DeviceState } from '../core/device-roster.ts';
import type { ForeignDevices } from '../core/foreign-devices.ts';
import { readLastKnown } from '../core/latest-values.ts';
import type { Store } from '../core/ports.ts';
import type { ViewScope } from '../core/shares.ts';
import { listLatest } from '../core/snapshot.ts';
import { FleetPercents } from './fleet-percents.ts';
import { HttpProblem, makeRoute, type Route } from './http-router.ts';
import { deviceShape, shapes } from './http-shapes.ts';

export interface DeviceRouteParts {
  readonly roster: DeviceRoster;
  readonly store: Store;
  readonly notes: DeviceNotes;
  readonly foreign: Pick<ForeignDevices, 'listBehind' | 'findGateway'>;
  readonly version: string;
  readonly nowMs: () => number;
  /** Figures of health for those who are signed in. */
  readonly figures: () => Record<string, number>;
}

export function makeDeviceRoutes(parts: DeviceRouteParts): Route[] {
  return [...makeListRoutes(parts), ...makeReadingRoutes(parts), makeHealthRoute(parts)];
}

function makeListRoutes({ roster, store, notes, foreign, nowMs }: DeviceRouteParts): Route[] {
  const percents = new FleetPercents({ roster, store });
  const describeFacts = (device: DeviceState) => ({
    ...notes.of(device.key),
    source: sourceOf(device),
    intervalMs: orNull(device.intervalMs),
    lastError: device.lastError,
    completeness: percents.percentOf(device.key),
  });
  return [
    makeRoute({
      method: 'GET',
      path: '/api/v1/devices',
      access: 'reader',
      summary: 'Every device with its newest values',
      query: shapes.devicesQuery,
      answer: shapes.devices,
      handle: ({ query: { metrics, tag } }) => {
        percents.refresh(nowMs());
        const devices = [];
        for (const device of roster.devices.values()) {
          const facts = describeFacts(device);
          if (tag !== undefined && !facts.tags.includes(tag)) continue;
          devices.push({ ...(metrics ? describeDevice(device) : describeBriefly(device)), ...facts });
        }
        return { status: 200, json: { serverMs: nowMs(), devices } };
      },
    }),
    makeRoute({
      method: 'GET',
      path: '/api/v1/devices/:id',
      access: 'reader',
      summary: 'One device with its newest values',
      answer: deviceShape,
      handle: ({ params }) => {
        const device = findDevice(roster, params.id ?? '');
        percents.refresh(nowMs());
        return {
          status: 200,
          json: { ...describeDevice(device), ...describeFacts(device), ...describeKin(device, { notes, foreign }) },
        };
      },
    }),
    makeRoute({
      method: 'GET',
      path: '/api/v1/devices/:id/events',
      access: 'reader',
      summary: 'A device’s events, newest first',
      query: shapes.listing,
      answer: shapes.events,
      handle: async ({ params, query }) => {
        const device = findDevice(roster, params.id ?? '');
        return { status: 200, json: { events: await store.events(device.key, query.limit) } };
      },
    }),
    makeRoute({
      method: 'GET',
      path: '/api/v1/devices/:id/gaps',
      access: 'reader',
      summary: 'What the device said will never come, with its reason',
      answer: shapes.gaps,
      handle: async ({ params }) => ({
        status: 200,
        json: { gaps: await store.gaps(findDevice(roster, params.id ?? '').key) },
      }),
    }),
  ];
}

function describeKin(device: DeviceState, { notes, foreign }: Pick<DeviceRouteParts, 'notes' | 'foreign'>) {
  const name = ({ key, deviceId }: DeviceState) => ({ id: deviceId, label: notes.of(key).label });
  const gateway = foreign.findGateway(device);
  const behind = foreign.listBehind(device);
  return {
    gateway: gateway === null ? null : name(gateway),
    behind: behind.map((one) => ({ ...name(one), model: one.model, presence: one.presence })),
  };
}

function makeReadingRoutes({ roster, store }: DeviceRouteParts): Route[] {
  return [
    makeRoute({
      method: 'GET',
      path: '/api/v1/readings',
      access: 'reader',
      summary: 'Readings of one metric as they came, page by page',
      query: shapes.readingsQuery,
      answer: shapes.readings,
      handle: async ({ query, signal }) => {
        const device = findDevice(roster, query.device);
        const metric =
          device.metricByName.get(query.metric) ?? (/^\d+$/.test(query.metric) ? Number(query.metric) : -1);
        checkMetric(device, metric);
        const { from, to, limit, skip } = query;
        const page = await store.readings({ device: device.key, metric, fromMs: from, toMs: to, limit, skip }, signal);
        const isText = device.metrics[metric]!.kind === 'text';
        const json = {
          device: device.deviceId,
          metric,
          timesMs: Array.from(page.timesMs),
          arrivedMs: Array.from(page.arrivedMs),
          values: isText ? page.texts : Array.from(page.values, writeNumber),
          nextMs: orNull(page.nextMs),
          nextSkip: page.nextSkip,
          damaged: page.damaged ?? 0,
        };
        return { status: 200, json };
      },
    }),
  ];
}

function makeHealthRoute({ store, version, nowMs, figures }: DeviceRouteParts): Route {
  return makeRoute({
    method: 'GET',
    path: '/api/v1/health',
    access: 'public',
    summary: 'Whether the hub takes readings; 503 when it does not',
    answer: shapes.health,
    handle: ({ principal }) => {
      const { state, code, message, sinceMs } = store.health();
      const status = state === 'ok' ? 'ok' : 'degraded';
      const json = { status, serverMs: nowMs(), version, store: { state, code, message, sinceMs } };
      const isReader = principal !== null && principal.kind !== 'share';
      return { status: state === 'ok' ? 200 : 503, json: isReader ? { ...json, figures: figures() } : json };
    },
  });
}

export function findDevice(roster: DeviceRoster, deviceId: string, scope: ViewScope | null = null): DeviceState {
  const device = roster.devices.get(deviceId);
  if (device !== undefined && (scope === null || scope.has(deviceId))) return device;
  throw new HttpProblem(404, 'unknown-device', {
    message: `There is no device ${deviceId}`,
    advice: 'GET /api/v1/devices lists them.',
  });
}

export function checkMetric(device: DeviceState, metric: number, scope: ViewScope | null = null): void {
  const known = device.metrics[metric];
  if (known !== undefined && (scope === null || scope.get(device.deviceId)?.has(known.name) === true)) return;
  const advice = `GET /api/v1/devices/${device.deviceId} lists its metrics.`;
  throw new HttpProblem(404, 'unknown-metric', { message: 'The device has no such metric', advice });
}

/** `link` once a device itself has spoken; `none`: it was enrolled and never came. */
function sourceOf({ streamByEpoch }: DeviceState): 'link' | 'import' | 'none' {
  let source: 'import' | 'none' = 'none';
  for (const { isImport } of streamByEpoch.values()) {
    if (!isImport) return 'link';
    source = 'import';
  }
  return source;
}

export function describeDevice(device: DeviceState) {
  const latest = new Map(
    listLatest(device).map(({ metric, timeMs, value }) => [
      metric,
      { timeMs, value: typeof value === 'number' ? writeNumber(value) : value },
    ]),
  );
  return {
    ...describeBriefly(device),
    metrics: device.metrics.map(({ name, unit, kind }, index) => ({
      index,
      name,
      unit,
      kind,
      latest: latest.get(index) ?? null,
      lastKnown: writeLastKnown(readLastKnown(device.latest, index)),
    })),
  };
}

function writeLastKnown(value: number | string | null): number | string | null {
  return typeof value === 'number' ? writeNumber(value) : value;
}

function describeBriefly(device: DeviceState) {
  return {
    id: device.deviceId,
    model: device.model,
    firmware: device.firmware,
    address: device.address === '' ? null : device.address,
    createdMs: device.createdMs,
    presence: device.presence,
    lastSeenMs: orNull(device.lastSeenMs),
    clockOffsetMs: orNull(device.clockOffsetMs),
    stream: device.stream?.key ?? 0,
    seq: device.stream?.progress.received ?? 0,
  };
}

export function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Every double, exactly: what JSON cannot say goes as text. */
function writeNumber(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
}
