/**
 * The outbox of simulated boards: frames in memory, gone with the process, so every run has its own epoch.
 *
 * Owns a queue of frames with consecutive sequence numbers and the holes in or before it. Invariant: bytes ≤ bytesMax and
 * frames ≤ framesMax after every append (one frame is always kept).
 */
import {
  cutHole,
  type FrameFacts,
  joinHoles,
  makeElsewhereHole,
  makeFrameHole,
  moveHole,
  type Outbox,
  type OutboxCounts,
  type OutboxHole,
  type OutboxItem,
} from './outbox.ts';
import { renumberFrame } from './renumber-frame.ts';

export interface MemoryOutboxOptions {
  readonly epoch: number;
  readonly framesMax: number;
  readonly bytesMax: number;
  /** The same frames come again under the same numbers (an import repeated): what the hub holds already is taken and dropped. */
  readonly repeatable?: boolean;
}

interface Entry extends FrameFacts {
  readonly frame: Uint8Array | null;
}

export class MemoryOutbox implements Outbox {
  epoch: number;
  readonly usedThrough: number;
  private readonly options: MemoryOutboxOptions;
  private entries: Entry[] = [];
  private head = 0;
  /** Sequence number of entries[head]. */
  private firstSeq = 1;
  private bytes = 0;
  /** What overflow took from the front, until it is acked. */
  private hole: OutboxHole | null = null;
  private readingsDropped = 0;
  /** What the hub said it holds: frames made again up to this are not kept. */
  private heldThrough = 0;
  /** Readings not sent, because the hub held them from an earlier run. */
  readingsHeld = 0;

  constructor(options: MemoryOutboxOptions) {
    this.options = options;
    this.epoch = options.epoch;
    this.usedThrough = options.repeatable === true ? Number.POSITIVE_INFINITY : 0;
  }

  nextSeq(): number {
    return this.firstSeq + this.entries.length - this.head;
  }

  append(frame: Uint8Array, facts: FrameFacts): void {
    if (this.nextSeq() <= this.heldThrough) {
      this.readingsHeld += facts.readings;
      this.firstSeq += 1;
      return;
    }
    this.entries.push({ frame, readings: facts.readings, fromMs: facts.fromMs, toMs: facts.toMs });
    this.bytes += frame.byteLength;
    const { framesMax, bytesMax } = this.options;
    while (this.entries.length - this.head > 1) {
      if (this.bytes <= bytesMax && this.entries.length - this.head <= framesMax) break;
      this.dropOldest();
    }
  }

  itemAfter(seq: number): OutboxItem | null {
    const wanted = seq + 1;
    if (wanted >= this.firstSeq) {
      const entry = this.entries[this.head + wanted - this.firstSeq];
      if (entry === undefined) return null;
      const { frame, ...facts } = entry;
      if (frame !== null) return { kind: 'frame', seq: wanted, frame, ...facts };
      return makeFrameHole({ seq: wanted, ...facts }, 'corrupt');
    }
    if (this.hole === null || wanted > this.hole.toSeq) return makeElsewhereHole(wanted, this.firstSeq - 1);
    if (wanted < this.hole.fromSeq) return makeElsewhereHole(wanted, this.hole.fromSeq - 1);
    return cutHole(this.hole, wanted);
  }

  ackThrough(seq: number): number {
    let readings = 0;
    this.heldThrough = seq;
    while (this.firstSeq <= seq && this.head < this.entries.length) {
      const entry = this.entries[this.head]!;
      if (entry.frame !== null) readings += entry.readings;
      this.forgetOldest();
    }
    if (this.hole !== null && this.hole.toSeq <= seq) this.hole = null;
    return readings;
  }

  drop(seq: number): void {
    const at = this.head + seq - this.firstSeq;
    const entry = this.entries[at];
    if (entry === undefined || entry.frame === null) return;
    this.bytes -= entry.frame.byteLength;
    this.readingsDropped += entry.readings;
    this.entries[at] = { ...entry, frame: null };
  }

  renumber(epoch: number): boolean {
    const held = this.entries.slice(this.head);
    this.epoch = epoch;
    this.firstSeq = 1;
    if (this.hole !== null) {
      this.hole = moveHole(this.hole, 1);
      this.firstSeq = this.hole.toSeq + 1;
    }
    this.heldThrough = 0;
    this.head = 0;
    this.entries = held.map((entry, at) => ({
      ...entry,
      frame: entry.frame === null ? null : renumberFrame(entry.frame, this.firstSeq + at),
    }));
    this.bytes = this.entries.reduce((sum, { frame }) => sum + (frame?.byteLength ?? 0), 0);
    return true;
  }

  counts(): OutboxCounts {
    return { frames: this.entries.length - this.head, bytes: this.bytes, readingsDropped: this.readingsDropped };
  }

  close(): void {
    this.entries = [];
    this.head = 0;
  }

  private dropOldest(): void {
    const entry = this.entries[this.head]!;
    const gone = makeFrameHole({ seq: this.firstSeq, ...entry }, 'overflow');
    this.hole = this.hole !== null && this.hole.toSeq === gone.fromSeq - 1 ? joinHoles(this.hole, gone) : gone;
    if (entry.frame !== null) this.readingsDropped += entry.readings;
    this.forgetOldest();
  }

  private forgetOldest(): void {
    this.bytes -= this.entries[this.head]!.frame?.byteLength ?? 0;
    this.entries[this.head] = undefined as never;
    this.head += 1;
    this.firstSeq += 1;
    // The dead front is cut off now and then, so that the queue costs O(1) an entry and no more than twice its room.
    if (this.head >= 32 && this.head * 2 >= this.entries.length) {
      this.entries.splice(0, this.head);
      this.head = 0;
    }
  }
}
