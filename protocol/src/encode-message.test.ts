/**
 * What breaks a limit does not leave: the encoder throws, and the limit's own size still goes.
 */
import { describe, expect, test } from 'vitest';
import {
  type Batch,
  decodeMessage,
  encodeMessage,
  limits,
  type Message,
  type MetricDeclaration,
  type Welcome,
} from './index.ts';

const hello = {
  type: 'hello',
  version: 1,
  deviceId: 'a',
  token: '',
  model: '',
  firmware: '',
  epoch: 1,
  clockMs: 0,
  metrics: [],
} as const;
const event = { type: 'event', seq: 1, atMs: 0, level: 'info', code: '', text: '' } as const;
const welcome: Welcome = {
  ...{ type: 'welcome', version: 1, serverMs: 0, committedSeq: 0, ackIntervalMs: 0, heartbeatMs: 1 },
  ...{ frameBytesMax: 1, batchRowsMax: 1, metricsMax: 1, inFlightMax: 1 },
};
const skipped = { type: 'skipped', fromSeq: 2, toSeq: 2, reason: 'dropped', fromMs: 0, toMs: 0, readings: 0 } as const;

function makeMetrics(count: number): MetricDeclaration[] {
  return Array.from({ length: count }, (_, i) => ({ name: `m${i}`, unit: '', kind: 'gauge' }));
}

function makeBatch(rows: number, columns: number): Batch {
  const values = new Float64Array(rows);
  return {
    ...{ type: 'batch', seq: 1, ackNow: false, backfill: false, times: new Float64Array(rows) },
    columns: Array.from({ length: columns }, (_, metric) => ({
      metric,
      encoding: 'bool',
      exponent: 0,
      present: null,
      values,
    })),
  };
}

const decimal = { metric: 0, encoding: 'decimal', exponent: 0, present: null, values: Float64Array.of(0) } as const;
function batchWith(column: Partial<Batch['columns'][number]>): Message {
  return { ...makeBatch(1, 1), columns: [{ ...decimal, ...column } as Batch['columns'][number]] };
}

describe('at the limit it goes, beyond it throws (SPEC, Limits)', () => {
  const cases: [string, (n: number) => Message, number][] = [
    ['token', (n) => ({ ...hello, token: 't'.repeat(n) }), limits.tokenBytesMax],
    ['device id', (n) => ({ ...hello, deviceId: 'd'.repeat(n) }), limits.deviceIdBytesMax],
    ['model', (n) => ({ ...hello, model: 'm'.repeat(n) }), limits.factBytesMax],
    ['metrics', (n) => ({ ...hello, metrics: makeMetrics(n) }), limits.metricsMax],
    [
      'metric name',
      (n) => ({ ...hello, metrics: [{ name: 'n'.repeat(n), unit: '', kind: 'text' }] }),
      limits.metricNameBytesMax,
    ],
    ['unit', (n) => ({ ...hello, metrics: [{ name: 'n', unit: 'u'.repeat(n), kind: 'text' }] }), limits.unitBytesMax],
    ['Declare', (n) => ({ type: 'declare', firstIndex: n - 5, metrics: makeMetrics(5) }), limits.metricsMax],
    ['event code', (n) => ({ ...event, code: 'c'.repeat(n) }), limits.eventCodeBytesMax],
    ['event text', (n) => ({ ...event, text: 'e'.repeat(n) }), limits.eventTextBytesMax],
    ['seq', (n) => ({ ...event, seq: n }), Number.MAX_SAFE_INTEGER],
    ['time', (n) => ({ type: 'ping', sentMs: n }), limits.timeMsMax],
    ['document', (n) => ({ type: 'commandResult', id: 'i', ok: true, result: 'r'.repeat(n) }), limits.documentBytesMax],
    ['rows', (n) => makeBatch(n, 16), limits.batchRowsMax],
    ['columns', (n) => makeBatch(1, n), limits.metricsMax],
    ['cells', (n) => makeBatch(n, 64), limits.batchCellsMax / 64],
    ['metric index', (n) => batchWith({ metric: n }), limits.metricsMax - 1],
    ['exponent', (n) => batchWith({ exponent: n }), limits.decimalExponentMax],
    ['text reading', (n) => batchWith({ encoding: 'text', values: ['x'.repeat(n)] }), limits.textBytesMax],
    ['Welcome.frameBytesMax', (n) => ({ ...welcome, frameBytesMax: n }), limits.frameBytesMax],
    ['Welcome.batchRowsMax', (n) => ({ ...welcome, batchRowsMax: n }), limits.batchRowsMax],
    ['Welcome.metricsMax', (n) => ({ ...welcome, metricsMax: n }), limits.metricsMax],
    ['Fault.code', (n) => ({ type: 'fault', code: n, retryAfterMs: 0, text: '' }), 0xffff],
    ['devices', (n) => ({ type: 'subscribe', id: 1, devices: Array(n).fill('abc') }), limits.subscribedDevicesMax],
  ];
  test.each(cases)('%s', (_, make, max) => {
    const side = { subscribe: 'viewer', welcome: 'hub', fault: 'hub' }[make(max).type as string] as 'hub' | undefined;
    expect(decodeMessage(encodeMessage(make(max)), side ?? 'device')).toMatchObject({ ok: true });
    expect(() => encodeMessage(make(max + 1))).toThrow(RangeError);
  });
});

