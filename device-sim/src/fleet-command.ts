/**
 * `device-sim fleet`: options, help and progress of a simulated fleet.
 *
 * Owns the options' defaults. Running it is `fleet.ts`'s business.
 */
import { performance } from 'node:perf_hooks';
import { hubOptionsConfig, hubOptionsHelp, type ReadOptions, readOptions } from './edge/option-reader.ts';
import { formatCount, formatMs, ProgressView } from './edge/progress-view.ts';
import { catchStopSignals } from './edge/stop-signals.ts';
import { type FleetHandle, type FleetOptions, type FleetStats, startFleet } from './fleet.ts';

const help = `Usage: device-sim fleet [options]

Simulated boards: Raspberry Pis that heat up and throttle, climate stations, power monitors, door switches, battery sensors that
sleep. The same seed gives the same boards.

  --boards N         how many  [10]
  --seed S           [1]
  --type T           all of one type: computer, climate, power, door, battery, plain  [a mix]
  --plain            for measuring: boards whose metric n counts their rows 1, 2, 3…  (the same as --type plain)
  --metrics N        metrics of a plain board, n among them; implies --plain  [10]
  --interval-ms MS   between samples  [1000]
  --jitter-ms MS     either way around that  [0]
  --drift-ppm N      clocks start up to 2 s wrong and run up to N ppm fast or slow; every other board
                     puts itself right by the hub  [50; 0 with --plain]
  --clockless-pct N  boards without a clock: they count from power-on, and date what they measured by the hub
                     [20; 0 with --type or --plain]
  --rows-per-batch N rows kept together in one message  [1]
  --count N          rows of each board, then end when all are acked
  --duration-s S     end after S seconds
  --drain-s S        at the end, wait so long for the last Acks  [2]
  --prefix TEXT      ids TEXT1, TEXT2… instead of names like pi-kitchen-07
  --report acks      with --json: the final object lists what is acked of each device
${hubOptionsHelp}
Examples:
  device-sim fleet --boards 25 --key KEY
  device-sim fleet --boards 1000 --plain --interval-ms 1000 --duration-s 60 --json
  device-sim fleet --boards 100 --plain --metrics 4 --rows-per-batch 10 --report acks --json --duration-s 20
`;

const config = {
  ...hubOptionsConfig,
  boards: { type: 'string' },
  seed: { type: 'string' },
  type: { type: 'string' },
  plain: { type: 'boolean' },
  metrics: { type: 'string' },
  'interval-ms': { type: 'string' },
  'jitter-ms': { type: 'string' },
  'drift-ppm': { type: 'string' },
  'clockless-pct': { type: 'string' },
  'rows-per-batch': { type: 'string' },
  count: { type: 'string' },
  'duration-s': { type: 'string' },
  'drain-s': { type: 'string' },
  prefix: { type: 'string' },
  report: { type: 'string' },
} as const;

const boardTypes = ['computer', 'climate', 'power', 'door', 'battery', 'plain'] as const;

