/**
 * Zigbee2MQTT: one JSON object for each device under `zigbee2mqtt/<friendly name>`, and a device list that says what it means.
 *
 * Owns, for each base topic, the devices of its list. *Invariant:* a friendly name may hold `/`, so a topic is looked up in the list
 * and never split; a device's id is its IEEE address, which renaming does not change. When the bridge goes, all its devices go, and
 * come back with it unless they were away by themselves.
 */
import { BoundedMap } from './bounded-map.ts';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, faultNotJson } from './finding-list.ts';
import { flattenJson } from './flatten-json.ts';
import { inferMetric } from './infer-metric.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  memberOf,
  parseJson,
  readJson,
  readText,
  readTime,
  textOf,
} from './read-payload.ts';
import { readExposes, type ZigbeeProperty } from './zigbee-exposes.ts';

const basesMax = 8;
const devicesMax = 1_000;
const propertiesOfBaseMax = 30_000;
const bridgePattern =
  /^(.+)\/bridge\/(devices|state|info|logging|groups|event|extensions|definitions|converters|health)$/;
/** Said of the device by the bridge, not by the device. */
const notReadings = /^(last_seen|update|update_available|device|elapsed|action|action_.*|click)$/;

interface ZigbeeDevice {
  readonly id: string;
  readonly name: string;
  readonly properties: ReadonlyMap<string, ZigbeeProperty>;
  isAway: boolean;
}
interface Bridge {
  readonly base: string;
  /** Its base topic: a coordinator may be replaced. */
  readonly id: string;
  readonly byName: Map<string, ZigbeeDevice>;
}

export const zigbee2mqtt: Dialect = {
  name: 'zigbee2mqtt',
  title: 'Zigbee2MQTT',
  topics: ['zigbee2mqtt/#'],
  // One gateway speaks for all of its base topic.
  owned: [/^(zigbee2mqtt)(?:\/|$)/],
  introduces: [/\/bridge\/(?:devices|groups|info)$/],
  open: () => new Zigbee2MqttReader(),
};

class Zigbee2MqttReader implements DialectReader {
  readonly #bridges = new BoundedMap<string, Bridge>(basesMax);

  matches({ topic }: Publication): boolean {
    if (topic.startsWith('zigbee2mqtt/') || topic.endsWith('/bridge/devices')) return true;
    return this.#bridgeOf(topic) !== null;
  }

