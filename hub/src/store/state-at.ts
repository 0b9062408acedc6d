/**
 * The fleet at instants of the past: the newest reading of every metric at each of them, and who was there.
 *
 * Looks at blocks from the instant backwards and stops where no older one can hold anything newer; a block that ends before the first
 * instant says its newest reading in its stats, so values are decoded only of blocks that an instant cuts. Owns nothing between
 * queries. One device at a time, bounded in rows; refuses what would be more than a screen's worth.
 */
import type { FleetAtAnswer, FleetAtInstant, FleetAtQuery } from '../core/ports.ts';
import type { BlockRow, SnapshotStream, Snapshots } from './snapshot.ts';
import { type BlockReader, readBlock } from './state-at-block.ts';
import { PresenceJudge, readRuns } from './state-at-presence.ts';
import { InstantTrack } from './state-at-track.ts';

const stepsMax = 600;
const rowsMax = 2_000_000;
/** Metrics × instants of one device, of 32 bytes each while it is looked at. */
const cellsMax = 1_000_000;
const olderAtOnce = 8;

export async function answerFleetAt(snapshots: Snapshots, query: FleetAtQuery): Promise<FleetAtAnswer> {
  const { devices, fromMs, steps, stepMs } = query;
  if (!Number.isInteger(steps) || steps < 0 || steps > stepsMax || !(steps === 0 || stepMs > 0)) {
    throw new RangeError(`The past is told in at most ${stepsMax} steps.`);
  }
  const instants = Float64Array.from({ length: steps + 1 }, (_, k) => fromMs + k * stepMs);
  const metricsMax = snapshots.connection.prepare('SELECT max(metric) FROM metrics').pluck().get() as number | null;
  const asked = {
    device: 0,
    devices: devices.map(({ key }) => key),
    metrics: Array.from({ length: (metricsMax ?? -1) + 1 }, (_, metric) => metric),
    fromMs: Number.NEGATIVE_INFINITY,
    toMs: Number.POSITIVE_INFINITY,
    newestAt: instants,
  };
  return snapshots.run(asked, (streams) => new Walk(snapshots, query, instants).answer(streams));
}

class Walk {
  private readonly snapshots: Snapshots;
  private readonly query: FleetAtQuery;
  private readonly instants: Float64Array;
  private readonly rows: Row[][];
  private readonly presence: FleetAtInstant['presence'][number][][];
  private readonly judge: PresenceJudge;
  private rowCount = 0;

  constructor(snapshots: Snapshots, query: FleetAtQuery, instants: Float64Array) {
    this.snapshots = snapshots;
    this.query = query;
    this.instants = instants;
    this.rows = Array.from(instants, () => []);
    this.presence = Array.from(instants, () => []);
    this.judge = new PresenceJudge(snapshots.connection, readRuns(snapshots.connection, query.nowMs));
  }

  answer(streams: readonly SnapshotStream[]): FleetAtAnswer {
    const byDevice = Map.groupBy(streams, ({ device }) => device);
    const kindsOf = this.snapshots.connection
      .prepare('SELECT kind FROM metrics WHERE device = ? ORDER BY metric')
      .pluck();
    this.query.devices.forEach((device, place) => {
      this.snapshots.throwIfAborted();
      const kinds = kindsOf.all(device.key) as string[];
      if (kinds.length * this.instants.length > cellsMax)
        throw new RangeError('A device has too many metrics for so many steps.');
      const track = new InstantTrack(this.instants, kinds.length);
      const gapMs = this.fill(track, byDevice.get(device.key) ?? [], kinds);
      this.tell(place, track, kinds);
      const states = this.judge.judge(device, { newestMs: track.newestMs(), instants: this.instants, gapMs });
      states.forEach((state, k) => {
        if (k === 0 || states[k - 1] !== state) this.presence[k]!.push({ device: place, state });
      });
    });
    return this.join();
  }

  /** Returns the longest pause that is usual for the device, NaN where that is not known. */
  private fill(track: InstantTrack, streams: readonly SnapshotStream[], kinds: readonly string[]): number {
    const { snapshots, query, instants } = this;
    const reader: BlockReader = { snapshots, track, kinds, roughMs: query.roughMs };
    const firstMs = instants[0]!;
    const lastMs = instants.at(-1)!;
    let pace: BlockRow | null = null;
    const look = (block: BlockRow, rank: number) => {
      snapshots.throwIfAborted();
      if (pace === null || block.maxMs > pace.maxMs) pace = block;
      readBlock(reader, block, rank);
    };
    streams.forEach((stream, place) => {
      // Streams are in order of their keys, and so ranks say which of two readings of one time arrived last.
      const rank = place * streamRanks;
      for (const block of snapshots.findBlocks(stream.key, { fromMs: firstMs, toMs: nextAfter(lastMs) }))
        look(block, rank + block.seqFrom);
      for (const { metric, times, values } of stream.columns)
        track.offerRun(metric, { times, values, count: times.length, rowOf: null }, rank + streamRanks - 1);
    });
    for (let place = streams.length - 1; place >= 0; place--) {
      const { key } = streams[place]!;
      for (const block of snapshots.walkBlocksBefore(key, firstMs, olderAtOnce)) {
        if (track.isSettledBehind(block.maxMs)) break;
        look(block, place * streamRanks + block.seqFrom);
      }
    }
    return pace === null ? Number.NaN : this.judge.readPace(snapshots, pace);
  }

  private tell(place: number, track: InstantTrack, kinds: readonly string[]): void {
    for (let metric = 0; metric < kinds.length; metric++) {
      let toldMs = Number.NaN;
      for (let k = 0; k < this.instants.length; k++) {
        const timeMs = track.timeAt(metric, k);
        if (Number.isNaN(timeMs) || timeMs === toldMs) continue;
        toldMs = timeMs;
        if (++this.rowCount > rowsMax)
          throw new RangeError(`The answer would have more than ${rowsMax} readings: ask for fewer steps or devices.`);
        this.rows[k]!.push({ place, metric, timeMs, value: track.valueAt(metric, k) });
      }
    }
  }

  private join(): FleetAtAnswer {
    const devices = new Uint16Array(this.rowCount);
    const metrics = new Uint16Array(this.rowCount);
    const timesMs = new Float64Array(this.rowCount);
    const values = new Float64Array(this.rowCount);
    const texts = new Map<number, string>();
    let row = 0;
    const instants = this.rows.map((rows, k) => {
      for (const { place, metric, timeMs, value } of rows) {
        devices[row] = place;
        metrics[row] = metric;
        timesMs[row] = timeMs;
        values[row] = typeof value === 'string' ? Number.NaN : value;
        if (typeof value === 'string') texts.set(row, value);
        row++;
      }
      return { atMs: this.instants[k]!, rowEnd: row, presence: this.presence[k]! };
    });
    return { instants, devices, metrics, timesMs, values, texts };
  }
}

interface Row {
  readonly place: number;
  readonly metric: number;
  readonly timeMs: number;
  readonly value: number | string;
}

/** More than a stream has sequence numbers here, and so few that a thousand streams' ranks are exact. */
const streamRanks = 2 ** 42;

function nextAfter(ms: number): number {
  return ms + 2 ** -10;
}
