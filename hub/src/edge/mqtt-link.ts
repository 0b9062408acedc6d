/**
 * One MQTT connection in front of the broker: its bytes counted before they are parsed, its unread bytes bounded, its reading held.
 *
 * Owns what is counted. It puts itself between the broker and the stream by two properties on the stream, `read` and `write`: a stream
 * in between would cost every idle connection its buffers. Invariant: `write` never tells the broker to wait.
 */
import type { Duplex } from 'node:stream';
import type { ForeignBundle } from '../core/foreign-bundle.ts';
import type { MqttIdentity } from './mqtt-access.ts';
import { type PacketLimits, PacketMeter, packetLimits } from './mqtt-packets.ts';

export interface BrokerLimits extends PacketLimits {
  readonly clientsMax: number;
  /** Connections of one address without a credential yet. */
  readonly pendingPerAddressMax: number;
  /** Packets a second that a client may send; more, and it is not read until the next. */
  readonly packetsPerSecondMax: number;
  /** Unread by a client: beyond the first, QoS 0 is left out; beyond the second the link ends. */
  readonly unsentBytesSoft: number;
  readonly unsentBytesMax: number;
  /** For as long a link may hold unread bytes without taking any. */
  readonly stallMsMax: number;
  readonly connectMsMax: number;
  /** Messages of one client that may wait for their commit while it is read on. */
  readonly unansweredMax: number;
  /** Of one client, for the short way; 0: there is none. */
  readonly shortTopicsMax: number;
}

export const brokerLimits: BrokerLimits = {
  ...packetLimits,
  clientsMax: 20_000,
  // A house full of boards that comes back after a power cut has one address behind its router.
  pendingPerAddressMax: 512,
  packetsPerSecondMax: 10_000,
  unsentBytesSoft: 262_144,
  unsentBytesMax: 2_097_152,
  stallMsMax: 15_000,
  connectMsMax: 10_000,
  unansweredMax: 512,
  shortTopicsMax: 64,
};

/** The broker's client of this connection; only what is needed of it. */
export interface LinkClient {
  readonly id: string;
  readonly closed: boolean;
  /** Set when CONNECT is answered and what came behind it is handled. */
  readonly connected: boolean;
  readonly _parser: { parse(bytes: Buffer): void; readonly _queue: readonly unknown[] | null };
  readonly _keepaliveTimer: { refresh(): void } | null;
  /** Packets that it has read and not done with; it reads on at none. */
  _parsingBatch: number;
  _nextBatch(): void;
  pause(): void;
  resume(): void;
}

/** A PUBLISH that may go past the broker. */
export interface ShortPublish {
  /** 0: QoS 0. */
  readonly packetId: number;
  /** The bytes of the stream. */
  readonly payload: Buffer;
}

export interface LinkSink {
  refuse(link: MqttLink, wrong: string): void;
  /** False: it goes to the broker after all. */
  takeShort(link: MqttLink, topic: string, publish: ShortPublish): boolean;
}

export class MqttLink {
  readonly conn: Duplex;
  readonly address: string;
  readonly meter: PacketMeter;
  /** Set as soon as the broker has made it. */
  client: LinkClient | null = null;
  identity: MqttIdentity | null = null;
  /** At the last sweep. */
  packetsBefore = 0;
  isWithoutId = false;
  /** Says that it is known, or gone. */
  readonly leavePending: () => void;
  /** Messages that wait for their commit. */
  unanswered = 0;
  private isReadingOn = false;
  private isReading = false;
  private isMoreWanted = false;
  /** Messages on their way into one batch. */
  bundle: ForeignBundle | null = null;
  /** Their bytes, one for each character → topics that the broker has let through. */
  topics: Map<string, string> | null = null;
  /** An answer that waits for more than its readings; all behind it wait too. */
  private tail: Promise<void> | null = null;
  isHeld = false;
  private readonly limits: BrokerLimits;
  private readonly sink: LinkSink;
  private stalledSinceMs = Number.NaN;
  private takenBefore = 0;

  constructor(
    from: { readonly conn: Duplex; readonly address: string; readonly leavePending: () => void },
    limits: BrokerLimits,
    sink: LinkSink,
  ) {
    const { conn } = from;
    this.conn = conn;
    this.address = from.address;
    this.leavePending = from.leavePending;
    this.limits = limits;
    this.sink = sink;
    this.meter = new PacketMeter(limits);
    const read = conn.read.bind(conn);
    conn.read = (size?: number) => {
      this.readAll(() => read(size) as Buffer | null);
      return null;
    };
    const write = conn.write.bind(conn) as (...given: unknown[]) => boolean;
    conn.write = ((...given: unknown[]) => {
      write(...given);
      return true;
    }) as typeof conn.write;
  }

  /**
   * Hands the parser what there is, and the broker nothing that it would hand it. The broker asks for more while a packet is being
   * handled, which is inside the parser: bytes given to it then are mixed up with those that it holds.
   */
  private readAll(read: () => Buffer | null): void {
    this.isMoreWanted = true;
    if (this.isReading) return;
    this.isReading = true;
    try {
      // Where too much is unanswered, it reads on when some of it is answered.
      while (this.isMoreWanted && this.unanswered <= this.limits.unansweredMax) {
        this.isMoreWanted = false;
        const bytes = read();
        if (bytes !== null) this.sift(bytes);
      }
    } finally {
      this.isReading = false;
    }
  }

