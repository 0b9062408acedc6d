/**
 * What one device has sent of its outbox and what the hub has acked (SPEC DL).
 *
 * Owns acked, sent and the messages between them. Invariant: acked ≤ sent < outbox.nextSeq(), and at most `inFlightMax`
 * messages lie between. Refuses to send: it hands out the next frame and keeps the books.
 */
import { encodeMessage, frameType } from '@lapwing/protocol';
import type { LatencyHistogram } from './latency-histogram.ts';
import type { LinkTime } from './link-types.ts';
import type { Outbox } from './outbox.ts';
import { SentLedger } from './sent-ledger.ts';

/** A frame refused this many times behind the same Ack, the last times sent alone, is given up. */
const refusalsMax = 3;

/** DL-13: a batch older than this is history when it leaves. */
const lateMs = 60_000;
const backfillBit = 2;

function markLate(frame: Uint8Array): Uint8Array {
  if (frame[0] !== frameType.batch || (frame[1]! & backfillBit) !== 0) return frame;
  const marked = frame.slice();
  marked[1]! |= backfillBit;
  return marked;
}

export class DeliveryWindow {
  ackedSeq = 0;
  sentSeq = 0;
  readingsAcked = 0;
  /** Times that a hub came back holding less than it had acked: it must be 0 for ever. */
  regressions = 0;

  private readonly outbox: Outbox;
  private readonly ackLatency: LatencyHistogram;
  private readonly sent = new SentLedger();
  private inFlightMax = 1;
  private flushedSeq = 0;
  private refusals = 0;
  /** Highest number sent on any link of this run. */
  private usedSeq = 0;

  constructor(outbox: Outbox, ackLatency: LatencyHistogram) {
    this.outbox = outbox;
    this.ackLatency = ackLatency;
  }

  /** Messages sent and not acked. */
  inFlight(): number {
    return this.sent.count;
  }

  isDrained(): boolean {
    return this.sent.count === 0 && this.outbox.itemAfter(this.sentSeq) === null;
  }

  /** DL-16: a hub that holds more than was ever sent got it from another copy of this outbox. */
  isOldCopy(committedSeq: number): boolean {
    return committedSeq > Math.max(this.outbox.usedThrough, this.usedSeq);
  }

  /** Numbers begin again at 1. False: the outbox could not; nothing has changed. */
  beginEpoch(epoch: number): boolean {
    if (!this.outbox.renumber(epoch)) return false;
    this.forgetSent();
    this.ackedSeq = 0;
    this.sentSeq = 0;
    this.usedSeq = 0;
    this.refusals = 0;
    return true;
  }

  /** A new session: what the hub holds is dropped, what it lacks is sent again. Answers the readings newly acked. */
  resume(committedSeq: number, options: { inFlightMax: number; nowMs: number }): number {
    this.inFlightMax = Math.max(1, options.inFlightMax);
    this.flushedSeq = 0;
    this.sentSeq = committedSeq;
    if (committedSeq < this.ackedSeq) {
      this.regressions += 1;
      this.ackedSeq = committedSeq;
    }
    const readings = this.ack(committedSeq, options.nowMs);
    this.sent.clear();
    return readings;
  }

  /** Answers the readings newly acked. */
  ack(seq: number, nowMs: number): number {
    if (seq <= this.ackedSeq) return 0;
    this.ackedSeq = seq;
    this.refusals = 0;
    this.sent.takeThrough(seq, (sentMs) => this.ackLatency.add(nowMs - sentMs));
    const readings = this.outbox.ackThrough(seq);
    this.readingsAcked += readings;
    return readings;
  }

  /** The next Batch, Event or Skipped to send now; null when nothing waits or the window is full. */
  takeFrame(time: LinkTime): Uint8Array | null {
    if (this.sent.count >= this.windowMax()) return null;
    const item = this.outbox.itemAfter(this.sentSeq);
    if (item === null) return null;
    this.sentSeq = item.kind === 'frame' ? item.seq : item.toSeq;
    this.usedSeq = Math.max(this.usedSeq, this.sentSeq);
    this.sent.push(this.sentSeq, time.nowMs);
    if (item.kind === 'frame') return time.clockMs - item.toMs > lateMs ? markLate(item.frame) : item.frame;
    const { fromSeq, toSeq, reason, fromMs, toMs, readings } = item;
    return encodeMessage({ type: 'skipped', fromSeq, toSeq, reason, fromMs, toMs, readings });
  }

  /** More waits than fits: ask at half a window, so that the Ack comes back while the other half is on its way. */
  wantsAck(): boolean {
    const windowMax = this.windowMax();
    if (this.sent.count !== windowMax >> 1 && this.sent.count !== windowMax) return false;
    return this.flushedSeq !== this.sentSeq && this.outbox.itemAfter(this.sentSeq) !== null;
  }

  noteFlushed(): void {
    this.flushedSeq = this.sentSeq;
  }

  forgetSent(): void {
    this.sent.clear();
  }

  /** The hub could not take a frame. Answers the number given up, 0 for none yet: without this nothing would ever pass it. */
  countRefusal(): number {
    this.refusals += 1;
    if (this.refusals < refusalsMax) return 0;
    this.refusals = 0;
    this.outbox.drop(this.ackedSeq + 1);
    return this.ackedSeq + 1;
  }

  private windowMax(): number {
    // After a refusal one message at a time, so that the one the hub cannot take is known.
    return this.refusals > 0 ? 1 : this.inFlightMax;
  }
}
