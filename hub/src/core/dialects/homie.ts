/**
 * Homie 5, 4 and 3: devices that describe themselves, in one `$description` (5) or an attribute each (3, 4).
 *
 * Owns what devices said of their properties, their trees, and the values that came before the description (the last of each, bounded).
 * A child is lost with its root. Values are retained by rule, so what a bridge or a restart delivers is a last known value.
 */
import { BoundedMap } from './bounded-map.ts';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, faultNotJson, type MetricShape } from './finding-list.ts';
import { inferMetric, inferText, spellUnit } from './infer-metric.ts';
import { isObject, memberOf, readJson, readNumber, readText, textOf } from './read-payload.ts';

const devicesMax = 1_000;
const propertiesMax = 200;
const waitingMax = 32;
const topicV5 = /^([^/$]+)\/5\/([a-z0-9-]+)\/(.+)$/;
const topicV4 = /^homie\/([a-z0-9-]+)\/(.+)$/;
const states: ReadonlyMap<string, 'online' | 'offline' | 'asleep' | null> = new Map([
  ['init', null],
  ['ready', 'online'],
  ['alert', 'online'],
  ['sleeping', 'asleep'],
  ['disconnected', 'offline'],
  ['lost', 'offline'],
]);

interface HomieProperty {
  datatype: string;
  unit: string;
  name: string;
  format: string;
  isSettable: boolean;
}
interface HomieDevice {
  readonly id: string;
  /** `homie/5/<id>` or `homie/<id>`. */
  readonly base: string;
  readonly version: 4 | 5;
  readonly properties: Map<string, HomieProperty>;
  readonly waiting: Map<string, { text: string; arrivedMs: number; isLastKnown: boolean }>;
  root: string | null;
}

export const homie: Dialect = {
  name: 'homie',
  title: 'Homie',
  topics: ['homie/#', '+/5/#'],
  owned: [/^homie\/(?:5\/)?([^/$]+)/, /^([^/]+\/5\/[^/$]+)/],
  // Attributes; `$state` is what it says last.
  introduces: [/^(?:homie|[^/]+\/5)\/.*\$(?!state$)/],
  open: () => new HomieReader(),
};

class HomieReader implements DialectReader {
  readonly #devices = new BoundedMap<string, HomieDevice>(devicesMax);

  matches({ topic }: Publication): boolean {
    const five = topicV5.exec(topic);
    if (five !== null && (five[1] === 'homie' || five[3]!.startsWith('$') || this.#devices.has(five[2]!))) return true;
    return topicV4.test(topic);
  }

  read(publication: Publication): readonly Finding[] {
    const { topic } = publication;
    const five = topicV5.exec(topic);
    const [, first = '', second = '', third = ''] = five ?? [];
    const [, id = '', rest = ''] = five === null ? (topicV4.exec(topic) ?? []) : ['', second, third];
    if (id === '' || id === '5') return [];
    const base = five === null ? `homie/${id}` : `${first}/5/${id}`;
    const made: HomieDevice = {
      id,
      base,
      version: five === null ? 4 : 5,
      properties: new Map(),
      waiting: new Map(),
      root: null,
    };
    const device = this.#devices.open(id, () => made);
    const list = new FindingList();
    const text = readText(publication.payload);
    if (text === null) list.fault(id, 'wrong-shape', `${rest} is not text in UTF-8`);
    else if (rest.startsWith('$')) this.#readDeviceAttribute(list, device, { ...publication, rest, text });
    else readNodeTopic(list, device, { ...publication, rest, text });
    return list.findings;
  }

  #readDeviceAttribute(list: FindingList, device: HomieDevice, said: Said): void {
    const { rest, text } = said;
    if (rest === '$state') this.#readState(list, device, text);
    else if (rest === '$description') readDescription(list, device, said);
    else if (rest === '$name') list.facts(device.id, { name: text });
    else if (rest === '$implementation') list.facts(device.id, { model: text });
    else if (rest === '$localip') list.facts(device.id, { address: text });
    else if (rest === '$fw/version') list.facts(device.id, { firmware: text });
    else if (rest.startsWith('$log/')) {
      const level = rest.slice('$log/'.length);
      const known = level === 'fatal' ? 'error' : level === 'warn' ? 'warning' : level === 'error' ? 'error' : 'info';
      list.event(device.id, known, { code: 'log', text });
    } else if (rest.startsWith('$alert/') && text !== '') {
      list.event(device.id, 'warning', { code: rest.slice('$alert/'.length), text });
    }
  }

  #readState(list: FindingList, device: HomieDevice, word: string): void {
    const state = states.get(word);
    // An empty state takes the device away.
    if (word === '') list.availability(device.id, 'offline');
    else if (state === undefined) {
      list.fault(
        device.id,
        'wrong-shape',
        '$state is one of init, ready, disconnected, sleeping, lost (and alert before 5)',
      );
    } else if (state !== null) list.availability(device.id, state);
    if (word !== 'lost' && word !== 'disconnected' && word !== '') return;
    for (const child of this.#devices.values()) {
      if (child.root === device.id && child !== device) list.availability(child.id, 'offline');
    }
  }
}

interface Said extends Publication {
  readonly rest: string;
  readonly text: string;
}

