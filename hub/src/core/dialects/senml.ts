/**
 * SenML packs (RFC 8428), as JSON and as CBOR: records whose base fields hold for those after them.
 *
 * Owns nothing. A device is the URN in the names (`urn:dev:mac:…`, RFC 9039) where there is one, else the sender, else what the base
 * name says. Times below 2^28 are relative to the arrival. A pack with a field that must be understood and is not (its label ends in
 * `_`), or of a later version, is refused as a whole, as section 4.4 asks.
 */
import { type Cbor, notCbor, readCbor } from './cbor-reader.ts';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, type MetricShape } from './finding-list.ts';
import { inferMetric, spellUnit } from './infer-metric.ts';
import { isObject, readJson } from './read-payload.ts';
import { requestTopics } from './request-topics.ts';

const labels: ReadonlyMap<Cbor, string> = new Map<Cbor, string>([[-1, 'bver'], [-2, 'bn'], [-3, 'bt'], [-4, 'bu'], [-5, 'bv'], [-6, 'bs'], [0, 'n'], [1, 'u'], [2, 'v'], [3, 'vs'], [4, 'vb'], [5, 's'], [6, 't'], [7, 'ut'], [8, 'vd']]); // biome-ignore format: one table
const topicPattern = /(^|[/+])senml(\+?(json|cbor))?$/;
const looksJson = /^\s*\[\s*\{\s*"(bver|bn|bt|bu|bv|bs|n|u|v|vs|vb|s|t|ut|vd)"\s*:/;
const recordsMax = 10_000;
const relativeMax = 2 ** 28;
const versionMax = 10;

/** Units of the SenML registry that people write otherwise, and the metric that a nameless record of them is. */
const units: ReadonlyMap<string, readonly [unit: string, metric: string]> = new Map([
  ['Cel', ['°C', 'temperature']],
  ['%RH', ['%', 'humidity']],
  ['%EL', ['%', 'battery']],
  ['EL', ['s', 'battery_left']],
  ['/', ['', 'value']],
  ['lx', ['lx', 'illuminance']],
  ['Pa', ['Pa', 'pressure']],
  ['lat', ['°', 'latitude']],
  ['lon', ['°', 'longitude']],
  ['beat/min', ['bpm', 'heart_rate']],
  ['beats', ['beats', 'heart_beats']],
  ['count', ['', 'count']],
  ['m3', ['m³', 'volume']],
  ['m/s2', ['m/s²', 'acceleration']],
  ['W', ['W', 'power']],
  ['V', ['V', 'voltage']],
  ['A', ['A', 'current']],
  ['J', ['J', 'energy']],
]);

export const senml: Dialect = {
  name: 'senml',
  title: 'SenML',
  topics: ['senml/#', '+/senml', '+/+/senml'],
  shared: ['senml'],
  open: (): DialectReader => ({ matches: looksLikeSenml, read: readSenml }),
};

function looksLikeSenml({ topic, payload }: Publication): boolean {
  if (topicPattern.test(topic) || topic.startsWith('senml/')) return true;
  if (payload[0] === 0x5b || payload[0] === 0x20) return looksJson.test(asciiOf(payload.subarray(0, 64)));
  // CBOR: an array of maps whose first key is one of the labels −6 … 8.
  const [first = 0, second = 0, third = 0xff] = payload;
  const isList = (first >= 0x81 && first <= 0x9b) || first === 0x9f;
  const at = first === 0x98 ? [third, payload[3] ?? 0xff] : [second, third];
  return isList && at[0]! >> 5 === 5 && (at[1]! <= 8 || (at[1]! >= 0x20 && at[1]! <= 0x25));
}

function asciiOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

type SenmlRecord = ReadonlyMap<string, Cbor>;

/** Null for what is no array of records. */
function readRecords({ topic, payload }: Publication): SenmlRecord[] | null {
  const isText = payload[0] === 0x5b || payload[0] === 0x20 || payload[0] === 0x0a || payload[0] === 0x0d;
  if (isText || topic === requestTopics.senmlJson) {
    const json = readJson(payload);
    if (!Array.isArray(json) || !json.every(isObject)) return null;
    return json.map((record) => new Map(Object.entries(record) as [string, Cbor][]));
  }
  const cbor = readCbor(payload);
  if (cbor === notCbor || !Array.isArray(cbor)) return null;
  const records: SenmlRecord[] = [];
  for (const record of cbor as readonly Cbor[]) {
    if (!(record instanceof Map)) return null;
    records.push(new Map([...record].map(([key, value]) => [labels.get(key) ?? String(key), value])));
  }
  return records;
}

interface Base {
  name: string;
  time: number;
  unit: string;
  value: number;
  sum: number;
}

function readSenml(publication: Publication): readonly Finding[] {
  const list = new FindingList();
  const records = readRecords(publication);
  if (records === null) {
    list.fault(
      publication.sender,
      'wrong-shape',
      'a SenML pack is an array of records, in JSON or CBOR: [{"n":"temp","u":"Cel","v":21.5}]',
    );
    return list.findings;
  }
  const refusal = findRefusal(records);
  if (refusal !== null) {
    list.fault(publication.sender, 'unsupported', refusal);
    return list.findings;
  }
  const base: Base = { name: '', time: 0, unit: '', value: 0, sum: 0 };
  for (const record of records.slice(0, recordsMax)) {
    takeBase(base, record);
    readRecord(list, { base, record, publication });
  }
  if (records.length > recordsMax)
    list.fault(publication.sender, 'too-large', `more than ${recordsMax} records; the rest is left out`);
  return list.findings;
}

function findRefusal(records: readonly SenmlRecord[]): string | null {
  for (const record of records) {
    const version = record.get('bver');
    if (version !== undefined && !(typeof version === 'number' && version <= versionMax)) {
      return `SenML version ${String(version)} is not known; ${versionMax} is the newest here`;
    }
    const strange = [...record.keys()].find((label) => label.endsWith('_'));
    if (strange !== undefined) return `the field ${strange.slice(0, 40)} must be understood and is not`;
  }
  return null;
}

function takeBase(base: Base, record: SenmlRecord): void {
  const text = (label: string): string | undefined => {
    const value = record.get(label);
    return typeof value === 'string' ? value : undefined;
  };
  const number = (label: string): number | undefined => {
    const value = record.get(label);
    return typeof value === 'number' ? value : undefined;
  };
  base.name = text('bn') ?? base.name;
  base.unit = text('bu') ?? base.unit;
  base.time = number('bt') ?? base.time;
  base.value = number('bv') ?? base.value;
  base.sum = number('bs') ?? base.sum;
}

function readRecord(list: FindingList, from: { base: Base; record: SenmlRecord; publication: Publication }): void {
  const { base, record, publication } = from;
  const own = record.get('n');
  const name = `${base.name}${typeof own === 'string' ? own : ''}`;
  const told = record.get('u');
  const unit = typeof told === 'string' ? told : base.unit;
  const place = placeOf(name, { ...from, unit });
  if (place === null) {
    list.fault(
      null,
      'wrong-shape',
      'a record says neither by its name nor by its sender whose it is: begin bn with urn:dev:mac:…',
    );
    return;
  }
  const offset = record.get('t');
  const seconds = base.time + (typeof offset === 'number' ? offset : 0);
  list.time = { timeMs: Math.round(seconds < relativeMax ? publication.arrivedMs + seconds * 1000 : seconds * 1000) };
  // No time at all is the moment of arrival, and that the hub knows better.
  if (seconds === 0) list.time = {};
  const { device, metric } = place;
  const value = record.get('v');
  if (typeof value === 'number')
    list.reading(device, shapeOf(metric, unit), Number((base.value + value).toPrecision(15)));
  else if (typeof record.get('vb') === 'boolean')
    list.reading(device, { metric, unit: '', kind: 'bool' }, record.get('vb') === true);
  else if (typeof record.get('vs') === 'string')
    list.reading(device, { metric, unit: '', kind: 'text' }, String(record.get('vs')));
  else if (record.has('vd')) list.fault(device, 'unsupported', `${metric} carries data (vd), which are not kept`);
  else if (record.has('v') || record.has('vb') || record.has('vs')) {
    list.fault(
      device,
      'wrong-shape',
      `the value of ${metric} is not of its field's type: v a number, vs text, vb true or false`,
    );
  }
  const sum = record.get('s');
  if (typeof sum === 'number') {
    list.reading(
      device,
      { metric: `${metric}.sum`, unit: unit === '' ? '' : spellSenml(unit), kind: 'counter' },
      base.sum + sum,
    );
  }
}

function shapeOf(metric: string, unit: string): MetricShape {
  if (unit === '') return inferMetric(metric, 0);
  const kind = unit === 'count' ? 'counter' : inferMetric(metric, 0).kind;
  return { metric, unit: spellSenml(unit), kind };
}

function spellSenml(unit: string): string {
  return units.get(unit)?.[0] ?? spellUnit(unit);
}

function placeOf(
  name: string,
  { base, publication, unit }: { base: Base; publication: Publication; unit: string },
): { device: string; metric: string } | null {
  const urn = /^(urn:dev:[a-z]+:[^:;_/]+)[:;_/]?(.*)$/is.exec(name);
  const nameless = units.get(unit)?.[1] ?? 'value';
  if (urn !== null) return { device: urn[1]!, metric: trimName(urn[2]!) || nameless };
  const { sender, topic } = publication;
  if (sender !== null) return { device: sender, metric: trimName(name) || nameless };
  const device = trimName(base.name);
  if (device !== '') return { device, metric: trimName(name.slice(base.name.length)) || nameless };
  const level = topic.startsWith('$')
    ? undefined
    : topic
        .split('/')
        .filter((part) => !/^senml/.test(part) && part !== '')
        .at(-1);
  return level === undefined ? null : { device: level, metric: trimName(name) || nameless };
}

function trimName(name: string): string {
  return name.replace(/^[:/._-]+|[:/._-]+$/g, '').replaceAll('/', '.');
}
