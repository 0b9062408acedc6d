/**
 * The short way of a PUBLISH beside the broker's own: the same bytes, cut anywhere, store the same and are answered the same.
 */
import { type Duplex, duplexPair } from 'node:stream';
import fc from 'fast-check';
import pino from 'pino';
import { expect, test } from 'vitest';
import { makeConnect, makePacket, makePublish, makeSubscribe, text } from '../../test/end-to-end/mqtt-raw.ts';
import { ForeignBench } from '../../test/support/foreign-bench.ts';
import { plain } from '../core/dialects/plain.ts';
import { ForeignDesk } from '../core/foreign-desk.ts';
import type { MqttAccess, MqttIdentity } from './mqtt-access.ts';
import { MqttBroker } from './mqtt-broker.ts';
import { brokerLimits } from './mqtt-link.ts';
import type { MqttNative } from './mqtt-native.ts';
import { MqttPersistence } from './mqtt-persistence.ts';

const identity: MqttIdentity = { kind: 'device', deviceId: 'board', mark: { from: 'board' } };

interface Step {
  readonly bytes: Uint8Array;
  readonly isCommitted: boolean;
}

/** A broker over a real intake and a memory store, with one client. */
class BrokerBench {
  readonly foreign = new ForeignBench();
  readonly broker: MqttBroker;
  readonly far: Duplex;
  received = Buffer.alloc(0);
  isClosed = false;
  mayPublish = true;
  private readonly near: Duplex;

  constructor(shortTopicsMax: number) {
    const { core, foreign } = this.foreign;
    core.roster.enrol('board', 0);
    const access = {
      identify: async () => identity,
      isGood: () => true,
      refusePublish: () => (this.mayPublish ? '' : 'no'),
      maySubscribe: () => true,
      mayHear: () => true,
    } as unknown as MqttAccess;
    const native = { takes: () => false, end: () => undefined, sweep: () => undefined } as unknown as MqttNative;
    const persistence = new MqttPersistence([], {
      change: () => undefined,
      commit: async () => undefined,
    });
    this.broker = new MqttBroker({
      ...{ access, native, persistence, log: pino({ level: 'silent' }), nowMs: () => core.nowMs },
      limits: { ...brokerLimits, shortTopicsMax, packetBytesMax: 4_096 },
      listRetained: () => [],
      deviceOnLeft: () => undefined,
    });
    this.desk = new ForeignDesk([plain], foreign);
    [this.near, this.far] = duplexPair();
  }

  private readonly desk: ForeignDesk;

  async open(): Promise<void> {
    await this.broker.open(this.desk.open({}));
    this.far.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
    });
    this.far.on('error', () => undefined);
    this.near.once('close', () => {
      this.isClosed = true;
    });
    this.broker.accept(this.near, 'here');
    await this.say(makeConnect({ clientId: 'c', username: 'u', password: 'p' }));
  }

  async say(bytes: Uint8Array): Promise<void> {
    if (!this.isClosed) this.far.write(bytes);
    await settle();
  }

  async commit(): Promise<void> {
    this.foreign.foreign.hurryCommits();
    this.foreign.core.store.commit();
    await settle();
  }

  async close(): Promise<void> {
    await this.broker.stop();
  }

  /** What came back: packets of each kind in their order. */
  answers(): { acks: string[]; others: string[] } {
    const acks: string[] = [];
    const others: string[] = [];
    for (let at = 0; at + 1 < this.received.length; ) {
      const end = at + 2 + this.received[at + 1]!;
      const packet = this.received.subarray(at, end);
      (packet[0] === 0x40 ? acks : others).push(tell(packet));
      at = end;
    }
    return { acks, others };
  }
}

/** What the broker does over several turns of the event loop is done. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const topic = fc.constantFrom('a/board/x', 'a/board/x', 'a/board/x', 'b/board', 'ü/board', '');
const payload = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -99, max: 99 }).map((n) => `{"n":${n}}`) },
  { weight: 2, arbitrary: fc.constantFrom('21.5', 'on', '{"a":1,"b":2}', '{"a":"text"}', '[1,2]', '{', '') },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }) },
);
const ordinary = fc.record({ topic, payload, qos: fc.constantFrom(0, 1, 1, 1), id: fc.integer({ min: 1, max: 9 }) });
const packet = fc.oneof(
  { weight: 30, arbitrary: ordinary.map((one) => makePublish(one.topic, one.payload, one)) },
  { weight: 3, arbitrary: ordinary.map((one) => makePublish(one.topic, one.payload, { ...one, retain: true })) },
  { weight: 2, arbitrary: ordinary.map((one) => makePublish(one.topic, one.payload, { ...one, dup: true, qos: 1 })) },
  { weight: 2, arbitrary: fc.constant(makePacket(0xc0)) },
  { weight: 2, arbitrary: fc.constantFrom('a/board/x', 'b/#').map((filter) => makeSubscribe(filter, 0, 7)) },
  { weight: 2, arbitrary: fc.constant(makePacket(0xa2, Buffer.from([0, 8]), text('a/board/x'))) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      makePublish('a/board/x', '1', { qos: 1, id: 0 }),
      makePublish('a/+', '1'),
      makePublish(Buffer.from([0x61, 0xff]), '1'),
      makePublish('a/\u0000', '1'),
      makePacket(0x36, text('a/board/x'), Buffer.from([0, 1])),
      makePacket(0x32, text('a/board/x'), Buffer.from([0])),
      makePacket(0x30, Buffer.from([0, 99]), Buffer.from('a/board/x')),
      makePublish('a/board/x', 'x'.repeat(5_000)),
      makePublish('l/'.repeat(40), '1'),
      Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]),
    ),
  },
);

/** Packets one after the other, cut anywhere; now and then the store commits. */
const script = fc
  .record({
    packets: fc.array(packet, { minLength: 1, maxLength: 25 }),
    cuts: fc.array(fc.nat(), { maxLength: 8 }),
    commits: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
  })
  .map(({ packets, cuts, commits }): Step[] => {
    const bytes = Buffer.concat(packets);
    const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
    return ends.map((end, i) => ({ bytes: bytes.subarray(ends[i - 1] ?? 0, end), isCommitted: commits[i]! }));
  });

