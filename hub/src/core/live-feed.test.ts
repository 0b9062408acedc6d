import { decodeMessage, encodeMessage, type Live, makeNumberColumn } from '@lapwing/protocol';
import { describe, expect, test } from 'vitest';
import { CoreBench, makeBatch, TestViewer } from '../../test/support/core-bench.ts';

function liveSeqs(viewer: TestViewer): number[] {
  return viewer.ofType('live').flatMap((live: Live) =>
    live.entries.map(({ body }) => {
      if (body.kind !== 'batch') return -1;
      const decoded = decodeMessage(body.frame, 'device');
      return decoded.ok && decoded.message.type === 'batch' ? decoded.message.seq : -2;
    }),
  );
}

describe('the live feed', () => {
  test('LV: Subscribe is answered by Snapshot and Presence, then Live carries the device’s own frames', () => {
    const bench = new CoreBench();
    const device = bench.welcome();
    device.say(makeBatch(1, { value: 20.5 }));
    const viewer = new TestViewer();
    bench.feed.subscribe(bench.feed.addViewer(viewer), { type: 'subscribe', id: 1, devices: ['pi-1'] });
    bench.feed.flush(bench.nowMs);
    expect(viewer.ofType('snapshot')[0]).toMatchObject({
      device: 'pi-1',
      seq: 1,
      conflated: false,
      table: [0, 1, 2],
      latest: [{ metric: 0, timeMs: 1_000, value: 20.5 }],
    });
    expect(viewer.ofType('presence')[0]!.entries).toEqual([
      { device: 'pi-1', state: 'online', lastSeenMs: bench.nowMs },
    ]);
    const batch = makeBatch(2);
    device.say(batch);
    bench.feed.flush(bench.nowMs + 5);
    expect(viewer.ofType('live').at(-1)).toMatchObject({ sentMs: bench.nowMs + 5 });
    expect(viewer.ofType('live').at(-1)!.entries[0]!.body).toEqual({ kind: 'batch', frame: encodeMessage(batch) });
  });

  test('a viewer with a scope gets Snapshots cut to it, and never a frame, also when it was behind', () => {
    const bench = new CoreBench();
    const metrics = ['temperature', 'door', 'state'].map((name) => ({ name, unit: 'V', kind: 'gauge' as const }));
    const device = bench.welcome({ metrics });
    bench.welcome({ deviceId: 'pi-2' }).say(makeBatch(1));
    const viewer = new TestViewer();
    const scope = new Map([
      ['pi-1', new Set(['door'])],
      ['gone', new Set(['door'])],
    ]);
    const scoped = bench.feed.addViewer(viewer, scope);
    expect(bench.feed.subscribe(scoped, { type: 'subscribe', id: 1, devices: ['pi-2'] })).toMatchObject({
      fault: 'unknownDevice',
    });
    expect(bench.feed.subscribe(scoped, { type: 'subscribe', id: 1, devices: [] })).toBeNull();
    const both = (seq: number, door: number) => {
      const columns = [20, door].map((value, metric) => makeNumberColumn(metric, Float64Array.of(value)));
      device.say(makeBatch(seq, { columns }));
    };
    both(1, 0);
    bench.feed.flush(bench.nowMs);
    viewer.buffered = 1e6;
    both(2, 1);
    expect(bench.feed.flush(bench.nowMs)).toBe(true);
    viewer.buffered = 0;
    expect(bench.feed.flush(bench.nowMs)).toBe(false);
    expect(viewer.ofType('live')).toEqual([]);
    expect(viewer.ofType('snapshot').map(({ device: id, latest }) => [id, latest])).toEqual([
      ['pi-1', [{ metric: 1, timeMs: 1_000, value: 0 }]],
      ['pi-1', [{ metric: 1, timeMs: 2_000, value: 1 }]],
    ]);
    const names = viewer.ofType('snapshot')[0]!.metrics.map(({ name, unit }) => [name, unit]);
    expect(names).toEqual([
      ['#0', ''],
      ['door', 'V'],
      ['#2', ''],
    ]);
  });

  test('a reading is shown before it is committed', () => {
    const bench = new CoreBench();
    const viewer = new TestViewer();
    const device = bench.welcome();
    bench.feed.subscribe(bench.feed.addViewer(viewer), { type: 'subscribe', id: 1, devices: [] });
    bench.feed.flush(0);
    device.say(makeBatch(1));
    bench.feed.flush(1);
    expect(bench.store.frames).toHaveLength(0);
    expect(liveSeqs(viewer)).toEqual([1]);
  });

  test('only who watches a device gets it; an unsubscribed viewer gets nothing', () => {
    const bench = new CoreBench();
    const one = bench.welcome({ deviceId: 'one' });
    const two = bench.welcome({ deviceId: 'two' });
    const [a, b, all] = [new TestViewer(), new TestViewer(), new TestViewer()];
    const viewerA = bench.feed.addViewer(a);
    bench.feed.subscribe(viewerA, { type: 'subscribe', id: 1, devices: ['one'] });
    bench.feed.subscribe(bench.feed.addViewer(b), { type: 'subscribe', id: 1, devices: ['two'] });
    bench.feed.subscribe(bench.feed.addViewer(all), { type: 'subscribe', id: 1, devices: [] });
    bench.feed.flush(0);
    one.say(makeBatch(1));
    two.say(makeBatch(1));
    two.say(makeBatch(2));
    bench.feed.flush(1);
    expect([liveSeqs(a), liveSeqs(b), liveSeqs(all)]).toEqual([[1], [1, 2], [1, 1, 2]]);
    bench.feed.unsubscribe(viewerA, 1);
    one.say(makeBatch(2));
    bench.feed.flush(2);
    expect(liveSeqs(a)).toEqual([1]);
  });

  test('viewers with the same selection share one encoded frame', () => {
    const bench = new CoreBench();
    const device = bench.welcome();
    const frames: Uint8Array[][] = [[], []];
    for (const sent of frames) {
      const link = { send: (frame: Uint8Array) => void sent.push(frame), bufferedBytes: () => 0 };
      bench.feed.subscribe(bench.feed.addViewer(link), { type: 'subscribe', id: 1, devices: ['pi-1'] });
    }
    bench.feed.flush(0);
    device.say(makeBatch(1));
    bench.feed.flush(1);
    expect(frames[0]!.at(-1)).toBe(frames[1]!.at(-1));
  });

  test('a slow viewer loses what lies between, never the newest, and holds up nobody', () => {
    const bench = new CoreBench();
    const device = bench.welcome();
    const [slow, quick] = [new TestViewer(), new TestViewer()];
    const slowViewer = bench.feed.addViewer(slow);
    bench.feed.subscribe(slowViewer, { type: 'subscribe', id: 1, devices: ['pi-1'] });
    bench.feed.subscribe(bench.feed.addViewer(quick), { type: 'subscribe', id: 1, devices: ['pi-1'] });
    bench.feed.flush(0);
    slow.buffered = 1_000_000;
    for (let seq = 1; seq <= 1_000; seq++) {
      device.say(makeBatch(seq));
      expect(bench.feed.flush(seq)).toBe(true);
    }
    expect(liveSeqs(quick)).toHaveLength(1_000);
    expect(liveSeqs(slow)).toEqual([]);
    expect(slowViewer.owed.size).toBe(1);
    slow.buffered = 0;
    expect(bench.feed.flush(1_001)).toBe(false);
    expect(slow.ofType('snapshot').at(-1)).toMatchObject({
      conflated: true,
      seq: 1_000,
      latest: [{ metric: 0, timeMs: 1_000_000, value: 1_000 }],
    });
    device.say(makeBatch(1_001));
    bench.feed.flush(1_002);
    expect(liveSeqs(slow)).toEqual([1_001]);
  });

  test('a viewer that stalls amid ten thousand Snapshots gets the rest when it drains, each device once', () => {
    const bench = new CoreBench();
    for (let i = 0; i < 10_000; i++) bench.roster.enrol(`d-${i}`, 0);
    const viewer = new TestViewer();
    const link = {
      send: (frame: Uint8Array) => {
        viewer.send(frame);
        viewer.buffered += frame.length;
      },
      bufferedBytes: () => viewer.buffered,
    };
    bench.feed.subscribe(bench.feed.addViewer(link), { type: 'subscribe', id: 1, devices: [] });
    let flushes = 0;
    while (bench.feed.flush(flushes)) {
      flushes += 1;
      viewer.buffered = 0;
    }
    expect(flushes).toBeGreaterThan(3);
    const devices = viewer.ofType('snapshot').map((snapshot) => snapshot.device);
    expect(new Set(devices).size).toBe(10_000);
    expect(devices).toHaveLength(10_000);
    expect(viewer.ofType('presence').flatMap((presence) => presence.entries)).toHaveLength(10_000);
  });

  test('LV: a backfill is told as the stretch it changed', () => {
    const bench = new CoreBench();
    const device = bench.welcome();
    const viewer = new TestViewer();
    bench.feed.subscribe(bench.feed.addViewer(viewer), { type: 'subscribe', id: 1, devices: [] });
    bench.feed.flush(0);
    device.say(makeBatch(1, { backfill: true }));
    bench.feed.flush(1);
    expect(viewer.ofType('live')[0]!.entries[0]!.body).toEqual({ kind: 'late', seq: 1, fromMs: 1_000, toMs: 1_000 });
  });

  test('LV: new metrics are told before the readings that use them', () => {
    const bench = new CoreBench();
    const device = bench.welcome();
    const viewer = new TestViewer();
    bench.feed.subscribe(bench.feed.addViewer(viewer), { type: 'subscribe', id: 1, devices: [] });
    bench.feed.flush(0);
    viewer.heard.length = 0;
    device.say({ type: 'declare', firstIndex: 3, metrics: [{ name: 'new', unit: '', kind: 'gauge' }] });
    device.say(makeBatch(1));
    bench.feed.flush(1);
    expect(viewer.heard.map((message) => message.type)).toEqual(['snapshot', 'presence', 'live']);
    expect(viewer.ofType('snapshot')[0]!.table).toEqual([0, 1, 2, 3]);
  });

  test('LV-4: Live goes on right behind the seq of a Snapshot, also one between batches', () => {
    const bench = new CoreBench();
    const device = bench.welcome();
    const viewer = new TestViewer();
    bench.feed.subscribe(bench.feed.addViewer(viewer), { type: 'subscribe', id: 1, devices: [] });
    bench.feed.flush(0);
    device.say(makeBatch(1));
    bench.feed.flush(1);
    for (const seq of [2, 3]) device.say(makeBatch(seq));
    device.say({ type: 'declare', firstIndex: 3, metrics: [{ name: 'new', unit: '', kind: 'gauge' }] });
    device.say(makeBatch(4));
    viewer.heard.length = 0;
    bench.feed.flush(2);
    expect(viewer.ofType('snapshot').map(({ seq }) => seq)).toEqual([1]);
    expect(liveSeqs(viewer)).toEqual([2, 3, 4]);
  });

  test('unknown devices and too many subscriptions are refused', () => {
    const bench = new CoreBench();
    const viewer = bench.feed.addViewer(new TestViewer());
    expect(bench.feed.subscribe(viewer, { type: 'subscribe', id: 1, devices: ['nobody'] })).toMatchObject({
      fault: 'unknownDevice',
    });
    for (let id = 0; id < 64; id++)
      expect(bench.feed.subscribe(viewer, { type: 'subscribe', id, devices: [] })).toBeNull();
    expect(bench.feed.subscribe(viewer, { type: 'subscribe', id: 64, devices: [] })).toMatchObject({
      fault: 'tooManySubscriptions',
    });
  });

  test('a burst of large batches between two flushes becomes several frames, in order', () => {
    const bench = new CoreBench();
    const device = bench.welcome();
    const viewer = new TestViewer();
    bench.feed.subscribe(bench.feed.addViewer(viewer), { type: 'subscribe', id: 1, devices: [] });
    bench.feed.flush(0);
    const times = Float64Array.from({ length: 4_000 }, (_, row) => row);
    const columns = [
      makeNumberColumn(
        0,
        times.map((row) => Math.sin(row)),
      ),
    ];
    for (let seq = 1; seq <= 300; seq++) device.say(makeBatch(seq, { times, columns }));
    bench.feed.flush(1);
    expect(viewer.ofType('live').length).toBeGreaterThan(30);
    expect(liveSeqs(viewer)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  });

  test('nothing is kept when nobody watches', () => {
    const bench = new CoreBench();
    const device = bench.welcome();
    const before = bench.flushRequests;
    device.say(makeBatch(1));
    expect(bench.flushRequests).toBe(before);
  });
});
