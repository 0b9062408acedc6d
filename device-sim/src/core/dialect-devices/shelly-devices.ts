/** Shelly Plus 1PM relays, every third a sleeping H&T; and relays of the first generation. Owns each relay. */

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
import { makeCounter, makeSignal } from './signals.ts';

export const makeShellyDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) =>
    index % 3 === 2 ? makeSleeper(randomOf(index)) : makeRelay(index, randomOf(index)),
  );

function makeRelay(index: number, random: Random): SimDevice {
  const id = `shellyplus1pm-${drawHex(random, 12)}`;
  const watts = makeSignal(random, { home: 45 + random() * 60, daily: 20, wander: 30, noise: 2, min: 1 });
  const volts = makeSignal(random, { home: 230, wander: 3, noise: 0.4 });
  const chip = makeSignal(random, { home: 48, daily: 3, wander: 3, noise: 0.2 });
  const wattHours = makeCounter(random, 55, 3);
  const rssi = makeSignal(random, { home: -55, wander: 4, noise: 2, digits: 0 });
  let isOn = true;
  const relay = (nowMs: number): object => {
    const power = isOn ? watts(nowMs) : 0;
    return {
      id: 0,
      output: isOn,
      apower: power,
      voltage: volts(nowMs),
      current: Number((power / volts(nowMs)).toFixed(3)),
      freq: 50,
      aenergy: { total: wattHours(nowMs) },
      temperature: { tC: chip(nowMs), tF: Number((chip(nowMs) * 1.8 + 32).toFixed(1)) },
    };
  };
  const notify = (nowMs: number, params: object): SimPublication =>
    say(`${id}/events/rpc`, {
      src: id,
      dst: `${id}/events`,
      method: 'NotifyStatus',
      params: { ts: nowMs / 1000, ...params },
    });
  const answer = (method: string, nowMs: number): object => {
    if (method === 'Shelly.GetDeviceInfo')
      return { name: titleOf(placeOf(index)), id, model: 'SNSW-001P16EU', gen: 2, ver: '1.7.1', app: 'Plus1PM' };
    const sys = { uptime: Math.floor(nowMs / 1000) % 2_592_000, ram_free: 148_920 };
    return {
      'switch:0': relay(nowMs),
      'input:0': { id: 0, state: false },
      sys,
      wifi: { sta_ip: `192.168.1.${160 + (index % 90)}`, rssi: rssi(nowMs) },
    };
  };
  return {
    id,
    will: say(`${id}/online`, 'false', { retain: true, qos: 1 }),
    subscriptions: [`${id}/rpc`],
    births: () => [say(`${id}/online`, 'true', { retain: true, qos: 1 })],
    samples: (nowMs) => [notify(nowMs, { 'switch:0': relay(nowMs), wifi: { rssi: rssi(nowMs) } })],
    hear: ({ text, nowMs }) => {
      const request = readRequest(text);
      if (request === null) return [];
      const reply = (result: object): SimPublication =>
        say(`${request.src}/rpc`, { id: request.id, src: id, dst: request.src, result });
      if (request.method !== 'Switch.Set') return [reply(answer(request.method, nowMs))];
      const before = isOn;
      isOn = request.on ?? isOn;
      return [
        reply({ was_on: before }),
        notify(nowMs, { 'switch:0': { id: 0, output: isOn, apower: isOn ? watts(nowMs) : 0, source: 'MQTT' } }),
      ];
    },
  };
}

function readRequest(text: string): { id: number; src: string; method: string; on: boolean | undefined } | null {
  try {
    const json = JSON.parse(text) as { id?: unknown; src?: unknown; method?: unknown; params?: { on?: unknown } };
    if (typeof json.src !== 'string' || typeof json.method !== 'string') return null;
    const on = json.params?.on;
    return { id: Number(json.id), src: json.src, method: json.method, on: typeof on === 'boolean' ? on : undefined };
  } catch {
    // What is not JSON a real one passes over, too.
    return null;
  }
}

/** It wakes, says everything, and sleeps again; here each time it is asked for a sample. */
function makeSleeper(random: Random): SimDevice {
  const id = `shellyplusht-${drawHex(random, 12)}`;
  const celsius = makeSignal(random, { home: 19, daily: 2, wander: 1, noise: 0.1 });
  const humidity = makeSignal(random, { home: 50, daily: -5, wander: 5, noise: 0.3 });
  const battery = makeSignal(random, { home: 82, wander: 0.6, digits: 0 });
  const full = (nowMs: number): SimPublication =>
    say(`${id}/events/rpc`, {
      src: id,
      dst: `${id}/events`,
      method: 'NotifyFullStatus',
      params: {
        ts: nowMs / 1000,
        'devicepower:0': { id: 0, battery: { V: 5.6, percent: battery(nowMs) }, external: { present: false } },
        'humidity:0': { id: 0, rh: humidity(nowMs) },
        'temperature:0': { id: 0, tC: celsius(nowMs), tF: Number((celsius(nowMs) * 1.8 + 32).toFixed(1)) },
        sys: { uptime: 3, wakeup_period: 600 },
        wifi: { sta_ip: '192.168.1.250', rssi: -58 },
      },
    });
  return {
    id,
    will: say(`${id}/online`, 'false', { retain: true, qos: 1 }),
    subscriptions: [`${id}/rpc`],
    births: (nowMs) => [full(nowMs)],
    samples: (nowMs) => [full(nowMs)],
    hear: () => [],
  };
}

export const makeShellyGen1Devices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => makeGen1(index, randomOf(index)));

function makeGen1(index: number, random: Random): SimDevice {
  const id = `shelly1pm-${drawHex(random, 6).toUpperCase()}`;
  const base = `shellies/${id}`;
  const watts = makeSignal(random, { home: 40 + random() * 50, daily: 15, wander: 25, noise: 2, digits: 2, min: 1 });
  const wattMinutes = makeCounter(random, 45 * 60, 0);
  const chip = makeSignal(random, { home: 50, daily: 3, wander: 3, noise: 0.2, digits: 2 });
  let isOn = true;
  const relay = (): SimPublication => say(`${base}/relay/0`, isOn ? 'on' : 'off', { retain: true });
  const samples = (nowMs: number) => [
    relay(),
    say(`${base}/relay/0/power`, String(isOn ? watts(nowMs) : 0)),
    say(`${base}/relay/0/energy`, String(wattMinutes(nowMs))),
    say(`${base}/temperature`, String(chip(nowMs))),
    say(`${base}/overtemperature`, '0'),
  ];
  return {
    id,
    will: say(`${base}/online`, 'false', { retain: true }),
    subscriptions: [`${base}/relay/0/command`, `${base}/command`],
    births: (nowMs) => [
      say(`${base}/online`, 'true', { retain: true }),
      say('shellies/announce', {
        id,
        model: 'SHSW-PM',
        mac: `840D8E${id.slice(-6)}`,
        ip: `192.168.2.${20 + (index % 200)}`,
        new_fw: false,
        fw_ver: '20230913-113421/v1.14.0',
      }),
      ...samples(nowMs),
    ],
    samples,
    hear: ({ topic, text }) => {
      if (!topic.endsWith('/relay/0/command')) return [];
      isOn = text === 'toggle' ? !isOn : text === 'on';
      return [relay()];
    },
  };
}
