import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ForeignBench, reading } from '../../test/support/foreign-bench.ts';
import { ForeignBundle } from './foreign-bundle.ts';
import { blockedMax } from './foreign-devices.ts';
import { makeAvailability } from './home-assistant-out.ts';
import { readLastKnown } from './latest-values.ts';
import { makeOnceKey } from './once-keys.ts';
import { writePrometheus } from './prometheus-text.ts';

test('ok is said when all is committed, and not before', () => {
  const bench = new ForeignBench();
  const outcomes = bench.take([reading('a', 'temp', 21.5), reading('b', 'temp', 3)]);
  expect(outcomes).toEqual([]);
  bench.core.store.commit();
  expect(outcomes).toMatchObject([{ ok: true, readings: 2 }]);
  expect(bench.stored()).toEqual(['plain-a temp=21.5@1000000', 'plain-b temp=3@1000000']);
  expect(bench.core.roster.devices.get('plain-a')).toMatchObject({ presence: 'online' });
});

test('a refused commit is told, in order, and what comes again afterwards is stored once', () => {
  const bench = new ForeignBench();
  const once = makeOnceKey(['c', '1'], new Uint8Array(1));
  const first = bench.take([reading('a', 'n', 1)], { once });
  const nothing = bench.take([]);
  bench.core.store.abandon();
  expect(first).toMatchObject([{ ok: false, why: 'store-unavailable' }]);
  expect(nothing).toMatchObject([{ ok: true }]);
  const again = bench.take([reading('a', 'n', 1)], { once, isRepeated: true });
  bench.core.store.commit();
  expect(again).toMatchObject([{ ok: true, readings: 1 }]);
  expect(bench.stored()).toHaveLength(1);
});

test('a name that is used for another content is refused, in flight, stored and after a restart', () => {
  const bench = new ForeignBench();
  const name = makeOnceKey(['name'], new Uint8Array(0));
  const say = (on: ForeignBench, value: number) => {
    const content = makeOnceKey(['name'], Uint8Array.of(value));
    return on.take([reading('a', 'n', value)], { once: name, content, isRepeated: true });
  };
  const first = say(bench, 1);
  expect(say(bench, 2)).toMatchObject([{ ok: false, why: 'other-content' }]);
  const again = say(bench, 1);
  bench.core.store.commit();
  expect([first, again]).toMatchObject([[{ ok: true, readings: 1 }], [{ ok: true }]]);
  for (const one of [bench, new ForeignBench(bench.core.store)]) {
    expect(say(one, 2)).toMatchObject([{ ok: false, why: 'other-content' }]);
    expect(say(one, 1)).toMatchObject([{ ok: true, readings: 0 }]);
  }
  expect(bench.stored()).toEqual(['plain-a n=1@1000000']);
});

test('what could not be read is counted, told with its device and shown as its last error', () => {
  const bench = new ForeignBench();
  bench.take([reading('a', 'n', 1)]);
  bench.take([{ type: 'fault', device: 'a', code: 'not-json', text: 'why' }]);
  bench.take([{ type: 'fault', device: null, code: 'unknown-alias', text: 'who' }]);
  expect(bench.faults).toEqual([
    { device: 'plain-a', topic: 't', text: 'why' },
    { device: null, topic: 't', text: 'who' },
  ]);
  expect(bench.foreign.counters.faults).toBe(2);
  expect(bench.core.roster.devices.get('plain-a')!.lastError).toEqual({ atMs: bench.core.nowMs, code: 'not-json' });
});

test('what a dialect knows of nobody waits in the inbox under its topic, where nobody vouches for it', () => {
  const bench = new ForeignBench();
  const lost = [{ type: 'fault', device: null, code: 'unknown-alias', text: 'who' }] as const;
  const topic = 'zigbee2mqtt/attic';
  bench.take(lost, { topic, admits: true });
  expect(bench.foreign.inbox.list()).toEqual([]);
  bench.take(lost, { topic, admits: false });
  expect(bench.foreign.inbox.list()).toMatchObject([{ dialect: '', native: topic, messages: 1 }]);
});

