/**
 * Raw readings of one metric in order of (sample time, stream, sequence, row), a page at a time.
 *
 * Takes blocks in order of their earliest time and stops as soon as no later block can hold anything for this page. Memory is
 * bounded by the page and what is skipped before it, not by the range. Owns nothing between queries.
 */
import type { ReadingsAnswer, ReadingsQuery } from '../core/ports.ts';
import type { SnapshotStream, Snapshots } from './snapshot.ts';

const limitMax = 100_000;
/** Readings at one millisecond that paging can step over. */
const skipMax = 1_000_000;

interface Reading {
  readonly timeMs: number;
  /** Place of its block or head in the order (stream, seq). */
  readonly rank: number;
  readonly index: number;
  readonly arrivedMs: number;
  readonly value: number | string;
}
interface Source {
  readonly minMs: number;
  add(to: Reading[]): void;
}

export async function answerReadings(snapshots: Snapshots, query: ReadingsQuery): Promise<ReadingsAnswer> {
  const { device, metric, fromMs, toMs, limit, skip } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw new RangeError(`A page has 1 to ${limitMax} readings, not ${limit}.`);
  }
  if (!Number.isInteger(skip) || skip < 0 || skip > skipMax) {
    throw new RangeError(`At most ${skipMax} readings can be skipped, not ${skip}.`);
  }
  const asked = { device, metrics: [metric], fromMs, toMs };
  return snapshots.run(asked, (streams) => {
    const isText = snapshots.isText(device, metric);
    const sources = listSources(snapshots, streams, { ...query, isText });
    return makePage(gatherReadings(snapshots, sources, skip + limit + 1), query, isText);
  });
}

/** The first `need` readings, in order. */
function gatherReadings(snapshots: Snapshots, sources: Source[], need: number): Reading[] {
  let gathered: Reading[] = [];
  sources.sort((a, b) => a.minMs - b.minMs);
  for (const source of sources) {
    snapshots.throwIfAborted();
    if (gathered.length >= need) {
      gathered = gathered.sort(compareReadings).slice(0, need);
      if (gathered[need - 1]!.timeMs < source.minMs) break;
    }
    source.add(gathered);
  }
  return gathered.sort(compareReadings).slice(0, need);
}

function compareReadings(a: Reading, b: Reading): number {
  return a.timeMs - b.timeMs || a.rank - b.rank || a.index - b.index;
}

function listSources(
  snapshots: Snapshots,
  streams: readonly SnapshotStream[],
  query: ReadingsQuery & { isText: boolean },
): Source[] {
  const sources: Source[] = [];
  let rank = 0;
  for (const stream of streams) {
    for (const block of snapshots.findBlocks(stream.key, query)) {
      const place = rank++;
      sources.push({
        minMs: Math.max(block.minMs, query.fromMs),
        add: (to) => addBlock({ snapshots, query }, { block: block.id, rank: place }, to),
      });
    }
    for (const { times, arrivals, values } of stream.columns) {
      if (values instanceof Float64Array === query.isText || times.length === 0) continue;
      const place = rank++;
      const minMs = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
      const add = (to: Reading[]) => {
        for (let index = 0; index < times.length; index++) {
          to.push({ timeMs: times[index]!, rank: place, index, arrivedMs: arrivals[index]!, value: values[index]! });
        }
      };
      sources.push({ minMs, add });
    }
  }
  return sources;
}

function addBlock(
  { snapshots, query }: { snapshots: Snapshots; query: ReadingsQuery & { isText: boolean } },
  from: { block: number; rank: number },
  to: Reading[],
): void {
  const column = snapshots.readColumn(from.block, query.metric, query.isText);
  if (column === undefined) return;
  const times = snapshots.readTimes(from.block);
  const arrivals = times === undefined ? undefined : snapshots.readArrivals(from.block, times);
  if (times === undefined || arrivals === undefined) return;
  const { rowOf, values, count } = column;
  for (let index = 0; index < count; index++) {
    const row = rowOf === null ? index : rowOf[index]!;
    const timeMs = times[row]!;
    if (timeMs < query.fromMs || timeMs >= query.toMs) continue;
    to.push({ timeMs, rank: from.rank, index, arrivedMs: arrivals[row]!, value: values[index]! });
  }
}

function makePage(gathered: readonly Reading[], query: ReadingsQuery, isText: boolean): ReadingsAnswer {
  let start = 0;
  while (start < query.skip && start < gathered.length && gathered[start]!.timeMs === query.fromMs) start++;
  const page = gathered.slice(start, start + query.limit);
  const next = gathered[start + page.length];
  let before = 0;
  if (next !== undefined) {
    for (let i = start + page.length - 1; i >= 0 && gathered[i]!.timeMs === next.timeMs; i--) before++;
  }
  return {
    timesMs: Float64Array.from(page, ({ timeMs }) => timeMs),
    arrivedMs: Float64Array.from(page, ({ arrivedMs }) => arrivedMs),
    values: isText ? new Float64Array(0) : Float64Array.from(page, ({ value }) => value as number),
    texts: isText ? page.map(({ value }) => value as string) : [],
    nextMs: next === undefined ? Number.NaN : next.timeMs,
    nextSkip: before,
  };
}
