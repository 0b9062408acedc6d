/**
 * The metrics of one Sparkplug node or device: what its birth defines, and what data mean by it.
 *
 * Owns no state; the definitions are the reader's. Names keep their words, with dots for slashes. Control metrics are not readings.
 */
import type { FindingList, MetricShape } from './finding-list.ts';
import { inferMetric, spellUnit } from './infer-metric.ts';
import { datatypes, interpretValue, type SparkplugMetric, type SparkplugPayload } from './sparkplug-payload.ts';

export interface SparkplugDefinition {
  readonly shape: MetricShape;
  readonly datatype: number;
}
export interface SparkplugDefinitions {
  readonly byName: ReadonlyMap<string, SparkplugDefinition>;
  readonly byAlias: ReadonlyMap<bigint, SparkplugDefinition>;
}

const nameCharsMax = 256;
const control = /^(bdSeq|(Node|Device) Control\/.*|Node Info\/.*)$/;
/** A few properties that most edge nodes tell of themselves. */
const factNames: ReadonlyMap<string, 'model' | 'maker' | 'firmware' | 'address'> = new Map([
  ['Properties/Hardware Model', 'model'],
  ['Properties/Hardware Make', 'maker'],
  ['Properties/FW', 'firmware'],
  ['Properties/Firmware Version', 'firmware'],
  ['Properties/IP Address', 'address'],
]);

/** Reads a birth. */
export function defineMetrics(list: FindingList, device: string, { metrics }: SparkplugPayload): SparkplugDefinitions {
  const byName = new Map<string, SparkplugDefinition>();
  const byAlias = new Map<bigint, SparkplugDefinition>();
  const unread: string[] = [];
  for (const metric of metrics) {
    const { name, alias, datatype } = metric;
    if (name === null || name.length > nameCharsMax) continue;
    const shape = shapeOf(metric, name);
    if (shape === null) {
      unread.push(name);
      // A definition all the same: its data are not unknown, only left out.
    }
    const definition = { shape: shape ?? { metric: '', unit: '', kind: 'text' as const }, datatype };
    byName.set(name, definition);
    if (alias !== null) byAlias.set(alias, definition);
    const fact = factNames.get(name);
    if (fact !== undefined && metric.value?.type === 'text') list.facts(device, { [fact]: metric.value.value });
    if (shape !== null && fact === undefined && !control.test(name)) {
      const { min, max } = metric;
      list.metric(device, shape, { ...(min === null ? {} : { min }), ...(max === null ? {} : { max }) });
    }
  }
  if (unread.length > 0) {
    const names = unread.slice(0, 5).join(', ');
    const text = `data sets, templates, files and arrays are not read: ${names}${unread.length > 5 ? ' and others' : ''}`;
    list.fault(device, 'unsupported', text);
  }
  return { byName, byAlias };
}

function shapeOf(metric: SparkplugMetric, name: string): MetricShape | null {
  const dotted = name.replaceAll('/', '.');
  const { datatype } = metric;
  if (datatype === datatypes.boolean) return { metric: dotted, unit: '', kind: 'bool' };
  if (datatype >= datatypes.string && datatype <= datatypes.uuid) return { metric: dotted, unit: '', kind: 'text' };
  if (datatype < datatypes.int8 || datatype > datatypes.double) return null;
  const inferred = inferMetric(dotted, 0);
  return metric.unit === '' ? inferred : { ...inferred, unit: spellUnit(metric.unit) };
}

/** Whether something was not defined by any birth, so that a new one is needed. */
export function readMetrics(
  list: FindingList,
  from: { device: string; definitions: SparkplugDefinitions; payload: SparkplugPayload },
): boolean {
  const { device, definitions, payload } = from;
  let isUnknown = false;
  for (const metric of payload.metrics) {
    const { name, alias } = metric;
    const definition =
      (name === null ? undefined : definitions.byName.get(name)) ??
      (alias === null ? undefined : definitions.byAlias.get(alias));
    if (definition === undefined) {
      if (name !== null && control.test(name)) continue;
      isUnknown = true;
      const which = name ?? (alias === null ? 'a metric with neither name nor alias' : `alias ${alias}`);
      list.fault(device, 'unknown-alias', `${which} was not defined by the birth`);
      continue;
    }
    if (definition.shape.metric === '' || (name !== null && (control.test(name) || factNames.has(name)))) continue;
    // A value of null is "no value now", which is no reading.
    if (metric.isNull || metric.value === null) continue;
    const value = interpretValue(metric.value, definition.datatype);
    list.time = { timeMs: metric.timeMs ?? payload.timeMs, isHistorical: metric.isHistorical };
    if (value !== null && !isControl(definition, definitions)) list.reading(device, definition.shape, value);
  }
  return isUnknown;
}

/** By alias a control metric has no name to be known by. */
function isControl(definition: SparkplugDefinition, { byName }: SparkplugDefinitions): boolean {
  const { metric } = definition.shape;
  return (metric === 'bdSeq' || /^(Node|Device) Control\./.test(metric)) && byName.has(metric.replaceAll('.', '/'));
}
