/**
 * `lapwing export`: options, help and progress of a file of readings out of the running hub.
 */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { readTimeText } from './core/time-text.ts';
import { makeProgress } from './edge/transfer-progress.ts';
import { reachHub, UsageError } from './running-hub.ts';

const help = `Usage: lapwing export --device ID[,ID…]|* [options]

Writes readings of the running hub to a file, or to standard output. Memory is flat, whatever the size.

  --device IDS       devices with commas, or * for all
  --metrics NAMES    names or indices with commas     [all]
  --from TIME        ISO 8601 or Unix ms              [the first reading]
  --to TIME          as --from, exclusive             [the last]
  --format FORMAT    csv, ndjson or parquet           [by the ending of --out, else csv]
  --shape SHAPE      long: a line per reading, nothing is lost; wide: a line per time  [long]
  --out FILE         where to; replaced only when all of it has come  [standard output]
  --data DIR         the hub's data folder            [./data, or $LAPWING_DATA]
  --json             one JSON object on standard output at the end; needs --out

Examples
  lapwing export --device greenhouse-1 --from 2026-01-01 --out greenhouse.parquet
  lapwing export --device '*' --format ndjson | gzip > everything.ndjson.gz
  lapwing export --device greenhouse-1 --metrics temperature --shape wide > temperature.csv
`;

const text = { type: 'string' } as const;
const options = {
  device: text,
  metrics: text,
  from: text,
  to: text,
  format: text,
  shape: text,
  out: text,
  data: text,
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export async function runExport(args: readonly string[]): Promise<void> {
  const values = readOptions(args);
  if (values.help === true) return void process.stdout.write(help);
  if (values.device === undefined) throw new UsageError('name a device with --device, or all with --device "*"');
  if (values.json === true && values.out === undefined) throw new UsageError('--json needs --out FILE');
  const startedMs = Date.now();
  const hub = await reachHub(resolve(values.data ?? process.env.LAPWING_DATA ?? 'data'));
  try {
    const answer = await hub.askOk(`/api/v1/export?${makeQuery(values)}`);
    const progress = makeProgress('exported');
    await (values.out === undefined
      ? pipeline(answer.body!, progress.count, process.stdout).catch(ignoreClosedPipe)
      : writeWhole(values.out, (to) => pipeline(answer.body!, progress.count, to)));
    progress.end();
    const result = { file: values.out, bytes: progress.bytes(), ms: Date.now() - startedMs };
    if (values.json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await hub.signOut();
  }
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message.split('.')[0]}; see lapwing export --help`);
  }
}

function makeQuery(values: ReturnType<typeof readOptions>): URLSearchParams {
  const ending = /\.(csv|ndjson|parquet)$/.exec(values.out ?? '')?.[1];
  const query = new URLSearchParams({ device: values.device!, format: values.format ?? ending ?? 'csv' });
  if (values.metrics !== undefined) query.set('metrics', values.metrics);
  if (values.shape !== undefined) query.set('shape', values.shape);
  for (const name of ['from', 'to'] as const) {
    const said = values[name];
    if (said === undefined) continue;
    const timeMs = readTimeText(said);
    if (Number.isNaN(timeMs))
      throw new UsageError(`--${name} takes a time such as 2026-01-31 or Unix ms, not "${said}"`);
    query.set(name, String(timeMs));
  }
  return query;
}

/** `lapwing export … | head` has what it wants. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** A file that is there is whole: written beside its place, and moved there at the end. */
async function writeWhole(file: string, write: (to: NodeJS.WritableStream) => Promise<void>): Promise<void> {
  const path = resolve(file);
  const beside = `${path}.${process.pid}.part`;
  try {
    await write(createWriteStream(beside));
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw new Error(`${basename(path)} was not written: ${(cause as Error).message}`, { cause });
  }
}
