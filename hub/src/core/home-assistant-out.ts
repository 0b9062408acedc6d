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
  ppm: 'carbon_dioxide',
};

export function discoveryTopic(prefix: string, deviceId: string): string {
  return `${prefix}/device/${objectIdOf(deviceId)}/config`;
}
export function stateTopic(base: string, deviceId: string): string {
  return `${base}/${objectIdOf(deviceId)}/state`;
}
export function availabilityTopic(base: string, deviceId: string): string {
  return `${base}/${objectIdOf(deviceId)}/availability`;
}

/** `hubTopic`: where the bridge itself says online or offline; with it gone, all its devices are. */
export function makeDiscovery(
  device: DeviceState,
  { prefix, base, hubTopic, version }: { prefix: string; base: string; hubTopic: string; version: string },
): OutMessage {
  const { deviceId, model, firmware, metrics } = device;
  const id = objectIdOf(deviceId);
  const payload = {
    dev: {
      ids: [id],
      name: deviceId,
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
  if (kind === 'bool') return { p: 'binary_sensor', ...shared, pl_on: 1, pl_off: 0 };
  if (kind === 'text') return { p: 'sensor', ...shared };
  const deviceClass = classOfUnit[unit] ?? (unit === '%' && /humid/i.test(name) ? 'humidity' : undefined);
  return {
    p: 'sensor',
    ...shared,
    ...(unit === '' ? {} : { unit_of_meas: unit }),
    ...(deviceClass === undefined ? {} : { dev_cla: deviceClass }),
    stat_cla: kind === 'counter' ? 'total_increasing' : 'measurement',
  };
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
