/**
 * Answers about completeness: gathers the facts of blocks and heads, and the circumstances, of one device or of all.
 *
 * Values are never decoded; times only of blocks that an end of the range cuts. Owns nothing between queries.
 */
import type {
  CompletenessAnswer,
  CompletenessQuery,
  DeviceKey,
  FleetCompleteness,
  FleetCompletenessQuery,
  StreamCompleteness,
} from '../core/ports.ts';
import { decodeFacts, type Stretch } from './block-facts.ts';
import type { BlockPart } from './block-parts.ts';
import {
  type Circumstances,
  describeFilled,
  describeHole,
  findHoles,
  learnPace,
  type Piece,
  type Skip,
  type StreamPart,
  sumPieces,
} from './completeness.ts';
import { listLinks } from './completeness-links.ts';
import type { BlockRow, Range, SnapshotStream, Snapshots } from './snapshot.ts';
import { prepareOrigins } from './stream-origins.ts';

/** The longest ones, when a range has more. */
const gapsMax = 1000;

export async function answerCompleteness(snapshots: Snapshots, query: CompletenessQuery): Promise<CompletenessAnswer> {
  const { device } = query;
  return snapshots.run({ device, metrics: [], fromMs: query.fromMs, toMs: query.toMs, facts: true }, (streams) => {
    const pieces = streams.flatMap((stream) => gatherPieces(snapshots, stream, query));
    const known = readCircumstances(snapshots, query);
    const pace = learnPace(pieces);
    const range = expectedRange(snapshots, query, pieces);
    const holes = range === null ? [] : findHoles(pieces, range, pace).map((hole) => describeHole(hole, pace, known));
    const { imports } = prepareOrigins(snapshots.connection)(device);
    const late = pieces.flatMap(({ facts, stream }) =>
      facts.lateStretches.map((stretch) => ({ ...stretch, isImport: imports.has(stream) })),
    );
    const filled = describeFilled(
      late.filter((stretch) => stretch.toMs >= query.fromMs && stretch.fromMs < query.toMs),
      pace,
      known,
    );
    const totals = sumPieces(pieces);
    for (const { readings } of known.skips) totals.skipped += readings;
    for (const { cause, readings } of holes) if (!cause.startsWith('skipped-')) totals.missing += readings;
    const gaps = [...holes, ...filled, ...listSkips(known.skips, holes)];
    return {
      percent: percentOf(totals),
      ...totals,
      gaps: keepLongest(gaps),
      links: listLinks(readLinks(snapshots, query, known), query),
      firstMs: findFirst(pieces, query),
      streams: sumStreams(streams, pieces, snapshots),
    };
  });
}

export async function answerFleet(snapshots: Snapshots, query: FleetCompletenessQuery): Promise<FleetCompleteness> {
  const devices = snapshots.connection.prepare('SELECT key FROM devices').pluck().all() as number[];
  const asked = { device: 0, devices, metrics: [], fromMs: query.fromMs, toMs: query.toMs, facts: true };
  return snapshots.run(asked, (streams) => {
    const percents: { device: DeviceKey; percent: number }[] = [];
    const byDevice = Map.groupBy(streams, ({ device }) => device);
    const readOrigins = prepareOrigins(snapshots.connection);
    for (const [device, own] of byDevice) {
      snapshots.throwIfAborted();
      const one = { ...query, device, asleepSinceMs: query.asleep?.get(device as DeviceKey) } as CompletenessQuery;
      const pieces = own.flatMap((stream) => gatherPieces(snapshots, stream, query));
      const pace = learnPace(pieces);
      const range = expectedRange(snapshots, one, pieces);
      const { joinedMs } = readOrigins(device);
      const none = { skips: [], downs: [], outages: [], restartsMs: [], joinedMs };
      const totals = sumPieces(pieces);
      for (const { readings } of readSkips(snapshots, one)) totals.skipped += readings;
      if (range !== null) {
        for (const hole of findHoles(pieces, range, pace)) totals.missing += describeHole(hole, pace, none).readings;
        // What was skipped leaves a hole as well: it is not lost twice.
        totals.missing = Math.max(0, totals.missing - totals.skipped);
      }
      percents.push({ device: one.device, percent: percentOf(totals) });
    }
    return percents;
  });
}

