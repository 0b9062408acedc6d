/**
 * The hub's log: JSON lines on standard error. The only file that uses pino.
 *
 * Secrets never get here: callers pass ids, codes and counts.
 */
import { pino } from 'pino';

export type Log = Pick<ReturnType<typeof pino>, 'info' | 'warn' | 'error' | 'debug'>;

export function makeLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}
