/**
 * Scenario `fanout`: 1,000 viewers watch ten devices of ten metrics, one frame a second each; then 100 viewers stop reading.
 * What that changes for the others, and what the stalled cost the hub, is the question. Owns the hub. Between the two
 * windows a loud device sends to the stalled alone, until the stalled are behind in the hub and not only in the kernel's buffers.
 */
import { atMost, type LoadReport } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { closeHub, enrolDevices, openHub } from './bench-hub.ts';
import type { FanoutPlan, FanoutResult } from './fanout-load.ts';
import { type LoadRun, runLoad } from './load-process.ts';
import { fleetDevice } from './reading-source.ts';
import { Samples } from './samples.ts';

const viewers = 1_000;
const stalled = 100;
const devices = 10;

export async function runFanout(choice: BenchChoice): Promise<LoadReport> {
  const samples = new Samples();
  let notConflated = 0;
  let lost = 0;
  for (let i = 0; i < choice.rounds; i++) {
    const { result, before, after, marks, windowSeconds, loadCpuShare } = await takeTurn(choice);
    const change = ((result.others.p99 ?? Number.NaN) / (result.all.p99 ?? Number.NaN) - 1) * 100;
    const grown = { all: marks[0]!.rssMiB - before.rssMiB, stalled: after.rssMiB - marks[0]!.rssMiB };
    samples.add('all reading', {
      latencyMsP50: result.all.p50,
      latencyMsP99: result.all.p99,
      rssMiB: marks[0]!.rssMiB,
    });
    samples.add('100 stalled', {
      latencyMsP50: result.others.p50,
      latencyMsP99: result.others.p99,
      rssMiB: after.rssMiB,
      p99ChangePercent: change,
      kibPerStalled: ((grown.stalled - grown.all) * 1024) / stalled,
      cpuPercent: (100 * (after.cpuSeconds - before.cpuSeconds)) / windowSeconds,
      loadCpuPercent: 100 * loadCpuShare,
    });
    notConflated += stalled - result.conflated;
    lost += result.lost;
    console.error(`round ${i + 1} of ${choice.rounds} done`);
  }
  return {
    scenario: 'fanout',
    rounds: choice.rounds,
    figures: { viewers, stalled, devices, metrics: devices * 10, ...samples.figures() },
    goals: [
      atMost("change of the others' p99", samples.median('100 stalled', 'p99ChangePercent'), { most: 10, unit: '%' }),
      atMost('RSS per stalled viewer', samples.median('100 stalled', 'kibPerStalled'), { most: 64, unit: 'KiB' }),
      atMost('stalled viewers that were not behind, or not caught up', notConflated, { most: 0, unit: 'viewers' }),
      atMost('viewers lost', lost, { most: 0, unit: 'viewers' }),
    ],
  };
}

async function takeTurn(choice: BenchChoice): Promise<LoadRun<FanoutResult>> {
  const hub = await openHub(choice.hubArgs);
  try {
    const names = Array.from({ length: devices + 1 }, (_, i) => fleetDevice(i));
    const tokens = await enrolDevices(hub.client, names);
    const times = choice.quick
      ? { everyMs: 1_000, fillMs: 7_000, windowMs: 6_000, settleMs: 1_000 }
      : // Together less than the 37 s after which a viewer that says nothing is cut: who stalls for longer costs nothing at all.
        { everyMs: 1_000, fillMs: 9_000, windowMs: 20_000, settleMs: 2_000 };
    const plan: FanoutPlan = { url: hub.url, cookie: hub.client.cookie, tokens, viewers, stalled, ...times };
    return await runLoad<FanoutResult>({ script: 'fanout-load.ts', plan, pids: [hub.pid], msMax: 180_000 });
  } finally {
    await closeHub(hub);
  }
}
