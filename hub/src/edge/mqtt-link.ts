/**
 * One MQTT connection in front of the broker: its bytes counted before they are parsed, its unread bytes bounded, its reading held.
 *
 * Owns what is counted. It puts itself between the broker and the stream by two properties on the stream, `read` and `write`: a stream
 * in between would cost every idle connection its buffers. Invariant: `write` never tells the broker to wait.
 */
import type { Duplex } from 'node:stream';
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
};

/** The broker's client of this connection; only what is needed of it. */
export interface LinkClient {
  readonly id: string;
  readonly closed: boolean;
  /** Packets that it has read and not done with; it reads on at none. */
  _parsingBatch: number;
  pause(): void;
  resume(): void;
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
  isReadingOn = false;
  isHeld = false;
  private readonly limits: BrokerLimits;
  private stalledSinceMs = Number.NaN;
  private takenBefore = 0;

  constructor(
    from: { readonly conn: Duplex; readonly address: string; readonly leavePending: () => void },
    limits: BrokerLimits,
    refuse: (wrong: string) => void,
  ) {
    const { conn } = from;
    this.conn = conn;
    this.address = from.address;
    this.leavePending = from.leavePending;
    this.limits = limits;
    this.meter = new PacketMeter(limits);
    const read = conn.read.bind(conn);
    conn.read = (size?: number) => {
      const bytes = read(size) as Buffer | null;
      const wrong = bytes === null ? '' : this.meter.take(bytes);
      if (wrong === '') return bytes;
      refuse(wrong);
      return null;
    };
    const write = conn.write.bind(conn) as (...given: unknown[]) => boolean;
    conn.write = ((...given: unknown[]) => {
      write(...given);
      return true;
    }) as typeof conn.write;
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