function readDescription(list: FindingList, device: HomieDevice, said: Said): void {
  const json = readJson(said.payload);
  if (!isObject(json)) {
    const [fault] = faultNotJson(device.id, '$description is an object with nodes and their properties');
    if (fault?.type === 'fault') list.fault(device.id, fault.code, fault.text);
    return;
  }
  device.properties.clear();
  device.root = textOf(json, 'root') ?? null;
  const parent = textOf(json, 'parent') ?? device.root ?? undefined;
  list.facts(device.id, { name: textOf(json, 'name'), model: textOf(json, 'type'), via: parent });
  const nodes = memberOf(json, 'nodes');
  for (const [node, about] of Object.entries(isObject(nodes) ? nodes : {}).slice(0, propertiesMax)) {
    const properties = memberOf(about, 'properties');
    for (const [key, one] of Object.entries(isObject(properties) ? properties : {}).slice(0, propertiesMax)) {
      if (device.properties.size >= propertiesMax || !isObject(one)) break;
      device.properties.set(`${node}/${key}`, {
        datatype: textOf(one, 'datatype') ?? 'string',
        unit: spellUnit(textOf(one, 'unit') ?? ''),
        name: textOf(one, 'name') ?? '',
        format: textOf(one, 'format') ?? '',
        isSettable: memberOf(one, 'settable') === true,
      });
    }
  }
  for (const [path, property] of device.properties) declareProperty(list, device, { path, property });
  for (const [path, waited] of device.waiting) {
    if (!device.properties.has(path) || waited.isLastKnown || said.isLastKnown) continue;
    list.time = { timeMs: waited.arrivedMs };
    readValue(list, device, { path, text: waited.text });
  }
  device.waiting.clear();
}

/** `<node>/<property>`, and in versions before 5 what is said about them. */
function readNodeTopic(list: FindingList, device: HomieDevice, said: Said): void {
  const [node = '', key = '', leaf, ...more] = said.rest.split('/');
  if (more.length > 0 || leaf === 'set' || leaf === '$target' || key === '') return;
  const path = `${node}/${key}`;
  if (leaf !== undefined) {
    if (device.version === 4 && leaf.startsWith('$') && !key.startsWith('$'))
      readAttribute(list, device, { path, leaf, text: said.text });
    return;
  }
  if (key.startsWith('$')) return;
  if (device.version === 5 && !device.properties.has(path)) {
    const { text, arrivedMs, isLastKnown } = said;
    if (device.waiting.size < waitingMax || device.waiting.has(path))
      device.waiting.set(path, { text: text.slice(0, 256), arrivedMs, isLastKnown });
    return;
  }
  readValue(list, device, { path, text: said.text });
}

function readAttribute(
  list: FindingList,
  device: HomieDevice,
  { path, leaf, text }: { path: string; leaf: string; text: string },
): void {
  const fresh = { datatype: '', unit: '', name: '', format: '', isSettable: false };
  const property = device.properties.get(path) ?? fresh;
  if (property === fresh && device.properties.size >= propertiesMax) return;
  if (leaf === '$datatype') property.datatype = text.slice(0, 32);
  else if (leaf === '$unit') property.unit = spellUnit(text.slice(0, 32));
  else if (leaf === '$name') property.name = text.slice(0, 128);
  else if (leaf === '$format') property.format = text.slice(0, 128);
  else if (leaf === '$settable') property.isSettable = text === 'true';
  else return;
  device.properties.set(path, property);
  if (property.datatype !== '') declareProperty(list, device, { path, property });
}

function shapeOf(path: string, property: HomieProperty): MetricShape {
  const metric = path.replace('/', '.');
  if (property.datatype === 'boolean') return { metric, unit: '', kind: 'bool' };
  if (property.datatype !== 'integer' && property.datatype !== 'float') return { metric, unit: '', kind: 'text' };
  const inferred = inferMetric(metric, 0);
  if (property.unit === '' || property.unit === '#')
    return { ...inferred, unit: property.unit === '#' ? '' : inferred.unit };
  return { ...inferred, unit: property.unit, kind: /^k?Wh$/.test(property.unit) ? 'counter' : inferred.kind };
}

function declareProperty(
  list: FindingList,
  device: HomieDevice,
  { path, property }: { path: string; property: HomieProperty },
): void {
  const shape = shapeOf(path, property);
  const [, min, max] = /^(-?[\d.]*):(-?[\d.]*)/.exec(shape.kind === 'text' ? '' : property.format) ?? [];
  list.metric(device.id, shape, {
    ...(property.name === '' ? {} : { label: property.name }),
    ...(min === undefined || min === '' ? {} : { min: Number(min) }),
    ...(max === undefined || max === '' ? {} : { max: Number(max) }),
  });
  if (!property.isSettable) return;
  const { metric, kind } = shape;
  list.command(device.id, { command: metric, topic: `${device.base}/${path}/set`, payload: '{value}', kind, metric });
}

function readValue(list: FindingList, device: HomieDevice, { path, text }: { path: string; text: string }): void {
  const property = device.properties.get(path);
  // An empty message takes the value away; one zero byte is the empty text.
  if (text === '') return;
  if (property === undefined || property.datatype === '') {
    const { shape, value } = inferText(path.replace('/', '.'), text);
    list.reading(device.id, shape, value);
    return;
  }
  const shape = shapeOf(path, property);
  if (shape.kind === 'text') list.reading(device.id, shape, text === '\u0000' ? '' : text);
  else if (shape.kind === 'bool')
    list.reading(device.id, shape, text === 'true' ? true : text === 'false' ? false : text);
  else list.reading(device.id, shape, readNumber(text) ?? text);
}
