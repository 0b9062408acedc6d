/** Homie 5 sheds: climate and a pump. Owns each pump. */

import type { Random } from '../random.ts';
import { type MakeDialectDevices, placeOf, type SimDevice, say, titleOf } from './dialect-device.ts';
import { makeSignal } from './signals.ts';

export const makeHomieDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => makeShed(index, randomOf(index)));

function makeShed(index: number, random: Random): SimDevice {
  const id = `homie-${placeOf(index)}`;
  const base = `homie/5/${id}`;
  const celsius = makeSignal(random, { home: 17, daily: 4, wander: 1.5, noise: 0.05 });
  const litres = makeSignal(random, { home: 220, wander: 60, noise: 1, digits: 0, min: 0 });
  const retained = { retain: true, qos: 1 } as const;
  let pumps = false;
  const description = {
    homie: '5.0',
    version: 3,
    name: `${titleOf(placeOf(index))} water`,
    type: 'Homie shed',
    nodes: {
      climate: {
        name: 'Climate',
        properties: { temperature: { name: 'Temperature', datatype: 'float', unit: '°C', format: '-20:60' } },
      },
      tank: {
        name: 'Tank',
        properties: {
          level: { name: 'Level', datatype: 'float', unit: 'L', format: '0:500' },
          pump: { name: 'Pump', datatype: 'boolean', settable: true },
        },
      },
    },
  };
  const pump = () => say(`${base}/tank/pump`, String(pumps), retained);
  const samples = (nowMs: number) => [
    say(`${base}/climate/temperature`, String(celsius(nowMs)), retained),
    say(`${base}/tank/level`, String(litres(nowMs)), retained),
  ];
  return {
    id,
    will: say(`${base}/$state`, 'lost', retained),
    subscriptions: [`${base}/tank/pump/set`],
    births: (nowMs) => [
      say(`${base}/$state`, 'init', retained),
      say(`${base}/$description`, description, retained),
      ...samples(nowMs),
      pump(),
      say(`${base}/$state`, 'ready', retained),
    ],
    samples,
    hear: ({ text }) => {
      if (text !== 'true' && text !== 'false') return [];
      pumps = text === 'true';
      return [pump()];
    },
  };
}
