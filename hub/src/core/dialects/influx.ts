/**
 * Influx line protocol as a dialect: what Telegraf, Home Assistant's integration and a thousand scripts write, over HTTP or MQTT.
 *
 * Owns nothing. A device is the tag `host` or `device`, else the sender. A metric is measurement and field, with the tags that tell it
 * from its siblings in brackets: `disk[/].used_percent`. The precision of times comes with the topic; over MQTT they are nanoseconds.
 */
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, type MetricShape } from './finding-list.ts';
import { inferMetric, spellUnit } from './infer-metric.ts';
import { type LineValue, type ProtocolLine, parseLine, splitLines } from './line-protocol.ts';
import { readText } from './read-payload.ts';

const linesMax = 50_000;
const bodyBytesMax = 32 << 20;
const looksLikeLine = /^[A-Za-z_][^\s"'{}[\]]* [^\s={}"]+=[^\n]* -?\d{10,19}\s*(\n|$)/;
const topicPattern = /^(\$http\/influx\/(ns|us|ms|s)$|telegraf\/|influx\/)/;
/** Today's seconds read as milliseconds, and milliseconds as microseconds, come out before the spring of 1970. */
const soonAfter1970Ms = 60 * 86_400_000;
/** How many of a precision's ticks make a millisecond, or milliseconds a tick. */
const precisions: ReadonlyMap<string, (time: bigint) => number> = new Map([
  ['ns', (time) => Number(time / 1_000_000n)],
  ['us', (time) => Number(time / 1_000n)],
  ['ms', (time) => Number(time)],
  ['s', (time) => Number(time) * 1_000],
]);

/** The tags that name one of many, where Telegraf sends others that only describe it. */
const namingTags: ReadonlyMap<string, readonly string[]> = new Map([
  ['cpu', ['cpu']],
  ['disk', ['path']],
  ['diskio', ['name']],
  ['net', ['interface']],
  ['sensors', ['chip', 'feature']],
  ['temp', ['sensor']],
  ['procstat', ['process_name', 'exe']],
]);
/** Integers that only rise, in Telegraf's inputs, and the unit they have. */
const rising =
  /^(net\.(bytes|packets|err|drop)_|diskio\.(reads|writes|read_bytes|write_bytes|read_time|write_time|io_time)|kernel\.)/;

export const influx: Dialect = {
  name: 'influx',
  title: 'Influx line protocol',
  topics: ['telegraf/#', 'influx/#'],
  owned: [/^telegraf\/([^/]+)/],
  shared: ['telegraf', 'influx'],
  open: (): DialectReader => ({ matches: looksLikeInflux, read: readInflux }),
};

function looksLikeInflux({ topic, payload }: Publication): boolean {
  if (topicPattern.test(topic)) return true;
  const first = payload[0] ?? 0;
  const isLetter = (first >= 0x41 && first <= 0x5a) || (first >= 0x61 && first <= 0x7a) || first === 0x5f;
  return isLetter && payload.length >= 16 && looksLikeLine.test(readText(payload, 4_096) ?? '');
}

function readInflux({ topic, payload, sender }: Publication): readonly Finding[] {
  const list = new FindingList();
  const text = readText(payload, bodyBytesMax);
  if (text === null) {
    list.fault(sender, 'wrong-shape', 'line protocol is text in UTF-8');
    return list.findings;
  }
  const toMs = precisions.get(/^\$http\/influx\/(\w+)$/.exec(topic)?.[1] ?? 'ns')!;
  // Telegraf's own topic is telegraf/<host>/<plugin>.
  const topicDevice = topic.startsWith('$') ? undefined : topic.split('/')[1];
  const named = new Set<string>();
  let count = 0;
  for (const line of splitLines(text)) {
    if (++count > linesMax) {
      list.fault(sender, 'too-large', `more than ${linesMax} lines; the rest is left out`);
      break;
    }
    const read = parseLine(line);
    if (typeof read === 'string') list.fault(sender, 'wrong-shape', `line ${count}: ${read}`);
    else if (read.time !== null && Math.abs(toMs(read.time)) < soonAfter1970Ms) {
      const text = `line ${count}: ${read.time} is a moment of 1970: say of which precision it is, ?precision=s, ms, us or ns`;
      list.fault(sender, 'out-of-range', text);
    } else readLine(list, read, { timeMs: read.time === null ? null : toMs(read.time), sender, topicDevice, named });
  }
  return list.findings;
}

