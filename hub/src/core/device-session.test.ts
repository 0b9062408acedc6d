import {
  decodeMessage,
  encodeMessage,
  type FaultName,
  faultTable,
  type Message,
  makeNumberColumn,
} from '@lapwing/protocol';
import { describe, expect, test } from 'vitest';
import { CoreBench, makeBatch, makeHello, type TestLink } from '../../test/support/core-bench.ts';

function expectFault(link: TestLink, fault: FaultName): void {
  expect(link.last()).toMatchObject({ type: 'fault', code: faultTable[fault].code });
  expect(link.closed).toEqual({ code: 4000 + faultTable[fault].code, reason: fault });
}

describe('a device session', () => {
  test('SE: Hello is answered by Welcome with what the hub holds of this epoch', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    expect(link.last()).toMatchObject({ type: 'welcome', version: 1, committedSeq: 0, serverMs: bench.nowMs });
    link.say(makeBatch(1));
    link.say(makeBatch(2));
    bench.store.commit();
    link.hang();
    expect(bench.welcome().last()).toMatchObject({ type: 'welcome', committedSeq: 2 });
    expect(bench.welcome({ epoch: 8 }).last()).toMatchObject({ type: 'welcome', committedSeq: 0 });
  });

  test('DL: an Ack follows the commit, never the arrival, and is lazy', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.say(makeBatch(1));
    link.say(makeBatch(2));
    bench.intake.sweepAcks(bench.nowMs + 60_000);
    expect(link.acks()).toEqual([]);
    bench.store.commit();
    bench.intake.sweepAcks(bench.nowMs + 1_999);
    expect(link.acks()).toEqual([]);
    bench.intake.sweepAcks(bench.nowMs + 2_000);
    expect(link.acks()).toEqual([2]);
  });

  test('DL: an Ack goes with the Ping, and none alone soon after', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    bench.nowMs += 14_500;
    link.say(makeBatch(1));
    bench.store.commit();
    bench.nowMs += 500;
    link.session.sweep(bench.nowMs);
    expect(link.heard.slice(-2)).toMatchObject([{ type: 'ack', seq: 1 }, { type: 'ping' }]);
    link.say(makeBatch(2));
    bench.store.commit();
    bench.intake.sweepAcks(bench.nowMs + 1_999);
    expect(link.acks()).toEqual([1]);
    bench.intake.sweepAcks(bench.nowMs + 2_000);
    expect(link.acks()).toEqual([1, 2]);
    bench.nowMs += 15_000;
    link.session.sweep(bench.nowMs);
    expect(link.acks(), 'nothing new').toEqual([1, 2]);
    expect(link.last()).toMatchObject({ type: 'ping' });
  });

  test('DL: ackNow and Flush bring the Ack with the commit', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.say(makeBatch(1, { ackNow: true }));
    expect(bench.store.hurries).toBe(1);
    bench.store.commit();
    expect(link.acks()).toEqual([1]);
    link.say(makeBatch(2));
    expect(bench.store.hurries).toBe(1);
    link.say({ type: 'flush' });
    expect(bench.store.hurries).toBe(2);
    bench.store.commit();
    expect(link.acks()).toEqual([1, 2]);
    link.say({ type: 'flush' });
    expect(link.acks()).toEqual([1, 2, 2]);
  });

  test('DL: half a window of unacked messages is acked at once', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    for (let seq = 1; seq <= 256; seq++) link.say(makeBatch(seq));
    bench.store.commit();
    expect(link.acks()).toEqual([256]);
  });

  test('DL: a duplicate is dropped and acked again', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.say(makeBatch(1));
    link.say(makeBatch(1));
    bench.store.commit();
    link.say(makeBatch(1));
    bench.intake.sweepAcks(Number.POSITIVE_INFINITY);
    expect(bench.store.frames).toHaveLength(1);
    expect(link.acks()).toEqual([1]);
    expect(bench.intake.counters.duplicates).toBe(2);
  });

  test('DL-10: a duplicate that asks for its Ack gets it at once', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.say(makeBatch(1));
    bench.store.commit();
    link.say(makeBatch(1, { ackNow: true }));
    expect(link.acks()).toEqual([1]);
  });

  test('DL: Skipped fills a hole with its reason', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.say({ type: 'skipped', fromSeq: 1, toSeq: 5, reason: 'overflow', fromMs: 1, toMs: 2, readings: 50 });
    link.say(makeBatch(6));
    bench.store.commit();
    bench.intake.sweepAcks(Number.POSITIVE_INFINITY);
    expect(link.acks()).toEqual([6]);
    expect(link.closed).toBeNull();
  });

  test('DL-7: of a Skipped that overlaps what was received only the rest is a hole', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    for (let seq = 1; seq <= 3; seq++) link.say(makeBatch(seq));
    link.say({ type: 'skipped', fromSeq: 2, toSeq: 5, reason: 'overflow', fromMs: 1, toMs: 2, readings: 40 });
    bench.store.commit();
    const { frame } = bench.store.frames.at(-1)!;
    expect(decodeMessage(frame, 'device')).toMatchObject({ message: { fromSeq: 4, toSeq: 5, readings: 0 } });
  });

  test('DL: Goodbye while readings are uncommitted waits for their Ack', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.say(makeBatch(1));
    link.say({ type: 'goodbye', reason: 'sleeping', backMs: 60_000 });
    expect(link.closed).toBeNull();
    bench.store.commit();
    expect(link.acks()).toEqual([1]);
    expect(link.closed).toEqual({ code: 1000, reason: 'goodbye' });
    expect(bench.roster.devices.get('pi-1')!.presence).toBe('asleep');
  });

  test('SE: the newest session of a device wins, and the stream goes on', () => {
    const bench = new CoreBench();
    const older = bench.welcome();
    older.say(makeBatch(1));
    const newer = bench.welcome();
    expectFault(older, 'superseded');
    // Sent again, because Welcome said 0; the hub still holds it, uncommitted.
    newer.say(makeBatch(1));
    newer.say(makeBatch(2));
    older.say(makeBatch(2));
    bench.store.commit();
    expect(bench.store.frames.map((frame) => frame.seq)).toEqual([1, 2]);
    expect(bench.roster.devices.get('pi-1')!.presence).toBe('online');
  });

  test('the store cannot take it: fault storeUnavailable with a time, and the stream falls back', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.say(makeBatch(1));
    bench.store.isAvailable = false;
    bench.store.abandon();
    expectFault(link, 'storeUnavailable');
    expect(link.last()).toMatchObject({ retryAfterMs: 2_000 });
    const refused = bench.welcome();
    refused.say(makeBatch(1));
    expectFault(refused, 'storeUnavailable');
    bench.store.isAvailable = true;
    const again = bench.welcome();
    expect(again.last()).toMatchObject({ type: 'welcome', committedSeq: 0 });
    again.say(makeBatch(1, { ackNow: true }));
    bench.store.commit();
    expect(again.acks()).toEqual([1]);
  });

  test('Ping is answered; the Pong measures the device’s clock', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.say({ type: 'ping', sentMs: 123 });
    expect(link.last()).toEqual({ type: 'pong', pingSentMs: 123, clockMs: bench.nowMs });
    bench.nowMs += 15_000;
    link.session.sweep(bench.nowMs);
    expect(link.last()).toEqual({ type: 'ping', sentMs: bench.nowMs });
    bench.nowMs += 40;
    link.say({ type: 'pong', pingSentMs: bench.nowMs - 40, clockMs: bench.nowMs - 20 + 5_000 });
    expect(bench.roster.devices.get('pi-1')!.clockOffsetMs).toBe(5_000);
  });
});

