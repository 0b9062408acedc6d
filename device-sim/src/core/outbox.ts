/**
 * The outbox port: sequenced messages a device has made and no hub has acked yet.
 *
 * Invariant: for every sequence number from 1 to nextSeq − 1, `itemAfter(seq − 1)` has an answer that begins at seq: the frame,
 * or the hole it is part of. So a link can always go on from whatever the hub says it holds (SPEC DL: Skipped takes the place
 * of what will never come). Two implementations, one contract suite: `memory-outbox.ts` and `edge/file-outbox.ts`.
 */
import type { SkipReason } from '@lapwing/protocol';

export interface FrameFacts {
  readonly readings: number;
  /** Times of the first and last reading, Unix milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface OutboxFrame extends FrameFacts {
  readonly kind: 'frame';
  readonly seq: number;
  readonly frame: Uint8Array;
}

export interface OutboxHole {
  readonly kind: 'hole';
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: SkipReason;
  /** Both 0 when unknown. */
  readonly fromMs: number;
  readonly toMs: number;
  /** 0 when unknown. */
  readonly readings: number;
}

export type OutboxItem = OutboxFrame | OutboxHole;

export interface OutboxCounts {
  /** Frames that wait or are in flight. */
  readonly frames: number;
  readonly bytes: number;
  /** Readings given up in this run: the outbox was full. */
  readonly readingsDropped: number;
}

export interface Outbox {
  /** Names the sequence numbers: kept as long as they go on. */
  readonly epoch: number;
  /** Highest number that may have been sent before this run; Infinity when every run makes the same frames again. */
  readonly usedThrough: number;
  /** The number that the next frame must carry. */
  nextSeq(): number;
  /** Keeps one encoded Batch or Event whose sequence number is `nextSeq()`. When full, the oldest become a hole. */
  append(frame: Uint8Array, facts: FrameFacts): void;
  /** What begins at seq + 1; null when nothing does yet. */
  itemAfter(seq: number): OutboxItem | null;
  /** The hub holds everything up to `seq` durably. Answers how many readings that newly covers. */
  ackThrough(seq: number): number;
  /** Gives one frame up on purpose (a hub refuses it every time): it becomes a hole with reason `corrupt` (RC-4). */
  drop(seq: number): void;
  /**
   * DL-16: gives all it holds, holes included, the numbers from 1 under `epoch`, and nothing of that was used yet. False: the
   * disk did not take it, and everything is as before.
   */
  renumber(epoch: number): boolean;
  counts(): OutboxCounts;
  /** Makes what is kept durable, where that means anything, and lets go of files. */
  close(): void;
}

/** The part of a hole from `fromSeq` on. How many readings lie in that part is unknown once some are cut off. */
export function cutHole(hole: OutboxHole, fromSeq: number): OutboxHole {
  return fromSeq <= hole.fromSeq ? hole : { ...hole, fromSeq, readings: 0 };
}

/** Two neighbouring holes of one reason as one. */
export function joinHoles(first: OutboxHole, second: OutboxHole): OutboxHole {
  const known = first.readings > 0 && second.readings > 0;
  return {
    kind: 'hole',
    fromSeq: first.fromSeq,
    toSeq: second.toSeq,
    reason: first.reason,
    fromMs: first.fromMs || second.fromMs,
    toMs: second.toMs || first.toMs,
    readings: known ? first.readings + second.readings : 0,
  };
}

/** What takes the place of one frame that is gone. */
export function makeFrameHole(frame: FrameFacts & { readonly seq: number }, reason: SkipReason): OutboxHole {
  const { seq, fromMs, toMs, readings } = frame;
  return { kind: 'hole', fromSeq: seq, toSeq: seq, reason, fromMs, toMs, readings };
}

/** The same hole, beginning at another number. */
export function moveHole(hole: OutboxHole, fromSeq: number): OutboxHole {
  return { ...hole, fromSeq, toSeq: hole.toSeq - hole.fromSeq + fromSeq };
}

/** A hole nobody wrote down lies below what a hub once acked: another store holds it. */
export function makeElsewhereHole(fromSeq: number, toSeq: number): OutboxHole {
  return { kind: 'hole', fromSeq, toSeq, reason: 'acked-elsewhere', fromMs: 0, toMs: 0, readings: 0 };
}
