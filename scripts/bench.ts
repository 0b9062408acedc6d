/**
 * `npm run bench -- SCENARIO [--quick] [--rounds N] [--json]`: measures, and says whether the goals are met. With `--json` the last
 * line of standard output is one object; progress goes to standard error. Exit code 1 when a goal is not met, 2 when asked wrongly.
 */
import { parseArgs } from 'node:util';
import { runLive } from './bench/live.ts';
import { type LoadReport, printReport } from './load-report.ts';

interface Choice {
  readonly quick: boolean;
  readonly rounds: number | null;
}

const scenarios: Readonly<Record<string, (choice: Choice) => Promise<LoadReport>>> = {
  live: ({ quick, rounds }) =>
    runLive({
      boards: 1000,
      rounds: rounds ?? 1,
      warmUpMs: quick ? 3_000 : 5_000,
      measureMs: quick ? 10_000 : 30_000,
    }),
};

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, rounds: { type: 'string' }, json: { type: 'boolean' } },
  allowPositionals: true,
});
const run = scenarios[positionals[0] ?? ''];
const rounds = values.rounds === undefined ? null : Number(values.rounds);
if (run === undefined || (rounds !== null && !(rounds >= 1 && rounds <= 20))) {
  console.error(`usage: npm run bench -- ${Object.keys(scenarios).join(' | ')} [--quick] [--rounds 1…20] [--json]`);
  process.exitCode = 2;
} else {
  printReport(await run({ quick: values.quick ?? false, rounds }), values.json ?? false);
}
