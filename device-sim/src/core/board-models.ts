/**
 * The boards of a simulated fleet: what each measures and how its values come about.
 *
 * A model owns its physical state. `sample` is told the time and writes whole numbers (value ÷ 10^exponent), as firmware would;
 * NaN means no value in this row. Deterministic: seed, board number and the times of sampling decide every value.
 */
import type { EventLevel, MetricDeclaration, MetricKind } from '@lapwing/protocol';
import { JobLoad, roomCelsius, ThermalChip, Wander } from './board-physics.ts';
import { createRandom, drawBell, type Random } from './random.ts';

export interface BoardMetric extends MetricDeclaration {
  /** A reading is whole × 10^exponent. */
  readonly exponent: number;
}

export interface BoardEvent {
  readonly level: EventLevel;
  readonly code: string;
  readonly text: string;
}

export interface BoardModel {
  readonly type: BoardType;
  readonly model: string;
  readonly firmware: string;
  readonly metrics: readonly BoardMetric[];
  /** Writes metrics.length whole numbers; answers an event when the state changed. `trueMs`: the world knows what time it is. */
  sample(trueMs: number, whole: Float64Array): BoardEvent | null;
}

export type BoardType = 'computer' | 'climate' | 'power' | 'door' | 'battery' | 'plain';

/** In order, round and round: of ten boards three are computers, three climate stations, two power monitors, a door, a battery. */
export const boardMix: readonly BoardType[] = [
  'computer',
  'climate',
  'power',
  'battery',
  'climate',
  'computer',
  'door',
  'power',
  'climate',
  'computer',
];

const rooms = [
  'kitchen',
  'attic',
  'garage',
  'hall',
  'cellar',
  'garden',
  'office',
  'workshop',
  'studio',
  'greenhouse',
  'boiler',
  'nursery',
  'porch',
  'barn',
  'lab',
  'roof',
];

/** `pi-kitchen-07`: unique for each board number, the same for the same seed. */
export function nameBoard(seed: number, board: number): string {
  const turn = Math.floor(createRandom(seed)() * rooms.length);
  const room = rooms[(board + turn) % rooms.length]!;
  const number = Math.floor(board / rooms.length) + 1;
  return `pi-${room}-${String(number).padStart(2, '0')}`;
}

export function makeBoard(type: BoardType, options: { seed: number; board: number; plainMetrics: number }): BoardModel {
  const random = createRandom(options.seed * 1_000_003 + options.board * 7_919 + 17);
  switch (type) {
    case 'computer':
      return makeComputer(random);
    case 'climate':
      return makeClimate(random);
    case 'power':
      return makePower(random);
    case 'door':
      return makeDoor(random);
    case 'battery':
      return makeBattery(random);
    case 'plain':
      return makePlain(random, options.plainMetrics);
  }
}

function metric(name: string, unit: string, exponent: number): BoardMetric {
  return { name, unit, kind: 'gauge', exponent };
}

function metricOf(kind: MetricKind, gauge: BoardMetric): BoardMetric {
  return { ...gauge, kind };
}

/** Seconds since the sample before, at least 1 ms, so that a clock set back does no harm. */
function createStepper(): (trueMs: number) => number {
  let beforeMs = Number.NaN;
  return (trueMs) => {
    const seconds = Number.isNaN(beforeMs) ? 1 : Math.max(0.001, (trueMs - beforeMs) / 1000);
    beforeMs = trueMs;
    return seconds;
  };
}

function makeRadio(random: Random): Wander {
  return new Wander(random, { home: -48 - random() * 30, swing: 3, tauS: 25 });
}

