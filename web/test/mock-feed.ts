/**
 * The mock hub's viewer links. Owns the sockets and what each watches. The only file of the page's tests that uses ws.
 */
import type { Server, ServerResponse } from 'node:http';
import {
  type BatchColumn,
  decodeMessage,
  encodeMessage,
  type FeedMessage,
  type LiveEntry,
  makeNumberColumn,
  type PresenceState,
} from '@lapwing/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { addBatch, type MockBatch, type MockDevice, sampleMock } from './mock-fleet.ts';

interface Link {
  readonly send: (frame: Uint8Array) => void;
  readonly end: () => void;
  /** Subscription id → device ids; empty for the whole fleet. */
  readonly watched: Map<number, ReadonlySet<string>>;
}

export class MockFeed {
  private readonly links = new Set<Link>();
  private readonly sockets: WebSocketServer;
  private readonly devices: readonly MockDevice[];
  /** While true, upgrades are refused: the hub is away. */
  isAway = false;
  /** While true, upgrades get 403: a proxy on the way lets no sockets pass. */
  isBlocked = false;
  subscriptions = 0;

  constructor(server: Server, devices: readonly MockDevice[], isAllowed: () => boolean) {
    this.devices = devices;
    this.sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    server.on('upgrade', (request, socket, head) => {
      if (!isAllowed() || this.isAway || request.url !== '/viewer/v1') {
        socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      if (this.isBlocked) {
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (opened) => this.open(opened));
    });
  }

  get viewers(): number {
    return this.links.size;
  }

  close(): void {
    this.cut();
    this.sockets.close();
  }

  /** Ends all links without a word, as a dead network does. */
  cut(): void {
    for (const link of this.links) link.end();
  }

  /** Samples these devices now and sends what is watched, all in one Live. */
  tick(devices: readonly MockDevice[], nowMs: number): void {
    const batches: [MockDevice, MockBatch][] = [];
    for (const device of devices) {
      if (device.presence !== 'online') continue;
      batches.push([device, sampleMock(device, nowMs + device.clockOffsetMs, nowMs)]);
    }
    this.sendBatches(batches, nowMs);
  }

  /** One batch with these very readings of metric 0…n. */
  emit(device: MockDevice, batch: Omit<MockBatch, 'seq'>): void {
    this.sendBatches([[device, addBatch(device, batch)]], batch.arrivedMs);
  }

  /** A device that was not there when the viewers subscribed. */
  introduceToAll(device: MockDevice): void {
    for (const link of this.links) if (watches(link, device.id)) send(link, makeSnapshot(device));
  }

  sendPresence(device: MockDevice, state: PresenceState): void {
    device.presence = state;
    const entries = [{ device: device.id, state, lastSeenMs: device.lastSeenMs }];
    for (const link of this.links) if (watches(link, device.id)) send(link, { type: 'presence', entries });
  }

  sendEvent(
    device: MockDevice,
    event: { level: 'info' | 'warning' | 'error'; code: string; text: string },
    atMs: number,
  ): void {
    device.seq++;
    device.events.push({ ...event, atMs, arrivedMs: atMs });
    const frame = encodeMessage({ type: 'event', seq: device.seq, atMs, ...event });
    const entries: LiveEntry[] = [{ stream: device.stream, arrivedMs: atMs, body: { kind: 'event', frame } }];
    for (const link of this.links) if (watches(link, device.id)) send(link, { type: 'live', sentMs: atMs, entries });
  }

  sendLate(device: MockDevice, fromMs: number, toMs: number): void {
    const entries: LiveEntry[] = [
      { stream: device.stream, arrivedMs: Date.now(), body: { kind: 'late', seq: device.seq, fromMs, toMs } },
    ];
    for (const link of this.links) send(link, { type: 'live', sentMs: Date.now(), entries });
  }

  private sendBatches(batches: readonly [MockDevice, MockBatch][], nowMs: number): void {
    for (const link of this.links) {
      const entries: LiveEntry[] = [];
      for (const [device, batch] of batches) {
        if (!watches(link, device.id)) continue;
        entries.push({
          stream: device.stream,
          arrivedMs: batch.arrivedMs,
          body: { kind: 'batch', frame: encodeBatch(device, batch) },
        });
      }
      for (let i = 0; i < entries.length; i += 200) {
        send(link, { type: 'live', sentMs: Math.round(nowMs), entries: entries.slice(i, i + 200) });
      }
    }
  }

  /** The same frames as events, in base64. */
  openStream(url: URL, response: ServerResponse): void {
    if (this.isAway) {
      response.destroy();
      return;
    }
    const devices = url.searchParams.get('device')?.split(',') ?? [];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let number = 0;
    const link: Link = {
      send: (frame) => response.write(`id: mock.${++number}.0\ndata: ${Buffer.from(frame).toString('base64')}\n\n`),
      end: () => response.destroy(),
      watched: new Map([[1, new Set(devices)]]),
    };
    this.links.add(link);
    response.on('close', () => this.links.delete(link));
    response.write('retry: 2000\n\n');
    this.introduce(link, devices);
  }

  private open(socket: WebSocket): void {
    const link: Link = { send: (frame) => socket.send(frame), end: () => socket.terminate(), watched: new Map() };
    this.links.add(link);
    socket.on('close', () => this.links.delete(link));
    socket.on('error', () => this.links.delete(link));
    socket.on('message', (data: Buffer) => this.hear(link, data));
  }

  private hear(link: Link, data: Buffer): void {
    const decoded = decodeMessage(data, 'viewer');
    if (!decoded.ok) throw new Error(`the page sent a wrong frame: ${decoded.text}`);
    const { message } = decoded;
    if (message.type === 'ping') send(link, { type: 'pong', pingSentMs: message.sentMs, clockMs: Date.now() });
    else if (message.type === 'unsubscribe') link.watched.delete(message.id);
    else if (message.type === 'subscribe') {
      this.subscriptions++;
      link.watched.set(message.id, new Set(message.devices));
      this.introduce(link, message.devices);
    }
  }

  private introduce(link: Link, ids: readonly string[]): void {
    const wanted = new Set(ids);
    const devices = ids.length === 0 ? this.devices : this.devices.filter((device) => wanted.has(device.id));
    for (const device of devices) send(link, makeSnapshot(device));
    for (let i = 0; i < devices.length; i += 500) {
      const entries = devices
        .slice(i, i + 500)
        .map(({ id, presence, lastSeenMs }) => ({ device: id, state: presence, lastSeenMs }));
      send(link, { type: 'presence', entries });
    }
  }
}

function watches(link: Link, id: string): boolean {
  for (const devices of link.watched.values()) if (devices.size === 0 || devices.has(id)) return true;
  return false;
}

function send(link: Link, message: FeedMessage): void {
  link.send(encodeMessage(message));
}

function makeSnapshot(device: MockDevice): FeedMessage {
  const newest = device.batches.at(-1);
  const latest = device.metrics.flatMap((_, metric) => {
    const value = newest?.values[metric]?.at(-1);
    return newest === undefined || value === null || value === undefined
      ? []
      : [{ metric, timeMs: newest.times.at(-1)!, value }];
  });
  return {
    type: 'snapshot',
    device: device.id,
    stream: device.stream,
    seq: device.seq,
    conflated: false,
    clockOffsetMs: device.clockOffsetMs,
    table: device.metrics.map((_, index) => index),
    metrics: device.metrics,
    latest,
  };
}

function encodeBatch(device: MockDevice, batch: MockBatch): Uint8Array {
  const columns: BatchColumn[] = device.metrics.map((metric, m) => {
    const values = batch.values[m]!;
    const isFull = values.every((value) => value !== null);
    const present = isFull ? null : Uint8Array.from(values, (value) => (value === null ? 0 : 1));
    if (metric.kind === 'text') {
      return { metric: m, encoding: 'text', present, values: values.map((value) => String(value ?? '')) };
    }
    const numbers = Float64Array.from(values, (value) => Number(value ?? 0));
    if (metric.kind === 'bool') return { metric: m, encoding: 'bool', exponent: 0, present, values: numbers };
    return makeNumberColumn(m, numbers, present ?? undefined);
  });
  return encodeMessage({
    type: 'batch',
    seq: batch.seq,
    ackNow: false,
    backfill: false,
    times: Float64Array.from(batch.times),
    columns,
  });
}
