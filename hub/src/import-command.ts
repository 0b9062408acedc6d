/**
 * `lapwing import`: options, help and progress of a file of readings into the running hub.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compose } from 'node:stream';
import { parseArgs } from 'node:util';
import { makeProgress } from './edge/transfer-progress.ts';
import { type RunningHub, reachHub, readProblem, UsageError } from './running-hub.ts';

const help = `Usage: lapwing import FILE… --device ID|* [options]

Stores the readings of CSV or NDJSON files in the running hub. The same file again stores nothing twice; a file that has grown
adds what is new; an import that was cut off goes on where it was. A file that begins like one imported before and then differs is
refused, before anything of it is stored: give it a --source of its own, and the same again whenever it comes again.

The first column of a CSV is the time (ISO 8601, "YYYY-MM-DD HH:MM:SS" taken as UTC, Unix seconds or milliseconds), the others are
metrics: numbers, true and false, or texts. The files of lapwing export come back bit for bit. A bad line is told and left out.

  --device ID        whose readings they are; * when the file itself says so
  --format FORMAT    csv or ndjson      [by the file's ending]
  --source NAME      tells files apart that begin with the same reading
  --data DIR         the hub's data folder  [./data, or $LAPWING_DATA]
  --json             the hub's answer, one JSON object per file, on standard output

Examples
  lapwing import machine_temperature.csv --device mill-1
  lapwing import everything.ndjson --device '*'
`;

const text = { type: 'string' } as const;
const options = {
  device: text,
  format: text,
  source: text,
  data: text,
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

interface Imported {
  readonly rows: number;
  readonly readings: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly badLineCount: number;
  readonly badLines: readonly { readonly line: number; readonly why: string }[];
}

const badLinesShown = 5;

export async function runImport(args: readonly string[]): Promise<void> {
  const { values, positionals } = readOptions(args);
  if (values.help === true) return void process.stdout.write(help);
  if (positionals.length === 0) throw new UsageError('name the file to import; see lapwing import --help');
  const { device, source } = values;
  if (device === undefined)
    throw new UsageError('say whose readings these are: --device ID, or "*" when the file does');
  for (const file of positionals) await checkFile(file);
  const hub = await reachHub(resolve(values.data ?? process.env.LAPWING_DATA ?? 'data'));
  try {
    for (const file of positionals) {
      const format = values.format ?? (/\.(ndjson|jsonl)$/.test(file) ? 'ndjson' : 'csv');
      const answer = await importFile(hub, file, { device, format, ...(source === undefined ? {} : { source }) });
      if (values.json === true) process.stdout.write(`${JSON.stringify({ file, ...answer })}\n`);
      else describe(file, answer);
    }
  } finally {
    await hub.signOut();
  }
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message.split('.')[0]}; see lapwing import --help`);
  }
}

async function checkFile(file: string): Promise<void> {
  const facts = await stat(file).catch((cause: Error) => {
    throw new UsageError(`${file} cannot be read: ${cause.message}`);
  });
  if (!facts.isFile()) throw new UsageError(`${file} is no file`);
}

async function importFile(hub: RunningHub, file: string, query: Record<string, string>): Promise<Imported> {
  const answer = await sendFile(hub, file, query);
  if (!answer.ok) throw new Error(`${file}: ${await readProblem(answer)}`);
  return (await answer.json()) as Imported;
}

async function sendFile(hub: RunningHub, file: string, query: Record<string, string>): Promise<Response> {
  const progress = makeProgress(`${file}: sent`);
  const body = compose(createReadStream(file), progress.count) as unknown as BodyInit;
  try {
    const path = `/api/v1/import?${new URLSearchParams(query)}`;
    const type = query.format === 'ndjson' ? 'application/x-ndjson' : 'text/csv';
    const init = { method: 'POST', headers: { 'content-type': type }, body, duplex: 'half' };
    return await hub.ask(path, init as RequestInit);
  } finally {
    progress.end();
  }
}

function describe(file: string, answer: Imported): void {
  const { rows, stored, duplicates, badLineCount, badLines } = answer;
  const before = duplicates > 0 ? `, ${duplicates} were there already` : '';
  process.stdout.write(`${file}: ${rows} rows, ${stored} readings stored${before}\n`);
  for (const { line, why } of badLines.slice(0, badLinesShown)) process.stderr.write(`  line ${line}: ${why}\n`);
  if (badLineCount > badLinesShown)
    process.stderr.write(`  … ${badLineCount} bad lines in all; --json lists a hundred\n`);
}
