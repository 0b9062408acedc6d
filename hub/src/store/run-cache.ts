/**
 * The columns of blocks that a reader looked at last, decoded and in order of time (compact-run.ts), up to so many bytes.
 *
 * Invariant: what it gives out is what the file holds: blocks never change and their ids never come again; retention alone takes a
 * column's bytes, so a column is known by its id together with how many bytes it has. The least recently used goes first, but
 * nothing that the running query has used: a query over more than fits keeps what it can, and finds it there the next time.
 */
import { type CompactRun, CompactTimes } from './compact-run.ts';

/** About two weeks at 1 Hz of twelve metrics on a 0.1 grid. */
const bytesMax = 24 * 1024 * 1024;

interface Entry {
  readonly kept: CompactRun | CompactTimes;
  readonly bytes: number;
  readonly dataBytes: number;
  query: number;
}

export class RunCache {
  private readonly entries = new Map<number, Entry>();
  private readonly bytesMax: number;
  private query = 0;
  bytes = 0;

  constructor(most = bytesMax) {
    this.bytesMax = most;
  }

  beginQuery(): void {
    this.query++;
  }

  findRun(columnId: number, dataBytes: number): CompactRun | null {
    const kept = this.find(columnId, dataBytes);
    return kept === null || kept instanceof CompactTimes ? null : kept;
  }

  /** Of all rows of a block: its columns share them. */
  findTimes(block: number): CompactTimes | null {
    const kept = this.find(keyOfTimes(block), 0);
    return kept instanceof CompactTimes ? kept : null;
  }

  keepRun(columnId: number, dataBytes: number, run: CompactRun): void {
    this.keep(columnId, { kept: run, bytes: run.bytes, dataBytes, query: this.query });
  }

  keepTimes(block: number, times: CompactTimes): void {
    this.keep(keyOfTimes(block), { kept: times, bytes: times.bytes, dataBytes: 0, query: this.query });
  }

  private find(key: number, dataBytes: number): CompactRun | CompactTimes | null {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.dataBytes !== dataBytes) return null;
    if (entry.query !== this.query) {
      entry.query = this.query;
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
    return entry.kept;
  }

  private keep(key: number, entry: Entry): void {
    this.drop(key);
    for (const [oldest, { query }] of this.entries) {
      if (this.bytes + entry.bytes <= this.bytesMax || query === this.query) break;
      this.drop(oldest);
    }
    if (this.bytes + entry.bytes > this.bytesMax) return;
    this.entries.set(key, entry);
    this.bytes += entry.bytes;
  }

  private drop(key: number): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }
}

function keyOfTimes(block: number): number {
  return -1 - block;
}
