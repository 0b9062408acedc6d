/**
 * The hub's devices as Home Assistant sees them: discovery in the device form, states, availability; as topics and payloads.
 *
 * Pure. One retained discovery message a device names all its metrics; one state message, JSON, holds their newest values, under keys
 * m0, m1 … by their place in the device's list, so that no name needs escaping in a template.
 * Source: Home Assistant, "MQTT discovery", device discovery payload.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import { ContentHash } from './content-hash.ts';
import type { DeviceState } from './device-roster.ts';

export interface OutMessage {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** Units by which Home Assistant knows what is measured, as it spells them. A unit of several quantities says nothing. */
const classOfUnit: Readonly<Record<string, string>> = {
  '°C': 'temperature',
  '°F': 'temperature',
  K: 'temperature',
  hPa: 'atmospheric_pressure',
  mbar: 'atmospheric_pressure',
  V: 'voltage',
  mV: 'voltage',
  A: 'current',
  mA: 'current',
  W: 'power',
  kW: 'power',
  Wh: 'energy',
  kWh: 'energy',
  Hz: 'frequency',
  lx: 'illuminance',
  dBm: 'signal_strength',
  VA: 'apparent_power',
  var: 'reactive_power',
};
/** What else a unit can be of is told by the name. */
const classOfName: readonly { readonly unit: string; readonly name: RegExp; readonly deviceClass: string }[] = [
  { unit: '%', name: /humid/i, deviceClass: 'humidity' },
  { unit: '%', name: /batter/i, deviceClass: 'battery' },
  { unit: '%', name: /moisture/i, deviceClass: 'moisture' },
  { unit: 'ppm', name: /co2|carbon.?dioxide/i, deviceClass: 'carbon_dioxide' },
  { unit: 'µg/m³', name: /pm2[._]?5?$/i, deviceClass: 'pm25' },
  { unit: 'µg/m³', name: /pm10/i, deviceClass: 'pm10' },
];
/**
 * What a true or false is of, where its name says so and 1 is what the class calls on. Not of contacts: some say true when closed.
 * Source: Home Assistant, "Binary sensor", device class.
 */
const classOfSwitch: readonly { readonly name: RegExp; readonly deviceClass: string }[] = [
  { name: /battery.?low|low.?battery/i, deviceClass: 'battery' },
  { name: /(^|[._ -])door/i, deviceClass: 'door' },
  { name: /(^|[._ -])window/i, deviceClass: 'window' },
  { name: /motion/i, deviceClass: 'motion' },
  { name: /occupan|presence/i, deviceClass: 'occupancy' },
  { name: /leak|moist/i, deviceClass: 'moisture' },
  { name: /smoke/i, deviceClass: 'smoke' },
  { name: /tamper/i, deviceClass: 'tamper' },
  { name: /vibration/i, deviceClass: 'vibration' },
];

export function discoveryTopic(prefix: string, deviceId: string): string {
  return `${prefix}/device/${objectIdOf(deviceId)}/config`;
}
export function stateTopic(base: string, deviceId: string): string {
  return `${base}/${objectIdOf(deviceId)}/state`;
}
export function availabilityTopic(base: string, deviceId: string): string {
  return `${base}/${objectIdOf(deviceId)}/availability`;
}

export interface DiscoveryOptions {
  readonly prefix: string;
  readonly base: string;
  /** Where the bridge itself says online or offline; with it gone, all its devices are. */
  readonly hubTopic: string;
  readonly version: string;
  /** What people call the device, '' where they do not. */
  readonly label: string;
}

export function makeDiscovery(device: DeviceState, options: DiscoveryOptions): OutMessage {
  const { prefix, base, hubTopic, version, label } = options;
  const { deviceId, model, firmware, metrics } = device;
  const id = objectIdOf(deviceId);
  const payload = {
    dev: {
      ids: [id],
      name: label === '' ? deviceId : label,
      ...(model === '' ? {} : { mdl: model }),
      ...(firmware === '' ? {} : { sw: firmware }),
    },
    o: { name: 'Lapwing', sw: version },
    avty: [{ t: availabilityTopic(base, deviceId) }, { t: hubTopic }],
    avty_mode: 'all',
    stat_t: stateTopic(base, deviceId),
    cmps: Object.fromEntries(metrics.map((metric, i) => [`m${i}`, describeMetric(metric, `${id}_m${i}`, i)])),
  };
  return { topic: discoveryTopic(prefix, deviceId), payload: JSON.stringify(payload), retain: true };
}

function describeMetric({ name, unit, kind }: MetricDeclaration, uniqueId: string, i: number): object {
  const shared = { name, uniq_id: uniqueId, val_tpl: `{{ value_json.m${i} }}` };
  if (kind === 'bool') {
    const deviceClass = classOfSwitch.find((one) => one.name.test(name))?.deviceClass;
    return { p: 'binary_sensor', ...shared, ...ofClass(deviceClass), pl_on: 1, pl_off: 0 };
  }
  if (kind === 'text') return { p: 'sensor', ...shared };
  const deviceClass =
    classOfUnit[unit] ?? classOfName.find((one) => one.unit === unit && one.name.test(name))?.deviceClass;
  // Of energy there is no momentary value: Home Assistant refuses "measurement".
  const ofGauge = deviceClass === 'energy' ? 'total' : 'measurement';
  return {
    p: 'sensor',
    ...shared,
    ...(unit === '' ? {} : { unit_of_meas: unit }),
    ...ofClass(deviceClass),
    stat_cla: kind === 'counter' ? 'total_increasing' : ofGauge,
  };
}

function ofClass(deviceClass: string | undefined): object {
  return deviceClass === undefined ? {} : { dev_cla: deviceClass };
}

/** Null where there is no value yet. What JSON cannot say (NaN, infinities) is left out. */
export function makeState({ deviceId, metrics, latest }: DeviceState, base: string): OutMessage | null {
  const values: Record<string, number | string> = {};
  let count = 0;
  for (let i = 0; i < metrics.length; i++) {
    const value = metrics[i]!.kind === 'text' ? latest.texts[i] : latest.value[i]!;
    if (Number.isNaN(latest.timeMs[i]!) || value === undefined) continue;
    if (typeof value === 'number' && !Number.isFinite(value)) continue;
    values[`m${i}`] = value;
    count += 1;
  }
  return count === 0 ? null : { topic: stateTopic(base, deviceId), payload: JSON.stringify(values), retain: true };
}

/** A sleeping device is as it should be: its last values hold. */
export function makeAvailability({ deviceId, presence }: DeviceState, base: string): OutMessage {
  const isHere = presence === 'online' || presence === 'asleep' || presence === 'late';
  return { topic: availabilityTopic(base, deviceId), payload: isHere ? 'online' : 'offline', retain: true };
}

/** Letters, digits, _ and - are all that an object id may have; ids that differ elsewhere only stay apart by a hash. */
export function objectIdOf(deviceId: string): string {
  const plain = deviceId.replace(/[^A-Za-z0-9_-]/g, '_');
  return plain === deviceId
    ? `lapwing_${plain}`
    : `lapwing_${plain}_${new ContentHash().add(deviceId).value(24).toString(16)}`;
}
