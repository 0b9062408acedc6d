/**
 * Tasmota: `tele/<topic>/STATE|SENSOR|LWT`, `stat/<topic>/POWER`, and its retained discovery (docs: MQTT, Commands, FullTopic).
 *
 * Owns what discovery told of each device: where its topics begin and what its relays are called. A device is named by its own topic,
 * which holds a part of its MAC until somebody changes it. `Time` is the device's local time without an offset and not believed.
 * Relays come from `stat/…/POWER` and STATE alone, since RESULT repeats them.
 */
import { BoundedMap } from './bounded-map.ts';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, faultNotJson, type MetricShape } from './finding-list.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  memberOf,
  numberOf,
  readJson,
  readText,
  readTime,
  textOf,
} from './read-payload.ts';
import { findSensorShape, type TasmotaUnits } from './tasmota-sensors.ts';

/** What follows the prefix, without discovery: enough to know a Tasmota by, and nothing that others say. */
const leafPattern = /^(LWT|STATE|SENSOR|RESULT|POWER\d{0,2}|STATUS\d{0,2}|INFO[123]|UPTIME|HEALTH)$/;
const discoveryPattern = /^tasmota\/discovery\/([0-9A-Fa-f]{12})\/(config|sensors)$/;
const devicesMax = 5_000;
const sensorDepthMax = 3;
const sensorKeysMax = 400;

/** What a topic is by its place in FullTopic. */
interface TopicRole {
  readonly device: string;
  readonly leaf: string;
  readonly base: Base;
}
interface Base {
  readonly device: string;
  /** Whose discovery told it: of others it says nothing. Undefined: nobody's did. */
  readonly sender?: string | null;
  readonly commandBase: string;
  readonly onlineWord: string;
  readonly offlineWord: string;
}

