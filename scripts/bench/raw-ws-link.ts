/**
 * A device's WebSocket on a bare TCP socket: costs the load far less than a full client. Owns the socket and what of a frame has
 * not come yet. It masks with zeros, reads short unfragmented messages only, and ends at anything else.
 */
import { connect, type Socket } from 'node:net';

export interface RawLinkOptions {
  readonly url: string;
  readonly path: string;
  readonly token: string;
}

const maskBit = 0x80;

export class RawWsLink {
  ended = '';
  messageOnArrive: (frame: Buffer) => void = () => undefined;
  readonly socket: Socket;
  private rest: Buffer = Buffer.alloc(0);
  private isOpen = false;

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  static open({ url, path, token }: RawLinkOptions): Promise<RawWsLink> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const link = new RawWsLink(socket);
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        'Sec-WebSocket-Protocol: lapwing.v1',
        `Authorization: Bearer ${token}`,
        '\r\n',
      ].join('\r\n'),
    );
    return new Promise((fulfil, reject) => {
      socket.on('error', reject);
      socket.on('close', () => {
        link.ended ||= 'closed by the server';
        reject(new Error(link.ended));
      });
      socket.on('data', (chunk: Buffer) => link.socketOnData(chunk, () => fulfil(link)));
    });
  }

  /** A message with its WebSocket header, ready for `write`. */
  static wrap(message: Uint8Array): Buffer {
    const { length } = message;
    const headerLength = (length < 126 ? 2 : length < 65_536 ? 4 : 10) + 4;
    const frame = Buffer.alloc(headerLength + length);
    frame[0] = 0x82;
    if (length < 126) frame[1] = maskBit | length;
    else if (length < 65_536) {
      frame[1] = maskBit | 126;
      frame.writeUInt16BE(length, 2);
    } else {
      frame[1] = maskBit | 127;
      frame.writeBigUInt64BE(BigInt(length), 2);
    }
    frame.set(message, headerLength);
    return frame;
  }

  write(wrapped: Buffer): void {
    this.socket.write(wrapped);
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private socketOnData(chunk: Buffer, openOnEnd: () => void): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    if (!this.isOpen) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end === -1) {
        this.rest = bytes;
        return;
      }
      if (!bytes.toString('latin1', 0, 12).endsWith(' 101')) {
        this.ended = bytes.toString('latin1').slice(0, 200);
        this.socket.destroy();
        return;
      }
      this.isOpen = true;
      bytes = bytes.subarray(end + 4);
      openOnEnd();
    }
    this.rest = this.takeFrames(bytes);
  }

  /** What is left of the last, incomplete one. */
  private takeFrames(bytes: Buffer): Buffer {
    let at = 0;
    while (at + 2 <= bytes.length) {
      const short = bytes[at + 1]!;
      const headerLength = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (at + headerLength > bytes.length) break;
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      if (at + headerLength + length > bytes.length) break;
      const payload = bytes.subarray(at + headerLength, at + headerLength + length);
      if (bytes[at] === 0x82) this.messageOnArrive(payload);
      else if (bytes[at] === 0x88)
        this.ended = `closed: ${payload.length >= 2 ? payload.readUInt16BE(0) : ''} ${payload.subarray(2)}`;
      at += headerLength + length;
    }
    return bytes.subarray(at);
  }
}
