/**
 * Scenario `latency`: 1,000 boards live, one viewer, while months at 1 Hz are asked for one after another. What a query costs the
 * live ones is the question; the same load with nobody asking stands beside it. Owns the hub.
 */
import { join } from 'node:path';
import { endProcess, spawnOwn } from '../child-processes.ts';
import { atMost, type LoadReport } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import type { BenchHub } from './bench-hub.ts';
import { enrolDevices } from './bench-hub.ts';
import { openContestant } from './contestants.ts';
import { quantilesOf } from './latency-window.ts';
import { boardName, type LivePlan, type LiveResult } from './live-load.ts';
import { type LoadRun, runLoad } from './load-process.ts';
import type { MonthPlan } from './month-load.ts';
import { planMonth } from './query.ts';
import { Samples } from './samples.ts';
import { inBackground, onCore, waitUntilQuiet } from './server-stack.ts';

const boards = 1_000;
/** The page asks on the grid; exact edges stand beside it. */
const asked = { grid: 'months are asked for', exact: 'with exact edges' } as const;

export async function runLatency(choice: BenchChoice): Promise<LoadReport> {
  const samples = new Samples();
  const month = planMonth();
  let unseen = 0;
  for (let i = 0; i < choice.rounds; i++) {
    const store = await openContestant('hub', choice.hubArgs);
    try {
      await store.fill(month, { rowsPerFrame: 4096, backfill: true, isPrebuilt: false });
      const hub = store.hub()!;
      await waitUntilQuiet([hub.pid], 20_000);
      const names = Array.from({ length: boards }, (_, k) => boardName(k));
      const tokens = await enrolDevices(hub.client, names);
      unseen += note(samples, 'nobody asks', await runBoards(hub, tokens, choice));
      for (const align of choice.quick ? (['grid'] as const) : (['grid', 'exact'] as const)) {
        const asking = askOnAndOn({ url: hub.url, cookie: hub.client.cookie, month, align });
        unseen += note(samples, asked[align], await runBoards(hub, tokens, choice));
        const queries = await asking.stop();
        samples.add(asked[align], { queries: queries.length, queryMsP50: quantilesOf(queries).p50 });
      }
    } finally {
      await store.close();
    }
    console.error(`round ${i + 1} of ${choice.rounds} done`);
  }
  const p99 = samples.median(asked.grid, 'latencyMsP99');
  return {
    scenario: 'latency',
    rounds: choice.rounds,
    figures: { boards, metrics: 10, hubArgs: choice.hubArgs.join(' '), ...samples.figures() },
    goals: [
      atMost('p99 device to viewer while months are asked for', p99, { most: 10, unit: 'ms' }),
      atMost('sent and not seen by the viewer', unseen, { most: 0, unit: 'messages' }),
    ],
  };
}

function runBoards(hub: BenchHub, tokens: readonly string[], { quick }: BenchChoice): Promise<LoadRun<LiveResult>> {
  const times = quick ? { warmUpMs: 2_000, measureMs: 6_000 } : { warmUpMs: 20_000, measureMs: 15_000 };
  const plan: LivePlan = { kind: 'hub', url: hub.url, cookie: hub.client.cookie, tokens, ...times };
  return runLoad<LiveResult>({ script: 'live-load.ts', plan, pids: [hub.pid], msMax: 120_000 });
}

/** How long each question took, in milliseconds, is known at the end. */
function askOnAndOn(plan: MonthPlan): { stop: () => Promise<Float64Array> } {
  const command = [...onCore(1), ...inBackground(), process.execPath, join(import.meta.dirname, 'month-load.ts')];
  const asker = spawnOwn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  asker.send(plan);
  const told = new Promise<Float64Array>((fulfil, reject) => {
    asker.once('message', (took) => fulfil(Float64Array.from(took as number[])));
    asker.once('exit', (code, signal) =>
      reject(new Error(`the asker ended (${signal ?? code}) before it was told to`)),
    );
  });
  // A failure is told by whoever stops it.
  told.catch(() => undefined);
  const stop = async (): Promise<Float64Array> => {
    if (asker.connected) asker.send('stop');
    try {
      return await told;
    } finally {
      await endProcess(asker, 'SIGTERM');
    }
  };
  return { stop };
}

/** Messages that the viewer did not see. */
function note(samples: Samples, name: string, { result, before, after, windowSeconds }: LoadRun<LiveResult>): number {
  samples.add(name, {
    latencyMsP50: result.latencyMs.p50,
    latencyMsP99: result.latencyMs.p99,
    latencyMsP999: result.latencyMs.p999,
    cpuPercent: (100 * (after.cpuSeconds - before.cpuSeconds)) / windowSeconds,
    loadLagMsP99: result.lagMsP99,
  });
  return result.sent - result.arrived;
}
