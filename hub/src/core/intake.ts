/**
 * The data path: one sequenced frame from a live session to the store, the roster and the live feed.
 *
 * Owns the scratch space of decoding and the list of streams that are owed an Ack. Decides new, duplicate or gap; never
 * waits. A reading is shown before it is committed, since what is not acked is sent again; an Ack follows the receipt only.
 */
import {
  type BatchScratch,
  batchCoding,
  type DeviceEvent,
  encodeMessage,
  type FaultReport,
  limits,
  readBatch,
  type Skipped,
} from '@lapwing/protocol';
import type { DeviceRoster, StreamState } from './device-roster.ts';
import type { LiveFeed } from './live-feed.ts';
import type { Arrived, Receipt, Store, StreamKey } from './ports.ts';

/** Where Acks go: the session that speaks for a stream now. */
export interface AckSink {
  sendFrame(frame: Uint8Array): void;
  /** The store lost what this session sent: close, so that the device sends it again. */
  abandon(text: string, retryAfterMs: number): void;
}

export interface IntakeOptions {
  /** The longest a committed sequence waits for its Ack. */
  readonly ackIntervalMs: number;
  /** A committed sequence is acked at once when this many messages are unacked, else with the next sweep. */
  readonly ackAtOnceAfter: number;
  /** What a refused device is told to wait, milliseconds. */
  readonly storeRetryMs: number;
}

/** What flows through one stream while a session holds it. */
interface OpenStream {
  readonly stream: StreamState;
  readonly sink: AckSink;
  /** Ack with the next receipt that reaches this sequence number; 0 for none asked. */
  ackNowSeq: number;
  /** When its lazy Ack is due; means something while it waits for one. */
  ackDueMs: number;
}

export interface IntakeParts {
  readonly store: Store;
  readonly roster: DeviceRoster;
  readonly feed: LiveFeed;
  readonly scratch: BatchScratch;
  /** A device asked for an Ack and sends no more until it has it: nothing should hold up the hub now. */
  readonly someoneWaits: () => void;
}

export interface IntakeCounters {
  batches: number;
  readings: number;
  duplicates: number;
  refused: number;
  acks: number;
}

export class Intake {
  readonly counters: IntakeCounters = { batches: 0, readings: 0, duplicates: 0, refused: 0, acks: 0 };
  private readonly open = new Map<StreamKey, OpenStream>();
  private readonly scratch: BatchScratch;
  /** Streams that a lazy Ack is due to. The interval is the same for all, so they stand in order of time. */
  private readonly ackQueue = new Set<OpenStream>();
  private readonly store: Store;
  private readonly roster: DeviceRoster;
  private readonly feed: LiveFeed;
  private readonly options: IntakeOptions;
  private readonly someoneWaits: () => void;
  readonly storeRetryMs: number;

  constructor(parts: IntakeParts, options: IntakeOptions) {
    this.store = parts.store;
    this.roster = parts.roster;
    this.feed = parts.feed;
    this.scratch = parts.scratch;
    this.someoneWaits = parts.someoneWaits;
    this.options = options;
    this.storeRetryMs = options.storeRetryMs;
  }

  openStream(stream: StreamState, sink: AckSink): void {
    this.open.set(stream.key, { stream, sink, ackNowSeq: 0, ackDueMs: 0 });
  }

  closeStream(stream: StreamState, sink: AckSink): void {
    if (this.open.get(stream.key)?.sink === sink) this.open.delete(stream.key);
  }

  /** Takes one Batch frame. A fault is returned when the link must be closed with it. */
  acceptBatch(stream: StreamState, arrived: Arrived): FaultReport | null {
    const { scratch } = this;
    const { frame, nowMs } = arrived;
    const fault = readBatch(frame, scratch) ?? checkTable(stream, scratch);
    if (fault !== null) return fault;
    const refused = this.judge(stream, { fromSeq: scratch.seq, toSeq: scratch.seq, ackNow: scratch.ackNow }, nowMs);
    return refused === 'new' ? this.takeBatch(stream, arrived) : refused;
  }

