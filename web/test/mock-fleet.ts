/**
 * Devices for the mock hub: deterministic by seed, with metrics of computers, climate stations, power monitors and doors.
 *
 * Owns each device's batches as sent. A value is a function of device, metric and time, so that history can be made up to any
 * length and two runs look the same.
 */
import type { MetricDeclaration, PresenceState } from '@lapwing/protocol';

export interface MockBatch {
  readonly seq: number;
  readonly arrivedMs: number;
  readonly times: readonly number[];
  /** One array per metric, in the order of the metric list; null where a row has no value. */
  readonly values: readonly (readonly (number | string | null)[])[];
}

export interface MockEvent {
  readonly atMs: number;
  readonly arrivedMs: number;
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly code: string;
  readonly text: string;
}

export interface MockDevice {
  readonly id: string;
  model: string;
  firmware: string;
  createdMs: number;
  presence: PresenceState;
  lastSeenMs: number;
  clockOffsetMs: number;
  stream: number;
  seq: number;
  intervalMs: number;
  readonly metrics: MetricDeclaration[];
  readonly batches: MockBatch[];
  readonly events: MockEvent[];
  /** As completeness tells them. */
  readonly gaps: object[];
  label: string;
  tags: string[];
  completeness: number | null;
  source: 'link' | 'import' | 'none';
  lastError: { readonly atMs: number; readonly code: string } | null;
  readonly links: object[];
  /** Of metrics without a reading, by index. */
  readonly lastKnown: Map<number, number | string>;
  /** Its gateway, and who is behind it. */
  kin: object;
}

const gauge = (name: string, unit: string): MetricDeclaration => ({ name, unit, kind: 'gauge' });

const kinds: readonly { readonly model: string; readonly metrics: readonly MetricDeclaration[] }[] = [
  {
    model: 'Raspberry Pi 4 Model B Rev 1.5',
    metrics: [
      gauge('cpu.busy', '%'),
      gauge('cpu.user', '%'),
      gauge('cpu.system', '%'),
      gauge('memory.used', '%'),
      gauge('temperature.cpu', '°C'),
      gauge('disk.used', '%'),
      gauge('load.1m', ''),
      { name: 'network.received', unit: 'B', kind: 'counter' },
      { name: 'network.sent', unit: 'B', kind: 'counter' },
      gauge('wifi.rssi', 'dBm'),
      { name: 'throttled', unit: '', kind: 'bool' },
      { name: 'governor', unit: '', kind: 'text' },
    ],
  },
  {
    model: 'Sense HAT station',
    metrics: [gauge('temperature', '°C'), gauge('humidity', '%'), gauge('pressure', 'hPa'), gauge('wifi.rssi', 'dBm')],
  },
  {
    model: 'Power monitor PM-2',
    metrics: [
      gauge('power', 'W'),
      gauge('voltage', 'V'),
      gauge('current', 'A'),
      { name: 'energy', unit: 'Wh', kind: 'counter' },
    ],
  },
  { model: 'Door switch', metrics: [{ name: 'door.open', unit: '', kind: 'bool' }, gauge('battery', '%')] },
];

const places = [
  'attic',
  'barn',
  'cellar',
  'garage',
  'garden',
  'hall',
  'kitchen',
  'lab',
  'office',
  'porch',
  'roof',
  'workshop',
];

