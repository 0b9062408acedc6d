/**
 * Blocks that were read, as one: rows in the order of the blocks, each column one after the other; and a block's rows as two.
 *
 * No state. The order of rows is all that tells readings of one time apart, so it is never changed.
 */
import type { Column } from './block-decode.ts';
import { type BlockFacts, gatherFacts, joinFacts } from './block-facts.ts';
import { type BlockPart, joinParts } from './block-parts.ts';
import type { BlockColumn, BlockSource } from './block-writer.ts';

export interface ReadBlock {
  readonly stream: number;
  readonly seqFrom: number;
  readonly seqTo: number;
  readonly times: Float64Array;
  readonly arrivals: Float64Array;
  readonly facts: BlockFacts;
  readonly columns: readonly { readonly place: number; readonly column: Column }[];
}
interface ReadColumn {
  readonly column: Column;
  readonly rowBase: number;
}

/** A block of one stream is its only part. */
function partsOf({ stream, seqFrom, seqTo, times, facts }: ReadBlock): readonly BlockPart[] {
  const { readings, late, backfilled, parts } = facts;
  return parts.length > 0 ? parts : [{ stream, seqFrom, seqTo, rows: times.length, readings, late, backfilled }];
}

/** It belongs to the stream of its last part. */
export function joinBlocks(blocks: readonly ReadBlock[]): BlockSource {
  const rows = blocks.reduce((sum, { times }) => sum + times.length, 0);
  const times = new Float64Array(rows);
  const arrivals = new Float64Array(rows);
  const parts = new Map<number, ReadColumn[]>();
  let rowBase = 0;
  for (const block of blocks) {
    times.set(block.times, rowBase);
    arrivals.set(block.arrivals, rowBase);
    for (const { place, column } of block.columns) {
      const list = parts.get(place);
      if (list === undefined) parts.set(place, [{ column, rowBase }]);
      else list.push({ column, rowBase });
    }
    rowBase += block.times.length;
  }
  const last = blocks.at(-1)!;
  const named = joinParts(blocks.flatMap(partsOf));
  return {
    stream: last.stream,
    seqFrom: named.at(-1)?.seqFrom ?? blocks[0]!.seqFrom,
    seqTo: last.seqTo,
    times,
    arrivals,
    facts: joinFacts(
      blocks.map(({ facts }) => facts),
      named,
    ),
    columns: joinColumns(parts, rows),
  };
}

/** One after the other, so that only one joined column is in memory. */
function* joinColumns(parts: ReadonlyMap<number, ReadColumn[]>, rows: number): Generator<BlockColumn> {
  for (const [place, list] of parts) {
    const isText = place % 2 === 1;
    const count = list.reduce((sum, { column }) => sum + column.count, 0);
    const values = isText ? list.flatMap(({ column }) => column.values as string[]) : joinNumbers(list, count);
    yield { metric: place >> 1, isText, values, count, rowOf: count === rows ? null : joinRows(list, count) };
  }
}

function joinNumbers(list: readonly ReadColumn[], count: number): Float64Array {
  const values = new Float64Array(count);
  let at = 0;
  for (const { column } of list) {
    values.set(column.values as Float64Array, at);
    at += column.count;
  }
  return values;
}

function joinRows(list: readonly ReadColumn[], count: number): Uint32Array {
  const rowOf = new Uint32Array(count);
  let at = 0;
  for (const { column, rowBase } of list) {
    for (let i = 0; i < column.count; i++) rowOf[at++] = rowBase + (column.rowOf === null ? i : column.rowOf[i]!);
  }
  return rowOf;
}

/** The parts up to and with `lastStream`, and the rest. */
export function splitBlock(block: ReadBlock, lastStream: number): BlockSource[] {
  const parts = partsOf(block);
  const halves = [
    parts.filter(({ stream }) => stream <= lastStream),
    parts.filter(({ stream }) => stream > lastStream),
  ];
  let end = 0;
  return halves.map((half) => {
    const start = end;
    for (const { rows } of half) end += rows;
    return takePart(block, half, { start, end });
  });
}

function takePart(block: ReadBlock, parts: readonly BlockPart[], rows: { start: number; end: number }): BlockSource {
  const { stream, seqFrom, seqTo } = parts.at(-1)!;
  const times = block.times.slice(rows.start, rows.end);
  const arrivals = block.arrivals.slice(rows.start, rows.end);
  const counts = { readings: 0, late: 0, backfilled: 0 };
  for (const { readings, late, backfilled } of parts) {
    counts.readings += readings;
    counts.late += late;
    counts.backfilled += backfilled;
  }
  const facts = { ...gatherFacts(times, arrivals, counts), parts: joinParts(parts) };
  return { stream, seqFrom, seqTo, times, arrivals, facts, columns: cutColumns(block, rows) };
}

function* cutColumns(block: ReadBlock, { start, end }: { start: number; end: number }): Generator<BlockColumn> {
  for (const { place, column } of block.columns) {
    const { rowOf, values, count } = column;
    const from = rowOf === null ? start : findRow(rowOf, start);
    const to = rowOf === null ? Math.min(end, count) : findRow(rowOf, end);
    if (to <= from) continue;
    const isAll = to - from === end - start;
    const rows = rowOf === null || isAll ? null : Uint32Array.from(rowOf.subarray(from, to), (row) => row - start);
    yield {
      metric: place >> 1,
      isText: place % 2 === 1,
      values: values.slice(from, to),
      count: to - from,
      rowOf: rows,
    };
  }
}

/** The first value of a row that is not before `row`. */
function findRow(rowOf: ArrayLike<number>, row: number): number {
  let low = 0;
  let high = rowOf.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rowOf[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
