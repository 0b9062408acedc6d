/** ESPHome climate nodes with a relay, announced through Home Assistant discovery. Owns each relay. */

import type { Random } from '../random.ts';
import { drawHex, type MakeDialectDevices, placeOf, type SimDevice, say, titleOf } from './dialect-device.ts';
import { makeSignal } from './signals.ts';

export const makeEsphomeDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => makeNode(index, randomOf(index)));

function makeNode(index: number, random: Random): SimDevice {
  const name = `esp-${placeOf(index)}`;
  const mac = `8caab5${drawHex(random, 6)}`;
  const device = {
    ids: mac,
    name: `${titleOf(placeOf(index))} climate`,
    sw: 'esphome v2025.5.0 2025-06-01',
    mdl: 'esp32dev',
    mf: 'Espressif',
  };
  const sensors = [
    {
      key: 'temperature',
      title: 'Temperature',
      unit: '°C',
      signal: makeSignal(random, { home: 20.5, daily: 2, wander: 1.2, noise: 0.05 }),
    },
    {
      key: 'humidity',
      title: 'Humidity',
      unit: '%',
      signal: makeSignal(random, { home: 45, daily: -5, wander: 5, noise: 0.2 }),
    },
    {
      key: 'pressure',
      title: 'Pressure',
      unit: 'hPa',
      signal: makeSignal(random, { home: 1013, wander: 6, noise: 0.05 }),
    },
    {
      key: 'carbon_dioxide',
      title: 'CO2',
      unit: 'ppm',
      signal: makeSignal(random, { home: 700, daily: 180, wander: 120, noise: 8, digits: 0, min: 400 }),
    },
    {
      key: 'signal_strength',
      title: 'WiFi signal',
      unit: 'dBm',
      signal: makeSignal(random, { home: -60, wander: 4, noise: 2, digits: 0 }),
    },
  ];
  let isOn = false;
  const status = `${name}/status`;
  const stateOf = (key: string): string => `${name}/sensor/${key}/state`;
  const relay = (): ReturnType<typeof say> => say(`${name}/switch/fan/state`, isOn ? 'ON' : 'OFF', { retain: true });
  const samples = (nowMs: number) =>
    sensors.map(({ key, signal }) => say(stateOf(key), signal(nowMs).toString(), { retain: true }));
  return {
    id: name,
    will: say(status, 'offline', { retain: true }),
    subscriptions: [`${name}/switch/fan/command`, 'esphome/discover'],
    births: (nowMs) => [
      say(status, 'online', { retain: true }),
      ...sensors.map(({ key, title, unit }) =>
        say(
          `homeassistant/sensor/${name}/${key}/config`,
          {
            dev_cla: key,
            unit_of_meas: unit,
            stat_cla: 'measurement',
            name: title,
            stat_t: stateOf(key),
            avty_t: status,
            uniq_id: `${mac}-sensor-${key}`,
            dev: device,
          },
          { retain: true },
        ),
      ),
      say(
        `homeassistant/switch/${name}/fan/config`,
        {
          name: 'Fan',
          stat_t: `${name}/switch/fan/state`,
          cmd_t: `${name}/switch/fan/command`,
          avty_t: status,
          uniq_id: `${mac}-switch-fan`,
          dev: device,
        },
        { retain: true },
      ),
      say(
        `esphome/discover/${name}`,
        {
          ip: `192.168.1.${60 + (index % 100)}`,
          name,
          mac,
          board: 'esp32dev',
          version: '2025.5.0',
          platform: 'ESP32',
          network: 'wifi',
        },
        { retain: true },
      ),
      ...samples(nowMs),
      relay(),
    ],
    samples,
    hear: ({ topic, text }) => {
      if (!topic.endsWith('/command')) return [];
      isOn = text === 'ON';
      return [relay()];
    },
  };
}
