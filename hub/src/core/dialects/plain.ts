/**
 * What no other dialect claims: JSON of any shape, one bare value on a topic, or `name=value` pairs.
 *
 * Owns nothing, and so cannot grow. A JSON object's keys name metrics, and its topic the device; for a bare value the last level of the
 * topic is the metric. Units and kinds are those that names suggest (`infer-metric.ts`). What the sender's own name already says
 * in the topic is not said again.
 */
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList } from './finding-list.ts';
import { flattenJson } from './flatten-json.ts';
import { inferMetric, inferText, spellUnit } from './infer-metric.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  memberOf,
  parseJson,
  readNumber,
  readText,
  readTime,
  whyNotJson,
} from './read-payload.ts';
import { requestTopics } from './request-topics.ts';

/** Levels that say "here are values", not what or whose. */
const emptyWords =
  /^(state|status|data|telemetry|values?|sensors?|readings?|measurements?|json|tele|stat|up|out|json_state)$/i;
const availabilityLeaf = /^(lwt|status|availability|available|online|connection|connected|alive|state)$/i;
const timeKeys = ['ts', 'timestamp', 'time', 'datetime', '_timestamp'];
const rowsMax = 10_000;
const textBytesMax = 4_096;
const withUnit = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*([\p{L}°%µΩ/³²][\p{L}\d°%µΩ/³²]{0,11})$/u;

export const plain: Dialect = {
  name: 'plain',
  title: 'Plain JSON and values',
  topics: ['#'],
  readsByShape: true,
  open: (): DialectReader => ({
    matches: ({ topic }) => !topic.startsWith('$') || topic.startsWith('$http/'),
    read: readPlain,
  }),
};

