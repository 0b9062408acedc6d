/**
 * Shelly's first generation: `shellies/<id>/relay/0` and its kin, plain text (API docs: MQTT of each device).
 *
 * Owns nothing: each topic says all there is to know. Relay energies are Watt-minutes, those of energy meters are Wh in `total`
 * and Watt-minutes in `energy`; both are kWh here.
 */
import type { MetricKind } from '@lapwing/protocol';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, faultNotJson } from './finding-list.ts';
import { isObject, memberOf, numberOf, readJson, readNumber, readText, textOf } from './read-payload.ts';

const topicPattern = /^shellies\/([^/]+)\/(.+)$/;
/** Battery units: silence is sleep. */
const sleepers = /^shelly(ht|dw|dw2|flood|smoke|motion|motionsensor|button1|trv|gas)-/i;
const wattMinute = 1 / 60_000;

type Row = readonly [pattern: RegExp, name: string, unit: string, kind?: MetricKind, factor?: number];

/** `#` in a name is the channel, left out for channel 0. */
const rows: readonly Row[] = [
  [/^relay\/(\d)$/, 'switch#', '', 'bool'],
  [/^relay\/(\d)\/power$/, 'switch#.power', 'W'],
  [/^relay\/(\d)\/energy$/, 'switch#.energy', 'kWh', 'counter', wattMinute],
  [/^relay\/(\d)\/overpower_value$/, 'switch#.overpower', 'W'],
  [/^light\/(\d)$/, 'light#', '', 'bool'],
  [/^(?:light|color|white)\/(\d)\/power$/, 'light#.power', 'W'],
  [/^(?:light|color|white)\/(\d)\/energy$/, 'light#.energy', 'kWh', 'counter', wattMinute],
  [/^roller\/(\d)$/, 'roller#', '', 'text'],
  [/^roller\/(\d)\/pos$/, 'roller#.position', '%'],
  [/^roller\/(\d)\/power$/, 'roller#.power', 'W'],
  [/^roller\/(\d)\/energy$/, 'roller#.energy', 'kWh', 'counter', wattMinute],
  [/^emeter\/(\d)\/power$/, 'meter#.power', 'W'],
  [/^emeter\/(\d)\/reactive_power$/, 'meter#.reactive_power', 'var'],
  [/^emeter\/(\d)\/voltage$/, 'meter#.voltage', 'V'],
  [/^emeter\/(\d)\/current$/, 'meter#.current', 'A'],
  [/^emeter\/(\d)\/pf$/, 'meter#.power_factor', ''],
  [/^emeter\/(\d)\/total$/, 'meter#.energy', 'kWh', 'counter', 0.001],
  [/^emeter\/(\d)\/total_returned$/, 'meter#.energy_returned', 'kWh', 'counter', 0.001],
  [/^input\/(\d)$/, 'input#', '', 'bool'],
  [/^temperature$/, 'device.temperature', '°C'],
  [/^overtemperature$/, 'device.overtemperature', '', 'bool'],
  [/^voltage(?:\/(\d))?$/, 'voltage#', 'V'],
  [/^ext_temperature\/(\d)$/, 'temperature#', '°C'],
  [/^ext_humidity\/(\d)$/, 'humidity#', '%'],
  [/^adc\/(\d)$/, 'adc#', 'V'],
  [/^sensor\/temperature$/, 'temperature', '°C'],
  [/^sensor\/humidity$/, 'humidity', '%'],
  [/^sensor\/battery$/, 'battery', '%'],
  [/^sensor\/lux$/, 'illuminance', 'lx'],
  [/^sensor\/illumination$/, 'illuminance.level', '', 'text'],
  [/^sensor\/tilt$/, 'tilt', '°'],
  [/^sensor\/state$/, 'open', '', 'bool'],
  [/^sensor\/(?:flood|smoke|motion|vibration|charger|active)$/, '', '', 'bool'],
  [/^sensor\/gas$/, 'gas', '', 'text'],
  [/^sensor\/concentration$/, 'gas.concentration', 'ppm'],
];
const words: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['off', false],
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
  ['-1', false],
  ['open', true],
  ['close', false],
]);

export const shellyGen1: Dialect = {
  name: 'shelly-gen1',
  title: 'Shelly (Gen1)',
  topics: ['shellies/#'],
  owned: [/^shellies\/(?!announce$|command$)([^/]+)/],
  shared: ['shellies/announce', 'shellies/command'],
  introduces: [/^shellies\/(?:[^/]+\/)?(?:announce|info)$/],
  open: (): DialectReader => ({
    matches: ({ topic }) => topic === 'shellies/announce' || topicPattern.test(topic),
    read: readGen1,
  }),
};