/** Repeatable noise in 0…1 of whole numbers. */
function hash(a: number, b: number): number {
  let h = (a * 374_761_393 + b * 668_265_263) | 0;
  h = Math.imul(h ^ (h >>> 13), 1_274_126_177);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

function wave(seed: number, timeMs: number, periodS: number): number {
  return Math.sin((timeMs / 1000 / periodS) * 2 * Math.PI + seed * 1.7);
}

export function measure(metric: MetricDeclaration, seed: number, timeMs: number): number | string {
  const noise = hash(seed, Math.floor(timeMs / 1000)) - 0.5;
  const slow = wave(seed, timeMs, 211) * 0.6 + wave(seed + 3, timeMs, 47) * 0.4;
  switch (metric.name) {
    case 'memory.used':
      return round(48 + slow * 4 + noise, 1);
    case 'disk.used':
      return round(61.2 + (seed % 7), 1);
    case 'temperature.cpu':
      return round(52 + slow * 7 + noise * 1.4, 1);
    case 'temperature':
      return round(21 + slow * 1.4 + noise * 0.1, 2);
    case 'humidity':
      return round(46 + slow * 5 + noise * 0.4, 1);
    case 'pressure':
      return round(1013.2 + slow * 1.1, 1);
    case 'wifi.rssi':
      return Math.round(-58 + slow * 5 + noise * 4);
    case 'load.1m':
      return round(Math.max(0, 0.6 + slow * 0.5 + noise * 0.1), 2);
    case 'power':
      return round(Math.max(0, 240 + slow * 160 + noise * 20), 1);
    case 'voltage':
      return round(230 + noise * 2, 1);
    case 'current':
      return round(Math.max(0, 1.04 + slow * 0.7), 3);
    case 'battery':
      return round(76 + slow * 2, 0);
    case 'throttled':
    case 'door.open':
      return slow > 0.72 ? 1 : 0;
    case 'governor':
      return slow > 0.5 ? 'performance' : 'ondemand';
    default:
      if (metric.kind === 'counter') return Math.floor((timeMs / 1000 - 1.7e9) * (9_000 + (seed % 11) * 900));
      return round(Math.max(0.5, 26 + slow * 17 + noise * 9 - (metric.name.length % 5) * 3), 1);
  }
}

function round(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}

export function makeMockDevice(place: number, nowMs: number): MockDevice {
  const kind = kinds[place % 10 < 5 ? 0 : place % 10 < 7 ? 1 : place % 10 < 9 ? 2 : 3]!;
  const number = String(Math.floor(place / places.length) + 1).padStart(2, '0');
  return {
    id: `pi-${places[place % places.length]}-${number}`,
    model: kind.model,
    firmware: `2.${place % 4}.${place % 7}`,
    createdMs: nowMs - 86_400_000,
    presence: place % 97 === 41 ? 'offline' : place % 53 === 17 ? 'late' : place % 61 === 29 ? 'asleep' : 'online',
    lastSeenMs: nowMs - (place % 97 === 41 ? 1_260_000 : place % 53 === 17 ? 14_000 : place % 61 === 29 ? 240_000 : 0),
    clockOffsetMs: Math.round((hash(place, 5) - 0.5) * 40),
    stream: place + 1,
    seq: 0,
    intervalMs: 1000,
    metrics: [...kind.metrics],
    batches: [],
    events: [],
    gaps: [],
    label: '',
    tags: makeTags(place),
    completeness: place % 43 === 8 ? 97.31 : place % 7 === 3 ? 99.98 : 100,
    source: 'link',
    lastError: null,
    links: [],
    lastKnown: new Map(),
    kin: { gateway: null, behind: [] },
  };
}

const sites = ['north', 'south', 'harbour'];

function makeTags(place: number): string[] {
  const tags = [`site:${sites[place % 3]}`];
  if (place % 4 === 1) tags.push('outdoor');
  return tags.sort();
}

/** One row at `timeMs` (device clock) as the next batch; kept as history. */
export function sampleMock(device: MockDevice, timeMs: number, arrivedMs: number): MockBatch {
  const values = device.metrics.map((metric, m) => [measure(metric, device.stream * 31 + m * 7, timeMs)]);
  return addBatch(device, { arrivedMs, times: [timeMs], values });
}

export function addBatch(device: MockDevice, batch: Omit<MockBatch, 'seq'>): MockBatch {
  device.seq++;
  const kept = { ...batch, seq: device.seq };
  device.batches.push(kept);
  if (device.batches.length > 4000) device.batches.shift();
  device.lastSeenMs = batch.arrivedMs;
  return kept;
}
