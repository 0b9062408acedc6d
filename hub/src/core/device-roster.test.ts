import { describe, expect, test } from 'vitest';
import { CoreBench, makeBatch } from '../../test/support/core-bench.ts';

const startMs = 1_000_000;

function presenceOf(bench: CoreBench, afterMs: number): string {
  bench.nowMs = startMs + afterMs;
  bench.roster.sweepPresence(bench.nowMs);
  return bench.roster.devices.get('pi-1')!.presence;
}

describe('presence', () => {
  test('a device is late after three of its learned intervals, and online with its next batch', () => {
    const bench = new CoreBench(startMs);
    const link = bench.welcome();
    for (let seq = 1; seq <= 20; seq++) {
      bench.nowMs = startMs + seq * 4_000;
      link.say(makeBatch(seq));
    }
    expect(presenceOf(bench, 80_000 + 11_900)).toBe('online');
    expect(presenceOf(bench, 80_000 + 12_100)).toBe('late');
    link.say(makeBatch(21));
    expect(presenceOf(bench, 80_000 + 12_200)).toBe('online');
  });

  test('a device that connects and then says nothing is late after a minute', () => {
    const bench = new CoreBench(startMs);
    bench.welcome();
    expect(presenceOf(bench, 59_000)).toBe('online');
    expect(presenceOf(bench, 61_000)).toBe('late');
  });

  test('a quick device is not late for a hiccup below five seconds', () => {
    const bench = new CoreBench(startMs);
    const link = bench.welcome();
    for (let seq = 1; seq <= 20; seq++) {
      bench.nowMs = startMs + seq * 100;
      link.say(makeBatch(seq));
    }
    expect(presenceOf(bench, 6_900)).toBe('online');
    expect(presenceOf(bench, 7_100)).toBe('late');
  });

  test('after a start it is unknown, then offline; after a lost link offline at once', () => {
    const first = new CoreBench(startMs);
    first.welcome().say(makeBatch(1));
    first.store.commit();
    const bench = new CoreBench(startMs, first.store);
    expect(presenceOf(bench, 1_000)).toBe('unknown');
    expect(presenceOf(bench, 30_001)).toBe('offline');
    const link = bench.welcome();
    expect(presenceOf(bench, 30_002)).toBe('online');
    link.hang();
    expect(presenceOf(bench, 30_003)).toBe('offline');
  });

  test('a device that was enrolled and never connected stays unknown', () => {
    const bench = new CoreBench(startMs);
    bench.roster.enrol('pi-1', startMs);
    expect(presenceOf(bench, 3_600_000)).toBe('unknown');
  });

  test('asleep until it should have woken, with half a sleep of slack', () => {
    const bench = new CoreBench(startMs);
    bench.welcome().say({ type: 'goodbye', reason: 'sleeping', backMs: 60_000 });
    expect(presenceOf(bench, 89_000)).toBe('asleep');
    expect(presenceOf(bench, 91_000)).toBe('offline');
  });

  test('asleep still after the hub was started anew, unless something came since', () => {
    const bench = new CoreBench(startMs);
    bench.welcome().say({ type: 'goodbye', reason: 'sleeping', backMs: 60_000 });
    bench.store.commit();
    const again = new CoreBench(startMs + 5_000, bench.store);
    expect(presenceOf(again, 85_000)).toBe('asleep');
    expect(presenceOf(again, 95_000)).toBe('offline');
    again.welcome().say(makeBatch(1));
    again.store.commit();
    expect(presenceOf(new CoreBench(startMs + 96_000, again.store), 97_000)).toBe('unknown');
  });

  test('backfilled readings say nothing about the interval', () => {
    const bench = new CoreBench(startMs);
    const link = bench.welcome();
    for (let seq = 1; seq <= 100; seq++) link.say(makeBatch(seq, { backfill: true }));
    expect(bench.roster.devices.get('pi-1')!.intervalMs).toBeNaN();
  });
});

describe('latest values', () => {
  test('are the newest by sample time, not by arrival', () => {
    const bench = new CoreBench(startMs);
    const link = bench.welcome();
    link.say(makeBatch(1, { times: Float64Array.of(5_000), value: 5 }));
    link.say(makeBatch(2, { times: Float64Array.of(4_000), value: 4 }));
    const { latest } = bench.roster.devices.get('pi-1')!;
    expect([latest.timeMs[0], latest.value[0]]).toEqual([5_000, 5]);
  });
});

describe('metrics', () => {
  test('keep their place in the device’s list whatever order a later table has', () => {
    const bench = new CoreBench(startMs);
    bench.welcome().hang();
    const metrics = [
      { name: 'state', unit: '', kind: 'text' },
      { name: 'humidity', unit: '%', kind: 'gauge' },
      { name: 'temperature', unit: 'K', kind: 'gauge' },
    ] as const;
    bench.welcome({ epoch: 8, metrics });
    const device = bench.roster.devices.get('pi-1')!;
    expect(device.metrics.map((metric) => metric.name)).toEqual(['temperature', 'door', 'state', 'humidity']);
    expect(device.metrics[0]!.unit).toBe('K');
    expect(device.stream!.table).toEqual([2, 3, 0]);
  });

  test('a device is told to the store before its stream, and both before the table', () => {
    const bench = new CoreBench(startMs);
    bench.welcome();
    bench.store.commit();
    expect(bench.store.changes.map((change) => change.kind)).toEqual([
      'device',
      'metrics',
      'device',
      'stream',
      'table',
    ]);
  });

  test('a device may come back to any epoch it ever had, also after a restart', () => {
    const first = new CoreBench(startMs);
    for (let epoch = 1; epoch <= 100; epoch++) first.welcome({ epoch }).say(makeBatch(1));
    first.store.commit();
    for (const bench of [first, new CoreBench(startMs, first.store)]) {
      expect(bench.welcome({ epoch: 3 }).last()).toMatchObject({ type: 'welcome', committedSeq: 1 });
    }
  });

  test('a restart gives the same keys, lists and streams', () => {
    const bench = new CoreBench(startMs);
    const link = bench.welcome();
    link.say({ type: 'declare', firstIndex: 3, metrics: [{ name: 'late', unit: '', kind: 'gauge' }] });
    bench.store.commit();
    const again = new CoreBench(startMs, bench.store);
    const [before, after] = [bench, again].map(({ roster }) => roster.devices.get('pi-1')!);
    expect(after!.metrics).toEqual(before!.metrics);
    expect(after!.stream).toMatchObject({ key: before!.stream!.key, epoch: 7, table: [0, 1, 2, 3] });
    again.welcome({ deviceId: 'other' });
    expect(again.roster.devices.get('other')!.key).not.toBe(before!.key);
  });
});
