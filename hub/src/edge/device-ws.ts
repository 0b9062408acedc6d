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
import { FrameReader, type FrameSink, type TakeData, takeListener, wrapMessage } from './frame-wire.ts';
import type { IntakeRhythm } from './intake-rhythm.ts';

/** A device that does not read its Acks may have this much waiting for it before it is cut. */
const unsentBytesMax = 1_048_576;

export class DeviceSockets {
  private readonly server: WebSocketServer;
  private readonly open = new Set<DeviceSocket>();
  private readonly parts: SessionParts;
  private readonly rhythm: Pick<IntakeRhythm, 'noteFrame'>;
  private isPaused = false;

  constructor(parts: SessionParts, rhythm: Pick<IntakeRhythm, 'noteFrame'>) {
    this.parts = parts;
    this.rhythm = rhythm;
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
    const entry = new DeviceSocket(socket, stream, { claim, parts: this.parts, rhythm: this.rhythm });
    this.open.add(entry);
    entry.listen(this.open);
    if (this.isPaused) socket.pause();
  }
}

interface LinkParts {
  readonly claim: DeviceClaim;
  readonly parts: SessionParts;
  readonly rhythm: Pick<IntakeRhythm, 'noteFrame'>;
}

/**
 * One link: what its session sends goes straight to the stream that `ws` works on, in frames of our own making.
 *
 * Ten thousand of them wait at once: listeners that find their link by what they are called on cost a third of closures.
 */
class DeviceSocket implements DeviceLink, FrameSink {
  readonly socket: LinkedSocket;
  readonly session: DeviceSession;
  readonly address: string;
  private readonly stream: LinkedStream;
  private readonly parts: SessionParts;
  private readonly rhythm: Pick<IntakeRhythm, 'noteFrame'>;
  private readonly reader: FrameReader;
  private readonly wsOnData: TakeData;
  private open: Set<DeviceSocket> | null = null;

  constructor(socket: WebSocket, stream: Duplex, { claim, parts, rhythm }: LinkParts) {
    this.socket = socket;
    this.stream = stream;
    this.parts = parts;
    this.rhythm = rhythm;
    // An IPv4 address on a socket of both kinds comes as ::ffff:192.0.2.1.
    this.address = stream instanceof Socket ? (stream.remoteAddress ?? '').replace(/^::ffff:/, '') : '';
    this.session = new DeviceSession(this, { claim, nowMs: Date.now() }, parts);
    this.reader = new FrameReader(this);
    this.wsOnData = takeListener(stream);
  }

  /** `open` is what it leaves when it closes. */
  listen(open: Set<DeviceSocket>): void {
    this.open = open;
    this.socket[linkKey] = this;
    this.stream[linkKey] = this;
    this.stream.on('data', streamOnData);
    this.socket.on('message', socketOnMessage);
    this.socket.on('error', socketOnError);
    this.socket.on('close', socketOnClose);
  }

  get bytesMax(): number {
    return this.parts.options.frameBytesMax;
  }

  read(chunk: Buffer): void {
    this.reader.read(chunk);
  }

  take(frame: Buffer): void {
    this.rhythm.noteFrame();
    this.session.linkOnFrame(frame, Date.now());
  }

  handOver(bytes: Buffer): void {
    this.wsOnData.call(this.stream, bytes);
  }

  socketOnMessage(data: Buffer, isBinary: boolean): void {
    if (!isBinary) this.session.linkOnText();
    else if (data.length > this.bytesMax) {
      this.session.fail('frameTooLarge', `a frame of ${data.length} bytes came`);
    } else this.take(data);
  }

  /** ws closes the socket itself and tells 'close' afterwards; what went wrong is worth a count, not a crash. */
  socketOnError(error: Error): void {
    this.reader.stop();
    this.parts.noteFault('malformedFrame', this.session.deviceId, error.message);
  }

  socketOnClose(): void {
    this.open?.delete(this);
    this.session.linkOnClose();
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
}

const linkKey = Symbol('link');
interface Linked {
  [linkKey]?: DeviceSocket;
}
type LinkedSocket = WebSocket & Linked;
type LinkedStream = Duplex & Linked;

function streamOnData(this: LinkedStream, chunk: Buffer): void {
  this[linkKey]!.read(chunk);
}
function socketOnMessage(this: LinkedSocket, data: RawData, isBinary: boolean): void {
  this[linkKey]!.socketOnMessage(data as Buffer, isBinary);
}
function socketOnError(this: LinkedSocket, error: Error): void {
  this[linkKey]!.socketOnError(error);
}
function socketOnClose(this: LinkedSocket): void {
  this[linkKey]!.socketOnClose();
}
