/**
 * The shape of everything that comes in over HTTP, and of what goes out, as zod schemas. Beside
 * document-shapes.ts the only file that uses zod.
 *
 * The OpenAPI document is made from these same shapes, so it cannot say anything else than what is checked.
 */
import { deviceIdPattern, limits } from '@lapwing/protocol';
import { z } from 'zod';
import { labelLettersMax, tagLettersMax, tagPattern, tagsMax } from '../core/device-notes.ts';

const timeMs = z.coerce.number().int().min(limits.timeMsMin).max(limits.timeMsMax);
const nullableTime = z.number().nullable();
const label = z.string().min(1).max(100);
export const deviceIdShape = z
  .string()
  .regex(deviceIdPattern, 'letters, digits, . _ : -, at most 64, first a letter or digit');
const deviceListPattern = /^(?:\*|[A-Za-z0-9][A-Za-z0-9._:-]{0,63}(?:,[A-Za-z0-9][A-Za-z0-9._:-]{0,63})*)$/;
const tag = z.string().max(tagLettersMax).regex(tagPattern, 'a word or key:value, of letters, digits and . _ / + -');
const tags = z.array(tag).max(tagsMax);
const label80 = z.string().trim().max(labelLettersMax);
/** What people wrote on a device, and what only the hub knows of it. */
const notesShape = z.object({ label: z.string(), tags: z.array(z.string()) });
const kind = z.enum(['gauge', 'counter', 'bool', 'text']);
const reading = z.union([z.number(), z.string()]);

const presence = z.enum(['online', 'late', 'offline', 'asleep', 'unknown']);

export const deviceShape = z.object({
  id: z.string(),
  model: z.string(),
  firmware: z.string(),
  address: z
    .string()
    .nullable()
    .describe('where its newest link came from; null for none since the hub started')
    .optional(),
  createdMs: z.number(),
  presence,
  lastSeenMs: nullableTime,
  clockOffsetMs: nullableTime.describe('device clock minus hub clock'),
  completeness: z.number().nullable().describe('percent over the last 24 hours, as of a minute ago').optional(),
  label: z.string().describe('what people call it; empty: by its id').optional(),
  tags: z.array(z.string()).optional(),
  source: z.enum(['link', 'import', 'none']).describe('import: only files brought readings').optional(),
  intervalMs: nullableTime.describe('learned time between its batches').optional(),
  lastError: z
    .object({ atMs: z.number(), code: z.string() })
    .nullable()
    .describe('its newest event of level error since the hub started')
    .optional(),
  gateway: z
    .object({ id: z.string(), label: z.string() })
    .nullable()
    .describe('the device through which it speaks')
    .optional(),
  behind: z
    .array(z.object({ id: z.string(), label: z.string(), model: z.string(), presence }))
    .describe('devices that speak through it, 500 at most')
    .optional(),
  stream: z.number(),
  seq: z.number(),
  metrics: z.array(
    z.object({
      index: z.number(),
      name: z.string(),
      unit: z.string(),
      kind,
      latest: z.object({ timeMs: z.number(), value: reading }).nullable(),
      lastKnown: reading
        .nullable()
        .optional()
        .describe(
          'where there is no reading yet: what a broker had retained, or what the inbox has shown; of no time known',
        ),
    }),
  ),
});

/** Device ids may hold colons, metric indexes do not. */
function splitSeries(text: string): { device: string; metric: number } {
  const colon = text.lastIndexOf(':');
  return { device: text.slice(0, colon), metric: Number(text.slice(colon + 1)) };
}

const column = z.array(z.number().nullable());
const keyShape = z.object({
  id: z.string(),
  label: z.string(),
  createdMs: z.number(),
  expiresMs: nullableTime,
  usesLeft: z.number().nullable(),
});

const days = z.number().min(0).max(100_000).nullable().describe('null: for ever');
/** The store's tiers (rollup.ts): cells of other lengths could not be made from what is kept. */
const cellMs = z.literal([1000, 5000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000]);
const glob = z.string().min(1).max(128).describe('* any characters, ? one').default('*');

