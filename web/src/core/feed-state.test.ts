/** The reducer of feed messages, fed with frames as the hub would send them. */
import { encodeMessage, type FeedMessage, type MetricDeclaration, makeNumberColumn } from '@lapwing/protocol';
import { describe, expect, it } from 'vitest';
import { makeFeedReader } from './feed-reader.ts';
import { applyFacts, applyNotes, type DeviceFacts, type FeedObserver, makeFeedState, setPast } from './feed-state.ts';

const metrics: MetricDeclaration[] = [
  { name: 'temperature', unit: '°C', kind: 'gauge' },
  { name: 'state', unit: '', kind: 'text' },
];

function snapshot(over: Partial<Extract<FeedMessage, { type: 'snapshot' }>> = {}): FeedMessage {
  return {
    type: 'snapshot',
    device: 'pi-1',
    stream: 7,
    seq: 10,
    conflated: false,
    clockOffsetMs: 40,
    table: [1, 0],
    metrics,
    latest: [{ metric: 0, timeMs: 1_000, value: 20 }],
    ...over,
  };
}

function live(seq: number, [times, values]: [number[], number[]], backfill = false): FeedMessage {
  // Column metric 1 of the stream is metric 0 of the device: see `table`.
  const columns = [makeNumberColumn(1, values)];
  const frame = encodeMessage({
    type: 'batch',
    seq,
    ackNow: false,
    backfill,
    times: Float64Array.from(times),
    columns,
  });
  return {
    type: 'live',
    sentMs: 5_000,
    entries: [{ stream: 7, arrivedMs: 5_000 + seq, body: { kind: 'batch', frame } }],
  };
}

function start(observer: FeedObserver = {}) {
  const state = makeFeedState();
  return { state, reader: makeFeedReader(state, new Set([observer])) };
}

const facts: DeviceFacts = {
  id: 'pi-1',
  model: 'Pi 4',
  firmware: '1.2',
  createdMs: 1,
  presence: 'offline',
  lastSeenMs: 900,
  clockOffsetMs: null,
  stream: 7,
  seq: 9,
  metrics: [{ index: 0, name: 'temperature', unit: '°C', kind: 'gauge', latest: { timeMs: 900, value: 'NaN' } }],
};

