/**
 * What the kernel says a process costs. Owns nothing; Linux only (elsewhere it answers null, and reports say so).
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessFigures {
  /** CPU seconds of all its living threads since it began. */
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  /** The most it ever held. */
  readonly rssPeakMiB: number;
  readonly threads: number;
}

export function readProcess(pid: number): ProcessFigures | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kibOf = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
    const threads = readdirSync(`/proc/${pid}/task`);
    return {
      cpuSeconds: readCpuSeconds(pid, threads),
      rssMiB: kibOf('VmRSS') / 1024,
      rssPeakMiB: kibOf('VmHWM') / 1024,
      threads: threads.length,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** schedstat counts nanoseconds, stat only hundredths of a second: at a thousand small messages a second that matters. */
function readCpuSeconds(pid: number, threads: readonly string[]): number {
  try {
    let nanoseconds = 0;
    for (const thread of threads) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    return nanoseconds / 1e9;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
}
