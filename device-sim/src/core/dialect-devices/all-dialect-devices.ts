/** The dialects that can be simulated, by the name that `device-sim mqtt --dialect` takes. */
import { createRandom } from '../random.ts';
import type { MakeDialectDevices, SimDevice } from './dialect-device.ts';
import { makeEsphomeDevices } from './esphome-devices.ts';
import { makeHomieDevices } from './homie-devices.ts';
import { makeShellyDevices, makeShellyGen1Devices } from './shelly-devices.ts';
import {
  makeChirpstackDevices,
  makeInfluxDevices,
  makeJsonDevices,
  makeSenmlDevices,
  makeThingsboardDevices,
} from './simple-devices.ts';
import { makeSparkplugDevices } from './sparkplug-devices.ts';
import { makeTasmotaDevices } from './tasmota-devices.ts';
import { makeZigbeeDevices } from './zigbee-devices.ts';

export const simDialects = [
  'tasmota',
  'esphome',
  'shelly',
  'shelly-gen1',
  'zigbee2mqtt',
  'sparkplug',
  'thingsboard',
  'senml',
  'homie',
  'influx',
  'chirpstack',
  'json',
] as const;
export type SimDialect = (typeof simDialects)[number];

const makers: { readonly [dialect in SimDialect]: MakeDialectDevices } = {
  tasmota: makeTasmotaDevices,
  esphome: makeEsphomeDevices,
  shelly: makeShellyDevices,
  'shelly-gen1': makeShellyGen1Devices,
  zigbee2mqtt: makeZigbeeDevices,
  sparkplug: makeSparkplugDevices,
  thingsboard: makeThingsboardDevices,
  senml: makeSenmlDevices,
  homie: makeHomieDevices,
  influx: makeInfluxDevices,
  chirpstack: makeChirpstackDevices,
  json: makeJsonDevices,
};

/** The same for the same seed, whatever the other dialects are. */
export function makeDialectDevices(dialect: SimDialect, { count, seed }: { count: number; seed: number }): SimDevice[] {
  const salt = (simDialects.indexOf(dialect) + 1) * 104_729;
  return makers[dialect](count, (index) => createRandom(seed * 1_000_003 + salt + index * 7_919));
}
