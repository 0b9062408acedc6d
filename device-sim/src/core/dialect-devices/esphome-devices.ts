/** ESPHome climate nodes with a relay, announced through Home Assistant discovery. Owns each relay. */
import type { Random } from '../random.ts';
import {
  drawHex,
  type MakeDialectDevices,
  placeOf,
  type SimDevice,
  type SimPublication,
  say,
  titleOf,
} from './dialect-device.ts';
import { makeSignal, type Signal } from './signals.ts';

const retained = { retain: true } as const;

export const makeEsphomeDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => makeNode(index, randomOf(index)));

interface Sensor {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly signal: Signal;
}

function makeNode(index: number, random: Random): SimDevice {
  const name = `esp-${placeOf(index)}`;
  const mac = `8caab5${drawHex(random, 6)}`;
  const sensors = makeSensors(random);
  let isOn = false;
  const relay = (): SimPublication => say(`${name}/switch/fan/state`, isOn ? 'ON' : 'OFF', retained);
  const samples = (nowMs: number): SimPublication[] =>
    sensors.map(({ key, signal }) => say(`${name}/sensor/${key}/state`, signal(nowMs).toString(), retained));
  const about = {
    ip: `192.168.1.${60 + (index % 100)}`,
    name,
    mac,
    board: 'esp32dev',
    version: '2025.5.0',
    platform: 'ESP32',
  };
  return {
    id: name,
    will: say(`${name}/status`, 'offline', retained),
    subscriptions: [`${name}/switch/fan/command`, 'esphome/discover'],
    births: (nowMs) => [
      say(`${name}/status`, 'online', retained),
      ...announce(sensors, { name, mac, title: `${titleOf(placeOf(index))} climate` }),
      say(`esphome/discover/${name}`, about, retained),
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

function makeSensors(random: Random): Sensor[] {
  const sensor = (key: string, title: string, more: { unit: string; signal: Signal }): Sensor => ({
    key,
    title,
    ...more,
  });
  const celsius = makeSignal(random, { home: 20.5, daily: 2, wander: 1.2, noise: 0.05 });
  const humidity = makeSignal(random, { home: 45, daily: -5, wander: 5, noise: 0.2 });
  const pressure = makeSignal(random, { home: 1013, wander: 6, noise: 0.05 });
  const co2 = makeSignal(random, { home: 700, daily: 180, wander: 120, noise: 8, digits: 0, min: 400 });
  const rssi = makeSignal(random, { home: -60, wander: 4, noise: 2, digits: 0 });
  return [
    sensor('temperature', 'Temperature', { unit: '°C', signal: celsius }),
    sensor('humidity', 'Humidity', { unit: '%', signal: humidity }),
    sensor('pressure', 'Pressure', { unit: 'hPa', signal: pressure }),
    sensor('carbon_dioxide', 'CO2', { unit: 'ppm', signal: co2 }),
    sensor('signal_strength', 'WiFi signal', { unit: 'dBm', signal: rssi }),
  ];
}

function announce(
  sensors: readonly Sensor[],
  { name, mac, title }: { name: string; mac: string; title: string },
): SimPublication[] {
  const dev = { ids: mac, name: title, sw: 'esphome v2025.5.0 2025-06-01', mdl: 'esp32dev', mf: 'Espressif' };
  const avty_t = `${name}/status`;
  const relay = { stat_t: `${name}/switch/fan/state`, cmd_t: `${name}/switch/fan/command` };
  return [
    ...sensors.map(({ key, title, unit }) => {
      const kind = { dev_cla: key, unit_of_meas: unit, stat_cla: 'measurement' };
      const config = {
        ...kind,
        name: title,
        stat_t: `${name}/sensor/${key}/state`,
        avty_t,
        uniq_id: `${mac}-sensor-${key}`,
        dev,
      };
      return say(`homeassistant/sensor/${name}/${key}/config`, config, retained);
    }),
    say(
      `homeassistant/switch/${name}/fan/config`,
      { name: 'Fan', ...relay, avty_t, uniq_id: `${mac}-switch-fan`, dev },
      retained,
    ),
  ];
}