  /** Takes out what goes the short way; the rest is the broker's, in its order. */
  private sift(bytes: Buffer): void {
    const { meter, client } = this;
    let from = 0;
    let at = 0;
    let isShort = false;
    while (at < bytes.length) {
      const found = this.topics !== null && meter.isBetween() ? findShort(bytes, at, this.limits) : null;
      const topic =
        found === null ? undefined : this.topics!.get(bytes.toString('latin1', found.topicAt, found.topicEnd));
      if (found !== null && topic !== undefined && client?.connected === true) {
        if (from < at) client._parser.parse(bytes.subarray(from, at));
        from = at;
        if (client.closed || this.conn.destroyed) return;
        const isReady = client._parser._queue === null;
        const payload = bytes.subarray(found.payloadAt, found.end);
        if (isReady && this.sink.takeShort(this, topic, { packetId: found.packetId, payload })) {
          meter.packets += 1;
          isShort = true;
          at = found.end;
          from = at;
          continue;
        }
      }
      at = meter.step(bytes, at);
      if (meter.wrong === '') continue;
      this.sink.refuse(this, meter.wrong);
      return;
    }
    if (isShort) this.noteShort();
    if (from < bytes.length) client?._parser.parse(from === 0 ? bytes : bytes.subarray(from));
  }

  private noteShort(): void {
    this.client?._keepaliveTimer?.refresh();
    if (this.meter.packets - this.packetsBefore > this.limits.packetsPerSecondMax) this.hold();
  }

  /** aedes reads on when all that it has read is answered; a commit takes long enough to read more meanwhile. */
  readOn(): void {
    this.unanswered += 1;
    if (this.isReadingOn || this.unanswered > this.limits.unansweredMax) return;
    this.isReadingOn = true;
    setImmediate(() => {
      this.isReadingOn = false;
      if (this.client?.closed === false) this.client._nextBatch();
    });
  }

  /** Messages of the short way are committed, or lost: then the link ends, and they are sent again. */
  acknowledge(packetIds: readonly number[], isCommitted: boolean): void {
    const wasFull = this.unanswered > this.limits.unansweredMax;
    this.unanswered -= packetIds.length;
    if (!isCommitted) {
      this.conn.destroy();
      return;
    }
    if (this.tail === null) this.writeAcks(packetIds);
    else this.inOrder(null, () => this.writeAcks(packetIds), ignore);
    if (wasFull && this.client?.closed === false && !this.isHeld) this.client._nextBatch();
  }

  /** Tells behind all that is to be told before it. */
  inOrder(kept: Promise<void> | null, tell: () => void, tellLost: (error: Error) => void): void {
    if (kept === null && this.tail === null) {
      tell();
      return;
    }
    const mine = Promise.all([this.tail, kept])
      .then(tell, tellLost)
      .then(() => {
        if (this.tail === mine) this.tail = null;
      });
    this.tail = mine;
  }

  private writeAcks(packetIds: readonly number[]): void {
    if (this.conn.destroyed) return;
    const bytes = Buffer.allocUnsafe(4 * packetIds.length);
    let at = 0;
    for (const id of packetIds) {
      bytes[at++] = 0x40;
      bytes[at++] = 2;
      bytes[at++] = id >> 8;
      bytes[at++] = id & 0xff;
    }
    this.conn.write(bytes);
  }

  /** It is not read until `release`. */
  hold(): void {
    this.isHeld = true;
    this.client?.pause();
  }

  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    if (this.client?.closed !== false) return;
    // What was done while it was held has not been counted: it would wait for that for ever.
    this.client._parsingBatch = 0;
    this.client.resume();
  }

  /** Asked at each sweep: unread bytes, and none of them taken for too long. */
  isStalled(nowMs: number): boolean {
    const { writableLength } = this.conn;
    const taken = ((this.conn as { bytesWritten?: number }).bytesWritten ?? 0) - writableLength;
    const isMoving = writableLength === 0 || taken !== this.takenBefore;
    this.takenBefore = taken;
    if (isMoving) this.stalledSinceMs = Number.NaN;
    else if (Number.isNaN(this.stalledSinceMs)) this.stalledSinceMs = nowMs;
    else return nowMs - this.stalledSinceMs > this.limits.stallMsMax;
    return false;
  }
}

interface FoundPublish {
  readonly topicAt: number;
  readonly topicEnd: number;
  readonly packetId: number;
  readonly payloadAt: number;
  readonly end: number;
}

/** A whole PUBLISH of QoS 0 or 1 at that place, neither retained nor repeated; null for all else, and for whatever may be wrong. */
function findShort(bytes: Buffer, at: number, { packetBytesMax }: PacketLimits): FoundPublish | null {
  const first = bytes[at];
  if (first !== 0x30 && first !== 0x32) return null;
  let length = 0;
  let topicAt = at + 1;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[topicAt++];
    if (byte === undefined || shift > 14) return null;
    length += (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const end = topicAt + length;
  if (end > bytes.length || length > packetBytesMax || length < 5) return null;
  const topicEnd = topicAt + 2 + (bytes[topicAt]! << 8) + bytes[topicAt + 1]!;
  const payloadAt = first === 0x30 ? topicEnd : topicEnd + 2;
  if (payloadAt > end) return null;
  const packetId = first === 0x30 ? 0 : (bytes[topicEnd]! << 8) + bytes[topicEnd + 1]!;
  if (first === 0x32 && packetId === 0) return null;
  return { topicAt: topicAt + 2, topicEnd, packetId, payloadAt, end };
}

function ignore(): void {
  // What was lost is told by whoever waits for it; those behind it end with the link.
}
