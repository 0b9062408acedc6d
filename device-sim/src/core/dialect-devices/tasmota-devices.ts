/** Tasmota plugs with a power meter, and every third a climate sensor. Owns each plug's relay. */

import type { Random } from '../random.ts';
import { drawHex, type MakeDialectDevices, placeOf, type SimDevice, say, titleOf } from './dialect-device.ts';
import { makeCounter, makeSignal } from './signals.ts';

export const makeTasmotaDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => makePlug(index, randomOf(index)));

function makePlug(index: number, random: Random): SimDevice {
  const mac = `A020A6${drawHex(random, 6).toUpperCase()}`;
  const topic = `tasmota_${mac.slice(6)}`;
  const name = titleOf(placeOf(index));
  const hasClimate = index % 3 === 2;
  const watts = makeSignal(random, { home: 60 + random() * 80, daily: 30, wander: 40, noise: 4, digits: 0, min: 2 });
  const volts = makeSignal(random, { home: 231, wander: 3, noise: 0.6, digits: 0 });
  const total = makeCounter(random, 0.09, 3);
  const celsius = makeSignal(random, { home: 20, daily: 2.5, wander: 1, noise: 0.05 });
  const humidity = makeSignal(random, { home: 48, daily: -6, wander: 5, noise: 0.2 });
  const signal = makeSignal(random, { home: -58 - random() * 15, wander: 3, noise: 2, digits: 0 });
  const bootMs = Date.UTC(2026, 0, 1);
  let isOn = true;
  const clockOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 19);
  const lwt = say(`tele/${topic}/LWT`, 'Offline', { retain: true, qos: 1 });
  const sensor = (nowMs: number): object => {
    const power = isOn ? watts(nowMs) : 0;
    const voltage = volts(nowMs);
    const energy = {
      TotalStartTime: '2025-01-01T00:00:00',
      Total: total(nowMs),
      Yesterday: 2.1,
      Today: Number((total(nowMs) % 2.4).toFixed(3)),
      Power: power,
      ApparentPower: Math.round(power * 1.1),
      ReactivePower: Math.round(power * 0.4),
      Factor: isOn ? 0.91 : 0,
      Voltage: voltage,
      Current: Number((power / 0.91 / voltage).toFixed(3)),
    };
    const climate = {
      Temperature: celsius(nowMs),
      Humidity: humidity(nowMs),
      DewPoint: Number((celsius(nowMs) - (100 - humidity(nowMs)) / 5).toFixed(1)),
    };
    return { Time: clockOf(nowMs), ENERGY: energy, ...(hasClimate ? { AM2301: climate, TempUnit: 'C' } : {}) };
  };
  const state = (nowMs: number): object => {
    const up = Math.max(0, Math.floor((nowMs - bootMs) / 1000)) % 2_592_000;
    const rssi = signal(nowMs);
    return {
      Time: clockOf(nowMs),
      UptimeSec: up,
      Heap: 26,
      SleepMode: 'Dynamic',
      Sleep: 50,
      LoadAvg: 19,
      MqttCount: 3,
      POWER: isOn ? 'ON' : 'OFF',
      Wifi: { AP: 1, SSId: 'home', RSSI: Math.min(100, 2 * (rssi + 100)), Signal: rssi },
    };
  };
  const samples = (nowMs: number) => [
    say(`tele/${topic}/STATE`, state(nowMs)),
    say(`tele/${topic}/SENSOR`, sensor(nowMs)),
  ];
  return {
    id: topic,
    will: lwt,
    subscriptions: [`cmnd/${topic}/#`],
    births: (nowMs) => [
      say(`tele/${topic}/LWT`, 'Online', { retain: true, qos: 1 }),
      say(
        `tasmota/discovery/${mac}/config`,
        {
          ip: `192.168.1.${20 + (index % 200)}`,
          dn: name,
          fn: [name, null],
          hn: topic.toLowerCase(),
          mac,
          md: 'Sonoff POW R2',
          ofln: 'Offline',
          onln: 'Online',
          state: ['OFF', 'ON', 'TOGGLE', 'HOLD'],
          sw: '14.2.0',
          t: topic,
          ft: '%prefix%/%topic%/',
          tp: ['cmnd', 'stat', 'tele'],
          rl: [1, 0],
          ver: 1,
        },
        { retain: true },
      ),
      say(`tasmota/discovery/${mac}/sensors`, { sn: sensor(nowMs), ver: 1 }, { retain: true }),
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
      return [
        say(`stat/${topic}/RESULT`, { POWER: isOn ? 'ON' : 'OFF' }),
        say(`stat/${topic}/POWER`, isOn ? 'ON' : 'OFF'),
      ];
    },
  };
}