  read({ topic, payload }: Publication): readonly Finding[] {
    const bridgeTopic = bridgePattern.exec(topic);
    const isBridge = bridgeTopic !== null && (bridgeTopic[2] === 'devices' || this.#isBase(bridgeTopic[1]!));
    if (isBridge) return readBridge(this.#open(bridgeTopic[1]!), bridgeTopic[2]!, payload);
    const bridge = this.#bridgeOf(topic) ?? this.#open('zigbee2mqtt');
    const rest = topic.slice(bridge.base.length + 1);
    const device = bridge.byName.get(rest);
    if (device !== undefined) return readState(device, payload);
    const cut = rest.lastIndexOf('/');
    const parent = cut < 0 ? undefined : bridge.byName.get(rest.slice(0, cut));
    if (parent !== undefined) return readBelow(parent, rest.slice(cut + 1), payload);
    if (/^bridge\/|\/(set|get)$|\/(set|get)\//.test(rest)) return [];
    const list = new FindingList();
    const text = `${rest} is not in the device list of ${bridge.base}/bridge/devices, which tells what its values mean`;
    list.fault(null, 'unknown-alias', text);
    return list.findings;
  }

  #isBase(base: string): boolean {
    return base === 'zigbee2mqtt' || this.#bridges.has(base);
  }

  #open(base: string): Bridge {
    return this.#bridges.open(base, () => ({ base, id: `bridge:${base}`, byName: new Map() }));
  }

  #bridgeOf(topic: string): Bridge | null {
    for (const bridge of this.#bridges.values()) if (topic.startsWith(`${bridge.base}/`)) return bridge;
    return null;
  }
}

function readBridge(bridge: Bridge, part: string, payload: Uint8Array): readonly Finding[] {
  const list = new FindingList();
  if (part === 'state') {
    foldDevices(list, bridge, readStateWord(payload));
    return list.findings;
  }
  const json = readJson(payload);
  if (part === 'devices') {
    if (!Array.isArray(json)) return faultNotJson(bridge.id, 'bridge/devices is a list of devices');
    readDeviceList(list, bridge, json as readonly Json[]);
  } else if (part === 'info' && isObject(json)) {
    const coordinator = memberOf(json, 'coordinator');
    const version = textOf(json, 'version');
    list.facts(bridge.id, {
      name: 'Zigbee2MQTT bridge',
      model: textOf(coordinator, 'type'),
      maker: 'Zigbee2MQTT',
      address: textOf(coordinator, 'ieee_address'),
      firmware: version === undefined ? undefined : `zigbee2mqtt ${version}`,
    });
  } else if (part === 'logging' && isObject(json)) {
    const level = textOf(json, 'level');
    const text = textOf(json, 'message');
    if (text !== undefined && (level === 'error' || level === 'warning'))
      list.event(bridge.id, level, { code: 'bridge-log', text });
  }
  return list.findings;
}

/** `{"state":"online"}`, or the bare word of older versions. */
function readStateWord(payload: Uint8Array): string {
  const text = readText(payload, 256)?.trim() ?? '';
  return textOf(parseJson(text), 'state') ?? text;
}

function foldDevices(list: FindingList, bridge: Bridge, word: string): void {
  if (word !== 'online' && word !== 'offline') {
    list.fault(bridge.id, 'wrong-shape', 'bridge/state says neither online nor offline');
    return;
  }
  list.availability(bridge.id, word);
  for (const device of bridge.byName.values()) {
    if (word === 'offline' || !device.isAway) list.availability(device.id, word);
  }
}

function readDeviceList(list: FindingList, bridge: Bridge, devices: readonly Json[]): void {
  const away = new Set([...bridge.byName.values()].filter(({ isAway }) => isAway).map(({ id }) => id));
  bridge.byName.clear();
  let properties = 0;
  for (const one of devices.slice(0, devicesMax)) {
    const id = textOf(one, 'ieee_address');
    const name = textOf(one, 'friendly_name');
    if (id === undefined || name === undefined) {
      list.fault(null, 'wrong-shape', 'each device in bridge/devices has an ieee_address and a friendly_name');
      continue;
    }
    if (textOf(one, 'type') === 'Coordinator') continue;
    const definition = memberOf(one, 'definition');
    const exposed = readExposes(memberOf(definition, 'exposes'));
    properties += exposed.length;
    if (properties > propertiesOfBaseMax) break;
    const device = { id, name, properties: new Map(exposed.map((row) => [row.path, row])), isAway: away.has(id) };
    bridge.byName.set(name.slice(0, 256), device);
    list.facts(id, {
      name,
      model: textOf(definition, 'description') ?? textOf(definition, 'model') ?? textOf(one, 'model_id'),
      maker: textOf(definition, 'vendor') ?? textOf(one, 'manufacturer'),
      firmware: textOf(one, 'software_build_id'),
      address: id,
      via: bridge.id,
    });
    declareProperties(list, bridge.base, device);
  }
  if (devices.length > devicesMax || properties > propertiesOfBaseMax) {
    const most = `${devicesMax} devices and ${propertiesOfBaseMax} properties`;
    list.fault(bridge.id, 'too-large', `the bridge lists more than ${most}; the others are left out`);
  }
}

function declareProperties(list: FindingList, base: string, device: ZigbeeDevice): void {
  for (const { path, shape, label, min, max, isSettable, on, off } of device.properties.values()) {
    if (notReadings.test(path)) continue;
    list.metric(device.id, shape, {
      ...(label === undefined ? {} : { label }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
    });
    // What stands inside of a composite is set together with its neighbours, not alone.
    if (!isSettable || path.includes('.')) continue;
    const value = shape.kind === 'text' ? '"{value}"' : '{value}';
    list.command(device.id, {
      command: path,
      topic: `${base}/${device.name}/set`,
      payload: `{${JSON.stringify(path)}:${value}}`,
      kind: shape.kind,
      metric: path,
      ...(shape.kind === 'bool' ? { on: JSON.stringify(on), off: JSON.stringify(off) } : {}),
    });
  }
}

function readState(device: ZigbeeDevice, payload: Uint8Array): readonly Finding[] {
  // The bridge clears a retained state with an empty message.
  if (payload.length === 0) return [];
  const json = readJson(payload);
  if (!isObject(json)) return faultNotJson(device.id, 'a device\'s state is an object, such as {"temperature":21.4}');
  const list = new FindingList();
  list.time = { timeMs: readTime(memberOf(json, 'last_seen')) };
  readValues(list, device, json);
  const action = memberOf(json, 'action') ?? memberOf(json, 'click');
  if (typeof action === 'string' && action !== '') {
    list.event(device.id, 'info', { code: action, text: `Action: ${action}`, timeMs: list.time.timeMs ?? null });
  }
  return list.findings;
}

function readValues(list: FindingList, device: ZigbeeDevice, json: JsonObject): void {
  for (const { name, value } of flattenJson(json).values) {
    if (notReadings.test(name.split('.')[0] ?? '')) continue;
    readValue(list, device, { name, value });
  }
}

function readValue(
  list: FindingList,
  device: ZigbeeDevice,
  { name, value }: { name: string; value: string | number | boolean },
): void {
  const property = device.properties.get(name);
  if (property === undefined) {
    const shape = inferMetric(name, value);
    // Batteries say millivolts, plugs volts, and no plug has a thousand.
    const isMilli = name === 'voltage' && typeof value === 'number' && value > 1_000;
    list.reading(device.id, isMilli ? { ...shape, unit: 'mV' } : shape, value);
  } else if (property.shape.kind === 'bool') {
    // A contact is `true` where it is closed, whatever the list calls on.
    if (typeof value === 'boolean') list.reading(device.id, property.shape, value);
    else if (value === property.on) list.reading(device.id, property.shape, true);
    else if (value === property.off) list.reading(device.id, property.shape, false);
    else {
      const expected = `${String(property.on)} or ${String(property.off)}`;
      list.fault(device.id, 'wrong-shape', `${name} is ${JSON.stringify(value).slice(0, 40)} and not ${expected}`);
    }
  } else list.reading(device.id, property.shape, value);
}

/** `<name>/availability`, or one attribute alone where the bridge is set to send them so. */
function readBelow(device: ZigbeeDevice, leaf: string, payload: Uint8Array): readonly Finding[] {
  if (leaf === 'set' || leaf === 'get' || notReadings.test(leaf)) return [];
  const list = new FindingList();
  if (leaf === 'availability') {
    const word = readStateWord(payload);
    if (word === 'online' || word === 'offline') {
      device.isAway = word === 'offline';
      list.availability(device.id, word);
    } else list.fault(device.id, 'wrong-shape', 'availability says neither online nor offline');
    return list.findings;
  }
  const text = readText(payload);
  const json = text === null ? undefined : parseJson(text);
  const value = json ?? text;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
    readValue(list, device, { name: leaf, value });
  }
  return list.findings;
}