export const shapes = {
  signIn: z.union([
    z.object({ link: z.string().min(1).max(200) }),
    z.object({ user: z.string().min(1).max(64), password: z.string().min(1).max(512) }),
  ]),
  password: z.object({ password: z.string().min(10, 'at least 10 characters').max(512) }),
  who: z.object({ user: z.string(), passwordSet: z.boolean() }),
  enrol: z.object({ key: z.string().min(1).max(200), deviceId: deviceIdShape }),
  enrolled: z.object({ deviceId: z.string(), token: z.string() }),
  makeToken: z.object({ label }),
  token: z.object({ id: z.string(), token: z.string().describe('shown this once') }),
  tokens: z.object({ tokens: z.array(z.object({ id: z.string(), label: z.string(), createdMs: z.number() })) }),
  makeKey: z.object({
    label,
    uses: z.number().int().min(1).max(1_000_000).optional(),
    expiresMs: z.number().int().optional(),
  }),
  key: z.object({ id: z.string(), key: z.string().describe('shown this once') }),
  keys: z.object({ keys: z.array(keyShape) }),
  devicesQuery: z.object({
    metrics: z
      .stringbool()
      .default(true)
      .describe('false: without metrics and newest values, to look again at little cost'),
    tag: tag.optional().describe('only devices that have this tag'),
  }),
  devices: z.object({ serverMs: z.number(), devices: z.array(deviceShape.partial({ metrics: true })) }),
  deviceNotes: z.strictObject({ label: label80.optional(), tags: tags.optional() }),
  deviceNotesNow: notesShape,
  tagList: z.object({ tags: z.array(z.object({ tag: z.string(), devices: z.number() })) }),
  tagEdit: z.strictObject({
    devices: z.array(deviceIdShape).min(1).max(500),
    add: tags.default([]),
    remove: tags.default([]),
  }),
  tagsNow: z.object({ devices: z.array(notesShape.extend({ id: z.string() })) }),
  listing: z.object({ limit: z.coerce.number().int().min(1).max(10_000).default(200) }),
  events: z.object({
    events: z.array(
      z.object({ atMs: z.number(), arrivedMs: z.number(), level: z.string(), code: z.string(), text: z.string() }),
    ),
  }),
  completenessQuery: z
    .object({ from: timeMs.optional(), to: timeMs.optional() })
    .refine(({ from, to }) => from === undefined || to === undefined || to > from, 'to must lie after from'),
  completeness: z.object({
    device: z.string(),
    fromMs: z.number(),
    toMs: z.number(),
    percent: z
      .number()
      .nullable()
      .describe('received / (received + skipped + missing); null where nothing was expected'),
    received: z.number(),
    late: z.number().describe('of the received: more than a minute after their time, not marked as backfill'),
    backfilled: z.number().describe('of the received: sent as a backfill'),
    skipped: z.number().describe('what the device said will never come'),
    missing: z.number().describe('estimated from the usual pace'),
    gaps: z.array(
      z.object({
        fromMs: z.number(),
        toMs: z.number(),
        cause: z
          .string()
          .describe('skipped-…, hub-down, device-offline, device-restarted, not-connected-yet, backfilled, unknown'),
        because: z.string().nullable().describe('of a backfilled stretch: why it did not come at once'),
        readings: z.number(),
      }),
    ),
    links: z
      .array(z.object({ fromMs: z.number(), toMs: z.number(), state: z.enum(['offline', 'asleep', 'hub-down']) }))
      .describe('when the device had no link, or no hub was there to know'),
    firstMs: z.number().nullable().describe('sample time of the first reading in the range'),
    streams: z.array(
      z.object({
        stream: z.number(),
        received: z.number(),
        late: z.number(),
        backfilled: z.number(),
        skipped: z.number(),
      }),
    ),
    damaged: z.number().optional(),
  }),
  gaps: z.object({
    gaps: z.array(
      z.object({
        stream: z.number(),
        fromSeq: z.number(),
        toSeq: z.number(),
        reason: z.string(),
        fromMs: z.number(),
        toMs: z.number(),
        readings: z.number(),
      }),
    ),
  }),
  historyQuery: z
    .object({
      device: deviceIdShape.optional().describe('with metrics; or use series'),
      metrics: z
        .string()
        .regex(/^\d{1,4}(,\d{1,4})*$/, 'metric indices with commas, such as 0,1,2')
        .transform((text) => [...new Set(text.split(',').map(Number))])
        .optional(),
      series: z
        .string()
        .regex(/^[^,]+:\d{1,4}(,[^,]+:\d{1,4})*$/, 'DEVICE:METRIC with commas, such as boiler:0,roof:2')
        .transform((text) => [...new Set(text.split(','))].map(splitSeries))
        .optional()
        .describe('DEVICE:METRIC,… of any devices, instead of device and metrics'),
      from: timeMs,
      to: timeMs,
      buckets: z.coerce.number().int().min(1).max(10_000).default(600),
      align: z
        .enum(['exact', 'grid'])
        .default('exact')
        .describe('grid: inner edges move by at most 1/16 of a bucket, which makes long ranges cheap; see edgesMs'),
      rate: z.stringbool().default(false).describe('also rate: increase per second; a counter that fell was reset'),
      gaps: z.coerce
        .number()
        .min(1)
        .max(1e6)
        .optional()
        .describe('also stretches without readings longer than this many times the usual interval'),
      mode: z
        .enum(['buckets', 'auto', 'raw'])
        .default('buckets')
        .describe('auto: also the readings, thinned out to `points`, where there are not too many; raw: or 422'),
      points: z.coerce.number().int().min(3).max(50_000).default(4000),
    })
    .refine((query) => query.to > query.from, 'to must lie after from')
    .refine(
      (query) => (query.series === undefined) === (query.device !== undefined && query.metrics !== undefined),
      'name device and metrics, or series',
    )
    .refine(
      (query) => (query.metrics?.length ?? query.series?.length ?? 0) * query.buckets <= 1_000_000,
      'at most 1,000,000 cells: fewer metrics or buckets',
    ),
  history: z.object({
    device: z.string().optional().describe('where it was asked for by device and metrics'),
    fromMs: z.number(),
    toMs: z.number(),
    bucketMs: z.number(),
    edgesMs: z.array(z.number()).optional().describe('with align=grid: buckets + 1 edges'),
    through: z.array(z.object({ stream: z.number(), seq: z.number() })),
    damaged: z.number().optional().describe('stored columns left out because they are damaged; absent for none'),
    series: z.array(
      z.object({
        device: z.string(),
        metric: z.number(),
        name: z.string(),
        unit: z.string(),
        kind,
        count: z.array(z.number()).describe('all readings, NaN included'),
        min: column,
        max: column,
        mean: column.describe('of readings that are numbers'),
        sum: column,
        first: column,
        last: column,
        rate: column.optional().describe('rise per second over the whole bucket; 0 where nothing came'),
        texts: z.array(z.object({ timeMs: z.number(), value: z.string() })),
        gaps: z.array(z.object({ fromMs: z.number(), toMs: z.number() })).optional(),
        points: z
          .object({ timesMs: z.array(z.number()), values: column })
          .nullable()
          .optional(),
      }),
    ),
  }),
  retention: z.object({
    rules: z
      .array(
        z.object({
          device: glob,
          metric: glob,
          unit: z.string().max(64).nullable().default(null),
          kind: kind.nullable().default(null),
          rawDays: days.describe('readings'),
          tiers: z
            .array(z.object({ cellMs, days }))
            .max(9)
            .default([])
            .describe('count, min, max, sum, first, last of every cellMs and longer'),
        }),
      )
      .max(100)
      .describe('the first rule that names a metric decides'),
  }),
  retentionPreview: z.object({
    bytesFreed: z.number(),
    rules: z
      .array(
        z.object({
          metrics: z.number(),
          readingBytes: z.number(),
          readingBytesFreed: z.number(),
          rollupBytes: z.number(),
          rollupBytesFreed: z.number().describe('negative where rollups would be written in place of readings'),
          readingsFromMs: nullableTime,
          readingsToMs: nullableTime,
          bytesPerDay: z.number(),
        }),
      )
      .describe('one for each rule, and one more for what no rule names'),
  }),
  readingsQuery: z
    .object({
      device: deviceIdShape,
      metric: z.string().min(1).max(limits.metricNameBytesMax).describe("a metric's name or index"),
      from: timeMs.default(limits.timeMsMin),
      to: timeMs.default(limits.timeMsMax),
      limit: z.coerce.number().int().min(1).max(100_000).default(10_000),
      skip: z.coerce.number().int().min(0).default(0),
    })
    .refine((query) => query.to > query.from, 'to must lie after from'),
  readings: z.object({
    device: z.string(),
    metric: z.number(),
    timesMs: z.array(z.number()),
    arrivedMs: z.array(z.number()),
    values: z.array(reading).describe('NaN, Infinity, -Infinity and -0 as strings'),
    nextMs: nullableTime.describe('with nextSkip, where the next page starts; null after the last'),
    nextSkip: z.number(),
    damaged: z.number().describe('stored columns left out because they are damaged'),
  }),
  exportQuery: z
    .object({
      device: z
        .string()
        .regex(deviceListPattern, 'device ids with commas, or *')
        .transform((text) => (text === '*' ? text : [...new Set(text.split(','))]))
        .describe('device ids with commas, or * for all'),
      metrics: z
        .string()
        .min(1)
        .default('*')
        .transform((text) => (text === '*' ? text : text.split(',')))
        .describe('names or indices with commas, or * for all; a name that has a comma goes by its index'),
      from: timeMs.default(limits.timeMsMin),
      to: timeMs.default(limits.timeMsMax).describe('exclusive'),
      format: z.enum(['csv', 'ndjson', 'parquet']).default('csv'),
      shape: z
        .enum(['long', 'wide'])
        .default('long')
        .describe(
          'long: a line per reading, nothing is lost; wide: a line per time, the metrics of one device as columns',
        ),
    })
    .refine((query) => query.to > query.from, 'to must lie after from'),
  importQuery: z.object({
    device: z
      .union([deviceIdShape, z.literal('*')])
      .describe('whose readings these are; * when the file itself says so (the long form has a column for it)'),
    format: z.enum(['csv', 'ndjson']).default('csv'),
    source: z
      .string()
      .max(200)
      .default('')
      .describe('tells files apart that begin with the same reading; the same file needs the same source again'),
  }),
  imported: z.object({
    rows: z.number().describe('lines with readings'),
    readings: z.number(),
    stored: z.number().describe('readings that are new in the hub'),
    duplicates: z.number().describe('readings that an earlier import of this file has stored'),
    devices: z.array(z.string()),
    badLineCount: z.number(),
    badLines: z.array(z.object({ line: z.number(), why: z.string() })).describe('the first hundred'),
  }),
  health: z.object({
    status: z.enum(['ok', 'degraded']),
    serverMs: z.number(),
    version: z.string(),
    store: z.object({ state: z.string(), code: z.string(), message: z.string(), sinceMs: z.number() }),
    figures: z.record(z.string(), z.number()).optional().describe('only when signed in'),
  }),
  error: z.object({ error: z.object({ code: z.string(), message: z.string(), advice: z.string() }) }),
} as const;

export type Shape = z.ZodType;
export type Out<S extends z.ZodType> = z.output<S>;

/** Checks foreign input: the value, or one sentence that says where it is wrong. */
export function checkShape<S extends z.ZodType>(
  shape: S,
  input: unknown,
): { ok: true; value: z.output<S> } | { ok: false; text: string } {
  const result = shape.safeParse(input);
  if (result.success) return { ok: true, value: result.data };
  const issue = result.error.issues[0]!;
  const where = issue.path.join('.');
  return { ok: false, text: where === '' ? issue.message : `${where}: ${issue.message}` };
}

/** JSON Schema of a shape, as OpenAPI 3.1 wants it. */
export function describeShape(shape: z.ZodType, io: 'input' | 'output'): unknown {
  return z.toJSONSchema(shape, { io, unrepresentable: 'any' });
}
