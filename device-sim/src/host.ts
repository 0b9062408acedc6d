/**
 * Wires and runs the agent of this machine.
 *
 * Owns the sampling timer and the state directory's lock. Invariant: what is sampled is in the outbox on disk before anything
 * else can happen to it. Refuses to print: `hostOnNote` and `stats` tell.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { MetricDeclaration } from '@lapwing/protocol';
import { BatchWriter } from './core/batch-writer.ts';
import { DeviceLink } from './core/device-link.ts';
import { HostAgent } from './core/host-agent.ts';
import { type HostReading, makeGauge } from './core/host-reading.ts';
import { HostSampler } from './core/host-sampler.ts';
import { LatencyHistogram } from './core/latency-histogram.ts';
import { LinkDriver } from './core/link-driver.ts';
import { OsSampler } from './core/os-sampler.ts';
import { drawEpoch } from './core/random.ts';
import { enrolDevice, parseHubUrl } from './edge/enrolment.ts';
import { FileOutbox } from './edge/file-outbox.ts';
import { hostFiles, readBootId, readFirmware, readModel, readOsFacts } from './edge/host-machine.ts';
import { lockDirectory } from './edge/process-lock.ts';
import { makeStateDirectory, readStateFile, resolveStateDirectory, writeStateFile } from './edge/state-directory.ts';
import { TokenFile } from './edge/token-file.ts';
import { WheelTimer } from './edge/wheel-timer.ts';
import { connectWs } from './edge/ws-socket.ts';

export interface HostOptions {
  readonly hub: string;
  readonly key: string;
  readonly state: string | undefined;
  readonly deviceId: string;
  readonly intervalMs: number;
  readonly outboxBytesMax: number;
  readonly hostOnNote: (level: 'info' | 'warning' | 'error', text: string) => void;
}

export interface HostStats {
  readonly deviceId: string;
  readonly link: string;
  readonly metrics: number;
  readonly samples: number;
  readonly framesSent: number;
  readonly readingsAcked: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly outboxBytes: number;
  readonly reconnects: number;
  readonly ackMsP50: number;
  readonly ackMsP99: number;
  readonly epoch: number;
  readonly ackedSeq: number;
  readonly sentSeq: number;
}

export interface HostHandle {
  readonly done: Promise<void>;
  stats(): HostStats;
  /** Flushes, waits up to 2 s for Acks, says Goodbye. What is not acked stays in the outbox. */
  stop(): void;
}

const samplePlace = 0;
const linkPlace = 1;
const restartPlace = 2;

