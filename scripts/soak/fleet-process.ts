/**
 * A fleet of plain boards in a process of its own, which answers questions about what its devices hold as acked. Owns the fleet;
 * ends when told, or when its parent goes. It knows nothing of kills and restarts: its boards reconnect like any others.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type DeviceAckReport, type FleetHandle, startFleet } from '../../device-sim/src/fleet.ts';

export interface FleetPlan {
  readonly hub: string;
  readonly tokens: readonly (readonly [deviceId: string, token: string])[];
  readonly seed: number;
  readonly intervalMs: number;
  readonly metrics: number;
}

export type FleetQuestion =
  | { readonly ask: 'start'; readonly plan: FleetPlan }
  /** Waits until every board has seen an Ack beyond its `ackedSeq` of the report given; answers when each did, Unix ms. */
  | { readonly ask: 'advance'; readonly since: readonly DeviceAckReport[]; readonly timeoutMs: number }
  | { readonly ask: 'report' }
  /** Delivers what it has, says Goodbye, and answers the last report. */
  | { readonly ask: 'stop' };

export interface FleetAnswer {
  readonly report: readonly DeviceAckReport[];
  readonly reconnects: number;
  /** Answer to 'advance', by board; NaN for a board that never did. */
  readonly advancedMs: readonly number[];
}

export const boardPrefix = 'soak-';
/** As fine as recovery times need to be. */
const lookEveryMs = 5;
/** A fleet that was cut off shortly before its end still has time to come back and deliver. */
const drainMs = 20_000;

let fleet: FleetHandle | null = null;

/** Parent and child share a machine, so their wall clocks agree; this one has fractions. */
export function readClockMs(): number {
  return performance.timeOrigin + performance.now();
}

async function answer(question: FleetQuestion): Promise<FleetAnswer> {
  if (question.ask === 'start') {
    const { hub, tokens, seed, intervalMs, metrics } = question.plan;
    fleet = startFleet({
      hub,
      tokens: new Map(tokens),
      boards: tokens.length,
      seed,
      type: 'plain',
      metrics,
      intervalMs,
      prefix: boardPrefix,
      drainMs,
    });
    await fleet.ready;
  }
  if (fleet === null) throw new Error('the fleet was asked before it was started');
  const advancedMs = question.ask === 'advance' ? await waitForAdvance(fleet, question) : [];
  if (question.ask === 'stop') await fleet.stop();
  return { report: fleet.report(), reconnects: fleet.stats().reconnects, advancedMs };
}

async function waitForAdvance(
  running: FleetHandle,
  { since, timeoutMs }: { since: readonly DeviceAckReport[]; timeoutMs: number },
): Promise<number[]> {
  const advancedMs = since.map(() => Number.NaN);
  const deadlineMs = readClockMs() + timeoutMs;
  while (advancedMs.some(Number.isNaN) && readClockMs() < deadlineMs) {
    const nowMs = readClockMs();
    running.report().forEach(({ ackedSeq }, i) => {
      if (Number.isNaN(advancedMs[i]!) && ackedSeq > since[i]!.ackedSeq) advancedMs[i] = nowMs;
    });
    await pause(lookEveryMs);
  }
  return advancedMs;
}

if (import.meta.main) {
  process.on('message', ({ id, question }: { id: number; question: FleetQuestion }) => {
    answer(question).then(
      (given) => process.send?.({ id, given }),
      (error: unknown) => process.send?.({ id, failed: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}
