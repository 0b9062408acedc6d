/**
 * A viewer that watches the whole fleet as a browser does, and measures. Owns one socket and the latencies it has seen; counts
 * only batches that arrived, each once.
 */
import { BatchScratch, decodeMessage, encodeMessage, type FeedMessage, readBatch } from '@lapwing/protocol';
import { WebSocket } from 'ws';

export class FleetViewer {
  batches = 0;
  conflated = 0;
  snapshots = 0;
  ended = '';
  private latenciesMs = new Float64Array(1 << 16);
  private latencyCount = 0;
  /** Batches sent outside this window (µs of `nowUs`) are counted, but not measured. */
  private window = { fromUs: Number.POSITIVE_INFINITY, toUs: Number.POSITIVE_INFINITY };
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

  measureFrom(fromUs: number): void {
    this.window = { fromUs, toUs: Number.POSITIVE_INFINITY };
  }

  measureUntil(toUs: number): void {
    this.window = { ...this.window, toUs };
  }

  /** Sorted. */
  latencies(): Float64Array {
    return this.latenciesMs.slice(0, this.latencyCount).sort();
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
        this.count(nowUs);
      }
    }
  }

  private count(nowUs: number): void {
    this.batches += 1;
    const sentUs = this.scratch.values[0] ?? Number.NaN;
    if (!(sentUs >= this.window.fromUs && sentUs < this.window.toUs)) return;
    if (this.latencyCount === this.latenciesMs.length) {
      const more = new Float64Array(this.latenciesMs.length * 2);
      more.set(this.latenciesMs);
      this.latenciesMs = more;
    }
    this.latenciesMs[this.latencyCount] = (nowUs - sentUs) / 1000;
    this.latencyCount += 1;
  }
}