describe('what no frame can say throws', () => {
  test.each<[string, Message]>([
    ['seq 0', { ...event, seq: 0 }],
    ['half a number', { type: 'ack', seq: 1.5 }],
    ['a negative count', { type: 'ack', seq: -1 }],
    ['NaN for a time', { type: 'ping', sentMs: Number.NaN }],
    ['epoch 0', { ...hello, epoch: 0 }],
    ['version 2', { ...hello, version: 2 }],
    ['a device id with a slash', { ...hello, deviceId: 'a/b' }],
    ['half a surrogate pair', { ...hello, model: '\ud800' }],
    ['a line feed in a model', { ...hello, model: 'a\nb' }],
    ['a carriage return in a text', { ...event, text: 'a\r\n' }],
    ['two metrics of one name', { ...hello, metrics: [...makeMetrics(1), ...makeMetrics(1)] }],
    ['Skipped backwards', { ...skipped, toSeq: 1 }],
    ['an unknown name', { ...event, level: 'fatal' as 'error' }],
    ['no rows', makeBatch(0, 1)],
    ['no columns', makeBatch(1, 0)],
    ['a metric twice', { ...makeBatch(1, 1), columns: [decimal, decimal] }],
    ['too few values', { ...makeBatch(2, 1), columns: [decimal] }],
    ['no value present', batchWith({ present: Uint8Array.of(0) })],
    ['2 for a bool', batchWith({ encoding: 'bool', values: Float64Array.of(2) })],
    ['a half as a whole number', batchWith({ values: Float64Array.of(0.5) })],
    ['a double as float32', batchWith({ encoding: 'float32', values: Float64Array.of(0.1) })],
    ['half a millisecond', { ...makeBatch(1, 1), times: Float64Array.of(0.5) }],
    [
      'a Live entry of another type',
      {
        type: 'live',
        sentMs: 0,
        entries: [{ stream: 1, arrivedMs: 0, body: { kind: 'batch', frame: Uint8Array.of(5) } }],
      },
    ],
  ])('%s', (_, message) => {
    expect(() => encodeMessage(message)).toThrow(RangeError);
  });

  test('FR-2: a frame above 65,536 bytes', () => {
    const wide = makeBatch(1, 70);
    const columns = wide.columns.map(
      ({ metric }) => ({ metric, encoding: 'text', present: null, values: ['x'.repeat(1024)] }) as const,
    );
    expect(() => encodeMessage({ ...wide, columns })).toThrow(RangeError);
    expect(decodeMessage(new Uint8Array(65_537).fill(8), 'device')).toMatchObject({
      ok: false,
      fault: 'frameTooLarge',
    });
  });
});

describe('what is bent to fit', () => {
  test('a fault text is cut at a character within 256 bytes, and control characters become spaces', () => {
    const frame = encodeMessage({
      type: 'fault',
      code: 9,
      retryAfterMs: 0,
      text: `a\n\u{1f6f0}${'é'.repeat(300)}\ud800`,
    });
    expect(decodeMessage(frame, 'hub')).toMatchObject({ message: { text: `a \u{1f6f0}${'é'.repeat(125)}` } });
  });

  test('LV-10: a clock offset is rounded; a latest value without a time is left out', () => {
    const latest = [{ metric: 0, timeMs: Number.NaN, value: 0 }];
    const snapshot = {
      type: 'snapshot',
      device: 'a',
      stream: 1,
      seq: 1,
      conflated: false,
      table: [0],
      metrics: makeMetrics(1),
      latest,
    } as const;
    const send = (clockOffsetMs: number) => decodeMessage(encodeMessage({ ...snapshot, clockOffsetMs }), 'feed');
    expect(send(-12.6)).toStrictEqual({ ok: true, message: { ...snapshot, clockOffsetMs: -13, latest: [] } });
    expect(send(-0.2)).toStrictEqual({ ok: true, message: { ...snapshot, clockOffsetMs: 0, latest: [] } });
  });
});