/** NaN where nothing was expected. */
function percentOf({ received, skipped, missing }: { received: number; skipped: number; missing: number }): number {
  return (100 * received) / (received + skipped + missing);
}

function gatherPieces(snapshots: Snapshots, stream: SnapshotStream, range: Range): Piece[] {
  const pieces: Piece[] = [];
  for (const block of snapshots.findBlocks(stream.key, range)) {
    snapshots.throwIfAborted();
    const row = snapshots.readFacts(block.id);
    if (row === undefined) continue;
    const facts = decodeFacts(row.facts);
    const shareOf = measureShares(snapshots, block, range);
    const { parts } = facts;
    const piece = { stream: stream.key, facts, rows: row.rows, share: shareOf(0, row.rows) };
    pieces.push(parts.length === 0 ? piece : { ...piece, parts: shareParts(parts, shareOf) });
  }
  if (stream.head !== undefined) pieces.push({ stream: stream.key, ...stream.head });
  return pieces;
}

type ShareOf = (start: number, end: number) => number;

/** Tells which share of some of the block's rows lies in the range. */
function measureShares(snapshots: Snapshots, block: BlockRow, { fromMs, toMs }: Range): ShareOf {
  if (block.minMs >= fromMs && block.maxMs < toMs) return () => 1;
  const times = snapshots.readTimes(block.id);
  if (times === undefined || times.length === 0) return () => estimateShare(block, { fromMs, toMs });
  return (start, end) => {
    let inside = 0;
    for (let row = start; row < end; row++) if (times[row]! >= fromMs && times[row]! < toMs) inside++;
    return inside / (end - start);
  };
}

function shareParts(parts: readonly BlockPart[], shareOf: ShareOf): StreamPart[] {
  let end = 0;
  return parts.map((part) => {
    const start = end;
    end += part.rows;
    return { stream: part.stream, facts: part, share: shareOf(start, end) };
  });
}

/** Of a block whose readings retention took, or are damaged: as if its rows lay evenly. */
function estimateShare({ minMs, maxMs }: BlockRow, { fromMs, toMs }: Range): number {
  if (maxMs === minMs) return minMs >= fromMs && minMs < toMs ? 1 : 0;
  return Math.max(0, Math.min(maxMs, toMs) - Math.max(minMs, fromMs)) / (maxMs - minMs);
}

/**
 * Nothing is expected before a device was known or spoke of, nor in the future, nor yet of one that is asleep: what it measures meanwhile
 * comes when it wakes, and is missed from then on. Null when nothing is left.
 */
function expectedRange(snapshots: Snapshots, query: CompletenessQuery, pieces: readonly Piece[]): Stretch | null {
  const created = snapshots.connection.prepare('SELECT created_ms FROM devices WHERE key = ?').pluck();
  let firstMs = (created.get(query.device) as number | undefined) ?? Number.POSITIVE_INFINITY;
  for (const { facts } of pieces) firstMs = Math.min(firstMs, facts.covered[0]?.fromMs ?? firstMs);
  const fromMs = Math.max(query.fromMs, firstMs);
  const { asleepSinceMs = Number.NaN } = query;
  const nowMs = Number.isNaN(asleepSinceMs) ? query.nowMs : Math.min(query.nowMs, asleepSinceMs);
  const toMs = Math.min(query.toMs, nowMs);
  return toMs > fromMs ? { fromMs, toMs } : null;
}

function readCircumstances(snapshots: Snapshots, query: CompletenessQuery): Circumstances {
  const { connection } = snapshots;
  const { device, fromMs, toMs, nowMs, offlineSinceMs } = query;
  const outages = connection
    .prepare(
      'SELECT from_ms AS fromMs, to_ms AS toMs FROM outages WHERE device = ? AND asleep = 0 AND to_ms >= ? AND from_ms < ?',
    )
    .all(device, fromMs, toMs) as Stretch[];
  if (!Number.isNaN(offlineSinceMs)) outages.push({ fromMs: offlineSinceMs, toMs: nowMs });
  const { joinedMs, openedMs } = prepareOrigins(connection)(device);
  return {
    skips: readSkips(snapshots, query),
    downs: readDowns(snapshots),
    outages,
    restartsMs: openedMs.slice(1),
    joinedMs,
  };
}

