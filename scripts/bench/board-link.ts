/**
 * A lean device for loads: says Hello, sends one-row batches when told to, counts Acks. Owns one socket and its sequence number.
 * It keeps no outbox and does not reconnect: a load that loses its link is a load that failed, and says so.
 */
import { type Batch, decodeMessage, encodeMessage, type MetricDeclaration, makeNumberColumn } from '@lapwing/protocol';
import { WebSocket } from 'ws';
import { SeededWalk } from './seeded-walk.ts';

export const boardMetrics: readonly MetricDeclaration[] = [
  { name: 'sentUs', unit: 'us', kind: 'gauge' },
  ...Array.from({ length: 9 }, (_, i): MetricDeclaration => ({ name: `m${i + 1}`, unit: '', kind: 'gauge' })),
];

/** A board of any contestant. */
export interface LiveBoard {
  readonly sent: number;
  readonly acked: number;
  /** Why the link ended, '' while it lives. */
  readonly ended: string;
  send(sentUs: number): void;
  /** Asks for the Ack of all it sent, for Acks are lazy. */
  flush(): void;
  close(): void;
}

export interface BoardOptions {
  readonly url: string;
  readonly deviceId: string;
  readonly token: string;
  readonly seed: number;
  /** A bare receiver answers nothing: do not wait for Welcome. */
  readonly bare: boolean;
}

export class BoardLink implements LiveBoard {
  sent = 0;
  acked = 0;
  /** Why the link ended, '' while it lives. */
  ended = '';
  private readonly socket: WebSocket;
  private readonly epoch = Date.now();
  private readonly walk: SeededWalk;

  private constructor(socket: WebSocket, seed: number) {
    this.socket = socket;
    this.walk = new SeededWalk(seed, boardMetrics.length);
  }

  static async open(options: BoardOptions): Promise<BoardLink> {
    const socket = new WebSocket(`${options.url.replace('http', 'ws')}/device/v1`, 'lapwing.v1', {
      perMessageDeflate: false,
      headers: { authorization: `Bearer ${options.token}` },
    });
    const board = new BoardLink(socket, options.seed);
    socket.binaryType = 'nodebuffer';
    await new Promise<void>((fulfil, reject) => {
      socket.on('error', (error) => reject(error));
      socket.on('close', (code, reason) => {
        board.ended = `${code} ${reason.toString()}`;
        reject(new Error(`${options.deviceId} was closed: ${board.ended}`));
      });
      socket.on('message', (frame: Buffer) => board.socketOnMessage(frame, fulfil));
      socket.on('open', () => {
        if (options.bare) fulfil();
        else board.sayHello(options.deviceId);
      });
    });
    return board;
  }

  /** One row; its first value tells when it was sent. */
  send(sentUs: number): void {
    this.sent += 1;
    this.walk.step();
    const batch: Batch = {
      type: 'batch',
      seq: this.sent,
      ackNow: false,
      backfill: false,
      times: Float64Array.of(Date.now()),
      columns: boardMetrics.map((_, metric) =>
        makeNumberColumn(metric, Float64Array.of(metric === 0 ? sentUs : this.walk.tenths[metric]! / 10)),
      ),
    };
    this.socket.send(encodeMessage(batch));
  }

  flush(): void {
    this.socket.send(encodeMessage({ type: 'flush' }));
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.terminate();
  }

  private sayHello(deviceId: string): void {
    this.socket.send(
      encodeMessage({
        type: 'hello',
        version: 1,
        deviceId,
        token: '',
        model: 'load',
        firmware: '1',
        // A load keeps no outbox: each link numbers from 1, and is a stream of its own.
        epoch: this.epoch,
        clockMs: Date.now(),
        metrics: boardMetrics,
      }),
    );
  }

  private socketOnMessage(frame: Buffer, socketOnWelcome: () => void): void {
    const decoded = decodeMessage(frame, 'hub');
    if (!decoded.ok) throw new Error(`the hub sent what cannot be read: ${decoded.text}`);
    const { message } = decoded;
    if (message.type === 'welcome') socketOnWelcome();
    else if (message.type === 'ack') this.acked = message.seq;
    else if (message.type === 'ping') {
      this.socket.send(encodeMessage({ type: 'pong', pingSentMs: message.sentMs, clockMs: Date.now() }));
    } else if (message.type === 'fault') this.ended = `fault ${message.code}: ${message.text}`;
  }
}
