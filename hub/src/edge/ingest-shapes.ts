/**
 * What may be said, and is answered, where readings come in over HTTP, as zod schemas. No state.
 */
import { z } from 'zod';
import { deviceIdShape } from './http-shapes.ts';

export const ingestShapes = {
  query: z.object({
    device: deviceIdShape.optional().describe('whose readings these are, where an enrolment key is shown'),
  }),
  influxQuery: z.object({
    precision: z.enum(['ns', 'us', 'ms', 's']).default('ns').describe('of the times in the body'),
    device: deviceIdShape.optional().describe('whose lines these are that have no tag host or device'),
  }),
  answer: z.union([
    z.object({
      readings: z.number().describe('committed'),
      devices: z.array(z.string()).describe('whose they are here; a name in the body counts more than ?device='),
      faults: z.array(z.string()).describe('what of the body could not be read or was not heard, the first few'),
      repeated: z
        .literal(true)
        .optional()
        .describe('this Idempotency-Key brought the same body before; it is stored once'),
    }),
    z.object({ committedSeq: z.number().describe('of native frames: highest number that the hub holds durably') }),
  ]),
};

const entry = z.object({ id: z.string().min(1).max(300).describe('as GET /api/v1/inbox says it') });

export const inboxShapes = {
  entry,
  adopt: entry.extend({
    deviceId: deviceIdShape.optional().describe('what it shall be called here'),
    joins: z
      .boolean()
      .default(false)
      .describe('that device is here already and goes on with it: new hardware in an old place'),
  }),
  adopted: z.object({ deviceId: z.string() }),
  blocked: z.object({
    blocked: z.array(
      z.object({
        id: z.string(),
        dialect: z.string(),
        native: z.string(),
        deviceId: z.string().nullable().describe('what it would be called'),
      }),
    ),
    max: z.number().describe('how many may be'),
  }),
  list: z.object({
    devices: z.array(
      z.object({
        id: z.string(),
        dialect: z.string().describe('the likely one; empty: none knows its topic'),
        native: z.string(),
        facts: z.record(z.string(), z.string()),
        deviceId: z.string().nullable().describe('what it would be called'),
        firstMs: z.number(),
        lastMs: z.number(),
        messages: z.number(),
        intervalMs: z.number().nullable(),
        lastTopic: z.string(),
        lastPayload: z.string(),
        metrics: z.array(
          z.object({
            name: z.string(),
            unit: z.string(),
            kind: z.enum(['gauge', 'counter', 'bool', 'text']),
            latest: z.union([z.number(), z.string()]).nullable(),
            latestMs: z.number().nullable(),
          }),
        ),
      }),
    ),
    dropped: z.number().describe('made room for others, since the hub started'),
  }),
};
