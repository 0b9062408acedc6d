/**
 * What the servers of one contestant cost together, and where they run: servers on core 0, loads on core 1, where there are two.
 * Owns nothing; Linux only for the figures (elsewhere they are NaN, and no goal is met).
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProcess } from '../process-figures.ts';
import { findProgram } from '../system-packages.ts';

export interface StackFigures {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  readonly rssPeakMiB: number;
  /** What the kernel sent to storage for them. */
  readonly writtenMiB: number;
}

export const canPin = cpus().length >= 2 && findProgram('taskset') !== null;

/** What stands before a command to keep it on one core; it ends in exec. */
export const onCore = (core: 0 | 1): string[] => (canPin ? ['taskset', '-c', String(core)] : []);

/** What stands before a command that must never be in the way of another one on its core; it ends in exec. */
export const inBackground = (): string[] => (findProgram('chrt') === null ? [] : ['chrt', '--idle', '0']);

export function readStack(pids: readonly number[]): StackFigures {
  const sum = { cpuSeconds: 0, rssMiB: 0, rssPeakMiB: 0, writtenMiB: 0 };
  for (const pid of pids) {
    const figures = readProcess(pid);
    sum.cpuSeconds += figures?.cpuSeconds ?? Number.NaN;
    sum.rssMiB += figures?.rssMiB ?? Number.NaN;
    sum.rssPeakMiB += figures?.rssPeakMiB ?? Number.NaN;
    sum.writtenMiB += readWrittenMiB(pid);
  }
  return sum;
}

function readWrittenMiB(pid: number): number {
  try {
    const bytes = /^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1];
    return Number(bytes ?? Number.NaN) / 2 ** 20;
  } catch {
    return Number.NaN;
  }
}

/** Waits until the servers are quiet (under 3 % of a core for a second: background work is done), at most `msMax`. */
export async function waitUntilQuiet(pids: readonly number[], msMax: number): Promise<void> {
  const endMs = performance.now() + msMax;
  let before = readStack(pids).cpuSeconds;
  while (performance.now() < endMs) {
    await sleep(1_000);
    const now = readStack(pids).cpuSeconds;
    if (!(now - before > 0.03)) return;
    before = now;
  }
}