function readPlain(publication: Publication): readonly Finding[] {
  const list = new FindingList();
  const { topic, payload, sender } = publication;
  // An empty message clears a retained one.
  if (payload.length === 0) return [];
  const text = readText(payload);
  const levels = topic.startsWith('$') ? [] : topic.split('/').filter((level) => level !== '');
  if (text === null || text.includes('\u0000')) {
    const text =
      'the payload is no text: send JSON such as {"temperature":21.5}, a number, or one of the known formats';
    list.fault(sender, 'wrong-shape', text);
    return list.findings;
  }
  const json = parseJson(text);
  if (json !== undefined && typeof json === 'object' && json !== null) readJsonBody(list, { levels, sender }, json);
  else if (/^\s*[{[]/.test(text)) readBroken(list, { levels, sender }, text);
  else if (topic === requestTopics.values) readPairs(list, sender, text);
  else if (levels.length === 0)
    list.fault(sender, 'wrong-shape', 'the body is a JSON object of values, or a list of them');
  else readBare(list, { levels, sender }, text.trim());
  return list.findings;
}

/** What begins as JSON was meant to be JSON: it is no text that somebody measured. */
function readBroken(list: FindingList, source: Source, text: string): void {
  const device = source.levels.length === 0 ? source.sender : (placeOf(source, false)?.device ?? source.sender);
  list.fault(device, 'not-json', `the payload begins as JSON and is none: ${whyNotJson(text)}`);
}

interface Source {
  readonly levels: readonly string[];
  readonly sender: string | null;
}

/** Whose it is, and what of the topic is left to name the metric. */
function placeOf({ levels, sender }: Source, isBare: boolean): { device: string; prefix: string } | null {
  let words = [...levels];
  while (words.length > 1 && emptyWords.test(words.at(-1)!)) words = words.slice(0, -1);
  if (sender !== null) {
    const at = words.indexOf(sender);
    const below = (at < 0 ? words : words.slice(at + 1)).filter((word) => !emptyWords.test(word));
    return { device: sender, prefix: isBare || at >= 0 ? below.join('.') : '' };
  }
  if (words.length === 0) return null;
  if (!isBare) return { device: words.join('/'), prefix: '' };
  const metric = words.at(-1)!;
  let device = words.slice(0, -1);
  while (device.length > 1 && emptyWords.test(device.at(-1)!)) device = device.slice(0, -1);
  return { device: device.length === 0 ? metric : device.join('/'), prefix: metric };
}

function readJsonBody(list: FindingList, source: Source, json: Json): void {
  const place = placeOf(source, false);
  if (place === null) {
    list.fault(null, 'wrong-shape', "whose values are these? Send with a device's own token");
    return;
  }
  const rows = Array.isArray(json) && json.every(isObject) ? (json as readonly JsonObject[]) : [json];
  for (const row of rows.slice(0, rowsMax)) readRow(list, place, row);
  if (rows.length > rowsMax) list.fault(place.device, 'too-large', `more than ${rowsMax} rows; the rest is left out`);
}

function readRow(list: FindingList, { device, prefix }: { device: string; prefix: string }, row: Json): void {
  const timeKey = timeKeys.find((key) => readTime(memberOf(row, key)) !== null);
  list.time = { timeMs: timeKey === undefined ? null : readTime(memberOf(row, timeKey)) };
  const nested = memberOf(row, 'values') ?? memberOf(row, 'data');
  const values = timeKey !== undefined && isObject(nested) ? nested : row;
  const flat = flattenJson(values, prefix);
  for (const { name, value } of flat.values) {
    const key = prefix === '' ? name : name.slice(prefix.length + 1);
    // Also a time that is not believed, for want of an offset, is no reading.
    if (timeKeys.includes(key.toLowerCase())) continue;
    const read = typeof value === 'string' ? inferText(name, value) : { shape: inferMetric(name, value), value };
    list.reading(device, read.shape, read.value);
  }
  if (flat.isCut)
    list.fault(device, 'too-large', 'more than 1,000 values, or nested more than six deep; the rest is left out');
  if (flat.values.length === 0) list.fault(device, 'wrong-shape', 'there is no value in it');
}

function readBare(list: FindingList, source: Source, text: string): void {
  const leaf = source.levels.at(-1) ?? '';
  const word = text.toLowerCase();
  if (availabilityLeaf.test(leaf) && (word === 'online' || word === 'offline')) {
    const words = source.levels.slice(0, -1);
    const device = source.sender ?? (words.length === 0 ? leaf : words.join('/'));
    list.availability(device, word);
    return;
  }
  const place = placeOf(source, true);
  if (place === null || place.prefix === '') {
    list.fault(source.sender, 'wrong-shape', 'a bare value needs a topic that names it: <device>/temperature');
    return;
  }
  readNamed(list, place.device, { name: place.prefix, text });
}

function readNamed(list: FindingList, device: string, { name, text }: { name: string; text: string }): void {
  if (text === '' || /^(nan|null|none|unknown|unavailable)$/i.test(text)) return;
  if (text.length > textBytesMax) {
    list.fault(device, 'too-large', `${name.slice(0, 80)} is a text of more than ${textBytesMax} characters`);
    return;
  }
  const measured = withUnit.exec(text);
  const number = measured === null ? null : readNumber(measured[1]!);
  if (measured !== null && number !== null) {
    list.reading(device, { ...inferMetric(name, number), unit: spellUnit(measured[2]!) }, number);
    return;
  }
  const { shape, value } = inferText(name, text);
  list.reading(device, shape, value);
}

/** `temp=21.5 hum=40`, as `curl -d` sends it; also with `&`, `,`, `;` or lines between, and percent-encoded. */
function readPairs(list: FindingList, sender: string | null, text: string): void {
  if (sender === null) {
    list.fault(null, 'wrong-shape', "whose values are these? Send with a device's own token");
    return;
  }
  const bare = readNumber(text);
  if (bare !== null) {
    list.reading(sender, inferMetric('value', bare), bare);
    return;
  }
  const pairs = text.split(/[\s&;,]+/).filter((pair) => pair !== '');
  for (const pair of pairs.slice(0, 1_000)) {
    const cut = pair.indexOf('=');
    const name = cut > 0 ? decode(pair.slice(0, cut)) : null;
    const value = cut > 0 ? decode(pair.slice(cut + 1)) : null;
    if (name === null || value === null) {
      list.fault(sender, 'wrong-shape', `${pair.slice(0, 40)} is not name=value, as in temp=21.5`);
    } else readNamed(list, sender, { name, text: value });
  }
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', '%2B'));
  } catch {
    // The platform tells a malformed escape only by throwing.
    return null;
  }
}
