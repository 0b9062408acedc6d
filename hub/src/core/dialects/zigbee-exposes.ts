/**
 * What a Zigbee device exposes, read from Zigbee2MQTT's device list: one row for each property, with unit, kind and range.
 *
 * Owns no state. Bounded in depth and number; `access` bit 1 is published, bit 2 may be set.
 */
import type { MetricShape } from './finding-list.ts';
import { spellUnit } from './infer-metric.ts';
import { type Json, memberOf, numberOf, textOf } from './read-payload.ts';

export interface ZigbeeProperty {
  /** Path in the state: `color.x` for a composite's. */
  readonly path: string;
  readonly shape: MetricShape;
  readonly label: string | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly isSettable: boolean;
  /** Of a binary: what stands for true and false. */
  readonly on: Json;
  readonly off: Json;
}

const propertiesMax = 200;
const depthMax = 4;
const counters = /^(energy|produced_energy|consumed_energy|gas_consumed|water_consumed|.*_total|total_.*)$/;
const namedPower = /power|current|voltage|temperature/;

export function readExposes(exposes: Json | undefined): ZigbeeProperty[] {
  const found: ZigbeeProperty[] = [];
  const walk = (one: Json, prefix: string, depth: number): void => {
    if (depth > depthMax || found.length >= propertiesMax) return;
    const type = textOf(one, 'type') ?? '';
    const property = textOf(one, 'property');
    const features = memberOf(one, 'features');
    if (Array.isArray(features)) {
      // A light or switch has no property of its own; a composite (`color`) has, and its features stand below it.
      const below = type === 'composite' && property !== undefined ? `${prefix}${property}.` : prefix;
      for (const feature of (features as readonly Json[]).slice(0, 64)) walk(feature, below, depth + 1);
    } else if (property !== undefined) {
      const read = readProperty(one, type, `${prefix}${property}`);
      if (read !== null) found.push(read);
    }
  };
  if (Array.isArray(exposes)) for (const one of (exposes as readonly Json[]).slice(0, propertiesMax)) walk(one, '', 0);
  return found;
}

function readProperty(one: Json, type: string, path: string): ZigbeeProperty | null {
  const access = numberOf(one, 'access') ?? 1;
  const unit = spellUnit(textOf(one, 'unit') ?? '');
  const kind =
    type === 'numeric'
      ? counters.test(path) && !namedPower.test(path)
        ? 'counter'
        : 'gauge'
      : type === 'binary'
        ? 'bool'
        : type === 'enum' || type === 'text'
          ? 'text'
          : null;
  if (kind === null) return null;
  const on = memberOf(one, 'value_on') ?? true;
  const isBoolean = typeof on === 'boolean';
  return {
    path,
    shape: { metric: path, unit, kind },
    label: textOf(one, 'label'),
    min: numberOf(one, 'value_min'),
    max: numberOf(one, 'value_max'),
    isSettable: (access & 2) !== 0,
    on: isBoolean ? true : on,
    off: isBoolean ? false : (memberOf(one, 'value_off') ?? false),
  };
}