  /** Takes a batch of an import: its numbers rise, and need not follow each other. */
  acceptImport(stream: StreamState, arrived: Arrived): FaultReport | null {
    const fault = readBatch(arrived.frame, this.scratch) ?? checkTable(stream, this.scratch);
    if (fault !== null) return fault;
    if (this.scratch.seq <= stream.progress.received) throw new Error(`an import counts back to ${this.scratch.seq}`);
    return this.takeBatch(stream, arrived);
  }

  /** The batch in the scratch, which is sound and new. */
  private takeBatch(stream: StreamState, arrived: Arrived): FaultReport | null {
    const { scratch } = this;
    if (!this.appendFrame(stream, scratch.seq, arrived)) return this.refuseUnstored();
    if (scratch.ackNow) this.hurry();
    this.counters.batches += 1;
    for (let column = 0; column < scratch.columns; column++) this.counters.readings += scratch.presentCounts[column]!;
    this.roster.noteBatch(stream, scratch, arrived.nowMs);
    this.feed.publishBatch(stream, scratch, arrived);
    return null;
  }

  acceptEvent(stream: StreamState, event: DeviceEvent, arrived: Arrived): FaultReport | null {
    const refused = this.judge(stream, { fromSeq: event.seq, toSeq: event.seq, ackNow: false }, arrived.nowMs);
    if (refused !== 'new') return refused;
    if (!this.appendFrame(stream, event.seq, arrived)) return this.refuseUnstored();
    stream.device.lastSeenMs = arrived.nowMs;
    if (event.level === 'error') stream.device.lastError = { atMs: arrived.nowMs, code: event.code };
    this.feed.publishEvent(stream, arrived);
    return null;
  }

  acceptSkipped(stream: StreamState, skipped: Skipped, arrived: Arrived): FaultReport | null {
    if (skipped.toSeq - skipped.fromSeq >= limits.skippedSeqsMax) {
      return { fault: 'valueOutOfRange', text: `one Skipped covers at most ${limits.skippedSeqsMax} numbers` };
    }
    const refused = this.judge(
      stream,
      { fromSeq: skipped.fromSeq, toSeq: skipped.toSeq, ackNow: false },
      arrived.nowMs,
    );
    if (refused !== 'new') return refused;
    // DL-7: what was received before is no hole; of how many readings the rest tells is unknown then.
    const fromSeq = stream.progress.received + 1;
    const frame = fromSeq === skipped.fromSeq ? arrived.frame : encodeMessage({ ...skipped, fromSeq, readings: 0 });
    if (!this.appendFrame(stream, skipped.toSeq, { ...arrived, frame })) return this.refuseUnstored();
    stream.device.lastSeenMs = arrived.nowMs;
    return null;
  }

  /** Ack everything received so far as soon as it is committed (DL: Flush, Goodbye while going to sleep). */
  requestAck(stream: StreamState): void {
    const entry = this.open.get(stream.key);
    if (entry === undefined) return;
    entry.ackNowSeq = stream.progress.received;
    if (stream.progress.committed >= entry.ackNowSeq) this.ack(entry);
    else this.hurry();
  }

  private hurry(): void {
    this.store.hurry();
    this.someoneWaits();
  }

  /** The store's word: this much is durable. */
  storeOnCommitted({ streams, seqs }: Receipt, nowMs: number): void {
    for (let i = 0; i < streams.length; i++) {
      const stream = this.roster.streams.get(streams[i]!);
      if (stream === undefined) continue;
      stream.progress.advanceCommitted(seqs[i]!);
      const entry = this.open.get(stream.key);
      if (entry !== undefined) this.considerAck(entry, nowMs);
    }
  }

  /** The store dropped what was not committed: forget it, and close the links so that it comes again. */
  storeOnAbandoned(streams: readonly StreamKey[]): void {
    for (const key of streams) {
      const stream = this.roster.streams.get(key);
      if (stream === undefined) continue;
      stream.progress.abandonUncommitted();
      this.open.get(key)?.sink.abandon('The store cannot take readings now', this.options.storeRetryMs);
    }
  }

