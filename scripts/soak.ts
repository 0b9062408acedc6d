/**
 * `npm run soak -- --kills 20 | --mqtt-kills 20 | --power-cuts 10 [--boards 100] [--interval-ms 20] [--seed 1] [--json]`: proves that what was acked is
 * stored, once. With `--json` the last line of standard output is one object; progress goes to standard error. Exit code 1 when a
 * goal is not met, 2 when it was asked wrongly or may not do what it was asked.
 */
import { parseArgs } from 'node:util';
import { exitOnSignals } from './child-processes.ts';
import { printReport } from './load-report.ts';
import { reportKills, runKills } from './soak/kill-rounds.ts';
import { whyNoLoopDisk } from './soak/loop-disk.ts';
import { runMqttKills } from './soak/mqtt-kills.ts';
import { reportPowerCuts, runPowerCuts } from './soak/power-cuts.ts';

const usage =
  'usage: npm run soak -- --kills N | --mqtt-kills N | --power-cuts N [--boards 100] [--interval-ms 20] [--seed 1] [--json]';
const help = `${usage}

Ends a hub under load again and again, and counts what was acked against what is stored.

  --kills N         N times kill -9, boards over WebSockets
  --mqtt-kills N    N times kill -9, publishers at QoS 1
  --power-cuts N    N times the power: as root, on a disk in a file that the run makes
  --boards N        that speak at once        [100]
  --interval-ms MS  between a board's frames  [20]
  --seed S          [1]
  --json            one JSON object last on standard output

Examples
  npm run soak -- --kills 20 --json
  npm run soak -- --mqtt-kills 5 --boards 20
`;

function readOptions() {
  return parseArgs({
    options: {
      kills: { type: 'string' },
      'mqtt-kills': { type: 'string' },
      'power-cuts': { type: 'string' },
      boards: { type: 'string', default: '100' },
      // 50 frames a second and board: 5,000 a second into the hub.
      'interval-ms': { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      'break-fsync': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

function refuse(text: string): never {
  console.error(`${text}\n${usage}`);
  process.exit(2);
}

let values: ReturnType<typeof readOptions>;
try {
  values = readOptions();
} catch (error) {
  refuse((error as Error).message);
}
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}

function readWhole(name: keyof typeof values, [least, most]: readonly [number, number]): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  refuse(`--${name} is a whole number from ${least} to ${most}`);
}

const load = {
  boards: readWhole('boards', [1, 1000]),
  intervalMs: readWhole('interval-ms', [1, 60_000]),
  seed: readWhole('seed', [0, 2 ** 31]),
  metrics: 4,
};

exitOnSignals();
if (values.kills !== undefined) {
  const options = {
    ...load,
    kills: readWhole('kills', [1, 1000]),
    betweenMs: [500, 3000] as const,
    tell: console.error,
  };
  printReport(reportKills(options, await runKills(options)), values.json);
} else if (values['mqtt-kills'] !== undefined) {
  const kills = readWhole('mqtt-kills', [1, 1000]);
  const { boards: publishers, intervalMs, seed } = load;
  const options = { kills, publishers, intervalMs, seed, betweenMs: [500, 2000] as const };
  printReport(await runMqttKills({ ...options, tell: console.error }), values.json);
} else if (values['power-cuts'] !== undefined) {
  const why = whyNoLoopDisk();
  if (why !== null) {
    console.error(why);
    process.exit(2);
  }
  const cuts = readWhole('power-cuts', [1, 1000]);
  const options = { ...load, cuts, betweenMs: [1500, 5000] as const, breakFsync: values['break-fsync'] };
  printReport(reportPowerCuts(options, await runPowerCuts(options)), values.json);
} else {
  refuse('what shall it do?');
}
