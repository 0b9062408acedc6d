/** One Zigbee2MQTT bridge with climate sensors, plugs and door contacts behind it. Owns the plugs' relays. */

import type { Random } from '../random.ts';
import {
  drawHex,
  type MakeDialectDevices,
  placeOf,
  type SimDevice,
  type SimPublication,
  say,
} from './dialect-device.ts';
import { makeCounter, makeSignal, makeSwitch, type Signal } from './signals.ts';

interface ZigbeeThing {
  readonly ieee: string;
  readonly name: string;
  readonly definition: object;
  state(nowMs: number): object;
  set(state: string): void;
}

const numeric = (property: string, label: string, unit: string) => ({
  type: 'numeric',
  name: property,
  label,
  property,
  access: 1,
  unit,
});
const linkquality = { ...numeric('linkquality', 'Linkquality', 'lqi'), value_min: 0, value_max: 255 };

export const makeZigbeeDevices: MakeDialectDevices = (count, randomOf) => [
  makeBridge(Array.from({ length: count }, (_, index) => makeThing(index, randomOf(index)))),
];

function makeThing(index: number, random: Random): ZigbeeThing {
  const thing = { ieee: `0x00158d${drawHex(random, 10)}`, place: placeOf(index), link: makeSignal(random, linkShape) };
  if (index % 3 === 1) return makePlug(random, thing);
  return index % 3 === 2 ? makeContact(random, thing) : makeClimate(random, thing);
}

const linkShape = { home: 110, wander: 20, noise: 5, digits: 0, min: 0, max: 255 };
const batteryShape = { home: 88, wander: 1, digits: 0, max: 100 };

interface ThingParts {
  readonly ieee: string;
  readonly place: string;
  readonly link: Signal;
}

function makePlug(random: Random, { ieee, place, link }: ThingParts): ZigbeeThing {
  const watts = makeSignal(random, { home: 35, daily: 10, wander: 20, noise: 1, min: 0 });
  const energy = makeCounter(random, 0.04, 2);
  const relay = {
    type: 'binary',
    name: 'state',
    label: 'State',
    property: 'state',
    access: 7,
    value_on: 'ON',
    value_off: 'OFF',
  };
  const exposes = [
    { type: 'switch', features: [relay] },
    numeric('power', 'Power', 'W'),
    numeric('energy', 'Energy', 'kWh'),
    linkquality,
  ];
  let isOn = true;
  return {
    ieee,
    name: `${place}/plug`,
    definition: { model: 'E1603', vendor: 'IKEA', description: 'Control outlet', exposes },
    state: (nowMs) => ({
      state: isOn ? 'ON' : 'OFF',
      power: isOn ? watts(nowMs) : 0,
      energy: energy(nowMs),
      linkquality: link(nowMs),
    }),
    set: (state) => {
      isOn = state === 'TOGGLE' ? !isOn : state === 'ON';
    },
  };
}

function makeContact(random: Random, { ieee, place, link }: ThingParts): ZigbeeThing {
  const battery = makeSignal(random, batteryShape);
  const isClosed = makeSwitch(random, 900_000, 0.8);
  const contact = {
    type: 'binary',
    name: 'contact',
    label: 'Contact',
    property: 'contact',
    access: 1,
    value_on: false,
    value_off: true,
  };
  const exposes = [contact, numeric('battery', 'Battery', '%'), linkquality];
  return {
    ieee,
    name: `${place}/door`,
    definition: { model: 'MCCGQ11LM', vendor: 'Aqara', description: 'Door and window sensor', exposes },
    state: (nowMs) => ({ contact: isClosed(nowMs), battery: battery(nowMs), linkquality: link(nowMs) }),
    set: () => undefined,
  };
}

function makeClimate(random: Random, { ieee, place, link }: ThingParts): ZigbeeThing {
  const battery = makeSignal(random, batteryShape);
  const celsius = makeSignal(random, { home: 21, daily: 2, wander: 1, noise: 0.05, digits: 2 });
  const humidity = makeSignal(random, { home: 47, daily: -5, wander: 5, noise: 0.2, digits: 2 });
  const pressure = makeSignal(random, { home: 1011, wander: 6, noise: 0.1 });
  const air = [
    numeric('temperature', 'Temperature', '°C'),
    numeric('humidity', 'Humidity', '%'),
    numeric('pressure', 'Pressure', 'hPa'),
  ];
  const exposes = [...air, { ...numeric('battery', 'Battery', '%'), value_min: 0, value_max: 100 }, linkquality];
  return {
    ieee,
    name: `${place}/climate`,
    definition: { model: 'WSDCGQ11LM', vendor: 'Aqara', description: 'Temperature and humidity sensor', exposes },
    state: (nowMs) => ({
      temperature: celsius(nowMs),
      humidity: humidity(nowMs),
      pressure: pressure(nowMs),
      battery: battery(nowMs),
      linkquality: link(nowMs),
    }),
    set: () => undefined,
  };
}

function makeBridge(things: readonly ZigbeeThing[]): SimDevice {
  const base = 'zigbee2mqtt';
  const coordinator = '0x00124b0024c0ffee';
  const retained = { retain: true, qos: 1 } as const;
  const list = [
    { ieee_address: coordinator, type: 'Coordinator', friendly_name: 'Coordinator', supported: true },
    ...things.map(({ ieee, name, definition }) => ({
      ieee_address: ieee,
      type: 'EndDevice',
      friendly_name: name,
      supported: true,
      power_source: 'Battery',
      definition,
    })),
  ];
  const stateOf = (thing: ZigbeeThing, nowMs: number): SimPublication =>
    say(`${base}/${thing.name}`, thing.state(nowMs));
  return {
    id: base,
    will: say(`${base}/bridge/state`, { state: 'offline' }, retained),
    subscriptions: [`${base}/#`],
    births: (nowMs) => [
      say(`${base}/bridge/state`, { state: 'online' }, retained),
      say(
        `${base}/bridge/info`,
        { version: '2.4.0', coordinator: { ieee_address: coordinator, type: 'zStack3x0' }, log_level: 'info' },
        { retain: true },
      ),
      say(`${base}/bridge/devices`, list, { retain: true }),
      ...things.map(({ name }) => say(`${base}/${name}/availability`, { state: 'online' }, retained)),
      ...things.map((thing) => stateOf(thing, nowMs)),
    ],
    samples: (nowMs) => things.map((thing) => stateOf(thing, nowMs)),
    hear: ({ topic, text, nowMs }) => {
      const thing = things.find(({ name }) => topic === `${base}/${name}/set`);
      const word =
        /"state"\s*:\s*"(ON|OFF|TOGGLE)"/i.exec(text)?.[1] ?? (/^(ON|OFF|TOGGLE)$/i.test(text) ? text : undefined);
      if (thing === undefined || word === undefined) return [];
      thing.set(word.toUpperCase());
      return [stateOf(thing, nowMs)];
    },
  };
}
