/**
 * Hub core, simulated devices and faulty links on one fake clock, in one thread: a seed replays everything.
 *
 * Owns the clock, the queue of what is under way, and the faults: links that stall or break, a hub that dies and starts from
 * what was committed, a store that loses its disk for a while, outboxes that overflow. It checks as it goes: no device is
 * ever told of an Ack that the store cannot back.
 */
import { decodeMessage, encodeMessage, makeNumberColumn } from '@lapwing/protocol';
import { DeviceLink } from '../../../device-sim/src/core/device-link.ts';
import { LatencyHistogram } from '../../../device-sim/src/core/latency-histogram.ts';
import type { LinkAction, LinkEvent } from '../../../device-sim/src/core/link-types.ts';
import { MemoryOutbox } from '../../../device-sim/src/core/memory-outbox.ts';
import { createRandom, type Random } from '../../../device-sim/src/core/random.ts';
import { CoreBench, type TestLink, token } from '../support/core-bench.ts';
import type { MemoryFrame } from '../support/memory-store.ts';

interface Delivery {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

interface Wire {
  isOpen: boolean;
  hubEnd: TestLink | null;
  /** Frames keep their order within a direction: each leaves no earlier than the one before. */
  upMs: number;
  downMs: number;
  downSent: number;
}

interface SimDevice {
  readonly deviceId: string;
  readonly outbox: MemoryOutbox;
  readonly link: DeviceLink;
  wire: Wire;
  made: number;
  readonly sentBySeq: Map<number, string>;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly devices: number;
  readonly faultyMs: number;
  /** Small outboxes overflow while the link is down. */
  readonly outboxFrames: number;
}

export interface SimulationResult {
  readonly made: number;
  readonly stored: number;
  readonly skippedRanges: number;
  readonly hubCrashes: number;
  readonly linkBreaks: number;
  readonly abandons: number;
  readonly problems: readonly string[];
}

export class DeliverySimulation {
  private readonly random: Random;
  private readonly options: SimulationOptions;
  private readonly devices: SimDevice[] = [];
  private nowMs = 1_000_000;
  private under: Delivery[] = [];
  private order = 0;
  private bench: CoreBench;
  private readonly problems: string[] = [];
  private readonly counts = { hubCrashes: 0, linkBreaks: 0, abandons: 0 };
  private isFaulty = true;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.random = createRandom(options.seed);
    this.bench = new CoreBench(this.nowMs);
    for (let i = 0; i < options.devices; i++) this.devices.push(this.makeDevice(i));
  }

  run(): SimulationResult {
    for (const device of this.devices) this.step(device, { name: 'start' });
    const endMs = this.nowMs + this.options.faultyMs;
    while (this.nowMs < endMs) this.tick();
    this.isFaulty = false;
    this.bench.store.isAvailable = true;
    // Back-off is at most 30 s, so by then everyone is back and has caught up.
    const healedMs = this.nowMs + 120_000;
    while (this.nowMs < healedMs) this.tick();
    return this.judge();
  }

  private tick(): void {
    this.nowMs += 5;
    this.bench.nowMs = this.nowMs;
    if (this.isFaulty) this.breakThings();
    this.deliver();
    for (const device of this.devices) {
      if (this.isFaulty && this.random() < 0.05) this.sample(device);
      if (this.nowMs >= device.link.wakeMs) this.step(device, { name: 'due' });
    }
    if (this.random() < 0.3 && this.bench.store.isAvailable) this.bench.store.commit();
    this.bench.intake.sweepAcks(this.nowMs);
    if (this.nowMs % 1_000 === 0) for (const { wire } of this.devices) wire.hubEnd?.session.sweep(this.nowMs);
  }

  private breakThings(): void {
    const { store } = this.bench;
    for (const device of this.devices) {
      if (device.wire.isOpen && this.random() < 0.0005) {
        this.counts.linkBreaks += 1;
        this.cut(device.wire);
        this.later(this.random() * 500, () => this.step(device, closedEvent(1006)));
      }
    }
    if (this.random() < 0.0003) this.crashHub();
    if (store.isAvailable && this.random() < 0.0003) {
      this.counts.abandons += 1;
      store.isAvailable = false;
      store.abandon();
    } else if (!store.isAvailable && this.random() < 0.002) store.isAvailable = true;
  }

  private crashHub(): void {
    this.counts.hubCrashes += 1;
    const { store } = this.bench;
    store.crash();
    store.isAvailable = true;
    for (const device of this.devices) {
      if (!device.wire.isOpen) continue;
      this.cut(device.wire);
      this.later(1, () => this.step(device, closedEvent(1006)));
    }
    this.bench = new CoreBench(this.nowMs, store);
  }

  private makeDevice(index: number): SimDevice {
    const epoch = 1 + Math.floor(this.random() * 1e9);
    const outbox = new MemoryOutbox({ epoch, framesMax: this.options.outboxFrames, bytesMax: 1e9 });
    const link = new DeviceLink({
      deviceId: `sim-${index}`,
      token,
      model: 'simulated',
      firmware: '1',
      metrics: [{ name: 'n', unit: '', kind: 'gauge' }],
      outbox,
      random: this.random,
      ackLatency: new LatencyHistogram(),
      hasClock: true,
      drainMs: 2_000,
    });
    const wire = closedWire();
    return { deviceId: `sim-${index}`, outbox, link, wire, made: 0, sentBySeq: new Map() };
  }