describe('each thing a device can do wrong has its code, and the others go on', () => {
  const column = (metric: number) => makeNumberColumn(metric, Float64Array.of(1));
  const wrongs: [FaultName, (bench: CoreBench) => TestLink][] = [
    ['malformedFrame', (bench) => sayBytes(bench.connect(), Uint8Array.of(0xff, 1, 2))],
    ['malformedFrame', (bench) => sayBytes(bench.welcome(), encodeMessage(makeBatch(1)).subarray(0, 7))],
    ['helloExpected', (bench) => say(bench.connect(), makeBatch(1))],
    ['helloExpected', (bench) => say(bench.welcome(), makeHello())],
    ['unauthorized', (bench) => say(bench.connect(), makeHello({ token: 'wrong' }))],
    ['unauthorized', (bench) => say(bench.connect({ deviceId: 'pi-9' }), makeHello())],
    ['sequenceGap', (bench) => say(bench.welcome(), makeBatch(2))],
    ['valueOutOfRange', (bench) => say(bench.welcome(), makeSkipped(1, 2 ** 50))],
    ['unknownMetric', (bench) => say(bench.welcome(), makeBatch(1, { columns: [column(3)] }))],
    ['metricConflict', (bench) => say(bench.welcome(), makeBatch(1, { columns: [column(1)] }))],
    ['metricConflict', (bench) => say(bench.welcome(), makeBatch(1, { columns: [column(2)] }))],
    ['metricConflict', (bench) => sayAgain(bench, [{ name: 'temperature', unit: '', kind: 'counter' }], 8)],
    ['metricConflict', (bench) => sayAgain(bench, [{ name: 'other', unit: '', kind: 'gauge' }], 7)],
    ['metricConflict', (bench) => sayAgain(bench, [], 7)],
    ['unexpectedMessage', (bench) => say(bench.welcome(), { type: 'ack', seq: 1 })],
    ['helloTimeout', (bench) => waitFor(bench, bench.connect(), 10_001)],
    ['heartbeatTimeout', (bench) => waitFor(bench, bench.welcome(), 37_501)],
  ];

  test.each(wrongs)('%s', (fault, doWrong) => {
    const bench = new CoreBench();
    const neighbour = bench.welcome({ deviceId: 'neighbour' });
    neighbour.say(makeBatch(1));
    const link = doWrong(bench);
    expectFault(link, fault);
    expect(bench.faults).toEqual([fault]);
    const heardBefore = link.heard.length;
    link.say(makeBatch(1));
    expect(link.heard).toHaveLength(heardBefore);
    neighbour.say(makeBatch(2, { ackNow: true }));
    bench.store.commit();
    expect(neighbour.acks()).toEqual([2]);
    expect(neighbour.closed).toBeNull();
  });

  test('a text message', () => {
    const bench = new CoreBench();
    const link = bench.welcome();
    link.session.linkOnText();
    expectFault(link, 'notBinary');
  });

  function makeSkipped(fromSeq: number, toSeq: number): Message {
    return { type: 'skipped', fromSeq, toSeq, reason: 'overflow', fromMs: 0, toMs: 0, readings: 0 };
  }
  function say(link: TestLink, message: Message): TestLink {
    link.say(message);
    return link;
  }
  function sayBytes(link: TestLink, frame: Uint8Array): TestLink {
    link.sayBytes(frame);
    return link;
  }
  function sayAgain(bench: CoreBench, metrics: ReturnType<typeof makeHello>['metrics'], epoch: number): TestLink {
    bench.welcome().hang();
    return bench.welcome({ metrics, epoch });
  }
  function waitFor(bench: CoreBench, link: TestLink, ms: number): TestLink {
    link.session.sweep(bench.nowMs + ms);
    return link;
  }
});
