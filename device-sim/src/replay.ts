/**
 * Wires and runs the replay of one CSV file as a device.
 *
 * Owns the pace. Invariant: at most `framesWaitingMax` batches wait at a time, so memory is flat whatever the file's length. As a
 * backfill the epoch is made from the file's content, so importing the same file again adds nothing. Refuses to print.
 */
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricDeclaration } from '@lapwing/protocol';
import { type CsvComplaint, type CsvRow, CsvTable } from './core/csv-table.ts';
import { DeviceLink } from './core/device-link.ts';
import { LatencyHistogram } from './core/latency-histogram.ts';
import { LinkDriver } from './core/link-driver.ts';
import { MemoryOutbox } from './core/memory-outbox.ts';
import { drawEpoch } from './core/random.ts';
import { RowPacker } from './core/row-packer.ts';
import { nameContent, readCsv } from './edge/csv-source.ts';
import { enrolDevice, parseHubUrl } from './edge/enrolment.ts';
import { joinChecksums, type MetricDigest, RowDigest } from './edge/row-digest.ts';
import { resolveStateDirectory } from './edge/state-directory.ts';
import { TokenFile } from './edge/token-file.ts';
import { WheelTimer } from './edge/wheel-timer.ts';
import { connectWs } from './edge/ws-socket.ts';

export interface ReplayOptions {
  readonly hub: string;
  readonly key: string;
  readonly state: string | undefined;
  readonly file: string;
  readonly deviceId: string;
  readonly unit: string;
  /** `backfill`: the file's own times, flagged as history. `live`: shifted to now at `speed`, or own times at speed Infinity. */
  readonly as: 'backfill' | 'live';
  readonly speed: number;
  readonly loop: boolean;
  /** Import once more what was imported before. */
  readonly again: boolean;
  readonly replayOnNote: (level: 'info' | 'warning' | 'error', text: string) => void;
}

export interface ReplayStats {
  readonly device: string;
  readonly file: string;
  readonly rows: number;
  readonly badLines: number;
  readonly readings: number;
  readonly readingsAcked: number;
  /** Already in the hub from an earlier run of the same import. */
  readonly readingsHeld: number;
  readonly waiting: number;
  readonly ackMsP50: number;
  readonly ackMsP99: number;
  readonly reconnects: number;
}

export interface ReplayResult extends ReplayStats {
  readonly complete: boolean;
  readonly epoch: number;
  readonly ackedSeq: number;
  readonly sum: number;
  readonly checksum: string;
  readonly timeOrderChecksum: string | null;
  readonly metrics: readonly MetricDigest[];
}

const framesWaitingMax = 64;
const complaintsTold = 20;

export class Replay {
  private readonly options: ReplayOptions;
  private readonly hub: ReturnType<typeof parseHubUrl>;
  private readonly ackLatency = new LatencyHistogram();
  private readonly abort = new AbortController();
  private readonly left = Promise.withResolvers<void>();
  private outbox: MemoryOutbox | null = null;
  private driver: LinkDriver | null = null;
  private packer: RowPacker | null = null;
  private digests: RowDigest[] = [];
  private pending: CsvRow[] = [];
  private roomWaiter: (() => void) | null = null;
  private rows = 0;
  private badLines = 0;
  private stopping = false;
  private pace: { startMs: number; clockMs: number; firstMs: number } | null = null;

  constructor(options: ReplayOptions) {
    this.options = options;
    this.hub = parseHubUrl(options.hub);
  }

  stats(): ReplayStats {
    return {
      device: this.options.deviceId,
      file: basename(this.options.file),
      rows: this.rows,
      badLines: this.badLines,
      readings: this.packer?.readings ?? 0,
      readingsAcked: this.driver?.link.window.readingsAcked ?? 0,
      readingsHeld: this.outbox?.readingsHeld ?? 0,
      waiting: this.outbox?.counts().frames ?? 0,
      ackMsP50: this.ackLatency.quantile(0.5),
      ackMsP99: this.ackLatency.quantile(0.99),
      reconnects: this.driver?.link.reconnects ?? 0,
    };
  }

  /** Ends the reading; what was read is still flushed and waited for, up to 2 s. */
  stop(): void {
    this.stopping = true;
    this.abort.abort();
    this.roomWaiter?.();
  }

  async run(): Promise<ReplayResult> {
    const { as, deviceId, file } = this.options;
    const repeatable = as === 'backfill' && !this.options.again;
    const epoch = repeatable ? await nameContent(file, `${deviceId}\n${this.options.unit}`) : drawEpoch(Math.random);
    const outbox = new MemoryOutbox({ epoch, framesMax: 1e6, bytesMax: 1 << 30, repeatable });
    this.outbox = outbox;
    const token = await this.findToken();
    const timer = new WheelTimer({ slotMs: 5, idsMax: 1, fire: () => this.driver?.wake() });
    try {
      do await this.readFile(token, timer);
      while (this.options.loop && !this.stopping);
      this.packer?.flush(true);
      this.driver?.push();
      await this.waitForAcks();
      this.driver?.leave('stopping', 0);
      if (this.driver !== null) await this.left.promise;
    } finally {
      this.driver?.abort();
      timer.stop();
    }
    return this.finish(outbox);
  }

  private finish(outbox: MemoryOutbox): ReplayResult {
    const metrics = this.digests.map((digest) => digest.finish());
    const stats = this.stats();
    const inOrder = metrics.map(({ timeOrderChecksum }) => timeOrderChecksum);
    return {
      ...stats,
      complete: outbox.counts().frames === 0 && !this.stopping,
      epoch: outbox.epoch,
      ackedSeq: this.driver?.link.window.ackedSeq ?? 0,
      sum: metrics.reduce((sum, metric) => sum + metric.sum, 0),
      checksum: joinChecksums(metrics.map(({ checksum }) => checksum)),
      timeOrderChecksum: inOrder.some((checksum) => checksum === null) ? null : joinChecksums(inOrder as string[]),
      metrics,
    };
  }

