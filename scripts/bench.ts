/**
 * `npm run bench -- SCENARIO [--quick] [--rounds N] [--json] [-- HUB OPTIONS]`: measures, and says whether the goals are met. With
 * `--json` the last line of standard output is one object; progress goes to standard error. Exit code 1 when a goal is not met, 2
 * when asked wrongly. Hub options (`-- --commit-ms 20`) compare settings, and stand in the figures.
 */
import { parseArgs } from 'node:util';
import { runLive } from './bench/live.ts';
import { exitOnSignals } from './child-processes.ts';
import { type LoadReport, printReport } from './load-report.ts';

interface Choice {
  readonly quick: boolean;
  readonly rounds: number | null;
  /** Options for the hub, to compare settings. */
  readonly hubArgs: readonly string[];
}

const scenarios: Readonly<Record<string, (choice: Choice) => Promise<LoadReport>>> = {
  live: ({ quick, rounds, hubArgs }) =>
    runLive({
      boards: 1000,
      rounds: rounds ?? 1,
      hubArgs,
      warmUpMs: quick ? 3_000 : 5_000,
      measureMs: quick ? 10_000 : 30_000,
    }),
};

const usage = `usage: npm run bench -- ${Object.keys(scenarios).join(' | ')} [--quick] [--rounds 1…20] [--json] [-- HUB OPTIONS]`;

function readChoice(): { scenario: string; choice: Choice; json: boolean } {
  const { values, positionals } = parseArgs({
    options: { quick: { type: 'boolean' }, rounds: { type: 'string' }, json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [scenario = '', ...hubArgs] = positionals;
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (scenarios[scenario] === undefined) throw new Error(`there is no scenario "${scenario}"`);
  if (rounds !== null && !(rounds >= 1 && rounds <= 20)) throw new Error('--rounds is from 1 to 20');
  return { scenario, choice: { quick: values.quick ?? false, rounds, hubArgs }, json: values.json ?? false };
}

let asked: ReturnType<typeof readChoice>;
try {
  asked = readChoice();
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exit(2);
}
exitOnSignals();
printReport(await scenarios[asked.scenario]!(asked.choice), asked.json);
