/**
 * ThingsBoard's device API, so that its SDKs and firmware connect as they are: telemetry, attributes and the gateway's topics, over
 * MQTT and, under the same topics, over HTTP (docs: MQTT Device API, MQTT Gateway API).
 *
 * Owns nothing. `me` is the device whose token the sender showed; devices behind a gateway are named by gateway and name, so that no
 * gateway can speak for another's.
 */
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, faultNotJson } from './finding-list.ts';
import { flattenJson } from './flatten-json.ts';
import { inferMetric, inferText } from './infer-metric.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  memberOf,
  numberOf,
  readJson,
  readTime,
  textOf,
} from './read-payload.ts';

const ownPattern =
  /^v1\/devices\/me\/(telemetry|attributes|attributes\/request\/(\w{1,20})|rpc\/.*|claim)$|^v2\/([ta])(?:\/j)?$/;
const gatewayPattern = /^v1\/gateway\/(telemetry|attributes|connect|disconnect|rpc|claim|attributes\/request)$/;
const rowsMax = 10_000;
const childrenMax = 1_000;

/** Client attributes that are facts about the device. */
const factKeys: ReadonlyMap<string, 'name' | 'model' | 'maker' | 'firmware' | 'address'> = new Map([
  ['name', 'name'],
  ['model', 'model'],
  ['manufacturer', 'maker'],
  ['firmware', 'firmware'],
  ['firmwareVersion', 'firmware'],
  ['fw', 'firmware'],
  ['fw_version', 'firmware'],
  ['current_fw_version', 'firmware'],
  ['ip', 'address'],
  ['ipAddress', 'address'],
]);

export const thingsboard: Dialect = {
  name: 'thingsboard',
  title: 'ThingsBoard device API',
  topics: ['v1/devices/me/#', 'v1/gateway/#', 'v2/t/#', 'v2/a/#'],
  shared: ['v1/devices/me/#', 'v1/gateway/#', 'v2/t/#', 'v2/a/#'],
  open: (): DialectReader => ({
    matches: ({ topic }) => ownPattern.test(topic) || gatewayPattern.test(topic),
    read: readThingsboard,
  }),
};

function readThingsboard(publication: Publication): readonly Finding[] {
  const gateway = gatewayPattern.exec(publication.topic);
  return gateway === null ? readOwn(publication) : readGateway(publication, gateway[1]!);
}

function readOwn({ topic, payload, sender }: Publication): readonly Finding[] {
  const list = new FindingList();
  if (sender === null) {
    const text = `${topic} is about the device whose token was shown; this sender has no device of its own`;
    list.fault(null, 'wrong-shape', text);
    return list.findings;
  }
  const [, part = '', request, short] = ownPattern.exec(topic) ?? [];
  if (request !== undefined) {
    // SDKs wait for an answer; there are no attributes kept here for devices.
    list.reply(`v1/devices/me/attributes/response/${request}`, '{}', { qos: 1 });
    return list.findings;
  }
  if (part.startsWith('rpc/') || part === 'claim') return [];
  const json = readJson(payload);
  if (json === undefined || typeof json !== 'object') {
    return faultNotJson(sender, 'telemetry is an object of values, {"ts":…,"values":{…}}, or a list of these');
  }
  if (part === 'attributes' || short === 'a') readAttributes(list, sender, json);
  else readTelemetry(list, sender, json);
  return list.findings;
}

function readTelemetry(list: FindingList, device: string, json: Json): void {
  const rows = Array.isArray(json) ? (json as readonly Json[]) : [json];
  for (const row of rows.slice(0, rowsMax)) {
    if (!isObject(row)) {
      list.fault(device, 'wrong-shape', 'each row of telemetry is an object of values');
      continue;
    }
    const values = memberOf(row, 'values');
    const isTimed = isObject(values) && memberOf(row, 'ts') !== undefined;
    const timeMs = isTimed ? readTime(memberOf(row, 'ts')) : null;
    if (isTimed && timeMs === null) list.fault(device, 'out-of-range', 'ts is not in Unix milliseconds');
    list.time = { timeMs };
    readValues(list, device, isTimed ? values : row);
  }
  if (rows.length > rowsMax)
    list.fault(device, 'too-large', `more than ${rowsMax} rows of telemetry; the rest is left out`);
}

function readValues(list: FindingList, device: string, values: JsonObject): void {
  const flat = flattenJson(values);
  for (const { name, value } of flat.values) {
    const read = typeof value === 'string' ? inferText(name, value) : { shape: inferMetric(name, value), value };
    list.reading(device, read.shape, read.value);
  }
  if (flat.isCut)
    list.fault(device, 'too-large', 'more than 1,000 values in one row, or nested too deeply; the rest is left out');
}

function readAttributes(list: FindingList, device: string, json: Json): void {
  const rows = Array.isArray(json) ? (json as readonly Json[]) : [json];
  for (const row of rows.slice(0, 100)) {
    if (!isObject(row)) continue;
    const others: Record<string, Json> = {};
    for (const [key, value] of Object.entries(row)) {
      const fact = factKeys.get(key);
      if (fact !== undefined && typeof value === 'string') list.facts(device, { [fact]: value });
      // A serial number, a version: what a device quotes there is not measured, though it may be made of digits.
      else if (typeof value === 'string') list.reading(device, { metric: key, unit: '', kind: 'text' }, value);
      else if (key !== '__proto__' && value !== undefined) others[key] = value;
    }
    readValues(list, device, others);
  }
}

function readGateway({ payload, sender }: Publication, part: string): readonly Finding[] {
  const list = new FindingList();
  const json = readJson(payload);
  if (!isObject(json)) return faultNotJson(sender, 'a gateway sends an object by device names, or {"device":…}');
  const childOf = (name: string): string => `${sender ?? 'gateway'}/${name}`;
  // The gateway itself, first: what speaks for others is not one of them.
  const self = `gateway:${sender ?? ''}`;
  list.facts(self, { model: 'ThingsBoard gateway' });
  const introduce = (name: string, type?: string): string => {
    const device = childOf(name);
    list.facts(device, { name, model: type, via: self });
    return device;
  };
  if (part === 'connect' || part === 'disconnect') {
    const name = textOf(json, 'device');
    if (name === undefined) list.fault(sender, 'wrong-shape', `${part} names its device: {"device":"…"}`);
    else if (part === 'connect') list.availability(introduce(name, textOf(json, 'type')), 'online');
    else list.availability(childOf(name), 'offline');
    return list.findings;
  }
  if (part !== 'telemetry' && part !== 'attributes') {
    if (part === 'attributes/request') answerAttributes(list, json);
    return list.findings;
  }
  for (const [name, value] of Object.entries(json).slice(0, childrenMax)) {
    if (value === null || typeof value !== 'object') {
      list.fault(childOf(name), 'wrong-shape', `what the gateway says of ${name} is neither an object nor a list`);
    } else if (part === 'telemetry') readTelemetry(list, introduce(name), value);
    else readAttributes(list, introduce(name), value);
  }
  return list.findings;
}

function answerAttributes(list: FindingList, json: JsonObject): void {
  const device = textOf(json, 'device');
  const id = numberOf(json, 'id');
  if (device === undefined || id === undefined) return;
  list.reply('v1/gateway/attributes/response', JSON.stringify({ id, device }), { qos: 1 });
}
