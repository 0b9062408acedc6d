/**
 * HTTP routes about what people write on devices: labels and tags. No state of its own.
 */
import { type DeviceNotes, type DeviceText, tagsMax } from '../core/device-notes.ts';
import type { DeviceRoster } from '../core/device-roster.ts';
import { findDevice } from './device-routes.ts';
import { HttpProblem, makeRoute, type Route } from './http-router.ts';
import { shapes } from './http-shapes.ts';

export interface DeviceNotesParts {
  readonly roster: DeviceRoster;
  readonly notes: DeviceNotes;
}

export function makeDeviceNotesRoutes(parts: DeviceNotesParts): Route[] {
  return [makeNotesRoute(parts), makeTagListRoute(parts), makeTagEditRoute(parts)];
}

function makeNotesRoute({ roster, notes }: DeviceNotesParts): Route {
  return makeRoute({
    method: 'PUT',
    path: '/api/v1/devices/:id/notes',
    access: 'person',
    summary: 'Set a device’s label, its tags, or both; what is left out stays',
    body: shapes.deviceNotes,
    answer: shapes.deviceNotesNow,
    handle: async ({ params, body }) => {
      const device = findDevice(roster, params.id ?? '');
      const full = await notes.edit([device.key], (before) => ({
        label: body.label ?? before.label,
        tags: body.tags ?? before.tags,
      }));
      if (full !== null) throw refuseMany(device.deviceId);
      return { status: 200, json: describeNotes(notes.of(device.key)) };
    },
  });
}

function makeTagListRoute({ notes }: DeviceNotesParts): Route {
  return makeRoute({
    method: 'GET',
    path: '/api/v1/device-tags',
    access: 'reader',
    summary: 'Every tag in use, with how many devices have it',
    answer: shapes.tagList,
    handle: () => ({ status: 200, json: { tags: notes.listTags() } }),
  });
}

function makeTagEditRoute({ roster, notes }: DeviceNotesParts): Route {
  return makeRoute({
    method: 'POST',
    path: '/api/v1/device-tags',
    access: 'person',
    summary: 'Add tags to devices and remove others, of all of them or of none',
    body: shapes.tagEdit,
    answer: shapes.tagsNow,
    handle: async ({ body }) => {
      const devices = body.devices.map((id) => findDevice(roster, id));
      const full = await notes.edit(
        devices.map(({ key }) => key),
        ({ label, tags }) => ({ label, tags: [...tags.filter((tag) => !body.remove.includes(tag)), ...body.add] }),
      );
      if (full !== null) throw refuseMany(roster.deviceOf(full)?.deviceId ?? '');
      return {
        status: 200,
        json: { devices: devices.map(({ deviceId, key }) => ({ id: deviceId, ...describeNotes(notes.of(key)) })) },
      };
    },
  });
}

function describeNotes({ label, tags }: DeviceText): DeviceText {
  return { label, tags };
}

function refuseMany(deviceId: string): HttpProblem {
  return new HttpProblem(409, 'too-many-tags', {
    message: `${deviceId} would have more than ${tagsMax} tags; nothing was changed`,
    advice: 'Remove some of its tags first.',
  });
}
