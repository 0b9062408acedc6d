/**
 * What a packet must be before the broker sees it: sizes counted in front of the parser, and the rules of MQTT 3.1.1 that the parser
 * and the broker let through (numbers are the specification's).
 *
 * Owns, for each connection, where in a packet it is and how many packets it sent lately. It refuses by a sentence; whoever asks cuts.
 */
import { isCleanText, isFilter, isTopic } from '../core/topic-filter.ts';

export interface PacketLimits {
  /** Of the first packet, which comes from nobody knows whom. */
  readonly connectBytesMax: number;
  readonly packetBytesMax: number;
  readonly filtersMax: number;
  readonly keepAliveSecondsMax: number;
}

export const packetLimits: PacketLimits = {
  connectBytesMax: 8_192,
  packetBytesMax: 4_194_304,
  filtersMax: 64,
  keepAliveSecondsMax: 1_200,
};

/** Follows the packets' lengths through the bytes as they come. */
export class PacketMeter {
  /** Packets that began. */
  packets = 0;
  /** What is wrong, once something is. */
  wrong = '';
  private left = 0;
  private length = 0;
  private shift = -1;
  private readonly limits: PacketLimits;

  constructor(limits: PacketLimits) {
    this.limits = limits;
  }

  /** Between two packets. */
  isBetween(): boolean {
    return this.left === 0 && this.shift < 0;
  }

  /** '' or what is wrong. */
  take(bytes: Uint8Array): string {
    for (let at = 0; at < bytes.length && this.wrong === ''; ) at = this.step(bytes, at);
    return this.wrong;
  }

  /** Where the packet that `from` lies in ends, or the bytes do; `wrong` says whether it may be. */
  step(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      if (this.left > 0) {
        const step = Math.min(this.left, bytes.length - at);
        this.left -= step;
        return at + step;
      }
      this.wrong = this.takeHeaderByte(bytes[at++]!);
      if (this.wrong !== '' || this.isBetween()) return at;
    }
    return at;
  }

  private takeHeaderByte(byte: number): string {
    if (this.shift < 0) {
      if (this.packets === 0 && byte !== 0x10) return 'the first packet is not a CONNECT [MQTT-3.1.0-1]';
      this.packets += 1;
      this.shift = 0;
      this.length = 0;
      return '';
    }
    this.length += (byte & 0x7f) << this.shift;
    this.shift += 7;
    if (byte >= 0x80 && this.shift === 28) return 'a remaining length has more than four bytes';
    const { connectBytesMax, packetBytesMax } = this.limits;
    const bytesMax = this.packets === 1 ? connectBytesMax : packetBytesMax;
    // Judged with each byte: a length that is already too large need not be read to its end.
    if (this.length > bytesMax) return `a packet of ${this.length} bytes or more is announced, at most ${bytesMax}`;
    if (byte >= 0x80) return '';
    this.left = this.length;
    this.shift = -1;
    return '';
  }
}

/** As the parser makes them; only what is looked at. */
export interface ParsedPacket {
  cmd: string;
  readonly length?: number;
  readonly messageId?: number;
  readonly qos?: number;
  readonly dup?: boolean;
  readonly topic?: string;
  readonly clientId?: string;
  readonly protocolId?: string;
  readonly protocolVersion?: number;
  readonly clean?: boolean;
  keepalive?: number;
  readonly username?: string;
  readonly password?: Uint8Array;
  readonly will?: { readonly topic: string; readonly payload: Uint8Array; readonly qos: number };
  readonly subscriptions?: readonly { readonly topic: string; readonly qos: number }[];
  readonly unsubscriptions?: readonly string[];
}

/** '' or what is wrong. */
export function checkPacket(packet: ParsedPacket, limits: PacketLimits): string {
  switch (packet.cmd) {
    case 'connect':
      return checkConnect(packet);
    case 'publish':
      if (!isTopic(packet.topic ?? '')) return 'a PUBLISH has no proper topic [MQTT-3.3.2-1, MQTT-4.7.3]';
      if (packet.qos === 0 && packet.dup === true) return 'a PUBLISH of QoS 0 is marked DUP [MQTT-3.3.1-2]';
      return packet.qos === 0 ? '' : checkId(packet) || checkIdFits(packet);
    case 'subscribe': {
      const filters = packet.subscriptions?.map(({ topic }) => topic) ?? [];
      return checkId(packet) || checkFilters(filters, limits);
    }
    case 'unsubscribe':
      return checkId(packet) || checkFilters(packet.unsubscriptions ?? [], limits);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return checkId(packet);
    case 'pingreq':
    case 'disconnect':
      return packet.length === 0 ? '' : `a ${packet.cmd.toUpperCase()} has a body`;
    default:
      return `a client does not send ${packet.cmd}`;
  }
}

function checkId({ messageId, cmd }: ParsedPacket): string {
  return (messageId ?? 0) > 0 ? '' : `a ${cmd.toUpperCase()} has the packet identifier 0 [MQTT-2.3.1-1]`;
}

/** The parser reads it from the packet behind where this one ends before it. */
function checkIdFits({ length = 0, topic = '' }: ParsedPacket): string {
  return length >= 2 + Buffer.byteLength(topic) + 2 ? '' : 'a PUBLISH ends before its packet identifier [MQTT-2.3.1-1]';
}

function checkFilters(filters: readonly string[], { filtersMax }: PacketLimits): string {
  if (filters.length === 0) return 'a SUBSCRIBE or UNSUBSCRIBE names no filter [MQTT-3.8.3-3, MQTT-3.10.3-2]';
  if (filters.length > filtersMax) return `a packet names at most ${filtersMax} filters`;
  const wrong = filters.find((filter) => !isFilter(filter));
  return wrong === undefined ? '' : 'a filter is none [MQTT-4.7.1, MQTT-4.7.3]';
}

const clientIdCharactersMax = 128;

function checkConnect(packet: ParsedPacket): string {
  const { clientId = '', username, will, protocolVersion } = packet;
  // A client of another version is answered by the broker: that it is not spoken here.
  if (protocolVersion === 5) return '';
  if (clientId.length > clientIdCharactersMax || !isCleanText(clientId)) return 'a client identifier is none';
  if (username !== undefined && !isCleanText(username)) return 'a user name is no text [MQTT-1.5.3]';
  if (will !== undefined && will.qos > 2) return 'a will has QoS 3 [MQTT-3.1.2-14]';
  if (will !== undefined && !isTopic(will.topic)) return 'a will has no proper topic';
  if (username === undefined && packet.password !== undefined) return 'a password without a user name [MQTT-3.1.2-22]';
  return packet.length === countConnect(packet) ? '' : 'a CONNECT has bytes behind its end';
}

/** Two bytes of length before each text, and ten or twelve of the variable header. */
function countConnect({ protocolId = '', clientId = '', username, password, will }: ParsedPacket): number {
  let bytes = 2 + protocolId.length + 4 + 2 + Buffer.byteLength(clientId);
  if (will !== undefined) bytes += 4 + Buffer.byteLength(will.topic) + will.payload.length;
  if (username !== undefined) bytes += 2 + Buffer.byteLength(username);
  if (password !== undefined) bytes += 2 + password.length;
  return bytes;
}
