/**
 * Device links over WebSocket: bytes in, size checked, paused under pressure; frames out. One of the two files that use `ws`.
 *
 * Owns the device sockets. Decides nothing: what a frame means is core/device-session's business. Never reads from a socket
 * while the store is under pressure, so the kernel's buffers push back on the device.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { type DeviceClaim, DeviceSession, type SessionParts } from '../core/device-session.ts';

/** A device that does not read its Acks may have this much waiting for it before it is cut. */
const unsentBytesMax = 1_048_576;

interface DeviceSocket {
  readonly socket: WebSocket;
  readonly session: DeviceSession;
}

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
    this.server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (socket) => this.begin(socket, claim));
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
    for (const { socket, session } of this.open) {
      if (socket.bufferedAmount > unsentBytesMax) socket.terminate();
      // While we do not read, silence is our own doing.
      else if (!this.isPaused) session.sweep(nowMs);
    }
  }

  sayGoodbye(backMs: number): void {
    for (const { session } of this.open) session.sayGoodbye('restarting', backMs);
  }

  terminate(): void {
    for (const { socket } of this.open) socket.terminate();
  }

  private begin(socket: WebSocket, claim: DeviceClaim): void {
    const link = {
      send: (frame: Uint8Array) => socket.send(frame),
      close: (code: number, reason: string) => {
        // The peer may never read our close frame: ws gives up after its own timeout of 30 s.
        socket.close(code, reason);
      },
    };
    const session = new DeviceSession(link, { claim, nowMs: Date.now() }, this.parts);
    const entry = { socket, session };
    this.open.add(entry);
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (!isBinary) return session.linkOnText();
      const frame = data as Buffer;
      if (frame.length > this.parts.options.frameBytesMax) {
        return session.fail('frameTooLarge', `a frame of ${frame.length} bytes came`);
      }
      session.linkOnFrame(frame, Date.now());
    });
    socket.on('close', () => {
      this.open.delete(entry);
      session.linkOnClose();
    });
    // ws closes the socket itself and tells 'close' afterwards; what went wrong is worth a count, not a crash.
    socket.on('error', (error) => this.parts.noteFault('malformedFrame', claim?.deviceId ?? null, error.message));
    if (this.isPaused) socket.pause();
  }
}