  /** What is committed and not acked is acked now, because a frame goes to the device anyway: a lazy Ack costs most by going alone. */
  ackAlong(stream: StreamState): void {
    const entry = this.open.get(stream.key);
    if (entry !== undefined && stream.progress.committed > stream.progress.acked) this.ack(entry);
  }

  /** Sends the lazy Acks that are due by nowMs (Infinity: all). Called often, so that they spread out by themselves. */
  sweepAcks(nowMs: number): void {
    for (const entry of this.ackQueue) {
      if (entry.ackDueMs > nowMs) return;
      if (this.open.get(entry.stream.key) === entry) this.ack(entry);
      else this.ackQueue.delete(entry);
    }
  }

  private considerAck(entry: OpenStream, nowMs: number): void {
    const { committed, acked } = entry.stream.progress;
    const isAsked = entry.ackNowSeq > 0 && committed >= entry.ackNowSeq;
    if (isAsked || committed - acked >= this.options.ackAtOnceAfter) this.ack(entry);
    else if (!this.ackQueue.has(entry)) {
      entry.ackDueMs = nowMs + this.options.ackIntervalMs;
      this.ackQueue.add(entry);
    }
  }

  private ack(entry: OpenStream): void {
    const { progress } = entry.stream;
    this.ackQueue.delete(entry);
    if (progress.committed >= entry.ackNowSeq) entry.ackNowSeq = 0;
    progress.advanceAcked(progress.committed);
    this.counters.acks += 1;
    entry.sink.sendFrame(encodeMessage({ type: 'ack', seq: progress.committed }));
  }

  /** 'new' to go on, null for a duplicate (dropped and acked again), or the fault to close with. */
  private judge(
    stream: StreamState,
    range: { fromSeq: number; toSeq: number; ackNow: boolean },
    nowMs: number,
  ): 'new' | null | FaultReport {
    const { progress } = stream;
    const arrival = progress.classify(range.fromSeq, range.toSeq);
    const entry = this.open.get(stream.key);
    if (arrival === 'gap') {
      this.counters.refused += 1;
      return { fault: 'sequenceGap', text: `got ${range.fromSeq} where ${progress.received + 1} comes next` };
    }
    if (arrival === 'duplicate') {
      this.counters.duplicates += 1;
      if (entry !== undefined && range.ackNow) this.requestAck(stream);
      else if (entry !== undefined) this.considerAck(entry, nowMs);
      return null;
    }
    if (range.ackNow && entry !== undefined) entry.ackNowSeq = range.toSeq;
    return 'new';
  }

  private appendFrame(stream: StreamState, seq: number, { frame, nowMs, once }: Arrived): boolean {
    if (!this.store.append({ stream: stream.key, seq, arrivedMs: nowMs, frame, once })) return false;
    stream.progress.advanceReceived(seq);
    return true;
  }

  private refuseUnstored(): FaultReport {
    this.counters.refused += 1;
    return { fault: 'storeUnavailable', text: 'The store cannot take readings now' };
  }
}

/** A batch may name only metrics of the stream's table, in the coding of their kind (DL-9). */
function checkTable(stream: StreamState, batch: BatchScratch): FaultReport | null {
  const { table, device } = stream;
  for (let column = 0; column < batch.columns; column++) {
    const index = batch.metrics[column]!;
    const metric = table[index];
    if (metric === undefined) return { fault: 'unknownMetric', text: `metric ${index} is not declared` };
    const { kind, name } = device.metrics[metric]!;
    const coding = batch.encodings[column]!;
    const wanted = kind === 'text' ? batchCoding.text : kind === 'bool' ? batchCoding.bool : -1;
    const fits = wanted === -1 ? coding < batchCoding.bool : coding === wanted;
    if (!fits) return { fault: 'metricConflict', text: `metric ${name} is a ${kind}; its column has another coding` };
  }
  return null;
}