test('units told later are added, and a value of another kind goes beside', () => {
  const bench = new ForeignBench();
  bench.take([reading('a', 'x', 1)]);
  bench.take([{ type: 'metric', device: 'a', metric: 'x', unit: 'W', kind: 'gauge' }, reading('a', 'x', 'high')]);
  bench.core.store.commit();
  expect(bench.core.roster.devices.get('plain-a')!.metrics).toEqual([
    { name: 'x', unit: 'W', kind: 'gauge' },
    { name: 'x.text', unit: '', kind: 'text' },
  ]);
});

test('a value in a unit other than its metric has goes beside, unless the unit is only what the name suggests', () => {
  const bench = new ForeignBench();
  bench.take([{ ...reading('a', 'temperature', 21.5), unit: '°F' }]);
  // A bare number under this name: it is still what it was.
  bench.take([{ ...reading('a', 'temperature', 21), unit: '°C' }]);
  bench.take([{ ...reading('a', 'voltage', 3), unit: 'V' }]);
  bench.take([{ ...reading('a', 'voltage', 3_005), unit: 'mV' }]);
  bench.take([{ ...reading('a', 'voltage', 3.1), unit: 'V' }]);
  bench.core.store.commit();
  expect(bench.core.roster.devices.get('plain-a')!.metrics).toMatchObject([
    { name: 'temperature', unit: '°F' },
    { name: 'voltage', unit: 'V' },
    { name: 'voltage.mV', unit: 'mV' },
  ]);
  expect(bench.core.roster.devices.get('plain-a')!.latest.value).toEqual([21, 3.1, 3_005]);
});

test('last known values leave facts and presence, not readings; buffered ones are backfill', () => {
  const bench = new ForeignBench();
  bench.take([reading('a', 'n', 1), { type: 'facts', device: 'a', name: 'Kitchen', maker: 'M', model: 'X1' }], {
    isLastKnown: true,
  });
  bench.take([{ ...reading('a', 'n', 2), timeMs: 500, isHistorical: true }]);
  bench.core.store.commit();
  expect(bench.stored()).toEqual(['plain-a n=2@500']);
  expect(bench.names).toEqual(['Kitchen']);
  expect(bench.core.roster.devices.get('plain-a')).toMatchObject({ model: 'M X1', presence: 'unknown' });
});

test('a last known value is shown until there is a sample, also of what is adopted late, and is never stored', () => {
  const bench = new ForeignBench();
  const known = (id: string) => readLastKnown(bench.core.roster.devices.get(id)!.latest, 0);
  bench.take([reading('a', 'n', 1)], { isLastKnown: true });
  bench.take([reading('b', 'n', 2)], { isLastKnown: true, admits: false });
  const [waiting] = bench.foreign.inbox.list();
  expect(waiting).toMatchObject({ native: 'b', intervalMs: Number.NaN });
  expect(waiting!.metrics.get('n')).toMatchObject({ latest: 2, latestMs: Number.NaN });
  bench.foreign.adopt({ dialect: 'plain', native: 'b' }, bench.core.nowMs);
  expect([known('plain-a'), known('plain-b')]).toEqual([1, 2]);
  expect(bench.core.roster.devices.get('plain-a')!.latest.timeMs).toEqual([Number.NaN]);
  bench.take([reading('a', 'n', 3)]);
  bench.take([reading('a', 'n', 4)], { isLastKnown: true });
  bench.core.store.commit();
  expect([known('plain-a'), known('plain-b')]).toEqual([null, 2]);
  expect(bench.stored()).toEqual(['plain-a n=3@1000000']);
});

