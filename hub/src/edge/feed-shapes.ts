/** Shapes of the routes that tell the feed: as it comes (viewer-sse.ts) and as it was (fleet-at-routes.ts). No state. */
import { limits } from '@lapwing/protocol';
import { z } from 'zod';
import { deviceIdShape } from './http-shapes.ts';

const deviceIds = z
  .string()
  .max(16_384)
  .transform((text) => [...new Set(text.split(','))])
  .pipe(z.array(deviceIdShape).min(1).max(500));
const pastReading = z.object({
  metric: z.number(),
  name: z.string(),
  unit: z.string(),
  timeMs: z.number(),
  value: z.union([z.number(), z.string()]).nullable(),
});
const eventId = z.string().regex(/^[A-Za-z0-9_-]{1,64}\.\d{1,15}\.\d{1,9}$/, 'an id of an event of this feed');

export const feedShapes = {
  fleetAtQuery: z.object({
    time: z.coerce.number().int().min(limits.timeMsMin).max(limits.timeMsMax),
    device: deviceIds.optional().describe('ids with commas; all devices where it is left out'),
    steps: z.coerce
      .number()
      .int()
      .min(0)
      .max(600)
      .default(0)
      .describe('also what changed at so many instants behind it'),
    step: z.coerce.number().int().min(1).max(86_400_000).default(1000).describe('milliseconds between them'),
    rough: z.coerce
      .number()
      .int()
      .min(0)
      .max(86_400_000)
      .default(0)
      .describe('values may be this many milliseconds older than the newest, which makes long blocks cheap'),
  }),
  fleetAt: z.object({
    timeMs: z.number(),
    devices: z.array(z.object({ id: z.string(), presence: z.string(), metrics: z.array(pastReading) })),
    steps: z.array(
      z.object({
        timeMs: z.number(),
        presence: z.array(z.object({ device: z.string(), state: z.string() })),
        readings: z.array(pastReading.extend({ device: z.string() })),
      }),
    ),
    damaged: z.number().optional(),
  }),
  feedQuery: z.object({
    device: deviceIds.optional().describe('ids with commas; all devices where it is left out'),
    metric: z
      .string()
      .max(4096)
      .transform((text) => text.split(','))
      .optional()
      .describe('names of metrics with commas, of form=json'),
    form: z.enum(['json', 'frames']).default('json').describe("frames: the viewer socket's own frames, in base64"),
    after: eventId.optional().describe('goes on behind the event of this id, as the header Last-Event-ID does'),
  }),
  clock: z.object({ clockMs: z.number() }),
};
