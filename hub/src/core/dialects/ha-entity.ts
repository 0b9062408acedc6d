/**
 * What one discovered entity means here: which topics say which metrics, with what units, and what commands it takes.
 *
 * Owns no state but the tables. An entity is read once, when it is announced; what cannot be read of it is told then.
 */
import type { MetricKind } from '@lapwing/protocol';
import type { FoundCommand } from './dialect.ts';
import type { Facts } from './finding-list.ts';
import type { HaConfig } from './ha-config.ts';
import { spellUnit } from './infer-metric.ts';
import { isObject, memberOf, numberOf, textOf, toWord } from './read-payload.ts';
import { parseTemplate, type ValueTemplate } from './value-template.ts';

/** One topic of an entity and the metric that it says. */
export interface HaChannel {
  readonly topic: string;
  readonly template: ValueTemplate | null;
  readonly metric: string;
  readonly unit: string;
  /** Null until the first value decides between a number and text: the config says nothing. */
  kind: MetricKind | null;
  readonly on: string;
  readonly off: string;
}
export interface HaAvailability {
  readonly topic: string;
  readonly template: ValueTemplate | null;
  readonly online: string;
  readonly offline: string;
}
export interface HaEntity {
  readonly device: string;
  readonly facts: Facts;
  readonly channels: readonly HaChannel[];
  readonly availability: readonly HaAvailability[];
  readonly availabilityMode: 'all' | 'any' | 'latest';
  readonly attributesTopic: string | null;
  readonly attributesTemplate: ValueTemplate | null;
  readonly expireAfterMs: number;
  readonly label: string | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly commands: readonly Omit<FoundCommand, 'type' | 'device'>[];
}

type ChannelRow = readonly [
  topic: string,
  template: string,
  suffix: string,
  kind: MetricKind | 'sensor' | 'switch',
  unit?: string,
];

const climate: readonly ChannelRow[] = [
  ['current_temperature_topic', 'current_temperature_template', 'temperature', 'gauge', '°C'],
  ['temperature_state_topic', 'temperature_state_template', 'target_temperature', 'gauge', '°C'],
  ['current_humidity_topic', 'current_humidity_template', 'humidity', 'gauge', '%'],
  ['target_humidity_state_topic', 'target_humidity_state_template', 'target_humidity', 'gauge', '%'],
  ['mode_state_topic', 'mode_state_template', 'mode', 'text'],
  ['action_topic', 'action_template', 'action', 'text'],
];
const text: readonly ChannelRow[] = [['state_topic', 'value_template', '', 'text']];
const onOff: readonly ChannelRow[] = [['state_topic', 'value_template', '', 'switch']];
const channelsOf: ReadonlyMap<string, readonly ChannelRow[]> = new Map<string, readonly ChannelRow[]>([
  ['sensor', [['state_topic', 'value_template', '', 'sensor']]],
  ['number', [['state_topic', 'value_template', '', 'gauge']]],
  ['binary_sensor', onOff],
  ['switch', onOff],
  ['siren', onOff],
  ['light', [...onOff, ['brightness_state_topic', 'brightness_value_template', 'brightness', 'gauge']]],
  ['fan', [...onOff, ['percentage_state_topic', 'percentage_value_template', 'speed', 'gauge', '%']]],
  ['humidifier', [...onOff, ...climate]],
  ['climate', climate],
  ['water_heater', climate],
  ['cover', [...text, ['position_topic', 'position_template', 'position', 'gauge', '%']]],
  ['valve', [...text, ['position_topic', 'position_template', 'position', 'gauge', '%']]],
  ['lock', text],
  ['select', text],
  ['text', text],
  ['vacuum', text],
  ['alarm_control_panel', text],
  ['device_tracker', text],
  ['event', text],
  ['button', []],
  ['scene', []],
]);
const textClasses = /^(timestamp|date|enum)$/;

/** Null for a component that says nothing measurable (`camera`, `tag`); a text tells what is wrong with it. */
export function readEntity({ component, node, object, config }: HaConfig): HaEntity | string | null {
  const rows = channelsOf.get(component);
  if (rows === undefined) return null;
  const device = findDevice(config, node === '' ? object : node);
  const metric = nameMetric(config, { component, object });
  const channels: HaChannel[] = [];
  for (const row of rows) {
    const channel = readChannel(config, row, metric);
    if (typeof channel === 'string') return channel;
    if (channel !== null) channels.push(channel);
  }
  const availability = readAvailability(config);
  if (availability === null) return `the availability template of ${object} is beyond what is understood here`;
  const info = memberOf(config, 'device');
  const mode = textOf(config, 'availability_mode');
  const attributes = textOf(config, 'json_attributes_template');
  return {
    device,
    facts: {
      name: textOf(info, 'name'),
      model: textOf(info, 'model'),
      maker: textOf(info, 'manufacturer'),
      firmware: textOf(info, 'sw_version'),
      via: textOf(info, 'via_device'),
    },
    channels,
    availability,
    availabilityMode: mode === 'all' || mode === 'any' ? mode : 'latest',
    attributesTopic: textOf(config, 'json_attributes_topic') ?? null,
    attributesTemplate: attributes === undefined ? null : parseTemplate(attributes),
    expireAfterMs: Math.max(0, numberOf(config, 'expire_after') ?? 0) * 1000,
    label: textOf(config, 'name'),
    min: component === 'number' ? (numberOf(config, 'min') ?? 1) : undefined,
    max: component === 'number' ? (numberOf(config, 'max') ?? 100) : undefined,
    commands: readCommands(component, config, metric),
  };
}

