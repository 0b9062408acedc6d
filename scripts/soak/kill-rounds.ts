/**
 * `kill -9` of the hub at random moments while a fleet sends at full rate, and the proof that nothing acked was lost. Owns the
 * hub, the fleet and a scratch data folder, and removes them however it ends. Every wait has a bound.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '../../device-sim/src/core/random.ts';
import { endProcess } from '../child-processes.ts';
import { HubClient } from '../hub-client.ts';
import { findFreePort, type HubProcess, startHub } from '../hub-process.ts';
import { atMost, type LoadReport, quantile, round } from '../load-report.ts';
import { enrolFleet, SoakFleet } from './fleet-handle.ts';
import { readClockMs } from './fleet-process.ts';
import { type StoredCheck, verifyStored } from './verify-stored.ts';

export interface KillOptions {
  readonly kills: number;
  readonly boards: number;
  readonly intervalMs: number;
  readonly metrics: number;
  readonly seed: number;
  /** A kill comes this long after the fleet has recovered from the last, evenly spread between the two. */
  readonly betweenMs: readonly [least: number, most: number];
  /** Progress, for whoever waits. */
  readonly tell: (line: string) => void;
}

export interface KillFigures extends StoredCheck {
  /** Kill to the first Ack, of every board in every round. */
  readonly recoveriesMs: readonly number[];
  readonly neverRecovered: number;
  readonly reconnects: number;
  /** Readings that outboxes gave up because the hub was away too long. */
  readonly dropped: number;
  readonly seconds: number;
}

/** Acks that the dead hub had already sent are still in socket buffers; boards read them within this time. */
const settleMs = 50;
const recoveryMsMax = 30_000;

export async function runKills(options: KillOptions): Promise<KillFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'lapwing-soak-'));
  const port = await findFreePort();
  const fleet = new SoakFleet();
  let hub = await startHub({ dataFolder: folder, port });
  try {
    const client = await HubClient.signIn(hub.signInLink);
    const { seed, intervalMs, metrics } = options;
    const tokens = await enrolFleet(client, options.boards);
    const started = await fleet.ask({ ask: 'start', plan: { hub: hub.url, tokens, seed, intervalMs, metrics } });
    await fleet.ask({ ask: 'advance', since: started.report, timeoutMs: recoveryMsMax });
    const startMs = readClockMs();
    const random = createRandom(seed);
    const recoveriesMs: number[] = [];
    const [least, most] = options.betweenMs;
    for (let kill = 1; kill <= options.kills; kill++) {
      await pause(least + random() * (most - least));
      hub = await killOnce({ hub, fleet, folder, port }, recoveriesMs);
      options.tell(
        `kill ${kill} of ${options.kills}: all back after ${Math.round(Math.max(...recoveriesMs.slice(-options.boards)))} ms`,
      );
    }
    const seconds = (readClockMs() - startMs) / 1000;
    await pause(least);
    const { report, reconnects } = await fleet.ask({ ask: 'stop' });
    const stored = await verifyStored(client, report);
    const dropped = report.reduce((sum, device) => sum + device.readingsDropped, 0);
    const neverRecovered = recoveriesMs.filter(Number.isNaN).length;
    return { ...stored, recoveriesMs, neverRecovered, reconnects, dropped, seconds };
  } finally {
    await fleet.end();
    await endProcess(hub.child, 'SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function killOnce(
  { hub, fleet, folder, port }: { hub: HubProcess; fleet: SoakFleet; folder: string; port: number },
  recoveriesMs: number[],
): Promise<HubProcess> {
  const killedMs = readClockMs();
  await endProcess(hub.child, 'SIGKILL');
  await pause(settleMs);
  const { report } = await fleet.ask({ ask: 'report' });
  const back = await startHub({ dataFolder: folder, port });
  try {
    const { advancedMs } = await fleet.ask({ ask: 'advance', since: report, timeoutMs: recoveryMsMax });
    for (const atMs of advancedMs) recoveriesMs.push(atMs - killedMs);
    return back;
  } catch (error) {
    await endProcess(back.child, 'SIGKILL');
    throw error;
  }
}

export function reportKills(options: KillOptions, found: KillFigures): LoadReport {
  const sorted = Float64Array.from(found.recoveriesMs).sort();
  const none = { most: 0, unit: 'readings' };
  const { acked, stored, lost, duplicated, invented, dropped, neverRecovered, reconnects } = found;
  const worstMs = round(quantile(sorted, 1) ?? Number.NaN, 0);
  return {
    scenario: 'soak kills',
    rounds: options.kills,
    figures: {
      acked,
      stored,
      lost,
      duplicated,
      recoveryMsP50: round(quantile(sorted, 0.5) ?? Number.NaN, 0),
      recoveryMsMax: worstMs,
      invented,
      dropped,
      reconnects,
      boards: options.boards,
      metrics: options.metrics,
      boardIntervalMs: options.intervalMs,
      seed: options.seed,
      seconds: round(found.seconds, 1),
      ackedRowsPerSecond: round(acked / found.seconds, 0),
    },
    goals: [
      atMost('acked and lost', lost, none),
      atMost('stored twice', duplicated, none),
      atMost('stored and never sent', invented, none),
      atMost('given up by full outboxes', dropped, none),
      atMost('boards that did not come back', neverRecovered, { most: 0, unit: 'boards' }),
    ],
  };
}