test('that a broker has kept an "online" is no sign of life, and an "asleep" neither; what comes live is', () => {
  const bench = new ForeignBench();
  const say = (state: 'online' | 'offline' | 'asleep') => ({ type: 'availability', device: 'a', state }) as const;
  bench.take([reading('a', 'n', 1), say('online')]);
  bench.take([say('offline')]);
  bench.core.store.commit();
  const after = new ForeignBench(bench.core.store);
  const device = after.core.roster.devices.get('plain-a')!;
  const before = device.lastSeenMs;
  after.core.nowMs += 3_600_000;
  for (const state of ['online', 'asleep', 'offline'] as const) {
    after.take([say(state), reading('a', 'n', 2)], { isLastKnown: true });
    expect(device).toMatchObject({ presence: 'unknown', session: null });
    expect(device.lastSeenMs).toBe(before);
  }
  after.core.roster.sweepPresence(after.core.nowMs);
  expect(device.presence).toBe('offline');
  expect(makeAvailability(device, 'b').payload).toBe('offline');
  expect([...writePrometheus([device])].join('')).toContain('lapwing_device_up{device="plain-a"} 0');
  after.take([say('online')]);
  expect(device).toMatchObject({ presence: 'online', lastSeenMs: after.core.nowMs });
  // A broker that came back says who went meanwhile.
  after.take([say('offline')], { isLastKnown: true });
  expect(device.presence).toBe('offline');
});

test('who nobody let in waits in the inbox; adopted it is a device, blocked it is passed over', () => {
  const bench = new ForeignBench();
  const outcomes = bench.take([{ ...reading('a', 'n', 1), unit: 'V' }], { admits: false });
  expect(outcomes).toMatchObject([{ ok: true, readings: 0, waiting: 1 }]);
  bench.core.nowMs += 5_000;
  bench.take([reading('a', 'n', 2), reading('b', 'n', 1)], { admits: false });
  const [b, a] = bench.foreign.inbox.list();
  expect(a).toMatchObject({ native: 'a', messages: 2, intervalMs: 5_000 });
  expect(a!.metrics.get('n')).toMatchObject({ unit: 'V', latest: 2 });
  bench.foreign.adopt({ dialect: 'plain', native: 'a' }, bench.core.nowMs);
  bench.foreign.block({ dialect: 'plain', native: b!.native });
  bench.take([reading('a', 'n', 3), reading('b', 'n', 3)], { admits: false });
  bench.core.store.commit();
  expect(bench.stored()).toEqual(['plain-a n=3@1005000']);
  expect(bench.foreign.inbox.list()).toEqual([]);
  // After a restart the word still stands.
  const after = new ForeignBench(bench.core.store);
  after.take([reading('a', 'n', 4), reading('b', 'n', 4)], { admits: false });
  expect(after.foreign.inbox.list()).toEqual([]);
});

test('who is blocked is listed; unblocked it waits in the inbox again, also after a restart', () => {
  const bench = new ForeignBench();
  const names = [
    { dialect: 'plain', native: 'b c' },
    { dialect: 'plain', native: 'a' },
    { dialect: '', native: 'plant/line7' },
  ];
  for (const name of names) expect(bench.foreign.block(name)).toBe(true);
  const unknown = { topic: 'plant/line7', payload: new Uint8Array(1), arrivedMs: 1_000_000 };
  bench.foreign.noteUnknown(unknown);
  bench.take([reading('b c', 'n', 1)], { admits: false });
  expect(bench.foreign.inbox.list()).toEqual([]);
  expect(bench.foreign.devices.listBlocked()).toEqual([names[2], names[1], names[0]]);
  expect(bench.foreign.devices.unblock(names[0]!)).toBe(true);
  expect(bench.foreign.devices.unblock(names[0]!)).toBe(false);
  expect(bench.foreign.devices.unblock({ dialect: 'plain', native: 'never seen' })).toBe(false);
  bench.core.store.commit();
  const after = new ForeignBench(bench.core.store);
  expect(after.foreign.devices.listBlocked()).toEqual([names[2], names[1]]);
  after.take([reading('b c', 'n', 2), reading('a', 'n', 2)], { admits: false });
  after.foreign.noteUnknown(unknown);
  expect(after.foreign.inbox.list().map(({ native }) => native)).toEqual(['b c']);
});