function makeComputer(random: Random): BoardModel {
  const step = createStepper();
  const load = new JobLoad(random, 0.15 + random() * 0.4);
  // Every fifth or so sits in a closed case: it throttles under load.
  const kelvinPerWatt = random() < 0.2 ? 10.5 : 5 + random() * 2;
  const room = 20 + random() * 4;
  const chip = new ThermalChip({ celsius: room + 22, kelvinPerWatt, tauS: 45 });
  const radio = makeRadio(random);
  const memory = new Wander(random, { home: 30 + random() * 30, swing: 4, tauS: 120 });
  let load1 = 0.2;
  let receivedBytes = 0;
  return {
    type: 'computer',
    model: random() < 0.5 ? 'Raspberry Pi 4 Model B Rev 1.4' : 'Raspberry Pi 5 Model B Rev 1.0',
    firmware: 'Raspberry Pi OS 12, sim 1.0',
    metrics: [
      metric('cpu.usage', '%', -1),
      metric('cpu.temperature', '°C', -1),
      metric('cpu.frequency', 'MHz', 0),
      metricOf('bool', metric('cpu.throttled', '', 0)),
      metric('load.1m', '', -2),
      metric('memory.used', '%', -1),
      metricOf('counter', metric('net.wlan0.received', 'B', 0)),
      metric('wifi.rssi', 'dBm', 0),
    ],
    sample(trueMs, whole) {
      const seconds = step(trueMs);
      const busy = load.advance(seconds);
      const before = chip.throttled;
      chip.advance(seconds, { ambientCelsius: roomCelsius(trueMs, room), load: busy });
      load1 += (busy * 4 - load1) * (1 - Math.exp(-seconds / 60));
      receivedBytes += Math.round((2_000 + busy * 60_000) * seconds * random());
      whole[0] = Math.round(busy * 1000);
      whole[1] = Math.round(chip.celsius * 10);
      whole[2] = chip.throttled ? 1000 : busy > 0.2 ? 1800 : 600;
      whole[3] = chip.throttled ? 1 : 0;
      whole[4] = Math.round(load1 * 100);
      whole[5] = Math.round(Math.min(98, Math.max(5, memory.advance(seconds))) * 10);
      whole[6] = receivedBytes;
      whole[7] = Math.round(radio.advance(seconds));
      if (chip.throttled === before) return null;
      const text = `CPU at ${chip.celsius.toFixed(1)} °C`;
      return chip.throttled
        ? { level: 'warning', code: 'throttled', text }
        : { level: 'info', code: 'throttling-over', text };
    },
  };
}

/** A Sense HAT on a Pi Zero: room climate, and the board's own warmth. */
function makeClimate(random: Random): BoardModel {
  const step = createStepper();
  const room = 19 + random() * 4;
  const drift = new Wander(random, { home: 0, swing: 0.5, tauS: 600 });
  const humidity = new Wander(random, { home: 45 + random() * 15, swing: 4, tauS: 900 });
  const pressure = new Wander(random, { home: 1013, swing: 6, tauS: 20_000 });
  const radio = makeRadio(random);
  return {
    type: 'climate',
    model: 'Raspberry Pi Zero 2 W Rev 1.0 + Sense HAT',
    firmware: 'Raspberry Pi OS 12, sim 1.0',
    metrics: [
      metric('climate.temperature', '°C', -2),
      metric('climate.humidity', '%', -1),
      metric('climate.pressure', 'hPa', -2),
      metric('cpu.temperature', '°C', -1),
      metric('wifi.rssi', 'dBm', 0),
    ],
    sample(trueMs, whole) {
      const seconds = step(trueMs);
      const celsius = roomCelsius(trueMs, room) + drift.advance(seconds);
      whole[0] = Math.round((celsius + drawBell(random) * 0.02) * 100);
      whole[1] = Math.round(Math.min(100, Math.max(0, humidity.advance(seconds))) * 10);
      whole[2] = Math.round((pressure.advance(seconds) + drawBell(random) * 0.02) * 100);
      whole[3] = Math.round((celsius + 18 + drawBell(random) * 0.3) * 10);
      whole[4] = Math.round(radio.advance(seconds));
      return null;
    },
  };
}

