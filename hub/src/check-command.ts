/**
 * `lapwing check`: verifies the database of a hub, running or not, and says what of it is damaged. Exit code 1 when anything is.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from './running-hub.ts';
import { type CheckReport, checkDatabase, type Finding } from './store/check.ts';

const help = `Usage: lapwing check [--data DIR] [--json]

Reads the whole database, without changing it, and says what is damaged: SQLite's own structure, the checksum of every column, block
and log row. A hub may be running on it. Exit code 0: whole; 1: damaged; 2: a wrong call.

  --data DIR   the hub's data folder                 [./data, or $LAPWING_DATA]
  --json       one JSON object on standard output

A damaged column is left out of every answer by itself. When the structure is damaged, stop the hub, keep a copy of lapwing.db, and
either put a backup in its place or save what can be read: sqlite3 lapwing.db .recover | sqlite3 new.db

Example
  lapwing check --data /var/lib/lapwing --json
`;

export function runCheck(args: readonly string[]): void {
  const values = readOptions(args);
  if (values.help === true) return void process.stdout.write(help);
  const data = resolve(values.data ?? process.env.LAPWING_DATA ?? 'data');
  const file = join(data, 'lapwing.db');
  if (!existsSync(file)) throw new UsageError(`there is no database in ${data}; name the folder with --data`);
  const report = checkDatabase(file);
  process.stdout.write(
    values.json === true ? `${JSON.stringify({ ok: isWhole(report), ...report })}\n` : describe(report),
  );
  if (!isWhole(report)) process.exitCode = 1;
}

function isWhole({ findings }: CheckReport): boolean {
  return findings.length === 0;
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message.split('.')[0]}; see lapwing check --help`);
  }
}

function describe(report: CheckReport): string {
  const { file, blocks, columns, rows, logRows, findings } = report;
  const looked = `${blocks} blocks with ${columns} columns and ${rows} rows, ${logRows} log rows`;
  if (isWhole(report)) return `${file}: whole (${looked})\n`;
  return `${findings.map(describeFinding).join('\n')}\n${file}: ${findings.length} findings (${looked})\n`;
}

function describeFinding({ what, text, device, metric, fromMs, toMs, rows }: Finding): string {
  const range =
    fromMs === null || toMs === null ? '' : `, ${rows} rows from ${writeTime(fromMs)} to ${writeTime(toMs)}`;
  const name = device === null ? '' : `${device}${metric === null ? ' (all metrics)' : ` ${metric}`}: `;
  return `${what}: ${name}${text}${range}`;
}

/** A damaged time may be no time at all. */
function writeTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
