/**
 * What a document of each kind may hold, as zod schemas; beside http-shapes.ts the only file that uses zod.
 *
 * Strict on purpose: a page that saves what the hub does not know is told so, instead of losing it. Every list and text is
 * bounded; the whole by the bytes of a request's body.
 */
import { deviceIdPattern, limits } from '@lapwing/protocol';
import { z } from 'zod';
import type { DocumentKind } from '../core/ports.ts';
import { deviceShape } from './http-shapes.ts';

const text = (max: number) => z.string().max(max);
const title = text(100);
const deviceId = z.string().regex(deviceIdPattern, 'a device id');
/** A metric by its name: it outlives an export to another hub, where its index would not. */
const seriesShape = z.strictObject({
  device: deviceId,
  metric: z.string().min(1).max(limits.metricNameBytesMax),
});
const columnKeys = z.array(z.string().min(1).max(200)).max(64);

/** A saved view of the fleet: what stands behind the `?` of its address, and what the address does not say. */
const view = z.strictObject({
  search: text(4_000),
  columns: columnKeys.optional(),
});

const tile = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,24}$/, 'letters, digits, _ and -, at most 24'),
  kind: z.enum(['chart', 'value', 'table']),
  title,
  /** In cells of a grid that is twelve wide. */
  x: z.number().int().min(0).max(11),
  y: z.number().int().min(0).max(999),
  w: z.number().int().min(1).max(12),
  h: z.number().int().min(1).max(24),
  series: z.array(seriesShape).min(1).max(40),
  /** Of a chart: what is drawn of each bucket. */
  aggregate: z.enum(['mean', 'min', 'max', 'last', 'rate']).optional(),
});

const board = z.strictObject({
  /** What its charts show, up to now. */
  rangeMs: z
    .number()
    .int()
    .min(1_000)
    .max(3_660 * 86_400_000),
  tiles: z.array(tile).max(60),
});

const preferences = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']).optional(),
  density: z.enum(['comfortable', 'dense']).optional(),
  clock: z.enum(['24', '12']).optional(),
  /** `local`, `utc`, or a name of the time zone database. */
  zone: z
    .string()
    .regex(/^[A-Za-z0-9_+/-]{1,64}$/, 'local, utc or a name such as Europe/Zurich')
    .optional(),
  /** What is measured (temperature, pressure, …) → the unit it is shown in. */
  units: z.record(z.string().min(1).max(20), z.string().min(1).max(20)).optional(),
  /** The fleet table as it stands when no view is chosen. */
  fleet: z.strictObject({ columns: columnKeys.optional(), view: text(64).optional() }).optional(),
});

export const contentShapes = { view, board, preferences } as const satisfies Record<DocumentKind, z.ZodType>;
export type BoardContent = z.output<typeof board>;

const described = z.object({
  kind: z.string(),
  id: z.string(),
  shared: z.boolean().describe('for everybody who is signed in; else for its owner alone'),
  title,
  revision: z.number(),
  changedMs: z.number(),
});
const content = z.union([view, board, preferences]);

export const documentShapes = {
  listQuery: z.object({ content: z.stringbool().default(false).describe('with the content of each') }),
  list: z.object({ documents: z.array(described.extend({ content: content.optional() })) }),
  document: described.extend({ content }),
  save: z.strictObject({
    title: title.default(''),
    shared: z.boolean().default(false),
    content: z.unknown().describe('by its kind: what GET answers'),
  }),
} as const;

export const shareShapes = {
  make: z.strictObject({
    board: z.string().min(1).max(64).describe('id of the board'),
    label: z.string().min(1).max(100),
    expiresMs: z.number().int().max(limits.timeMsMax),
  }),
  made: z.object({
    id: z.string(),
    secret: z.string().describe('shown this once'),
    path: z.string().describe('behind the hub’s address; the secret stands behind the #, so no log ever has it'),
  }),
  list: z.object({
    shares: z.array(
      z.object({
        id: z.string(),
        label: z.string(),
        board: z.string(),
        boardTitle: z.string().nullable().describe('null: the board is gone, and the link shows nothing'),
        createdMs: z.number(),
        expiresMs: z.number(),
      }),
    ),
  }),
  shown: z.object({
    title,
    revision: z.number(),
    content: board,
    expiresMs: z.number(),
    serverMs: z.number(),
    devices: z.array(deviceShape),
  }),
} as const;
