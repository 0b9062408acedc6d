/**
 * The load of `fanout`: ten devices with ten metrics each, and many viewers that watch them all. After a window in which all of
 * them read, some stop reading (their sockets are paused), and a second window is measured on the others. Owns every socket.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchScratch, decodeMessage, encodeMessage, makeNumberColumn, readBatch } from '@lapwing/protocol';
import { WebSocket } from 'ws';
import { type LatencyQuantiles, LatencyWindow } from './latency-window.ts';
import { type LoadWord, serveLoad } from './load-process.ts';
import { RawWsLink } from './raw-ws-link.ts';
import { fleetDevice } from './reading-source.ts';
import { SeededWalk } from './seeded-walk.ts';

export interface FanoutPlan {
  readonly url: string;
  readonly cookie: string;
  /** The last is the loud device's. */
  readonly tokens: readonly string[];
  readonly viewers: number;
  readonly stalled: number;
  readonly everyMs: number;
  /** Until the kernel's buffers of a viewer that does not read are full. */
  readonly fillMs: number;
  readonly windowMs: number;
  readonly settleMs: number;
}

export interface FanoutResult {
  readonly all: LatencyQuantiles;
  readonly others: LatencyQuantiles;
  readonly measured: number;
  /** Stalled viewers that, reading again, got a Snapshot for what they had missed. */
  readonly conflated: number;
  readonly lost: number;
}

const metrics = [
  { name: 'sentUs', unit: 'us', kind: 'gauge' } as const,
  ...Array.from({ length: 8 }, (_, i) => ({ name: `m${i + 1}`, unit: '', kind: 'gauge' as const })),
  { name: 'note', unit: '', kind: 'text' } as const,
];
/** The loud device, which only those that stall watch, from when they do: it fills their buffers, and disturbs nobody else. */
const loudMetrics = Array.from({ length: 8 }, (_, i) => ({ name: `text${i}`, unit: '', kind: 'text' as const }));
const longText = 'a line of a log that a device shows to whoever watches; '.repeat(18);
const loudEveryMs = 10;
const openAtOnce = 50;
const nowUs = (): number => Math.round(performance.now() * 1000);

interface Viewer {
  readonly socket: WebSocket;
  isStalled: boolean;
  isConflated: boolean;
}

class Crowd {
  readonly viewers: Viewer[] = [];
  readonly window = new LatencyWindow();
  lost = 0;
  private readonly scratch = new BatchScratch();

  async open(plan: FanoutPlan): Promise<void> {
    const url = `${plan.url.replace('http', 'ws')}/viewer/v1`;
    while (this.viewers.length < plan.viewers) {
      const some = Math.min(openAtOnce, plan.viewers - this.viewers.length);
      const first = this.viewers.length;
      await Promise.all(Array.from({ length: some }, (_, i) => this.openOne(url, plan, first + i)));
    }
  }

  private async openOne(url: string, plan: FanoutPlan, index: number): Promise<void> {
    const { cookie, url: origin, tokens } = plan;
    const socket = new WebSocket(url, 'lapwing.v1', { perMessageDeflate: false, origin, headers: { cookie } });
    const viewer: Viewer = { socket, isStalled: false, isConflated: false };
    await new Promise<void>((fulfil, reject) => {
      socket.on('error', reject);
      socket.on('open', fulfil);
    });
    socket.on('close', () => (this.lost += 1));
    socket.on('message', (frame: Buffer) => this.take(viewer, frame));
    const devices = Array.from({ length: tokens.length - 1 }, (_, i) => fleetDevice(i));
    socket.send(encodeMessage({ type: 'subscribe', id: 1, devices }));
    this.viewers[index] = viewer;
  }

  private take(viewer: Viewer, frame: Buffer): void {
    const at = nowUs();
    // Decoding all that a thousand viewers get would measure the load: a Live frame is read as far as its first batch.
    if (frame[0] === 0xc2 && !viewer.isStalled) return this.noteFirst(frame, at);
    const decoded = decodeMessage(frame, 'feed');
    if (!decoded.ok) throw new Error(`the hub sent what cannot be read: ${decoded.text}`);
    const { message } = decoded;
    if (message.type === 'snapshot' && message.conflated) viewer.isConflated = true;
    else if (message.type === 'ping') {
      viewer.socket.send(encodeMessage({ type: 'pong', pingSentMs: message.sentMs, clockMs: Date.now() }));
    }
  }

  /** All viewers get the same bytes: what a frame decodes to is kept for the next who gets it. */
  private noteFirst(frame: Buffer, at: number): void {
    if (!this.lastFrame.equals(frame)) {
      const decoded = decodeMessage(frame, 'feed');
      if (!decoded.ok || decoded.message.type !== 'live') throw new Error('a Live frame cannot be read');
      this.lastFrame = Buffer.from(frame);
      this.lastSentUs = decoded.message.entries.flatMap(({ body }) => {
        if (body.kind !== 'batch' || readBatch(body.frame, this.scratch) !== null) return [];
        if (this.scratch.columns !== metrics.length) return [];
        return [this.scratch.values[0]!];
      });
    }
    for (const sentUs of this.lastSentUs) this.window.note(sentUs, at);
  }
  private lastFrame: Buffer = Buffer.alloc(0);
  private lastSentUs: number[] = [];
}

