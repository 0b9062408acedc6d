/**
 * What an on-disk outbox holds, as numbers: frames by sequence number, holes between them, segments that carry them.
 *
 * Owns the index; the bytes are the file outbox's. Invariant: entries and holes together cover every sequence number from
 * `lowSeq` to `nextSeq − 1`, in order and without overlap; below `lowSeq` everything was acked.
 */
import { cutHole, type FrameFacts, joinHoles, makeElsewhereHole, makeFrameHole, type OutboxHole } from './outbox.ts';
import type { ScannedRecord, SegmentScan } from './outbox-record.ts';

export interface IndexedFrame extends FrameFacts {
  readonly kind: 'frame';
  readonly seq: number;
  readonly segment: number;
  readonly at: number;
  readonly length: number;
  /** Kept in memory when the disk did not take it. */
  readonly kept: Uint8Array | null;
}

export type IndexedItem = IndexedFrame | OutboxHole;

export class OutboxIndex {
  nextSeq: number;
  /** Of frames that the disk did not take. */
  keptBytes = 0;
  /** Readings given up because of room. */
  readingsDropped = 0;
  private items: IndexedItem[] = [];
  private head = 0;

  constructor(nextSeq: number) {
    this.nextSeq = nextSeq;
  }

  add(frame: Omit<IndexedFrame, 'kind'>): void {
    // A jump in the numbers: records between were damaged.
    if (frame.seq > this.nextSeq) this.addUnknown(frame.seq - 1, frame.fromMs);
    this.items.push({ kind: 'frame', ...frame });
    this.keptBytes += frame.kept?.byteLength ?? 0;
    this.nextSeq = frame.seq + 1;
  }

  /** A stretch of which nothing is known but that its numbers may have been used. */
  addUnknown(toSeq: number, toMs: number): OutboxHole | null {
    if (toSeq < this.nextSeq) return null;
    const last = this.items.at(-1);
    const hole: OutboxHole = {
      kind: 'hole',
      fromSeq: this.nextSeq,
      toSeq,
      reason: 'corrupt',
      fromMs: last?.toMs ?? 0,
      toMs: last === undefined ? 0 : toMs,
      readings: 0,
    };
    this.items.push(hole);
    this.nextSeq = toSeq + 1;
    return hole;
  }

  count(): number {
    return this.items.length - this.head;
  }

  /** The item that covers seq + 1: a hole is cut to begin there. Null when nothing does yet. */
  itemAfter(seq: number): IndexedItem | null {
    const wanted = seq + 1;
    if (wanted >= this.nextSeq) return null;
    const first = this.items[this.head];
    if (first === undefined) return makeElsewhereHole(wanted, this.nextSeq - 1);
    const firstSeq = startOf(first);
    if (wanted < firstSeq) return makeElsewhereHole(wanted, firstSeq - 1);
    const found = this.items[this.find(wanted)]!;
    return found.kind === 'frame' ? found : cutHole(found, wanted);
  }

  /** Forgets what is acked; answers its readings. */
  ackThrough(seq: number): number {
    let readings = 0;
    for (;;) {
      const first = this.items[this.head];
      if (first === undefined || endOf(first) > seq) break;
      if (first.kind === 'frame') readings += first.readings;
      this.forgetFirst();
    }
    return readings;
  }

  /** Everything of one segment becomes a hole at the front. Answers that hole; null when the segment held nothing waiting. */
  dropSegment(segment: number): OutboxHole | null {
    return this.dropWhile((frame) => frame.segment <= segment);
  }

  /** As `dropSegment`, for the oldest frame alone. */
  dropFirst(): OutboxHole | null {
    let dropped = 0;
    return this.dropWhile(() => dropped++ === 0);
  }

  private dropWhile(goes: (frame: IndexedFrame) => boolean): OutboxHole | null {
    let hole: OutboxHole | null = null;
    for (;;) {
      const first = this.items[this.head];
      if (first === undefined || (first.kind === 'frame' && !goes(first))) break;
      if (first.kind === 'frame') this.readingsDropped += first.readings;
      const gone: OutboxHole = first.kind === 'hole' ? first : makeFrameHole(first, 'overflow');
      hole = hole === null ? { ...gone, reason: 'overflow' } : { ...joinHoles(hole, gone), reason: 'overflow' };
      this.forgetFirst();
    }
    if (hole === null) return null;
    // Back to the front, in the place of what it stands for.
    this.head -= 1;
    this.items[this.head] = hole;
    return hole;
  }