  private async readFile(token: string, timer: WheelTimer): Promise<void> {
    const { file, unit } = this.options;
    const table = new CsvTable({
      unit,
      csvOnComplaint: (complaint) => this.meetComplaint(complaint),
      csvOnMetrics: (metrics) => {
        if (this.driver === null) this.connect({ metrics, token, timer });
      },
      csvOnRow: (row) => this.pending.push(row),
    });
    this.pace = null;
    for await (const record of readCsv(file)) {
      if (this.stopping) return;
      table.take(record);
      if (this.pending.length > 0) await this.emit();
    }
    table.finish();
    await this.emit();
    if (table.zoneless) this.options.replayOnNote('info', `${basename(file)}: times without a zone were taken as UTC`);
    if (this.rows === 0) throw new Error(`${file}: no row with a time and a value was found`);
  }

  private async emit(): Promise<void> {
    const { pending } = this;
    this.pending = [];
    for (const row of pending) {
      if (this.stopping) return;
      const shifted = await this.waitUntilDue(row);
      for (const [index, value] of row.values.entries()) {
        if (value !== null) this.digests[index]!.take(shifted.timeMs, value);
      }
      this.rows += 1;
      if (!this.packer!.take(shifted)) continue;
      this.driver!.push();
      await this.waitForRoom();
    }
  }

  /** The row with the time it is to carry, once that time has come. */
  private async waitUntilDue(row: CsvRow): Promise<CsvRow> {
    const { as, speed } = this.options;
    if (as === 'backfill' || speed === Number.POSITIVE_INFINITY) return row;
    this.pace ??= { startMs: performance.now(), clockMs: Date.now(), firstMs: row.timeMs };
    const { clockMs, firstMs, startMs } = this.pace;
    const afterMs = (row.timeMs - firstMs) / speed;
    const waitMs = startMs + afterMs - performance.now();
    if (waitMs >= 1) {
      this.packer!.flush(false);
      this.driver!.push();
      await sleep(waitMs, undefined, { signal: this.abort.signal }).catch(() => undefined);
    }
    return { ...row, timeMs: Math.round(clockMs + afterMs) };
  }

  private async waitForRoom(): Promise<void> {
    while (!this.stopping && this.outbox!.counts().frames >= framesWaitingMax) await this.waitForAck();
  }

  private async waitForAcks(): Promise<void> {
    while (!this.stopping && this.outbox!.counts().frames > 0) await this.waitForAck();
  }

  private waitForAck(): Promise<void> {
    return new Promise((resolve) => {
      this.roomWaiter = resolve;
    });
  }

  private connect(with_: { metrics: readonly MetricDeclaration[]; token: string; timer: WheelTimer }): void {
    const { metrics, timer, token } = with_;
    const { deviceId, file, replayOnNote } = this.options;
    // What never ends keeps nothing to be put in order.
    this.digests = metrics.map(({ name }) => new RowDigest(name, this.options.loop ? 0 : undefined));
    this.packer = new RowPacker(this.outbox!, metrics, this.options.as === 'backfill');
    const link = new DeviceLink({
      deviceId,
      token: '',
      model: 'CSV replay',
      firmware: basename(file).slice(0, 30),
      metrics,
      outbox: this.outbox!,
      random: Math.random,
      ackLatency: this.ackLatency,
      hasClock: true,
      drainMs: 2_000,
    });
    this.driver = new LinkDriver({
      link,
      connect: (listener) => connectWs({ url: this.hub.deviceUrl, token }, listener),
      readTime: () => ({ nowMs: performance.now(), clockMs: Date.now() }),
      wakeAt: (atMs) => timer.schedule(0, atMs),
      hooks: {
        runCommand: (_command, answer) => answer(false, 'unknown command: a replay knows none'),
        linkOnNote: (level, text) => replayOnNote(level, `${deviceId}: ${text}`),
        linkOnAcked: () => this.roomWaiter?.(),
        linkOnLeft: () => this.left.resolve(),
        linkOnRefused: (text) => {
          this.left.reject(new Error(`the hub refuses "${deviceId}" (${text})`));
          this.stop();
        },
      },
    });
    this.left.promise.catch(() => undefined);
    this.driver.start();
  }

  private meetComplaint({ line, text }: CsvComplaint): void {
    this.badLines += 1;
    if (this.badLines > complaintsTold) return;
    this.options.replayOnNote('warning', `${this.options.file}:${line}: ${text}`);
    if (this.badLines === complaintsTold) this.options.replayOnNote('warning', 'further bad lines are only counted');
  }

  private async findToken(): Promise<string> {
    const { deviceId, key, replayOnNote, state } = this.options;
    const file = new TokenFile(resolveStateDirectory(state, process.env));
    const known = file.find(this.hub.httpUrl, deviceId);
    if (known !== undefined) return known;
    if (key === '') {
      throw new Error(`no token for "${deviceId}": give the enrolment key with --key KEY or in LAPWING_ENROLMENT_KEY`);
    }
    const enrolmentOnWait = (text: string): void => replayOnNote('info', text);
    const token = await enrolDevice({ hub: this.hub, key, deviceId, signal: this.abort.signal, enrolmentOnWait });
    file.keep(this.hub.httpUrl, deviceId, token);
    file.save();
    return token;
  }
}