interface LineSource {
  readonly timeMs: number | null;
  readonly sender: string | null;
  readonly topicDevice: string | undefined;
  /** Those whose name this body has told already. */
  readonly named: Set<string>;
}

function readLine(list: FindingList, line: ProtocolLine, from: LineSource): void {
  const tags = new Map(line.tags);
  list.time = { timeMs: from.timeMs };
  const entity = tags.get('entity_id');
  const domain = tags.get('domain');
  // Home Assistant's integration: the measurement is the unit, the entity is in the tags.
  const isHomeAssistant = entity !== undefined && domain !== undefined;
  const device =
    tags.get('host') ?? tags.get('device') ?? from.sender ?? (isHomeAssistant ? 'home-assistant' : from.topicDevice);
  if (device === undefined || device === '') {
    list.fault(null, 'wrong-shape', 'whose line is it? It has neither a tag host=… nor device=…');
    return;
  }
  const isTagged = device === tags.get('host') || device === tags.get('device');
  if (isTagged && !from.named.has(device)) list.facts(device, { name: device });
  from.named.add(device);
  for (const [key, value] of line.fields) {
    const shape = isHomeAssistant
      ? shapeOfEntity(line, { entity, domain, key, value })
      : shapeOfField(nameMetric(line, tags, key), { line, key, value });
    if (shape !== null) list.reading(device, shape, value);
  }
}

/** `value` is the state; text beside it repeats the state or describes the entity. */
function shapeOfEntity(
  { measurement }: ProtocolLine,
  { entity, domain, key, value }: { entity: string; domain: string; key: string; value: LineValue },
): MetricShape | null {
  if (key !== 'value' && key !== 'state') return null;
  const metric = `${domain}.${entity}`;
  if (typeof value !== 'number') return inferMetric(metric, value);
  const unit = /^(state|units|[a-z_]+\..+)$/.test(measurement) ? '' : spellUnit(measurement);
  return { ...inferMetric(metric, value), unit };
}

function nameMetric(
  { measurement, tags: listed }: ProtocolLine,
  tags: ReadonlyMap<string, string>,
  key: string,
): string {
  const naming = namingTags.get(measurement);
  const values = (
    naming ??
    listed
      .map(([tag]) => tag)
      .filter((tag) => tag !== 'host' && tag !== 'device')
      .sort()
  )
    .map((tag) => tags.get(tag))
    .filter((value): value is string => value !== undefined && value !== 'cpu-total');
  const which = values.length === 0 ? '' : `[${values.join(' ')}]`;
  return key === 'value' ? `${measurement}${which}` : `${measurement}${which}.${key}`;
}

function shapeOfField(
  metric: string,
  { line, key, value }: { line: ProtocolLine; key: string; value: LineValue },
): MetricShape {
  const inferred = inferMetric(key === 'value' ? line.measurement : key, value);
  const plain = `${line.measurement}.${key}`;
  if (inferred.kind === 'bool' || inferred.kind === 'text') return { ...inferred, metric };
  if (line.measurement === 'cpu' && key.startsWith('usage_')) return { metric, unit: '%', kind: 'gauge' };
  if (rising.test(plain))
    return { metric, unit: /bytes/.test(key) ? 'B' : /time/.test(key) ? 'ms' : '', kind: 'counter' };
  if (/^(mem|swap|disk)$/.test(line.measurement) && inferred.unit === '' && !/inodes|huge/.test(key)) {
    return { metric, unit: 'B', kind: 'gauge' };
  }
  return { ...inferred, metric };
}