/** Rejects when the state directory cannot be used or the hub refuses to enrol this device. */
export async function startHost(options: HostOptions): Promise<HostHandle> {
  const hub = parseHubUrl(options.hub);
  const directory = resolveStateDirectory(options.state, process.env);
  const home = join(directory, `host-${options.deviceId.replaceAll(':', '_')}`);
  makeStateDirectory(home);
  const lock = lockDirectory(join(home, 'lock'));
  try {
    return new Host(options, { hub, directory, home, lock });
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface HostPlace {
  readonly hub: ReturnType<typeof parseHubUrl>;
  readonly directory: string;
  readonly home: string;
  readonly lock: { release: () => void };
}

interface KeptTable {
  readonly epoch?: number;
  readonly nextEpoch?: number;
  readonly metrics?: readonly MetricDeclaration[];
}

class Host implements HostHandle {
  readonly done: Promise<void>;
  private readonly options: HostOptions;
  private readonly place: HostPlace;
  private readonly doneEnd = Promise.withResolvers<void>();
  private readonly ackLatency = new LatencyHistogram();
  private readonly outbox: FileOutbox;
  private readonly timer: WheelTimer;
  private readonly agent: HostAgent;
  private readonly sampleMachine: () => readonly HostReading[];
  private readonly abort = new AbortController();
  private cpuBefore = process.cpuUsage();
  private cpuBeforeMs = performance.now();
  private driver: LinkDriver | null = null;
  private state: 'running' | 'restarting' | 'stopping' | 'ended' = 'running';

  constructor(options: HostOptions, place: HostPlace) {
    this.options = options;
    this.place = place;
    this.done = this.doneEnd.promise;
    this.outbox = this.openOutbox();
    this.timer = new WheelTimer({ slotMs: 5, idsMax: 3, fire: (id) => this.fire(id) });
    this.sampleMachine = createMachineSampler();
    this.agent = new HostAgent({
      outbox: this.outbox,
      writer: new BatchWriter(),
      intervalMs: options.intervalMs,
      table: this.readTable(this.outbox.epoch),
      readClocks: () => ({ nowMs: performance.now(), clockMs: Date.now() }),
      keepTable: (metrics) => writeStateFile(this.pathOf('table.json'), { epoch: this.outbox.epoch, metrics }),
      keepCommands: () => this.keepCommands(),
      restart: (backMs) => this.restart(backMs),
    });
    // A first look, so that rates have a base and Hello names every metric.
    this.agent.learn(this.sample());
    this.timer.schedule(samplePlace, performance.now() + Math.min(500, options.intervalMs));
    this.connect().catch((error: unknown) => this.end(error));
  }

  stats(): HostStats {
    const { window, stage, framesSent, reconnects } = this.driver?.link ?? {};
    const { frames, bytes } = this.outbox.counts();
    return {
      deviceId: this.options.deviceId,
      link: stage?.name ?? 'enrolling',
      metrics: this.agent.metrics().length,
      samples: this.agent.samples,
      framesSent: framesSent ?? 0,
      readingsAcked: window?.readingsAcked ?? 0,
      inFlight: window?.inFlight() ?? 0,
      waiting: frames,
      outboxBytes: bytes,
      reconnects: reconnects ?? 0,
      ackMsP50: this.ackLatency.quantile(0.5),
      ackMsP99: this.ackLatency.quantile(0.99),
      epoch: this.outbox.epoch,
      ackedSeq: window?.ackedSeq ?? 0,
      sentSeq: window?.sentSeq ?? 0,
    };
  }

  stop(): void {
    if (this.state === 'stopping' || this.state === 'ended') return;
    this.state = 'stopping';
    this.abort.abort();
    this.timer.schedule(samplePlace, Number.POSITIVE_INFINITY);
    if (this.driver === null) this.end(undefined);
    else this.driver.leave('stopping', 0);
  }

  private async connect(): Promise<void> {
    const token = await this.findToken();
    if (this.state !== 'running') return;
    const { hub } = this.place;
    const link = new DeviceLink({
      deviceId: this.options.deviceId,
      token: '',
      model: readModel(),
      firmware: readFirmware(),
      metrics: this.agent.metrics(),
      outbox: this.outbox,
      random: Math.random,
      ackLatency: this.ackLatency,
      hasClock: true,
      drainMs: 2_000,
    });
    const ran = readStateFile(this.pathOf('commands.json'));
    if (Array.isArray(ran)) link.commands.restore(ran);
    this.driver = new LinkDriver({
      link,
      connect: (listener) => connectWs({ url: hub.deviceUrl, token }, listener),
      readTime: () => ({ nowMs: performance.now(), clockMs: Date.now() }),
      wakeAt: (atMs) => this.timer.schedule(linkPlace, atMs),
      hooks: {
        ...this.agent.makeHooks(),
        linkOnNote: this.options.hostOnNote,
        linkOnWelcome: () => this.options.hostOnNote('info', `connected to ${hub.deviceUrl}`),
        linkOnLeft: () => {
          if (this.state === 'stopping') this.end(undefined);
        },
        linkOnRefused: (text) => this.meetRefused(text),
      },
    });
    this.agent.attach(this.driver);
    this.driver.start();
  }

  private async findToken(): Promise<string> {
    const { hub, directory } = this.place;
    const { deviceId, hostOnNote, key } = this.options;
    const file = new TokenFile(directory);
    const known = file.find(hub.httpUrl, deviceId);
    if (known !== undefined) return known;
    if (key === '') {
      throw new Error(
        `no token for "${deviceId}" in ${directory}: give the enrolment key that the hub printed at its first start, ` +
          'with --key KEY or in LAPWING_ENROLMENT_KEY',
      );
    }
    const enrolmentOnWait = (text: string): void => hostOnNote('info', text);
    const movedToken = file.findAnywhere(deviceId);
    const token = await enrolDevice({ hub, key, deviceId, signal: this.abort.signal, enrolmentOnWait, movedToken });
    file.keep(hub.httpUrl, deviceId, token);
    file.save();
    hostOnNote('info', `enrolled as "${deviceId}"`);
    return token;
  }

  private meetRefused(text: string): void {
    const { deviceId } = this.options;
    this.end(
      new Error(
        `the hub refuses "${deviceId}" (${text}). If its token was revoked or the hub is a new one, remove it from ` +
          `${join(this.place.directory, 'tokens.json')} and start again with --key KEY`,
      ),
    );
  }

  private fire(id: number): void {
    if (id === linkPlace) {
      this.driver?.wake();
      return;
    }
    if (id === restartPlace) {
      if (this.state === 'restarting') this.state = 'running';
      this.driver?.start();
      return;
    }
    const nowMs = performance.now();
    this.timer.schedule(samplePlace, nowMs + this.agent.intervalNow(nowMs));
    if (this.state === 'running') this.agent.take(this.sample(), Date.now());
  }

  private sample(): readonly HostReading[] {
    const cpu = process.cpuUsage();
    const nowMs = performance.now();
    const cpuMs = (cpu.user + cpu.system - this.cpuBefore.user - this.cpuBefore.system) / 1000;
    const share = (cpuMs / Math.max(1, nowMs - this.cpuBeforeMs)) * 100;
    this.cpuBefore = cpu;
    this.cpuBeforeMs = nowMs;
    return [
      ...this.sampleMachine(),
      makeGauge('agent.cpu', '%', { value: share, exponent: -2 }),
      makeGauge('agent.memory', 'B', { value: process.memoryUsage.rss(), exponent: 0 }),
    ];
  }

  private restart(backMs: number): void {
    this.state = 'restarting';
    this.timer.schedule(restartPlace, performance.now() + backMs);
    this.driver?.leave('restarting', backMs);
  }

  private openOutbox(): FileOutbox {
    const { hostOnNote, outboxBytesMax } = this.options;
    const directory = join(this.place.home, 'outbox');
    const open = (): FileOutbox =>
      new FileOutbox({
        directory,
        bytesMax: outboxBytesMax,
        newEpoch: drawEpoch(Math.random),
        bootId: readBootId(),
        outboxOnNote: (text) => hostOnNote('warning', text),
        // Good for both epochs, since a kill may come before the outbox has changed or after.
        outboxOnEpoch: (nextEpoch) =>
          writeStateFile(this.pathOf('table.json'), {
            epoch: this.outbox.epoch,
            nextEpoch,
            metrics: this.agent.metrics(),
          }),
      });
    const outbox = open();
    if (outbox.nextSeq() === 1 || this.readTable(outbox.epoch).length > 0) return outbox;
    // SE-6: without the table its batches mean nothing, and the hub would refuse another table for this epoch.
    outbox.close();
    renameSync(directory, `${directory}-without-table-${Date.now()}`);
    hostOnNote('error', 'the metric table of the outbox is lost: put aside, and started anew');
    return open();
  }

  private readTable(epoch: number): readonly MetricDeclaration[] {
    const read = readStateFile(this.pathOf('table.json')) as KeptTable | null;
    const isOfEpoch = read?.epoch === epoch || read?.nextEpoch === epoch;
    return isOfEpoch && Array.isArray(read?.metrics) ? read.metrics : [];
  }

  private keepCommands(): void {
    if (this.driver !== null) writeStateFile(this.pathOf('commands.json'), this.driver.link.commands.snapshot());
  }

  private pathOf(name: string): string {
    return join(this.place.home, name);
  }

  private end(error: unknown): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.timer.stop();
    this.driver?.abort();
    this.outbox.close();
    this.place.lock.release();
    if (error === undefined) this.doneEnd.resolve();
    else this.doneEnd.reject(error);
  }
}

function createMachineSampler(): () => readonly HostReading[] {
  if (process.platform === 'linux') {
    const sampler = new HostSampler(hostFiles);
    return () => sampler.sample(performance.now());
  }
  const sampler = new OsSampler();
  return () => sampler.sample(readOsFacts());
}
