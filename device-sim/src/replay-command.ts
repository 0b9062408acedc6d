/**
 * `device-sim replay`: options, help and progress of CSV files played as devices.
 */
import { basename } from 'node:path';
import { deviceIdPattern } from '@lapwing/protocol';
import { makeDeviceId } from './edge/host-machine.ts';
import { hubOptionsConfig, hubOptionsHelp, readOptions, UsageError } from './edge/option-reader.ts';
import { formatCount, formatMs, ProgressView } from './edge/progress-view.ts';
import { catchStopSignals } from './edge/stop-signals.ts';
import { Replay, type ReplayResult, type ReplayStats } from './replay.ts';

const help = `Usage: device-sim replay FILE.csv… [options]

Each file is a device, named after the file. Its first column is the time (ISO 8601, "YYYY-MM-DD HH:MM:SS" taken as UTC, Unix
seconds or milliseconds), the others are metrics: numbers, or texts. Empty cells are absent. A bad line is told and left out.

  --as backfill|live backfill: the file's own times, as fast as the hub acks; the same file again adds nothing
                     live: as if it were measured now  [live]
  --speed N|max      live only: 1 real time, 60 a minute a second, max own times at once  [1]
  --device ID        device id, for one file  [the file's name]
  --unit UNIT        unit of the numbers
  --loop             live only: start over at the end
  --again            backfill only: import once more what the hub already has
${hubOptionsHelp}
The last JSON object tells rows, readings, their sum and SHA-256 checksums over (time, value), 16 bytes each: two little-endian
doubles: "checksum" in the order of the file, "timeOrderChecksum" in the order of time, as a hub answers.

Examples:
  device-sim replay machine_temperature.csv --as backfill --unit °C
  device-sim replay taxi.csv --speed 600 --loop --device taxi
`;

const config = {
  ...hubOptionsConfig,
  as: { type: 'string' },
  speed: { type: 'string' },
  device: { type: 'string' },
  unit: { type: 'string' },
  loop: { type: 'boolean' },
  again: { type: 'boolean' },
} as const;

function describe(all: readonly ReplayStats[]): string {
  return all
    .map(
      (one) =>
        `${one.device}: ${formatCount(one.rows)} rows · acked ${formatCount(one.readingsAcked + one.readingsHeld)}/` +
        `${formatCount(one.readings)} · acked within p50 ${formatMs(one.ackMsP50)} p99 ${formatMs(one.ackMsP99)}` +
        `${one.badLines > 0 ? ` · ${one.badLines} bad lines` : ''}`,
    )
    .join(' · ');
}

function readSpeed(text: string | undefined): number {
  if (text === undefined) return 1;
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const speed = Number(text);
  if (speed > 0 && speed < 1e9) return speed;
  throw new UsageError(`--speed must be a number above 0, or max, not "${text}"`);
}

function makeReplays(args: readonly string[], view: ProgressView): readonly Replay[] {
  const read = readOptions(args, config);
  const files = read.positionals;
  const device = read.text('device');
  const as = read.choice('as', ['live', 'backfill']) ?? 'live';
  if (files.length === 0) throw new UsageError('which file? device-sim replay FILE.csv');
  if (device !== undefined && files.length > 1) throw new UsageError('--device is for one file');
  if (device !== undefined && !deviceIdPattern.test(device)) {
    throw new UsageError(`--device may hold letters, digits and . _ - : (64 at most), not "${device}"`);
  }
  if (as === 'backfill' && read.flag('loop')) throw new UsageError('--loop goes with --as live');
  return files.map(
    (file) =>
      new Replay({
        hub: read.text('hub')!,
        key: read.text('key') ?? process.env.LAPWING_ENROLMENT_KEY ?? '',
        state: read.text('state'),
        file,
        deviceId: device ?? makeDeviceId(basename(file).replace(/\.csv$/i, '')),
        unit: read.text('unit') ?? '',
        as,
        speed: readSpeed(read.text('speed')),
        loop: read.flag('loop'),
        again: read.flag('again'),
        replayOnNote: (level, text) => view.note(level, text),
      }),
  );
}

async function runReplay(args: readonly string[]): Promise<void> {
  const view = new ProgressView(args.includes('--json'), 10);
  const replays = makeReplays(args, view);
  const signals = catchStopSignals({
    stop: () => {
      for (const replay of replays) replay.stop();
    },
    end: () => process.exit(130),
  });
  const tick = setInterval(() => {
    const all = replays.map((replay) => replay.stats());
    view.update({ atMs: Date.now(), files: all }, describe(all));
  }, 1000);
  let results: readonly ReplayResult[];
  try {
    results = await Promise.all(replays.map((replay) => replay.run()));
  } finally {
    clearInterval(tick);
    signals.release();
    view.clearLine();
    for (const replay of replays) replay.stop();
  }
  const [only] = results;
  const complete = results.every((result) => result.complete);
  const whole = results.length === 1 ? only : { rows: results.reduce((sum, { rows }) => sum + rows, 0), complete };
  view.finish({ atMs: Date.now(), ...whole, files: results }, describe(results));
  if (!complete) process.exitCode = 1;
}

export const replayCommand = {
  name: 'replay',
  purpose: 'a CSV file as a device: as if now, sped up, or as a backfill',
  help,
  run: runReplay,
};
