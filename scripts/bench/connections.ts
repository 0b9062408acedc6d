/**
 * Scenario `connections`: 10,000 devices that are connected and say nothing, on the hub and on a bare `ws` server. Memory is
 * read after they have been quiet for a while, through two heartbeats of the hub. Owns nothing but the figures. The processes
 * need about as many file descriptors: it says so when the limit is lower.
 */
import { execFileSync } from 'node:child_process';
import { endProcess } from '../child-processes.ts';
import { atMost, type LoadReport } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { closeHub, enrolDevices, openHub, restartHub } from './bench-hub.ts';
import type { IdlePlan, IdleResult } from './idle-load.ts';
import { startFloor } from './live.ts';
import { boardName } from './live-load.ts';
import { type LoadRun, runLoad } from './load-process.ts';
import { Samples } from './samples.ts';
import { readStack } from './server-stack.ts';

const spareDescriptors = 500;

export async function runConnections(choice: BenchChoice): Promise<LoadReport> {
  const devices = choice.quick ? 2_000 : 10_000;
  const holdMs = choice.quick ? 5_000 : 35_000;
  raiseDescriptors(devices + spareDescriptors);
  const samples = new Samples();
  let lost = 0;
  for (let i = 0; i < choice.rounds; i++) {
    lost += await takeFloorTurn({ devices, holdMs, samples });
    lost += await takeHubTurn({ devices, holdMs, samples }, choice);
    console.error(`round ${i + 1} of ${choice.rounds} done`);
  }
  const ratio = samples.medianRatio('rssMiB', 'hub', 'floor');
  return {
    scenario: 'connections',
    rounds: choice.rounds,
    figures: { devices, heldSeconds: holdMs / 1000, hubArgs: choice.hubArgs.join(' '), ...samples.figures() },
    goals: [
      atMost('RSS with all connected, hub ÷ bare ws server', ratio, { most: 1.5, unit: 'x' }),
      atMost('links lost while idle', lost, { most: 0, unit: 'links' }),
    ],
  };
}

/** Children inherit the limit of this process; only the soft one can be raised without being asked. */
function raiseDescriptors(wanted: number): void {
  const read = (kind: 'S' | 'H'): number => {
    const said = execFileSync('sh', ['-c', `ulimit -${kind}n`], { encoding: 'utf8' }).trim();
    return said === 'unlimited' ? Number.POSITIVE_INFINITY : Number(said);
  };
  if (read('S') >= wanted) return;
  if (read('H') < wanted) throw new Error(`${wanted} file descriptors are needed: ulimit -n ${wanted}, as root`);
  execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${wanted}:`]);
}

interface Turn {
  readonly devices: number;
  readonly holdMs: number;
  readonly samples: Samples;
}

async function takeFloorTurn({ devices, holdMs, samples }: Turn): Promise<number> {
  const { child, url } = await startFloor();
  try {
    const tokens = Array.from({ length: devices }, () => 'none');
    const empty = readStack([child.pid!]).rssMiB;
    const run = await hold({ url, tokens, isBare: true, holdMs }, child.pid!);
    return note(samples, 'floor', { run, empty });
  } finally {
    await endProcess(child, 'SIGTERM');
  }
}

async function takeHubTurn({ devices, holdMs, samples }: Turn, choice: BenchChoice): Promise<number> {
  let hub = await openHub(choice.hubArgs);
  try {
    const names = Array.from({ length: devices }, (_, i) => boardName(i));
    const tokens = await enrolDevices(hub.client, names);
    // Ten thousand enrolments happen once, and leave a grown heap behind.
    hub = await restartHub(hub, choice.hubArgs, 'SIGTERM');
    const empty = readStack([hub.pid]).rssMiB;
    const run = await hold({ url: hub.url, tokens, isBare: false, holdMs }, hub.pid);
    return note(samples, 'hub', { run, empty });
  } finally {
    await closeHub(hub);
  }
}

function hold(plan: IdlePlan, pid: number): Promise<LoadRun<IdleResult>> {
  return runLoad<IdleResult>({ script: 'idle-load.ts', plan, pids: [pid], msMax: plan.holdMs + 120_000 });
}

function note(samples: Samples, name: string, { run, empty }: { run: LoadRun<IdleResult>; empty: number }): number {
  const { result, before, after, windowSeconds } = run;
  samples.add(name, {
    rssMiB: after.rssMiB,
    rssEmptyMiB: empty,
    kibPerConnection: ((after.rssMiB - empty) * 1024) / result.connected,
    rssPeakMiB: after.rssPeakMiB,
    idleCpuPercent: (100 * (after.cpuSeconds - before.cpuSeconds)) / windowSeconds,
    connectsPerSecond: result.connected / (result.connectMs / 1000),
  });
  return result.lost;
}
