/** Tasmota plugs with a power meter, and every third a climate sensor. Owns each plug's relay. */
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

const bootMs = Date.UTC(2026, 0, 1);
const prefixes = ['cmnd', 'stat', 'tele'];

export const makeTasmotaDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => makePlug(index, randomOf(index)));

type Telemetry = (nowMs: number, isOn: boolean) => object;

function makePlug(index: number, random: Random): SimDevice {
  const mac = `A020A6${drawHex(random, 6).toUpperCase()}`;
  const topic = `tasmota_${mac.slice(6)}`;
  const sensor = makeSensor(random, index % 3 === 2);
  const state = makeState(random);
  let isOn = true;
  const samples = (nowMs: number): SimPublication[] => [
    say(`tele/${topic}/STATE`, state(nowMs, isOn)),
    say(`tele/${topic}/SENSOR`, sensor(nowMs, isOn)),
  ];
  return {
    id: topic,
    will: say(`tele/${topic}/LWT`, 'Offline', { retain: true, qos: 1 }),
    subscriptions: [`cmnd/${topic}/#`],
    births: (nowMs) => [
      say(`tele/${topic}/LWT`, 'Online', { retain: true, qos: 1 }),
      say(`tasmota/discovery/${mac}/config`, describe(index, { mac, topic }), { retain: true }),
      say(`tasmota/discovery/${mac}/sensors`, { sn: sensor(nowMs, isOn), ver: 1 }, { retain: true }),
      ...samples(nowMs),
    ],
    samples,
    hear: ({ topic: heard, text, nowMs }) => {
      const command = heard.slice(heard.lastIndexOf('/') + 1).toUpperCase();
      if (command === 'TELEPERIOD') return [say(`stat/${topic}/RESULT`, { TelePeriod: 300 }), ...samples(nowMs)];
      if (!/^POWER1?$/.test(command)) return [say(`stat/${topic}/RESULT`, { Command: 'Unknown' })];
      const word = text.toUpperCase();
      if (word === 'ON' || word === '1') isOn = true;
      else if (word === 'OFF' || word === '0') isOn = false;
      else if (word === 'TOGGLE' || word === '2') isOn = !isOn;
      const now = isOn ? 'ON' : 'OFF';
      return [say(`stat/${topic}/RESULT`, { POWER: now }), say(`stat/${topic}/POWER`, now)];
    },
  };
}

function describe(index: number, { mac, topic }: { mac: string; topic: string }): object {
  const name = titleOf(placeOf(index));
  const words = { ofln: 'Offline', onln: 'Online', state: ['OFF', 'ON', 'TOGGLE', 'HOLD'] };
  const topics = { t: topic, ft: '%prefix%/%topic%/', tp: prefixes, rl: [1, 0], ver: 1 };
  const who = { ip: `192.168.1.${20 + (index % 200)}`, dn: name, fn: [name, null], hn: topic.toLowerCase(), mac };
  return { ...who, md: 'Sonoff POW R2', sw: '14.2.0', ...words, ...topics };
}

/** Local time, as the device thinks it, without an offset. */
function clockOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19);
}

function makeSensor(random: Random, hasClimate: boolean): Telemetry {
  const watts = makeSignal(random, { home: 60 + random() * 80, daily: 30, wander: 40, noise: 4, digits: 0, min: 2 });
  const volts = makeSignal(random, { home: 231, wander: 3, noise: 0.6, digits: 0 });
  const total = makeCounter(random, 0.09, 3);
  const celsius = makeSignal(random, { home: 20, daily: 2.5, wander: 1, noise: 0.05 });
  const humidity = makeSignal(random, { home: 48, daily: -6, wander: 5, noise: 0.2 });
  return (nowMs, isOn) => {
    const power = isOn ? watts(nowMs) : 0;
    const voltage = volts(nowMs);
    const counted = { Total: total(nowMs), Yesterday: 2.1, Today: Number((total(nowMs) % 2.4).toFixed(3)) };
    const apparent = { ApparentPower: Math.round(power * 1.1), ReactivePower: Math.round(power * 0.4) };
    const current = Number((power / 0.91 / voltage).toFixed(3));
    const electric = { Power: power, ...apparent, Factor: isOn ? 0.91 : 0, Voltage: voltage, Current: current };
    const dewPoint = Number((celsius(nowMs) - (100 - humidity(nowMs)) / 5).toFixed(1));
    const climate = { Temperature: celsius(nowMs), Humidity: humidity(nowMs), DewPoint: dewPoint };
    return {
      Time: clockOf(nowMs),
      ENERGY: { TotalStartTime: '2025-01-01T00:00:00', ...counted, ...electric },
      ...(hasClimate ? { AM2301: climate, TempUnit: 'C' } : {}),
    };
  };
}

function makeState(random: Random): Telemetry {
  const signal = makeSignal(random, { home: -58 - random() * 15, wander: 3, noise: 2, digits: 0 });
  return (nowMs, isOn) => {
    const uptime = Math.max(0, Math.floor((nowMs - bootMs) / 1000)) % 2_592_000;
    const rssi = signal(nowMs);
    const wifi = { AP: 1, SSId: 'home', RSSI: Math.min(100, 2 * (rssi + 100)), Signal: rssi };
    const system = { UptimeSec: uptime, Heap: 26, SleepMode: 'Dynamic', Sleep: 50, LoadAvg: 19, MqttCount: 3 };
    return { Time: clockOf(nowMs), ...system, POWER: isOn ? 'ON' : 'OFF', Wifi: wifi };
  };
}
