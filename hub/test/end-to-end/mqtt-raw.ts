/**
 * An MQTT 3.1.1 client of bytes, for what no proper client would do. Owns its socket; keeps what it received.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface ConnectWish {
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  readonly clean?: boolean;
  readonly keepAlive?: number;
  readonly level?: number;
  readonly will?: { readonly topic: string; readonly payload: string; readonly qos: number; readonly retain?: boolean };
}

export class RawMqtt {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  isClosed = false;
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes as Buffer]);
      socket.emit('grown');
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        socket.emit('grown');
        resolve();
      });
    });
  }

  static async open(port: number): Promise<RawMqtt> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawMqtt(socket);
  }

  /** Connected and let in. */
  static async start(port: number, wish: ConnectWish): Promise<RawMqtt> {
    const client = await RawMqtt.open(port);
    client.send(makeConnect(wish));
    const answer = await client.take(4);
    if (answer[3] !== 0) throw new Error(`refused with ${answer[3]}`);
    return client;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next so many bytes; rejects when the link ends before. */
  async take(count: number): Promise<Buffer> {
    while (this.received.length < count) {
      if (this.isClosed) throw new Error(`closed after ${this.received.toString('hex')}`);
      await once(this.socket, 'grown');
    }
    const bytes = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return bytes;
  }

  /** The next packet: its first byte and its body. */
  async packet(): Promise<{ first: number; body: Buffer }> {
    const first = (await this.take(1))[0]!;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = (await this.take(1))[0]!;
      length += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return { first, body: Buffer.from(await this.take(length)) };
  }

  end(): void {
    this.socket.destroy();
  }
}

export function text(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function makePacket(first: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

export function makeConnect(wish: ConnectWish): Buffer {
  const { clientId = 'raw', username, password, clean = true, keepAlive = 60, level = 4, will } = wish;
  const flags =
    (username === undefined ? 0 : 0x80) |
    (password === undefined ? 0 : 0x40) |
    (will === undefined ? 0 : 0x04 | (will.qos << 3) | (will.retain === true ? 0x20 : 0)) |
    (clean ? 0x02 : 0);
  const parts: Uint8Array[] = [text('MQTT'), Buffer.from([level, flags, keepAlive >> 8, keepAlive & 0xff])];
  if (level === 5) parts.push(Buffer.from([0]));
  parts.push(text(clientId));
  if (will !== undefined) parts.push(text(will.topic), text(will.payload));
  if (username !== undefined) parts.push(text(username));
  if (password !== undefined) parts.push(text(password));
  return makePacket(0x10, ...parts);
}

export function makePublish(
  topic: string | Uint8Array,
  payload: string | Uint8Array,
  { qos = 0, id = 1, dup = false, retain = false }: { qos?: number; id?: number; dup?: boolean; retain?: boolean } = {},
): Buffer {
  const number = qos === 0 ? Buffer.alloc(0) : Buffer.from([id >> 8, id & 0xff]);
  return makePacket(0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0), text(topic), number, Buffer.from(payload));
}

export function makeSubscribe(filter: string | Uint8Array, qos = 0, id = 1): Buffer {
  return makePacket(0x82, Buffer.from([id >> 8, id & 0xff]), text(filter), Buffer.from([qos]));
}
