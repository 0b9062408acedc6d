/**
 * Power cuts while a fleet sends: what the disk holds at that moment is copied, the devices' Acks are read, and a hub started on
 * the copy must have all of them. `kill -9` cannot show this, because the kernel outlives the process. Owns each round's disks,
 * hubs and fleet, and ends them all. Needs root.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '../../device-sim/src/core/random.ts';
import { endProcess } from '../child-processes.ts';
import { HubClient } from '../hub-client.ts';
import { type HubProcess, makeSignInLink, startHub } from '../hub-process.ts';
import { atMost, type LoadReport, quantile, round } from '../load-report.ts';
import { enrolFleet, SoakFleet } from './fleet-handle.ts';
import { readClockMs } from './fleet-process.ts';
import { LoopDisk } from './loop-disk.ts';
import { type StoredCheck, verifyStored } from './verify-stored.ts';

export interface PowerCutOptions {
  readonly cuts: number;
  readonly boards: number;
  readonly intervalMs: number;
  readonly metrics: number;
  readonly seed: number;
  /** The cut comes this long after the fleet has begun, evenly spread between the two. */
  readonly betweenMs: readonly [least: number, most: number];
  /** The hub does not wait for its disk: losses are expected. */
  readonly breakFsync: boolean;
}

export interface PowerCutRound extends StoredCheck {
  /** Start of the hub on the copy until it listens. */
  readonly restartMs: number;
  readonly isDirect: boolean;
  /** The session in which the devices were enrolled was answered for before the cut, so it must hold after it. */
  readonly sessionLost: boolean;
}

/**
 * Acks as soon as the hub may give them: with lazy ones most of what is acked has been on the disk for a second, and a cut would
 * seldom find a fault.
 */
const ackMs = 20;

/** Acks that the stopped hub had sent are read by the devices within this time. */
const settleMs = 100;

export async function runPowerCuts(options: PowerCutOptions): Promise<PowerCutRound[]> {
  const random = createRandom(options.seed);
  const rounds: PowerCutRound[] = [];
  const [least, most] = options.betweenMs;
  for (let cut = 1; cut <= options.cuts; cut++) {
    const found = await runRound(options, least + random() * (most - least));
    rounds.push(found);
    console.error(
      `power cut ${cut} of ${options.cuts}: ${found.acked} acked, ${found.lost} of them lost, ${found.duplicated} duplicated`,
    );
  }
  return rounds;
}

async function runRound(options: PowerCutOptions, cutAfterMs: number): Promise<PowerCutRound> {
  const disk = LoopDisk.make();
  const fleet = new SoakFleet();
  let hub: HubProcess | undefined;
  let copy: LoopDisk | undefined;
  try {
    const dataFolder = join(disk.folder, 'data');
    mkdirSync(dataFolder);
    hub = await startHub({ dataFolder, args: ['--ack-ms', String(ackMs)], env: makeEnvironment(options) });
    const client = await HubClient.signIn(hub.signInLink);
    const { seed, intervalMs, metrics } = options;
    const tokens = await enrolFleet(client, options.boards);
    const { report: before } = await fleet.ask({
      ask: 'start',
      plan: { hub: hub.url, tokens, seed, intervalMs, metrics },
    });
    await fleet.ask({ ask: 'advance', since: before, timeoutMs: 20_000 });
    await pause(cutAfterMs);

    hub.child.kill('SIGSTOP');
    await pause(settleMs);
    const { report } = await fleet.ask({ ask: 'report' });
    copy = LoopDisk.copyOf(disk);
    await endProcess(hub.child, 'SIGKILL');
    await fleet.end();

    copy.mount();
    return { ...(await checkCopy(copy, client, report)), isDirect: disk.isDirect };
  } finally {
    await fleet.end();
    await endProcess(hub?.child, 'SIGKILL');
    copy?.close();
    disk.close();
  }
}

async function checkCopy(
  copy: LoopDisk,
  client: HubClient,
  report: Parameters<typeof verifyStored>[1],
): Promise<Omit<PowerCutRound, 'isDirect'>> {
  const dataFolder = join(copy.folder, 'data');
  const startMs = readClockMs();
  const hub = await startHub({ dataFolder });
  const restartMs = readClockMs() - startMs;
  try {
    const sessionLost = !(await new HubClient(hub.url, client.cookie).isSignedIn());
    const again = await HubClient.signIn(await makeSignInLink(dataFolder));
    return { ...(await verifyStored(again, report)), restartMs, sessionLost };
  } finally {
    await endProcess(hub.child, 'SIGTERM');
  }
}

function makeEnvironment({ breakFsync }: PowerCutOptions): Record<string, string> {
  return breakFsync ? { NODE_OPTIONS: `--import=${new URL('./break-fsync.ts', import.meta.url).href}` } : {};
}

export function reportPowerCuts(options: PowerCutOptions, rounds: readonly PowerCutRound[]): LoadReport {
  const total = (of: (round: PowerCutRound) => number): number => rounds.reduce((sum, one) => sum + of(one), 0);
  const restarts = Float64Array.from(rounds, ({ restartMs }) => restartMs).sort();
  const none = { most: 0, unit: 'readings' };
  const lost = total((one) => one.lost);
  const duplicated = total((one) => one.duplicated);
  const invented = total((one) => one.invented);
  return {
    scenario: options.breakFsync ? 'soak power cuts, without fsync: losses expected' : 'soak power cuts',
    rounds: rounds.length,
    figures: {
      acked: total((one) => one.acked),
      stored: total((one) => one.stored),
      lost,
      duplicated,
      recoveryMsP50: round(quantile(restarts, 0.5) ?? Number.NaN, 0),
      recoveryMsMax: round(quantile(restarts, 1) ?? Number.NaN, 0),
      invented,
      roundsWithLoss: rounds.filter((one) => one.lost > 0).length,
      sessionsLost: total((one) => Number(one.sessionLost)),
      directIo: rounds.every(({ isDirect }) => isDirect) ? 'yes' : 'no',
      boards: options.boards,
      metrics: options.metrics,
      boardIntervalMs: options.intervalMs,
      ackMs,
      seed: options.seed,
    },
    goals: [
      atMost('acked and lost', lost, none),
      atMost(
        'sign-ins lost',
        total((one) => Number(one.sessionLost)),
        { most: 0, unit: 'sessions' },
      ),
      atMost('stored twice', duplicated, none),
      atMost('stored and never sent', invented, none),
    ],
  };
}
