/**
 * Arbitrary messages within the limits, for property tests. Long texts and batches are rare, edges are frequent.
 *
 * No state.
 */
import fc from 'fast-check';
import { type BatchColumn, encodeMessage, limits, type Message, makeNumberColumn, type Side } from '../src/index.ts';

const uv = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat());
const positive = uv.map((value) => Math.max(1, value));
const sv = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.maxSafeInteger());
const ms = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
  fc.constantFrom(0, 1, -1, limits.timeMsMin, limits.timeMsMax),
  fc.integer({ min: limits.timeMsMin, max: limits.timeMsMax }),
);
const deviceId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/);

function isWithin(text: string, bytesMax: number, lines: boolean): boolean {
  return text.isWellFormed() && new TextEncoder().encode(text).length <= bytesMax && !hasControls(text, lines);
}
function hasControls(text: string, lines: boolean): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0)!;
    return (code < 0x20 || code === 0x7f) && !(lines && (code === 9 || code === 10));
  });
}
function text(bytesMax: number, options: { bytesMin?: number; lines?: boolean } = {}): fc.Arbitrary<string> {
  const { bytesMin = 0, lines = false } = options;
  return fc
    .oneof(
      fc.string({ unit: 'binary', minLength: bytesMin, maxLength: 20 }),
      fc.string({ minLength: bytesMin, maxLength: bytesMax }),
    )
    .filter((value) => isWithin(value, bytesMax, lines));
}

const metric = fc.record({
  name: text(limits.metricNameBytesMax, { bytesMin: 1 }),
  unit: text(limits.unitBytesMax),
  kind: fc.constantFrom('gauge', 'counter', 'bool', 'text'),
});
const metrics = fc.uniqueArray(metric, { maxLength: 12, selector: ({ name }) => name });

/** Numbers as sensors give them, whole numbers, and any double. */
const number = fc.oneof(
  fc
    .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: -4, max: 2 }))
    .map(([n, e]) => Number(`${n}e${e}`) || 0),
  fc.maxSafeInteger().map((value) => value || 0),
  fc.float(),
  fc.double(),
);

function arbitraryColumn(index: number, rows: number): fc.Arbitrary<BatchColumn> {
  const bits = fc.array(fc.constantFrom(0, 1), { minLength: rows, maxLength: rows });
  const present = fc.option(bits.filter((list) => list.includes(1)).map((list) => Uint8Array.from(list)));
  const list = <T>(items: fc.Arbitrary<T>) => fc.tuple(fc.array(items, { minLength: rows, maxLength: rows }), present);
  const sparse = (values: readonly number[], mask: Uint8Array | null) =>
    Float64Array.from(values, (value, r) => (mask === null || mask[r] === 1 ? value : 0));
  return fc.oneof(
    list(number).map(([values, mask]) => makeNumberColumn(index, values, mask)),
    list(fc.double()).map(([values, mask]): BatchColumn => {
      return { metric: index, encoding: 'float64', exponent: 0, present: mask, values: sparse(values, mask) };
    }),
    list(fc.constantFrom(0, 1)).map(([values, mask]): BatchColumn => {
      return { metric: index, encoding: 'bool', exponent: 0, present: mask, values: sparse(values, mask) };
    }),
    list(text(60, { lines: true })).map(([values, mask]): BatchColumn => {
      const kept = values.map((value, r) => (mask === null || mask[r] === 1 ? value : ''));
      return { metric: index, encoding: 'text', present: mask, values: kept };
    }),
  );
}

const times = fc.oneof(
  fc
    .tuple(ms, fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 1, max: 40 }))
    .map(([start, step, rows]) =>
      Float64Array.from({ length: rows }, (_, r) =>
        Math.min(limits.timeMsMax, Math.max(limits.timeMsMin, start + r * step)),
      ),
    ),
  fc.array(ms, { minLength: 1, maxLength: 12 }).map((list) => Float64Array.from(list)),
);
const batch = fc
  .tuple(times, fc.uniqueArray(fc.nat({ max: limits.metricsMax - 1 }), { minLength: 1, maxLength: 6 }))
  .chain(([rowTimes, indices]) =>
    fc.record({
      type: fc.constant('batch' as const),
      seq: positive,
      ackNow: fc.boolean(),
      backfill: fc.boolean(),
      times: fc.constant(rowTimes),
      columns: fc.tuple(...indices.map((index) => arbitraryColumn(index, rowTimes.length))),
    }),
  );
const event = fc.record({
  type: fc.constant('event' as const),
  seq: positive,
  atMs: ms,
  level: fc.constantFrom('debug', 'info', 'warning', 'error'),
  code: text(limits.eventCodeBytesMax),
  text: text(limits.eventTextBytesMax, { lines: true }),
});

const id = text(limits.commandIdBytesMax, { bytesMin: 1 });
const document = text(2_000, { lines: true });
const stated = <T extends 'reported' | 'desired'>(type: T) =>
  fc.record({ type: fc.constant(type), version: uv, state: document });