export const tasmota: Dialect = {
  name: 'tasmota',
  title: 'Tasmota',
  topics: ['tasmota/discovery/#', 'tele/#', 'stat/#', '+/tele/#', '+/stat/#'],
  owned: [
    /^tasmota\/discovery\/([0-9A-Fa-f]{12})\//,
    /^(?:tele|stat|cmnd)\/(.+)\/[^/]+$/,
    /^(.+)\/(?:tele|stat)\/(?:LWT|STATE|SENSOR|RESULT|POWER\d{0,2}|STATUS\d{0,2}|INFO[123]|UPTIME|HEALTH)$/,
    /^(.+)\/cmnd\/[^/]+$/,
  ],
  introduces: [/^tasmota\/discovery\//],
  open: () => new TasmotaReader(),
};

class TasmotaReader implements DialectReader {
  /** By what stands in front of the last level, for what discovery told. */
  readonly #bases = new BoundedMap<string, Base>(devicesMax * 2);
  readonly #byMac = new BoundedMap<string, string>(devicesMax);

  matches({ topic, sender }: Publication): boolean {
    return discoveryPattern.test(topic) || this.#roleOf(topic, sender) !== null;
  }

  read(publication: Publication): readonly Finding[] {
    const { topic, payload } = publication;
    const discovery = discoveryPattern.exec(topic);
    if (discovery !== null) return this.#readDiscovery(publication, discovery[1] ?? '', discovery[2] === 'config');
    const role = this.#roleOf(topic, publication.sender);
    return role === null ? [] : this.#readLeaf(role, payload);
  }

  #roleOf(topic: string, sender: string | null): TopicRole | null {
    const cut = topic.lastIndexOf('/');
    if (cut <= 0) return null;
    const leaf = topic.slice(cut + 1);
    const base = this.#bases.get(topic.slice(0, cut));
    if (base !== undefined && base.sender === sender) return { device: base.device, leaf, base };
    if (!leafPattern.test(leaf)) return null;
    const [first = '', ...rest] = topic.slice(0, cut).split('/');
    // An empty level would make two devices one.
    if (rest.length === 0 || rest.includes('') || first === '') return null;
    if (first === 'tele' || first === 'stat') {
      const device = rest.join('/');
      return { device, leaf, base: usualBase(device, `cmnd/${device}`) };
    }
    const last = rest.at(-1);
    if (last !== 'tele' && last !== 'stat') return null;
    const device = [first, ...rest.slice(0, -1)].join('/');
    return { device, leaf, base: usualBase(device, `${device}/cmnd`) };
  }

  #readDiscovery({ payload, sender }: Publication, mac: string, isConfig: boolean): readonly Finding[] {
    if (payload.length === 0) return this.#forget(mac);
    const json = readJson(payload);
    if (!isObject(json)) return faultNotJson(null, 'a discovery message is an object with t, ft and tp');
    const list = new FindingList();
    if (isConfig) this.#readConfig(list, json, { mac, sender });
    else {
      // The values of a retained discovery message are as old as the message: they only tell what there is.
      const device = this.#byMac.get(mac);
      const sn = memberOf(json, 'sn');
      if (device !== undefined && isObject(sn)) readSensors(list, { device, isDeclaration: true }, sn);
    }
    return list.findings;
  }

  #forget(mac: string): readonly Finding[] {
    const device = this.#byMac.get(mac);
    if (device === undefined) return [];
    this.#byMac.delete(mac);
    for (const [base, known] of [...this.#bases.entries()]) if (known.device === device) this.#bases.delete(base);
    const list = new FindingList();
    list.availability(device, 'offline');
    return list.findings;
  }

  #readConfig(list: FindingList, config: JsonObject, from: { mac: string; sender: string | null }): void {
    const { mac, sender } = from;
    const device = textOf(config, 't');
    const fullTopic = textOf(config, 'ft');
    const prefixes = memberOf(config, 'tp');
    if (device === undefined || fullTopic === undefined || !Array.isArray(prefixes) || prefixes.length < 3) {
      list.fault(
        null,
        'wrong-shape',
        'a Tasmota discovery config names its topic t, its full topic ft and three prefixes tp',
      );
      return;
    }
    const fill = (prefix: Json | undefined): string =>
      fullTopic
        .slice(0, 256)
        .replaceAll('%prefix%', String(prefix))
        .replaceAll('%topic%', device)
        .replaceAll('%hostname%', textOf(config, 'hn') ?? '')
        .replaceAll('%id%', mac.slice(-6))
        .replace(/\/+$/, '');
    const base: Base = {
      device,
      sender,
      commandBase: fill(prefixes[0]),
      onlineWord: textOf(config, 'onln') ?? 'Online',
      offlineWord: textOf(config, 'ofln') ?? 'Offline',
    };
    this.#byMac.set(mac, device);
    this.#bases.set(fill(prefixes[1]), base);
    this.#bases.set(fill(prefixes[2]), base);
    const names = memberOf(config, 'fn');
    const firstName = Array.isArray(names) && typeof names[0] === 'string' ? names[0] : undefined;
    list.facts(device, {
      name: textOf(config, 'dn') ?? firstName,
      model: textOf(config, 'md'),
      maker: 'Tasmota',
      firmware: textOf(config, 'sw'),
      address: textOf(config, 'ip'),
    });
    this.#declareRelays(list, config, base);
  }

  #declareRelays(list: FindingList, config: JsonObject, base: Base): void {
    const relays = memberOf(config, 'rl');
    const names = memberOf(config, 'fn');
    if (!Array.isArray(relays)) return;
    // 1 a relay, 2 a light: both take POWER. 3 is a shutter's.
    const count = relays.filter((relay) => relay === 1 || relay === 2).length;
    relays.slice(0, 32).forEach((relay, index) => {
      if (relay !== 1 && relay !== 2) return;
      const shape = relayShape(count === 1 ? '' : String(index + 1));
      const name = Array.isArray(names) ? names[index] : undefined;
      list.metric(base.device, shape, typeof name === 'string' ? { label: name } : {});
      offerRelay(list, base, { metric: shape.metric, number: count === 1 ? '' : String(index + 1) });
    });
  }

  #readLeaf({ device, leaf, base }: TopicRole, payload: Uint8Array): readonly Finding[] {
    const list = new FindingList();
    if (leaf === 'LWT') {
      readLastWill(list, base, readText(payload) ?? '');
      return list.findings;
    }
    if (/^POWER\d{0,2}$/.test(leaf)) {
      const word = readText(payload)?.trim().toUpperCase();
      if (word !== 'ON' && word !== 'OFF') list.fault(device, 'wrong-shape', `${leaf} says neither ON nor OFF`);
      else list.reading(device, relayShape(leaf.slice(5)), word === 'ON');
      return list.findings;
    }
    if (!leafPattern.test(leaf)) return [];
    const json = readJson(payload);
    if (!isObject(json)) return faultNotJson(device, `${leaf} is an object, such as {"Time":…,"ENERGY":{"Power":8}}`);
    readObject(list, { device, leaf }, json);
    return list.findings;
  }
}

function usualBase(device: string, commandBase: string): Base {
  return { device, commandBase, onlineWord: 'Online', offlineWord: 'Offline' };
}

function readLastWill(list: FindingList, base: Base, word: string): void {
  if (word === base.onlineWord) {
    list.availability(base.device, 'online');
    // Asks for STATE and SENSOR now, not in up to TelePeriod (300 s).
    list.reply(`${base.commandBase}/TelePeriod`, '');
  } else if (word === base.offlineWord) list.availability(base.device, 'offline');
  else list.fault(base.device, 'wrong-shape', `LWT says neither ${base.onlineWord} nor ${base.offlineWord}`);
}

function relayShape(number: string): MetricShape {
  return { metric: number === '' || number === '1' ? 'switch' : `switch_${number}`, unit: '', kind: 'bool' };
}