  drop(seq: number): OutboxHole | null {
    const at = this.find(seq);
    const item = this.items[at];
    if (item?.kind !== 'frame' || item.seq !== seq) return null;
    const hole = makeFrameHole(item, 'corrupt');
    this.items[at] = hole;
    return hole;
  }

  /** A hole that was written down: it takes the place of whatever the index guessed for those numbers. */
  takeHole(hole: OutboxHole): void {
    const before: IndexedItem[] = [];
    const after: IndexedItem[] = [];
    for (const item of this.items.slice(this.head)) {
      if (startOf(item) < hole.fromSeq) before.push(cutEnd(item, hole.fromSeq - 1));
      if (endOf(item) > hole.toSeq) after.push(item.kind === 'hole' ? cutHole(item, hole.toSeq + 1) : item);
    }
    this.items = [...before, hole, ...after];
    this.head = 0;
    this.nextSeq = Math.max(this.nextSeq, hole.toSeq + 1);
  }

  private find(seq: number): number {
    let low = this.head;
    let high = this.items.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (endOf(this.items[middle]!) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private forgetFirst(): void {
    const first = this.items[this.head]!;
    if (first.kind === 'frame') this.keptBytes -= first.kept?.byteLength ?? 0;
    this.items[this.head] = undefined as never;
    this.head += 1;
    if (this.head < 1024 || this.head * 2 < this.items.length) return;
    this.items.splice(0, this.head - 1);
    this.head = 1;
  }
}

function startOf(item: IndexedItem): number {
  return item.kind === 'frame' ? item.seq : item.fromSeq;
}

function endOf(item: IndexedItem): number {
  return item.kind === 'frame' ? item.seq : item.toSeq;
}

function cutEnd(item: IndexedItem, toSeq: number): IndexedItem {
  return item.kind === 'frame' || item.toSeq <= toSeq ? item : { ...item, toSeq, readings: 0 };
}

export interface LoadedOutbox {
  readonly index: OutboxIndex;
  readonly damagedBytes: number;
  /** 0: none. */
  readonly reservedThrough: number;
  readonly closed: boolean;
  readonly bootId: string;
}

/** Puts the segments of one epoch, in order, back into an index. */
export function loadIndex(scans: readonly { segment: number; scan: SegmentScan }[]): LoadedOutbox {
  const index = new OutboxIndex(scans[0]?.scan.header.firstSeq ?? 1);
  const holes: OutboxHole[] = [];
  const state = { damagedBytes: 0, reservedThrough: 0, closed: false, bootId: '' };
  for (const { segment, scan } of scans) {
    state.damagedBytes += scan.damagedBytes;
    // A segment begins where the one before ended; a jump means its end was lost.
    index.addUnknown(scan.header.firstSeq - 1, 0);
    for (const scanned of scan.records) takeRecord(scanned, { index, holes, segment, state });
    if (scan.damagedTail) {
      index.addUnknown(index.nextSeq, 0);
      state.closed = false;
    }
  }
  for (const hole of holes) index.takeHole(hole);
  return { index, ...state };
}

interface LoadTarget {
  readonly index: OutboxIndex;
  readonly holes: OutboxHole[];
  readonly segment: number;
  readonly state: { reservedThrough: number; closed: boolean; bootId: string };
}

function takeRecord(scanned: ScannedRecord, target: LoadTarget): void {
  const { record } = scanned;
  const { index, state } = target;
  state.closed = record.kind === 'closed';
  switch (record.kind) {
    case 'frame':
      // A number below what is known was written by a copy of this outbox: the first stays.
      if (record.seq < index.nextSeq) return;
      index.add({
        seq: record.seq,
        readings: record.readings,
        fromMs: record.fromMs,
        toMs: record.toMs,
        segment: target.segment,
        at: scanned.frameAt,
        length: record.frame.length,
        kept: null,
      });
      return;
    case 'hole':
      target.holes.push(record);
      index.addUnknown(record.fromSeq - 1, record.fromMs);
      index.nextSeq = Math.max(index.nextSeq, record.toSeq + 1);
      return;
    case 'reserved':
      state.reservedThrough = Math.max(state.reservedThrough, record.throughSeq);
      return;
    case 'opened':
      state.bootId = record.bootId;
      return;
    case 'closed':
      if (record.nextSeq > index.nextSeq) index.addUnknown(record.nextSeq - 1, 0);
  }
}
