/**
 * Heads: the committed readings of each stream that are not sealed into blocks yet, in the writer's memory.
 *
 * A batch is held as it came (a tenth of what its columns take) and decoded only when somebody wants to see or seal it: `settle`.
 * Owns, per stream, its batches, its columns and its sequence numbers. Invariant: sealedSeq ≤ decodedSeq ≤ committedSeq, and what
 * is held and the columns are exactly the readings of the batches sealedSeq + 1 … decodedSeq, in order of arrival. Columns go by the
 * stream's own metric index; `table` turns it into the device's. Writes nothing to disk.
 */
import { BatchScratch, batchCoding, peekBatchRows, readBatch } from '@lapwing/protocol';
import { countLate } from './block-facts.ts';
import { NumberPool } from './number-pool.ts';

/** Of the thread: columns of heads are of no use behind their sealing. */
const pool = new NumberPool(8 << 20);
const rowsAtFirst = 16;
const heldBytesAtFirst = 128;
/** Before a held frame: when it arrived, and its length. */
const heldHeaderBytes = 12;

/** What all heads of a store take in memory, about. */
export interface HeadMemory {
  bytes: number;
}
/** Of the thread: it decodes one batch at a time. */
let scratch: BatchScratch | null = null;

const noBytes = new Uint8Array(0);
const noView = new DataView(noBytes.buffer);
const copiedBytesMax = 128;

function growNumbers(values: Float64Array<ArrayBuffer>, need: number): Float64Array<ArrayBuffer> {
  const grown = pool.take(Math.max(need, values.length * 2));
  grown.set(values);
  pool.give(values);
  return grown;
}

/** Values of one metric. Value i belongs to row `rowOf[i]`; while every row so far has one, `rowOf` is null and it is row i. */
export class HeadColumn {
  readonly isText: boolean;
  numbers: Float64Array<ArrayBuffer> = new Float64Array(0);
  readonly texts: string[] = [];
  rowOf: Uint32Array<ArrayBuffer> | null = null;
  count = 0;

  constructor(isText: boolean, rowsExpected: number) {
    this.isText = isText;
    if (!isText) this.numbers = pool.take(rowsExpected);
  }

  /** A value for each row from `row` on. */
  appendAll(row: number, values: Float64Array, from: { start: number; count: number }): void {
    const { start, count } = from;
    if (this.rowOf !== null || row !== this.count) {
      for (let i = 0; i < count; i++) this.appendNumber(row + i, values[start + i]!);
      return;
    }
    if (row + count > this.numbers.length) this.numbers = growNumbers(this.numbers, row + count);
    for (let i = 0; i < count; i++) this.numbers[row + i] = values[start + i]!;
    this.count += count;
  }

  appendNumber(row: number, value: number): void {
    if (this.rowOf !== null || row !== this.count) this.noteRow(row);
    if (this.count === this.numbers.length) this.numbers = growNumbers(this.numbers, this.count + 1);
    this.numbers[this.count++] = value;
  }

  /** Returns the bytes this may cost. */
  appendText(row: number, value: string): number {
    if (this.rowOf !== null || row !== this.count) this.noteRow(row);
    // States repeat: keeping the string we have lets the new copy go.
    const before = this.count > 0 ? this.texts[this.count - 1]! : '';
    const same = before === value;
    this.texts[this.count++] = same ? before : value;
    return same ? 8 : 32 + value.length * 2;
  }

  private noteRow(row: number): void {
    if (this.rowOf === null) {
      this.rowOf = new Uint32Array(Math.max(rowsAtFirst, this.count * 2));
      for (let i = 0; i < this.count; i++) this.rowOf[i] = i;
    } else if (this.count === this.rowOf.length) {
      const grown = new Uint32Array(this.count * 2);
      grown.set(this.rowOf);
      this.rowOf = grown;
    }
    this.rowOf[this.count] = row;
  }
}

export class StreamHead {
  readonly key: number;
  readonly device: number;
  table: readonly number[];
  /** Batches up to here are in blocks (or held no readings). */
  sealedSeq: number;
  /** Batches up to here are in blocks or in the columns. */
  decodedSeq: number;
  /** Durable up to here. */
  committedSeq: number;
  /** Up to here in the transaction that is open. */
  writtenSeq: number;
  /** Numbers up to here may come again: found in the file after a commit whose outcome was unknown, and told as abandoned. */
  recoveredSeq = 0;
  /** Its blocks are joined with those of no other stream. */
  isApart = false;
  /** NaN for never. */
  arrivedMs: number;
  /** The oldest log row that holds something of this stream that is not sealed; 0 for none. */
  logRowOldest = 0;
  /** In the columns and held. */
  rows = 0;
  /** In the columns. */
  private rowsDecoded = 0;
  private held: Uint8Array<ArrayBuffer> = noBytes;
  private heldView = noView;
  private heldBytes = 0;
  private readonly memory: HeadMemory;
  seqFirst = 0;
  times: Float64Array<ArrayBuffer> = new Float64Array(0);
  arrivals: Float64Array<ArrayBuffer> = new Float64Array(0);
  /** By the stream's metric index. */
  numbers: (HeadColumn | undefined)[] = [];
  texts: (HeadColumn | undefined)[] = [];
  /** About what it takes in memory. */
  bytes = 0;
  /** Of the readings in the columns. */
  readonly counts = { readings: 0, late: 0, backfilled: 0 };

  constructor(
    stream: { key: number; device: number; table: readonly number[]; sealedSeq: number; arrivedMs: number },
    memory: HeadMemory,
  ) {
    this.key = stream.key;
    this.device = stream.device;
    this.table = stream.table;
    this.sealedSeq = this.decodedSeq = this.committedSeq = this.writtenSeq = stream.sealedSeq;
    this.arrivedMs = stream.arrivedMs;
    this.memory = memory;
  }

