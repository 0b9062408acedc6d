/**
 * GET /api/v1/fleet/at: the fleet at an instant of the past, and what changed at the instants behind it, so that the past can be
 * played. As JSON for people and as columns for the page. No state of its own.
 */
import type { DeviceRoster, DeviceState } from '../core/device-roster.ts';
import type { FleetAtAnswer, Store } from '../core/ports.ts';
import { findDevice, orNull } from './device-routes.ts';
import { feedShapes } from './feed-shapes.ts';
import { goneSince } from './fleet-percents.ts';
import { columnsType, encodeColumns } from './history-columns.ts';
import { makeRoute, type Route } from './http-router.ts';

export function makeFleetAtRoute(parts: { roster: DeviceRoster; store: Store; nowMs: () => number }): Route {
  const { roster, store, nowMs } = parts;
  return makeRoute({
    method: 'GET',
    path: '/api/v1/fleet/at',
    access: 'reader',
    summary: 'The fleet at an instant of the past: newest values and presence; with steps, what changed behind it',
    query: feedShapes.fleetAtQuery,
    answer: feedShapes.fleetAt,
    produces: [columnsType],
    handle: async ({ query, signal, accept }) => {
      const devices = query.device?.map((id) => findDevice(roster, id)) ?? [...roster.devices.values()];
      const asked = {
        devices: devices.map((device) => ({
          key: device.key,
          ...goneSince(device),
          intervalMs: device.intervalMs,
        })),
        fromMs: query.time,
        steps: query.steps,
        stepMs: query.step,
        roughMs: query.rough,
        nowMs: nowMs(),
      };
      const answer = await store.fleetAt(asked, signal);
      if (!accept.includes(columnsType)) return { status: 200, json: describeFleet(devices, answer) };
      return { status: 200, bytes: encodeFleet(devices, answer), headers: { 'content-type': columnsType } };
    },
  });
}

function damageOf({ damaged }: FleetAtAnswer): { damaged?: number } {
  return damaged === undefined ? {} : { damaged };
}

function describeFleet(devices: readonly DeviceState[], answer: FleetAtAnswer): object {
  const { timesMs, values, texts } = answer;
  const reading = (row: number) => {
    const metric = answer.metrics[row]!;
    const { name, unit } = devices[answer.devices[row]!]!.metrics[metric]!;
    return { metric, name, unit, timeMs: timesMs[row]!, value: texts.get(row) ?? orNull(values[row]!) };
  };
  const [first, ...later] = answer.instants;
  const states = new Map(first!.presence.map(({ device, state }) => [device, state]));
  const list = devices.map(({ deviceId }, place) => ({
    id: deviceId,
    presence: states.get(place) ?? 'unknown',
    metrics: [] as object[],
  }));
  for (let row = 0; row < first!.rowEnd; row++) list[answer.devices[row]!]!.metrics.push(reading(row));
  const steps = later.map(({ atMs, rowEnd, presence }, i) => {
    const start = answer.instants[i]!.rowEnd;
    return {
      timeMs: atMs,
      presence: presence.map(({ device, state }) => ({ device: devices[device]!.deviceId, state })),
      readings: Array.from({ length: rowEnd - start }, (_, k) => ({
        device: devices[answer.devices[start + k]!]!.deviceId,
        ...reading(start + k),
      })),
    };
  });
  return { timeMs: first!.atMs, devices: list, steps, ...damageOf(answer) };
}

/** Head: `devices` as ids, `instants` with `atMs`, `rowEnd` and `presence` as [place, state], `texts` by row; one series of columns. */
function encodeFleet(devices: readonly DeviceState[], answer: FleetAtAnswer): Uint8Array<ArrayBuffer> {
  const facts = {
    devices: devices.map(({ deviceId }) => deviceId),
    instants: answer.instants.map(({ atMs, rowEnd, presence }) => ({
      atMs,
      rowEnd,
      presence: presence.map(({ device, state }) => [device, state]),
    })),
    texts: Object.fromEntries(answer.texts),
    ...damageOf(answer),
  };
  const columns = {
    device: Float64Array.from(answer.devices),
    metric: Float64Array.from(answer.metrics),
    timeMs: answer.timesMs,
    value: answer.values,
  };
  return encodeColumns(facts, [{ facts: {}, columns }]);
}
