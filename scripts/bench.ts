/**
 * `npm run bench -- SCENARIO [--peers] [--quick] [--rounds N] [--json] [--record] [--hz N] [--csv FILE…] [-- HUB OPTIONS]`: measures, and
 * says whether the goals are met. With `--json` the last line of standard output is one object; progress goes to standard error.
 * `--record` writes the result into hub/BENCHMARKS.md. Exit code 1 when a goal is not met, 2 when asked wrongly.
 */
import { parseArgs } from 'node:util';
import { runBatch } from './bench/batch.ts';
import type { BenchChoice } from './bench/bench-choice.ts';
import { runConnections } from './bench/connections.ts';
import { runFanout } from './bench/fanout.ts';
import { runGrowth } from './bench/growth.ts';
import { runLatency } from './bench/latency.ts';
import { runLive } from './bench/live.ts';
import { runMqtt } from './bench/mqtt.ts';
import { runQuery } from './bench/query.ts';
import { recordReport } from './bench/record-report.ts';
import { runRestart } from './bench/restart.ts';
import { runSize } from './bench/size.ts';
import { runWeb } from './bench/web.ts';
import { exitOnSignals } from './child-processes.ts';
import { type LoadReport, printReport } from './load-report.ts';

interface Scenario {
  readonly run: (choice: BenchChoice) => Promise<LoadReport>;
  /** What hardly differs from round to round needs fewer. */
  readonly rounds: number;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  live: { run: runLive, rounds: 5 },
  batch: { run: runBatch, rounds: 5 },
  size: { run: runSize, rounds: 1 },
  query: { run: runQuery, rounds: 5 },
  fanout: { run: runFanout, rounds: 5 },
  connections: { run: runConnections, rounds: 5 },
  latency: { run: runLatency, rounds: 5 },
  restart: { run: runRestart, rounds: 5 },
  growth: { run: runGrowth, rounds: 1 },
  mqtt: { run: runMqtt, rounds: 5 },
  web: { run: runWeb, rounds: 5 },
};

const usage = `usage: npm run bench -- SCENARIO [--peers] [--quick] [--rounds 1…20] [--json] [--record] [--hz N] [--csv FILE…] [-- HUB OPTIONS]
scenarios: ${Object.keys(scenarios).join(', ')}`;
const help = `${usage}

Measures, and says whether the goals are met: exit code 1 when one is not. hub/BENCHMARKS.md says what each scenario does.

  --peers       other programs too, where they are installed
  --quick       one short round, within 45 seconds
  --rounds N    [by scenario, 1 or 5]
  --hz N        frames a second of a board, for live  [1]
  --csv FILE…   for size: any CSV whose first column is a time
  --json        one JSON object last on standard output
  --record      writes the result into hub/BENCHMARKS.md
  -- OPTIONS    for the hub, as lapwing start takes them

Examples
  npm run bench -- live --peers --json
  npm run bench -- size --csv readings.csv
`;

interface Asked {
  readonly scenario: string;
  readonly choice: BenchChoice;
  readonly json: boolean;
  readonly record: boolean;
}

function readChoice(): Asked {
  const flag = { type: 'boolean', default: false } as const;
  const args = process.argv.slice(2);
  const end = args.indexOf('--');
  const { values, positionals } = parseArgs({
    args: end === -1 ? args : args.slice(0, end),
    options: {
      quick: flag,
      peers: flag,
      json: flag,
      record: flag,
      rounds: { type: 'string' },
      hz: { type: 'string', default: '1' },
      csv: { type: 'string', multiple: true },
      help: { ...flag, short: 'h' },
    },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const [scenario = '', ...rest] = positionals;
  if (scenarios[scenario] === undefined) throw new Error(`there is no scenario "${scenario}"`);
  if (rest.length > 0 && values.csv === undefined) throw new Error(`"${rest[0]}" is not understood`);
  const { quick, peers, json, record } = values;
  const rounds = values.rounds === undefined ? (quick ? 1 : scenarios[scenario].rounds) : Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 20)) throw new Error('--rounds is from 1 to 20');
  const hz = Number(values.hz);
  if (!(hz > 0 && hz <= 100)) throw new Error('--hz is up to 100');
  const csv = [...(values.csv ?? []), ...rest];
  return {
    scenario,
    choice: { quick, peers, rounds, hz, csv, hubArgs: end === -1 ? [] : args.slice(end + 1) },
    json,
    record,
  };
}

let asked: Asked;
try {
  asked = readChoice();
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exit(2);
}
exitOnSignals();
const report = await scenarios[asked.scenario]!.run(asked.choice);
if (asked.record) recordReport(report, process.argv.slice(2));
printReport(report, asked.json);