function readFleetOptions(read: ReadOptions): FleetOptions {
  const metrics = read.number('metrics', { min: 1, max: 1024 });
  const plain = read.flag('plain') || metrics !== undefined;
  const type = plain ? 'plain' : read.choice('type', boardTypes);
  const drift = read.number('drift-ppm', { min: 0, max: 10_000 }) ?? (type === 'plain' ? 0 : 50);
  const defined = <Name extends string, Value>(name: Name, value: Value | undefined): { [name in Name]?: Value } =>
    value === undefined ? {} : ({ [name]: value } as { [name in Name]: Value });
  return {
    hub: read.text('hub')!,
    key: read.text('key') ?? process.env.LAPWING_ENROLMENT_KEY ?? '',
    boards: read.number('boards', { min: 1, max: 20_000 }) ?? 10,
    seed: read.number('seed', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 1,
    driftPpm: drift,
    clocklessShare: (read.number('clockless-pct', { min: 0, max: 100 }) ?? (type === undefined ? 20 : 0)) / 100,
    drainMs: (read.number('drain-s', { min: 0, max: 600 }) ?? 2) * 1000,
    ...defined('state', read.text('state')),
    ...defined('type', type),
    ...defined('metrics', metrics),
    ...defined('intervalMs', read.number('interval-ms', { min: 10, max: 3_600_000 })),
    ...defined('jitterMs', read.number('jitter-ms', { min: 0, max: 3_600_000 })),
    ...defined('rowsPerBatch', read.number('rows-per-batch', { min: 1, max: 512 })),
    ...defined('count', read.number('count', { min: 1, max: Number.MAX_SAFE_INTEGER })),
    ...defined('durationS', read.number('duration-s', { min: 0.1, max: 1e9 })),
    ...defined('prefix', read.text('prefix')),
  };
}

interface Rates {
  readonly readingsPerS: number;
  readonly cpuShare: number;
}

/** Readings made a second and this process's share of one core, since the call before. */
function createRateMeter(): (stats: FleetStats) => Rates {
  let before = { atMs: performance.now(), readings: 0, cpu: process.cpuUsage() };
  return (stats) => {
    const cpu = process.cpuUsage();
    const atMs = performance.now();
    const seconds = Math.max(0.001, (atMs - before.atMs) / 1000);
    const cpuS = (cpu.user + cpu.system - before.cpu.user - before.cpu.system) / 1e6;
    const rates = {
      readingsPerS: Math.round((stats.readingsMade - before.readings) / seconds),
      cpuShare: Math.round((cpuS / seconds) * 1000) / 1000,
    };
    before = { atMs, readings: stats.readingsMade, cpu };
    return rates;
  };
}

function describe(stats: FleetStats, rates: Rates): string {
  const { asleep, boards, framesSent, inFlight, online, readingsAcked, readingsDropped, readingsMade, refused } = stats;
  const parts = [
    `${online}/${boards} online`,
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(readingsDropped > 0 ? [`${formatCount(readingsDropped)} dropped`] : []),
    `sent ${formatCount(framesSent)}`,
    `acked ${formatCount(readingsAcked)}/${formatCount(readingsMade)}`,
    `acked within p50 ${formatMs(stats.ackMsP50)} p99 ${formatMs(stats.ackMsP99)}`,
    `in flight ${formatCount(inFlight)}`,
    `${formatCount(rates.readingsPerS)} readings/s`,
    `waiting ${formatCount(stats.waiting)}`,
    `reconnects ${stats.reconnects}`,
    ...(asleep > 0 ? [`${asleep} asleep`] : []),
  ];
  return parts.join(' · ');
}

/** The first few notes of a kind are worth reading, a thousand boards saying the same are not. */
function createNoteGate(
  view: ProgressView,
): (deviceId: string, level: 'info' | 'warning' | 'error', t: string) => void {
  let shown = 0;
  let windowMs = performance.now();
  return (deviceId, level, text) => {
    const nowMs = performance.now();
    if (nowMs - windowMs > 5_000) {
      if (shown > 5) view.note('info', `${shown - 5} more notes like these`);
      windowMs = nowMs;
      shown = 0;
    }
    shown += 1;
    if (shown <= 5) view.note(level, `${deviceId}: ${text}`);
  };
}

async function runFleet(args: readonly string[]): Promise<void> {
  const read = readOptions(args, config);
  const options = readFleetOptions(read);
  const wantsAcks = read.choice('report', ['acks']) === 'acks';
  const view = new ProgressView(read.flag('json'), 10);
  const fleet: FleetHandle = startFleet({ ...options, fleetOnNote: createNoteGate(view) });
  const signals = catchStopSignals({ stop: () => void fleet.stop(), end: () => process.exit(130) });
  const measure = createRateMeter();
  const startedMs = performance.now();
  const tick = setInterval(() => {
    const stats = fleet.stats();
    const rates = measure(stats);
    view.update({ atMs: Date.now(), ...stats, ...rates }, describe(stats, rates));
  }, 1000);
  try {
    await fleet.done;
  } finally {
    clearInterval(tick);
    signals.release();
    view.clearLine();
  }
  const stats = fleet.stats();
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage();
  const rates = {
    readingsPerS: Math.round(stats.readingsMade / seconds),
    cpuShare: Math.round(((cpu.user + cpu.system) / 1e6 / seconds) * 1000) / 1000,
  };
  const report = wantsAcks ? { devices: fleet.report() } : {};
  view.finish({ atMs: Date.now(), seconds, ...stats, ...rates, ...report }, describe(stats, rates));
}

export const fleetCommand = {
  name: 'fleet',
  purpose: 'N simulated boards, the same for the same seed',
  help,
  run: runFleet,
};
