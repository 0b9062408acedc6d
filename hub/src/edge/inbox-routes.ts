/**
 * HTTP routes of the inbox: who spoke to the hub and waits to be let in, with what it says; let in, blocked, or
 * no longer blocked. No state of its own.
 */
import { blockedMax, type ForeignDevices, type ForeignName } from '../core/foreign-devices.ts';
import type { ForeignIntake } from '../core/foreign-intake.ts';
import { type InboxEntry, inboxIdOf } from '../core/inbox.ts';
import { orNull } from './device-routes.ts';
import { HttpProblem, makeRoute, type Route } from './http-router.ts';
import { inboxShapes } from './ingest-shapes.ts';

const path = '/api/v1/inbox';
const shownChars = 200;

export interface InboxRouteParts {
  readonly foreign: ForeignIntake;
  readonly nowMs: () => number;
}

export function makeInboxRoutes(parts: InboxRouteParts): Route[] {
  return [...makeWaitingRoutes(parts), ...makeBlockedRoutes(parts)];
}

function makeWaitingRoutes({ foreign, nowMs }: InboxRouteParts): Route[] {
  return [
    makeRoute({
      method: 'GET',
      path,
      access: 'reader',
      summary: 'Devices that spoke to the hub and wait to be let in, newest word first',
      answer: inboxShapes.list,
      handle: () => ({
        status: 200,
        json: {
          devices: foreign.inbox.list().map((entry) => describeEntry(entry, foreign.devices)),
          dropped: foreign.inbox.dropped,
        },
      }),
    }),
    makeRoute({
      method: 'POST',
      path: `${path}/adopt`,
      access: 'person',
      summary: 'Let a device of the inbox in; from now on its readings are stored',
      body: inboxShapes.adopt,
      answer: inboxShapes.adopted,
      handle: ({ body }) => {
        const entry = findEntry(foreign, body.id);
        if (entry.dialect === '') {
          throw new HttpProblem(409, 'unknown-dialect', {
            message: 'Nobody here can read what it says',
            advice: 'Let it send JSON, or one of the dialects in README, "Devices that speak MQTT".',
          });
        }
        checkName(foreign, body);
        const { device } = foreign.adopt(entry, nowMs(), body.deviceId);
        return { status: 200, json: { deviceId: device.deviceId } };
      },
    }),
  ];
}

function makeBlockedRoutes({ foreign }: InboxRouteParts): Route[] {
  return [
    makeRoute({
      method: 'POST',
      path: `${path}/block`,
      access: 'person',
      summary: 'Pass over what this device says from now on',
      body: inboxShapes.entry,
      handle: ({ body }) => {
        if (foreign.block(findEntry(foreign, body.id))) return { status: 204 };
        throw new HttpProblem(409, 'too-many-blocked', {
          message: `${blockedMax} names are blocked, and no more can be`,
          advice: 'Unblock some that no longer speak; what nobody lets in is not stored anyway.',
        });
      },
    }),
    makeRoute({
      method: 'GET',
      path: `${path}/blocked`,
      access: 'reader',
      summary: 'Devices whose word is passed over, by name',
      answer: inboxShapes.blocked,
      handle: () => ({
        status: 200,
        json: {
          blocked: foreign.devices
            .listBlocked()
            .map((name) => ({ id: inboxIdOf(name), ...name, deviceId: suggestId(name, foreign.devices) })),
          max: blockedMax,
        },
      }),
    }),
    makeRoute({
      method: 'POST',
      path: `${path}/unblock`,
      access: 'person',
      summary: 'Hear a blocked device again: it waits in the inbox, at the latest with its next word',
      body: inboxShapes.entry,
      handle: ({ body }) => {
        foreign.unblock(findBlocked(foreign, body.id));
        return { status: 204 };
      },
    }),
  ];
}

function findEntry(foreign: ForeignIntake, id: string): InboxEntry {
  const entry = foreign.inbox.find(id);
  if (entry !== null) return entry;
  const isBlocked = foreign.devices.listBlocked().some((name) => inboxIdOf(name) === id);
  throw new HttpProblem(404, isBlocked ? 'blocked' : 'not-found', {
    message: isBlocked ? 'This device is blocked' : 'No such device waits in the inbox',
    advice: isBlocked
      ? 'Unblock it first: it waits in the inbox then, at the latest with its next word.'
      : 'It may have been let in already; the list of the inbox says who waits.',
  });
}

/** Two devices under one id by mistake would be one history that nobody can take apart again. */
function checkName(
  { devices }: ForeignIntake,
  { deviceId, joins }: { deviceId?: string | undefined; joins: boolean },
): void {
  const isTaken = deviceId !== undefined && devices.deviceOf(deviceId) !== undefined;
  if (isTaken === joins) return;
  throw new HttpProblem(409, isTaken ? 'name-taken' : 'no-such-device', {
    message: isTaken ? `${deviceId} is a device already` : 'Only a device that is here already can be joined',
    advice: isTaken
      ? 'Choose another name; or join it on purpose (joins, lapwing inbox adopt --join), where this is new hardware in its place.'
      : 'Say the id of that device, or leave joins out.',
  });
}

function findBlocked(foreign: ForeignIntake, id: string): ForeignName {
  const name = foreign.devices.listBlocked().find((one) => inboxIdOf(one) === id);
  if (name !== undefined) return name;
  throw new HttpProblem(404, 'not-found', {
    message: 'No such device is blocked',
    advice: 'Somebody may have unblocked it already; the list of the inbox says who is blocked.',
  });
}

function describeEntry(entry: InboxEntry, devices: ForeignDevices) {
  const { id, dialect, native, facts, firstMs, lastMs, messages, intervalMs, lastTopic, lastPayload, metrics } = entry;
  return {
    id,
    dialect,
    native,
    facts,
    /** What it would be called. */
    deviceId: suggestId(entry, devices),
    firstMs,
    lastMs,
    messages,
    intervalMs: orNull(intervalMs),
    lastTopic: lastTopic.slice(0, shownChars),
    lastPayload: showPayload(lastPayload),
    metrics: [...metrics.values()].map((metric) => ({ ...metric, latestMs: orNull(metric.latestMs) })),
  };
}

function suggestId(name: ForeignName, devices: ForeignDevices): string | null {
  return name.dialect === '' ? null : devices.chooseId(name);
}

/** As text where it is text, else as hex. */
function showPayload(payload: Uint8Array): string {
  const text = Buffer.from(payload).toString('utf8');
  // What cannot be printed, or was no UTF-8.
  const isText = !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]/.test(text);
  return isText ? text.slice(0, shownChars) : `0x${Buffer.from(payload).toString('hex').slice(0, shownChars)}`;
}
