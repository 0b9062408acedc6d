/**
 * As much of MQTT 3.1.1 as the peers' side of the benchmarks speaks: connect, publish at QoS 0 and 1, subscribe. Owns one socket
 * and its packet ids. It does not reconnect: a load that loses its link has failed, and says so.
 */
import { connect, type Socket } from 'node:net';

export interface Published {
  readonly topic: string;
  readonly payload: Buffer;
  /** 0 at QoS 0; else to be given to `acknowledge`. */
  readonly packetId: number;
}

const packet = { connect: 0x10, connack: 2, publish: 3, puback: 4, subscribe: 0x82, suback: 9 } as const;

export class MqttLink {
  /** PUBACKs that came. */
  acked = 0;
  ended = '';
  private nextId = 1;
  private rest: Buffer = Buffer.alloc(0);
  private waiting: (() => void) | null = null;
  private readonly socket: Socket;
  private readonly publishOnArrive: (published: Published) => void;

  private constructor(socket: Socket, publishOnArrive: (published: Published) => void) {
    this.socket = socket;
    this.publishOnArrive = publishOnArrive;
  }

  static async open(
    port: number,
    clientId: string,
    publishOnArrive: (published: Published) => void = () => undefined,
  ): Promise<MqttLink> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const link = new MqttLink(socket, publishOnArrive);
    await new Promise<void>((fulfil, reject) => {
      link.waiting = fulfil;
      socket.on('error', reject);
      socket.on('close', () => {
        link.ended = 'closed by the broker';
        reject(new Error(`${clientId} was closed`));
      });
      socket.on('data', (chunk: Buffer) => link.socketOnData(chunk));
      socket.on('connect', () => {
        const body = Buffer.concat([encodeText('MQTT'), Buffer.from([4, 0x02, 0, 120]), encodeText(clientId)]);
        socket.write(frame(packet.connect, body));
      });
    });
    return link;
  }

  /** At QoS 1. */
  publish(topic: string, payload: string): void {
    const body = Buffer.concat([encodeText(topic), this.takeId(), Buffer.from(payload)]);
    this.socket.write(frame((packet.publish << 4) | 0x02, body));
  }

  async subscribe(filter: string, qos: 0 | 1): Promise<void> {
    const answered = new Promise<void>((fulfil) => {
      this.waiting = fulfil;
    });
    this.socket.write(frame(packet.subscribe, Buffer.concat([this.takeId(), encodeText(filter), Buffer.from([qos])])));
    await answered;
  }

  /** PUBACKs, in one write. */
  acknowledge(packetIds: readonly number[]): void {
    const bytes = Buffer.allocUnsafe(packetIds.length * 4);
    for (const [i, id] of packetIds.entries()) bytes.writeUInt32BE((packet.puback << 28) | (2 << 16) | id, i * 4);
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private takeId(): Buffer {
    const id = this.nextId;
    this.nextId = id === 0xffff ? 1 : id + 1;
    return Buffer.from([id >> 8, id & 0xff]);
  }

  private socketOnData(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    for (;;) {
      const header = readHeader(bytes, at);
      if (header === null || header.bodyAt + header.length > bytes.length) break;
      this.take(bytes[at]!, bytes.subarray(header.bodyAt, header.bodyAt + header.length));
      at = header.bodyAt + header.length;
    }
    this.rest = bytes.subarray(at);
  }

  private take(first: number, body: Buffer): void {
    const type = first >> 4;
    if (type === packet.publish) {
      const topicEnd = 2 + body.readUInt16BE(0);
      const qos = (first >> 1) & 3;
      const packetId = qos === 0 ? 0 : body.readUInt16BE(topicEnd);
      const payload = body.subarray(qos === 0 ? topicEnd : topicEnd + 2);
      this.publishOnArrive({ topic: body.toString('utf8', 2, topicEnd), payload, packetId });
    } else if (type === packet.puback) this.acked += 1;
    else if (type === packet.connack || type === packet.suback) {
      if (type === packet.connack && body[1] !== 0) throw new Error(`the broker refused the connection: ${body[1]}`);
      this.waiting?.();
    }
  }
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function frame(first: number, body: Buffer): Buffer {
  const head = [first];
  let rest = body.length;
  do {
    head.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from(head), body]);
}

function readHeader(bytes: Buffer, at: number): { bodyAt: number; length: number } | null {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + 1 + i];
    if (byte === undefined) return null;
    length |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return { bodyAt: at + 2 + i, length };
  }
  throw new Error('a packet length of more than four bytes');
}