/** When the device had no link: what explains holes, and when it slept. */
function readLinks({ connection }: Snapshots, query: CompletenessQuery, { downs, outages }: Circumstances) {
  const { device, fromMs, toMs, nowMs, asleepSinceMs = Number.NaN } = query;
  const sleeps = connection
    .prepare(
      'SELECT from_ms AS fromMs, to_ms AS toMs FROM outages WHERE device = ? AND asleep = 1 AND to_ms >= ? AND from_ms < ?',
    )
    .all(device, fromMs, toMs) as Stretch[];
  if (!Number.isNaN(asleepSinceMs)) sleeps.push({ fromMs: asleepSinceMs, toMs: nowMs });
  return { downs, outages, sleeps };
}

/** By what blocks and heads cover; NaN where nothing came in the range. */
function findFirst(pieces: readonly Piece[], { fromMs, toMs }: Range): number {
  let firstMs = Number.NaN;
  for (const { facts } of pieces) {
    for (const covered of facts.covered) {
      if (covered.toMs < fromMs || covered.fromMs >= toMs) continue;
      const startMs = Math.max(fromMs, covered.fromMs);
      if (!(firstMs <= startMs)) firstMs = startMs;
    }
  }
  return firstMs;
}

function readSkips({ connection }: Snapshots, { device, fromMs, toMs }: CompletenessQuery): Skip[] {
  return connection
    .prepare(
      `SELECT reason, from_ms AS fromMs, to_ms AS toMs, readings FROM gaps g JOIN streams s ON s.key = g.stream
       WHERE s.device = ? AND to_ms >= ? AND from_ms < ? ORDER BY from_ms`,
    )
    .all(device, fromMs, toMs) as Skip[];
}

/** Between the last sign of life of one run of the hub and the start of the next. */
function readDowns({ connection }: Snapshots): Stretch[] {
  const runs = connection
    .prepare('SELECT started_ms AS startedMs, alive_ms AS aliveMs FROM hub_runs ORDER BY id')
    .all() as { startedMs: number; aliveMs: number }[];
  return runs.slice(1).map(({ startedMs }, i) => ({ fromMs: runs[i]!.aliveMs, toMs: startedMs }));
}

/** Skips that no hole shows, because other readings cover them. */
function listSkips(skips: readonly Skip[], holes: readonly Stretch[]): CompletenessAnswer['gaps'] {
  return skips
    .filter((skip) => !holes.some((hole) => hole.fromMs <= skip.toMs && skip.fromMs <= hole.toMs))
    .map(({ fromMs, toMs, reason, readings }) => ({
      fromMs,
      toMs,
      cause: `skipped-${reason}` as CompletenessAnswer['gaps'][number]['cause'],
      because: null,
      readings,
    }));
}

function keepLongest(gaps: CompletenessAnswer['gaps']): CompletenessAnswer['gaps'] {
  const kept =
    gaps.length <= gapsMax ? gaps : gaps.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs)).slice(0, gapsMax);
  return kept.toSorted((a, b) => a.fromMs - b.fromMs);
}

function sumStreams(
  streams: readonly SnapshotStream[],
  pieces: readonly Piece[],
  { connection }: Snapshots,
): StreamCompleteness[] {
  const partsOf = Map.groupBy(
    pieces.flatMap((piece): readonly StreamPart[] => piece.parts ?? [piece]),
    ({ stream }) => stream,
  );
  const sumSkipped = connection.prepare('SELECT coalesce(sum(readings), 0) FROM gaps WHERE stream = ?').pluck();
  return streams.map(({ key }) => {
    const { received, late, backfilled } = sumPieces(partsOf.get(key) ?? []);
    return {
      stream: key as StreamCompleteness['stream'],
      received,
      late,
      backfilled,
      skipped: sumSkipped.get(key) as number,
    };
  });
}