  /** Takes the batch frame bytes[start … end), as it is. */
  hold(bytes: Uint8Array, { start, end }: { start: number; end: number }, arrivedMs: number): void {
    const length = end - start;
    const need = this.heldBytes + heldHeaderBytes + length;
    if (need > this.held.length) {
      const grown = new Uint8Array(Math.max(need, heldBytesAtFirst, this.held.length * 2));
      grown.set(this.held.subarray(0, this.heldBytes));
      this.noteBytes(grown.length - this.held.length);
      this.held = grown;
      this.heldView = new DataView(grown.buffer);
    }
    const { held, heldView, heldBytes } = this;
    heldView.setFloat64(heldBytes, arrivedMs, true);
    heldView.setUint32(heldBytes + 8, length, true);
    const at = heldBytes + heldHeaderBytes - start;
    // Most frames are so short that calling `set` takes longer.
    if (length > copiedBytesMax) held.set(bytes.subarray(start, end), at + start);
    else for (let i = start; i < end; i++) held[at + i] = bytes[i]!;
    this.heldBytes = need;
    this.rows += peekBatchRows(bytes, start);
  }

  /** Decodes what is held. A frame that no reader of this version understands is left out. */
  settle(): void {
    if (this.heldBytes === 0) return;
    scratch ??= new BatchScratch();
    const { held, heldView, heldBytes } = this;
    for (let at = 0; at < heldBytes; ) {
      const start = at + heldHeaderBytes;
      at = start + heldView.getUint32(at + 8, true);
      const arrivedMs = heldView.getFloat64(start - heldHeaderBytes, true);
      if (readBatch(held.subarray(start, at), scratch) === null) this.appendBatch(scratch, arrivedMs);
    }
    this.held = noBytes;
    this.heldView = noView;
    this.heldBytes = 0;
    this.rows = this.rowsDecoded;
    this.noteBytes(-held.length);
  }

  private noteBytes(change: number): void {
    this.bytes += change;
    this.memory.bytes += change;
  }

  private appendBatch(scratch: BatchScratch, arrivedMs: number): void {
    const base = this.rowsDecoded;
    const rows = scratch.rows;
    if (base === 0) this.seqFirst = scratch.seq;
    if (base + rows > this.times.length) {
      const need = Math.max(base + rows, this.rows);
      this.times = growNumbers(this.times, need);
      this.arrivals = growNumbers(this.arrivals, need);
    }
    for (let r = 0; r < rows; r++) {
      this.times[base + r] = scratch.times[r]!;
      this.arrivals[base + r] = arrivedMs;
    }
    for (let c = 0; c < scratch.columns; c++) {
      if (scratch.encodings[c] === batchCoding.text) this.appendTexts(scratch, c);
      else this.appendNumbers(scratch, c);
    }
    this.rowsDecoded = base + rows;
    this.noteBytes(rows * (16 + 8 * scratch.columns));
    this.count(scratch, arrivedMs);
  }

  private count(scratch: BatchScratch, arrivedMs: number): void {
    const { counts } = this;
    let readings = 0;
    for (let c = 0; c < scratch.columns; c++) readings += scratch.presentCounts[c]!;
    counts.readings += readings;
    if (scratch.backfill) counts.backfilled += readings;
    else counts.late += countLate(scratch, arrivedMs);
  }

  private appendNumbers(scratch: BatchScratch, c: number): void {
    const metric = scratch.metrics[c]!;
    let column = this.numbers[metric];
    if (column === undefined) this.numbers[metric] = column = new HeadColumn(false, Math.max(rowsAtFirst, this.rows));
    const { rows, values, present } = scratch;
    const at = c * rows;
    if (scratch.presentAll[c] === 1) {
      column.appendAll(this.rowsDecoded, values, { start: at, count: rows });
      return;
    }
    for (let r = 0; r < rows; r++) {
      if (present[at + r] === 1) column.appendNumber(this.rowsDecoded + r, values[at + r]!);
    }
  }

  private appendTexts(scratch: BatchScratch, c: number): void {
    const metric = scratch.metrics[c]!;
    let column = this.texts[metric];
    if (column === undefined) this.texts[metric] = column = new HeadColumn(true, 0);
    const { rows, texts, present } = scratch;
    const all = scratch.presentAll[c] === 1;
    const at = c * rows;
    for (let r = 0; r < rows; r++) {
      if (all || present[at + r] === 1) this.noteBytes(column.appendText(this.rowsDecoded + r, texts[at + r]!));
    }
  }

  /** Every column that holds something, with the device's metric index. A column that no table names yet is our bug. */
  *columns(): Generator<{ metric: number; column: HeadColumn }> {
    this.settle();
    for (const list of [this.numbers, this.texts]) {
      for (let local = 0; local < list.length; local++) {
        const column = list[local];
        if (column === undefined) continue;
        const metric = this.table[local];
        if (metric === undefined) throw new Error(`stream ${this.key} has no metric ${local} in its table`);
        yield { metric, column };
      }
    }
  }

  /** Everything settled is sealed now: the memory goes back at once, because a stream may stay silent from here on. */
  clear(): void {
    this.sealedSeq = this.decodedSeq;
    this.logRowOldest = 0;
    this.rows = 0;
    this.rowsDecoded = 0;
    this.seqFirst = 0;
    this.noteBytes(-this.bytes);
    Object.assign(this.counts, { readings: 0, late: 0, backfilled: 0 });
    pool.give(this.times);
    pool.give(this.arrivals);
    for (const column of this.numbers) if (column !== undefined) pool.give(column.numbers);
    this.times = new Float64Array(0);
    this.arrivals = new Float64Array(0);
    this.numbers = [];
    this.texts = [];
  }
}