test('no more names can be blocked than the bound; one unblocked makes room', () => {
  const { foreign } = new ForeignBench();
  const name = (n: number) => ({ dialect: 'plain', native: `d${n}` });
  for (let n = 0; n < blockedMax; n++) expect(foreign.block(name(n))).toBe(true);
  expect(foreign.block(name(blockedMax))).toBe(false);
  expect(foreign.block(name(0))).toBe(true);
  foreign.devices.unblock(name(0));
  expect(foreign.block(name(blockedMax))).toBe(true);
});

test('a credential’s own device is what speaks first under it, and nobody else speaks for what came by it', () => {
  const bench = new ForeignBench();
  for (const id of ['one', 'two']) bench.core.roster.enrol(id, 0);
  bench.take([reading('x', 'n', 1), reading('child', 'n', 1)], { sender: 'one' });
  bench.take([reading('x', 'n', 2), reading('child', 'n', 2)], { sender: 'two' });
  bench.take([reading('x', 'n', 3)], { sender: null });
  bench.core.store.commit();
  expect(bench.stored()).toEqual(['one n=1@1000000', 'plain-child n=1@1000000']);
  expect(bench.foreign.counters.blocked).toBe(3);
});

test('a gateway knows the devices that came by its credential, also after a restart', () => {
  const bench = new ForeignBench();
  const gateway = bench.core.roster.enrol('bridge', 0);
  bench.core.roster.enrol('other', 0);
  bench.take([reading('bridge', 'n', 1), reading('lamp', 'n', 1), reading('door', 'n', 1)], { sender: 'bridge' });
  bench.take([reading('other', 'n', 1)], { sender: 'other' });
  bench.take([reading('alone', 'n', 1)]);
  bench.core.store.commit();
  for (const one of [bench, new ForeignBench(bench.core.store)]) {
    const { devices } = one.foreign;
    const known = one.core.roster.devices;
    expect(devices.listBehind(known.get('bridge')!).map(({ deviceId }) => deviceId)).toEqual([
      'plain-lamp',
      'plain-door',
    ]);
    expect(devices.listBehind(known.get('other')!)).toEqual([]);
    expect(devices.findGateway(known.get('plain-lamp')!)?.key).toBe(gateway.key);
    expect(devices.findGateway(known.get('plain-alone')!)).toBeNull();
    expect(devices.findGateway(known.get('bridge')!)).toBeNull();
  }
});

test('names that become one id when cleaned stay two devices', () => {
  const bench = new ForeignBench();
  bench.take([reading('a b', 'n', 1), reading('a/b', 'n', 2), reading('ü'.repeat(100), 'n', 3)]);
  bench.core.store.commit();
  const ids = [...bench.core.roster.devices.keys()];
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/);
});

/** Says one number after the other, alone or bundled, and keeps who was answered. */
class Sender {
  next = 1;
  readonly unanswered = new Set<number>();
  readonly answered = new Set<number>();
  private readonly bench: () => ForeignBench;
  private bundle: ForeignBundle;

  constructor(bench: () => ForeignBench) {
    this.bench = bench;
    this.bundle = this.openBundle();
  }

  openBundle(): ForeignBundle {
    this.bundle = new ForeignBundle((ids, { ok }) => {
      for (const n of ids) this.note(n, ok);
    });
    return this.bundle;
  }

  send(n: number, isRepeated: boolean): void {
    const findings = n % 3 === 0 ? [reading('b', 'n', n)] : [reading('a', 'n', n), reading('b', 'n', n)];
    this.bench().foreign.take({ ...this.deliver(n), isRepeated, findings }, ({ ok }) => this.note(n, ok));
  }

  sendBundled(n: number): void {
    this.bench().foreign.bundle(
      this.bundle,
      { ...this.deliver(n), isRepeated: false, findings: [reading('b', 'n', n)] },
      n,
    );
  }

