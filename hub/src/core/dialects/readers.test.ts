/** What captures cannot show: time passing, order, and what the binary readers refuse. */
import { expect, test } from 'vitest';
import { allDialects, openDialects, recogniseDialect } from './all-dialects.ts';
import { BoundedMap } from './bounded-map.ts';
import { notCbor, readCbor } from './cbor-reader.ts';
import type { Finding, Publication } from './dialect.ts';
import { homeAssistant } from './home-assistant.ts';
import { plain } from './plain.ts';
import { cleanText, readTime } from './read-payload.ts';
import { makeHostState, reorderTimeoutMs, sparkplug } from './sparkplug.ts';
import { readSparkplug, writeRebirth } from './sparkplug-payload.ts';
import { tasmota } from './tasmota.ts';
import { zigbee2mqtt } from './zigbee2mqtt.ts';

const nowMs = 1_750_000_000_000;

function publish(topic: string, payload: string | object | number[], arrivedMs = nowMs): Publication {
  const bytes = Array.isArray(payload)
    ? payload
    : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return { topic, payload: new Uint8Array(bytes), isLastKnown: false, arrivedMs, sender: null };
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

/** A payload with a sequence number and one metric: field 12 of metric, a float, by alias 1. */
function nodeData(seq: number, value: number): number[] {
  const float = Buffer.alloc(4);
  float.writeFloatLE(value);
  return [0x12, 7, 0x10, 1, 0x65, ...float, 0x18, ...(seq < 128 ? [seq] : [(seq & 127) | 128, 1])];
}
const nodeBirth = [0x12, 0x0c, 0x0a, 1, 0x74, 0x10, 1, 0x20, 9, 0x65, 0, 0, 0x80, 0x3f, 0x18, 0];

function values(findings: readonly Finding[]): (number | string)[] {
  return findings.flatMap((finding) => (finding.type === 'reading' ? [finding.value] : []));
}

test('Sparkplug: data wait for the number before them, across the wrap from 255 to 0', () => {
  const reader = sparkplug.open();
  const said = (seq: number, value: number): (number | string)[] =>
    values(reader.read(publish('spBv1.0/g/NDATA/n', nodeData(seq, value))));
  expect(values(reader.read(publish('spBv1.0/g/NBIRTH/n', nodeBirth)))).toEqual([1]);
  for (let seq = 1; seq <= 254; seq++) expect(said(seq, seq)).toEqual([seq]);
  expect(said(0, 500)).toEqual([]);
  expect(said(1, 501)).toEqual([]);
  expect(said(255, 255)).toEqual([255, 500, 501]);
  expect(reader.sweep?.(nowMs + 60_000)).toEqual([]);
});

test('Sparkplug: a number that does not come asks for a rebirth, once, and loses nothing that came', () => {
  const reader = sparkplug.open();
  reader.read(publish('spBv1.0/g/NBIRTH/n', nodeBirth));
  expect(values(reader.read(publish('spBv1.0/g/NDATA/n', nodeData(3, 3))))).toEqual([]);
  expect(values(reader.read(publish('spBv1.0/g/NDATA/n', nodeData(2, 2))))).toEqual([]);
  expect(reader.sweep?.(nowMs + reorderTimeoutMs)).toEqual([]);
  const late = reader.sweep?.(nowMs + reorderTimeoutMs + 1) ?? [];
  expect(values(late)).toEqual([2, 3]);
  expect(late.filter(({ type }) => type === 'reply')).toMatchObject([
    { topic: 'spBv1.0/g/NCMD/n', qos: 0, retain: false },
  ]);
  // Until it comes, all that can be read is read, and nobody is asked again.
  const next = reader.read(publish('spBv1.0/g/NDATA/n', nodeData(9, 9)));
  expect(next.map(({ type }) => type)).toEqual(['reading']);
  // A number that was there already is not stored a second time.
  reader.read(publish('spBv1.0/g/NBIRTH/n', nodeBirth));
  reader.read(publish('spBv1.0/g/NDATA/n', nodeData(1, 1)));
  expect(reader.read(publish('spBv1.0/g/NDATA/n', nodeData(1, 1)))).toMatchObject([
    { type: 'fault', code: 'sequence' },
  ]);
});

test('Sparkplug: the host says what it is, and its rebirth is a payload that nodes read', () => {
  expect(makeHostState('lapwing', true, 5)).toMatchObject({
    topic: 'spBv1.0/STATE/lapwing',
    payload: '{"online":true,"timestamp":5}',
    qos: 1,
    retain: true,
  });
  expect(readSparkplug(writeRebirth(nowMs))).toMatchObject({
    timeMs: nowMs,
    seq: null,
    metrics: [{ name: 'Node Control/Rebirth', datatype: 11, value: { type: 'bool', value: true } }],
  });
});

test('Home Assistant: expire_after takes a silent device offline, and its next value brings it back', () => {
  const reader = homeAssistant.open();
  reader.read(
    publish('homeassistant/sensor/x/t/config', { stat_t: 'x/t', uniq_id: 'x', exp_aft: 30, unit_of_meas: 'W' }),
  );
  reader.read(publish('x/t', '5'));
  expect(reader.sweep?.(nowMs + 30_000)).toEqual([]);
  expect(reader.sweep?.(nowMs + 30_001)).toEqual([{ type: 'availability', device: 'x', state: 'offline' }]);
  expect(reader.sweep?.(nowMs + 40_000)).toEqual([]);
  expect(reader.read(publish('x/t', '6', nowMs + 50_000)).map(({ type }) => type)).toEqual(['reading', 'availability']);
});

test('Home Assistant: an empty config takes the entity and its topic away', () => {
  const reader = homeAssistant.open();
  const config = 'homeassistant/sensor/x/t/config';
  reader.read(publish(config, { stat_t: 'x/t', uniq_id: 'x' }));
  expect(reader.matches(publish('x/t', '5'))).toBe(true);
  expect(reader.read(publish(config, ''))).toEqual([{ type: 'availability', device: 'x', state: 'offline' }]);
  expect(reader.matches(publish('x/t', '5'))).toBe(false);
});

test('Home Assistant: with availability mode all, every topic must say so', () => {
  const reader = homeAssistant.open();
  reader.read(
    publish('homeassistant/sensor/x/t/config', {
      stat_t: 'x/t',
      uniq_id: 'x',
      avty_mode: 'all',
      avty: [{ t: 'a' }, { t: 'b' }],
    }),
  );
  expect(reader.read(publish('a', 'online'))).toMatchObject([{ state: 'online' }]);
  expect(reader.read(publish('b', 'offline'))).toMatchObject([{ state: 'offline' }]);
  expect(reader.read(publish('a', 'online'))).toMatchObject([{ state: 'offline' }]);
});

test("Tasmota: its topics in the other order, and nobody else's", () => {
  const reader = tasmota.open();
  expect(reader.matches(publish('plug/tele/STATE', '{}'))).toBe(true);
  expect(reader.matches(publish('home/plug/stat/POWER1', 'ON'))).toBe(true);
  for (const topic of ['tele/STATE', 'tele//STATE', 'tele/plug/other', 'home/plug/POWER', 'tele', '']) {
    expect(reader.matches(publish(topic, '{}')), topic).toBe(false);
  }
});

test('each publication has the dialect that knows most of it', () => {
  const open = openDialects();
  const nameOf = (topic: string, payload: string): string | undefined =>
    recogniseDialect(open, publish(topic, payload))?.dialect.name;
  expect(nameOf('tele/x/STATE', '{}')).toBe('tasmota');
  expect(nameOf('attic/temperature', '21.5')).toBe('plain');
  expect(nameOf('attic', '[{"n":"t","v":1}]')).toBe('senml');
  expect(nameOf('attic', 'cpu,host=a x=1 1750000000000000000')).toBe('influx');
  expect(nameOf('attic', 'a sentence with = in it')).toBe('plain');
  expect(nameOf('$SYS/broker/uptime', '1')).toBeUndefined();
  // What is announced to Home Assistant does not take a topic from a dialect that has its own.
  recogniseDialect(open, publish('homeassistant/sensor/z/config', { stat_t: 'tele/x/STATE' }))?.reader.read(
    publish('homeassistant/sensor/z/config', { stat_t: 'tele/x/STATE' }),
  );
  expect(nameOf('tele/x/STATE', '{}')).toBe('tasmota');
  expect(allDialects.at(-1)).toBe(plain);
});

test('times: seconds, milliseconds, finer, and text only with an offset', () => {
  const same = [
    1_750_000_000,
    1_750_000_000_000,
    1_750_000_000_000_000,
    1.75e18,
    '2025-06-15T15:06:40Z',
    '2025-06-15 17:06:40.000000+02:00',
  ];
  expect(same.map(readTime)).toEqual(same.map(() => nowMs));
  for (const wrong of ['2025-06-15T15:06:40', '15:06', 12, -1, Number.NaN, null, '', {}])
    expect(readTime(wrong)).toBeNull();
});

test('foreign text is cut at a whole character', () => {
  expect(cleanText('a\u0000b\r\nc ', 128)).toBe('a b c');
  expect(cleanText('ä'.repeat(100), 128)).toBe('ä'.repeat(64));
  expect(Buffer.byteLength(cleanText('😀'.repeat(100), 127))).toBeLessThanOrEqual(127);
  expect(cleanText('😀'.repeat(100), 127).isWellFormed()).toBe(true);
  expect(cleanText('\ud800', 128).isWellFormed()).toBe(true);
});

test('CBOR: values as RFC 8949 lists them', () => {
  const read = (hex: string): unknown => readCbor(bytesOf(hex));
  expect(['00', '1818', '1903e8', '1a000f4240', '20', '3903e7', 'f93c00', 'f97bff', 'f90001', 'fa47c35000', 'fb3ff199999999999a', 'f4', 'f6'].map(read)).toEqual([
    0, 24, 1000, 1_000_000, -1, -1000, 1, 65_504, 2 ** -24, 100_000, 1.1, false, null,
  ]); // biome-ignore format: pairs by their place
  expect(read('83 01 02 62 6869')).toEqual([1, 2, 'hi']);
  expect(read('9f 01 02 ff')).toEqual([1, 2]);
  expect(read('c4 82 21 19 6ab3')).toBe(273.15);
  expect(read('bf 61 61 01 ff')).toEqual(new Map([['a', 1]]));
});

test.each([
  ['', 'nothing'],
  ['9bffffffffffffffff', 'a list of more items than there are bytes'],
  ['bbffffffffffffffff', 'such a map'],
  ['5bffffffffffffffff', 'such bytes'],
  ['81'.repeat(20) + '00', 'too deep'],
  ['0000', 'more after the end'],
  ['61ff', 'text that is not UTF-8'],
  ['ff', 'a break with nothing to end'],
  ['1c', 'a reserved length'],
])('CBOR: %s is refused: %s', (hex) => {
  expect(readCbor(bytesOf(hex))).toBe(notCbor);
});

test('protobuf: lengths beyond the end, overlong numbers and wire types nobody has are refused', () => {
  for (const hex of ['12ff', '1205 01', '12ffffffffffffffffff7f', '08ffffffffffffffffffff01', '0b', '00', '0d0000']) {
    expect(readSparkplug(bytesOf(hex)), hex).toBeNull();
  }
});

test('a bounded map lets go of what was used longest ago', () => {
  const map = new BoundedMap<string, number>(2);
  expect(map.set('a', 1)).toBeUndefined();
  map.set('b', 2);
  map.get('a');
  expect(map.set('c', 3)).toBe(2);
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
});

test('what begins as JSON and is none is a fault that says where it breaks off, and no text metric', () => {
  for (const payload of ['{"t":1', ' [1,2', '{t:1}']) {
    const publication = { topic: 'shed/state', payload: new TextEncoder().encode(payload), isLastKnown: false };
    const findings = plain.open().read({ ...publication, arrivedMs: 0, sender: 'shed' });
    expect(findings).toMatchObject([{ type: 'fault', device: 'shed', code: 'not-json', text: expect.any(String) }]);
    expect((findings[0] as { text: string }).text).toMatch(/JSON.*(position|end of)/);
  }
});

test('Zigbee2MQTT: a voltage that no list declares is in millivolts where no mains has so many volts', () => {
  const reader = zigbee2mqtt.open();
  reader.read(
    publish('zigbee2mqtt/bridge/devices', [...Buffer.from('[{"ieee_address":"0x1","friendly_name":"door"}]')]),
  );
  const unitOf = (voltage: number) =>
    reader.read(publish('zigbee2mqtt/door', { voltage })).map((finding) => (finding as { unit: string }).unit);
  expect([unitOf(3_005), unitOf(230)]).toEqual([['mV'], ['V']]);
});
