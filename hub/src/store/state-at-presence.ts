/**
 * Who was there at an instant of the past, from what the store keeps: when hubs ran, when devices had no link, when readings came.
 *
 * `unknown` where no hub was running, or before a device's first reading; `offline` in an outage, or `asleep` where the device had said
 * so; `late` after a pause that is not usual for the device; else `online`. Owns statements.
 */
import type { PresenceState } from '@lapwing/protocol';
import type { FleetAtQuery } from '../core/ports.ts';
import { decodeFacts, type Stretch } from './block-facts.ts';
import { aliveEveryMs } from './hub-runs.ts';
import type { BlockRow, Snapshots } from './snapshot.ts';
import type { Connection, Statement } from './sqlite.ts';

/** Where the usual pause is not known. */
const gapMsDefault = 15 * 60_000;
const gapIntervals = 3;
/** As for the present: nobody is late before this. */
const gapMsMin = 5_000;

/** When hubs ran; this one still does. Empty: a store of before that was kept, whose hubs are taken to have always run. */
export function readRuns(connection: Connection, nowMs: number): readonly Stretch[] {
  const runs = connection
    .prepare('SELECT started_ms AS fromMs, alive_ms AS toMs FROM hub_runs ORDER BY id')
    .all() as Stretch[];
  return runs.map(({ fromMs, toMs }, i) => ({
    // What was stored before runs were kept came to some hub.
    fromMs: i === 0 ? Number.NEGATIVE_INFINITY : fromMs,
    toMs: i === runs.length - 1 ? Math.max(toMs, nowMs) : Math.min(toMs + aliveEveryMs, runs[i + 1]!.fromMs),
  }));
}

interface Outage extends Stretch {
  /** 1: it had said that it would sleep. */
  readonly asleep: number;
}

export class PresenceJudge {
  private readonly runs: readonly Stretch[];
  private readonly selectOutages: Statement;

  constructor(connection: Connection, runs: readonly Stretch[]) {
    this.runs = runs;
    this.selectOutages = connection.prepare(
      'SELECT from_ms AS fromMs, to_ms AS toMs, asleep FROM outages WHERE device = ? AND to_ms > ? AND from_ms <= ?',
    );
  }

  /** The longest pause that is usual, by what the block says of its rows. */
  readPace(snapshots: Snapshots, block: BlockRow): number {
    const row = snapshots.readFacts(block.id);
    return row === undefined ? Number.NaN : decodeFacts(row.facts).gapMs;
  }

  /** One for each instant. */
  judge(
    { key, offlineSinceMs, asleepSinceMs, intervalMs }: FleetAtQuery['devices'][number],
    known: { newestMs: Float64Array; instants: Float64Array; gapMs: number },
  ): PresenceState[] {
    const { newestMs, instants } = known;
    const outages = this.selectOutages.all(key, instants[0]!, instants.at(-1)!) as Outage[];
    const toMs = Number.POSITIVE_INFINITY;
    if (!Number.isNaN(offlineSinceMs)) outages.push({ fromMs: offlineSinceMs, toMs, asleep: 0 });
    if (!Number.isNaN(asleepSinceMs)) outages.push({ fromMs: asleepSinceMs, toMs, asleep: 1 });
    const usualMs = Number.isNaN(known.gapMs) ? gapIntervals * intervalMs : known.gapMs;
    const gapMs = Math.max(gapMsMin, Number.isNaN(usualMs) ? gapMsDefault : usualMs);
    return Array.from(instants, (atMs, k) => {
      if (Number.isNaN(newestMs[k]!) || !isInside(this.runs, atMs)) return 'unknown';
      // At the very moment of its last word it was still there.
      const outage = outages.find(({ fromMs, toMs }) => atMs > fromMs && atMs < toMs);
      if (outage !== undefined) return outage.asleep === 1 ? 'asleep' : 'offline';
      return atMs - newestMs[k]! > gapMs ? 'late' : 'online';
    });
  }
}

function isInside(runs: readonly Stretch[], atMs: number): boolean {
  return runs.length === 0 || runs.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs);
}
