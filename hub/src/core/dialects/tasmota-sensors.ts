/**
 * What Tasmota's sensor keys mean: `ENERGY.Total` is a counter in kWh, `AM2301.DewPoint` a temperature.
 *
 * Owns no state but its table. A key that is not in it keeps its own name, with the unit that its name suggests.
 */
import type { MetricKind } from '@lapwing/protocol';
import type { MetricShape } from './finding-list.ts';
import { inferMetric } from './infer-metric.ts';
import { toWord } from './read-payload.ts';

export interface TasmotaUnits {
  readonly temperature: string;
  readonly pressure: string;
  readonly speed: string;
}

type KeyMeaning = readonly [name: string, unit: string, kind?: MetricKind];

const energyKeys: ReadonlyMap<string, KeyMeaning> = new Map<string, KeyMeaning>([
  ['Total', ['total', 'kWh', 'counter']],
  ['Today', ['today', 'kWh', 'counter']],
  ['Yesterday', ['yesterday', 'kWh']],
  ['ExportActive', ['export', 'kWh', 'counter']],
  ['ExportReactive', ['export_reactive', 'kvarh', 'counter']],
  ['Period', ['period', 'Wh']],
  ['Power', ['power', 'W']],
  ['ApparentPower', ['apparent_power', 'VA']],
  ['ReactivePower', ['reactive_power', 'var']],
  ['Factor', ['power_factor', '']],
  ['Frequency', ['frequency', 'Hz']],
  ['Voltage', ['voltage', 'V']],
  ['Current', ['current', 'A']],
]);

/** Keys of any driver; a unit in braces is the device's setting. */
const keys: ReadonlyMap<string, KeyMeaning> = new Map<string, KeyMeaning>([
  ['Temperature', ['temperature', '{temperature}']],
  ['DewPoint', ['dew_point', '{temperature}']],
  ['Humidity', ['humidity', '%']],
  ['Pressure', ['pressure', '{pressure}']],
  ['SeaPressure', ['sea_pressure', '{pressure}']],
  ['Illuminance', ['illuminance', 'lx']],
  ['CarbonDioxide', ['co2', 'ppm']],
  ['eCO2', ['eco2', 'ppm']],
  ['TVOC', ['tvoc', 'ppb']],
  ['Gas', ['gas', 'kΩ']],
  ['PM1', ['pm1', 'µg/m³']],
  ['PM2.5', ['pm2_5', 'µg/m³']],
  ['PM10', ['pm10', 'µg/m³']],
  ['Distance', ['distance', 'cm']],
  ['Speed', ['speed', '{speed}']],
  ['Weight', ['weight', 'kg']],
  ['Moisture', ['moisture', '%']],
]);

/** Says nothing that changes: which chip it is, and since when something is counted. */
const idKeys = /^(Id|Time|TotalStartTime|.*StartTime|Name|Addr|Address)$/;

/** The metric that a value at `path` belongs to, or null where it says nothing. */
export function findSensorShape(
  path: readonly string[],
  value: string | number | boolean,
  units: TasmotaUnits,
): { shape: MetricShape; value: string | number | boolean } | null {
  const [driver = '', ...rest] = path;
  const channel = /^\d+$/.test(path.at(-1) ?? '') && rest.length > 1 ? `_${path.at(-1)}` : '';
  const key = (channel === '' ? path : path.slice(0, -1)).at(-1) ?? '';
  if (idKeys.test(key)) return null;
  if (rest.length === 0) return shapeOfBare(driver, value);
  const meaning = (driver === 'ENERGY' ? energyKeys : keys).get(key);
  const groups = (channel === '' ? path.slice(0, -1) : path.slice(0, -2)).map(toWord).filter((word) => word !== '');
  const group = groups.length === 0 ? '' : `${groups.join('.')}.`;
  if (meaning !== undefined && typeof value === 'number') {
    const [name, unit, kind = 'gauge'] = meaning;
    return { shape: { metric: `${group}${name}${channel}`, unit: fillUnit(unit, units), kind }, value };
  }
  if (driver === 'COUNTER' && typeof value === 'number') {
    return { shape: { metric: `${group}${toWord(key)}`, unit: '', kind: 'counter' }, value };
  }
  const spoken = readWord(value);
  return { shape: inferMetric(`${group}${toWord(key)}${channel}`, spoken), value: spoken };
}

/** `"Switch1":"ON"` stands beside the drivers. */
function shapeOfBare(key: string, value: string | number | boolean) {
  const spoken = readWord(value);
  return { shape: inferMetric(toWord(key), spoken), value: spoken };
}

function readWord(value: string | number | boolean): string | number | boolean {
  if (value === 'ON') return true;
  return value === 'OFF' ? false : value;
}

function fillUnit(unit: string, units: TasmotaUnits): string {
  if (unit === '{temperature}') return units.temperature;
  if (unit === '{pressure}') return units.pressure;
  return unit === '{speed}' ? units.speed : unit;
}