async function openDevices(plan: FanoutPlan): Promise<RawWsLink[]> {
  return Promise.all(
    plan.tokens.map(async (token, i) => {
      const link = await RawWsLink.open({ url: plan.url, path: '/device/v1', token });
      const welcomed = new Promise<void>((fulfil) => {
        link.messageOnArrive = (frame) => {
          if (frame[0] === 0x41) fulfil();
          else if (frame[0] === 0x20) link.write(RawWsLink.wrap(encodeMessage({ type: 'flush' })));
        };
      });
      const facts = { version: 1, deviceId: fleetDevice(i), token: '', model: 'load', firmware: '1', epoch: 1 };
      link.write(
        RawWsLink.wrap(
          encodeMessage({
            type: 'hello',
            ...facts,
            clockMs: Date.now(),
            metrics: i === plan.tokens.length - 1 ? loudMetrics : metrics,
          }),
        ),
      );
      await welcomed;
      return link;
    }),
  );
}

async function runPlan(plan: FanoutPlan, say: (type: LoadWord) => void): Promise<FanoutResult> {
  const all = await openDevices(plan);
  const devices = all.slice(0, -1);
  const loud = new LoudDevice(all.at(-1)!);
  const crowd = new Crowd();
  await crowd.open(plan);
  const walks = devices.map((_, i) => new SeededWalk(i, metrics.length));
  let seq = 0;
  const sendAll = (): void => {
    const i = seq % devices.length;
    sendOne(devices[i]!, walks[i]!, 1 + Math.floor(seq / devices.length));
    seq += 1;
  };
  const timer = setInterval(sendAll, plan.everyMs / devices.length);
  say('measuring');
  const before = await measureWindow(plan, crowd, loud);
  say('mark');
  const stalled = crowd.viewers.slice(0, plan.stalled);
  for (const viewer of stalled) {
    viewer.isStalled = true;
    viewer.socket.send(encodeMessage({ type: 'subscribe', id: 2, devices: [fleetDevice(devices.length)] }));
    viewer.socket.pause();
  }
  const others = await measureWindow(plan, crowd, loud);
  const measured = crowd.window.count;
  say('measured');
  for (const { socket } of stalled) socket.resume();
  await sleep(3_000);
  clearInterval(timer);
  const { lost } = crowd;
  for (const { socket } of crowd.viewers) socket.terminate();
  for (const link of all) link.close();
  return { all: before, others, measured, conflated: stalled.filter(({ isConflated }) => isConflated).length, lost };
}

class LoudDevice {
  private seq = 0;
  private readonly link: RawWsLink;

  constructor(link: RawWsLink) {
    this.link = link;
  }

  async speak(forMs: number): Promise<void> {
    const timer = setInterval(() => this.send(), loudEveryMs);
    await sleep(forMs);
    clearInterval(timer);
  }

  private send(): void {
    this.seq += 1;
    const { seq } = this;
    const columns = loudMetrics.map((_, metric) => ({
      metric,
      encoding: 'text' as const,
      present: null,
      values: [`${seq} ${longText}`],
    }));
    const times = Float64Array.of(Date.now());
    const batch = { type: 'batch', seq, ackNow: false, backfill: false, times, columns } as const;
    this.link.write(RawWsLink.wrap(encodeMessage(batch)));
  }
}

/** The loud device first, whether somebody watches or not: what it costs by itself is the same in both windows. */
async function measureWindow(plan: FanoutPlan, crowd: Crowd, loud: LoudDevice): Promise<LatencyQuantiles> {
  await loud.speak(plan.fillMs);
  await sleep(plan.settleMs);
  crowd.window.open(nowUs());
  await sleep(plan.windowMs);
  return crowd.window.quantiles();
}

function sendOne(link: RawWsLink, walk: SeededWalk, seq: number): void {
  if (link.ended !== '') throw new Error(`a device lost its link: ${link.ended}`);
  walk.step();
  const columns = metrics.map(({ kind }, m) => {
    if (kind === 'text') return { metric: m, encoding: 'text' as const, present: null, values: [`${seq} is well`] };
    return makeNumberColumn(m, [m === 0 ? nowUs() : walk.tenths[m]! / 10]);
  });
  const batch = {
    type: 'batch',
    seq,
    ackNow: false,
    backfill: false,
    times: Float64Array.of(Date.now()),
    columns,
  } as const;
  link.write(RawWsLink.wrap(encodeMessage(batch)));
}

if (import.meta.main) await serveLoad(runPlan);
