/**
 * The hub's log on standard error: JSON lines for machines, plain lines in a terminal. The only file that uses pino.
 *
 * Secrets never get here: callers pass ids, codes and counts.
 */
import { pino } from 'pino';

export type Log = Pick<ReturnType<typeof pino>, 'info' | 'warn' | 'error' | 'debug'>;

export function makeLog(level: string): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (process.stderr.isTTY) return pino(options, { write: (line) => process.stderr.write(writeForPeople(line)) });
  return pino(options, pino.destination({ dest: 2, sync: true }));
}

/** `14:02:11 warn  nothing came for 38 s (fault heartbeatTimeout, device pi-1)` */
export function writeForPeople(line: string): string {
  const { level, time, msg, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const about = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  const cause = (err as { stack?: string } | undefined)?.stack;
  const name = pino.levels.labels[Number(level)] ?? '';
  const detail = about.length === 0 ? '' : ` (${about.join(', ')})`;
  return `${String(time).slice(11, 19)} ${name.padEnd(5)} ${msg}${detail}${cause === undefined ? '' : `\n${cause}`}\n`;
}

/** So many lines a second and no more: what others send must not fill the disk. Owns the count. */
export class LogBudget {
  private readonly linesPerSecond: number;
  private second = Number.NaN;
  private lines = 0;

  constructor(linesPerSecond: number) {
    this.linesPerSecond = linesPerSecond;
  }

  /** Whether this line may be written. */
  take(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.second) this.lines = 0;
    this.second = second;
    this.lines += 1;
    return this.lines <= this.linesPerSecond;
  }
}
