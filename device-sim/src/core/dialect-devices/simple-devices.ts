/**
 * Dialects whose devices only tell: ThingsBoard, SenML, Influx line protocol, plain JSON; a climate station of each. Owns nothing.
 */

import type { Random } from '../random.ts';
import {
  drawHex,
  type MakeDialectDevices,
  placeOf,
  type SimDevice,
  type SimPublication,
  say,
} from './dialect-device.ts';
import { makeCounter, makeSignal } from './signals.ts';

interface Station {
  readonly place: string;
  readonly celsius: number;
  readonly humidity: number;
  readonly volts: number;
  readonly rssi: number;
}

function makeStation(place: string, random: Random): (nowMs: number) => Station {
  const celsius = makeSignal(random, { home: 19, daily: 3, wander: 1.5, noise: 0.05 });
  const humidity = makeSignal(random, { home: 50, daily: -7, wander: 6, noise: 0.3 });
  const volts = makeSignal(random, { home: 3.9, daily: 0.08, wander: 0.03, digits: 3 });
  const rssi = makeSignal(random, { home: -66, wander: 5, noise: 2, digits: 0 });
  return (nowMs) => ({
    place,
    celsius: celsius(nowMs),
    humidity: humidity(nowMs),
    volts: volts(nowMs),
    rssi: rssi(nowMs),
  });
}

/** A device that says the same at its birth as later, and hears nothing. */
function makeTeller(
  id: string,
  samples: (nowMs: number) => SimPublication[],
  births: SimPublication[] = [],
): SimDevice {
  return {
    id,
    will: null,
    subscriptions: [],
    births: (nowMs) => [...births, ...samples(nowMs)],
    samples,
    hear: () => [],
  };
}

export const makeThingsboardDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => {
    const station = makeStation(placeOf(index), randomOf(index));
    const samples = (nowMs: number): SimPublication[] => {
      const { celsius, humidity, volts, rssi } = station(nowMs);
      return [
        say(
          'v1/devices/me/telemetry',
          { ts: nowMs, values: { temperature: celsius, humidity, battery_voltage: volts, rssi } },
          { qos: 1 },
        ),
      ];
    };
    const about = say('v1/devices/me/attributes', { model: 'TB climate', firmwareVersion: '1.4.2' }, { qos: 1 });
    return makeTeller(`tb-${placeOf(index)}`, samples, [about]);
  });

export const makeSenmlDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => {
    const random = randomOf(index);
    const bn = `urn:dev:mac:0024be${drawHex(random, 10)}_`;
    const station = makeStation(placeOf(index), random);
    return makeTeller(`senml-${placeOf(index)}`, (nowMs) => {
      const { celsius, humidity, volts } = station(nowMs);
      const pack = [
        { bn, bt: nowMs / 1000, n: 'temperature', u: 'Cel', v: celsius },
        { n: 'humidity', u: '%RH', v: humidity },
        { n: 'battery_voltage', u: 'V', v: volts },
      ];
      return [say(`senml/${placeOf(index)}`, pack, { qos: 1 })];
    });
  });

/** What Telegraf sends of a small server. */
export const makeInfluxDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => {
    const random = randomOf(index);
    const host = `server-${index + 1}`;
    const idle = makeSignal(random, { home: 80, daily: -10, wander: 12, noise: 2, max: 100 });
    const memory = makeSignal(random, { home: 55, wander: 8, noise: 0.4 });
    const disk = makeSignal(random, { home: 41 + random() * 30, wander: 0.5, digits: 2 });
    const received = makeCounter(random, 9e8, 0);
    const up = makeCounter(random, 3600, 0);
    return makeTeller(`telegraf-${host}`, (nowMs) => {
      const time = `${Math.floor(nowMs)}000000`;
      const user = ((100 - idle(nowMs)) * 0.7).toFixed(1);
      const lines = [
        `cpu,cpu=cpu-total,host=${host} usage_idle=${idle(nowMs)},usage_user=${user} ${time}`,
        `mem,host=${host} used_percent=${memory(nowMs)},total=8201428992i ${time}`,
        `disk,device=sda1,fstype=ext4,host=${host},mode=rw,path=/ used_percent=${disk(nowMs)} ${time}`,
        `net,host=${host},interface=eth0 bytes_recv=${received(nowMs)}i ${time}`,
        `system,host=${host} uptime=${up(nowMs)}i,load1=${(Number(user) / 25).toFixed(2)} ${time}`,
      ];
      return [say(`telegraf/${host}/metrics`, `${lines.join('\n')}\n`, { qos: 1 })];
    });
  });

export const makeJsonDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => {
    const place = placeOf(index);
    const station = makeStation(place, randomOf(index));
    return makeTeller(`bed-${place}`, (nowMs) => {
      const { celsius, humidity, volts, rssi } = station(nowMs);
      return [
        say(
          `garden/bed-${place}`,
          {
            ts: nowMs,
            temp_c: celsius,
            soil_moisture_pct: humidity,
            battery_mV: Math.round(volts * 1000),
            wifi: { rssi },
            pump: celsius > 21,
          },
          { qos: 1 },
        ),
      ];
    });
  });

/** One network server with field sensors behind it. */
export const makeChirpstackDevices: MakeDialectDevices = (count, randomOf) => {
  const fields = Array.from({ length: count }, (_, index) => {
    const random = randomOf(index);
    return {
      eui: drawHex(random, 16),
      place: placeOf(index),
      station: makeStation(placeOf(index), random),
      frames: makeCounter(random, 6, 0),
    };
  });
  const samples = (nowMs: number): SimPublication[] =>
    fields.map(({ eui, place, station, frames }) => {
      const { celsius, humidity, volts, rssi } = station(nowMs);
      const event = {
        deduplicationId: `${eui}-${Math.floor(nowMs)}`,
        time: new Date(nowMs).toISOString(),
        deviceInfo: {
          applicationName: 'Fields',
          deviceProfileName: 'LHT65',
          deviceName: `field-${place}`,
          devEui: eui,
        },
        fCnt: frames(nowMs),
        fPort: 2,
        dr: 5,
        object: { temperature: celsius, humidity, battery_mV: Math.round(volts * 900) },
        rxInfo: [{ gatewayId: '0016c001f153a14c', rssi: rssi - 30, snr: Number((8 + (rssi + 66) / 3).toFixed(1)) }],
      };
      return say(`application/1/device/${eui}/event/up`, event, { qos: 1 });
    });
  return [makeTeller('chirpstack', samples)];
};