const ping = fc.record({ type: fc.constant('ping'), sentMs: ms });
const pong = fc.record({ type: fc.constant('pong'), pingSentMs: ms, clockMs: ms });
const goodbye = fc.record({
  type: fc.constant('goodbye'),
  reason: fc.constantFrom('stopping', 'sleeping', 'restarting', 'updating'),
  backMs: uv,
});
const fault = fc.record({
  type: fc.constant('fault'),
  code: fc.nat({ max: 0xffff }),
  retryAfterMs: uv,
  text: text(limits.faultTextBytesMax),
});

const latest = (count: number) =>
  fc.record({
    metric: fc.nat({ max: count - 1 }),
    timeMs: ms,
    value: fc.oneof(fc.double(), text(40, { lines: true })),
  });
const snapshot = metrics.chain((list) =>
  fc.record({
    type: fc.constant('snapshot'),
    device: deviceId,
    stream: uv,
    seq: uv,
    conflated: fc.boolean(),
    clockOffsetMs: fc.oneof(
      sv.map((value) => value || 0),
      fc.constant(Number.NaN),
    ),
    table: list.length === 0 ? fc.constant([]) : fc.array(fc.nat({ max: list.length - 1 }), { maxLength: 12 }),
    metrics: fc.constant(list),
    latest: list.length === 0 ? fc.constant([]) : fc.array(latest(list.length), { maxLength: 12 }),
  }),
);
const liveEntry = fc.record({
  stream: positive,
  arrivedMs: ms,
  body: fc.oneof(
    batch.map((message) => ({ kind: 'batch' as const, frame: encodeMessage(message) })),
    event.map((message) => ({ kind: 'event' as const, frame: encodeMessage(message as Message) })),
    fc.record({ kind: fc.constant('late' as const), seq: positive, fromMs: ms, toMs: ms }),
  ),
});
const presence = fc.record({
  device: deviceId,
  state: fc.constantFrom('online', 'late', 'offline', 'asleep', 'unknown'),
  lastSeenMs: ms.map((value) => (value === 0 ? Number.NaN : value)),
});

const said: Readonly<Record<Side, readonly fc.Arbitrary<unknown>[]>> = {
  device: [
    fc.record({
      type: fc.constant('hello'),
      version: fc.constant(1),
      deviceId,
      token: text(limits.tokenBytesMax),
      model: text(limits.factBytesMax),
      firmware: text(limits.factBytesMax),
      epoch: positive,
      clockMs: ms,
      metrics,
    }),
    fc.record({ type: fc.constant('declare'), firstIndex: fc.nat({ max: 1000 }), metrics }),
    batch,
    event,
    fc.tuple(positive, positive).chain(([a, b]) =>
      fc.record({
        type: fc.constant('skipped'),
        fromSeq: fc.constant(Math.min(a, b)),
        toSeq: fc.constant(Math.max(a, b)),
        reason: fc.constantFrom('overflow', 'acked-elsewhere', 'corrupt', 'dropped'),
        fromMs: ms,
        toMs: ms,
        readings: uv,
      }),
    ),
    fc.record({ type: fc.constant('commandResult'), id, ok: fc.boolean(), result: document }),
    stated('reported'),
    fc.constant({ type: 'flush' }),
    ...[ping, pong, goodbye],
  ],
  hub: [
    fc.record({
      type: fc.constant('welcome'),
      version: fc.constant(1),
      serverMs: ms,
      committedSeq: uv,
      ackIntervalMs: uv,
      heartbeatMs: positive,
      frameBytesMax: fc.integer({ min: 1, max: limits.frameBytesMax }),
      batchRowsMax: fc.integer({ min: 1, max: limits.batchRowsMax }),
      metricsMax: fc.integer({ min: 1, max: limits.metricsMax }),
      inFlightMax: positive,
    }),
    fc.record({ type: fc.constant('ack'), seq: uv }),
    fc.record({ type: fc.constant('command'), id, deadlineMs: ms, name: id, args: document }),
    stated('desired'),
    fc.record({ type: fc.constant('rate'), intervalMs: uv, forMs: uv }),
    ...[ping, pong, goodbye, fault],
  ],
  viewer: [
    fc.record({ type: fc.constant('subscribe'), id: uv, devices: fc.array(deviceId, { maxLength: 20 }) }),
    fc.record({ type: fc.constant('unsubscribe'), id: uv }),
    ...[ping, pong],
  ],
  feed: [
    snapshot,
    fc.record({ type: fc.constant('live'), sentMs: ms, entries: fc.array(liveEntry, { maxLength: 4 }) }),
    fc.record({ type: fc.constant('presence'), entries: fc.array(presence, { maxLength: 8 }) }),
    ...[ping, pong, goodbye, fault],
  ],
};

/** Any message of one side. */
export function arbitraryMessage(side: Side): fc.Arbitrary<Message> {
  return fc.oneof({ withCrossShrink: true }, ...(said[side] as readonly fc.Arbitrary<Message>[])).map(copyPlain);
}

/** fast-check makes records without a prototype; decoded messages are plain objects. */
function copyPlain<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyPlain) as T;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyPlain(item)])) as T;
}

export const arbitraryBatch = batch.map(copyPlain);
export const arbitraryNumber = number;
