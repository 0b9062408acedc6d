/**
 * The heads of all streams that may still go on; the others are read from the database when somebody asks for them.
 *
 * A device that draws a new epoch at each boot leaves thousands of streams behind. Kept in memory are the newest sixteen of each
 * device, and any that hold something unsealed. Invariant: a stream without a head here holds nothing that is not sealed, so its
 * row tells all. Owns the heads; writes nothing.
 */
import { type HeadMemory, StreamHead } from './heads.ts';
import type { Connection, Statement } from './sqlite.ts';
import { readStreamRow, readTable, type StreamRow, streamColumns } from './stream-row.ts';

/** Of each device. */
export const streamsKept = 16;

/** What readers of the heads need of them. */
export type Heads = Pick<ReadonlyMap<number, StreamHead>, 'get' | 'values'>;

export class HeadBook implements Heads {
  readonly memory: HeadMemory = { bytes: 0 };
  private readonly heads = new Map<number, StreamHead>();
  /** Keys by device, oldest first. */
  private readonly keysOf = new Map<number, number[]>();
  /** The newest stream of each device that is no import, once it is committed. */
  private readonly newestOf = new Map<number, number>();
  private readonly selectOne: Statement;

  constructor(connection: Connection) {
    this.selectOne = connection.prepare(`SELECT ${streamColumns} FROM streams WHERE key = ?`).raw();
    const rows = connection
      .prepare(
        `SELECT ${streamColumns} FROM (SELECT *, row_number() OVER (PARTITION BY device ORDER BY key DESC) AS age FROM streams)
         WHERE age <= ${streamsKept} ORDER BY key`,
      )
      .raw()
      .all() as unknown[][];
    for (const row of rows) this.keep(this.makeHead(readStreamRow(row)));
    const newest = 'SELECT device, max(key) FROM streams WHERE is_import = 0 GROUP BY device';
    for (const [device, key] of connection.prepare(newest).raw().all() as [number, number][]) {
      this.newestOf.set(device, key);
    }
  }

  /** To look at, settled: a head that is not kept is made anew each time. */
  get(key: number): StreamHead | undefined {
    const head = this.heads.get(key) ?? this.read(key);
    head?.settle();
    return head;
  }

  /** To change: it is kept from now on. */
  open(key: number): StreamHead | undefined {
    const kept = this.heads.get(key);
    if (kept !== undefined) return kept;
    const head = this.read(key);
    if (head !== undefined) this.heads.set(key, head);
    return head;
  }

  /** A new stream of a device. */
  add({ key, device, isImport = false }: { key: number; device: number; isImport?: boolean }): void {
    if (this.heads.has(key)) return;
    const head = new StreamHead({ key, device, table: [], sealedSeq: 0, arrivedMs: Number.NaN }, this.memory);
    head.isApart = isImport;
    this.keep(head);
  }

  /** It is committed: what its device says in an older one from now on goes on out of order. */
  noteNewest({ key, device, isImport = false }: { key: number; device: number; isImport?: boolean }): void {
    if (!isImport && key > (this.newestOf.get(device) ?? 0)) this.newestOf.set(device, key);
  }

  /** Whether a newer stream of its device was begun. */
  isBehind({ key, device }: StreamHead): boolean {
    return key < this.newestOf.get(device)!;
  }

  values(): MapIterator<StreamHead> {
    return this.heads.values();
  }

  /** Of the streams kept; NaN for none. */
  newestArrival(): number {
    let newestMs = Number.NaN;
    for (const { arrivedMs } of this.values()) if (!(arrivedMs <= newestMs)) newestMs = arrivedMs;
    return newestMs;
  }

  private read(key: number): StreamHead | undefined {
    const row = this.selectOne.get(key) as unknown[] | undefined;
    return row === undefined ? undefined : this.makeHead(readStreamRow(row));
  }

  private makeHead({ metricTable, isApart, ...row }: StreamRow): StreamHead {
    const head = new StreamHead({ ...row, table: readTable(row.key, metricTable) }, this.memory);
    head.isApart = isApart;
    return head;
  }

  private keep(head: StreamHead): void {
    this.heads.set(head.key, head);
    const keys = this.keysOf.get(head.device) ?? [];
    this.keysOf.set(head.device, keys);
    keys.push(head.key);
    if (keys.length <= streamsKept) return;
    const oldest = this.heads.get(keys[0]!);
    // One that still holds something goes with a later stream.
    if (oldest !== undefined && !isIdle(oldest)) return;
    keys.shift();
    if (oldest !== undefined) this.heads.delete(oldest.key);
  }
}

function isIdle({ sealedSeq, committedSeq, writtenSeq, rows, logRowOldest }: StreamHead): boolean {
  return rows === 0 && logRowOldest === 0 && committedSeq === sealedSeq && writtenSeq === sealedSeq;
}