describe('feed state', () => {
  it('maps a batch through the stream’s table to the device’s metrics', () => {
    const { state, reader } = start();
    reader.apply(snapshot());
    reader.apply(live(11, [[2_000], [21.5]]));
    const device = state.devices.get('pi-1')!;
    expect(device.metrics[0]).toMatchObject({ latestMs: 2_000, latest: 21.5 });
    expect(device.lastSeenMs).toBe(5_011);
  });

  it('applies a batch once, by its sequence number, and lets equal times pass', () => {
    const seen: number[] = [];
    const { state, reader } = start({ observeBatch: (_device, scratch) => seen.push(scratch.seq) });
    reader.apply(snapshot());
    reader.apply(live(10, [[1_500], [1]]));
    reader.apply(live(11, [[2_000], [2]]));
    reader.apply(live(11, [[2_000], [2]]));
    reader.apply(live(12, [[2_000], [3]]));
    expect(seen).toEqual([11, 12]);
    expect(state.duplicates).toBe(2);
    expect(state.devices.get('pi-1')!.metrics[0]!.latest).toBe(3);
  });

  it('keeps the newest sample, not the last arrival', () => {
    const { state, reader } = start();
    reader.apply(snapshot());
    reader.apply(live(11, [[3_000], [30]]));
    reader.apply(live(12, [[2_000], [20]]));
    expect(state.devices.get('pi-1')!.metrics[0]!.latest).toBe(30);
  });

  it('measures latency from samples in hub time, and never from a backfill or an unknown clock', () => {
    const { state, reader } = start();
    reader.apply(snapshot());
    reader.apply(
      live(11, [
        [2_000, 3_000],
        [1, 2],
      ]),
    );
    expect([...state.unpainted.subarray(0, state.unpaintedCount)]).toEqual([2_960]);
    reader.apply(live(12, [[500], [1]], true));
    expect(state.unpaintedCount).toBe(1);
    reader.apply(snapshot({ clockOffsetMs: Number.NaN, seq: 12 }));
    reader.apply(live(13, [[4_000], [1]]));
    expect(state.unpaintedCount).toBe(1);
  });

  it('ignores a stream nobody introduced', () => {
    const { state, reader } = start();
    reader.apply(live(11, [[2_000], [1]]));
    expect(state.batches).toBe(0);
  });

  it('hands on events and late stretches, and counts them in the sequence', () => {
    const heard: string[] = [];
    const { state, reader } = start({
      observeEvent: (_device, event) => heard.push(event.code),
      observeLate: (_device, fromMs, toMs) => heard.push(`late ${fromMs}–${toMs}`),
    });
    reader.apply(snapshot());
    const frame = encodeMessage({ type: 'event', seq: 11, atMs: 1, level: 'warning', code: 'throttled', text: '' });
    const late = { kind: 'late', seq: 12, fromMs: 100, toMs: 200 } as const;
    reader.apply({
      type: 'live',
      sentMs: 1,
      entries: [
        { stream: 7, arrivedMs: 1, body: { kind: 'event', frame } },
        { stream: 7, arrivedMs: 2, body: late },
      ],
    });
    expect(heard).toEqual(['throttled', 'late 100–200']);
    expect(state.devices.get('pi-1')!.seq).toBe(12);
  });

  it('lets a slow device list add what only it knows, and overwrite nothing newer', () => {
    const { state, reader } = start();
    reader.apply(snapshot());
    reader.apply({ type: 'presence', entries: [{ device: 'pi-1', state: 'online', lastSeenMs: 4_000 }] });
    applyFacts(state, { ...facts, lastSeenMs: 4_000 });
    const device = state.devices.get('pi-1')!;
    expect(device).toMatchObject({ model: 'Pi 4', presence: 'online', lastSeenMs: 4_000, clockOffsetMs: 40 });
    expect(device.metrics[0]!.latest).toBe(20);
    expect(state.undescribed.size).toBe(0);
  });

  it('reads the numbers JSON cannot hold', () => {
    const { state } = start();
    applyFacts(state, facts);
    expect(state.devices.get('pi-1')!.metrics[0]!.latest).toBeNaN();
  });

  it('keeps what people wrote, and takes a brief list for what it tells', () => {
    const { state } = start();
    applyFacts(state, { ...facts, label: 'Attic', tags: ['roof'], completeness: 99.5, source: 'link' });
    const device = state.devices.get('pi-1')!;
    device.nameRank = 3;
    const { tags } = device.notes;
    const { metrics: _, ...brief } = facts;
    applyFacts(state, { ...brief, label: 'Attic', tags: ['roof'], completeness: null });
    expect(device.notes).toMatchObject({ label: 'Attic', source: 'link' });
    expect([device.notes.tags === tags, device.notes.completeness, device.metrics.length]).toEqual([
      true,
      Number.NaN,
      1,
    ]);
    expect(device.nameRank).toBe(3);
    applyNotes(state, [{ id: 'pi-1', label: 'Barn', tags: [] }]);
    expect([device.notes.label, device.notes.tags, device.nameRank]).toEqual(['Barn', [], Number.NaN]);
  });
});

describe('the past', () => {
  it('hides what is only known of the present, also what comes meanwhile, and gives it back', () => {
    const { state } = start();
    applyFacts(state, { ...facts, completeness: 45 });
    const percent = () => state.devices.get('pi-1')!.notes.completeness;
    setPast(state, true);
    expect(percent()).toBeNaN();
    applyFacts(state, { ...facts, completeness: 44 });
    expect(percent()).toBeNaN();
    setPast(state, false);
    expect(percent()).toBe(44);
  });
});