  private deliver(n: number) {
    const payload = Uint8Array.of(n & 255, n >> 8);
    const once = makeOnceKey(['client', String(n % 5), 'topic'], payload);
    this.unanswered.add(n);
    return {
      dialect: 'plain',
      topic: 't',
      payload,
      arrivedMs: n,
      isLastKnown: false,
      sender: null,
      admits: true,
      once,
    };
  }

  private note(n: number, ok: boolean): void {
    if (!ok) return;
    this.unanswered.delete(n);
    this.answered.add(n);
  }
}

test('whatever crashes and repeats: what was answered is stored once', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('publish' as const) },
    { weight: 6, arbitrary: fc.constant('bundle' as const) },
    { weight: 2, arbitrary: fc.constant('hurry' as const) },
    { weight: 3, arbitrary: fc.constant('commit' as const) },
    { weight: 1, arbitrary: fc.constant('crash' as const) },
    { weight: 1, arbitrary: fc.constant('abandon' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let bench = new ForeignBench();
      const sender = new Sender(() => bench);
      const { unanswered, answered } = sender;
      for (const what of steps) {
        if (what === 'publish') sender.send(sender.next++, false);
        else if (what === 'hurry') bench.foreign.hurryCommits();
        else if (what === 'bundle') {
          while (sender.next % 3 !== 0) sender.send(sender.next++, false);
          sender.sendBundled(sender.next++);
        } else if (what === 'commit') bench.core.store.commit();
        else if (what === 'abandon') {
          bench.core.store.abandon();
          for (const n of [...unanswered]) sender.send(n, true);
        } else {
          // Dead before it could answer what it had just committed, every other time.
          if (sender.next % 2 === 0) {
            bench.core.store.listener = null;
            bench.core.store.commit();
          }
          bench.core.store.crash();
          bench = new ForeignBench(bench.core.store);
          sender.openBundle();
          for (const n of [...unanswered]) sender.send(n, true);
        }
      }
      bench.core.store.commit();
      bench.foreign.hurryCommits();
      bench.core.store.commit();
      expect(unanswered.size).toBe(0);
      const values = bench.stored().map((line) => line.split('@')[0]);
      expect(values.sort()).toEqual(
        [...answered].flatMap((n) => (n % 3 === 0 ? [`plain-b n=${n}`] : [`plain-a n=${n}`, `plain-b n=${n}`])).sort(),
      );
    }),
    { numRuns: 200 },
  );
});

test('what speaks behind a gateway that named itself is never taken for the gateway', () => {
  const bench = new ForeignBench();
  bench.core.roster.enrol('gate', 0);
  bench.take([reading('gate', 'uptime', 1)], { sender: 'gate' });
  bench.take([reading('lamp', 'power', 2)], { sender: 'gate' });
  bench.core.store.commit();
  expect(bench.stored()).toEqual(['gate uptime=1@1000000', 'plain-lamp power=2@1000000']);
});

test('a gateway is here as long as others speak through it, and late for nothing where it measures nothing', () => {
  const bench = new ForeignBench();
  bench.core.roster.enrol('gate', 0);
  bench.take([{ type: 'facts', device: 'app', name: 'Fields' }], { sender: 'gate', dialect: 'chirpstack' });
  const gate = bench.core.roster.devices.get('gate')!;
  expect(gate.presence).toBe('unknown');
  for (let minute = 0; minute < 30; minute++) {
    bench.core.nowMs += 60_000;
    bench.take([reading('field', 'n', minute)], { sender: 'gate', dialect: 'chirpstack' });
    bench.foreign.devices.sweep(bench.core.nowMs);
    bench.core.roster.sweepPresence(bench.core.nowMs);
    if (minute > 0) expect(gate.presence).toBe('online');
  }
  bench.core.nowMs += 400_000;
  bench.foreign.devices.sweep(bench.core.nowMs);
  expect(gate.presence).toBe('offline');
});
