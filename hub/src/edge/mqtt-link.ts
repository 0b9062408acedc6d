/**
 * One MQTT connection in front of the broker: its bytes counted before they are parsed, its unread bytes bounded, its reading held.
 *
 * Owns what is counted. It puts itself between the broker and the stream by two properties on the stream, `read` and `write`: a stream
 * in between would cost every idle connection its buffers. Invariant: `write` never tells the broker to wait.
 */
import type { Duplex } from 'node:stream';
import type { ForeignBundle } from '../core/foreign-bundle.ts';
import type { TopicHabit } from '../core/foreign-habit.ts';
import type { OnceKeyMaker } from '../core/once-keys.ts';
import type { MqttIdentity } from './mqtt-access.ts';
import { type PacketLimits, PacketMeter, packetLimits } from './mqtt-packets.ts';
import { MqttSocket, type SocketReader } from './mqtt-socket.ts';

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

/** A topic that the broker has let this link publish to. */
export interface LinkTopic {
  readonly topic: string;
  readonly bytes: Uint8Array;
  readonly habit: TopicHabit;
  /** The link's `stretch` in which its rights were asked last. */
  allowedIn: number;
}

/** A PUBLISH that may go past the broker: where it lies in the bytes of the stream. */
export interface ShortPublish {
  bytes: Buffer;
  topicAt: number;
  topicEnd: number;
  /** 0: QoS 0. */
  packetId: number;
  payloadAt: number;
  end: number;
}

export interface LinkSink {
  refuse(link: MqttLink, wrong: string): void;
  /** False: it goes to the broker after all. */
  takeShort(link: MqttLink, topic: LinkTopic, publish: ShortPublish): boolean;
}

export class MqttLink implements SocketReader {
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
  /** By their bytes, one for each character. */
  topics: Map<string, LinkTopic> | null = null;
  /** What its messages' keys begin with. */
  keys: OnceKeyMaker | null = null;
  /** Goes on with what may change a right: while it stands, messages are taken from bytes that came at once. */
  stretch = 0;
  private lastTopic: LinkTopic | null = null;
  /** An answer that waits for more than its readings; all behind it wait too. */
  private tail: Promise<void> | null = null;
  isHeld = false;
  private readonly source: { takeBytes(size?: number): Buffer | null };
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
    if (conn instanceof MqttSocket) {
      conn.reader = this;
      this.source = conn;
      return;
    }
    const read = conn.read.bind(conn);
    this.source = { takeBytes: (size) => read(size) as Buffer | null };
    conn.read = (size?: number) => {
      this.connOnWanted(size);
      return null;
    };
    const write = conn.write.bind(conn) as (...given: unknown[]) => boolean;
    conn.write = ((...given: unknown[]) => {
      write(...given);
      return true;
    }) as typeof conn.write;
  }

  /** What the broker would do when its stream became readable. */
  connOnBytes(): void {
    const { client } = this;
    if (client === null || client.closed) this.source.takeBytes();
    else client._nextBatch();
  }

  /**
   * Hands the parser what there is, and the broker nothing that it would hand it. The broker asks for more while a packet is being
   * handled, which is inside the parser: bytes given to it then are mixed up with those that it holds.
   */
  connOnWanted(size?: number): void {
    this.isMoreWanted = true;
    if (this.isReading) return;
    this.isReading = true;
    try {
      // Where too much is unanswered, it reads on when some of it is answered.
      while (this.isMoreWanted && this.unanswered <= this.limits.unansweredMax) {
        this.isMoreWanted = false;
        const bytes = this.source.takeBytes(size);
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
    this.stretch += 1;
    while (at < bytes.length) {
      const isFound = this.topics !== null && meter.isBetween() && findShort(bytes, at, this.limits);
      const topic = isFound ? this.findTopic(bytes) : undefined;
      if (topic !== undefined && client?.connected === true) {
        if (from < at) {
          this.parse(bytes.subarray(from, at));
          this.stretch += 1;
          // The parser may come back here.
          findShort(bytes, at, this.limits);
        }
        from = at;
        if (client.closed || this.conn.destroyed) return;
        const { end } = found;
        if (client._parser._queue === null && this.sink.takeShort(this, topic, found)) {
          meter.packets += 1;
          isShort = true;
          at = end;
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
    if (from < bytes.length) this.parse(from === 0 ? bytes : bytes.subarray(from));
  }

  /** The parser keeps what it is given, and a socket reads on into the same bytes. */
  private parse(bytes: Buffer): void {
    this.client?._parser.parse(this.conn instanceof MqttSocket ? Buffer.from(bytes) : bytes);
  }

  /** Nearly always the last one. */
  private findTopic(bytes: Buffer): LinkTopic | undefined {
    const { lastTopic } = this;
    if (lastTopic !== null && isAt(bytes, lastTopic.bytes)) return lastTopic;
    const topic = this.topics?.get(bytes.toString('latin1', found.topicAt, found.topicEnd));
    if (topic !== undefined) this.lastTopic = topic;
    return topic;
  }

  /** It may no longer be published to without the broker. */
  forgetTopics(): void {
    this.topics?.clear();
    this.lastTopic = null;
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

/** What `findShort` found last. */
const found: ShortPublish = { bytes: Buffer.alloc(0), topicAt: 0, topicEnd: 0, packetId: 0, payloadAt: 0, end: 0 };

/** A whole PUBLISH of QoS 0 or 1 at that place, neither retained nor repeated; false for all else, and for whatever may be wrong. */
function findShort(bytes: Buffer, at: number, { packetBytesMax }: PacketLimits): boolean {
  const first = bytes[at];
  if (first !== 0x30 && first !== 0x32) return false;
  let length = 0;
  let topicAt = at + 1;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[topicAt++];
    if (byte === undefined || shift > 14) return false;
    length += (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const end = topicAt + length;
  if (end > bytes.length || length > packetBytesMax || length < 5) return false;
  const topicEnd = topicAt + 2 + (bytes[topicAt]! << 8) + bytes[topicAt + 1]!;
  const payloadAt = first === 0x30 ? topicEnd : topicEnd + 2;
  if (payloadAt > end) return false;
  const packetId = first === 0x30 ? 0 : (bytes[topicEnd]! << 8) + bytes[topicEnd + 1]!;
  if (first === 0x32 && packetId === 0) return false;
  found.bytes = bytes;
  found.topicAt = topicAt + 2;
  found.topicEnd = topicEnd;
  found.packetId = packetId;
  found.payloadAt = payloadAt;
  found.end = end;
  return true;
}

function isAt(bytes: Buffer, topic: Uint8Array): boolean {
  const { topicAt, topicEnd } = found;
  if (topicEnd - topicAt !== topic.length) return false;
  // What is alike nearly always begins alike and differs in its last bytes.
  for (let i = topic.length - 1; i >= 0; i--) if (bytes[topicAt + i] !== topic[i]) return false;
  return true;
}

function ignore(): void {
  // What was lost is told by whoever waits for it; those behind it end with the link.
}
