/**
 * A small hub for tests of real sockets: enrols, welcomes, takes sequenced messages in order, acks them.
 *
 * Owns what it was sent, per device and epoch, across `restart`s, as a store would. Invariant: a sequence number is taken once
 * and in order; anything else is answered with the fault of SPEC. It keeps nothing on disk and checks no token.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Batch, type DeviceEvent, type DeviceMessage, decodeMessage, encodeMessage } from '@lapwing/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

export interface LoopbackStream {
  readonly deviceId: string;
  readonly epoch: number;
  seq: number;
  readonly batches: Batch[];
  readonly events: DeviceEvent[];
  readonly skipped: { fromSeq: number; toSeq: number; reason: string; readings: number }[];
}

export interface LoopbackOptions {
  readonly ackIntervalMs?: number;
  readonly inFlightMax?: number;
  readonly heartbeatMs?: number;
  /** Keep messages in `streams`; false for measuring. */
  readonly keep?: boolean;
  readonly enrolStatus?: number;
  /** Answered with 401 at the upgrade. */
  readonly wrongTokens?: ReadonlySet<string>;
}

export class LoopbackHub {
  readonly streams = new Map<string, LoopbackStream>();
  readonly messages: { deviceId: string; message: DeviceMessage }[] = [];
  frames = 0;
  port = 0;
  private readonly options: LoopbackOptions;
  private http: Server | null = null;
  private links = new Map<string, WebSocket>();

  constructor(options: LoopbackOptions = {}) {
    this.options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const http = createServer((request, response) => void this.answer(request, response));
    const sockets = new WebSocketServer({
      server: http,
      path: '/device/v1',
      perMessageDeflate: false,
      verifyClient: ({ req }, answer) =>
        answer(!this.options.wrongTokens?.has(req.headers.authorization?.slice(7) ?? ''), 401),
    });
    sockets.on('connection', (socket) => this.serve(socket));
    await new Promise<void>((resolve) => http.listen(this.port, '127.0.0.1', resolve));
    this.port = (http.address() as AddressInfo).port;
    this.http = http;
  }

  /** As kill -9 looks from outside: every link is cut, nobody listens. */
  async cut(): Promise<void> {
    const { http } = this;
    this.http = null;
    for (const socket of this.links.values()) socket.terminate();
    this.links.clear();
    http?.closeAllConnections();
    await new Promise<void>((resolve) => (http === null ? resolve() : http.close(() => resolve())));
  }

  say(deviceId: string, frame: Uint8Array): void {
    this.links.get(deviceId)?.send(frame);
  }

  streamOf(deviceId: string): LoopbackStream | undefined {
    for (const stream of this.streams.values()) if (stream.deviceId === deviceId) return stream;
    return undefined;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { deviceId } = JSON.parse(body || '{}') as { deviceId?: string };
    const status = this.options.enrolStatus ?? 201;
    response.writeHead(status, { 'content-type': 'application/json' });
    const error = { code: 'refused', message: 'refused by the test', advice: '' };
    response.end(JSON.stringify(status === 201 ? { deviceId, token: `token-of-${deviceId}` } : { error }));
  }

  private serve(socket: WebSocket): void {
    let stream: LoopbackStream | null = null;
    let ackTimer: NodeJS.Timeout | null = null;
    const ack = (): void => {
      ackTimer = null;
      if (stream !== null) socket.send(encodeMessage({ type: 'ack', seq: stream.seq }));
    };
    const ackSoon = (now: boolean): void => {
      if (now) {
        if (ackTimer !== null) clearTimeout(ackTimer);
        ack();
      } else ackTimer ??= setTimeout(ack, this.options.ackIntervalMs ?? 20);
    };
    socket.on('close', () => {
      if (ackTimer !== null) clearTimeout(ackTimer);
      if (stream !== null && this.links.get(stream.deviceId) === socket) this.links.delete(stream.deviceId);
    });
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      this.frames += 1;
      const decoded = decodeMessage(data, 'device');
      if (!decoded.ok) {
        socket.send(encodeMessage({ type: 'fault', code: 1, retryAfterMs: 0, text: decoded.text.slice(0, 200) }));
        socket.close(4001);
        return;
      }
      const { message } = decoded;
      if (message.type === 'hello') {
        stream = this.welcome(socket, message);
        this.messages.push({ deviceId: message.deviceId, message });
        return;
      }
      if (stream === null) return socket.close(4005);
      if (this.options.keep !== false) this.messages.push({ deviceId: stream.deviceId, message });
      if (message.type === 'ping') {
        socket.send(encodeMessage({ type: 'pong', pingSentMs: message.sentMs, clockMs: Date.now() }));
      } else if (message.type === 'flush') ackSoon(true);
      else if (message.type === 'batch' || message.type === 'event' || message.type === 'skipped') {
        if (!this.take(stream, message)) {
          socket.send(encodeMessage({ type: 'fault', code: 8, retryAfterMs: 0, text: 'gap' }));
          socket.close(4008);
        } else ackSoon(message.type === 'batch' && message.ackNow);
      }
    });
  }

  private welcome(socket: WebSocket, hello: { deviceId: string; epoch: number }): LoopbackStream {
    const { deviceId, epoch } = hello;
    const key = `${deviceId}/${epoch}`;
    const stream = this.streams.get(key) ?? { deviceId, epoch, seq: 0, batches: [], events: [], skipped: [] };
    this.streams.set(key, stream);
    this.links.set(deviceId, socket);
    socket.send(
      encodeMessage({
        type: 'welcome',
        version: 1,
        serverMs: Date.now(),
        committedSeq: stream.seq,
        ackIntervalMs: this.options.ackIntervalMs ?? 20,
        heartbeatMs: this.options.heartbeatMs ?? 10_000,
        frameBytesMax: 65_536,
        batchRowsMax: 4_096,
        metricsMax: 1_024,
        inFlightMax: this.options.inFlightMax ?? 64,
      }),
    );
    return stream;
  }

  /** False for a gap. A duplicate is dropped. */
  private take(stream: LoopbackStream, message: DeviceMessage & { type: 'batch' | 'event' | 'skipped' }): boolean {
    const fromSeq = message.type === 'skipped' ? message.fromSeq : message.seq;
    const toSeq = message.type === 'skipped' ? message.toSeq : message.seq;
    if (toSeq <= stream.seq) return true;
    if (fromSeq > stream.seq + 1) return false;
    stream.seq = toSeq;
    if (this.options.keep === false) return true;
    if (message.type === 'batch') stream.batches.push(message);
    else if (message.type === 'event') stream.events.push(message);
    else stream.skipped.push({ fromSeq, toSeq, reason: message.reason, readings: message.readings });
    return true;
  }
}