/** A message that was handed on, without its number, which begins anywhere. */
function tell(packet: Buffer): string {
  if (packet[0]! >> 4 !== 3) return packet.toString('hex');
  const topicEnd = 4 + packet.readUInt16BE(2);
  const payload = packet.toString('latin1', topicEnd + ((packet[0]! & 6) === 0 ? 0 : 2));
  return `3 ${packet.toString('latin1', 4, topicEnd)} ${payload}`;
}

/** Of each metric in its order: a batch of several messages lists its columns one after the other. */
function byMetric(lines: readonly string[]): string[] {
  const metricOf = (line: string) => line.split('=')[0]!;
  return lines.toSorted((a, b) => Number(metricOf(a) > metricOf(b)) - Number(metricOf(a) < metricOf(b)));
}

function isForwarded(packet: string): boolean {
  return packet.startsWith('3');
}

async function play(steps: readonly Step[], shortTopicsMax: number) {
  const bench = new BrokerBench(shortTopicsMax);
  await bench.open();
  for (const { bytes, isCommitted } of steps) {
    await bench.say(bytes);
    if (isCommitted) await bench.commit();
  }
  for (let i = 0; i < 2; i++) await bench.commit();
  const { isClosed } = bench;
  const said = { ...bench.answers(), isClosed, stored: bench.foreign.stored() };
  await bench.close();
  return said;
}

test('whatever comes, cut anywhere: by the short way and by the broker’s it is stored, answered and refused alike', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      const [short, long] = [await play(steps, 64), await play(steps, 0)];
      expect(short.isClosed).toBe(long.isClosed);
      // A link that is cut: how far each had read by then is its own business, and nothing is answered out of order.
      const acked = short.isClosed ? Math.min(short.acks.length, long.acks.length) : Number.POSITIVE_INFINITY;
      expect(short.acks.slice(0, acked)).toEqual(long.acks.slice(0, acked));
      if (short.isClosed) return;
      expect(byMetric(short.stored)).toEqual(byMetric(long.stored));
      // Who subscribes between a message and its commit may hear it or not: what is handed on is the next test's.
      expect(short.others.filter((one) => !isForwarded(one))).toEqual(long.others.filter((one) => !isForwarded(one)));
    }),
    { numRuns: 100 },
  );
}, 60_000);

test('what nobody hears goes the short way, in one batch with one answer, once its topic is known', async () => {
  const bench = new BrokerBench(64);
  await bench.open();
  await bench.say(makePublish('a/board', '{"n":0}', { qos: 1, id: 1 }));
  await bench.say(Buffer.concat([2, 3, 4].map((id) => makePublish('a/board', `{"n":${id}}`, { qos: 1, id }))));
  expect(bench.answers().acks).toEqual([]);
  await bench.commit();
  expect(bench.answers().acks).toEqual(['40020001', '40020002', '40020003', '40020004']);
  expect(bench.foreign.core.store.frames).toHaveLength(2);
  expect(bench.broker.counters.shortened).toBe(3);
  await bench.say(makeSubscribe('a/#', 0, 9));
  await bench.say(makePublish('a/board', '{"n":5}', { qos: 1, id: 5 }));
  expect(bench.broker.counters.shortened).toBe(3);
  await bench.commit();
  expect(bench.answers().others.at(-1)).toBe('3 a/board {"n":5}');
  await bench.close();
});

test('the broker asks for more in the midst of what it parses, and that is not mixed up with it', async () => {
  const bench = new BrokerBench(0);
  await bench.open();
  const asked = [1, 2, 3].map((id) => makePublish('a/board', `{"n":${id}}`, { qos: 1, id }));
  await bench.say(Buffer.concat(asked));
  await bench.say(makePublish('a/board', '{"n":4}'));
  await bench.say(Buffer.concat([5, 6].map((n) => makePublish('a/board', `{"n":${n}}`))));
  await bench.commit();
  expect(bench.foreign.stored()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `board n=${n}@1000000`));
  expect(bench.isClosed).toBe(false);
  await bench.close();
});

test('a right that was lost is lost on the short way too', async () => {
  const bench = new BrokerBench(64);
  await bench.open();
  await bench.say(makePublish('a/board', '{"n":0}', { qos: 1, id: 1 }));
  bench.mayPublish = false;
  await bench.say(makePublish('a/board', '{"n":1}', { qos: 1, id: 2 }));
  expect(bench.isClosed).toBe(true);
  await bench.commit();
  expect(bench.foreign.stored()).toEqual(['board n=0@1000000']);
  await bench.close();
});

test('a store that cannot take it ends the link, so that it is sent again', async () => {
  const bench = new BrokerBench(64);
  await bench.open();
  await bench.say(makePublish('a/board', '{"n":0}', { qos: 0 }));
  await bench.say(makePublish('a/board', '{"n":1}', { qos: 1, id: 2 }));
  bench.foreign.foreign.hurryCommits();
  bench.foreign.core.store.abandon();
  await settle();
  expect(bench.isClosed).toBe(true);
  expect(bench.answers().acks).toEqual([]);
  await bench.close();
});
