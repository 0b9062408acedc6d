/**
 * A viewer that watches the whole fleet as a browser does, and measures. Owns one socket and its window of
 * latencies; counts only batches that arrived, each once.
 */
import { BatchScratch, decodeMessage, encodeMessage, type FeedMessage, readBatch } from '@lapwing/protocol';
import { WebSocket } from 'ws';
import { LatencyWindow } from './latency-window.ts';

export class FleetViewer {
  batches = 0;
  conflated = 0;
  snapshots = 0;
  ended = '';
  readonly window = new LatencyWindow();
  private readonly scratch = new BatchScratch();
  private readonly socket: WebSocket;
  private readonly nowUs: () => number;

  private constructor(socket: WebSocket, nowUs: () => number) {
    this.socket = socket;
    this.nowUs = nowUs;
  }

  static async open(url: string, cookie: string, nowUs: () => number): Promise<FleetViewer> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/viewer/v1`, 'lapwing.v1', {
      perMessageDeflate: false,
      origin: url,
      headers: { cookie },
    });
    const viewer = new FleetViewer(socket, nowUs);
    await new Promise<void>((fulfil, reject) => {
      socket.on('error', reject);
      socket.on('close', (code, reason) => {
        viewer.ended = `${code} ${reason.toString()}`;
        reject(new Error(`the viewer was closed: ${viewer.ended}`));
      });
      socket.on('message', (frame: Buffer) => viewer.socketOnMessage(frame));
      socket.on('open', () => {
        socket.send(encodeMessage({ type: 'subscribe', id: 1, devices: [] }));
        fulfil();
      });
    });
    return viewer;
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.terminate();
  }

  private socketOnMessage(frame: Buffer): void {
    const nowUs = this.nowUs();
    const decoded = decodeMessage(frame, 'feed');
    if (!decoded.ok) throw new Error(`the hub sent what cannot be read: ${decoded.text}`);
    this.take(decoded.message, nowUs);
  }

  private take(message: FeedMessage, nowUs: number): void {
    if (message.type === 'ping') {
      this.socket.send(encodeMessage({ type: 'pong', pingSentMs: message.sentMs, clockMs: Date.now() }));
    } else if (message.type === 'snapshot') {
      this.snapshots += 1;
      if (message.conflated) this.conflated += 1;
    } else if (message.type === 'live') {
      for (const { body } of message.entries) {
        if (body.kind !== 'batch') continue;
        const fault = readBatch(body.frame, this.scratch);
        if (fault !== null) throw new Error(`a batch in the feed cannot be read: ${fault.text}`);
        this.batches += 1;
        this.window.note(this.scratch.values[0] ?? Number.NaN, nowUs);
      }
    }
  }
}