  private sample(device: SimDevice): void {
    device.made += 1;
    const seq = device.outbox.nextSeq();
    const columns = [makeNumberColumn(0, Float64Array.of(device.made))];
    const times = Float64Array.of(this.nowMs);
    const frame = encodeMessage({ type: 'batch', seq, ackNow: this.random() < 0.02, backfill: false, times, columns });
    device.sentBySeq.set(seq, Buffer.from(frame).toString('hex'));
    device.outbox.append(frame, { readings: 1, fromMs: this.nowMs, toMs: this.nowMs });
    this.step(device, { name: 'appended' });
  }

  private step(device: SimDevice, event: LinkEvent): void {
    for (const action of device.link.step(event, { nowMs: this.nowMs, clockMs: this.nowMs })) this.act(device, action);
  }

  private act(device: SimDevice, action: LinkAction): void {
    switch (action.do) {
      case 'connect':
        return this.openWire(device);
      case 'send':
        return this.sendUp(device, action.frame);
      case 'close':
        return this.cut(device.wire);
      case 'acked':
        return this.checkAck(device, action.seq);
      case 'refused':
        this.problems.push(`${device.deviceId} was refused: ${action.text}`);
    }
  }

  private openWire(device: SimDevice): void {
    const wire: Wire = { ...closedWire(), isOpen: true };
    device.wire = wire;
    this.later(this.random() * 50, () => {
      if (!wire.isOpen) return;
      wire.hubEnd = this.bench.connect();
      this.step(device, { name: 'opened' });
      this.listen(device, wire);
    });
  }

  private sendUp(device: SimDevice, frame: Uint8Array): void {
    const { wire } = device;
    const { hubEnd } = wire;
    wire.upMs = Math.max(wire.upMs, this.nowMs + this.random() * 80);
    this.later(wire.upMs - this.nowMs, () => {
      if (!wire.isOpen || hubEnd === null) return;
      hubEnd.sayBytes(frame);
      this.listen(device, wire);
    });
  }

  /** Takes what the hub's end has said since last time onto its way down. */
  private listen(device: SimDevice, wire: Wire): void {
    const { hubEnd } = wire;
    if (hubEnd === null) return;
    for (; wire.downSent < hubEnd.heard.length; wire.downSent++) {
      const message = hubEnd.heard[wire.downSent]!;
      wire.downMs = Math.max(wire.downMs, this.nowMs + this.random() * 80);
      this.later(wire.downMs - this.nowMs, () => {
        if (wire.isOpen && device.wire === wire) this.step(device, { name: 'heard', message });
      });
    }
    const { closed } = hubEnd;
    if (closed === null) return;
    wire.hubEnd = null;
    this.later(wire.downMs - this.nowMs + 1, () => {
      if (!wire.isOpen || device.wire !== wire) return;
      this.cut(wire);
      this.step(device, closedEvent(closed.code));
    });
  }

  private cut(wire: Wire): void {
    wire.isOpen = false;
    wire.hubEnd?.hang();
    wire.hubEnd = null;
  }

  private deliver(): void {
    for (const device of this.devices) if (device.wire.hubEnd !== null) this.listen(device, device.wire);
    const due = this.under.filter((item) => item.atMs <= this.nowMs);
    this.under = this.under.filter((item) => item.atMs > this.nowMs);
    due.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    for (const item of due) item.run();
  }

  private later(ms: number, run: () => void): void {
    this.order += 1;
    this.under.push({ atMs: this.nowMs + ms, order: this.order, run });
  }

  private framesOf(device: SimDevice): MemoryFrame[] {
    const stream = this.bench.roster.devices.get(device.deviceId)?.streamByEpoch.get(device.outbox.epoch);
    return stream === undefined ? [] : this.bench.store.frames.filter((item) => item.stream === stream.key);
  }

  private checkAck(device: SimDevice, seq: number): void {
    const held = this.framesOf(device).at(-1)?.seq ?? 0;
    if (seq > held) this.problems.push(`${device.deviceId}: acked ${seq}, but only ${held} is durable`);
  }

  private judge(): SimulationResult {
    let stored = 0;
    let skippedRanges = 0;
    for (const device of this.devices) {
      let next = 1;
      for (const { frame } of this.framesOf(device)) {
        const decoded = decodeMessage(frame, 'device');
        if (!decoded.ok) throw new Error(decoded.text);
        const { message } = decoded;
        if (message.type === 'skipped') {
          skippedRanges += 1;
          if (message.fromSeq > next) this.problems.push(`${device.deviceId}: hole before Skipped ${message.fromSeq}`);
          next = message.toSeq + 1;
        } else if (message.type === 'batch') {
          stored += 1;
          if (message.seq !== next) this.problems.push(`${device.deviceId}: ${message.seq} where ${next} comes next`);
          if (device.sentBySeq.get(message.seq) !== Buffer.from(frame).toString('hex'))
            this.problems.push(`${device.deviceId}: ${message.seq} is not what was sent`);
          next = message.seq + 1;
        }
      }
      if (next !== device.outbox.nextSeq())
        this.problems.push(`${device.deviceId}: ends at ${next - 1} of ${device.outbox.nextSeq() - 1}`);
      if (device.outbox.counts().frames > 0) this.problems.push(`${device.deviceId}: its outbox is not empty`);
    }
    const made = this.devices.reduce((sum, device) => sum + device.made, 0);
    return { made, stored, skippedRanges, ...this.counts, problems: this.problems };
  }
}

function closedWire(): Wire {
  return { isOpen: false, hubEnd: null, upMs: 0, downMs: 0, downSent: 0 };
}

function closedEvent(code: number): LinkEvent {
  return { name: 'closed', code, httpStatus: 0, retryAfterMs: 0, text: '' };
}
