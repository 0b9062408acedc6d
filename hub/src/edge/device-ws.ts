/**
 * Device links over WebSocket: bytes in, size checked, paused under pressure; frames out. One of the two files that use `ws`.
 *
 * Owns the device sockets. Decides nothing: what a frame means is core/device-session's business. Never reads from a socket
 * while the store is under pressure, so the kernel's buffers push back on the device.
 */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { type DeviceClaim, type DeviceLink, DeviceSession, type SessionParts } from '../core/device-session.ts';
import { readFrames, wrapMessage } from './frame-wire.ts';

/** A device that does not read its Acks may have this much waiting for it before it is cut. */
const unsentBytesMax = 1_048_576;

export class DeviceSockets {
  private readonly server: WebSocketServer;
  private readonly open = new Set<DeviceSocket>();
  private readonly parts: SessionParts;
  private isPaused = false;

  constructor(parts: SessionParts) {
    this.parts = parts;
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // One bound for what is worth an answer in our own words (frameTooLarge), and ws's own cut at twice that.
      maxPayload: 2 * parts.options.frameBytesMax,
      perMessageDeflate: false,
      skipUTF8Validation: true,
      handleProtocols: (offered) => (offered.has('lapwing.v1') ? 'lapwing.v1' : false),
    });
  }

  count(): number {
    return this.open.size;
  }

  accept(upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer }, claim: DeviceClaim): void {
    const { request, socket: stream, head } = upgrade;
    this.server.handleUpgrade(request, stream, head, (socket) => this.begin(socket, stream, claim));
  }

  pause(): void {
    this.isPaused = true;
    for (const { socket } of this.open) socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    for (const { socket } of this.open) socket.resume();
  }

  /** About once a second: hello and heartbeat deadlines, and devices that do not read. */
  sweep(nowMs: number): void {
    for (const entry of this.open) {
      if (entry.socket.bufferedAmount > unsentBytesMax) entry.socket.terminate();
      // While we do not read, silence is our own doing.
      else if (!this.isPaused) entry.sweep(nowMs);
    }
  }

  sayGoodbye(backMs: number): void {
    for (const { session } of this.open) session.sayGoodbye('restarting', backMs);
  }

  terminate(): void {
    for (const { socket } of this.open) socket.terminate();
  }

  private begin(socket: WebSocket, stream: Duplex, claim: DeviceClaim): void {
    const entry = new DeviceSocket(socket, stream, { claim, parts: this.parts });
    this.open.add(entry);
    socket.on('close', () => {
      this.open.delete(entry);
      entry.session.linkOnClose();
    });
    if (this.isPaused) socket.pause();
  }
}

/** One link: what its session sends goes straight to the stream that `ws` works on, in frames of our own making. */
class DeviceSocket implements DeviceLink {
  readonly socket: WebSocket;
  readonly session: DeviceSession;
  readonly address: string;
  private readonly stream: Duplex;
  private readonly parts: SessionParts;

  constructor(socket: WebSocket, stream: Duplex, { claim, parts }: { claim: DeviceClaim; parts: SessionParts }) {
    this.socket = socket;
    this.stream = stream;
    this.parts = parts;
    // An IPv4 address on a socket of both kinds comes as ::ffff:192.0.2.1.
    this.address = stream instanceof Socket ? (stream.remoteAddress ?? '').replace(/^::ffff:/, '') : '';
    this.session = new DeviceSession(this, { claim, nowMs: Date.now() }, parts);
    const bytesMax = parts.options.frameBytesMax;
    const reader = readFrames(stream, { bytesMax, take: (frame) => this.session.linkOnFrame(frame, Date.now()) });
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary) this.takeFrame(data as Buffer);
      else this.session.linkOnText();
    });
    // ws closes the socket itself and tells 'close' afterwards; what went wrong is worth a count, not a crash.
    socket.on('error', (error) => {
      reader.stop();
      parts.noteFault('malformedFrame', claim?.deviceId ?? null, error.message);
    });
  }

  send(frame: Uint8Array): void {
    if (this.socket.readyState === WebSocket.OPEN) this.stream.write(wrapMessage(frame));
  }

  /** What it sends goes out together. */
  sweep(nowMs: number): void {
    this.stream.cork();
    this.session.sweep(nowMs);
    this.stream.uncork();
  }

  /** The peer may never read our close frame: ws gives up after its own timeout of 30 s. */
  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  private takeFrame(frame: Buffer): void {
    if (frame.length > this.parts.options.frameBytesMax) {
      this.session.fail('frameTooLarge', `a frame of ${frame.length} bytes came`);
    } else this.session.linkOnFrame(frame, Date.now());
  }
}