function findDevice(config: HaConfig['config'], fallback: string): string {
  const info = memberOf(config, 'device');
  const ids = memberOf(info, 'identifiers');
  const first = Array.isArray(ids) ? ids[0] : ids;
  if (typeof first === 'string' && first !== '') return first;
  const connections = memberOf(info, 'connections');
  const connection = Array.isArray(connections) ? connections[0] : undefined;
  if (Array.isArray(connection) && typeof connection[1] === 'string' && connection[1] !== '') return connection[1];
  return textOf(config, 'unique_id') ?? fallback;
}

/** The entity's own name without the device's in front of it: people say `temperature`, not `kitchen_temperature`. */
function nameMetric(config: HaConfig['config'], { component, object }: { component: string; object: string }): string {
  const device = toWord(textOf(memberOf(config, 'device'), 'name') ?? '');
  const given = toWord(textOf(config, 'name') ?? '');
  const word =
    given !== '' && given !== device ? given : toWord(textOf(config, 'device_class') ?? '') || toWord(object);
  const short = device !== '' && word.startsWith(`${device}_`) ? word.slice(device.length + 1) : word;
  return short === '' ? component : short;
}

function readChannel(config: HaConfig['config'], row: ChannelRow, metric: string): HaChannel | string | null {
  const [topicKey, templateKey, suffix, rowKind, rowUnit] = row;
  const topic = textOf(config, topicKey);
  if (topic === undefined) return null;
  const isJsonLight = textOf(config, 'schema') === 'json';
  const source = textOf(config, templateKey) ?? (isJsonLight ? '{{ value_json.state }}' : undefined);
  const template = source === undefined ? null : parseTemplate(source);
  if (source !== undefined && template === null) {
    return `the template ${source.slice(0, 120)} is beyond what is understood here: members, filters, arithmetic and conditions`;
  }
  const told = spellUnit(textOf(config, 'unit_of_measurement') ?? '');
  return {
    topic,
    template,
    metric: suffix === '' ? metric : `${metric}.${suffix}`,
    unit: suffix === '' ? told : (rowUnit ?? ''),
    kind: rowKind === 'switch' ? 'bool' : rowKind === 'sensor' ? sensorKind(config) : rowKind,
    on: textOf(config, 'state_on') ?? textOf(config, 'payload_on') ?? 'ON',
    off: textOf(config, 'state_off') ?? textOf(config, 'payload_off') ?? 'OFF',
  };
}

function sensorKind(config: HaConfig['config']): MetricKind | null {
  const deviceClass = textOf(config, 'device_class') ?? '';
  if (textClasses.test(deviceClass)) return 'text';
  // `total` may fall, as a meter does that also counts what is fed back.
  const stateClass = textOf(config, 'state_class');
  if (stateClass === 'total_increasing') return 'counter';
  return stateClass !== undefined || textOf(config, 'unit_of_measurement') !== undefined || deviceClass !== ''
    ? 'gauge'
    : null;
}

function readAvailability(config: HaConfig['config']): HaAvailability[] | null {
  const listed = memberOf(config, 'availability');
  const single = textOf(config, 'availability_topic');
  const sources = Array.isArray(listed) ? listed : single === undefined ? [] : [{ ...config, topic: single }];
  const found: HaAvailability[] = [];
  for (const source of sources) {
    const topic = textOf(source, 'topic');
    if (topic === undefined || !isObject(source)) continue;
    const written = Array.isArray(listed) ? textOf(source, 'value_template') : textOf(config, 'availability_template');
    const template = written === undefined ? null : parseTemplate(written);
    if (written !== undefined && template === null) return null;
    found.push({
      topic,
      template,
      online: textOf(source, 'payload_available') ?? 'online',
      offline: textOf(source, 'payload_not_available') ?? 'offline',
    });
  }
  return found;
}

function readCommands(component: string, config: HaConfig['config'], metric: string): HaEntity['commands'] {
  const topic = textOf(config, 'command_topic');
  if (topic === undefined) return [];
  const template = textOf(config, 'command_template');
  // What is sent stands where the template says `value`; any other template is not guessed at.
  const payload = template === undefined ? '{value}' : template.replace(/\{\{\s*value\s*\}\}/g, '{value}');
  if (payload.includes('{{') || payload.includes('{%')) return [];
  const command = { command: metric, topic, metric };
  if (component === 'switch' || component === 'light' || component === 'fan' || component === 'siren') {
    const on = textOf(config, 'payload_on') ?? 'ON';
    const off = textOf(config, 'payload_off') ?? 'OFF';
    const isJson = textOf(config, 'schema') === 'json';
    return [{ ...command, payload: isJson ? '{"state":"{value}"}' : payload, kind: 'bool', on, off }];
  }
  if (component === 'number') return [{ ...command, payload, kind: 'gauge' }];
  if (component === 'select' || component === 'text') return [{ ...command, payload, kind: 'text' }];
  if (component === 'button') {
    return [{ command: metric, topic, payload: textOf(config, 'payload_press') ?? 'PRESS', kind: 'text' }];
  }
  if (component === 'cover' || component === 'valve') {
    const on = textOf(config, 'payload_open') ?? 'OPEN';
    return [{ ...command, payload, kind: 'bool', on, off: textOf(config, 'payload_close') ?? 'CLOSE' }];
  }
  return [];
}
