/** Sparkplug B edge nodes, each with one machine. Owns each node's sequence number and its birth's number. */

import type { Random } from '../random.ts';
import { type MakeDialectDevices, type SimDevice, type SimPublication, say } from './dialect-device.ts';
import { makeCounter, makeSignal, makeSwitch } from './signals.ts';
import { type SparkplugValue, writeSparkplug } from './sparkplug-writer.ts';

const group = 'Plant';

export const makeSparkplugDevices: MakeDialectDevices = (count, randomOf) =>
  Array.from({ length: count }, (_, index) => makeNode(index, randomOf(index)));

function makeNode(index: number, random: Random): SimDevice {
  const node = `line-${index + 1}`;
  const oven = makeSignal(random, { home: 180, daily: 4, wander: 8, noise: 0.6, digits: 2 });
  const watts = makeSignal(random, { home: 4_200, daily: 800, wander: 600, noise: 40, digits: 0 });
  const energy = makeCounter(random, 4.1, 3);
  const parts = makeCounter(random, 220, 0);
  const chip = makeSignal(random, { home: 49, daily: 3, wander: 2, noise: 0.3 });
  const runs = makeSwitch(random, 1_800_000, 0.9);
  const bdSeq: SparkplugValue = { name: 'bdSeq', alias: 0, type: 'long', value: 0 };
  let seq = 0;
  const nextSeq = (): number => {
    seq = (seq + 1) % 256;
    return seq;
  };
  const nodeMetrics = (nowMs: number): SparkplugValue[] => [
    { name: 'Temperature', alias: 1, type: 'double', unit: '°C', value: chip(nowMs) },
  ];
  const machineMetrics = (nowMs: number): SparkplugValue[] => [
    { name: 'Oven/Temperature', alias: 10, type: 'double', unit: '°C', value: oven(nowMs) },
    { name: 'Drive/Power', alias: 11, type: 'double', unit: 'W', value: watts(nowMs) },
    { name: 'Drive/Energy', alias: 12, type: 'double', unit: 'kWh', value: energy(nowMs) },
    { name: 'Parts Total', alias: 13, type: 'long', value: parts(nowMs) },
    { name: 'Running', alias: 14, type: 'bool', value: runs(nowMs) },
    { name: 'Recipe', alias: 15, type: 'text', value: 'Brot 3' },
  ];
  const send = (
    type: string,
    metrics: readonly SparkplugValue[],
    how: { nowMs: number; seq: number; device?: string },
  ): SimPublication => {
    const topic = `spBv1.0/${group}/${type}/${node}${how.device === undefined ? '' : `/${how.device}`}`;
    return say(topic, writeSparkplug(metrics, { isBirth: type.endsWith('BIRTH'), seq: how.seq, nowMs: how.nowMs }));
  };
  const births = (nowMs: number): SimPublication[] => {
    seq = 0;
    const control: SparkplugValue = { name: 'Node Control/Rebirth', alias: 0, type: 'bool', value: false };
    const facts: SparkplugValue[] = [
      { name: 'Properties/Hardware Model', alias: 0, type: 'text', value: 'Edge 400' },
      { name: 'Properties/FW', alias: 0, type: 'text', value: '2.1.0' },
    ];
    return [
      send('NBIRTH', [bdSeq, control, ...facts, ...nodeMetrics(nowMs)], { nowMs, seq: 0 }),
      send('DBIRTH', machineMetrics(nowMs), { nowMs, seq: nextSeq(), device: 'oven' }),
    ];
  };
  return {
    id: `sparkplug-${node}`,
    will: {
      topic: `spBv1.0/${group}/NDEATH/${node}`,
      payload: writeSparkplug([bdSeq], { isBirth: false, seq: null, nowMs: 0 }),
      qos: 1,
      retain: false,
    },
    subscriptions: [`spBv1.0/${group}/NCMD/${node}`],
    births,
    samples: (nowMs) => [
      send('NDATA', nodeMetrics(nowMs), { nowMs, seq: nextSeq() }),
      send('DDATA', machineMetrics(nowMs).slice(0, 5), { nowMs, seq: nextSeq(), device: 'oven' }),
    ],
    hear: ({ text, nowMs }) => (text.includes('Node Control/Rebirth') ? births(nowMs) : []),
  };
}