function makePower(random: Random): BoardModel {
  const step = createStepper();
  const mains = new Wander(random, { home: 230, swing: 1.6, tauS: 90 });
  const load = new JobLoad(random, 0.3);
  const ratedWatts = 60 + random() * 1_900;
  const radio = makeRadio(random);
  let milliwattHours = Math.floor(random() * 1e9);
  return {
    type: 'power',
    model: 'ESP32-C3 power monitor',
    firmware: 'sim 1.0',
    metrics: [
      metric('power.voltage', 'V', -1),
      metric('power.current', 'A', -3),
      metric('power.active', 'W', -1),
      metricOf('counter', metric('power.energy', 'Wh', -1)),
      metric('wifi.rssi', 'dBm', 0),
    ],
    sample(trueMs, whole) {
      const seconds = step(trueMs);
      const volts = mains.advance(seconds);
      const watts = ratedWatts * load.advance(seconds);
      milliwattHours += (watts * 1000 * seconds) / 3600;
      whole[0] = Math.round(volts * 10);
      whole[1] = Math.round((watts / volts) * 1000);
      whole[2] = Math.round(watts * 10);
      whole[3] = Math.floor(milliwattHours / 100);
      whole[4] = Math.round(radio.advance(seconds));
      return null;
    },
  };
}

function makeDoor(random: Random): BoardModel {
  const step = createStepper();
  const radio = makeRadio(random);
  let open = false;
  let openings = 0;
  return {
    type: 'door',
    model: 'ESP32 reed switch',
    firmware: 'sim 1.0',
    metrics: [
      metricOf('bool', metric('door.open', '', 0)),
      metricOf('counter', metric('door.openings', '', 0)),
      metric('wifi.rssi', 'dBm', 0),
    ],
    sample(trueMs, whole) {
      const seconds = step(trueMs);
      // Opened every three minutes or so, closed again after about fifteen seconds.
      const changes = random() < 1 - Math.exp(-seconds / (open ? 15 : 180));
      if (changes) open = !open;
      if (changes && open) openings += 1;
      whole[0] = open ? 1 : 0;
      whole[1] = openings;
      whole[2] = Math.round(radio.advance(seconds));
      if (!changes) return null;
      return open
        ? { level: 'info', code: 'door-opened', text: 'The door was opened' }
        : { level: 'info', code: 'door-closed', text: 'The door was closed' };
    },
  };
}

/** A sensor on two AA cells that sleeps most of the time (the fleet sees to that). */
function makeBattery(random: Random): BoardModel {
  const step = createStepper();
  const outside = 9 + random() * 8;
  const drift = new Wander(random, { home: 0, swing: 1.2, tauS: 900 });
  const soil = new Wander(random, { home: 35 + random() * 20, swing: 3, tauS: 4_000 });
  let volts = 2.6 + random() * 0.6;
  return {
    type: 'battery',
    model: 'ESP32-S2 garden sensor',
    firmware: 'sim 1.0',
    metrics: [
      metric('climate.temperature', '°C', -1),
      metric('soil.moisture', '%', -1),
      metric('battery.voltage', 'V', -3),
      metric('battery.level', '%', 0),
    ],
    sample(trueMs, whole) {
      const seconds = step(trueMs);
      volts = Math.max(2.2, volts - seconds * 4e-8);
      whole[0] = Math.round((roomCelsius(trueMs, outside) + drift.advance(seconds)) * 10);
      whole[1] = Math.round(Math.min(100, Math.max(0, soil.advance(seconds))) * 10);
      whole[2] = Math.round((volts + drawBell(random) * 0.002) * 1000);
      whole[3] = Math.round(Math.min(100, Math.max(0, ((volts - 2.2) / 1) * 100)));
      return null;
    },
  };
}

/** For benchmarks and proofs: `n` counts this board's rows 1, 2, 3…, the others walk in steps of a tenth. */
function makePlain(random: Random, count: number): BoardModel {
  const walk = new Float64Array(count);
  for (let i = 1; i < count; i++) walk[i] = Math.round(200 + random() * 600);
  let rows = 0;
  return {
    type: 'plain',
    model: 'plain board',
    firmware: 'sim 1.0',
    metrics: Array.from({ length: count }, (_, i) =>
      i === 0 ? metricOf('counter', metric('n', '', 0)) : metric(`m${i}`, '', -1),
    ),
    sample(_trueMs, whole) {
      rows += 1;
      whole[0] = rows;
      for (let i = 1; i < count; i++) {
        const value = walk[i]! + Math.floor(random() * 7) - 3;
        walk[i] = value;
        whole[i] = value;
      }
      return null;
    },
  };
}
