/** What simulated devices say is what their dialect reads: named, with units, without a fault; and they do as they are told. */
import { describe, expect, test } from 'vitest';
import {
  makeDialectDevices,
  type SimDialect,
  simDialects,
} from '../../../../device-sim/src/core/dialect-devices/all-dialect-devices.ts';
import type { SimPublication } from '../../../../device-sim/src/core/dialect-devices/dialect-device.ts';
import { openDialects, readPublication } from './all-dialects.ts';
import type { Finding, FoundCommand, FoundReading } from './dialect.ts';

const startMs = Date.UTC(2026, 5, 15, 12);
const names: { readonly [dialect in SimDialect]?: string } = { esphome: 'home-assistant', json: 'plain' };

function makeHub(sender: string) {
  const open = openDialects();
  return (list: readonly SimPublication[], arrivedMs: number): { dialect: string; finding: Finding }[] =>
    list.flatMap(({ topic, payload }) => {
      const bytes = typeof payload === 'string' ? new Uint8Array(Buffer.from(payload)) : payload;
      const read = readPublication(open, { topic, payload: bytes, isLastKnown: false, arrivedMs, sender });
      return (read?.findings ?? []).map((finding) => ({ dialect: read?.dialect.name ?? '', finding }));
    });
}

describe.each(simDialects)('%s', (dialect) => {
  test('is read without a fault, with units, and by its own dialect', () => {
    const devices = makeDialectDevices(dialect, { count: 6, seed: 1 });
    const native = new Set<string>();
    for (const device of devices) {
      const hear = makeHub(device.id);
      const born = hear(device.births(startMs), startMs);
      const asked = born.flatMap(({ finding }) => {
        if (finding.type !== 'reply') return [];
        const text = Buffer.from(finding.payload).toString();
        return hear(device.hear({ topic: finding.topic, text, nowMs: startMs }), startMs);
      });
      const said = [...born, ...asked, ...hear(device.samples(startMs + 60_000), startMs + 60_000)];
      expect(said.filter(({ finding }) => finding.type === 'fault')).toEqual([]);
      // ESPHome says that it is there before it says what it is.
      const spoken = said.filter(({ finding }) => finding.type !== 'availability');
      expect(new Set(spoken.map((one) => one.dialect))).toEqual(new Set([names[dialect] ?? dialect]));
      const readings = said.flatMap(({ finding }) => (finding.type === 'reading' ? [finding] : []));
      for (const reading of readings) native.add(reading.device);
      expect(readings.filter(({ unit }) => unit !== '').length).toBeGreaterThanOrEqual(readings.length / 3);
      expect(device.will === null || hear([device.will], startMs + 70_000).length > 0).toBe(true);
    }
    expect(native.size).toBeGreaterThanOrEqual(6);
  });

  test('is the same for the same seed, and its counters only rise', () => {
    const [device, same] = [1, 1].map((seed) => makeDialectDevices(dialect, { count: 2, seed })[0]!);
    const hear = makeHub(device!.id);
    hear(device!.births(startMs), startMs);
    same!.births(startMs);
    const last = new Map<string, number>();
    for (let minutes = 0; minutes < 3_000; minutes += 50) {
      const nowMs = startMs + minutes * 60_000;
      const samples = device!.samples(nowMs);
      expect(same!.samples(nowMs)).toEqual(samples);
      const found = hear(samples, nowMs).flatMap(({ finding }) => (finding.type === 'reading' ? [finding] : []));
      for (const { device: of, metric, kind, value } of found.filter(isRising)) {
        const key = `${of} ${metric} ${kind}`;
        expect(Number(value), key).toBeGreaterThanOrEqual(last.get(key) ?? Number.NEGATIVE_INFINITY);
        last.set(key, Number(value));
      }
    }
  });
});

/** `energy.today` begins again each day. */
function isRising({ kind, metric }: FoundReading): boolean {
  return kind === 'counter' && !metric.endsWith('today');
}

test.each(['tasmota', 'esphome', 'shelly', 'shelly-gen1', 'zigbee2mqtt', 'homie'] as const)(
  '%s: its switch does what the command says',
  (dialect) => {
    const device = makeDialectDevices(dialect, { count: 2, seed: 1 })[0]!;
    const hear = makeHub(device.id);
    const born = hear(device.births(startMs), startMs);
    const answered = born.flatMap(({ finding }) =>
      finding.type === 'reply'
        ? hear(
            device.hear({ topic: finding.topic, text: Buffer.from(finding.payload).toString(), nowMs: startMs }),
            startMs,
          )
        : [],
    );
    const command = [...born, ...answered]
      .map(({ finding }) => finding)
      .find((finding): finding is FoundCommand => finding.type === 'command' && finding.kind === 'bool')!;
    const send = (value: boolean): unknown[] => {
      const word = value ? (command.on ?? 'true') : (command.off ?? 'false');
      const said = device.hear({
        topic: command.topic,
        text: command.payload.replace('{value}', word),
        nowMs: startMs,
      });
      return hear(said, startMs).flatMap(({ finding }) =>
        finding.type === 'reading' && finding.metric === command.metric ? [finding.value] : [],
      );
    };
    expect([send(false), send(true)].map((values) => values.at(-1))).toEqual([0, 1]);
  },
);
