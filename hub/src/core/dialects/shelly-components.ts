/**
 * What the status of each Shelly Gen2+ component says: fields, names, units (API docs: Components and Services).
 *
 * Owns no state but its table. Energies are Wh on the wire and kWh here, as for every other device. A component that is not in the
 * table, such as a script, says nothing worth keeping.
 */
import type { MetricKind } from '@lapwing/protocol';
import type { MetricShape } from './finding-list.ts';
import { isObject, type Json, type JsonObject, memberOf } from './read-payload.ts';

type Field = readonly [path: string, name: string, unit: string, kind?: MetricKind, factor?: number];

const metering: readonly Field[] = [
  ['apower', 'power', 'W'],
  ['voltage', 'voltage', 'V'],
  ['current', 'current', 'A'],
  ['pf', 'power_factor', ''],
  ['freq', 'frequency', 'Hz'],
  ['aprtpower', 'apparent_power', 'VA'],
  ['aenergy.total', 'energy', 'kWh', 'counter', 0.001],
  ['ret_aenergy.total', 'energy_returned', 'kWh', 'counter', 0.001],
  ['temperature.tC', 'temperature', '°C'],
];
const phases: readonly Field[] = ['a_', 'b_', 'c_', 'n_', 'total_', ''].flatMap((phase): Field[] => [
  [`${phase}act_power`, `${phase}power`, 'W'],
  [`${phase}aprt_power`, `${phase}apparent_power`, 'VA'],
  [`${phase}voltage`, `${phase}voltage`, 'V'],
  [`${phase}current`, `${phase}current`, 'A'],
  [`${phase}pf`, `${phase}power_factor`, ''],
  [`${phase}freq`, `${phase}frequency`, 'Hz'],
]);
const phaseEnergies: readonly Field[] = ['a_', 'b_', 'c_', ''].flatMap((phase): Field[] => [
  [`${phase}total_act_energy`, `${phase}energy`, 'kWh', 'counter', 0.001],
  [`${phase}total_act_ret_energy`, `${phase}energy_returned`, 'kWh', 'counter', 0.001],
]);

/** '' as a name is the component itself: `switch`, `temperature`. */
const fieldsOf: ReadonlyMap<string, readonly Field[]> = new Map<string, readonly Field[]>([
  ['switch', [['output', '', '', 'bool'], ...metering]],
  ['light', [['output', '', '', 'bool'], ['brightness', 'brightness', '%'], ...metering]],
  ['rgbw', [['output', '', '', 'bool'], ['brightness', 'brightness', '%'], ...metering]],
  ['cover', [['state', '', '', 'text'], ['current_pos', 'position', '%'], ...metering]],
  ['pm1', metering],
  ['em', phases],
  ['em1', phases],
  ['emdata', [...phaseEnergies, ['total_act', 'energy', 'kWh', 'counter', 0.001], ['total_act_ret', 'energy_returned', 'kWh', 'counter', 0.001]]],
  ['em1data', phaseEnergies],
  ['temperature', [['tC', '', '°C']]],
  ['humidity', [['rh', '', '%']]],
  ['illuminance', [['lux', '', 'lx'], ['illumination', 'level', '', 'text']]],
  ['voltmeter', [['voltage', '', 'V'], ['xvoltage', 'scaled', '']]],
  ['devicepower', [['battery.percent', '', '%'], ['battery.V', 'voltage', 'V'], ['external.present', 'external_power', '', 'bool']]],
  ['input', [['state', '', '', 'bool'], ['percent', 'percent', '%'], ['counts.total', 'count', '', 'counter'], ['freq', 'frequency', 'Hz']]],
  ['flood', [['alarm', '', '', 'bool']]],
  ['smoke', [['alarm', '', '', 'bool']]],
  ['thermostat', [['current_C', 'temperature', '°C'], ['target_C', 'target_temperature', '°C'], ['output', 'output', '', 'bool']]],
  ['boolean', [['value', '', '', 'bool']]],
  ['number', [['value', '', '']]],
  ['text', [['value', '', '', 'text']]],
  ['enum', [['value', '', '', 'text']]],
  ['bthomesensor', [['value', '', '']]],
  ['wifi', [['rssi', 'rssi', 'dBm']]],
  ['sys', [['uptime', '', 's'], ['ram_free', 'ram_free', 'B']]],
]); // biome-ignore format: a table is read by its rows

/** As people say it, where the component's own word is another. */
const namesOf: ReadonlyMap<string, string> = new Map([
  ['devicepower', 'battery'],
  ['sys', 'uptime'],
  ['pm1', 'meter'],
  ['em', 'meter'],
  ['em1', 'meter'],
  ['emdata', 'meter'],
  ['em1data', 'meter'],
]);

export interface ShellyValue {
  readonly shape: MetricShape;
  readonly value: number | string | boolean;
}

export function isShellyComponent(key: string): boolean {
  return fieldsOf.has(key.split(':')[0] ?? '');
}

/** What the (whole or partial) status of `key`, such as `switch:0`, says. Nulls are what the device does not know now. */
export function readComponent(key: string, status: JsonObject): ShellyValue[] {
  const [type = '', id = '0'] = key.split(':');
  const base = namesOf.get(type) ?? type;
  const component = id === '0' || !/^\d{1,4}$/.test(id) ? base : `${base}_${id}`;
  const found: ShellyValue[] = [];
  for (const [path, name, unit, kind = 'gauge', factor] of fieldsOf.get(type) ?? []) {
    const value = path.split('.').reduce<Json | undefined>((of, key) => memberOf(of, key), status);
    const wanted = kind === 'bool' ? 'boolean' : kind === 'text' ? 'string' : 'number';
    if (typeof value !== wanted) continue;
    const metric = name === '' ? component : type === 'sys' ? name : `${component}.${name}`;
    const scaled = factor === undefined ? (value as number) : Number(((value as number) * factor).toPrecision(12));
    found.push({
      shape: { metric, unit, kind },
      value: factor === undefined ? (value as number | string | boolean) : scaled,
    });
  }
  return found;
}

/** Faults that a component reports of itself: `overpower`, `overtemp`. */
export function readComponentErrors(status: JsonObject): string[] {
  const errors = memberOf(status, 'errors');
  return Array.isArray(errors) ? errors.slice(0, 8).filter((error): error is string => typeof error === 'string') : [];
}

export function isComponentStatus(json: Json | undefined): json is JsonObject {
  return isObject(json);
}
