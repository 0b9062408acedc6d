/**
 * The agent of a real machine: samples, packs, keeps, sends; obeys commands, desired state and the hub's rate.
 *
 * Owns the metric table of its epoch and the sampling interval. Invariant: the table only grows, and a metric is in the table
 * that `keepTable` has kept before its first value is in the outbox, so frames mean the same after a restart. Refuses to read
 * files or clocks: the caller brings readings and time.
 */
import { type Command, type Desired, encodeMessage, limits, type MetricDeclaration } from '@lapwing/protocol';
import type { BatchWriter } from './batch-writer.ts';
import { parseOrder, readInterval } from './device-commands.ts';
import type { HostReading } from './host-reading.ts';
import type { LinkDriver, LinkHooks } from './link-driver.ts';
import type { Outbox } from './outbox.ts';

export interface HostAgentOptions {
  readonly outbox: Outbox;
  readonly writer: BatchWriter;
  readonly intervalMs: number;
  readonly table: readonly MetricDeclaration[];
  readonly readClocks: () => { nowMs: number; clockMs: number };
  readonly keepTable: (table: readonly MetricDeclaration[]) => void;
  readonly keepCommands: () => void;
  /** A simulated restart: leave, come back after that time. */
  readonly restart: (backMs: number) => void;
}

const restartMs = 2_000;
/** A machine that reports more than this is misread; the hub's own limit is far above. */
const metricsMax = 256;

export class HostAgent {
  samples = 0;
  private readonly options: HostAgentOptions;
  private readonly table: MetricDeclaration[];
  private readonly indexes = new Map<string, number>();
  private readonly cell = new Float64Array(1);
  private readonly time = new Float64Array(1);
  private driver: LinkDriver | null = null;
  private intervalMs: number;
  private rateIntervalMs = 0;
  private rateUntilMs = 0;

  constructor(options: HostAgentOptions) {
    this.options = options;
    this.intervalMs = options.intervalMs;
    this.table = [...options.table];
    for (const [index, metric] of this.table.entries()) this.indexes.set(metric.name, index);
  }

  metrics(): readonly MetricDeclaration[] {
    return this.table;
  }

  attach(driver: LinkDriver): void {
    this.driver = driver;
  }

  /** Milliseconds between samples now. */
  intervalNow(nowMs: number): number {
    return nowMs < this.rateUntilMs ? this.rateIntervalMs : this.intervalMs;
  }

  /** Names not seen before join the table, at the end. */
  learn(readings: readonly HostReading[]): void {
    const fresh: MetricDeclaration[] = [];
    for (const { name, unit, kind } of readings) {
      if (this.indexes.has(name) || this.table.length >= metricsMax) continue;
      this.indexes.set(name, this.table.length);
      this.table.push({ name, unit, kind });
      fresh.push({ name, unit, kind });
    }
    if (fresh.length === 0) return;
    this.options.keepTable(this.table);
    this.driver?.step({ name: 'declared', metrics: fresh });
  }

  /** One row, taken at the device's time `clockMs`. */
  take(readings: readonly HostReading[], clockMs: number): void {
    this.learn(readings);
    const present = readings.filter((reading) => {
      const index = this.indexes.get(reading.name);
      return !Number.isNaN(reading.whole) && index !== undefined && this.table[index]!.kind === reading.kind;
    });
    this.samples += 1;
    if (present.length === 0) return;
    const { outbox, writer } = this.options;
    this.time[0] = Math.round(clockMs);
    const head = { seq: outbox.nextSeq(), ackNow: false, backfill: false, rows: 1, columns: present.length };
    writer.begin({ ...head, times: this.time });
    for (const reading of present) {
      const index = this.indexes.get(reading.name)!;
      this.cell[0] = reading.whole;
      const column = { whole: this.cell, from: 0, rows: 1 };
      if (reading.kind === 'bool') writer.putBools(index, column);
      else writer.putDecimals(index, reading.exponent, column);
    }
    outbox.append(writer.finish(), { readings: present.length, fromMs: this.time[0]!, toMs: this.time[0]! });
    this.driver?.push();
  }

  /** A line in the device's log at the hub. */
  report(event: { level: 'info' | 'warning' | 'error'; code: string; text: string }): void {
    const { outbox, readClocks } = this.options;
    const atMs = Math.round(readClocks().clockMs);
    const text = event.text.slice(0, limits.eventTextBytesMax / 4);
    const frame = encodeMessage({
      type: 'event',
      seq: outbox.nextSeq(),
      atMs,
      level: event.level,
      code: event.code,
      text,
    });
    outbox.append(frame, { readings: 0, fromMs: atMs, toMs: atMs });
    this.driver?.push();
  }

  makeHooks(): Pick<LinkHooks, 'runCommand' | 'applyDesired' | 'resample'> {
    return {
      runCommand: (command, answer) => {
        this.runCommand(command, answer);
        this.options.keepCommands();
      },
      applyDesired: (desired) => this.applyDesired(desired),
      resample: (intervalMs, forMs) => {
        this.rateIntervalMs = Math.max(100, intervalMs);
        this.rateUntilMs = this.options.readClocks().nowMs + forMs;
      },
    };
  }

  private runCommand(command: Command, answer: (ok: boolean, result: string) => void): void {
    const order = parseOrder(command.name, command.args);
    switch (order.order) {
      case 'wrong':
        return answer(false, order.text);
      case 'identify':
        this.report({ level: 'info', code: 'identify', text: 'Somebody asked which machine this is' });
        return answer(true, '{"identified":true}');
      case 'set-interval':
        this.intervalMs = order.intervalMs;
        return answer(true, JSON.stringify({ intervalMs: order.intervalMs }));
      case 'restart':
        answer(true, JSON.stringify({ backMs: restartMs }));
        return this.options.restart(restartMs);
    }
  }

  private applyDesired(desired: Desired): string {
    this.intervalMs = readInterval(desired.state) ?? this.intervalMs;
    return JSON.stringify({ intervalMs: this.intervalMs });
  }
}