function readGen1({ topic, payload }: Publication): readonly Finding[] {
  const [, device = '', rest = ''] = topicPattern.exec(topic) ?? [];
  const list = new FindingList();
  // `shellies/command` and `…/command` are what others say to devices.
  if (device === 'command' || rest === 'command' || rest.endsWith('/command') || rest.endsWith('/set')) return [];
  if (topic === 'shellies/announce' || rest === 'announce') return readAnnounce(payload);
  if (rest === 'info') return readInfo(device, payload);
  const text = readText(payload)?.trim();
  if (text === undefined) {
    list.fault(device, 'wrong-shape', `${rest} is not text in UTF-8`);
    return list.findings;
  }
  if (rest === 'online') {
    if (text === 'true') list.availability(device, 'online');
    else if (text === 'false') list.availability(device, sleepers.test(device) ? 'asleep' : 'offline');
    else list.fault(device, 'wrong-shape', 'online says neither true nor false');
  } else if (rest.startsWith('input_event/')) readPush(list, device, { rest, payload });
  else readRow(list, device, { rest, text });
  return list.findings;
}

function readRow(list: FindingList, device: string, { rest, text }: { rest: string; text: string }): void {
  for (const [pattern, name, unit, kind = 'gauge', factor] of rows) {
    const found = pattern.exec(rest);
    if (found === null) continue;
    const channel = found[1] === undefined || found[1] === '0' ? '' : `_${found[1]}`;
    const metric = name === '' ? rest.slice('sensor/'.length) : name.replace('#', channel);
    const shape = { metric, unit, kind };
    if (kind === 'text') list.reading(device, shape, text);
    else if (text === 'overpower') {
      list.reading(device, shape, false);
      list.event(device, 'warning', { code: 'overpower', text: `${metric} was switched off: too much power` });
    } else {
      const number = kind === 'bool' ? words.get(text) : readNumber(text);
      const scaled =
        typeof number === 'number' && factor !== undefined ? Number((number * factor).toPrecision(12)) : number;
      list.reading(device, shape, scaled ?? text);
    }
    const relay = /^relay\/(\d)$/.exec(rest);
    if (relay !== null) {
      const base = `shellies/${device}/relay/${relay[1]}/command`;
      list.command(device, {
        command: metric,
        topic: base,
        payload: '{value}',
        kind: 'bool',
        metric,
        on: 'on',
        off: 'off',
      });
    }
    return;
  }
}

function readAnnounce(payload: Uint8Array): readonly Finding[] {
  const json = readJson(payload);
  const device = textOf(json, 'id');
  if (device === undefined) return faultNotJson(null, 'an announcement is an object with id, model and fw_ver');
  const list = new FindingList();
  list.facts(device, {
    model: textOf(json, 'model'),
    maker: 'Shelly',
    // `<build>/v<version>-g<commit>`: the version is what people know it by.
    firmware: textOf(json, 'fw_ver')?.replace(/^.*\/v?|-g[0-9a-f]+$/g, ''),
    address: textOf(json, 'ip'),
  });
  return list.findings;
}

function readInfo(device: string, payload: Uint8Array): readonly Finding[] {
  const json = readJson(payload);
  if (!isObject(json)) return faultNotJson(device, 'info is an object, as GET /status answers');
  const list = new FindingList();
  const rssi = numberOf(memberOf(json, 'wifi_sta'), 'rssi');
  const uptime = numberOf(json, 'uptime');
  if (rssi !== undefined) list.reading(device, { metric: 'wifi.rssi', unit: 'dBm', kind: 'gauge' }, rssi);
  if (uptime !== undefined) list.reading(device, { metric: 'uptime', unit: 's', kind: 'gauge' }, uptime);
  list.facts(device, { address: textOf(memberOf(json, 'wifi_sta'), 'ip') });
  return list.findings;
}

/** `{"event":"S","event_cnt":2}`: S short, L long, SS and SSS several, SL and LS both. */
function readPush(list: FindingList, device: string, { rest, payload }: { rest: string; payload: Uint8Array }): void {
  const json = readJson(payload);
  if (!isObject(json)) {
    list.fault(device, 'not-json', 'input_event is an object with event and event_cnt');
    return;
  }
  const event = textOf(json, 'event');
  if (event !== undefined)
    list.event(device, 'info', { code: `push-${event.toLowerCase()}`, text: `${rest}: ${event}` });
}
