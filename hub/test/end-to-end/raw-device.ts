/**
 * A device that does exactly what it is told, right or wrong: for tests of what the hub answers. Owns one socket; remembers
 * every message and how the link ended. It has no outbox, no timers and no opinion.
 */
import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type HubMessage,
  type MetricDeclaration,
  makeNumberColumn,
} from '@lapwing/protocol';
import { WebSocket } from 'ws';

export const metrics: readonly MetricDeclaration[] = [{ name: 'n', unit: '', kind: 'counter' }];

export interface Ended {
  readonly code: number;
  readonly reason: string;
  /** Of the hub's last Fault; 0 when it sent none. */
  readonly faultCode: number;
  readonly retryAfterMs: number;
}

export class RawDevice {
  readonly messages: HubMessage[] = [];
  readonly ended: Promise<Ended>;
  private readonly socket: WebSocket;
  private readonly waiting: { wants: (message: HubMessage) => boolean; fulfil: (message: HubMessage) => void }[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (frame: Buffer) => this.socketOnMessage(frame));
    this.ended = new Promise((fulfil) => {
      socket.on('close', (code, reason) => {
        const fault = this.messages.findLast((message) => message.type === 'fault');
        const [faultCode, retryAfterMs] = fault === undefined ? [0, 0] : [fault.code, fault.retryAfterMs];
        fulfil({ code, reason: reason.toString(), faultCode, retryAfterMs });
      });
    });
  }

  /** Resolves when the socket is open; rejects with `HTTP 401` and the like when the hub refuses the upgrade. */
  static async connect(url: string, token = ''): Promise<RawDevice> {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${url.replace('http', 'ws')}/device/v1`, 'lapwing.v1', {
      headers,
      perMessageDeflate: false,
    });
    const device = new RawDevice(socket);
    await new Promise<void>((fulfil, reject) => {
      socket.once('open', fulfil);
      socket.on('error', reject);
      socket.once('unexpected-response', (_request, response) => reject(new Error(`HTTP ${response.statusCode}`)));
    });
    return device;
  }

  /** Connects, says Hello and waits for Welcome. */
  static async start(url: string, options: { deviceId: string; token: string; epoch?: number }): Promise<RawDevice> {
    const device = await RawDevice.connect(url, options.token);
    device.send(makeHello({ deviceId: options.deviceId, epoch: options.epoch ?? 1 }));
    await device.next((message) => message.type === 'welcome');
    return device;
  }

  send(frame: Uint8Array | string): void {
    this.socket.send(frame);
  }

  /** Resolves when the frame has left this process. */
  sendAndDrain(frame: Uint8Array): Promise<void> {
    return new Promise((fulfil, reject) => this.socket.send(frame, (error) => (error ? reject(error) : fulfil())));
  }

  /** The first message, already here or still to come, that is wanted. */
  next(wants: (message: HubMessage) => boolean): Promise<HubMessage> {
    const here = this.messages.find(wants);
    if (here !== undefined) return Promise.resolve(here);
    return new Promise((fulfil) => this.waiting.push({ wants, fulfil }));
  }

  waitForAck(seq: number): Promise<HubMessage> {
    return this.next((message) => message.type === 'ack' && message.seq >= seq);
  }

  /** From now on it hears nothing, and answers nothing. */
  stopReading(): void {
    this.socket.pause();
  }

  close(): void {
    this.socket.terminate();
  }

  private socketOnMessage(frame: Buffer): void {
    const decoded = decodeMessage(frame, 'hub');
    if (!decoded.ok) throw new Error(`the hub sent what cannot be read: ${decoded.text}`);
    const { message } = decoded;
    if (message.type === 'ping') this.send(encodeMessage({ type: 'pong', pingSentMs: message.sentMs, clockMs: 0 }));
    this.messages.push(message);
    for (const waiter of this.waiting.splice(0)) {
      if (waiter.wants(message)) waiter.fulfil(message);
      else this.waiting.push(waiter);
    }
  }
}

export function makeHello(changes: Partial<Hello>): Uint8Array {
  return encodeMessage({
    type: 'hello',
    version: 1,
    deviceId: 'raw',
    token: '',
    model: 'raw',
    firmware: '1',
    epoch: 1,
    clockMs: 0,
    metrics,
    ...changes,
  });
}

/** One row, one column: `values[i]` of metric 0 at `timeMs + i`. */
export function makeBatch(
  seq: number,
  values: readonly number[],
  options: { ackNow?: boolean; metric?: number; timeMs?: number } = {},
): Uint8Array {
  const timeMs = options.timeMs ?? 1_700_000_000_000 + seq * 1000;
  return encodeMessage({
    type: 'batch',
    seq,
    ackNow: options.ackNow ?? true,
    backfill: false,
    times: Float64Array.from(values, (_, i) => timeMs + i),
    columns: [makeNumberColumn(options.metric ?? 0, Float64Array.from(values))],
  });
}
