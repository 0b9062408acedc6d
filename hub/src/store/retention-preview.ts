/**
 * What a retention policy would leave, by rule: bytes now, bytes that go, and from when on things are kept. Reads only sizes.
 *
 * Owns nothing. A rollup that would be written in place of readings is reckoned at what rollups are allowed, so the figure errs on
 * the side of less freed.
 */
import type { RetentionPolicy, RetentionPreview } from '../core/ports.ts';
import { decodeStats } from './block-stats.ts';
import { dayMs, findCellMs, makeRuleFinder } from './retention-rules.ts';
import { listMetrics } from './retention-sweep.ts';
import { openRollup } from './rollup-code.ts';
import { columnsPerBlock } from './schema.ts';
import type { Snapshots } from './snapshot.ts';

/** Of a column's bytes: see rollup.ts. */
const rollupShare = 1 / 8;

interface Draft {
  readonly metrics: Set<string>;
  readingBytes: number;
  readingBytesFreed: number;
  rollupBytes: number;
  rollupBytesFreed: number;
  readingsFromMs: number;
  readingsToMs: number;
}
interface StoredBlock {
  readonly id: number;
  readonly stream: number;
  readonly minMs: number;
  readonly maxMs: number;
}
interface StoredColumn {
  readonly id: number;
  readonly dataBytes: number;
  readonly stats: Uint8Array;
  readonly cells: Uint8Array | null;
}

export function previewRetention(
  snapshots: Snapshots,
  { policy, nowMs }: { policy: RetentionPolicy; nowMs: number },
): RetentionPreview {
  const { connection } = snapshots;
  const findRule = makeRuleFinder(policy);
  const metrics = new Map(listMetrics(connection).map((one) => [`${one.stream} ${one.metric}`, one]));
  // The last draft is of what no rule names.
  const drafts = Array.from({ length: policy.rules.length + 1 }, makeDraft);
  const columns = connection.prepare(
    `SELECT c.id, length(c.data) AS dataBytes, c.stats, r.cells FROM block_columns c LEFT JOIN rollups r ON r.id = c.id
     WHERE c.id >= ? AND c.id < ?`,
  );
  const blocks = connection
    .prepare('SELECT id, stream, t_min AS minMs, t_max AS maxMs FROM blocks')
    .all() as StoredBlock[];
  for (const block of blocks) {
    snapshots.throwIfAborted();
    for (const column of columns.all(block.id * columnsPerBlock, (block.id + 1) * columnsPerBlock) as StoredColumn[]) {
      const metric = metrics.get(`${block.stream} ${(column.id - block.id * columnsPerBlock) >> 1}`);
      if (metric === undefined) continue;
      const rule = findRule(metric.deviceId, metric);
      const draft = drafts[rule === null ? policy.rules.length : policy.rules.indexOf(rule)]!;
      draft.metrics.add(`${metric.deviceId} ${metric.metric}`);
      addColumn(draft, { block, column }, findCellMs(rule, nowMs - block.maxMs));
    }
  }
  return {
    rules: drafts.map(({ metrics: named, ...draft }) => ({ ...draft, metrics: named.size, ...ratesOf(draft) })),
  };
}

function makeDraft(): Draft {
  const bytes = { readingBytes: 0, readingBytesFreed: 0, rollupBytes: 0, rollupBytesFreed: 0 };
  return { metrics: new Set(), ...bytes, readingsFromMs: Number.NaN, readingsToMs: Number.NaN };
}

/** Bytes a day, as the readings that are there now came. */
function ratesOf({ readingBytes, readingsFromMs, readingsToMs }: Omit<Draft, 'metrics'>) {
  const days = Math.max(1, (readingsToMs - readingsFromMs) / dayMs);
  return { bytesPerDay: Number.isNaN(days) ? 0 : readingBytes / days };
}

function addColumn(
  draft: Draft,
  { block, column }: { block: StoredBlock; column: StoredColumn },
  cellMs: number,
): void {
  const { dataBytes, cells, stats } = column;
  const cellBytes = cells?.length ?? 0;
  draft.readingBytes += dataBytes;
  draft.rollupBytes += cellBytes;
  if (dataBytes > 0) {
    const { firstMs, lastMs } = decodeStats(stats, block);
    if (!(draft.readingsFromMs <= firstMs)) draft.readingsFromMs = firstMs;
    if (!(draft.readingsToMs >= lastMs)) draft.readingsToMs = lastMs;
  }
  if (cellMs === 0) return;
  draft.readingBytesFreed += dataBytes;
  if (cellMs === Number.POSITIVE_INFINITY) draft.rollupBytesFreed += cellBytes;
  else draft.rollupBytesFreed += cellBytes - Math.min(keptBytes(column, cellMs), cellBytes + dataBytes);
}

function keptBytes({ cells, dataBytes }: StoredColumn, cellMs: number): number {
  const finestMs = cells === null ? undefined : openRollup(cells)?.tiersMs.at(-1);
  if (finestMs === undefined || finestMs > cellMs) return dataBytes * rollupShare;
  return cells!.length * Math.min(1, finestMs / cellMs);
}