function offerRelay(list: FindingList, base: Base, relay: { metric: string; number: string }): void {
  list.command(base.device, {
    command: relay.metric,
    topic: `${base.commandBase}/POWER${relay.number}`,
    payload: '{value}',
    kind: 'bool',
    metric: relay.metric,
    on: 'ON',
    off: 'OFF',
  });
}

function readObject(list: FindingList, { device, leaf }: { device: string; leaf: string }, json: JsonObject): void {
  list.time = { timeMs: readTime(memberOf(json, 'Time')) };
  if (leaf === 'SENSOR') readSensors(list, { device }, json);
  else if (leaf === 'STATE') readState(list, device, json);
  else if (leaf.startsWith('STATUS')) {
    const sensors = memberOf(json, 'StatusSNS');
    const state = memberOf(json, 'StatusSTS');
    if (isObject(sensors)) readSensors(list, { device }, sensors);
    if (isObject(state)) readState(list, device, state);
    list.facts(device, {
      firmware: textOf(memberOf(json, 'StatusFWR'), 'Version'),
      address: textOf(memberOf(json, 'StatusNET'), 'IPAddress'),
      name: textOf(memberOf(json, 'Status'), 'DeviceName'),
    });
  } else if (leaf.startsWith('INFO')) {
    const first = memberOf(json, 'Info1') ?? json;
    const second = memberOf(json, 'Info2') ?? json;
    list.facts(device, {
      model: textOf(first, 'Module'),
      firmware: textOf(first, 'Version'),
      address: textOf(second, 'IPAddress'),
    });
    const reason = memberOf(memberOf(json, 'Info3') ?? json, 'RestartReason');
    const text = typeof reason === 'string' ? reason : textOf(reason, 'Reason');
    if (text !== undefined) list.event(device, 'info', { code: 'restarted', text: `Restarted: ${text}` });
  }
}

function readState(list: FindingList, device: string, state: JsonObject): void {
  const wifi = memberOf(state, 'Wifi');
  const say = (shape: MetricShape, value: number | undefined): void => {
    if (value !== undefined) list.reading(device, shape, value);
  };
  say({ metric: 'uptime', unit: 's', kind: 'gauge' }, numberOf(state, 'UptimeSec'));
  say({ metric: 'supply.voltage', unit: 'V', kind: 'gauge' }, numberOf(state, 'Vcc'));
  say({ metric: 'heap.free', unit: 'kB', kind: 'gauge' }, numberOf(state, 'Heap'));
  say({ metric: 'load', unit: '%', kind: 'gauge' }, numberOf(state, 'LoadAvg'));
  say({ metric: 'mqtt.connects', unit: '', kind: 'counter' }, numberOf(state, 'MqttCount'));
  say({ metric: 'wifi.rssi', unit: 'dBm', kind: 'gauge' }, numberOf(wifi, 'Signal'));
  say({ metric: 'wifi.quality', unit: '%', kind: 'gauge' }, numberOf(wifi, 'RSSI'));
  say({ metric: 'dimmer', unit: '%', kind: 'gauge' }, numberOf(state, 'Dimmer'));
  say({ metric: 'color_temperature', unit: 'mired', kind: 'gauge' }, numberOf(state, 'CT'));
  for (const [key, value] of Object.entries(state).slice(0, sensorKeysMax)) {
    if (!/^POWER\d{0,2}$/.test(key) || (value !== 'ON' && value !== 'OFF')) continue;
    list.reading(device, relayShape(key.slice(5)), value === 'ON');
  }
}

/** One object for each driver: `{"AM2301":{"Temperature":21.4},"TempUnit":"C"}`. */
function readSensors(list: FindingList, of: { device: string; isDeclaration?: boolean }, sensors: JsonObject): void {
  const units: TasmotaUnits = {
    temperature: textOf(sensors, 'TempUnit') === 'F' ? '°F' : '°C',
    pressure: textOf(sensors, 'PressureUnit') ?? 'hPa',
    speed: textOf(sensors, 'SpeedUnit') ?? 'km/h',
  };
  let left = sensorKeysMax;
  const walk = (value: Json | undefined, path: readonly string[]): void => {
    if (value === null || value === undefined || left-- <= 0 || path.length > sensorDepthMax + 1) return;
    if (isObject(value)) for (const [key, member] of Object.entries(value)) walk(member, [...path, key]);
    else if (Array.isArray(value))
      for (const [index, one] of value.slice(0, 8).entries()) walk(one, [...path, String(index + 1)]);
    else if (typeof value !== 'object') {
      const found = findSensorShape(path, value, units);
      if (found === null) return;
      if (of.isDeclaration === true) list.metric(of.device, found.shape);
      else list.reading(of.device, found.shape, found.value);
    }
  };
  for (const [driver, value] of Object.entries(sensors)) {
    if (!/^(Time|Epoch|Timezone|TempUnit|PressureUnit|SpeedUnit)$/.test(driver)) walk(value, [driver]);
  }
}
